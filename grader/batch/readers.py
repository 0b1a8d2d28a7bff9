"""Reading tables of answers, a row at a time, as often as asked."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from grader.batch.encodings import find_encoding
from grader.batch.formats import Format, format_of_input, open_bytes
from grader.columns import as_text
from grader.errors import TableError
from grader.text import without_halves

Row = dict[str, Any]
"""Cells by column. Text formats hold text; the others keep numbers, dates and the like."""

_LINE_LIMIT = 10_000_000
_DELIMITERS = ",;\t"
_HALF = re.compile(r"\\u[dD][89a-fA-F]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table that can be read again and again; nothing of it is held in memory."""

    name: str
    form: Format
    columns: tuple[str, ...]
    numbered: Callable[[], Iterator[tuple[int, Row]]]
    """Its rows from the first on, each with the number that a person finds it by: in CSV, TSV
    and XLSX that of a spreadsheet, whose row 1 is the header and where blank rows count; in
    JSONL the line; in Parquet counted from 1. Raises ``TableError`` where the file is broken."""
    notes: tuple[str, ...] = ()
    """What the user should hear, such as a guessed encoding."""
    schema: Any = None
    """The Arrow schema of a Parquet file, so that its types survive."""

    def rows(self) -> Iterator[Row]:
        """The rows without their numbers."""
        return (row for _, row in self.numbered())


def open_table(file: Path, encoding: str | None = None) -> Table:
    """A table of any format; its content says which, its name where that leaves it open.

    Args:
        file: CSV, TSV, JSONL (each perhaps gzipped), Parquet or XLSX.
        encoding: of a text format; found if not given.

    Raises:
        TableError: it can't be read, has no header or a column twice, or is damaged.
        MissingExtraError: the format needs an extra that is not installed.
    """
    if file.is_dir():
        raise TableError(f"{file}: is a folder")
    form = format_of_input(file)
    if form == "parquet":
        from grader.batch.parquet import open_parquet

        return open_parquet(file)
    if form == "xlsx":
        from grader.batch.xlsx import open_xlsx

        return open_xlsx(file)
    found = find_encoding(file, encoding)
    guess = f"{file}: read as {found.name}, by the look of it: if that is wrong, add --encoding"
    notes = (guess,) if found.guessed else ()
    if form == "jsonl":
        return _open_jsonl(file, found.name, notes)
    return _open_csv(file, form, found.name, notes)


def text_rows(table: Table) -> Iterator[tuple[int, dict[str, str]]]:
    """Number and row, with every cell as text, and every column there."""
    for number, row in table.numbered():
        yield number, {column: as_text(row.get(column)) for column in table.columns}


def check_header(header: Sequence[str], name: str) -> tuple[str, ...]:
    """The column names, once they are sure to tell all columns apart.

    Raises:
        TableError: there are none, or one stands twice.
    """
    if not any(header):
        raise TableError(f"{name}: is empty: the first row must name the columns")
    repeated = [column for column, n in Counter(header).items() if n > 1]
    if repeated:
        raise TableError(
            f"{name}: column '{repeated[0]}' stands twice: rename one of the two in the first row"
        )
    return tuple(header)


# ── CSV and TSV ─────────────────────────────────────────────────────────────


def _open_csv(file: Path, form: Format, encoding: str, notes: tuple[str, ...]) -> Table:
    delimiter = "\t" if form == "tsv" else _delimiter(file, encoding)
    with _csv_cells(file, encoding, delimiter) as cells:
        header = check_header(next(cells, (0, 0, []))[2], str(file))

    def rows() -> Iterator[tuple[int, Row]]:
        with _csv_cells(file, encoding, delimiter) as cells:
            next(cells, None)
            for number, line, row in cells:
                if len(row) != len(header):
                    raise TableError(
                        f"{file}:{line}: has {len(row)} cells, the header {len(header)}: "
                        f"put text that holds {_spelt(delimiter)} or line ends in double quotes"
                    )
                yield number, dict(zip(header, row, strict=True))

    return Table(name=str(file), form=form, columns=header, numbered=rows, notes=notes)


