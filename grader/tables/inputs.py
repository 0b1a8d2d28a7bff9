"""What a run reads: files, folders, patterns or standard input, as one table."""

from __future__ import annotations

import glob
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from grader.errors import OutputError, TableError
from grader.files import standard_input
from grader.tables.formats import is_table_name
from grader.tables.read import open_table
from grader.tables.table import ReadAs, Row, Table, Wanted

STDIN = "-"
_STDIN_NAME = "standard input"


@contextmanager
def open_source(
    inputs: Sequence[str],
    output: Path,
    read_as: ReadAs | None = None,
    wanted: Wanted | None = None,
) -> Iterator[Table]:
    """All inputs as one table: their rows one after the other, their columns united.

    Args:
        inputs: files, folders (every table in them), patterns such as ``answers/*.csv``, or
            ``-`` for standard input, which is kept in a temporary file since it is read
            more than once.
        output: what will be written, which must not be among them.
        read_as: what the user says of all of them; the rest is found.
        wanted: tells names of columns that are looked for.

    Raises:
        TableError: there is none, or one can't be read.
        OutputError: the output is one of the inputs, or lies in an input folder.
        MissingExtraError: a format needs an extra that is not installed.
    """
    if STDIN in inputs:
        if len(inputs) > 1:
            raise TableError("standard input can't be read together with files")
        with _spooled() as file:
            with _naming_stdin(str(file)):
                table = open_table(file, read_as, wanted=wanted)
            yield _renamed(table, str(file))
        return
    files = [file for name in inputs for file in _files(name, output)]
    if output.exists() and any(file.samefile(output) for file in files if file.exists()):
        raise OutputError(f"{output}: is an input too: choose another name")
    yield _united([open_table(file, read_as, wanted=wanted) for file in dict.fromkeys(files)])


def _files(name: str, output: Path) -> list[Path]:
    path = Path(name)
    if path.is_dir():
        if output.resolve().parent == path.resolve():
            raise OutputError(
                f"{output}: lies in the input folder, where the next run would read it: "
                "write it elsewhere"
            )
        found = sorted(p for p in path.iterdir() if p.is_file() and is_table_name(p.name))
        if not found:
            raise TableError(f"{name}: there is no table in this folder")
        return found
    if not path.exists() and glob.has_magic(name):
        found = sorted(Path(p) for p in glob.glob(name, recursive=True) if Path(p).is_file())  # noqa: PTH207  # absolute patterns too
        if not found:
            raise TableError(f"{name}: no file matches")
        if any(p.resolve() == output.resolve() for p in found):
            raise OutputError(f"{output}: matches the pattern {name}: write it elsewhere")
        return found
    return [path]


def _united(tables: Sequence[Table]) -> Table:
    if len(tables) == 1:
        return tables[0]
    columns = tuple(dict.fromkeys(column for table in tables for column in table.columns))
    schema = tables[0].schema
    alike = schema is not None and all(t.schema == schema for t in tables[1:])

    def rows() -> Iterator[tuple[int, Row]]:
        for table in tables:
            yield from table.numbered()

    return Table(
        name=f"{tables[0].name} and {len(tables) - 1} more",
        form=tables[0].form,
        columns=columns,
        numbered=rows,
        notes=tuple(note for table in tables for note in table.notes),
        schema=schema if alike else None,
        delimiter=tables[0].delimiter,
        hollow={column: where for table in tables for column, where in table.hollow.items()},
    )


@contextmanager
def _spooled() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="grader-") as folder:
        file = Path(folder) / "input"
        with file.open("wb") as copy:
            shutil.copyfileobj(standard_input(), copy)
        yield file


@contextmanager
def _naming_stdin(file: str) -> Iterator[None]:
    """Errors that name standard input, not the file in which it is kept."""
    try:
        yield
    except TableError as error:
        raise TableError(str(error).replace(file, _STDIN_NAME)) from error


def _renamed(table: Table, file: str) -> Table:
    notes = tuple(note.replace(file, _STDIN_NAME) for note in table.notes)

    def rows() -> Iterator[tuple[int, Row]]:
        with _naming_stdin(file):
            yield from table.numbered()

    return replace(table, name=_STDIN_NAME, numbered=rows, notes=notes)
