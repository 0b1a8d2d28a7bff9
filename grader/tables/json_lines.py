"""JSON as a table: an object a line, or a document that holds a list of objects."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from grader.errors import TableError
from grader.reading.text import without_halves
from grader.tables.encodings import Encoding, is_stray, mended, stray_note
from grader.tables.table import Row, Table, Wanted
from grader.tables.textfile import bounded_lines, open_text

_HALF = re.compile(r"\\u[dD][89a-fA-F]")
_DOCUMENT_LIMIT = 200_000_000
"""Characters of a document, which is held in memory as a whole."""


def open_json(
    file: Path, encoding: Encoding, wanted: Wanted | None = None, notes: tuple[str, ...] = ()
) -> Table:
    """JSON lines, or a JSON document, as a table.

    Args:
        file: the file.
        encoding: its encoding.
        wanted: tells keys that are looked for: an object that has one is a row.
        notes: what the user should hear.

    Raises:
        TableError: a line is not an object, or the document holds no list of objects.
    """
    strays = _strays(file, encoding)
    document = _document(file, encoding, wanted)
    if document is not None:
        rows = _rows_of(document, str(file), wanted)

        def numbered() -> Iterator[tuple[int, Row]]:
            return iter(enumerate(rows, start=1))
    else:

        def numbered() -> Iterator[tuple[int, Row]]:
            return _lines(file, encoding)

    # A key may turn up in any line, and a CSV's header has to name it.
    columns = dict.fromkeys(key for _, row in numbered() for key in row)
    if not columns:
        raise TableError(f"{file}: is empty: each line must be a JSON object")
    return Table(
        name=str(file),
        form="jsonl",
        columns=tuple(columns),
        numbered=numbered,
        notes=(*notes, *stray_note(file, strays, "line")),
    )


def _strays(file: Path, encoding: Encoding) -> list[int]:
    """The lines of a mixed file that hold stray bytes."""
    if not encoding.mixed:
        return []
    with open_text(file, encoding) as stream:
        lines = enumerate(bounded_lines(stream, file), start=1)
        return [number for number, line in lines if is_stray(line)]


@contextmanager
def _text(file: Path, encoding: Encoding) -> Iterator[Iterator[str]]:
    """The file's lines, without stray bytes."""
    with open_text(file, encoding) as stream:
        lines = bounded_lines(stream, file)
        yield map(mended, lines) if encoding.mixed else lines


def _lines(file: Path, encoding: Encoding) -> Iterator[tuple[int, Row]]:
    with _text(file, encoding) as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield number, _parse_line(line, f"{file}:{number}")


def _parse_line(line: str, where: str) -> Row:
    row = _parsed(line, where)
    if not isinstance(row, dict):
        raise TableError(f'{where}: must be an object, such as {{"answer": "…"}}')
    return row


def _parsed(text: str, where: str) -> Any:
    try:
        value = json.loads(text, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        raise TableError(f"{where}: is not JSON: {error.msg} (column {error.colno})") from error
    except (ValueError, RecursionError) as error:
        raise TableError(f"{where}: can't be read as JSON: {error}") from error
    return _all_without_halves(value) if _HALF.search(text) else value


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


# ── documents ───────────────────────────────────────────────────────────────


def _document(file: Path, encoding: Encoding, wanted: Wanted | None) -> Any:
    """The file as one JSON value, if it is that and not an object a line; else None."""
    with _text(file, encoding) as lines:
        first = next((line for line in lines if line.strip()), "")
    with suppress(TableError):
        row = _parsed(first, "")
        if isinstance(row, dict) and (_is_row(row, wanted) or not _holds_rows(row)):
            return None
    with _text(file, encoding) as lines:
        text = "".join(lines) if _is_small(file) else ""
    with suppress(TableError):
        return _parsed(text, "")
    return None


def _is_small(file: Path) -> bool:
    return file.stat().st_size <= _DOCUMENT_LIMIT


def _is_row(value: Mapping[str, Any], wanted: Wanted | None) -> bool:
    """Whether an object is a row itself, whatever lists it holds."""
    named = [cell for key, cell in value.items() if wanted is not None and wanted(key)]
    return bool(named) and not all(isinstance(cell, dict) for cell in named)


def _holds_rows(value: Mapping[str, Any]) -> bool:
    return any(map(_is_rows, value.values())) or _is_frame(value) or _is_split(value)


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(i, dict) for i in value)


def _is_frame(value: Mapping[str, Any]) -> bool:
    """Whether this is how pandas writes a table by default: cells by row, by column."""
    cells = list(value.values())
    return (
        bool(cells)
        and all(isinstance(column, dict) and column for column in cells)
        and len({tuple(column) for column in cells}) == 1
        and not any(isinstance(cell, dict) for column in cells for cell in column.values())
    )


def _rows_of(document: Any, name: str, wanted: Wanted | None) -> list[Row]:
    """The rows that a document holds.

    Raises:
        TableError: it is not plain which.
    """
    if _is_rows(document):
        return list(document)
    if isinstance(document, dict):
        if _is_row(document, wanted):
            return [document]
        if _is_frame(document):
            keys = next(iter(document.values()))
            return [{column: cells[key] for column, cells in document.items()} for key in keys]
        lists = {key: value for key, value in document.items() if _is_rows(value)}
        if len(lists) == 1:
            return list(next(iter(lists.values())))
        if len(lists) > 1:
            named = ", ".join(f"'{key}'" for key in lists)
            raise TableError(
                f"{name}: holds several lists of objects ({named}): keep the one with the answers"
            )
        if _is_split(document):
            return [dict(zip(document["columns"], r, strict=True)) for r in document["data"]]
    raise TableError(
        f"{name}: is JSON, but not a list of objects nor an object that holds one: write an "
        'object a line, such as {"answer": "…"}'
    )


def _is_split(value: Mapping[str, Any]) -> bool:
    """Whether this is how pandas writes a table with ``orient='split'``."""
    columns, data = value.get("columns"), value.get("data")
    return (
        isinstance(columns, list)
        and isinstance(data, list)
        and all(isinstance(name, str) for name in columns)
        and all(isinstance(row, list) and len(row) == len(columns) for row in data)
    )
