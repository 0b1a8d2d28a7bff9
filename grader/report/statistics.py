"""What a graded table says of its questions. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import correlation, fmean

from grader.records import VERDICTS
from grader.report.detail import Detail, Misconception
from grader.report.graded import Graded

BINS = 10
_QUOTE_MOST = 240
_TOO_FEW = 3


@dataclass(frozen=True, slots=True)
class Coverage:
    """How often each verdict was given on one key point, as shares in ``VERDICTS``' order."""

    claim: str
    shares: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Error:
    """A misconception that answers assert, with the shortest quote, whoever wrote it."""

    claim: str
    correction: str
    authority: str
    times: int
    quote: str


@dataclass(frozen=True, slots=True)
class QuestionStatistics:
    """One question over all its answers."""

    id: str
    prompt: str
    answers: int
    mean: float
    """Mean score, 0 to 1: the lower, the harder."""
    pass_rate: float
    for_review: int
    discrimination: float | None
    """Item-rest correlation: of this score with the mean of the same candidate's others.
    None where fewer than three candidates answered another question, or all alike."""
    coverage: tuple[Coverage, ...]
    errors: tuple[Error, ...]


def question_statistics(rows: Sequence[Graded]) -> list[QuestionStatistics]:
    """The statistics of every question, in the order of their first answers."""
    groups: dict[tuple[str, str], list[Graded]] = defaultdict(list)
    for row in rows:
        if row.detail is not None:
            groups[row.key].append(row)
    rest = _scores_by_candidate(rows)
    return [_question(own, rest) for own in groups.values()]


def histogram(scores: Iterable[float]) -> list[int]:
    """How many scores fall into each of ten equal bins; 1 falls into the last."""
    counts = Counter(min(BINS - 1, int(score * BINS)) for score in scores)
    return [counts[b] for b in range(BINS)]


def item_rest(pairs: Sequence[tuple[float, float]]) -> float | None:
    """Pearson's r of (score here, mean of the others); None where it is not defined."""
    if len(pairs) < _TOO_FEW:
        return None
    own, others = zip(*pairs, strict=True)
    # The mean of equal numbers may miss them by a rounding error: that is no spread.
    if len(set(own)) == 1 or len(set(others)) == 1:
        return None
    return correlation(own, others)


def _scores_by_candidate(rows: Sequence[Graded]) -> dict[str, dict[tuple[str, str], float]]:
    scores: dict[str, dict[tuple[str, str], float]] = defaultdict(dict)
    for row in rows:
        if row.detail is not None:
            scores[row.candidate][row.key] = row.detail.score
    return scores


def _question(
    own: Sequence[Graded], scores: dict[str, dict[tuple[str, str], float]]
) -> QuestionStatistics:
    details = [row.detail for row in own if row.detail is not None]
    pairs = []
    for row, detail in zip(own, details, strict=True):
        others = [s for key, s in scores[row.candidate].items() if key != row.key]
        if others:
            pairs.append((detail.score, fmean(others)))
    return QuestionStatistics(
        id=details[0].question_id,
        prompt=own[0].question,
        answers=len(details),
        mean=fmean(d.score for d in details),
        pass_rate=fmean(d.passed for d in details),
        for_review=sum(d.needs_review for d in details),
        discrimination=item_rest(pairs),
        coverage=tuple(_coverage(details)),
        errors=tuple(_errors(details)),
    )


def _coverage(details: Sequence[Detail]) -> Iterable[Coverage]:
    for results in zip(*(d.key_points for d in details), strict=True):
        counts = Counter(r.verdict for r in results)
        yield Coverage(results[0].claim, tuple(counts[v] / len(results) for v in VERDICTS))


def _errors(details: Sequence[Detail]) -> list[Error]:
    asserted: dict[str, list[Misconception]] = defaultdict(list)
    for detail in details:
        for _, misconception in detail.asserted:
            asserted[misconception.id].append(misconception)
    errors = [
        Error(
            claim=found[0].claim,
            correction=found[0].correction,
            authority=found[0].authority,
            times=len(found),
            quote=min((m.evidence.text for m in found if m.evidence), key=len, default="")[
                :_QUOTE_MOST
            ],
        )
        for found in asserted.values()
    ]
    return sorted(errors, key=lambda e: (-e.times, e.claim))
