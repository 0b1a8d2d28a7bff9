"""Full marks: the highest mark that could be had, where a table says it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan

from grader.errors import TableError

_NUMBER = r"(\d+(?:[.,]\d+)?)"
# As in: mark (out of 10), Grade/10.00, score [0-10], Points (max. 10).
_IN_HEADER = re.compile(
    rf"[\s_(\[]*(?:/|out[\s_]+of|0\s*(?:-|–|to)|max(?:imum)?\.?:?)[\s_]*{_NUMBER}[\s)\]]*$",
    re.IGNORECASE,
)
_FRACTION = re.compile(rf"^\s*(\S+?)\s*(?:/|\bout\s+of\b|\bof\b)\s*{_NUMBER}\s*$", re.IGNORECASE)
_PERCENT = re.compile(r"^\s*(\S+?)\s*%\s*$")
_OF_MAXIMA = frozenset(
    "max maximum max_mark max_marks maximum_mark max_score maximum_score max_points "
    "maximum_points max_grade maximum_grade out_of points_possible possible_points".split()
)


@dataclass(frozen=True, slots=True)
class FullMarks:
    """What marks are out of: one number, or a column with one a row; neither if it isn't said."""

    most: float | None = None
    column: str | None = None

    def of(self, row: Mapping[str, str]) -> float | None:
        """What this row's mark is out of; None where nothing says."""
        if self.column is None:
            return self.most
        return _number(row[self.column])


def without_full_marks(header: str) -> str:
    """The name of a column of marks without what they are out of: ``mark (out of 10)``: mark."""
    return _IN_HEADER.sub("", header)


def split_mark(cell: str) -> tuple[str, float | None]:
    """A mark and what it is out of where its cell says so: ``7/10``, ``7 out of 10``, ``70 %``."""
    fraction = _FRACTION.match(cell)
    if fraction:
        return fraction[1], _number(fraction[2])
    percent = _PERCENT.match(cell)
    return (percent[1], 100.0) if percent else (cell, None)


def find_full_marks(columns: Sequence[str], marks: str) -> FullMarks:
    """What the marks are out of, by the header of their column or a column of maxima.

    Args:
        columns: the table's.
        marks: the one with the marks.
    """
    named = _IN_HEADER.search(marks)
    if named:
        return FullMarks(most=_number(named[1]))
    own = [c for c in columns if re.sub(r"[\s_-]+", "_", c.strip().lower()) in _OF_MAXIMA]
    return FullMarks(column=own[0]) if len(own) == 1 else FullMarks()


def highest(values: Sequence[float], where: str) -> float:
    """What marks are out of that nothing says it of: 1 if all are from 0 to 1.

    Args:
        values: the marks.
        where: the table and the column, for the message.

    Raises:
        TableError: some are higher, so that only a person can say.
    """
    most = max((value for value in values if not isnan(value)), default=1.0)
    if most <= 1:
        return 1.0
    raise TableError(
        f"{where}: marks reach {most:g}, and nothing says what they are out of: add "
        f"--max-mark {most:g} if that is the highest mark that could be had, else a higher one"
    )


def _number(text: str) -> float | None:
    try:
        number = float(text.strip().replace(",", "."))
    except ValueError:
        return None
    return number if 0 < number < float("inf") else None
