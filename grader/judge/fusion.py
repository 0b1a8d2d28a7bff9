"""The rule that makes one grade of the verifier's verdicts and the judge's votes. Pure.

For each point, every run of every model has one vote. A vote whose quote is void counts as a
vote for the verifier's verdict. The verdict with the most votes is the final one; in a tie the
verifier's, if it is among them, else the most cautious. The probability of the final verdict
is the mean of what the voters give it: a vote 1 or 0, a void vote and the verifier, who is a
voter here, the verifier's probability, which is (1 - p) / (k - 1) for each of the k - 1
verdicts that it did not choose. So every disagreement lowers the confidence, by as much as
there is of it, and no number is set by hand. A reply whose quotes are all void has no say at all.
Whether the grade asks for a person is for ``review`` to say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Generic, TypeVar

from grader.engine import scoring
from grader.engine.assembly import Measure, Verdicts, assemble
from grader.engine.costs import points_off
from grader.judge import review
from grader.records import (
    SILENT,
    Evidence,
    Flag,
    Grade,
    JudgeReport,
    KeyPointResult,
    MisconceptionResult,
    MisconceptionVerdict,
    Question,
    Verdict,
    Vote,
)

V = TypeVar("V", bound=str)
# The most cautious first: what a tie among the judges is decided by.
_KEY_POINT_ORDER: tuple[Verdict, ...] = ("missing", "contradicted", "partial", "covered")
_MISCONCEPTION_ORDER: tuple[MisconceptionVerdict, ...] = ("absent", "asserted")


@dataclass(frozen=True, slots=True)
class Decision(Generic[V]):
    """What the voters made of one point."""

    verdict: V
    probability: float
    evidence: Evidence | None


def fuse(offline: Grade, question: Question, report: JudgeReport, measure: Measure) -> Grade:
    """The grade that verifier and judge make together; both sets of verdicts stay in it.

    Where there is a reference only, its judged sentences count alike: the score is no longer
    the fitted one.

    Args:
        offline: the grade without the judge.
        question: what was answered.
        report: what the judge said; unless it judged, and is reliable, the offline verdicts
            are the final ones.
        measure: how verdicts count.
    """
    if report.status != "judged" or not report.reliable or not review.replies(report.votes):
        return _standing(offline, report, measure.review_below)
    rule, votes = review.load_rule(), report.votes
    fused = combine(offline, question, report, measure, rule=rule.name)
    risk = review.chance_wrong(fused, offline, question, votes, rule, measure.on_scale)
    reasons = review.review_reasons(fused, question, risk, rule)
    assert fused.judge is not None
    return replace(
        fused,
        needs_review=bool(reasons),
        review_reasons=reasons,
        judge=replace(fused.judge, risk=risk),
    )


def combine(
    offline: Grade, question: Question, report: JudgeReport, measure: Measure, *, rule: str = ""
) -> Grade:
    """The same of a judge whose word counts, before it is said whether a person is asked.

    ``rule`` names what will say it, for the versions.
    """
    votes = [vote for reply in review.replies(report.votes) for vote in reply]
    key_points, misconceptions = _results(offline, question, votes)
    verdicts = Verdicts(
        key_points=key_points,
        misconceptions=misconceptions,
        flags=(*_kept(offline.flags), *_flags(offline, report, key_points, misconceptions)),
    )
    made_of = {**offline.versions, **report.versions, "judge_review": rule}
    fused = assemble(question, verdicts, measure, made_of, similarity=offline.similarity)
    return replace(
        fused,
        offline=offline,
        judge=replace(
            report,
            scores=tuple(_run_scores(offline, question, votes)),
            agreement=_agreement(question, key_points, misconceptions, votes),
        ),
    )


def decide(
    offline: V,
    probability: float,
    evidence: Evidence | None,
    votes: Sequence[Vote],
    order: Sequence[V],
) -> Decision[V]:
    """The final verdict on one point, how sure it is and the words that prove it.

    Args:
        offline: the verifier's verdict.
        probability: that the verifier gives it, 0 to 1.
        evidence: the words that decided it.
        votes: the judge's on this point.
        order: all verdicts there are, the most cautious first.
    """
    counted = Counter(offline if vote.void else vote.verdict for vote in votes)
    most = max(counted.values(), default=0)
    tied = [verdict for verdict in order if counted[verdict] == most]
    final = offline if offline in tied else tied[0]
    agrees = final == offline
    granted = probability if agrees else (1 - probability) / (len(order) - 1)
    shares = [granted, *(granted if v.void else float(v.verdict == final) for v in votes)]
    quoted = [v.evidence for v in votes if v.verdict == final and not v.void]
    words = None if final in SILENT else next(iter(quoted), evidence)
    return Decision(final, round(sum(shares) / len(shares), 4), words)


def _standing(offline: Grade, report: JudgeReport, review_below: float) -> Grade:
    """The offline grade, with what is to be said of a judge whose word does not count."""
    checks: tuple[tuple[Flag, bool], ...] = (
        ("judge_failed", report.status == "failed"),
        ("judge_unreliable", not report.reliable),
        ("judge_quote_void", report.reliable and bool(report.votes)),
    )
    added = tuple(flag for flag, raised in checks if raised)
    reasons = offline.review_reasons + scoring.review_reasons(1.0, review_below, added)
    return replace(
        offline,
        flags=(*offline.flags, *added),
        needs_review=bool(reasons),
        review_reasons=reasons,
        offline=offline,
        judge=report,
    )


def _results(
    offline: Grade, question: Question, votes: Sequence[Vote]
) -> tuple[tuple[KeyPointResult, ...], tuple[MisconceptionResult, ...]]:
    key_points = []
    for k in offline.key_points:
        said = _of(votes, k.id, _KEY_POINT_ORDER)
        decision = decide(k.verdict, k.probability, k.evidence, said, _KEY_POINT_ORDER)
        points = k.points
        if any(not vote.void for vote in said):
            points = k.max_points * scoring.credit(decision.verdict, question.scale)
        key_points.append(
            replace(
                k,
                verdict=decision.verdict,
                points=points,
                probability=decision.probability,
                evidence=decision.evidence,
                similarity=k.similarity if decision.evidence == k.evidence else None,
            )
        )
    costs = {m.id: points_off(m.cost) for m in question.misconceptions}
    misconceptions = []
    for m in offline.misconceptions:
        found = decide(
            m.verdict,
            m.probability,
            m.evidence,
            _of(votes, m.id, _MISCONCEPTION_ORDER),
            _MISCONCEPTION_ORDER,
        )
        misconceptions.append(
            replace(
                m,
                verdict=found.verdict,
                cost=costs[m.id] if found.verdict == "asserted" else 0.0,
                probability=found.probability,
                evidence=found.evidence,
            )
        )
    return tuple(key_points), tuple(misconceptions)


def _of(votes: Sequence[Vote], point: str, order: Sequence[str]) -> list[Vote]:
    """The votes on a point; a key point and a misconception may bear the same id."""
    return [vote for vote in votes if vote.point == point and vote.verdict in order]


def _kept(flags: Sequence[Flag]) -> tuple[Flag, ...]:
    """The flags that other verdicts don't change."""
    return tuple(flag for flag in flags if flag != "contradicts_itself")


