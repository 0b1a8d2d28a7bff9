"""What follows from a graded table, as a table in any format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from grader.extras import require
from grader.hiring.candidates import Ranking, added_columns
from grader.hiring.similar.records import COLUMNS, Similar
from grader.tables.formats import Format, format_of_output
from grader.tables.table import Row
from grader.tables.writers import STDOUT, check_fits, check_rows, new_table


def write_ranking(ranking: Ranking, output: Path) -> None:
    """Write a row a candidate; the file appears whole or not at all.

    Args:
        ranking: what is written.
        output: CSV, TSV, JSONL, Parquet or XLSX by its ending; ``-`` for CSV on standard output.

    Raises:
        OutputError: it can't be written, or the format can't hold it.
        MissingExtraError: a format needs an extra that is not installed.
    """
    own = dict.fromkeys(ranking.columns, str)
    _write(ranking.rows(), {**own, **added_columns(ranking.weights)}, output)


def write_similar(similar: Similar, output: Path) -> None:
    """Write a row a pair; the file appears whole or not at all.

    Args:
        similar: what is written.
        output: CSV, TSV, JSONL, Parquet or XLSX by its ending; ``-`` for CSV on standard output.

    Raises:
        OutputError: it can't be written, or the format can't hold it.
        MissingExtraError: a format needs an extra that is not installed.
    """
    _write(similar.rows(), COLUMNS, output)


def _write(rows: Sequence[Row], columns: Mapping[str, type], output: Path) -> None:
    form: Format = "csv" if output == STDOUT else format_of_output(output)
    check_rows(len(rows), form, str(output))
    for row in rows:
        check_fits(row, form, str(output))
    schema = _schema(columns) if form == "parquet" else None
    with new_table(output, form, list(columns), schema) as writer:
        writer.write(rows)


def _schema(columns: Mapping[str, type]) -> Any:
    """The types of a Parquet file's columns: text, but for what was counted."""
    arrow = require("pyarrow", "parquet")
    kinds = {
        int: arrow.int64(),
        float: arrow.float64(),
        bool: arrow.bool_(),
        str: arrow.string(),
    }
    return arrow.schema([(name, kinds[kind]) for name, kind in columns.items()])