@contextmanager
def _csv_cells(
    file: Path, encoding: str, delimiter: str
) -> Iterator[Iterator[tuple[int, int, list[str]]]]:
    """The number, the last line and the cells of each row that is not blank."""
    csv.field_size_limit(_LINE_LIMIT)
    with _text(file, encoding) as stream:
        reader = csv.reader(_lines(stream, file), strict=True, delimiter=delimiter)
        try:
            yield ((n, reader.line_num, cells) for n, cells in enumerate(reader, 1) if cells)
        except csv.Error as error:
            raise TableError(f"{file}: is not a well-formed CSV: {error}") from error


def _delimiter(file: Path, encoding: str) -> str:
    with _text(file, encoding) as stream:
        return delimiter_of(next(_lines(stream, file), ""))


def delimiter_of(header: str) -> str:
    """Comma, or what the header holds most of: spreadsheets of many countries write ``;``."""
    outside = "".join(header.split('"')[::2])
    return max(_DELIMITERS, key=outside.count)


def _spelt(delimiter: str) -> str:
    return {",": "commas", ";": "semicolons", "\t": "tabs"}[delimiter]


# ── JSONL ───────────────────────────────────────────────────────────────────


def _open_jsonl(file: Path, encoding: str, notes: tuple[str, ...]) -> Table:
    def rows() -> Iterator[tuple[int, Row]]:
        with _text(file, encoding) as stream:
            for number, line in enumerate(_lines(stream, file), start=1):
                if line.strip():
                    yield number, _parse_line(line, f"{file}:{number}")

    # A key may turn up in any line, and a CSV's header has to name it.
    columns = dict.fromkeys(key for _, row in rows() for key in row)
    if not columns:
        raise TableError(f"{file}: is empty: each line must be a JSON object")
    return Table(name=str(file), form="jsonl", columns=tuple(columns), numbered=rows, notes=notes)


def _parse_line(line: str, where: str) -> Row:
    try:
        row = json.loads(line, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        raise TableError(f"{where}: is not JSON: {error.msg} (column {error.colno})") from error
    except (ValueError, RecursionError) as error:
        raise TableError(f"{where}: can't be read as JSON: {error}") from error
    if not isinstance(row, dict):
        raise TableError(f'{where}: must be an object, such as {{"answer": "…"}}')
    return _all_without_halves(row) if _HALF.search(line) else row


def _all_without_halves(value: Any) -> Any:
    """The same, each text in it ``without_halves``."""
    if isinstance(value, str):
        return without_halves(value)
    if isinstance(value, list):
        return [_all_without_halves(item) for item in value]
    if isinstance(value, dict):
        return {_all_without_halves(key): _all_without_halves(item) for key, item in value.items()}
    return value


def _object(pairs: list[tuple[str, Any]]) -> Row:
    row = dict(pairs)
    if len(row) != len(pairs):
        raise ValueError("a key stands twice")
    return row


# ── text ────────────────────────────────────────────────────────────────────


@contextmanager
def _text(file: Path, encoding: str) -> Iterator[TextIO]:
    with open_bytes(file) as raw:
        stream = io.TextIOWrapper(raw, encoding=encoding, newline="")
        try:
            yield stream
        except UnicodeError as error:
            raise TableError(
                f"{file}: is not {encoding}: leave out --encoding or name another"
            ) from error
        finally:
            stream.detach()


def _lines(stream: TextIO, file: Path) -> Iterator[str]:
    """Lines of bounded length, so that a file without line ends can't fill the memory."""
    number = 0
    while line := stream.readline(_LINE_LIMIT + 1):
        number += 1
        if len(line) > _LINE_LIMIT:
            raise TableError(f"{file}:{number}: the line is longer than {_LINE_LIMIT:,} characters")
        if "\0" in line:
            raise TableError(f"{file}:{number}: holds a NUL byte: export the table again")
        yield line
