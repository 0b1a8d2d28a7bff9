"""Where a sheet's header stands, and which columns it names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from grader.errors import TableError
from grader.reading.text import counted
from grader.tables.cells import as_text
from grader.tables.table import Row, Wanted

Cells = tuple[int, Sequence[Any]]
"""A row with its number, as a spreadsheet counts."""

_TITLES = 20  # rows in which the header is looked for
_TITLE_CELLS = 2
_SHOWN = 5
# What SurveyMonkey writes below the questions, in the languages that it speaks most.
_SUB_HEADER = {
    "open-ended response",
    "response",
    "offene antwort",
    "réponse ouverte",
    "respuesta abierta",
    "resposta aberta",
    "risposta aperta",
    "open antwoord",
}
_IMPORT_ID = re.compile(r'\s*\{\s*"ImportId"')


@dataclass(frozen=True, slots=True)
class Header:
    """A header, and the rows above and below it that hold no data."""

    number: int
    """Its row."""
    names: tuple[str, ...]
    below: frozenset[int] = frozenset()
    """Rows below that belong to it."""
    notes: tuple[str, ...] = ()
    likelier: int | None = None
    """A row below that looks more like a header; only the user can say."""


def find_header(
    head: Sequence[Cells], name: str, *, told: int | None = None, wanted: Wanted | None = None
) -> Header:
    """The header among the first rows of a sheet.

    It is the first row, or a lower one where names that are looked for stand there and above it
    are nothing but titles. What Qualtrics and SurveyMonkey write below it is no row of data.

    Args:
        head: the first rows that are not blank.
        name: of the table, for messages.
        told: the row that the user names.
        wanted: tells names that are looked for.

    Raises:
        TableError: there is no row, or not the one that was named.
    """
    if not head:
        raise TableError(f"{name}: is empty: the first row must name the columns")
    at = _place(head, name, told, wanted)
    number, cells = head[at]
    below = _below(head, at)
    notes = []
    if at and told is None:
        above = ", ".join(str(n) for n, _ in head[:at][:_SHOWN])
        notes.append(
            f"{name}: row {number} is read as the header, what is above it (row {above}) as a "
            f"title: if that is wrong, add --header-row {head[0][0]}"
        )
    if below:
        rows = ", ".join(str(n) for n in sorted(below))
        notes.append(f"{name}: row {rows} belongs to the header and is not graded")
    likelier = None if at or told is not None else _likelier(head)
    return Header(number, _named(cells), frozenset(below), tuple(notes), likelier)


def _named(cells: Sequence[Any]) -> tuple[str, ...]:
    names = [as_text(cell) for cell in cells]
    return tuple("" if not name.strip() else name for name in names)


def _place(head: Sequence[Cells], name: str, told: int | None, wanted: Wanted | None) -> int:
    if told is not None:
        for at, (number, _) in enumerate(head):
            if number == told:
                return at
        raise TableError(
            f"{name}: row {told} (--header-row) is blank or not there: the first row that is not "
            f"is {head[0][0]}"
        )
    if wanted is None:
        return 0
    for at, (_, cells) in enumerate(head[:_TITLES]):
        if any(wanted(text) for text in _texts(cells)):
            titles = all(_is_title(above, cells) for _, above in head[:at])
            technical = any(_is_technical(below) for _, below in head[at + 1 : at + 2])
            return at if titles or technical else 0
    return 0


def _is_title(above: Sequence[Any], header: Sequence[Any]) -> bool:
    """Whether a row has so few cells, beside the header's, that it is no header and no data."""
    texts, names = _texts(above), len(_texts(header))
    if len(texts) > _TITLE_CELLS or len(texts) >= names:
        return False
    return len(texts) == 1 or names > 2 * len(texts) - 1 or any(":" in text for text in texts)


def _is_technical(cells: Sequence[Any]) -> bool:
    texts = _texts(cells)
    return bool(texts) and all(_IMPORT_ID.match(text) for text in texts)


def _below(head: Sequence[Cells], at: int) -> set[int]:
    for further in range(at + 1, min(at + 3, len(head))):
        if _is_technical(head[further][1]):
            return {number for number, _ in head[at + 1 : further + 1]}
    if at + 1 < len(head):
        number, cells = head[at + 1]
        if all(text.strip().lower() in _SUB_HEADER for text in _texts(cells)):
            return {number}
    return set()


def _likelier(head: Sequence[Cells]) -> int | None:
    """The first row of several cells below rows of one."""
    widths = [len(_texts(cells)) for _, cells in head[:_TITLES]]
    if widths[0] > 1:
        return None
    return next((head[at][0] for at, width in enumerate(widths) if width > 1), None)


