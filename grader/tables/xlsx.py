"""Excel workbooks (extra ``xlsx``): read and written a row at a time."""

from __future__ import annotations

import datetime as dt
import shlex
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from grader.errors import TableError
from grader.extras import require
from grader.reading.text import without_halves
from grader.tables.cells import CELL_LIMIT, as_text, fitting_detail, safe_cell
from grader.tables.columns import DETAIL
from grader.tables.header import Layout, find_header, is_filled, rows_under
from grader.tables.sheet_part import Merged, filled_down, part_of
from grader.tables.table import ReadAs, Row, Table, Wanted

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
_HEAD_ROWS = 50
_EARLIEST = 1900
_EPOCH = dt.datetime(2000, 1, 1)  # noqa: DTZ001  # workbooks know no time zones


def open_xlsx(file: Path, read_as: ReadAs | None = None, wanted: Wanted | None = None) -> Table:
    """A sheet of a workbook as a table; of formulas the last result is read.

    Args:
        file: the workbook.
        read_as: which sheet and which header, if the user says. Else it is the first sheet that
            is not hidden, or the only one that has columns that are looked for.
        wanted: tells names that are looked for in a header.

    Raises:
        TableError: it is damaged, no workbook or unpacks to too much, a column stands twice or
            has no name, or it is not plain which sheet is meant.
        MissingExtraError: openpyxl is not installed.
    """
    read_as = read_as or ReadAs()
    _check_zip(file)
    title, notes = _choose(file, read_as, wanted)
    with _sheet(file, title) as sheet:
        header = find_header(_head(file, sheet), str(file), told=read_as.header_row, wanted=wanted)
        with _naming(file):
            part = part_of(file, sheet)
    layout = Layout(header, str(file), wanted)
    with _sheet(file, title) as sheet:
        before = header.number
        for number, row in _rows(file, sheet, part.merged):
            if number <= header.number or number in header.below:
                continue
            if any(map(is_filled, row)):
                layout.blank += number - before - 1
                before = number
                layout.look_at(number, row)
    layout.blank -= len(header.below)
    columns = layout.columns()

    def rows() -> Iterator[tuple[int, Row]]:
        with _sheet(file, title) as sheet:
            yield from rows_under(columns, header, _rows(file, sheet, part.merged))

    return Table(
        name=str(file),
        form="xlsx",
        columns=tuple(columns.values()),
        numbered=rows,
        notes=(*notes, *header.notes, *layout.notes()),
        hollow=_hollow(file, title, header.number, columns) if part.has_formulas else {},
        likelier_header=header.likelier,
    )


def _choose(file: Path, read_as: ReadAs, wanted: Wanted | None) -> tuple[str, tuple[str, ...]]:
    """The title of the sheet to read, and what to tell of that."""
    with _workbook(file) as book:
        titles = [sheet.title for sheet in book.worksheets]
        shown = [s.title for s in book.worksheets if s.sheet_state == "visible"] or titles
        known = [t for t in shown if wanted is not None and _is_wanted(book[t], file, wanted)]
    listed = ", ".join(f"'{title}'" for title in titles)
    if read_as.sheet is not None:
        return _told(read_as.sheet, titles, f"{file}: has no sheet '{read_as.sheet}': {listed}"), ()
    if len(titles) == 1:
        return titles[0], ()
    others = f"of {len(titles)}: for another one add --sheet NAME ({listed})"
    if not known or known[0] == shown[0]:
        return shown[0], (f"{file}: reading the sheet '{shown[0]}', the first {others}",)
    if len(known) > 1:
        ways = " or ".join(f"--sheet {shlex.quote(title)}" for title in known)
        raise TableError(f"{file}: several of its sheets may be meant: add {ways}")
    why = f"whose columns are those that are looked for, {others}"
    return known[0], (f"{file}: reading the sheet '{known[0]}', {why}",)


def _told(name: str, titles: Sequence[str], problem: str) -> str:
    """The sheet of that name or number."""
    plain = " ".join(name.split()).casefold()
    alike = [t for t in titles if " ".join(t.split()).casefold() == plain]
    if name in titles:
        return name
    if len(alike) == 1:
        return alike[0]
    if name.isdecimal() and 1 <= int(name) <= len(titles):
        return titles[int(name) - 1]
    raise TableError(problem)


def _is_wanted(sheet: Any, file: Path, wanted: Wanted) -> bool:
    """Whether a sheet has a column that is looked for."""
    head = _head(file, sheet)
    return bool(head) and any(map(wanted, find_header(head, str(file), wanted=wanted).names))


def _head(file: Path, sheet: Any) -> list[tuple[int, list[Any]]]:
    filled = (row for row in _rows(file, sheet, ()) if any(map(is_filled, row[1])))
    return list(islice(filled, _HEAD_ROWS))


def _hollow(file: Path, title: str, header: int, columns: Mapping[int, str]) -> dict[str, str]:
    """Where formulas stand that have no stored result, by column."""
    letter = require("openpyxl.utils", "xlsx").get_column_letter
    found: dict[str, list[str]] = {}
    with _sheet(file, title) as values, _sheet(file, title, formulas=True) as formulas:
        for (number, row), (_, written) in zip(
            _all_rows(file, values), _all_rows(file, formulas), strict=False
        ):
            for at, name in columns.items() if number > header else ():
                if _at(row, at) is None and _at(written, at) is not None:
                    found.setdefault(name, []).append(f"{letter(at + 1)}{number}")
    return {
        name: cells[0] if len(cells) == 1 else f"{cells[0]} and {len(cells) - 1} more"
        for name, cells in found.items()
    }


def _at(row: Sequence[Any], at: int) -> Any:
    return row[at] if at < len(row) else None


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
def _workbook(file: Path, *, formulas: bool = False) -> Iterator[Any]:
    """The workbook, with the results of its formulas or with the formulas."""
    openpyxl = require("openpyxl", "xlsx")
    with ExitStack() as stack:
        with _naming(file):
            # By its bytes: openpyxl refuses names with another ending.
            stream = stack.enter_context(file.open("rb"))
            book = openpyxl.load_workbook(
                stream, read_only=True, data_only=not formulas, keep_links=False
            )
        stack.callback(book.close)
        if not book.worksheets:
            raise TableError(f"{file}: the workbook has no sheet of cells")
        yield book


@contextmanager
def _sheet(file: Path, title: str, *, formulas: bool = False) -> Iterator[Any]:
    with _workbook(file, formulas=formulas) as book:
        yield next(sheet for sheet in book.worksheets if sheet.title == title)


def _rows(file: Path, sheet: Any, merged: Sequence[Merged]) -> Iterator[tuple[int, list[Any]]]:
    """Number and cells of each row that is not blank, without blank cells at its end.

    What stands in a cell that is merged with those below it stands in each of them.
    """
    unescape = require("openpyxl.utils.escape", "xlsx").unescape
    for number, values in filled_down(_all_rows(file, sheet), merged):
        cells = list(values[:_COLUMN_LIMIT])
        while cells and cells[-1] is None:
            cells.pop()
        if cells:
            yield number, [without_halves(unescape(c)) if isinstance(c, str) else c for c in cells]


def _all_rows(file: Path, sheet: Any) -> Iterator[tuple[int, Sequence[Any]]]:
    with _naming(file):
        sheet.reset_dimensions()  # some programs declare them wrongly
        yield from enumerate(sheet.iter_rows(max_row=ROW_LIMIT, values_only=True), start=1)


@contextmanager
def _naming(file: Path) -> Iterator[None]:
    """What openpyxl and zipfile raise, as ours; for their calls alone, since it is so much."""
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
