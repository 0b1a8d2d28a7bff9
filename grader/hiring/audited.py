"""The people behind a graded table, as an audit counts them: one record a person.

A graded table has a row an answer; the rules are about individuals. A person's score is the plain
mean of the scores of their graded answers.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TypeVar

from grader.errors import TableError
from grader.hiring.marks import ROUNDED
from grader.hiring.records import GradedTable, check_one_answer_each
from grader.reading.text import counted
from grader.records import Scale
from grader.tables.columns import find_column, listed
from grader.tables.marked import find_marks, mark_shares

T = TypeVar("T")

# What people and forms write where somebody's group is not known. Compared folded.
UNKNOWN = frozenset(
    {
        *("", "-", "–", "—", "?", "nan", "na", "n/a", "none", "null", "nil", "<na>", "#n/a"),
        *("unknown", "unspecified", "not specified", "not stated", "not given", "missing"),
        *("undisclosed", "not disclosed", "prefer not to say", "prefer not to answer"),
        *("prefer not to disclose", "i prefer not to say", "decline to answer", "declined"),
        *("decline to state", "decline to self-identify", "i do not wish to answer"),
        *("i don't wish to answer", "no answer", "no response", "blank"),
    }
)
_YES = frozenset("1 1.0 true yes y x selected advanced invited hired pass passed".split())
_NO = frozenset("0 0.0 false no n rejected fail failed".split()) | {
    f"not {word}" for word in ("selected", "advanced", "invited", "hired", "passed")
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be compared, as the user says."""

    groups: tuple[str, ...]
    """The columns that say what group a person is of."""
    selected: str | None = None
    """The column that says who was selected; else the pass mark decides."""
    pass_mark: float | None = None
    """The mean score, 0 to 1, from which a person is selected; if not given, the pass mark that
    the table was graded with."""
    mark: str | None = None
    """The column of people's marks of the same answers."""
    max_mark: float | None = None
    """The highest mark; found if the table says."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who was graded."""

    name: str
    groups: Mapping[str, str]
    """By column; empty where it is not known."""
    score: float | None
    """The mean of their graded answers, 0 to 1; None if none could be graded."""
    selected: bool | None
    """None where neither a column nor a score says."""
    marked: tuple[float, float] | None
    """Their mean mark and mean score, 0 to 1, of the answers that have both."""


