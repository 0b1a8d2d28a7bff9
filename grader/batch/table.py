"""Reading and writing tables of answers: CSV, strictly, a row at a time."""

from __future__ import annotations

import csv
import os
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from grader.errors import OutputError, TableError

Row = dict[str, str]
_CELL_LIMIT = 10_000_000


@contextmanager
def open_table(
    file: Path, encoding: str | None = None
) -> Iterator[tuple[list[str], Iterator[Row]]]:
    """The header of a CSV and its rows, read as they are asked for.

    Raises:
        TableError: the file can't be read, has no or a duplicate header, a row whose
            length differs from the header's, a NUL byte, or another encoding.
    """
    csv.field_size_limit(_CELL_LIMIT)
    try:
        stream = file.open(encoding=encoding or "utf-8-sig", newline="")
    except OSError as error:
        raise TableError(f"{file}: can't be read: {error.strerror}") from error
    except LookupError as error:
        raise TableError(f"unknown encoding '{encoding}': try utf-8, latin-1 or utf-16") from error
    with stream, _naming(file, encoding):
        rows = csv.reader(_without_nul(stream, file), strict=True)
        header = next(rows, None)
        if not header:
            raise TableError(f"{file}: is empty: the first row must name the columns")
        _check_header(header, file)
        yield header, _rows(rows, header, file)


@contextmanager
def _naming(file: Path, encoding: str | None) -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError as error:
        raise TableError(
            f"{file}: is not {encoding or 'UTF-8'} (byte {error.start}): save it as UTF-8, "
            "or add  --encoding latin-1  (or utf-16)"
        ) from error
    except csv.Error as error:
        raise TableError(f"{file}: is not a well-formed CSV: {error}") from error


def _without_nul(stream: TextIO, file: Path) -> Iterator[str]:
    for number, line in enumerate(stream, start=1):
        if "\0" in line:
            raise TableError(f"{file}:{number}: holds a NUL byte: export the table again as CSV")
        yield line


def _check_header(header: Sequence[str], file: Path) -> None:
    repeated = [name for name, n in Counter(header).items() if n > 1]
    if repeated:
        raise TableError(
            f"{file}: column '{repeated[0]}' stands twice: rename one of the two in the first row"
        )


def _rows(rows: Any, header: Sequence[str], file: Path) -> Iterator[Row]:
    for cells in rows:
        if not cells:
            continue
        if len(cells) != len(header):
            raise TableError(
                f"{file}:{rows.line_num}: has {len(cells)} cells, the header {len(header)}: "
                "put text that holds commas or line ends in double quotes"
            )
        yield dict(zip(header, cells, strict=True))


@contextmanager
def new_table(file: Path, *, force: bool) -> Iterator[TextIO]:
    """A file that is written aside and moved into place when all is well.

    When the block is left by an exception the output is not touched; what was written so
    far is kept beside it with the ending ``.partial``.

    Raises:
        OutputError: the output exists (and ``force`` is not given) or can't be written.
    """
    check_output(file, force=force)
    aside = partial_file(file)
    try:
        handle, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    except OSError as error:
        raise OutputError(f"{file}: can't be written: {error.strerror}") from error
    scratch = Path(name)
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
        try:
            yield stream
        except BaseException:
            stream.flush()
            scratch.replace(aside) if stream.tell() else scratch.unlink()
            raise
    scratch.chmod(0o644)
    scratch.replace(file)
    aside.unlink(missing_ok=True)


def partial_file(file: Path) -> Path:
    """Where the rows of an interrupted run are kept."""
    return file.with_name(file.name + ".partial")


def check_output(file: Path, *, force: bool) -> None:
    """Refuse an output that must not or can't be written, before any work is done.

    Raises:
        OutputError: it exists, is a folder, or its folder is missing.
    """
    if file.is_dir():
        raise OutputError(f"{file}: is a folder: name a file to write")
    if file.exists() and not force:
        raise OutputError(f"{file}: exists already: choose another name, or add  --force")
    if not file.parent.is_dir():
        raise OutputError(f"{file}: there is no folder {file.parent}: make it first")
    if not os.access(file.parent, os.W_OK):
        raise OutputError(f"{file}: can't be written: no permission in {file.parent}")


class TableWriter:
    """Writes rows as CSV; cells are plain text."""

    def __init__(self, stream: TextIO, columns: Sequence[str]) -> None:
        self._writer = csv.DictWriter(stream, columns, lineterminator="\n")
        self._begun = False

    def write(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Write rows; the header goes before the first, or alone where there are none."""
        if not self._begun:
            self._writer.writeheader()
            self._begun = True
        self._writer.writerows(rows)
