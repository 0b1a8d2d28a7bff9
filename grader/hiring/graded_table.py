"""A graded table, read back: one record a row, whatever became of the table since.

The one place that reads what ``grade batch`` wrote. A person may have corrected a mark in the
table: what was changed by hand counts, is told, and has no confidence, since that was the
grader's.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from grader.errors import AnswerError, TableError
from grader.hiring.detail import Detail, is_of_reference
from grader.hiring.marks import read_mark
from grader.hiring.people import People, find_people, own, told_people
from grader.hiring.records import Graded, GradedTable
from grader.hiring.scale import scaled_rows
from grader.reading.text import counted
from grader.tables.answer_cells import answer_text, is_blank
from grader.tables.cells import was_cut, was_made_safe
from grader.tables.columns import (
    ADDED,
    ANSWER,
    DETAIL,
    ERROR,
    NEEDS_REVIEW,
    NUMBERS,
    PARTS,
    QUESTION,
    QUESTION_ID,
    REFERENCE,
    SIMILARITY,
    is_alike,
    listed,
    long_parts,
)
from grader.tables.read import open_table
from grader.tables.table import ReadAs, Row, Table, text_rows

if TYPE_CHECKING:
    import pandas as pd

_SIGNATURE = "grade_signature"
# Version 0.1.0 did not tell the similarity.
_NEEDED = (*(name for name in NUMBERS if name != SIMILARITY), NEEDS_REVIEW, ERROR)
_SHOWN = 5


def read_graded_table(
    table: Path | pd.DataFrame,
    *,
    candidate: str | Sequence[str] | None = None,
    prompts: Mapping[str, str] | None = None,
    mapping: Sequence[str] = (),
    read_as: ReadAs | None = None,
    quoting: bool = False,
) -> GradedTable:
    """What ``grade batch`` or ``grade_frame`` made of a table.

    Args:
        table: a file in any format, or a frame.
        candidate: the column that names the candidate, or several that do so together; without
            it they are found by what they are called, else it is the first column that is free.
        prompts: the text of questions by slug.
        mapping: ``PART=COLUMN`` for columns with other names, as ``grade batch`` was told.
        read_as: what is known of a file; the rest is found.
        quoting: the answers will be quoted: every grade must have its detail, unless it is a
            person's, and its evidence stand in the answer. Else a detail that is lost is noted.

    Raises:
        TableError: it is not a graded table, has no such column, or a row contradicts itself.
    """
    source, parts = _opened(table, mapping, read_as, detail=quoting)
    numbered = list(text_rows(source))
    cells = [row for _, row in numbered]
    if candidate is None:
        people = find_people(source.columns, parts.values(), cells, source.name)
    else:
        people = told_people(candidate, source.columns, source.name)
    reading = _Reading(source.name, parts, people, prompts or {}, quoting)
    rows = _with_known_questions([reading.row(*one) for one in numbered], reading)
    return GradedTable(
        name=source.name,
        columns=tuple(own(source.columns)),
        parts=parts,
        people=people.columns,
        rows=rows,
        notes=(
            *source.notes,
            *([people.note] if people.note else ()),
            *_unnamed(rows, cells, people, source.name),
            *_scaled(rows, source.name),
            *_notes(rows, cells, source.name),
        ),
    )


def _opened(
    table: Path | pd.DataFrame, mapping: Sequence[str], read_as: ReadAs | None, *, detail: bool
) -> tuple[Table, dict[str, str]]:
    """The table, with its columns by part; it has those that are needed."""
    if isinstance(table, Path):
        source = open_table(table, read_as, wanted=_is_known)
    else:
        source = _of_frame(table)
    needed = (*_NEEDED, DETAIL) if detail else _NEEDED
    missing = [name for name in needed if name not in source.columns]
    if missing == [DETAIL]:
        raise TableError(
            f"{source.name}: has no column '{DETAIL}', which holds what was found in the answers: "
            "give the table as 'grade batch' wrote it; .csv and .jsonl hold it whole"
        )
    if missing:
        raise TableError(
            f"{source.name}: has no column '{missing[0]}': is it a table that 'grade batch' wrote?"
        )
    parts = long_parts(source, mapping)
    if ANSWER not in parts:
        raise TableError(
            f"{source.name}: has no column '{ANSWER}': it has {listed(own(source.columns))}: name "
            f"the column of answers with --map {ANSWER}=COLUMN"
        )
    return source, parts


# ── one row ─────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Reading:
    """What is known of the table before its rows are read."""

    table: str
    parts: Mapping[str, str]
    people: People
    prompts: Mapping[str, str]
    quoting: bool

    def row(self, at: int, row: Mapping[str, str]) -> Graded:
        where = f"{self.table}: row {at}"
        cells = {part: row[column].strip() for part, column in self.parts.items()}
        detail = self._detail(row, where)
        mark = read_mark(row, detail, where)
        answer = row[self.parts[ANSWER]]
        if detail is not None and self.quoting:
            answer = self._as_graded(answer, detail, where)
        slug = _slug(cells, detail)
        named = (cells.get(QUESTION, ""), self.prompts.get(slug, ""), slug)
        return Graded(
            row=at,
            candidate=self.people.name(row) or f"row {at}",
            question_id=slug,
            question=next((name for name in named if name), ""),
            answer=answer,
            error=row[ERROR].strip(),
            blank=not mark.score and is_blank(answer),
            score=mark.score,
            points=mark.points,
            max_points=mark.max_points,
            passed=mark.passed,
            confidence=mark.confidence,
            needs_review=mark.needs_review,
            by_hand=mark.by_hand,
            detail=detail,
            cells={column: row[column] for column in own(list(row))},
        )

    def asked(self, row: Graded) -> tuple[str, ...]:
        """How a row names its question."""
        named = (self.parts.get(part, "") for part in (QUESTION_ID, QUESTION, REFERENCE))
        return tuple(row.cells.get(column, "").strip() for column in named)

    def _detail(self, row: Mapping[str, str], where: str) -> Detail | None:
        cell = row.get(DETAIL, "").strip()
        if row[ERROR].strip() or not (cell or (self.quoting and row["grade_confidence"].strip())):
            return None  # a mark without a confidence is a person's
        try:
            return Detail.model_validate_json(cell)
        except ValidationError as error:
            if not self.quoting:
                return None
            if was_cut(cell):
                raise TableError(
                    f"{where}: grade_detail was cut to what a spreadsheet's cell holds: have "
                    "'grade batch' write .csv or .jsonl, and give that file as it is"
                ) from error
            raise TableError(f"{where}: grade_detail is damaged: grade the table again") from error

    def _as_graded(self, cell: str, detail: Detail, where: str) -> str:
        """The answer as it was graded: that in which all evidence stands where the detail says.

        A CSV has an apostrophe before what a spreadsheet would run, and it may be the answer's own.
        """
        found = [r.evidence for r in (*detail.key_points, *detail.misconceptions) if r.evidence]
        texts = [cell[1:], cell] if was_made_safe(cell) else [cell]
        texts += [text for cell in list(texts) if (text := _answer(cell)) is not None]
        for text in texts:
            if all(text[e.start : e.end] == e.text for e in found):
                return text
        raise TableError(
            f"{where}: what column '{self.parts[ANSWER]}' holds is not the answer that was "
            f"graded: name its column with --map {ANSWER}=COLUMN or grade the table again"
        )


def _slug(cells: Mapping[str, str], detail: Detail | None) -> str:
    """The question's id; the text of one that has a reference alone."""
    if detail is not None and not is_of_reference(detail):
        return detail.question_id
    return next((cells[p] for p in (QUESTION_ID, QUESTION, REFERENCE) if cells.get(p)), "")


