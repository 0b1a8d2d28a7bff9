"""CSV and TSV: rows of cells between delimiters, read a row at a time."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from grader.errors import TableError
from grader.tables.delimiter import (
    declared_delimiter,
    find_delimiter,
    fits_header,
    has_row_names,
)
from grader.tables.encodings import Encoding, is_stray, mended, stray_note
from grader.tables.formats import Format
from grader.tables.header import Header, Layout, find_header, rows_under
from grader.tables.table import ReadAs, Row, Table, Wanted
from grader.tables.textfile import LINE_LIMIT, bounded_lines, open_text

_SAMPLE_LINES = 1000
_HEAD_ROWS = 50


@dataclass(frozen=True, slots=True)
class _Line:
    """A row of cells: its number as a spreadsheet counts, and the file's lines that it takes."""

    number: int
    first: int
    last: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class _Source:
    """A CSV file and how it is read."""

    file: Path
    encoding: Encoding
    delimiter: str
    skipped: int
    """Lines in front that are no row: ``sep=;``."""
    spaced: bool = False
    """Whether a blank follows each delimiter and is no part of a cell."""

    @contextmanager
    def lines(self) -> Iterator[Iterator[_Line]]:
        """All rows; blank ones have no filled cell."""
        csv.field_size_limit(LINE_LIMIT)
        with open_text(self.file, self.encoding) as stream:
            lines = bounded_lines(stream, self.file)
            for _ in range(self.skipped):
                next(lines, None)
            reader = csv.reader(
                lines, strict=True, delimiter=self.delimiter, skipinitialspace=self.spaced
            )
            yield self._numbered(reader)

    def _numbered(self, reader: Any) -> Iterator[_Line]:
        before = 0
        try:
            for number, cells in enumerate(reader, start=1):
                first = before + 1 + self.skipped
                before = reader.line_num
                yield _Line(number, first, before + self.skipped, cells)
        except csv.Error as error:
            raise TableError(self._ill_formed(before + 1 + self.skipped, error)) from error

    def _ill_formed(self, first: int, error: csv.Error) -> str:
        """What is wrong with the row that begins at a line of the file."""
        opened = _open_quote(self, first)
        if opened is not None and "unexpected end" in str(error):
            return (
                f"{self.file}:{opened}: is not a well-formed CSV: a double quote opens here and "
                "is never closed: close it, or remove it"
            )
        return (
            f"{self.file}:{first}: is not a well-formed CSV: {error}: text in double quotes must "
            "end with one, and quotes inside it must be doubled"
        )

    def cells(self) -> Iterator[tuple[int, list[str]]]:
        """Number and cells of each row."""
        with self.lines() as lines:
            for line in lines:
                yield line.number, self.mended(line.cells)

    def mended(self, cells: list[str]) -> list[str]:
        return [mended(cell) for cell in cells] if self.encoding.mixed else cells


def open_delimited(
    file: Path,
    form: Format,
    encoding: Encoding,
    read_as: ReadAs,
    wanted: Wanted | None,
    notes: tuple[str, ...] = (),
) -> Table:
    """A CSV or TSV file as a table.

    Args:
        file: the file.
        form: which of the two its name says.
        encoding: its encoding.
        read_as: what the user says of it.
        wanted: tells names that are looked for in its header.
        notes: what the user should hear first.

    Raises:
        TableError: it has no header, is not well-formed, or a row has text beyond the header.
    """
    source = _source(file, form, encoding, read_as, wanted)
    filled = (row for row in source.cells() if any(cell.strip() for cell in row[1]))
    head = list(islice(filled, _HEAD_ROWS))
    header = find_header(head, str(file), told=read_as.header_row, wanted=wanted)
    header = _with_row_names([*head, *islice(filled, _HEAD_ROWS)], header)
    layout, strays = _looked_through(source, header, wanted)
    columns = layout.columns()

    def numbered() -> Iterator[tuple[int, Row]]:
        return rows_under(columns, header, _checked(source, header), blank="")

    return Table(
        name=str(file),
        form=form,
        columns=tuple(columns.values()),
        numbered=numbered,
        notes=(*notes, *header.notes, *layout.notes(), *stray_note(file, strays, "row")),
        delimiter=source.delimiter,
        likelier_header=header.likelier,
    )


def _source(
    file: Path, form: Format, encoding: Encoding, read_as: ReadAs, wanted: Wanted | None
) -> _Source:
    with open_text(file, encoding) as stream:
        lines = bounded_lines(stream, file)
        sample = list(islice(lines, _SAMPLE_LINES))
        if next(lines, None) is not None:
            sample = _whole_rows(sample)
    declared = declared_delimiter(sample[0].rstrip("\r\n")) if sample else None
    skipped = 0 if declared is None else 1
    delimiter = read_as.sign or declared
    if delimiter is None:
        first = "\t" if form == "tsv" else ","
        delimiter = find_delimiter(sample, str(file), wanted=wanted, first=first)
    spaced = _is_spaced(sample[skipped:], delimiter)
    return _Source(file, encoding, delimiter, skipped, spaced)


