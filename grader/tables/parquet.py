"""Parquet tables (extra ``parquet``): types are kept from input to output."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from grader.errors import TableError
from grader.extras import require
from grader.tables.cells import as_text
from grader.tables.columns import ADDED, NUMBERS, SWITCHES
from grader.tables.header import check_header
from grader.tables.table import Row, Table

_BATCH = 1024


def open_parquet(file: Path) -> Table:
    """A Parquet file as a table.

    Raises:
        TableError: it is damaged, or a column stands twice.
        MissingExtraError: pyarrow is not installed.
    """
    parquet = require("pyarrow.parquet", "parquet")
    with _naming(file), parquet.ParquetFile(file) as source:
        schema = source.schema_arrow

    def rows() -> Iterator[tuple[int, Row]]:
        with _naming(file), parquet.ParquetFile(file) as source:
            batches = source.iter_batches(batch_size=_BATCH)
            yield from enumerate((row for b in batches for row in b.to_pylist()), start=1)

    columns = check_header(schema.names, str(file))
    return Table(name=str(file), form="parquet", columns=columns, numbered=rows, schema=schema)


class ArrowTables:
    """Makes Arrow tables of rows.

    Columns keep the types of ``schema``; without one they are text.
    """

    def __init__(self, columns: Sequence[str], schema: Any = None) -> None:
        self._arrow = require("pyarrow", "parquet")
        fields = [_field(self._arrow, name, schema) for name in columns]
        self._texts = [f.name for f in fields if f.type == self._arrow.string()]
        self.schema = self._arrow.schema(fields)

    def table(self, rows: Iterable[Row]) -> Any:
        """The rows as one table."""
        typed = [self._typed(row) for row in rows]
        return self._arrow.Table.from_pylist(typed, schema=self.schema)

    def _typed(self, row: Row) -> Row:
        texts = {k: as_text(row[k]) for k in self._texts if row.get(k) is not None}
        blank = {k: None for k in (*NUMBERS, *SWITCHES) if row.get(k) == ""}
        return {**row, **texts, **blank}


class ParquetTable:
    """Writes rows as Parquet, a row group at a time, with the types of ``ArrowTables``."""

    def __init__(self, file: Any, columns: Sequence[str], schema: Any = None) -> None:
        """Begin a file, given by its path or open for writing."""
        self._tables = ArrowTables(columns, schema)
        parquet = require("pyarrow.parquet", "parquet")
        self._writer = parquet.ParquetWriter(file, self._tables.schema)
        self._rows: list[Row] = []

    def write(self, rows: Iterable[Row]) -> None:
        """Add rows."""
        for row in rows:
            self._rows.append(row)
            if len(self._rows) == _BATCH:
                self._flush()

    def close(self) -> None:
        """Write what is left, and the footer."""
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if self._rows:
            self._writer.write_table(self._tables.table(self._rows))
            self._rows.clear()


def _field(arrow: Any, name: str, schema: Any) -> Any:
    if name in NUMBERS:
        return arrow.field(name, arrow.float64())
    if name in SWITCHES:
        return arrow.field(name, arrow.bool_())
    if schema is not None and name not in ADDED and name in schema.names:
        return schema.field(name)
    return arrow.field(name, arrow.string())


@contextmanager
def _naming(file: Path) -> Iterator[None]:
    arrow = require("pyarrow", "parquet")
    try:
        yield
    except (arrow.ArrowException, OSError, ValueError, OverflowError) as error:
        problem = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise TableError(f"{file}: can't be read as Parquet: {problem}") from error
