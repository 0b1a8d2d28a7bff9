"""Verdicts to a grade: the one place where a ``Grade`` is made. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from grader.engine import scoring
from grader.engine.calibration import Calibration, calibrated
from grader.engine.confidence import Doubt, confidence
from grader.engine.costs import points_off
from grader.engine.feedback import write_feedback
from grader.records import Flag, Grade, KeyPointResult, MisconceptionResult, Question

_NO_ANSWER = "There is no answer: it counts as zero."


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
    doubt: Doubt
    """What the doubts of verdicts mean for the grade."""
    calibration: Calibration | None = None
    """The user's own scale, if there is one."""
    pass_mark: float | None = None
    """The score from which an answer passes, 0 to 1, whatever the rubric says."""

    def bar(self, question: Question) -> float:
        """The score from which an answer to a question passes, 0 to 1."""
        return question.scale.pass_score if self.pass_mark is None else self.pass_mark

    def on_scale(self, share: float) -> float:
        """A share of the points as the score that it makes."""
        return share if self.calibration is None else calibrated(share, self.calibration)


def assemble_blank(question: Question, measure: Measure, versions: Mapping[str, str]) -> Grade:
    """The grade of no answer, where that counts as one: zero, which nobody need look at."""
    verdicts = Verdicts(
        key_points=tuple(
            KeyPointResult(k.id, k.claim, "missing", 0.0, k.points, 1.0, None, k.bonus)
            for k in question.key_points
        ),
        misconceptions=tuple(
            MisconceptionResult(
                m.id, m.claim, "absent", 0.0, 1.0, None, m.correction, m.why, m.authority
            )
            for m in question.misconceptions
        ),
        flags=(),
    )
    # Nothing is told that a person should judge, and no scale makes something of nothing.
    plain = question.model_copy(update={"open_ended": False})
    grade = assemble(plain, verdicts, replace(measure, calibration=None), versions)
    return replace(grade, feedback=_NO_ANSWER)


def assemble(
    question: Question,
    verdicts: Verdicts,
    measure: Measure,
    versions: Mapping[str, str],
    *,
    fitted: tuple[scoring.Score, float] | None = None,
    similarity: float | None = None,
) -> Grade:
    """The grade that verdicts make.

    Args:
        question: what was answered.
        verdicts: on all of its points.
        measure: how they count.
        versions: everything that made the verdicts; the signature is theirs.
        fitted: score and confidence, 0 to 1, that were fitted as a whole and stand in the place
            of those that the verdicts add up to.
        similarity: of the answer with the nearest reference, -1 to 1; it is only told.
    """
    misconceptions, flags = verdicts.misconceptions, verdicts.flags
    key_points = scoring.without_contradictions(question, verdicts.key_points, misconceptions)
    if key_points != verdicts.key_points:
        flags = (*flags, "contradicts_itself")
    story, bar = question.open_ended, measure.bar(question)
    if fitted is None:
        total = scoring.add_up(key_points, misconceptions)
        sure = confidence(
            key_points,
            misconceptions,
            question.scale,
            lambda share: measure.on_scale(share) >= bar,
            measure.doubt,
            {m.id: points_off(m.cost) for m in question.misconceptions},
            open_ended=story,
        )
    else:
        total, sure = fitted
    reasons = scoring.review_reasons(sure, measure.review_below, flags, open_ended=story)
    score = measure.on_scale(total.score)
    return Grade(
        question_id=question.id,
        score=score,
        linear_score=total.score,
        points=total.points,
        max_points=total.max_points,
        pass_mark=bar,
        passed=score >= bar,
        confidence=sure,
        needs_review=bool(reasons),
        review_reasons=reasons,
        flags=flags,
        key_points=key_points,
        misconceptions=misconceptions,
        feedback=write_feedback(key_points, misconceptions),
        signature=scoring.sign(dict(versions)),
        versions=dict(versions),
        similarity=similarity,
    )