def _texts(cells: Sequence[Any]) -> list[str]:
    return [text for text in (as_text(cell) for cell in cells) if text.strip()]


# ── the columns below it ────────────────────────────────────────────────────


@dataclass
class Layout:
    """What one look at all rows below a header says of its columns.

    Feed it every row, then ask for ``columns``.
    """

    header: Header
    name: str
    wanted: Wanted | None
    blank: int = 0
    short: list[int] = field(default_factory=list)
    _filled: dict[int, int] = field(default_factory=dict)
    """The first row in which a column without a name holds something."""

    def look_at(self, number: int, cells: Sequence[Any]) -> None:
        """Take note of a row that is not blank."""
        width = len(self.header.names)
        for at in range(min(width, len(cells))):
            if not self.header.names[at] and at not in self._filled and is_filled(cells[at]):
                self._filled[at] = number
        for at in range(width, len(cells)):
            if at not in self._filled and is_filled(cells[at]):
                self._filled[at] = number

    def columns(self) -> dict[int, str]:
        """Name by place. Nameless columns that are empty are nothing.

        An index in front, as pandas writes it, gets a name; so do repeated names that nobody
        looks for.

        Raises:
            TableError: a column in the middle holds something and has no name, or a name that
                is looked for stands twice.
        """
        names = self.header.names
        if not any(names):
            raise TableError(f"{self.name}: is empty: the first row must name the columns")
        first = next(at for at, name in enumerate(names) if name)
        columns: dict[int, str] = {}
        for at in range(max(len(names), *(at + 1 for at in (*self._filled, 0)))):
            name = names[at] if at < len(names) else ""
            if not name and at in self._filled:
                if at > first:
                    raise TableError(self._nameless(at))
                name = f"column {at + 1}"
            if name:
                columns[at] = name
        return _told_apart(columns, self.name, self.wanted)

    def _nameless(self, at: int) -> str:
        row = self._filled[at]
        if at >= len(self.header.names):
            return (
                f"{self.name}: row {row} has {at + 1} cells, the header "
                f"{len(self.header.names)}: name every column in the first row"
            )
        return (
            f"{self.name}: column {at + 1} has no name in the first row, and row {row} holds "
            "something there: name it, or empty it"
        )

    def notes(self) -> tuple[str, ...]:
        """What was done with rows that are not whole."""
        notes = []
        if self.blank:
            verb = "is" if self.blank == 1 else "are"
            notes.append(f"{self.name}: {counted(self.blank, 'blank row')} {verb} left out")
        if self.short:
            some = ", ".join(map(str, self.short[:_SHOWN]))
            more = ", …" if len(self.short) > _SHOWN else ""
            verb = "is" if len(self.short) == 1 else "are"
            notes.append(
                f"{self.name}: {counted(len(self.short), 'row')} {verb} shorter than the header "
                f"({some}{more}): the missing cells are read as empty"
            )
        return tuple(notes)


def is_filled(cell: Any) -> bool:
    """Whether a cell holds anything but blanks."""
    return cell is not None and (not isinstance(cell, str) or bool(cell.strip()))


def _told_apart(columns: Mapping[int, str], name: str, wanted: Wanted | None) -> dict[int, str]:
    """The same with a number after names that stand twice and matter to nobody."""
    counts = Counter(columns.values())
    repeated = [column for column, n in counts.items() if n > 1]
    for column in repeated:
        if wanted is None or wanted(column):
            raise TableError(
                f"{name}: column '{column}' stands twice: rename one of the two in the first row"
            )
    taken = set(columns.values())
    found: dict[int, str] = {}
    seen: set[str] = set()
    for at, column in columns.items():
        new, number = column, 1
        while new in seen or (number > 1 and new in taken):
            number += 1
            new = f"{column} ({number})"
        seen.add(new)
        found[at] = new
    return found


def rows_under(
    columns: Mapping[int, str], header: Header, rows: Iterable[Cells], *, blank: Any = None
) -> Iterator[tuple[int, Row]]:
    """The rows of data, by column; cells that are missing are ``blank``."""
    for number, cells in rows:
        if number <= header.number or number in header.below:
            continue
        if any(is_filled(cell) for cell in cells):
            filled = len(cells)
            yield (
                number,
                {name: cells[at] if at < filled else blank for at, name in columns.items()},
            )


def check_header(header: Sequence[str], name: str) -> tuple[str, ...]:
    """The column names, once they are sure to tell all columns apart.

    Raises:
        TableError: there are none, or one stands twice.
    """
    if not any(header):
        raise TableError(f"{name}: is empty: the first row must name the columns")
    return tuple(_told_apart(dict(enumerate(header)), name, None).values())
