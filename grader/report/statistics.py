"""What a graded table says of its questions. Pure."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import NormalDist, correlation, fmean

from grader.hiring.detail import Detail
from grader.hiring.records import Graded
from grader.records import VERDICTS

BINS = 10
LEVEL = 0.95
"""The share of intervals that hold the right correlation."""
_TOO_FEW = 3


@dataclass(frozen=True, slots=True)
class Coverage:
    """How often each verdict was given on one key point, as shares in ``VERDICTS``' order."""

    claim: str
    shares: tuple[float, ...]


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
    discrimination_range: tuple[float, float] | None
    """The 95 % interval of ``discrimination``; None where it is not defined."""
    coverage: tuple[Coverage, ...]


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


def interval_of(r: float, pairs: int) -> tuple[float, float] | None:
    """The interval of a correlation by Fisher's z (Metron 1 (1921) 3).

    None for three pairs or fewer, and where all lie on a line, of which it says nothing.
    """
    if pairs <= _TOO_FEW or abs(r) >= 1:
        return None
    around = NormalDist().inv_cdf((1 + LEVEL) / 2) / math.sqrt(pairs - 3)
    return math.tanh(math.atanh(r) - around), math.tanh(math.atanh(r) + around)


def _scores_by_candidate(rows: Sequence[Graded]) -> dict[str, dict[tuple[str, str], float]]:
    scores: dict[str, dict[tuple[str, str], float]] = defaultdict(dict)
    for row in rows:
        if row.detail is not None and row.score is not None:
            scores[row.candidate][row.key] = row.score
    return scores


def _question(
    own: Sequence[Graded], scores: dict[str, dict[tuple[str, str], float]]
) -> QuestionStatistics:
    details = [row.detail for row in own if row.detail is not None]
    pairs = []
    for row in own:
        others = [s for key, s in scores[row.candidate].items() if key != row.key]
        if others and row.score is not None:
            pairs.append((row.score, fmean(others)))
    return QuestionStatistics(
        id=details[0].question_id,
        prompt=own[0].question,
        answers=len(own),
        mean=fmean(row.score for row in own if row.score is not None),
        pass_rate=fmean(bool(row.passed) for row in own),
        for_review=sum(row.needs_review for row in own),
        discrimination=(found := item_rest(pairs)),
        discrimination_range=None if found is None else interval_of(found, len(pairs)),
        coverage=tuple(_coverage(details)),
    )


def _coverage(details: Sequence[Detail]) -> Iterable[Coverage]:
    for results in zip(*(d.key_points for d in details), strict=True):
        counts = Counter(r.verdict for r in results)
        yield Coverage(results[0].claim, tuple(counts[v] / len(results) for v in VERDICTS))
