"""A table of answers as the rest of the program sees it, and how one is to be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from grader.errors import TableError
from grader.tables.cells import as_text
from grader.tables.formats import Format

Row = dict[str, Any]
"""Cells by column. Text formats hold text; the others keep numbers, dates and the like."""
Wanted = Callable[[str], bool]
"""Whether a name in a header is one that the caller looks for."""

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
_BY_NAME = {name: sign for sign, name in DELIMITERS.items()} | {"\\t": "\t"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadAs:
    """What the user says of a table; what is None is found."""

    encoding: str | None = None
    """Of text formats."""
    delimiter: str | None = None
    """Of CSV: the sign itself, or ``comma``, ``semicolon``, ``tab`` or ``pipe``."""
    sheet: str | None = None
    """Of a workbook: a sheet's name, or its number from 1."""
    header_row: int | None = None
    """The row that names the columns, as a spreadsheet numbers it, from 1."""

    def __post_init__(self) -> None:
        """Check.

        Raises:
            TableError: the delimiter is not one, or the row is below 1.
        """
        if self.header_row is not None and self.header_row < 1:
            raise TableError(f"--header-row {self.header_row}: rows are counted from 1")
        sign_of(self.delimiter)

    @property
    def sign(self) -> str | None:
        """The delimiter's own sign."""
        return sign_of(self.delimiter)


def sign_of(delimiter: str | None) -> str | None:
    """The sign that is meant by a name or by itself.

    Raises:
        TableError: it is neither.
    """
    if delimiter is None:
        return None
    sign = _BY_NAME.get(delimiter.lower(), delimiter)
    if len(sign) != 1 or sign in '"\r\n\0':
        raise TableError(
            f"--delimiter {delimiter!r}: give one sign, such as ';', or comma, semicolon, tab or "
            "pipe"
        )
    return sign


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table that can be read again and again; nothing of it is held in memory."""

    name: str
    form: Format
    columns: tuple[str, ...]
    numbered: Callable[[], Iterator[tuple[int, Row]]]
    """Its rows from the first on, each with the number that a person finds it by: in CSV, TSV
    and XLSX that of a spreadsheet, whose row 1 is the first and where blank rows count; in
    JSONL the line; elsewhere counted from 1. Raises ``TableError`` where the file is broken."""
    notes: tuple[str, ...] = ()
    """What the user should hear, such as a guessed encoding."""
    schema: Any = None
    """The Arrow schema of a Parquet file, so that its types survive."""
    delimiter: str = ","
    """What a CSV was read by."""
    hollow: Mapping[str, str] = field(default_factory=dict)
    """Columns of a workbook that hold formulas without a stored result, and where."""
    likelier_header: int | None = None
    """A row that looks more like the header than the one that was read."""

    def rows(self) -> Iterator[Row]:
        """The rows without their numbers."""
        return (row for _, row in self.numbered())


def written_delimiter(table: Table) -> str:
    """The delimiter of a CSV: what was read, but for tabs, which are for TSV."""
    return "," if table.delimiter == "\t" else table.delimiter


def text_rows(table: Table) -> Iterator[tuple[int, dict[str, str]]]:
    """Number and row, with every cell as text, and every column there."""
    for number, row in table.numbered():
        yield number, {column: as_text(row.get(column)) for column in table.columns}
