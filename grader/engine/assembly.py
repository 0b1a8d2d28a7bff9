"""Verdicts to a grade: the one place where a ``Grade`` is made. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from grader.engine import scoring
from grader.engine.calibration import Calibration, calibrated
from grader.engine.feedback import write_feedback
from grader.records import Flag, Grade, KeyPointResult, MisconceptionResult, Question


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    """What was found on every point of an answer, and what was noticed beside it."""

    key_points: tuple[KeyPointResult, ...]
    misconceptions: tuple[MisconceptionResult, ...]
    flags: tuple[Flag, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """How verdicts are turned into a grade."""

    review_below: float
    """Grades less confident than this ask for a person."""
    calibration: Calibration | None = None
    """The user's own scale, if there is one."""


def assemble(
    question: Question,
    verdicts: Verdicts,
    measure: Measure,
    versions: Mapping[str, str],
    *,
    fitted: tuple[scoring.Score, float] | None = None,
) -> Grade:
    """The grade that verdicts make.

    Args:
        question: what was answered.
        verdicts: on all of its points.
        measure: how they count.
        versions: everything that made the verdicts; the signature is theirs.
        fitted: score and confidence, 0 to 1, that were fitted as a whole and stand in the place
            of those that the verdicts add up to.
    """
    misconceptions, flags = verdicts.misconceptions, verdicts.flags
    key_points = scoring.without_contradictions(question, verdicts.key_points, misconceptions)
    if key_points != verdicts.key_points:
        flags = (*flags, "contradicts_itself")
    story = question.open_ended
    if fitted is None:
        total = scoring.add_up(key_points, misconceptions)
        sure = scoring.confidence(key_points, misconceptions, open_ended=story)
    else:
        total, sure = fitted
    reasons = scoring.review_reasons(sure, measure.review_below, flags, open_ended=story)
    score = total.score
    if measure.calibration is not None:
        score = calibrated(score, measure.calibration)
    return Grade(
        question_id=question.id,
        score=score,
        linear_score=total.score,
        points=total.points,
        max_points=total.max_points,
        passed=score >= question.scale.pass_score,
        confidence=sure,
        needs_review=bool(reasons),
        review_reasons=reasons,
        flags=flags,
        key_points=key_points,
        misconceptions=misconceptions,
        feedback=write_feedback(key_points, misconceptions),
        signature=scoring.sign(dict(versions)),
        versions=dict(versions),
    )