def _is_spaced(sample: list[str], delimiter: str) -> bool:
    """Whether the first row has a blank after each delimiter, as people type them."""
    line = next((line for line in sample if line.strip()), "")
    inner = line.rstrip("\r\n").split(delimiter)[1:]
    return bool(inner) and delimiter != "\t" and all(cell[:1] == " " for cell in inner)


def _whole_rows(sample: list[str]) -> list[str]:
    """The lines up to the last of which it is sure that a row ends there."""
    quotes = 0
    end = 0
    for at, line in enumerate(sample, start=1):
        quotes += line.count('"')
        if quotes % 2 == 0:
            end = at
    return sample[:end] or sample


def _with_row_names(rows: list[tuple[int, list[str]]], header: Header) -> Header:
    """The header with a nameless column in front where R has left its name out."""
    below = [cells for n, cells in rows if n > header.number and n not in header.below]
    sample = below[:_HEAD_ROWS]
    if sample and has_row_names(sample, len(header.names)) and all(row[-1:] for row in sample):
        return Header(header.number, ("", *header.names), header.below, header.notes)
    return header


def _looked_through(
    source: _Source, header: Header, wanted: Wanted | None
) -> tuple[Layout, list[int]]:
    """What is to be known of all rows below the header, and rows with stray bytes."""
    layout = Layout(header, str(source.file), wanted)
    strays: list[int] = []
    width = len(header.names)
    before: _Line | None = None
    empty = 0
    with source.lines() as lines:
        for line in lines:
            if source.encoding.mixed and any(map(is_stray, line.cells)):
                strays.append(line.number)
            if line.number <= header.number or line.number in header.below:
                continue
            if not any(cell.strip() for cell in line.cells):
                empty += not line.cells
                layout.blank += bool(line.cells)
                continue
            layout.blank, empty = layout.blank + empty, 0
            if not _is_whole(line, width, before):
                break  # who reads the rows will hear of it
            if len(line.cells) < width:
                layout.short.append(line.number)
            layout.look_at(line.number, line.cells)
            before = line
    return layout, strays


def _checked(source: _Source, header: Header) -> Iterator[tuple[int, list[str]]]:
    """Number and cells of each row.

    Raises:
        TableError: a row below the header has text beyond it, or is the rest of another.
    """
    width = len(header.names)
    before: _Line | None = None
    with source.lines() as lines:
        for line in lines:
            if line.number > header.number and any(cell.strip() for cell in line.cells):
                if line.number not in header.below and not _is_whole(line, width, before):
                    raise TableError(_not_whole(source, line, width))
                before = line
            yield line.number, source.mended(line.cells)


def _is_whole(line: _Line, width: int, before: _Line | None) -> bool:
    return fits_header(line.cells, width) and not _is_rest(line.cells, width, before)


def _not_whole(source: _Source, line: _Line, width: int) -> str:
    """What is wrong with a row that has text beyond the header, or is the rest of another."""
    signs = {",": "commas", ";": "semicolons", "\t": "tabs"}
    what = signs.get(source.delimiter, f"'{source.delimiter}'")
    have = "1 cell" if len(line.cells) == 1 else f"{len(line.cells)} cells"
    return (
        f"{source.file}:{line.last}: has {have}, the header {width}: put text that holds {what} "
        "or line ends in double quotes"
    )


def _is_rest(cells: list[str], width: int, before: _Line | None) -> bool:
    """Whether a short row is what a line end inside a text without quotes has torn off.

    Its first cell is prose then, where other rows have a name, or a comma stands before a blank.
    """
    if before is None or len(cells) >= width:
        return False
    if _has_prose_commas(cells) and not _has_prose_commas(before.cells):
        return True
    return _is_prose(cells[0]) and not _is_prose(before.cells[0])


def _has_prose_commas(cells: list[str]) -> bool:
    return any(cell[:1] == " " for cell in cells[1:])


def _is_prose(text: str) -> bool:
    """Whether most of several words begin small, as those of a person's name don't."""
    words = text.split()
    return len(words) > 1 and sum(word[0].islower() for word in words) > len(words) / 2


def _open_quote(source: _Source, first: int) -> int | None:
    """The line, from ``first`` on, whose quote is still open at the end of the file."""
    opened = None
    with open_text(source.file, source.encoding) as stream:
        for number, line in enumerate(bounded_lines(stream, source.file), start=1):
            if number >= first and line.count('"') % 2:
                opened = number if opened is None else None
    return opened
