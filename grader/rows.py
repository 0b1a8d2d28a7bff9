"""Rows and frames of answers from Python: which cells play which part."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast

from grader.errors import InputError, TableError
from grader.graded_columns import grade_cells
from grader.reading.text import counted
from grader.records import Failure, Grade
from grader.tables.columns import (
    ADDED,
    ANSWER,
    NUMBERS,
    SWITCHES,
    check_parts,
    find_parts,
    is_alike,
)

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")


def frame_parts(columns: Sequence[str], q: str | None) -> dict[str, int]:
    """The place of the column of each part.

    Raises:
        TableError: one is missing or stands twice.
    """
    parts = find_parts(columns, q=q)
    for column in parts.values():
        if columns.count(column) > 1:
            raise TableError(f"the frame: column '{column}' stands twice: rename one of the two")
    check_parts(parts, columns, "the frame", q=q)
    return {part: columns.index(column) for part, column in parts.items()}


def by_part(row: Mapping[str, Any], q: str | None) -> dict[str, Any]:
    """The cells of a row that play a part.

    Raises:
        TableError: two may be the answer.
    """
    if not isinstance(row, Mapping):
        raise TableError(f"a row must be a mapping with '{ANSWER}', not {type(row).__name__}")
    keys = tuple(key for key in row if isinstance(key, str))
    parts = find_parts(keys, q=q)
    if ANSWER not in parts and len(alike := [k for k in keys if is_alike(k, ANSWER)]) > 1:
        raise TableError(f"the row has {' and '.join(alike)}: name the answer '{ANSWER}'")
    return {part: row[column] for part, column in parts.items()}


def frame_rows(frame: pd.DataFrame, q: str | None) -> list[dict[str, Any]]:
    """The rows of a frame, each cell by its part; an empty one is the empty text.

    Raises:
        TableError: the needed columns are missing, or one of them stands twice.
    """
    parts = frame_parts([str(name) for name in frame.columns], q)
    read = frame.iloc[:, list(parts.values())]
    cells = read.astype(object).where(read.notna(), "").set_axis(list(parts), axis=1)
    return cast("list[dict[str, Any]]", cells.to_dict("records"))


def with_grades(frame: pd.DataFrame, results: Sequence[Grade | Failure]) -> pd.DataFrame:
    """A copy of a frame with the ``grade_`` columns of its rows' results."""
    import pandas as pd

    added = pd.DataFrame([grade_cells(r) for r in results], index=frame.index, columns=ADDED)
    for name in NUMBERS:
        added[name] = pd.to_numeric(added[name])
    for name in SWITCHES:
        switch = added[name]
        added[name] = switch.where(switch != "", None).astype("boolean")
    return pd.concat([frame, added], axis=1)


def check_chunk(chunk: int) -> None:
    """Refuse a chunk of no rows.

    Raises:
        InputError: it is less than 1.
    """
    if chunk < 1:
        raise InputError(f"a chunk of {counted(chunk, 'row')}: it must be 1 or more")


async def rows_ahead(items: AsyncIterable[T], size: int) -> AsyncIterator[list[T]]:
    """Rows that come one by one, in chunks of a size; the last may be shorter."""
    chunk: list[T] = []
    async for item in items:
        chunk.append(item)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