def _answer(cell: str) -> str | None:
    """What ``grade batch`` took from a cell."""
    try:
        return answer_text(cell)
    except AnswerError:
        return None


# ── the whole table ─────────────────────────────────────────────────────────


def _is_known(name: str) -> bool:
    """Whether a name must not stand twice."""
    return name in ADDED or any(is_alike(name, part) for part in PARTS)


def _of_frame(frame: pd.DataFrame) -> Table:
    """A frame as a table; its rows are counted from 1.

    Raises:
        TableError: a column stands twice.
    """
    columns = [str(name) for name in frame.columns]
    twice = [name for name, times in Counter(columns).items() if times > 1]
    if twice:
        raise TableError(f"the frame: column '{twice[0]}' stands twice: rename one of the two")
    cells = frame.astype(object).where(frame.notna(), None).set_axis(columns, axis=1)
    rows: list[Row] = [{str(k): v for k, v in row.items()} for row in cells.to_dict("records")]
    return Table(
        name="the frame",
        form="parquet",
        columns=tuple(columns),
        numbered=lambda: (
            (n, {str(k): v for k, v in row.items()}) for n, row in enumerate(rows, start=1)
        ),
    )


def _with_known_questions(rows: Sequence[Graded], reading: _Reading) -> tuple[Graded, ...]:
    """The rows; a failure that names its question as a graded row does has that one's id."""
    known = {reading.asked(row): row for row in rows if row.detail is not None}
    return tuple(
        row
        if row.detail is not None or (like := known.get(reading.asked(row))) is None
        else replace(row, question_id=like.question_id, question=like.question)
        for row in rows
    )


