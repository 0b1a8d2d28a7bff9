"""Grading a table file row by row, in chunks, in constant memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from grader.batch.table import Row, TableWriter, check_output, new_table, open_table
from grader.columns import ADDED, check_columns, grade_cells
from grader.grading import Grader
from grader.records import Failure, Grade

_CHUNK = 32


@dataclass(slots=True)
class Tally:
    """What a run has done so far."""

    rows: int = 0
    failed: int = 0
    passed: int = 0
    for_review: int = 0

    def count(self, results: Sequence[Grade | Failure]) -> None:
        """Add results."""
        grades = [r for r in results if isinstance(r, Grade)]
        self.rows += len(results)
        self.failed += len(results) - len(grades)
        self.passed += sum(grade.passed for grade in grades)
        self.for_review += sum(grade.needs_review for grade in grades)


def grade_file(
    grader: Grader,
    table: Path,
    output: Path,
    *,
    q: str | None = None,
    force: bool = False,
    encoding: str | None = None,
    progress: Callable[[Tally], None] = lambda _: None,
) -> Tally:
    """Grade every row of a CSV into another; other columns pass through untouched.

    Args:
        grader: what grades.
        table: CSV with ``answer`` and ``question_id`` or ``reference``.
        output: where the graded CSV goes; written aside and moved into place.
        q: the question of rows that name none.
        force: replace an output that exists.
        encoding: of the table; UTF-8 if not given.
        progress: called with the tally after every chunk.

    Raises:
        TableError, OutputError: the table or the output won't do. A row that can't be
            graded raises nothing: it is a row with ``grade_error``.
    """
    tally = Tally()
    check_output(output, force=force)
    with open_table(table, encoding) as (header, rows):
        check_columns(header, str(table), q=q)
        with new_table(output, force=force) as stream:
            writer = TableWriter(stream, [*header, *ADDED])
            for chunk in _chunks(rows):
                results = grader.grade_rows(chunk, q=q)
                writer.write(
                    {**row, **grade_cells(result)}
                    for row, result in zip(chunk, results, strict=True)
                )
                tally.count(results)
                progress(tally)
            writer.write(())
    return tally


def _chunks(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while chunk := list(islice(rows, _CHUNK)):
        yield chunk