def _flags(
    offline: Grade,
    report: JudgeReport,
    key_points: Sequence[KeyPointResult],
    misconceptions: Sequence[MisconceptionResult],
) -> tuple[Flag, ...]:
    before = [k.verdict for k in offline.key_points], [m.verdict for m in offline.misconceptions]
    after = [k.verdict for k in key_points], [m.verdict for m in misconceptions]
    checks: tuple[tuple[Flag, bool], ...] = (
        ("judge_failed", bool(report.failures)),
        ("judge_disagrees", before != after),
        ("judge_quote_void", any(vote.void for vote in report.votes)),
    )
    return tuple(flag for flag, raised in checks if raised)


def _run_scores(offline: Grade, question: Question, votes: Sequence[Vote]) -> list[float]:
    runs = groupby(votes, key=lambda vote: (vote.model, vote.run))
    return [scoring.add_up(*_results(offline, question, list(run))).score for _, run in runs]


def _agreement(
    question: Question,
    key_points: Sequence[KeyPointResult],
    misconceptions: Sequence[MisconceptionResult],
    votes: Sequence[Vote],
) -> float:
    costs = {m.id: m.cost for m in question.misconceptions}
    weighed = [
        (k.max_points, not vote.void and vote.verdict == k.verdict)
        for k in key_points
        for vote in _of(votes, k.id, _KEY_POINT_ORDER)
    ]
    weighed += [
        (costs[m.id], not vote.void and vote.verdict == m.verdict)
        for m in misconceptions
        for vote in _of(votes, m.id, _MISCONCEPTION_ORDER)
    ]
    return round(sum(w for w, agrees in weighed if agrees) / sum(w for w, _ in weighed), 4)
