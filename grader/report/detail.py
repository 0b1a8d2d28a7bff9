"""What a report reads of a grade, as ``grade batch`` wrote it in the column ``grade_detail``."""

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
    """The verdict on a key point."""

    claim: str
    verdict: Verdict | MisconceptionVerdict
    evidence: Span | None


class Misconception(Result):
    """The verdict on a misconception, and what is right instead."""

    id: str
    correction: str
    authority: str


class _Versions(_Written):
    question: str


class Detail(_Written):
    """A grade."""

    question_id: str
    score: float
    """0 to 1."""
    passed: bool
    confidence: float
    needs_review: bool
    review_reasons: tuple[str, ...]
    key_points: tuple[Result, ...]
    misconceptions: tuple[Misconception, ...]
    versions: _Versions

    @property
    def asserted(self) -> list[tuple[int, Misconception]]:
        """The misconceptions that the answer asserts, with their places in the rubric."""
        return [(i, m) for i, m in enumerate(self.misconceptions) if m.verdict == "asserted"]
