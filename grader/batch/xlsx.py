"""Excel workbooks (extra ``xlsx``): read and written a row at a time."""

from __future__ import annotations

import datetime as dt
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from grader.batch.cells import CELL_LIMIT, safe_cell
from grader.batch.details import fitting_detail
from grader.batch.extras import require
from grader.batch.readers import Row, Table, check_header
from grader.columns import DETAIL, as_text
from grader.errors import TableError
from grader.text import without_halves

ROW_LIMIT = 1_048_576
_COLUMN_LIMIT = 16_384
# A workbook is a zip: one that unpacks to more than this, or is packed better than text can
# be, is made to fill the memory. The sheets are read as a stream, the rest is held.
_UNPACKED_LIMIT = 4 * 1024**3
_HELD_LIMIT = 256 * 1024**2
_RATIO_LIMIT, _RATIO_FROM = 200, 50 * 1024**2
# What openpyxl and zipfile raise when a workbook is damaged.
_DAMAGED = (
    BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    SyntaxError,
    ArithmeticError,
    AssertionError,
    RuntimeError,
)
_EARLIEST = 1900
_EPOCH = dt.datetime(2000, 1, 1)  # noqa: DTZ001  # workbooks know no time zones


def open_xlsx(file: Path) -> Table:
    """The first sheet of a workbook as a table; of formulas the last result is read.

    Raises:
        TableError: it is damaged, no workbook or unpacks to too much, or a column stands
            twice or has no name.
        MissingExtraError: openpyxl is not installed.
    """
    _check_zip(file)
    with _sheet(file) as (sheet, title, others):
        first = next(_rows(sheet), (0, []))[1]
    header = [as_text(cell) for cell in first]
    for number, name in enumerate(header, start=1):
        if not name:
            raise TableError(f"{file}: column {number} has no name in the first row")
    columns = check_header(header, str(file))

    def rows() -> Iterator[tuple[int, Row]]:
        with _sheet(file) as (sheet, _, _):
            cells = _rows(sheet)
            next(cells, None)
            for number, row in cells:
                if len(row) > len(columns):
                    raise TableError(
                        f"{file}: row {number} has {len(row)} cells, the header {len(columns)}: "
                        "name every column in the first row"
                    )
                yield number, dict(zip_longest(columns, row))

    note = f"{file}: reading the sheet '{title}', the first of {others + 1}"
    return Table(
        name=str(file),
        form="xlsx",
        columns=columns,
        numbered=rows,
        notes=(note,) if others else (),
    )


def _check_zip(file: Path) -> None:
    """Refuse what is no workbook, or would fill memory or disk.

    The sizes that are checked are those that the zip declares; zipfile reads no entry beyond
    its declared size, so that they can't lie.
    """
    with _naming(file), ZipFile(file) as archive:
        entries = archive.infolist()
    names = {entry.filename for entry in entries}
    if "[Content_Types].xml" not in names or not any(n.startswith("xl/") for n in names):
        raise TableError(
            f"{file}: is a zip but not an Excel workbook: unpack it, or save it as .xlsx"
        )
    unpacked = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries) or 1
    held = sum(e.file_size for e in entries if not e.filename.startswith("xl/worksheets/"))
    bomb = unpacked > _RATIO_FROM and unpacked / packed > _RATIO_LIMIT
    if bomb or unpacked > _UNPACKED_LIMIT or held > _HELD_LIMIT:
        raise TableError(
            f"{file}: unpacks to {unpacked / 1024**2:,.0f} MB from {packed / 1024**2:,.1f}: "
            "that is too much for a workbook: export it as CSV"
        )


@contextmanager
def _sheet(file: Path) -> Iterator[tuple[Any, str, int]]:
    """The first sheet, its title, and how many others there are."""
    openpyxl = require("openpyxl", "xlsx")
    # By its bytes: openpyxl refuses names with another ending.
    with _naming(file), file.open("rb") as stream:
        book = openpyxl.load_workbook(stream, read_only=True, data_only=True, keep_links=False)
        try:
            if not book.worksheets:
                raise TableError(f"{file}: the workbook has no sheet of cells")
            sheet = book.worksheets[0]
            yield sheet, sheet.title, len(book.worksheets) - 1
        finally:
            book.close()


def _rows(sheet: Any) -> Iterator[tuple[int, list[Any]]]:
    """Number and cells of each row that is not blank, without blank cells at its end."""
    unescape = require("openpyxl.utils.escape", "xlsx").unescape
    sheet.reset_dimensions()  # some programs declare them wrongly
    rows = sheet.iter_rows(max_row=ROW_LIMIT, values_only=True)
    for number, values in enumerate(rows, start=1):
        cells = list(values[:_COLUMN_LIMIT])
        while cells and cells[-1] is None:
            cells.pop()
        if cells:
            yield number, [without_halves(unescape(c)) if isinstance(c, str) else c for c in cells]


@contextmanager
def _naming(file: Path) -> Iterator[None]:
    try:
        yield
    except _DAMAGED as error:
        problem = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise TableError(f"{file}: can't be read as a workbook: {problem}") from error


class XlsxTable:
    """Writes rows into the only sheet of a workbook; the same rows make the same bytes."""

    def __init__(self, file: Path, columns: Sequence[str]) -> None:
        xlsxwriter = require("xlsxwriter", "xlsx")
        options = {"constant_memory": True, "default_date_format": "yyyy-mm-dd hh:mm:ss"}
        self._book = xlsxwriter.Workbook(str(file), options)
        self._book.use_zip64()
        self._book.set_properties({"created": _EPOCH})
        self._sheet = self._book.add_worksheet("grades")
        self._columns = columns
        self._row = 0
        self._write(dict(zip(columns, columns, strict=True)))
        self._sheet.freeze_panes(1, 0)

    def write(self, rows: Iterable[Row]) -> None:
        """Add rows."""
        for row in rows:
            self._write(row)

    def close(self) -> None:
        """Pack the workbook."""
        self._book.close()

    def _write(self, row: Row) -> None:
        for column, name in enumerate(self._columns):
            value = row.get(name)
            self._write_cell(column, fitting_detail(value) if name == DETAIL and value else value)
        self._row += 1

    def _write_cell(self, column: int, value: Any) -> None:
        at = self._row, column
        if isinstance(value, bool):
            self._sheet.write_boolean(*at, value)
        elif isinstance(value, int | float) and abs(value) < 10**15:
            self._sheet.write_number(*at, value)
        elif _is_sheet_date(value):
            self._sheet.write_datetime(*at, value)
        elif value is not None and value != "":
            self._sheet.write_string(*at, safe_cell(as_text(value))[:CELL_LIMIT])


def _is_sheet_date(value: Any) -> bool:
    """Whether a workbook can hold it as a date: it knows no zones and begins in 1900."""
    if isinstance(value, dt.datetime | dt.time) and value.tzinfo is not None:
        return False
    if isinstance(value, dt.date):
        return value.year > _EARLIEST
    return isinstance(value, dt.time)