def _unnamed(
    rows: Sequence[Graded], cells: Sequence[Mapping[str, str]], people: People, name: str
) -> Iterable[str]:
    """What the user should hear of rows that could name a candidate and don't."""
    found = [row.row for row, own in zip(rows, cells, strict=True) if not people.name(own)]
    if found and people.columns:
        one = len(found) == 1
        yield (
            f"{name}: {counted(len(found), 'row')} {'names' if one else 'name'} nobody in column "
            f"{listed(people.columns)} ({_some(found)}): {'it' if one else 'each'} counts as a "
            f"candidate of its own: write there whose {'it is' if one else 'they are'}, or for "
            "another column add --candidate COLUMN"
        )


def _scaled(rows: Sequence[Graded], name: str) -> Iterable[str]:
    """What the user should hear of scores that are not what their points make.

    Raises:
        TableError: they contradict each other.
    """
    found = scaled_rows(rows, name)
    if found:
        yield (
            f"{name}: the scores of {counted(len(found), 'answer')} are not what their points "
            f"make, as after --calibration ({_some(found)}): the scores count"
        )


def _notes(rows: Sequence[Graded], cells: Sequence[Mapping[str, str]], name: str) -> Iterable[str]:
    """What the user should hear of the rows."""
    by_hand = [row.row for row in rows if row.by_hand]
    if by_hand:
        yield (f"{name}: marks changed by hand since grading count as they stand: {_some(by_hand)}")
    confirmed = [
        row.row for row in rows if row.detail and row.confidence is None and not row.by_hand
    ]
    if confirmed:
        yield f"{name}: marks that a person looked at and left count as theirs: {_some(confirmed)}"
    lost = [
        row.row for row in rows if row.score is not None and row.detail is None and not row.by_hand
    ]
    if lost and any(row.detail is not None for row in rows):
        yield (
            f"{name}: {counted(len(lost), 'grade')} without a whole grade_detail, as a spreadsheet "
            f"may have cut it ({_some(lost)})"
        )
    signatures: dict[str, set[str]] = defaultdict(set)
    for row, own_cells in zip(rows, cells, strict=True):
        if row.score is not None and own_cells.get(_SIGNATURE, "").strip():
            signatures[row.question_id].add(own_cells[_SIGNATURE].strip())
    mixed = [question for question, found in signatures.items() if len(found) > 1]
    if mixed:
        yield (
            f"{name}: the answers to {', '.join(mixed[:_SHOWN])} were graded by more than one "
            "version of the rubric, the models or the settings (grade_signature): grade them again "
            "together to compare like with like"
        )
    folded: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        folded[row.candidate.casefold()].add(row.candidate)
    for names in folded.values():
        if len(names) > 1:
            yield f"{name}: {listed(sorted(names))} are taken for different candidates"


def _some(numbers: Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[:_SHOWN]))
    rest = len(numbers) - _SHOWN
    return (
        f"row {shown}" if len(numbers) == 1 else f"rows {shown}{f' and {rest} more' * (rest > 0)}"
    )
