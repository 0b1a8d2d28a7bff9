"""Which format a table file has, by its content when reading and by its name when writing."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Literal, cast

from grader.errors import OutputError, TableError

Format = Literal["csv", "tsv", "jsonl", "parquet", "xlsx"]

GZIP = ".gz"
_BY_ENDING: dict[str, Format] = {
    ".csv": "csv",
    ".txt": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".xlsx": "xlsx",
}
TEXT_FORMATS: tuple[Format, ...] = ("csv", "tsv", "jsonl")
_HEAD = 4096
_GZIP_MAGIC = b"\x1f\x8b"
_MAGIC: dict[bytes, Format] = {b"PAR1": "parquet", b"PK\x03\x04": "xlsx"}
_NOT_A_TABLE = {
    b"\xd0\xcf\x11\xe0": "is an old or password-protected Excel file: save it as .xlsx",
    b"%PDF": "is a PDF: export the table as CSV",
}
_PAGES = (b"<html", b"<!doctype", b"<table", b"<?xml", b"<head", b"<meta")
_SPACE = b"\xef\xbb\xbf \t\r\n"


def named_format(name: str) -> Format | None:
    """The format that a name says, with or without ``.gz``."""
    plain = Path(name.lower().removesuffix(GZIP))
    return _BY_ENDING.get(plain.suffix)


def is_table_name(name: str) -> bool:
    """Whether a file in a folder is taken for a table, by its ending."""
    return named_format(name) is not None


def format_of_output(file: Path) -> Format:
    """The format that an output's name asks for.

    Raises:
        OutputError: the ending is unknown, or a format that packs itself is to be gzipped.
    """
    packed = file.suffix.lower() == GZIP
    form = named_format(file.name)
    if form is None:
        raise OutputError(
            f"{file}: its ending names no format: choose .csv, .tsv, .jsonl (each perhaps with "
            ".gz), .parquet or .xlsx"
        )
    if packed and form not in TEXT_FORMATS:
        raise OutputError(f"{file}: {form} is compressed as it is: leave out the .gz")
    return form


def format_of_input(file: Path) -> Format:
    """The format of an existing file: its content decides, then its name.

    Raises:
        TableError: it can't be read, or is no table.
    """
    head = read_head(file)
    for magic, problem in _NOT_A_TABLE.items():
        if head.startswith(magic):
            raise TableError(f"{file}: {problem}")
    for magic, form in _MAGIC.items():
        if head.startswith(magic):
            return form
    if head.lstrip(_SPACE).lower().startswith(_PAGES):
        raise TableError(
            f"{file}: is a web page, whatever its name says: open it with a spreadsheet program "
            "and save it as .xlsx or CSV"
        )
    named = named_format(file.name)
    if named in TEXT_FORMATS:
        return named
    return "jsonl" if head.lstrip(_SPACE).startswith((b"{", b"[")) else "csv"


def read_head(file: Path) -> bytes:
    """The first bytes of a file, unpacked.

    Raises:
        TableError: it can't be read.
    """
    with open_bytes(file) as stream:
        return stream.read(_HEAD)


@contextmanager
def open_bytes(file: Path) -> Iterator[BinaryIO]:
    """The bytes of a file, unpacked where they are gzipped, whatever its name says.

    Raises:
        TableError: it can't be read, or its gzip is damaged.
    """
    try:
        with file.open("rb") as raw:
            packed = raw.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
            raw.seek(0)
            yield cast("BinaryIO", gzip.GzipFile(fileobj=raw)) if packed else raw
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise TableError(f"{file}: its gzip is damaged: {error}") from error
    except OSError as error:
        raise TableError(f"{file}: can't be read: {error.strerror or error}") from error
