"""What is read of a grade, as ``grade batch`` wrote it in the column ``grade_detail``."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from grader.records import MisconceptionVerdict, Verdict


class _Written(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class Span(_Written):
    """What was quoted of the answer, and where it stands."""

    text: str
    start: int
    end: int


class Result(_Written):
    """The verdict on a key point or a misconception."""

    id: str
    claim: str
    verdict: Verdict | MisconceptionVerdict
    probability: float
    """Of this verdict, 0 to 1."""
    evidence: Span | None


class KeyPoint(Result):
    """The verdict on a key point, and what it earned."""

    points: float
    max_points: float
    bonus: bool = False
    """Whether full marks don't need it; older versions knew none such."""


class Misconception(Result):
    """The verdict on a misconception, what it cost, and what is right instead."""

    cost: float
    """Points lost: 0 where absent."""
    correction: str
    why: str
    authority: str


class _Versions(_Written):
    question: str
    verifier: str = ""


class Judge(_Written):
    """What came of asking a language model."""

    status: str
    models: tuple[str, ...]


class Detail(_Written):
    """A grade."""

    question_id: str
    score: float
    """0 to 1."""
    points: float
    max_points: float
    pass_mark: float | None = None
    """The score from which it passes; older versions did not say."""
    passed: bool
    confidence: float
    needs_review: bool
    review_reasons: tuple[str, ...]
    flags: tuple[str, ...]
    key_points: tuple[KeyPoint, ...]
    misconceptions: tuple[Misconception, ...]
    feedback: str
    signature: str
    versions: _Versions
    judge: Judge | None = None
    """None where no language model was asked."""

    @property
    def asserted(self) -> list[tuple[int, Misconception]]:
        """The misconceptions that the answer asserts, with their places in the rubric."""
        return [(i, m) for i, m in enumerate(self.misconceptions) if m.verdict == "asserted"]

    @property
    def judged_by(self) -> tuple[str, ...]:
        """The language models that were asked, and answered."""
        return () if self.judge is None or self.judge.status != "judged" else self.judge.models


def is_of_reference(detail: Detail) -> bool:
    """Whether the answer was compared with a reference alone, without a rubric."""
    return all(k.id.startswith("reference-") for k in detail.key_points)
