"""Which columns of a table tell its candidates apart. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from grader.errors import TableError
from grader.tables.columns import PARTS, find_column, is_alike, listed

# What names a person, the surest first: a number, an address, a name. A number that is only called
# "id" may count what was handed in, not people, and comes last.
_NAMES: tuple[tuple[str, ...], ...] = (
    ("candidate id",),
    ("candidate number",),
    ("applicant id",),
    ("applicant number",),
    ("student id",),
    ("student number",),
    ("matriculation number",),
    ("matrikelnummer",),
    ("participant id",),
    ("respondent id",),
    ("user id",),
    ("anonymized student id",),
    ("candidate",),
    ("applicant",),
    ("student",),
    ("participant",),
    ("respondent",),
    ("username",),
    ("user name",),
    ("email",),
    ("e mail",),
    ("email address",),
    ("e mail address",),
    ("e mail adresse",),
    ("correo electrónico",),
    ("dirección de correo electrónico",),
    ("adresse e mail",),
    ("adresse mail",),
    ("indirizzo e mail",),
    ("endereço de e mail",),
    ("first name", "last name"),
    ("first name", "surname"),
    ("given name", "family name"),
    ("vorname", "nachname"),
    ("prénom", "nom"),
    ("nombre", "apellidos"),
    ("candidate name",),
    ("full name",),
    ("name",),
    ("kandidat",),
    ("kandidatin",),
    ("bewerber",),
    ("bewerberin",),
    ("candidat",),
    ("candidato",),
    ("nombre",),
    ("nome",),
    ("nom",),
    ("naam",),
    ("id",),
)
# What forms write for somebody who did not sign in. Compared in lower case.
_NOBODY = {"", "-", "anonymous", "anonym", "anonyme", "anónimo", "anônimo", "anonimo", "n/a"}
# An index that pandas wrote, which names nobody.
_INDEX = re.compile(r"(column|Unnamed:) \d+")
_GRADE = "grade_"


@dataclass(frozen=True, slots=True)
class People:
    """The columns that together tell candidates apart; none if rows are all that there is."""

    columns: tuple[str, ...]
    note: str = ""
    """What the user should know of the choice."""

    def name(self, row: Mapping[str, str]) -> str:
        """Who a row is of: the cells in one line; empty where they name nobody."""
        named = (" ".join(row[column].split()) for column in self.columns)
        return " ".join(text for text in named if text.lower() not in _NOBODY)


def told_people(wanted: str | Sequence[str], header: Sequence[str], where: str) -> People:
    """The columns that the user names.

    Raises:
        TableError: there is no such column.
    """
    found = []
    for name in [wanted] if isinstance(wanted, str) else wanted:
        column = find_column(name, header)
        if column is None:
            raise TableError(f"{where}: has no column '{name}': it has {listed(own(header))}")
        found.append(column)
    return People(tuple(found))


def find_people(
    header: Sequence[str], parts: Collection[str], rows: Sequence[Mapping[str, str]], where: str
) -> People:
    """The columns that name candidates: by what they are called, else the first that is free.

    A column in which a row names nobody gives way to the next that names all, or more than it.

    Args:
        header: the table's columns.
        parts: those that are answers, questions or references.
        rows: their cells.
        where: the table's name.
    """
    free = [name for name in header if _may_name(name, parts)]
    known = [
        tuple(c for c in cs if c)
        for cs in ([find_column(n, free) for n in ns] for ns in _NAMES)
        if all(cs)
    ]
    choices = known or [(name,) for name in free[:1]]
    if not choices:
        return People(())
    fullest = min(choices, key=lambda columns: _unnamed(People(columns), rows))
    told = f"{where}: candidates are told apart by column {listed(fullest)}"
    if not known:
        note = f"{told}, the first that is free"
    elif fullest != choices[0]:
        note = f"{told}, since {listed(choices[0])} is not filled in every row"
    else:
        note = ""
    return People(fullest, note and f"{note}: for another add --candidate COLUMN")


def _unnamed(people: People, rows: Sequence[Mapping[str, str]]) -> int:
    """How many rows name nobody."""
    return sum(not people.name(row) for row in rows)


def own(header: Sequence[str]) -> list[str]:
    """The columns that grading did not add."""
    return [name for name in header if not name.startswith(_GRADE)]


def _may_name(column: str, parts: Collection[str]) -> bool:
    """Whether candidates may be named there: a column called 'answer' is a key if no answer."""
    taken = column.startswith(_GRADE) or column in parts or _INDEX.fullmatch(column)
    return not taken and not any(is_alike(column, part) for part in PARTS)
