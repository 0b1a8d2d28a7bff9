"""Tables of a cluster's run: files and folders, on a disk that all nodes see or on S3."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, cast

from grader.errors import OutputError, TableError
from grader.extras import require
from grader.files import check_output
from grader.tables.delimiter import find_delimiter
from grader.tables.formats import Format, format_of_output, named_format
from grader.tables.header import check_header
from grader.tables.parquet import ParquetTable
from grader.tables.table import ReadAs, Row, Table, sign_of, written_delimiter
from grader.tables.writers import STDOUT, text_writer

_EXTRA = "ray"
_READ: tuple[Format, ...] = ("csv", "parquet")
_URI = "://"
_SAMPLE_LINES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Files of one format, which together are one table."""

    filesystem: Any
    """Of pyarrow: opens the files."""
    files: tuple[str, ...]
    table: Table
    """Its name, columns and schema; its rows are read by the nodes."""
    encoding: str
    delimiter: str
    """Both of CSV alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a run writes: one file, or a folder of parts in the order of the input."""

    name: str
    form: Format
    file: Path | None = None
    """The file, if it is one."""
    filesystem: Any = None
    folder: str = ""
    aside: str = ""
    """Where a folder's parts are written until all are there; the folder itself on S3."""
    delimiter: str = ","
    """Of CSV."""


def find_source(inputs: Sequence[str], read_as: ReadAs | None = None) -> Source:
    """All inputs as one table; only names, and the head of the first file, are read.

    Args:
        inputs: files and folders of CSV (perhaps gzipped) or Parquet, local or ``s3://``.
        read_as: what is known of CSV; it is UTF-8 if nothing else is said.

    Raises:
        TableError: there is none, they are of several formats, or the first can't be read.
        MissingExtraError: pyarrow is not installed.
    """
    read_as = read_as or ReadAs()
    encoding = read_as.encoding
    fs = require("pyarrow.fs", _EXTRA)
    found = [_listed(fs, name) for name in inputs]
    filesystem = found[0][0]
    if any(other != filesystem for other, _ in found):
        raise TableError("the inputs lie in several places: grade each in a run of its own")
    files = tuple(dict.fromkeys(file for _, files in found for file in files))
    forms = {named_format(file) for file in files}
    if len(forms) > 1 or not forms <= set(_READ):
        raise TableError(
            f"{', '.join(inputs)}: a cluster reads CSV or Parquet, all files of one kind: convert "
            "them, or leave out --engine ray"
        )
    name = inputs[0] if len(inputs) == 1 else f"{inputs[0]} and {len(inputs) - 1} more"
    first = _InFile(filesystem, files[0])
    delimiter, schema = ",", None
    if forms == {"parquet"}:
        schema = first.schema()
        columns: Sequence[str] = schema.names
    else:
        delimiter, columns = first.header(encoding or "utf-8-sig", read_as.sign)
    return Source(
        filesystem=filesystem,
        files=files,
        table=Table(
            name=name,
            form=cast("Format", forms.pop()),
            columns=check_header(columns, files[0]),
            numbered=_no_rows,
            schema=schema,
            delimiter=delimiter,
        ),
        encoding=encoding or "utf-8",
        delimiter=delimiter,
    )


def find_target(
    output: str, source: Source, *, force: bool, delimiter: str | None = None
) -> Target:
    """What is to be written: by its ending a file, else a folder of the input's format.

    A CSV gets the ``delimiter``, or that of the input.

    Raises:
        OutputError: it is there already, or can't be written.
    """
    sign = sign_of(delimiter) or written_delimiter(source.table)
    if named_format(output) is None and output != str(STDOUT):
        return replace(_folder(output, source.table.form), delimiter=sign)
    if _URI in output or output == str(STDOUT):
        raise OutputError(f"{output}: a cluster writes it in parts: name a folder")
    file = Path(output)
    check_output(file, force=force)
    if any(Path(name).resolve() == file.resolve() for name in source.files):
        raise OutputError(f"{output}: is an input too: choose another name")
    form = format_of_output(file)
    if form == "xlsx":
        raise OutputError(
            f"{output}: a cluster's table is too large for a sheet: write .csv, .jsonl or "
            ".parquet, or name a folder"
        )
    return Target(name=output, form=form, file=file, delimiter=sign)


def write_part(
    target: Target, number: int, columns: Sequence[str], schema: Any, rows: Iterable[Row]
) -> None:
    """Write a part of a folder; to write it again replaces it.

    Args:
        target: the folder.
        number: of the part: parts are in the order of their names.
        columns: of the part.
        schema: the Arrow schema of input columns, for Parquet.
        rows: what it holds.
    """
    path = f"{target.aside}/part-{number:06}.{target.form}"
    with target.filesystem.open_output_stream(path, compression=None) as stream:
        writer = (
            ParquetTable(stream, columns, schema)
            if target.form == "parquet"
            else text_writer(stream, target.form, columns, target.delimiter)
        )
        writer.write(rows)
        writer.close()