@dataclass(frozen=True, slots=True)
class People:
    """Everybody in a table, and what was assumed about it."""

    people: tuple[Person, ...]
    groups: tuple[str, ...]
    """The columns, by the table's own names."""
    answers: int
    pass_mark: float
    by_column: str | None
    """The column that says who was selected; None where the pass mark decides."""
    notes: tuple[str, ...]
    """What the reader of an audit must know, a sentence each."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """One row, read."""

    where: str
    name: str
    groups: Mapping[str, str]
    score: float | None
    selected: bool | None
    mark: float | None


def people_of(table: GradedTable, asked: Asked) -> People:
    """The people of a graded table.

    Raises:
        TableError: a column is missing, a cell is not what its column holds, a person is told
            of in two ways, or there is no one pass mark.
    """
    if not table.rows:
        raise TableError(f"{table.name}: has no rows: there is nobody to compare")
    groups = _group_columns(table, asked)
    column = None if asked.selected is None else _column(table, asked.selected, "--selected")
    _check_names(table, {*groups, column})
    by_name: dict[str, list[_Answer]] = defaultdict(list)
    for answer in _answers(table, groups, column, asked):
        by_name[answer.name].append(answer)
    pass_mark = asked.pass_mark
    if pass_mark is None:
        counts = column is None or asked.mark is not None
        pass_mark = _graded_with(table) if counts else Scale().pass_score
    people = tuple(_person(own, column, pass_mark) for own in by_name.values())
    return People(
        people=people,
        groups=groups,
        answers=len(table.rows),
        pass_mark=pass_mark,
        by_column=column,
        notes=(*table.notes, *_notes(people, table, column)),
    )


# ── columns ─────────────────────────────────────────────────────────────────


def _group_columns(table: GradedTable, asked: Asked) -> tuple[str, ...]:
    if not asked.groups:
        raise TableError(
            f"{table.name}: name the columns that say what group a person is of with --group: it "
            f"has {listed(table.columns)}"
        )
    groups = tuple(_column(table, name, "--group") for name in asked.groups)
    if len(set(groups)) < len(groups):
        raise TableError(f"{table.name}: --group names a column twice: {listed(groups)}")
    return groups


def _column(table: GradedTable, name: str, option: str) -> str:
    column = find_column(name, table.columns)
    if column is None:
        raise TableError(
            f"{table.name}: has no column '{name}': it has {listed(table.columns)}: choose with "
            f"{option}"
        )
    return column


def _check_names(table: GradedTable, asked: Collection[str | None]) -> None:
    """Refuse to tell people apart by what is to be compared, or to count an answer twice.

    Raises:
        TableError: it would be so.
    """
    both = next((column for column in table.people if column in asked), None)
    if both is not None:
        raise TableError(
            f"{table.name}: no column but '{both}' tells people apart, and that is to be compared: "
            "name another with --candidate, or number the people in a column of their own"
        )
    check_one_answer_each(table)


def _graded_with(table: GradedTable) -> float:
    """The pass mark of the table's grades; that of a rubric which names none, if it fits them.

    Raises:
        TableError: there are several, or it is another that the table does not tell.
    """
    details = (row.detail for row in table.rows if row.detail is not None)
    marks = sorted({d.pass_mark for d in details if d.pass_mark is not None})
    if len(marks) > 1:
        raise TableError(
            f"{table.name}: was graded with the pass marks {', '.join(f'{m:g}' for m in marks)}: "
            "say with --pass-mark from which mean score a person is selected"
        )
    if marks:
        return marks[0]
    usual = Scale().pass_score
    for row in table.rows:
        if row.score is None or row.passed is None or row.by_hand:
            continue
        if row.passed != (row.score >= usual) and abs(row.score - usual) > ROUNDED:
            raise TableError(
                f"{table.name}: row {row.row}: {'passes' if row.passed else 'fails'} with a score "
                f"of {row.score:g}, so that the pass mark was not {usual:g}, and what it was is "
                "lost with grade_detail: say it with --pass-mark"
            )
    return usual


# ── rows ────────────────────────────────────────────────────────────────────


def _answers(
    table: GradedTable, groups: Sequence[str], column: str | None, asked: Asked
) -> Iterable[_Answer]:
    places = [f"{table.name}: row {row.row}" for row in table.rows]
    selected = _selected(table, places, column)
    marks = _marks(table, asked)
    spelling = {g: _spellings(row.cells[g] for row in table.rows) for g in groups}
    for where, row, chosen, mark in zip(places, table.rows, selected, marks, strict=True):
        known = {g: spelling[g].get(_folded(row.cells[g]), "") for g in groups}
        yield _Answer(where, row.candidate, known, row.score, chosen, mark)


def _marks(table: GradedTable, asked: Asked) -> Sequence[float | None]:
    """People's marks, 0 to 1; None where there is none.

    Raises:
        TableError: there is no such column, or a mark is not a number that it can be.
    """
    if asked.mark is None:
        return [None] * len(table.rows)
    column = find_marks(asked.mark, table.columns) or _column(table, asked.mark, "--mark")
    numbered = [(row.row, row.cells) for row in table.rows]
    return mark_shares(table.name, column, table.columns, numbered, asked.max_mark)


def _selected(
    table: GradedTable, places: Sequence[str], column: str | None
) -> Sequence[bool | None]:
    """Who was selected; an empty cell is a no only where nothing else says no.

    Raises:
        TableError: a cell is neither a yes nor a no.
    """
    if column is None:
        return [None] * len(table.rows)
    cells = [row.cells[column].strip() for row in table.rows]
    says_no = any(_folded(cell) in _NO for cell in cells)
    chosen: list[bool | None] = []
    for where, cell in zip(places, cells, strict=True):
        word = _folded(cell)
        if word not in {*_YES, *_NO, ""}:
            raise TableError(
                f"{where}: {column} = '{cell}': is neither yes nor no: write yes or no"
            )
        chosen.append((None if says_no else False) if not word else word in _YES)
    return chosen


def _spellings(cells: Iterable[str]) -> dict[str, str]:
    """How each group is written most often; those that say nothing are left out."""
    seen: dict[str, Counter[str]] = defaultdict(Counter)
    for cell in cells:
        word = _folded(cell)
        if word not in UNKNOWN:
            seen[word][" ".join(cell.split())] += 1
    return {word: spelled.most_common(1)[0][0] for word, spelled in seen.items()}


def _folded(cell: str) -> str:
    return " ".join(cell.casefold().split())


# ── people ──────────────────────────────────────────────────────────────────


def _group(own: Sequence[_Answer], group: str) -> str:
    return _agreed(own, lambda a: a.groups[group] or None, group) or ""


def _person(own: Sequence[_Answer], column: str | None, pass_mark: float) -> Person:
    scores = [a.score for a in own if a.score is not None]
    score = _mean(scores) if scores else None
    both = [(a.mark, a.score) for a in own if a.mark is not None and a.score is not None]
    selected = None if score is None else score >= pass_mark
    if column is not None:
        selected = _agreed(own, lambda a: a.selected, column, lambda yes: "yes" if yes else "no")
        if selected is None:
            raise TableError(
                f"{own[0].where}: {column} is empty, and other rows say no: write yes or no"
            )
    return Person(
        name=own[0].name,
        groups={group: _group(own, group) for group in own[0].groups},
        score=score,
        selected=selected,
        marked=(_mean([m for m, _ in both]), _mean([s for _, s in both])) if both else None,
    )


def _mean(values: Sequence[float]) -> float:
    return round(fmean(values), 9)  # three times .6 must be .6, not a little less


def _agreed(
    own: Sequence[_Answer],
    value_of: Callable[[_Answer], T | None],
    what: str,
    told: Callable[[T], str] = str,
) -> T | None:
    """What a person's rows say of them; rows that say nothing don't count.

    Raises:
        TableError: they say different things.
    """
    said = [(a, value) for a in own if (value := value_of(a)) is not None]
    if not said:
        return None
    first, value = said[0]
    other = next((pair for pair in said if pair[1] != value), None)
    if other is not None:
        raise TableError(
            f"{other[0].where}: {what} of '{first.name}' is '{told(other[1])}', but in "
            f"{first.where.rpartition(': ')[2]} '{told(value)}': correct one of them or, if these "
            "are two people, name the column that tells them apart with --candidate"
        )
    return value


# ── what must be said ───────────────────────────────────────────────────────


def _notes(people: Sequence[Person], table: GradedTable, column: str | None) -> Iterable[str]:
    if not table.people:
        yield f"{table.name}: no column tells people apart: each row was taken for one person"
    lone = sum(row.score is None for row in table.rows)
    if lone:
        yield (
            f"{table.name}: {counted(lone, 'answer')} without a grade: left out of people's means, "
            "not counted as zeros"
        )
    ungraded = sum(person.score is None for person in people)
    if ungraded:
        where = "the scoring rates" if column is not None else "the rates"
        yield (
            f"{table.name}: {counted(ungraded, 'person', 'people')} without any grade: not among "
            f"those of whom {where} are"
        )
