"""Everything that an evaluation says, overall and question by question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from grader.evaluation.agreement import Agreement, Numbers, agreement, intervals
from grader.evaluation.marked import GradedMark, GradedMarks
from grader.evaluation.reliability import Bin, Kept, calibration_error, reliability, risk_coverage


@dataclass(frozen=True, slots=True)
class Group:
    """Some of the answers: one question's, or all."""

    name: str
    agreement: Agreement
    intervals: dict[str, tuple[float, float]]
    """Of each measure, by its name in ``Agreement``."""


BELOW = (0.5, 0.6, 0.7, 0.8, 0.9)
"""What ``llm_below`` is tried with."""


@dataclass(frozen=True, slots=True)
class Fewer:
    """The grades there would be if the judge were asked only where the offline grade is unsure."""

    below: float
    """The confidence of offline grades from which on they stand."""
    asked: float
    """The share of the answers that the judge is asked about."""
    agreement: Agreement


@dataclass(frozen=True, slots=True)
class Judging:
    """How far a judge, too, agrees with the markers, and what it took."""

    offline: Group
    judge: Group
    """By the judge's votes alone: the mean score of its runs, without a ``--calibration``."""
    fused: Group
    """The final grades. All three are of the same answers: those that the judge has judged."""
    not_judged: int
    """Answers that were not sent, or on which the judge failed or could not be relied on."""
    calls: int
    cached: int
    """Replies that were taken from the cache, at no cost."""
    cost_a_grade: float | None
    """What was paid, by all graded answers; None where a price is not known."""
    fewer: tuple[Fewer, ...]
    """What ``llm_below`` would save, and cost in agreement, on the same answers."""

    @property
    def groups(self) -> tuple[Group, Group, Group]:
        """Offline, judge, fused."""
        return self.offline, self.judge, self.fused


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How far the grader agrees with the markers, and where it does not."""

    overall: Group
    questions: tuple[Group, ...]
    bins: tuple[Bin, ...]
    calibration_error: float
    curve: tuple[Kept, ...]
    worst: tuple[GradedMark, ...]
    """Farthest from their marks first."""
    failed: int
    unmarked: int
    judging: Judging | None = None
    """None where there was no judge, or it has judged nothing."""

    def to_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON; NaN becomes null."""
        data: dict[str, Any] = {
            "overall": _plain(self.overall),
            "questions": [_plain(group) for group in self.questions],
            "reliability": [asdict(b) for b in self.bins],
            "calibration_error": self.calibration_error,
            "risk_coverage": [asdict(kept) for kept in self.curve],
            "worst": [
                {
                    "row": a.marked.row,
                    "question": a.marked.question,
                    "mark": a.marked.mark,
                    "score": a.grade.score,
                }
                for a in self.worst
            ],
            "failed": self.failed,
            "unmarked": self.unmarked,
        }
        if self.judging is not None:
            groups = {group.name: _plain(group) for group in self.judging.groups}
            names = ("not_judged", "calls", "cached", "cost_a_grade")
            data["judging"] = groups | {name: getattr(self.judging, name) for name in names}
            data["judging"]["fewer"] = [asdict(fewer) for fewer in self.judging.fewer]
        cleaned: dict[str, Any] = _without_nan(data)
        return cleaned


def evaluate(graded: GradedMarks, *, worst: int) -> Evaluation:
    """Sum up graded answers that people have marked.

    Args:
        graded: with at least one graded answer.
        worst: how many of the worst disagreements are listed.
    """
    marks, scores, passing = graded.marks, graded.scores, graded.passing
    confidence = np.array([a.grade.confidence for a in graded.answers])
    right = ((marks >= passing) == (scores >= passing)).astype(float)
    names = [a.marked.question for a in graded.answers]
    bins = reliability(confidence, right)
    return Evaluation(
        overall=_group("all", marks, scores, passing),
        questions=tuple(
            _group(name, *_of(name, names, marks, scores, passing))
            for name in dict.fromkeys(sorted(names))
        ),
        bins=tuple(bins),
        calibration_error=calibration_error(bins),
        curve=tuple(risk_coverage(confidence, np.abs(marks - scores), right)),
        worst=tuple(_farthest(graded.answers)[:worst]),
        failed=len(graded.failures),
        unmarked=graded.unmarked,
        judging=_judging(graded.answers),
    )


def _judging(graded: Sequence[GradedMark]) -> Judging | None:
    # Equal answers share a grade, and what it took is taken once.
    grades = {id(a.grade): a.grade for a in graded}.values()
    reports = [grade.judge for grade in grades if grade.judge is not None]
    both = [(a, a.grade.judge.scores) for a in graded if a.grade.judge and a.grade.judge.scores]
    if not both:
        return None
    marks = np.array([a.marked.mark for a, _ in both])
    passing = np.array([a.passing for a, _ in both])
    offline = np.array([(a.grade.offline or a.grade).score for a, _ in both])
    fused = np.array([a.grade.score for a, _ in both])
    costs = [report.cost for report in reports if report.status != "not_sent"]
    paid = None if None in costs else sum(cost for cost in costs if cost is not None)
    return Judging(
        offline=_group("offline", marks, offline, passing),
        judge=_group("judge", marks, np.array([np.mean(s) for _, s in both]), passing),
        fused=_group("fused", marks, fused, passing),
        not_judged=len(graded) - len(both),
        calls=sum(report.calls for report in reports),
        cached=sum(report.cached for report in reports),
        cost_a_grade=None if paid is None else paid / len(graded),
        fewer=_fewer([a for a, _ in both], marks, passing),
    )


def _fewer(graded: Sequence[GradedMark], marks: Numbers, passing: Numbers) -> tuple[Fewer, ...]:
    offline = [a.grade.offline or a.grade for a in graded]
    found = []
    for below in BELOW:
        asked = np.array([grade.confidence < below for grade in offline])
        scores = np.where(asked, [a.grade.score for a in graded], [g.score for g in offline])
        found.append(Fewer(below, float(asked.mean()), agreement(marks, scores, passing)))
    return tuple(found)


def _group(name: str, marks: Numbers, scores: Numbers, passing: Numbers) -> Group:
    return Group(name, agreement(marks, scores, passing), intervals(marks, scores, passing))


def _of(name: str, names: Sequence[str], *all_of: Numbers) -> list[Numbers]:
    own = np.array([n == name for n in names])
    return [values[own] for values in all_of]


def _farthest(graded: Sequence[GradedMark]) -> list[GradedMark]:
    return sorted(graded, key=lambda a: -abs(a.marked.mark - a.grade.score))


def _plain(group: Group) -> dict[str, Any]:
    return {"name": group.name, **asdict(group.agreement), "intervals": group.intervals}


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_nan(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(v) for v in value]
    if isinstance(value, float) and np.isnan(value):
        return None
    return value
