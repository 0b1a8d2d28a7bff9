"""A graded table, read back: one record a row, with what the grade's detail says."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from grader.errors import AnswerError, TableError
from grader.report.detail import Detail
from grader.tables.answer_cells import answer_text
from grader.tables.cells import was_cut, was_made_safe
from grader.tables.columns import (
    ADDED,
    ANSWER,
    DETAIL,
    PARTS,
    QUESTION,
    QUESTION_ID,
    find_column,
    is_alike,
    long_parts,
)
from grader.tables.read import open_table
from grader.tables.table import ReadAs, text_rows

# An index that pandas wrote, which names nobody.
_INDEX = re.compile(r"(column|Unnamed:) \d+")


@dataclass(frozen=True, slots=True)
class Graded:
    """One row of a graded table; ``detail`` is its grade, None for a failure."""

    row: int
    candidate: str
    answer: str
    question: str
    """The question's text where it is known, else its slug."""
    error: str
    detail: Detail | None

    @property
    def key(self) -> tuple[str, str]:
        """Equal for answers to the same question under the same rubric."""
        if self.detail is None:
            return "", ""
        return self.detail.question_id, self.detail.versions.question


@dataclass(frozen=True, slots=True)
class _Columns:
    """What stands where in the table."""

    table: Path
    parts: Mapping[str, str]
    """Column by part."""
    candidate: str | None


def read_graded(
    table: Path,
    candidate: str | None,
    prompts: Mapping[str, str],
    mapping: Sequence[str] = (),
    read_as: ReadAs | None = None,
) -> list[Graded]:
    """The rows of a table that ``grade batch`` wrote.

    Args:
        table: the graded table, in any format.
        candidate: the column that names the candidate; without it the first column that is
            neither an answer nor a question, and if there is none the row's number.
        prompts: the text of questions by slug.
        mapping: ``PART=COLUMN`` for columns with other names, as ``grade batch`` was told.
        read_as: what is known of the table; the rest is found.

    Raises:
        TableError: it is no graded table, has no such column, its answers are not those that
            were graded, or a detail is damaged or was cut.
    """
    source = open_table(table, read_as, wanted=_is_known)
    missing = [name for name in ADDED if name not in source.columns]
    if missing:
        raise TableError(
            f"{table}: has no column '{missing[0]}': is it a table that 'grade batch' wrote?"
        )
    parts = long_parts(source, mapping)
    if ANSWER not in parts:
        raise TableError(
            f"{table}: has no column '{ANSWER}': it has {_listed(source.columns)}: name the column "
            f"of answers with --map {ANSWER}=COLUMN"
        )
    columns = _Columns(table, parts, _candidate_column(source.columns, candidate, parts, table))
    return [_graded(number, row, columns, prompts) for number, row in text_rows(source)]


def _is_known(name: str) -> bool:
    """Whether a name must not stand twice."""
    return name in ADDED or any(is_alike(name, part) for part in PARTS)


def _candidate_column(
    header: Sequence[str], wanted: str | None, parts: Mapping[str, str], table: Path
) -> str | None:
    if wanted is None:
        return next((name for name in header if _may_name(name, parts)), None)
    column = find_column(wanted, header)
    if column is None:
        raise TableError(f"{table}: has no column '{wanted}': it has {_listed(header)}")
    return column


def _may_name(column: str, parts: Mapping[str, str]) -> bool:
    """Whether candidates may be named there: a column called 'answer' is a key if no answer."""
    taken = column in ADDED or column in parts.values() or _INDEX.fullmatch(column)
    return not taken and not any(is_alike(column, part) for part in PARTS)


def _listed(header: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in header if name not in ADDED)


def _graded(
    number: int, row: Mapping[str, str], columns: _Columns, prompts: Mapping[str, str]
) -> Graded:
    where = f"{columns.table}: row {number}"
    detail = None if row["grade_error"] else _detail(row[DETAIL], where)
    cells = {part: row[column] for part, column in columns.parts.items()}
    slug = detail.question_id if detail else cells.get(QUESTION_ID, "").strip()
    named = (cells.get(QUESTION, "").strip(), prompts.get(slug, ""), slug)
    answer = cells[ANSWER] if detail is None else _as_graded(cells[ANSWER], detail)
    if answer is None:
        raise TableError(
            f"{where}: what column '{columns.parts[ANSWER]}' holds is not the answer that was "
            f"graded: name its column with --map {ANSWER}=COLUMN or grade the table again"
        )
    return Graded(
        row=number,
        candidate=(columns.candidate and row[columns.candidate].strip()) or f"row {number}",
        answer=answer,
        question=next((name for name in named if name), ""),
        error=row["grade_error"],
        detail=detail,
    )


def _detail(cell: str, where: str) -> Detail:
    try:
        return Detail.model_validate_json(cell)
    except ValidationError as error:
        if was_cut(cell):
            raise TableError(
                f"{where}: grade_detail was cut to what a spreadsheet's cell holds: have "
                "'grade batch' write .csv or .jsonl, and give that file as it is"
            ) from error
        raise TableError(f"{where}: grade_detail is damaged: grade the table again") from error


def _as_graded(cell: str, detail: Detail) -> str | None:
    """The answer as it was graded: that in which all evidence stands where the detail says.

    A CSV has an apostrophe before what a spreadsheet would run, and it may be the answer's own.
    None if the evidence is not in the cell.
    """
    found = [r.evidence for r in (*detail.key_points, *detail.misconceptions) if r.evidence]
    texts = [cell[1:], cell] if was_made_safe(cell) else [cell]
    texts += [text for cell in list(texts) if (text := _answer(cell)) is not None]
    return next((t for t in texts if all(t[e.start : e.end] == e.text for e in found)), None)


def _answer(cell: str) -> str | None:
    """What ``grade batch`` took from a cell."""
    try:
        return answer_text(cell)
    except AnswerError:
        return None
