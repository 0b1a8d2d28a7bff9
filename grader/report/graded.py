"""A graded table, read back: one record a row, with what the grade's detail says."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.batch.cells import was_made_safe
from grader.batch.readers import open_table, text_rows
from grader.columns import ADDED, ANSWER, QUESTION, QUESTION_ID, REFERENCE
from grader.errors import TableError

_FIRST_ROW = 2  # the header is row 1
_NOT_NAMES = {ANSWER, QUESTION, QUESTION_ID, REFERENCE, *ADDED}


@dataclass(frozen=True, slots=True)
class Graded:
    """One row of a graded table; ``detail`` is the grade as plain data, None for a failure."""

    row: int
    candidate: str
    answer: str
    question: str
    """The question's text where it is known, else its slug."""
    error: str
    detail: dict[str, Any] | None

    @property
    def key(self) -> tuple[str, str]:
        """Equal for answers to the same question under the same rubric."""
        if self.detail is None:
            return "", ""
        return self.detail["question_id"], self.detail["versions"]["question"]


def read_graded(table: Path, candidate: str | None, prompts: Mapping[str, str]) -> list[Graded]:
    """The rows of a table that ``grade batch`` wrote.

    Args:
        table: the graded table, in any format.
        candidate: the column that names the candidate; without it the first column that is
            neither an answer nor a question, and if there is none the row's number.
        prompts: the text of questions by slug.

    Raises:
        TableError: it is no graded table, has no such column, or a detail is damaged.
    """
    source = open_table(table)
    missing = [name for name in (ANSWER, *ADDED) if name not in source.columns]
    if missing == [ANSWER]:
        raise TableError(
            f"{table}: has no column '{ANSWER}': give the column of answers this name in its first "
            "row"
        )
    if missing:
        raise TableError(
            f"{table}: has no column '{missing[0]}': is it a table that 'grade batch' wrote?"
        )
    column = _candidate_column(source.columns, candidate, table)
    return [
        _graded(n, row, column, table, prompts)
        for n, row in enumerate(text_rows(source), start=_FIRST_ROW)
    ]


def _candidate_column(header: Sequence[str], wanted: str | None, table: Path) -> str | None:
    if wanted is not None and wanted not in header:
        named = ", ".join(f"'{name}'" for name in header if name not in ADDED)
        raise TableError(f"{table}: has no column '{wanted}': it has {named}")
    return wanted or next((name for name in header if name not in _NOT_NAMES), None)


def _graded(
    number: int, row: Mapping[str, str], column: str | None, table: Path, prompts: Mapping[str, str]
) -> Graded:
    detail = None
    if not row["grade_error"]:
        try:
            detail = json.loads(row["grade_detail"])
            _ = detail["question_id"], detail["versions"]["question"], detail["key_points"]
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise TableError(
                f"{table}: row {number}: grade_detail is damaged: grade the table again"
            ) from error
    slug = detail["question_id"] if detail else row.get(QUESTION_ID, "").strip()
    named = (row.get(QUESTION, "").strip(), prompts.get(slug, ""), slug)
    return Graded(
        row=number,
        candidate=row[column].strip() if column else f"row {number}",
        answer=_as_graded(row[ANSWER], detail),
        question=next((name for name in named if name), ""),
        error=row["grade_error"],
        detail=detail,
    )


def _as_graded(cell: str, detail: Mapping[str, Any] | None) -> str:
    """The answer without the apostrophe that a CSV has before what a spreadsheet would run.

    An answer may have begun with one of its own: then its evidence stands where it says.
    """
    if detail is None or not was_made_safe(cell):
        return cell
    found = [p["evidence"] for p in detail["key_points"] if p.get("evidence")]
    own = found and all(cell[e["start"] : e["end"]] == e["text"] for e in found)
    return cell if own else cell[1:]
