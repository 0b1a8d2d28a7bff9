"""A table with people's marks, read and graded."""

from __future__ import annotations

import typer

from grader.batch.header_matching import wanted_names
from grader.cli.evaluation_options import CalibrateOptions, EvalOptions
from grader.errors import InputError
from grader.evaluation.marked import GradedMarks, grade_marked
from grader.grading import Grader
from grader.tables.marked import Marked, read_marked


def read_answers(
    grader: Grader, options: EvalOptions | CalibrateOptions
) -> tuple[list[Marked], int]:
    """The marked answers, and how many have no mark.

    Raises:
        TableError: the table won't do.
    """
    mapping = options.mapping or ()
    return read_marked(
        options.table,
        options.mark,
        options.max_mark,
        q=options.q,
        mapping=mapping,
        wanted=wanted_names(grader.catalog.names(), mapping, options.mark),
        read_as=options.read.read_as(),
    )


def grade_answers(grader: Grader, options: EvalOptions | CalibrateOptions) -> GradedMarks:
    """The marked answers, graded; those that can't be are told on standard error.

    Raises:
        InputError: the table won't do, or none of its answers can be graded.
    """
    marked, unmarked = read_answers(grader, options)
    graded = grade_marked(grader, marked, unmarked, q=options.q)
    for one, failure in graded.failures:
        typer.echo(f"grade: {options.table}: row {one.row}: {failure.message}", err=True)
    if not graded.answers:
        raise InputError(f"{options.table}: none of its marked answers can be graded")
    return graded
