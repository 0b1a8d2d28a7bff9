"""Writing graded tables: aside first, then moved into place."""

from __future__ import annotations

import csv
import gzip
import io
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from grader.errors import OutputError
from grader.files import placed
from grader.tables.cells import CELL_LIMIT, as_text, safe_cell
from grader.tables.columns import ADDED, DETAIL, NUMBERS, SWITCHES
from grader.tables.formats import Format
from grader.tables.parquet import ParquetTable
from grader.tables.table import Row
from grader.tables.xlsx import ROW_LIMIT, XlsxTable

STDOUT = Path("-")
_QUICKLY = 6  # gzip's level: twice as fast as its default, a few per cent larger


class Writer(Protocol):
    """What all formats can do."""

    def write(self, rows: Iterable[Row]) -> None:
        """Add rows; missing cells are empty."""
        ...

    def close(self) -> None:
        """Finish the file."""
        ...


class CsvTable:
    """Writes CSV or TSV in UTF-8; cells that a spreadsheet would run are made safe."""

    def __init__(self, stream: BinaryIO, columns: Sequence[str], delimiter: str = ",") -> None:
        self._text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
        self._plain = csv.writer(self._text, delimiter=delimiter, lineterminator="\n")
        self._quoted = csv.writer(
            self._text, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL
        )
        self._columns = columns
        self._write([safe_cell(name) for name in columns])

    def write(self, rows: Iterable[Row]) -> None:
        """Add rows."""
        for row in rows:
            self._write([_csv_cell(row.get(name)) for name in self._columns])

    def _write(self, cells: Sequence[Any]) -> None:
        # csv does not quote a lone carriage return, and whoever reads it sees a new row.
        bare = any(isinstance(cell, str) and "\r" in cell for cell in cells)
        (self._quoted if bare else self._plain).writerow(cells)

    def close(self) -> None:
        """Hand everything on."""
        self._text.flush()
        self._text.detach()


class JsonlTable:
    """Writes one JSON object a line: a row's own keys, then the grade's."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, rows: Iterable[Row]) -> None:
        """Add rows; the grade's detail is an object, empty numbers are null."""
        for row in rows:
            line = json.dumps(_json_row(row), ensure_ascii=False, default=as_text)
            self._stream.write(line.encode("utf-8", "surrogatepass") + b"\n")

    def close(self) -> None:
        """Nothing is left to do."""


def _csv_cell(value: Any) -> Any:
    return value if isinstance(value, int | float) else safe_cell(as_text(value))


def _json_row(row: Row) -> Row:
    added = {name: row[name] for name in ADDED if name in row}
    for name in (*NUMBERS, *SWITCHES, DETAIL):
        if added.get(name) == "":
            added[name] = None
    if added.get(DETAIL):
        added[DETAIL] = json.loads(added[DETAIL])
    return {**row, **added}


# ── where it goes ───────────────────────────────────────────────────────────


def text_writer(stream: Any, form: Format, columns: Sequence[str], delimiter: str = ",") -> Writer:
    """A writer of CSV (with a delimiter of choice), TSV or JSONL to an open stream."""
    if form == "jsonl":
        return JsonlTable(stream)
    return CsvTable(stream, columns, "\t" if form == "tsv" else delimiter)


@contextmanager
def new_table(
    file: Path,
    form: Format,
    columns: Sequence[str],
    schema: Any = None,
    placing: Callable[[Path], None] = lambda _: None,
    delimiter: str = ",",
) -> Iterator[Writer]:
    """A writer of a file that appears, whole, when the block is left without an exception.

    Args:
        file: what to write; ``-`` for standard output.
        form: its format.
        columns: the columns, in order.
        schema: the Arrow schema of input columns, for Parquet.
        placing: called with the finished file before it is moved into place.
        delimiter: of CSV.

    Raises:
        OutputError: it can't be written.
    """
    if file == STDOUT:
        writer = text_writer(sys.stdout.buffer, form, columns, delimiter)
        yield writer
        writer.close()
        return
    with (
        placed(file, placing) as aside,
        _writer(aside, form, columns, schema, file.suffix == ".gz", delimiter) as writer,
    ):
        yield writer


@contextmanager
def _writer(
    aside: Path,
    form: Format,
    columns: Sequence[str],
    schema: Any,
    packed: bool,  # noqa: FBT001
    delimiter: str,
) -> Iterator[Writer]:
    if form == "parquet":
        table: Writer = ParquetTable(aside, columns, schema)
        yield table
        table.close()
    elif form == "xlsx":
        table = XlsxTable(aside, columns)
        try:
            yield table
        finally:
            table.close()  # in any case, or rows stay in a file of their own
    else:
        with aside.open("wb") as raw:
            # No name and no time in the gzip, so that the same rows make the same bytes.
            stream = gzip.GzipFile("", "wb", _QUICKLY, raw, mtime=0) if packed else raw
            table = text_writer(stream, form, columns, delimiter)
            yield table
            table.close()
            if packed:
                stream.close()


def check_fits(row: Row, form: Format, where: str) -> None:
    """Refuse a row whose cells the format can't hold.

    Raises:
        OutputError: it holds a text longer than a spreadsheet's cell.
    """
    if form != "xlsx":
        return
    for name, value in row.items():
        if isinstance(value, str) and len(value) >= CELL_LIMIT:
            raise OutputError(
                f"{where}: '{name}' holds {len(value):,} characters and a spreadsheet's cell at "
                f"most {CELL_LIMIT:,}: write .csv, .jsonl or .parquet"
            )


def check_rows(rows: int, form: Format, name: str) -> None:
    """Refuse more rows than the format can hold.

    Raises:
        OutputError: a sheet can't hold so many.
    """
    if form == "xlsx" and rows >= ROW_LIMIT:
        raise OutputError(
            f"{name}: makes {rows:,} rows and a sheet holds {ROW_LIMIT - 1:,} below its header: "
            "write .csv, .jsonl or .parquet"
        )
