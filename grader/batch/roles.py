"""Which column of a table plays which part: by its name, as told, or by a question's words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from grader.batch.readers import Row, Table
from grader.columns import ADDED, ANSWER, QUESTION, QUESTION_ID, REFERENCE, check_columns
from grader.encoders.vectors import unit_vectors
from grader.errors import TableError, UnknownQuestionError
from grader.grading import Grader

PARTS = (ANSWER, QUESTION_ID, REFERENCE, QUESTION)
WIDE = "q:"
NO_PART = "-"
# Below this cosine with every prompt of the bank a header is taken for no question, above it
# only a person can say. It decides what is asked, never what is graded.
_ASK_FROM = 0.6
_NUMBERING = re.compile(r"^\s*(q(uestion)?\s*)?\d+\s*[.):\]-]\s*", re.IGNORECASE)
_TRAILER = re.compile(r"\s*(\*|\([^()]*\)|\[[^\[\]]*\])\s*$")


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


@dataclass(frozen=True, slots=True)
class Entry:
    """One answer: the row that will be written, and what is asked of the grader."""

    cells: Row
    asked: Row
    """By part."""


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
    told = _told(given, table)
    left = [column for column in table.columns if column not in told]
    parts = _parts(told, left)
    wide = {c: part for c, part in told.items() if part.startswith(WIDE)}
    wide |= {c: c for c in left if c.startswith(WIDE)}
    slugs = {c: _slug(grader, part.removeprefix(WIDE), table) for c, part in wide.items()}
    notes: tuple[str, ...] = ()
    if ANSWER not in parts:
        free = [c for c in left if c not in wide and c not in parts.values()]
        matched = _match(free, grader, table, set(slugs.values()))
        slugs |= matched
        notes = tuple(f"column '{c}' answers {slug}" for c, slug in matched.items())
    if slugs:
        return _wide(table, parts, slugs, notes)
    names = {column: part for part, column in parts.items()}
    check_columns([names.get(c, c) for c in table.columns], table.name, q=q)
    if {QUESTION_ID, REFERENCE} <= parts.keys():
        bank, own = parts[QUESTION_ID], parts[REFERENCE]
        by = f"rows that name a question of the bank in '{bank}' are graded by its rubric, others"
        notes = (f"{by} by '{own}': to leave a column out of this, add --map -=COLUMN",)
    return Roles(columns=table.columns, parts=parts, answers={}, notes=notes)


def long_parts(table: Table, given: Sequence[str]) -> dict[str, str]:
    """Column by part, of a table with one answer a row; what is missing is the caller's to say.

    Args:
        table: what is read.
        given: ``PART=COLUMN`` as for ``find_roles``, but for ``q:SLUG``.

    Raises:
        TableError: what is given won't do.
    """
    told = _told(given, table)
    wide = [part for part in told.values() if part.startswith(WIDE)]
    if wide:
        raise TableError(f"--map {wide[0]}=…: has no place here, where each row is one answer")
    return _parts(told, [column for column in table.columns if column not in told])


def find_column(name: str, columns: Sequence[str]) -> str | None:
    """The column of that very name, else the only one but for case, blanks and hyphens."""
    alike = [c for c in columns if is_alike(c, name)]
    if name in columns:
        return name
    return alike[0] if len(alike) == 1 else None


def is_alike(column: str, name: str) -> bool:
    """Whether the two are one name but for case, blanks and hyphens."""
    return _plain(column) == _plain(name)


def entries(table: Table, roles: Roles) -> Iterator[Entry]:
    """Every answer of the table, row by row and, in a wide one, column by column."""
    for row in table.rows():
        if not roles.answers:
            asked = {part: row.get(column) for part, column in roles.parts.items()}
            yield Entry(row, asked)
            continue
        rest = {c: v for c, v in row.items() if c not in roles.answers}
        for column, slug in roles.answers.items():
            asked = {QUESTION_ID: slug, ANSWER: row.get(column)}
            yield Entry({**rest, **asked}, asked)


def _told(given: Sequence[str], table: Table) -> dict[str, str]:
    """Part by column, as the user says."""
    told: dict[str, str] = {}
    for text in given:
        part, equals, column = text.partition("=")
        part, column = part.strip(), column.strip()
        if not equals or not (part in {*PARTS, NO_PART} or part.startswith(WIDE)):
            raise TableError(
                f"--map {text}: write PART=COLUMN, where the part is {', '.join(PARTS)}, "
                f"q:SLUG, or - for none of these"
            )
        real = _find(column, table.columns)
        if real is None:
            raise TableError(
                f"{table.name}: has no column '{column}' (--map): it has {_listed(table.columns)}"
            )
        if real in told or (part in PARTS and part in told.values()):
            raise TableError(f"--map {text}: '{part}' or '{column}' is mapped already")
        told[real] = part
    return told


def _find(name: str, columns: Sequence[str]) -> str | None:
    """The column of that name; the command line may lose blanks at its ends."""
    return next((c for c in columns if name in {c, c.strip()}), None)


def _parts(told: Mapping[str, str], left: Sequence[str]) -> dict[str, str]:
    """Column by part: as told, else by the names of the columns that are left."""
    parts = {part: column for column, part in told.items() if part in PARTS}
    named = {part: find_column(part, left) for part in PARTS if part not in parts}
    return parts | {part: column for part, column in named.items() if column is not None}


def _plain(name: str) -> str:
    return "_".join(name.lower().replace("-", " ").replace("_", " ").split())


def _wide(
    table: Table, parts: Mapping[str, str], slugs: Mapping[str, str], notes: tuple[str, ...]
) -> Roles:
    if ANSWER in parts:
        raise TableError(
            f"{table.name}: has a column '{parts[ANSWER]}' and columns of questions "
            f"({_listed(list(slugs)[:3])}): keep one or the other, or add --map -=COLUMN"
        )
    rest = [c for c in table.columns if c not in slugs]
    taken = [c for c in rest if c in {ANSWER, QUESTION_ID, *ADDED}]
    if taken:
        raise TableError(
            f"{table.name}: has a column '{taken[0]}', which the graded table needs for itself: "
            "rename it"
        )
    columns = (*rest, QUESTION_ID, ANSWER)
    ordered = {c: slugs[c] for c in table.columns if c in slugs}
    return Roles(columns=columns, parts={}, answers=ordered, notes=notes)


def _slug(grader: Grader, name: str, table: Table) -> str:
    try:
        return grader.catalog.resolve(name.strip())
    except UnknownQuestionError as error:
        raise TableError(f"{table.name}: column '{WIDE}{name}': {error}") from error


# ── headers that are questions ──────────────────────────────────────────────


def _match(columns: Sequence[str], grader: Grader, table: Table, taken: set[str]) -> dict[str, str]:
    """The question of each header that is one, in the bank's own words."""
    sure: dict[str, str] = {}
    open_: list[str] = []
    for column in columns:
        slug = _same_words(column, grader)
        if slug is None:
            open_.append(column)
        elif slug in taken or slug in sure.values():
            raise TableError(f"{table.name}: two columns answer {slug}: one is '{column}'")
        else:
            sure[column] = slug
    unsure = _likely(open_, grader)
    if unsure:
        column, slug = next(iter(unsure.items()))
        raise TableError(
            f"{table.name}: {len(unsure)} of its columns may be a question: '{column}' is perhaps "
            f'{slug}: say --map "q:{slug}={column}" or, if it is none, --map "-={column}"'
        )
    return sure


def _same_words(header: str, grader: Grader) -> str | None:
    """The slug, if the header is a prompt or alias but for numbering, marks and punctuation."""
    texts = [header, _NUMBERING.sub("", header)]
    texts += [_TRAILER.sub("", text) for text in texts]
    for text in texts:
        if len(text.split()) < 2:  # noqa: PLR2004  # 'Loss' may be a column of anything
            continue
        try:
            return grader.catalog.resolve(text)
        except UnknownQuestionError:
            continue
    return None


def _likely(headers: Sequence[str], grader: Grader) -> dict[str, str]:
    """The nearest question of each header that is near enough to ask about."""
    worth = [h for h in headers if len(h.split()) > 2]  # noqa: PLR2004
    if not worth:
        return {}
    named = [(t, s.id) for s in grader.catalog.summaries() for t in (s.prompt, *s.aliases)]
    cosines = (
        unit_vectors(grader.encoder, worth) @ unit_vectors(grader.encoder, [t for t, _ in named]).T
    )
    best = cosines.argmax(axis=1)
    return {
        header: named[int(n)][1]
        for header, n, row in zip(worth, best, cosines, strict=True)
        if row[n] >= _ASK_FROM
    }


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in columns)
