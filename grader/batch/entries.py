"""The answers of a table, one record each, whether it has one a row or one a column."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from grader.batch.roles import Roles
from grader.tables.cells import as_text
from grader.tables.columns import ANSWER, QUESTION_ID, is_summary_row
from grader.tables.table import Row, Table


class Asked(NamedTuple):
    """How a row names its question: by a name, or by a reference with its prompt.

    The fields are called as the columns are.
    """

    question_id: str
    reference: str = ""
    question: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One answer, as the table has it."""

    cells: Row
    """What will be written, but for the grade."""
    answer: Any
    asked: Asked


def entries(table: Table, roles: Roles, left_out: list[int] | None = None) -> Iterator[Entry]:
    """Every answer of the table, row by row and, in a wide one, column by column.

    Args:
        table: what is read.
        roles: of its columns.
        left_out: takes the numbers of rows that are averages and the like, not a candidate's.
    """
    used = list(roles.answers) or [roles.parts[ANSWER]]
    for number, row in table.numbered():
        if is_summary_row(row, used):
            if left_out is not None:
                left_out.append(number)
        elif roles.answers:
            yield from _wide(row, roles)
        else:
            yield _long(row, roles)


def _long(row: Row, roles: Roles) -> Entry:
    named = (as_text(row.get(roles.parts.get(part, ""))).strip() for part in Asked._fields)
    return Entry(row, row.get(roles.parts[ANSWER]), Asked(*named))


def _wide(row: Row, roles: Roles) -> Iterator[Entry]:
    rest = {column: cell for column, cell in row.items() if column not in roles.answers}
    for column, slug in roles.answers.items():
        answer = row.get(column)
        yield Entry({**rest, QUESTION_ID: slug, ANSWER: answer}, answer, Asked(slug))
