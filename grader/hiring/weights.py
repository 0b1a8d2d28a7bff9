"""What each question is worth in a candidate's total. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from grader.errors import InputError, TableError
from grader.hiring.marks import number
from grader.hiring.records import Graded, GradedTable
from grader.tables.columns import find_column, listed

_SAME = 0.00501  # two figures that a spreadsheet rounded


def weights_of(
    table: GradedTable, told: Mapping[str, float] | None = None, column: str | None = None
) -> dict[str, float]:
    """The weight of each question, in the order of the table.

    Args:
        table: what was graded.
        told: the weights by question, as the user says; 0 leaves a question out.
        column: the column that holds them, one number a question.

    Returns:
        Without either the points that can be had, so that the points of answers add up. A
        question that nobody has a grade for, as of one that was mistyped, is not there, unless
        the user names it. One that people alone have marked has no points but those they write.

    Raises:
        InputError: both are given, or a weight that is told is none.
        TableError: a question has no weight or two, or there is no such question or column.
    """
    if told is not None and column is not None:
        raise InputError("weights are given twice, by question and by a column: leave one out")
    if told is not None:
        return _told(table, told)
    if column is not None:
        return _in_column(table, column)
    found = {}
    for question, rows in _graded(table).items():
        worth = [(row, row.max_points) for row in rows if row.max_points is not None]
        if not worth:
            marked = next(row for row in rows if row.score is not None)
            raise TableError(
                f"{table.name}: row {marked.row}: nothing says what {question or 'the question'} "
                "is worth, since people alone have marked it: write its grade_max_points, say "
                "what each question is worth with --weight QUESTION=NUMBER or, if its id is "
                "mistyped, correct it"
            )
        found[question] = _only(table, question, "grade_max_points", worth)
    return found


def _graded(table: GradedTable) -> dict[str, list[Graded]]:
    """The answers to each question that somebody has a grade for."""
    return {
        question: rows
        for question, rows in table.by_question.items()
        if any(row.score is not None for row in rows)
    }


def _told(table: GradedTable, told: Mapping[str, float]) -> dict[str, float]:
    questions = list(table.by_question)
    unknown = [name for name in told if name not in questions]
    if unknown:
        raise TableError(
            f"{table.name}: has no question '{unknown[0]}' to weigh: it has {listed(questions)}"
        )
    lacking = [question for question in _graded(table) if question not in told]
    if lacking:
        raise TableError(
            f"{table.name}: {listed(lacking)} has no weight: weigh every question, where 0 leaves "
            "one out"
        )
    for name, weight in told.items():
        if not (math.isfinite(weight) and weight >= 0):
            raise InputError(f"the weight of {name} is {weight:g}: it must be 0 or more")
    return _some({question: told[question] for question in questions if question in told})


def _in_column(table: GradedTable, column: str) -> dict[str, float]:
    real = find_column(column, table.columns)
    if real is None:
        raise TableError(
            f"{table.name}: has no column '{column}' of weights: it has {listed(table.columns)}"
        )
    found = {}
    for question, rows in _graded(table).items():
        worth = []
        for row in rows:
            where = f"{table.name}: row {row.row}: column '{real}'"
            weight = number(row.cells[real], where)
            if weight is None:
                raise TableError(f"{where} is empty: every row needs its question's weight")
            worth.append((row, weight))
        found[question] = _only(table, question, f"column '{real}'", worth)
    return _some(found)


def _only(
    table: GradedTable, question: str, what: str, worth: Sequence[tuple[Graded, float]]
) -> float:
    """The one figure that all rows of a question have."""
    first, figure = worth[0]
    for row, other in worth:
        if abs(other - figure) > _SAME:
            raise TableError(
                f"{table.name}: row {row.row}: {what} of {question or 'the question'} is "
                f"{other:g}, in row {first.row} it is {figure:g}: correct it, or say what each "
                "question is worth with --weight QUESTION=NUMBER"
            )
    return figure


def _some(weights: dict[str, float]) -> dict[str, float]:
    if not any(weights.values()):
        raise InputError("all weights are 0: at least one question must count")
    return weights
