"""Text files as lines of bounded length."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from grader.errors import TableError
from grader.tables.encodings import Encoding
from grader.tables.formats import open_bytes

LINE_LIMIT = 10_000_000


@contextmanager
def open_text(file: Path, encoding: Encoding) -> Iterator[TextIO]:
    """The text of a file, perhaps gzipped, its line ends as they are.

    Raises:
        TableError: it can't be read, or is not of that encoding.
    """
    with open_bytes(file) as raw:
        stream = io.TextIOWrapper(raw, encoding=encoding.name, newline="", errors=encoding.errors)
        try:
            yield stream
        except UnicodeError as error:
            raise TableError(
                f"{file}: is not {encoding.name}: leave out --encoding or name another"
            ) from error
        finally:
            stream.detach()


def bounded_lines(stream: TextIO, file: Path) -> Iterator[str]:
    """Lines of bounded length, so that a file without line ends can't fill the memory.

    Raises:
        TableError: a line is too long, or holds a NUL.
    """
    number = 0
    while line := stream.readline(LINE_LIMIT + 1):
        number += 1
        if len(line) > LINE_LIMIT:
            raise TableError(f"{file}:{number}: the line is longer than {LINE_LIMIT:,} characters")
        if "\0" in line:
            raise TableError(f"{file}:{number}: holds a NUL byte: export the table again")
        yield line
