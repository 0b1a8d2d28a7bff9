"""Frozen records of a graded table that was read back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from grader.errors import TableError
from grader.hiring.detail import Detail
from grader.tables.columns import listed


@dataclass(frozen=True, slots=True, kw_only=True)
class Graded:
    """One answer of a graded table.

    The numbers are what the table's cells say, which a person may have corrected; they are None
    where there is no grade.
    """

    row: int
    """As a spreadsheet numbers it."""
    candidate: str
    question_id: str
    """The slug; of a question that has a reference alone, its text."""
    question: str
    """The question's text where it is known, else ``question_id``."""
    answer: str
    """As it was graded."""
    error: str
    """Why there is no grade."""
    blank: bool
    """Whether there was no answer."""
    score: float | None
    """0 to 1; it decides, the points follow from it but for a scale of the user's own."""
    points: float | None
    max_points: float | None
    passed: bool | None
    """None also where an old table does not say."""
    confidence: float | None
    """0 to 1; None for a mark that a person gave or confirmed."""
    needs_review: bool
    by_hand: bool
    """Whether a person gave or changed the mark."""
    detail: Detail | None
    """All that the grader said; None for a failure, and where the table has lost it."""
    cells: Mapping[str, str] = field(repr=False)
    """The table's own cells, by column."""

    @property
    def key(self) -> tuple[str, str]:
        """Equal for answers to the same question under the same rubric."""
        if self.detail is None:
            return "", ""
        return self.detail.question_id, self.detail.versions.question


@dataclass(frozen=True, slots=True, kw_only=True)
class GradedTable:
    """A graded table as records."""

    name: str
    """The file's, for messages."""
    columns: tuple[str, ...]
    """The table's own columns, without those that grading added."""
    parts: Mapping[str, str]
    """Column by part: ``answer``, ``question_id``, ``question``, ``reference``."""
    people: tuple[str, ...]
    """The columns that name the candidate; none if each row is its own."""
    rows: tuple[Graded, ...]
    notes: tuple[str, ...] = ()
    """What the user should hear: assumptions, and what looks odd."""

    @property
    def by_candidate(self) -> dict[str, list[Graded]]:
        """The answers of each candidate, in the order of the table."""
        found: dict[str, list[Graded]] = defaultdict(list)
        for row in self.rows:
            found[row.candidate].append(row)
        return dict(found)

    @property
    def by_question(self) -> dict[str, list[Graded]]:
        """The answers to each question by its id, in the order of the table."""
        found: dict[str, list[Graded]] = defaultdict(list)
        for row in self.rows:
            found[row.question_id].append(row)
        return dict(found)


def judges_of(rows: Iterable[Graded]) -> tuple[str, ...]:
    """The language models that were asked about answers, and answered."""
    details = (row.detail for row in rows if row.detail is not None)
    return tuple(dict.fromkeys(model for detail in details for model in detail.judged_by))


def check_one_answer_each(table: GradedTable) -> None:
    """Refuse a table in which a candidate has two answers to a question.

    Raises:
        TableError: one has; the message says where, and what to do.
    """
    seen: dict[tuple[str, str], Graded] = {}
    for row in table.rows:
        first = seen.setdefault((row.candidate, row.question_id), row)
        if first is not row:
            by = f"column {listed(table.people)}" if table.people else "no column"
            raise TableError(
                f"{table.name}: row {row.row}: '{row.candidate}' ({by}) has answered "
                f"{row.question_id or 'the question'} in row {first.row} already: keep one "
                "of the two rows or, if they are two people, name the column that tells them apart "
                "with --candidate COLUMN"
            )