@contextmanager
def whole(target: Target) -> Iterator[None]:
    """A folder that holds all parts when the block is left, or is not there.

    Raises:
        OutputError: it can't be made.
    """
    try:
        with _naming_output(target.name):
            if target.aside != target.folder:
                with suppress(FileNotFoundError):  # of a run that was killed
                    target.filesystem.delete_dir(target.aside)
            target.filesystem.create_dir(target.aside)
        yield
        if target.aside != target.folder:
            with _naming_output(target.name), suppress(FileNotFoundError):
                Path(target.folder).rmdir()  # is empty: ``find_target`` saw to that
            with _naming_output(target.name):
                target.filesystem.move(target.aside, target.folder)
    except BaseException:
        with suppress(OSError):
            target.filesystem.delete_dir(target.aside)
        raise


def _listed(fs: Any, name: str) -> tuple[Any, list[str]]:
    """Where an input lies, and its files."""
    with _naming(name):
        filesystem, path = fs.FileSystem.from_uri(_absolute(name))
        info = filesystem.get_file_info(path)
        if info.type == fs.FileType.NotFound:
            raise TableError(f"{name}: there is no such file or folder")
        if info.type != fs.FileType.Directory:
            return filesystem, [path]
        inside = filesystem.get_file_info(fs.FileSelector(path))
    files = sorted(i.path for i in inside if i.is_file and named_format(i.base_name) is not None)
    if not files:
        raise TableError(f"{name}: there is no table in this folder")
    return filesystem, files


def _folder(output: str, form: Format) -> Target:
    fs = require("pyarrow.fs", _EXTRA)
    with _naming_output(output):
        filesystem, path = fs.FileSystem.from_uri(_absolute(output))
        path = path.rstrip("/")
        info = filesystem.get_file_info(path)
        taken = info.is_file or (
            info.type == fs.FileType.Directory and filesystem.get_file_info(fs.FileSelector(path))
        )
    if taken:
        raise OutputError(f"{output}: is there already: name a new or an empty folder")
    aside = path
    if _URI not in output:
        if not Path(path).parent.is_dir():
            raise OutputError(f"{output}: there is no folder {Path(path).parent}: make it first")
        aside = str(Path(path).with_name(f".{Path(path).name}.partial"))
    return Target(name=output, form=form, filesystem=filesystem, folder=path, aside=aside)


def _absolute(name: str) -> str:
    return name if _URI in name else str(Path(name).resolve())


def _no_rows() -> Iterator[tuple[int, Row]]:
    return iter(())


@dataclass(frozen=True, slots=True)
class _InFile:
    """The file whose head stands for all."""

    filesystem: Any
    path: str

    def schema(self) -> Any:
        with _naming(self.path):
            return require("pyarrow.parquet", _EXTRA).read_schema(
                self.path, filesystem=self.filesystem
            )

    def header(self, encoding: str, delimiter: str | None) -> tuple[str, list[str]]:
        """Delimiter and columns of a CSV."""
        with _naming(self.path):
            found = delimiter or self._delimiter(encoding)
            return found, self._columns(encoding, found)

    def _delimiter(self, encoding: str) -> str:
        with self._text(encoding) as stream:
            return find_delimiter(list(islice(stream, _SAMPLE_LINES)), self.path)

    def _columns(self, encoding: str, delimiter: str) -> list[str]:
        with self._text(encoding) as stream:
            rows = csv.reader(stream, strict=True, delimiter=delimiter)
            return next((row for row in rows if row), [])

    @contextmanager
    def _text(self, encoding: str) -> Iterator[io.TextIOWrapper]:
        with self.filesystem.open_input_stream(self.path) as raw:
            stream = io.TextIOWrapper(cast("BinaryIO", raw), encoding=encoding, newline="")
            yield stream
            stream.detach()


@contextmanager
def _naming(name: str) -> Iterator[None]:
    arrow = require("pyarrow", _EXTRA)
    try:
        yield
    except (arrow.ArrowException, OSError, ValueError, LookupError, csv.Error) as error:
        problem = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise TableError(f"{name}: can't be read: {problem}") from error


@contextmanager
def _naming_output(name: str) -> Iterator[None]:
    arrow = require("pyarrow", _EXTRA)
    try:
        yield
    except (arrow.ArrowException, OSError, ValueError) as error:
        problem = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise OutputError(f"{name}: can't be written: {problem}") from error
