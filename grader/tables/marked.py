"""Answers that people have marked, as a table has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.errors import TableError
from grader.tables.columns import (
    ANSWER,
    QUESTION,
    QUESTION_ID,
    REFERENCE,
    check_long,
    find_column,
    is_alike,
    is_summary_row,
    long_parts,
)
from grader.tables.full_marks import (
    FullMarks,
    find_full_marks,
    highest,
    split_mark,
    without_full_marks,
)
from grader.tables.marks import read_marks, share
from grader.tables.read import open_table
from grader.tables.table import ReadAs, Wanted, text_rows


@dataclass(frozen=True, slots=True)
class Marked:
    """An answer with a person's mark, 0 to 1, and its row in the table; ``cells`` are by part."""

    row: int
    mark: float
    cells: Mapping[str, str]

    @property
    def question(self) -> str:
        """What the answer is grouped by: its question's slug, text or reference."""
        named = (self.cells.get(name, "").strip() for name in (QUESTION_ID, QUESTION, REFERENCE))
        return next((name for name in named if name), "")


def read_marked(
    table: Path,
    column: str,
    most: float | None = None,
    *,
    q: str | None = None,
    mapping: Sequence[str] = (),
    read_as: ReadAs | None = None,
    wanted: Wanted | None = None,
) -> tuple[list[Marked], int]:
    """The rows that have a mark, and how many have none.

    Args:
        table: any long table for ``grade batch``, with a column of marks besides.
        column: the column of the marks.
        most: the highest mark: marks are divided by it. Without it what the table says counts:
            a cell such as ``7/10``, a header such as ``mark (out of 10)``, a column ``max``; or
            1 if no mark is higher.
        q: the question of rows that name none.
        mapping: ``PART=COLUMN`` for columns with other names.
        read_as: what is known of the table; the rest is found.
        wanted: tells names of columns that are looked for.

    Raises:
        TableError: the table won't do, a mark is not a number from 0 to ``most``, no row has
            a mark, or nothing says what marks are out of.
    """
    source = open_table(table, read_as, wanted=wanted)
    parts = long_parts(source, mapping, q)
    try:
        told = any(text.partition("=")[0].strip() == ANSWER for text in mapping)
        check_long(source, parts, q=q, told=told)
    except TableError as error:
        need = f"has no column '{ANSWER}', and marks need one answer a row"
        raise TableError(str(error).replace(f"has no column '{ANSWER}'", need)) from None
    marks = find_marks(column, source.columns)
    if marks is None:
        named = ", ".join(f"'{name}'" for name in source.columns)
        raise TableError(
            f"{table}: has no column '{column}' of marks: it has {named}; choose with --mark"
        )
    numbered = [
        (n, row) for n, row in text_rows(source) if not is_summary_row(row, [parts[ANSWER]])
    ]
    shares = mark_shares(str(table), marks, source.columns, numbered, most)
    marked = [
        Marked(n, mark, {part: row[name] for part, name in parts.items()})
        for (n, row), mark in zip(numbered, shares, strict=True)
        if mark is not None
    ]
    return marked, len(numbered) - len(marked)


def mark_shares(
    table: str,
    marks: str,
    columns: Sequence[str],
    numbered: Sequence[tuple[int, Mapping[str, str]]],
    most: float | None,
) -> list[float | None]:
    """The marks of all rows as shares of the highest; None where there is none.

    Args:
        table: its name, for messages.
        marks: the column of marks.
        columns: all columns of the table.
        numbered: its rows, each with its number.
        most: the highest mark; without it what the table says counts.

    Raises:
        TableError: a mark is not a number from 0 to ``most``, no row has a mark, or nothing says
            what marks are out of.
    """
    split = [split_mark(row[marks]) for _, row in numbered]
    where = [f"{table}: row {n}: {marks}" for n, _ in numbered]
    values = read_marks([(w, text) for w, (text, _) in zip(where, split, strict=True)], most)
    if all(value is None for value in values):
        raise TableError(f"{table}: no row has a mark in '{marks}': there is nothing to compare")
    full = FullMarks(most) if most is not None else find_full_marks(columns, marks)
    of = [own or full.of(row) for (_, own), (_, row) in zip(split, numbered, strict=True)]
    unsaid = [v for v, own in zip(values, of, strict=True) if own is None and v is not None]
    usual = highest(unsaid, f"{table}: column '{marks}'") if unsaid else 1.0
    return [
        None if value is None else share(value, own or usual, f"{w} = {row[marks].strip()}")
        for (_, row), value, own, w in zip(numbered, values, of, where, strict=True)
    ]


def find_marks(column: str, columns: Sequence[str]) -> str | None:
    """The column of marks by its name, which may go on to say what they are out of."""
    found = find_column(column, columns)
    if found is not None:
        return found
    scaled = [
        c for c in columns if without_full_marks(c) != c and is_alike(without_full_marks(c), column)
    ]
    return scaled[0] if len(scaled) == 1 else None
