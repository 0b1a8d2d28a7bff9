"""Which column of a table plays which part: by its name, as told, or by a question's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grader.batch.header_matching import Matched, match, without_companions
from grader.errors import TableError, UnknownQuestionError
from grader.grading import Grader
from grader.tables.columns import (
    ADDED,
    ANSWER,
    QUESTION,
    QUESTION_ID,
    REFERENCE,
    WIDE,
    check_hollow,
    check_long,
    is_alike,
    listed,
    parts_of,
    told_parts,
)
from grader.tables.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """The parts of a table's columns; a table is long (``parts``) or wide (``answers``)."""

    columns: tuple[str, ...]
    """The output's columns, without those that grading adds."""
    parts: Mapping[str, str]
    """Column by part, of a long table."""
    answers: Mapping[str, str]
    """Question by column, of a wide table: one row a candidate, an answer a column."""
    notes: tuple[str, ...] = ()
    """What of it the user should know: how headers were matched, for one."""


def find_roles(table: Table, grader: Grader, given: Sequence[str], q: str | None) -> Roles:
    """The parts that columns play.

    Args:
        table: what is read.
        grader: knows the bank.
        given: ``PART=COLUMN`` as the user says; the part is ``answer``, ``question_id``,
            ``reference``, ``question``, ``q:SLUG`` or ``-`` for none.
        q: the question of rows that name none.

    Raises:
        TableError: columns are missing or ambiguous, or a header may be a question of the
            bank and may not.
        UnknownQuestionError: ``q`` or ``q:SLUG`` names none.
    """
    if q is not None:
        grader.question(q)  # a mistyped name should not cost a run
    told = told_parts(given, table)
    left = [column for column in table.columns if column not in told]
    parts = parts_of(told, left, q)
    wide = {c: part for c, part in told.items() if part.startswith(WIDE)}
    names = grader.catalog.names()
    if ANSWER not in parts or any(c.startswith(WIDE) for c in left):
        left = without_companions(left, names, table)
    wide |= {c: c for c in left if c.startswith(WIDE)}
    slugs = {c: _slug(grader, part.removeprefix(WIDE), table) for c, part in wide.items()}
    matched = Matched({})
    if ANSWER not in parts:
        free = [c for c in left if c not in wide and c not in parts.values()]
        matched = match(free, grader, table, set(slugs.values()), q=q)
    if slugs or matched.slugs:
        return _wide(table, parts, slugs | dict(matched.slugs), matched.notes)
    check_long(table, parts, q=q, told=ANSWER in told.values())
    return Roles(columns=table.columns, parts=parts, answers={}, notes=_long_notes(table, parts))


def _long_notes(table: Table, parts: Mapping[str, str]) -> tuple[str, ...]:
    """What the user should know of how columns were understood."""
    notes = []
    if not is_alike(parts[ANSWER], ANSWER):
        notes.append(f"{table.name}: column '{parts[ANSWER]}' is read as the answer")
    if is_alike(parts.get(QUESTION_ID, ""), QUESTION):
        notes.append(
            f"{table.name}: questions are looked up in the bank by column '{parts[QUESTION_ID]}'"
        )
    if {QUESTION_ID, REFERENCE} <= parts.keys():
        bank, own = parts[QUESTION_ID], parts[REFERENCE]
        by = f"rows that name a question of the bank in '{bank}' are graded by its rubric, others"
        notes.append(f"{by} by '{own}': to leave a column out of this, add --map -=COLUMN")
    return tuple(notes)


def _wide(
    table: Table, parts: Mapping[str, str], slugs: Mapping[str, str], notes: tuple[str, ...]
) -> Roles:
    if ANSWER in parts:
        raise TableError(
            f"{table.name}: has a column '{parts[ANSWER]}' and columns of questions "
            f"({listed(list(slugs)[:3])}): keep one or the other, or add --map -=COLUMN"
        )
    rest = [c for c in table.columns if c not in slugs]
    taken = [c for c in rest if c in {ANSWER, QUESTION_ID, *ADDED}]
    if taken:
        raise TableError(
            f"{table.name}: has a column '{taken[0]}', which the graded table needs for itself: "
            "rename it"
        )
    check_hollow(table, slugs)
    columns = (*rest, QUESTION_ID, ANSWER)
    ordered = {c: slugs[c] for c in table.columns if c in slugs}
    return Roles(columns=columns, parts={}, answers=ordered, notes=notes)


def _slug(grader: Grader, name: str, table: Table) -> str:
    try:
        return grader.catalog.resolve(name.strip())
    except UnknownQuestionError as error:
        raise TableError(f"{table.name}: column '{WIDE}{name}': {error}") from error
