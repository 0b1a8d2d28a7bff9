"""What a run found: by question, what is missed most, what needs a person, what failed."""

from __future__ import annotations

from dataclasses import dataclass

from grader.batch.ledger import Ledger

_WANTED = "FROM wanted JOIN graded USING (question, answer)"
_BY_QUESTION = f"""
SELECT label, SUM(rows), SUM(rows * passed), SUM(rows * grade_needs_review),
  SUM(rows * grade_score) / SUM(rows)
{_WANTED} JOIN asked USING (question) GROUP BY label ORDER BY label
"""
_MISSED = f"""
SELECT label, json_extract(point.value, '$.claim'),
  SUM(rows * (json_extract(point.value, '$.verdict') <> 'covered')), SUM(rows)
{_WANTED} JOIN asked USING (question), json_each(grade_detail, '$.key_points') AS point
WHERE label <> '' GROUP BY 1, 2 HAVING SUM(rows) > 0 ORDER BY 3 DESC, 1, 2 LIMIT 5
"""
_REVIEW = f"""
SELECT CASE WHEN reason.value LIKE 'confidence %' THEN 'low confidence' ELSE reason.value END,
  SUM(rows)
{_WANTED}, json_each(grade_detail, '$.review_reasons') AS reason
GROUP BY 1 ORDER BY 2 DESC, 1
"""
_FAILED = """
SELECT reason, SUM(rows) FROM (
  SELECT reason, rows FROM refused
  UNION ALL SELECT reason, rows FROM failed JOIN wanted USING (question, answer)
) GROUP BY reason ORDER BY 2 DESC, 1
"""


@dataclass(frozen=True, slots=True)
class QuestionSummary:
    """How the answers to one question did; without a slug those graded by a reference."""

    slug: str
    answers: int
    passed: int
    review: int
    mean_score: float


@dataclass(frozen=True, slots=True)
class Missed:
    """A key point that is often not covered."""

    slug: str
    claim: str
    missed: int
    answers: int


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts of rows, not of distinct answers."""

    questions: tuple[QuestionSummary, ...]
    missed: tuple[Missed, ...]
    """The five that most answers lack."""
    review: tuple[tuple[str, int], ...]
    """Answers by the reason why a person should look; one may have several."""
    failures: tuple[tuple[str, int], ...]
    """Rows by the reason why they were not graded."""

    @property
    def failed(self) -> int:
        """Rows that were not graded."""
        return sum(rows for _, rows in self.failures)

    @property
    def rows(self) -> int:
        """All rows that were written."""
        return self.failed + sum(q.answers for q in self.questions)

    @property
    def passed(self) -> int:
        """Rows that reach the pass mark."""
        return sum(q.passed for q in self.questions)

    @property
    def for_review(self) -> int:
        """Rows that ask for a person."""
        return sum(q.review for q in self.questions)


def sum_up(ledger: Ledger) -> Summary:
    """The summary of what the ledger's run wanted."""
    return Summary(
        questions=tuple(QuestionSummary(*row) for row in ledger.query(_BY_QUESTION)),
        missed=tuple(m for row in ledger.query(_MISSED) if (m := Missed(*row)).missed),
        review=tuple((reason, rows) for reason, rows in ledger.query(_REVIEW)),
        failures=tuple((reason, rows) for reason, rows in ledger.query(_FAILED)),
    )
