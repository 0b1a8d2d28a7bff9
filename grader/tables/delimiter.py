"""The sign between a CSV's cells: the one that gives every row as many cells as the header.

Not the most frequent one: prose is full of commas.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from grader.errors import TableError
from grader.tables.table import DELIMITERS, Wanted

_SEP = re.compile(r"\s*\"?sep=(.)\"?[\s,;]*", re.IGNORECASE)
_MOSTLY = 0.5


def declared_delimiter(line: str) -> str | None:
    """The sign that a first line ``sep=;`` declares to Excel, if it is one."""
    found = _SEP.fullmatch(line)
    return found.group(1) if found else None


def find_delimiter(
    lines: Sequence[str], name: str, *, wanted: Wanted | None = None, first: str = ","
) -> str:
    """The delimiter of a CSV.

    Args:
        lines: its first lines, without a ``sep=`` line.
        name: of the file, for messages.
        wanted: tells names that are looked for in the header.
        first: what is taken where nothing speaks for another.

    Raises:
        TableError: two are equally good; the message says what to type for each.
    """
    fits = [_Fit.of(sign, lines, wanted) for sign in DELIMITERS]
    several = [fit for fit in fits if fit.width > 1]
    if not several:
        return _of_one_column(fits, name, first)
    best = max(fit.rank for fit in several)
    equal = [fit for fit in several if fit.rank == best]
    if len(equal) == 1 or not equal[0].all_fit:
        return next((f.sign for f in equal if f.sign == first), equal[0].sign)
    ways = " or ".join(f"--delimiter {DELIMITERS[f.sign]} ({_shown(f.header)})" for f in equal)
    raise TableError(f"{name}: its columns may be parted in more than one way: add {ways}")


def _of_one_column(fits: Sequence[_Fit], name: str, first: str) -> str:
    """The delimiter where no sign parts the header: one that parts no row either."""
    named = next((fit for fit in fits if fit.sign == first), fits[0])
    if named.all_fit:
        return first
    whole = next((fit.sign for fit in fits if fit.all_fit and fit.widest == 1), None)
    if whole is None or named.spaced:
        return whole or first
    raise TableError(
        f"{name}: its header is one column, and its rows hold several cells or text with commas: "
        f"to read each line as one text, add --delimiter {DELIMITERS[whole]}"
    )


@dataclass(frozen=True, slots=True)
class _Fit:
    """How well a delimiter fits."""

    sign: str
    header: tuple[str, ...]
    known: bool
    """Whether the header has a name that is looked for."""
    share: float
    """Of the rows but the header that fit, short ones and those with blank cells at their end
    included, and what stands above the header not."""
    exact: float
    """Of the rows that have just as many cells as the header."""
    spaced: bool
    """Whether most of the delimiters stand before a blank, as commas of prose do."""
    widest: int

    @classmethod
    def of(cls, sign: str, lines: Sequence[str], wanted: Wanted | None) -> _Fit:
        rows = _parsed(lines, sign)
        at = _header(rows, wanted)
        header, rest = (tuple(rows[at]), rows[at + 1 :]) if rows else ((), [])
        width = len(header)
        good = [fits_header(row, width) for row in rest]
        exact = [len(row) == width for row in rest]
        if rest and has_row_names(rest, width):
            good = exact = [True] * len(rest)
        inner = [cell for row in (header, *rest) for cell in row[1:] if cell]
        spaced = [cell[0] == " " for cell in inner]
        return cls(
            sign=sign,
            header=header,
            known=wanted is not None and any(wanted(cell) for cell in header),
            share=sum(good) / (len(good) + at) if good or at else 1.0,
            exact=sum(exact) / (len(exact) + at) if exact or at else 1.0,
            spaced=bool(spaced) and sum(spaced) > _MOSTLY * len(spaced),
            widest=max((len(row) for row in (header, *rest)), default=0),
        )

    @property
    def width(self) -> int:
        return len(self.header)

    @property
    def all_fit(self) -> bool:
        return self.share == 1

    @property
    def rank(self) -> tuple[bool, float, bool, float]:
        return self.known, self.share, not self.spaced, self.exact


def fits_header(row: Sequence[str], width: int) -> bool:
    """Whether a row can belong under a header of so many cells: none of its text is left over."""
    if len(row) > width:
        return not any(cell.strip() for cell in row[width:])
    return len(row) > 1 or width <= 1


def has_row_names(rows: Sequence[Sequence[str]], width: int) -> bool:
    """Whether each row begins with its number, which the header doesn't name, as R writes it."""
    if any(len(row) != width + 1 for row in rows):
        return False
    numbers = [row[0] for row in rows]
    if not all(number.isdecimal() for number in numbers):
        return False
    return numbers[0] in {"0", "1"} and all(int(b) == int(a) + 1 for a, b in pairwise(numbers))


def _parsed(lines: Sequence[str], sign: str) -> list[list[str]]:
    """The rows that are not blank, as far as they can be read."""
    rows: list[list[str]] = []
    try:
        for row in csv.reader(lines, delimiter=sign):
            if any(cell.strip() for cell in row):
                rows.append(row)  # noqa: PERF401  # what came before an error counts
    except csv.Error:
        pass  # who reads all of it will say where
    return rows


def _header(rows: Sequence[Sequence[str]], wanted: Wanted | None) -> int:
    """The place of the likeliest header: of titles above it no delimiter can be told."""
    if wanted is not None:
        for at, row in enumerate(rows[:20]):
            if any(wanted(cell) for cell in row):
                return at
    return next((at for at, row in enumerate(rows[:20]) if len(row) > 1), 0)


def _shown(header: Sequence[str]) -> str:
    names = ", ".join(f"'{' '.join(cell.split())}'" for cell in header[:3])
    return f"columns {names}{', …' if len(header) > 3 else ''}"  # noqa: PLR2004
