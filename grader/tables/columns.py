"""The columns of a table of answers: which are read, and what is written beside them."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence

from grader.errors import TableError
from grader.tables.cells import as_text
from grader.tables.table import Row, Table

ANSWER, QUESTION_ID, REFERENCE, QUESTION = "answer", "question_id", "reference", "question"
PARTS = (ANSWER, QUESTION_ID, REFERENCE, QUESTION)
# What frameworks for judging models call the three, all of which must be there.
_SCHEMES = (
    {ANSWER: "response", QUESTION: "user_input", REFERENCE: "reference"},
    {ANSWER: "actual_output", QUESTION: "input", REFERENCE: "expected_output"},
    {ANSWER: "answer", QUESTION: "question", REFERENCE: "ground_truth"},
    {ANSWER: "response", QUESTION: "question", REFERENCE: "ground_truth"},
)
# What a table calls a candidate's answer where ``answer`` is the key.
_RIVALS = ("student answer", "student response", "candidate answer", "candidate response")
SCHEME_NAMES = {name for scheme in _SCHEMES for name in scheme.values()}
# Names that are often given to a part. A person has to say so, since they may mean other things.
_OFTEN = {
    ANSWER: (
        "response",
        "student answer",
        "student response",
        "candidate answer",
        "answer text",
        "candidate response",
        "response text",
        "open ended response",
        "submission",
        "reply",
        "actual output",
        "prediction",
        "antwort",
        "respuesta",
        "resposta",
        "réponse",
        "risposta",
    ),
    QUESTION_ID: ("q", "qid", "question slug", "slug", "frage id"),
    REFERENCE: (
        "reference answer",
        "model answer",
        "expected answer",
        "expected output",
        "ground truth",
        "gold answer",
        "correct answer",
        "musterlösung",
    ),
    QUESTION: ("question text", "prompt", "user input", "frage", "pregunta", "pergunta"),
}
WIDE = "q:"
NO_PART = "-"
# What courses call a row that is no candidate's, in the languages that they speak most.
_SUMMARY_ROWS = {
    *("overall average", "average", "mean", "class average", "points possible", "total", "overall"),
    *("durchschnitt", "gesamtdurchschnitt", "mittelwert", "moyenne", "moyenne générale"),
    *("promedio", "promedio general", "media", "media general", "média", "média geral"),
    *("gemiddelde", "media complessiva", "standard deviation"),
}
PASSED = "grade_passed"
NEEDS_REVIEW = "grade_needs_review"
ERROR = "grade_error"
DETAIL = "grade_detail"
SIMILARITY = "grade_similarity"
NUMBERS = (
    "grade_score",
    SIMILARITY,
    "grade_points",
    "grade_max_points",
    "grade_confidence",
)
SWITCHES = (PASSED, NEEDS_REVIEW)
ADDED = (
    "grade_score",
    PASSED,
    SIMILARITY,
    "grade_points",
    "grade_max_points",
    "grade_confidence",
    NEEDS_REVIEW,
    "grade_flags",
    "grade_missing",
    "grade_misconceptions",
    "grade_feedback",
    ERROR,
    DETAIL,
    "grade_signature",
)


def find_column(name: str, columns: Sequence[str]) -> str | None:
    """The column of that very name, else the only one but for case, blanks and hyphens."""
    if name in columns:
        return name
    alike = [c for c in columns if is_alike(c, name)]
    return alike[0] if len(alike) == 1 else None


def is_alike(column: str, name: str) -> bool:
    """Whether the two are one name but for case, blanks and hyphens."""
    return _plain(column) == _plain(name)


def _plain(name: str) -> str:
    return "_".join(name.lower().replace("-", " ").replace("_", " ").split())


def find_parts(
    columns: Sequence[str], *, told: Mapping[str, str] | None = None, q: str | None = None
) -> dict[str, str]:
    """Column by part, as far as their names say.

    Args:
        columns: that may play a part.
        told: column by part, as the user says.
        q: the question of rows that name none. Without it a column ``question`` that stands
            without a reference names the question, in the bank's own words.
    """
    told = dict(told or {})
    parts = {part: find_column(part, columns) for part in PARTS if part not in told}
    for scheme in _SCHEMES:
        found = {part: find_column(name, columns) for part, name in scheme.items()}
        if not told and all(found.values()) and parts[QUESTION_ID] is None:
            parts |= found
            break
    parts |= told
    named = {part: column for part, column in parts.items() if column is not None}
    if q is None and QUESTION in named and not {QUESTION_ID, REFERENCE} & named.keys():
        named[QUESTION_ID] = named.pop(QUESTION)
    return named


def check_parts(
    parts: Mapping[str, str],
    columns: Sequence[str],
    where: str,
    *,
    q: str | None = None,
    told: bool = False,
) -> None:
    """Refuse a table that can't be graded.

    Args:
        parts: column by part.
        columns: all columns.
        where: the table's name.
        q: the question of rows that name none.
        told: whether the user has said which column is the answer.

    Raises:
        TableError: ``answer`` or both of ``question_id`` and ``reference`` are missing, it is
            not plain which column is one of them, or a column has the name of one that
            grading adds. The message says what to type.
    """
    for part in PARTS:
        alike = [c for c in columns if is_alike(c, part) and c not in parts.values()]
        if part not in parts and len(alike) > 1:
            raise TableError(
                f"{where}: columns {listed(alike)} may each be '{part}': say which with "
                + option(part, alike[0])
            )
    rival = next((c for name in _RIVALS if (c := find_column(name, columns))), None)
    if not told and rival is not None and is_alike(parts.get(ANSWER, ""), ANSWER):
        raise TableError(
            f"{where}: has '{parts[ANSWER]}' and '{rival}': say which is the candidate's answer "
            f"with {option(ANSWER, rival)} or {option(ANSWER, parts[ANSWER])}"
        )
    advice = _advice(parts, columns, q)
    if ANSWER not in parts:
        raise TableError(
            f"{where}: has no column '{ANSWER}': it has {listed(columns)}: "
            + (
                f"if it is '{advice[ANSWER]}', add {_options(advice)}"
                if ANSWER in advice
                else f"rename one, or say which it is with --map {ANSWER}=COLUMN"
            )
        )
    if q is None and QUESTION_ID not in parts and REFERENCE not in parts:
        raise TableError(
            f"{where}: has neither a column '{QUESTION_ID}' nor '{REFERENCE}': "
            + (f"add {_options(advice)} " if advice else "add one, ")
            + "or name one question for all rows with --q"
        )
    _check_added(columns, where)


def _check_added(columns: Sequence[str], where: str) -> None:
    taken = [name for name in columns if name in ADDED]
    if taken:
        raise TableError(
            f"{where}: has a column '{taken[0]}' already: is it a graded table? Rename or drop it"
        )


def _advice(parts: Mapping[str, str], columns: Sequence[str], q: str | None) -> dict[str, str]:
    """Column by part, of the parts that are missing and could well be those."""
    free = [c for c in columns if c not in parts.values()]
    found = {}
    for part, names in _OFTEN.items():
        if part in parts or (part == QUESTION_ID and q is not None):
            continue
        column = next((c for name in names if (c := find_column(name, free))), None)
        if column is not None:
            found[part] = column
    if QUESTION in found and REFERENCE not in {*found, *parts}:
        question = found.pop(QUESTION)
        if q is None and QUESTION_ID not in parts:
            found.setdefault(QUESTION_ID, question)
    return found


def _options(advice: Mapping[str, str]) -> str:
    return " ".join(option(part, column) for part, column in advice.items())


def option(part: str, column: str) -> str:
    """What to type so that a column plays a part."""
    text = f"{part}={column}"
    if all(char.isalnum() or char in "=_-.:/@" for char in text):
        return f"--map {text}"
    return f"--map {shlex.quote(text)}" if set(text) & set('"$`\\!') else f'--map "{text}"'


def listed(columns: Sequence[str]) -> str:
    """The names in quotes, for a message."""
    return ", ".join(f"'{name}'" for name in columns)


# ── a table with one answer a row ───────────────────────────────────────────


def told_parts(given: Sequence[str], table: Table) -> dict[str, str]:
    """Part by column, as the user says.

    Raises:
        TableError: it is not ``PART=COLUMN``, or there is no such column.
    """
    told: dict[str, str] = {}
    for text in given:
        part, equals, column = text.partition("=")
        part, column = part.strip(), column.strip()
        if not equals or not (part in {*PARTS, NO_PART} or part.startswith(WIDE)):
            raise TableError(
                f"--map {text}: write PART=COLUMN, where the part is {', '.join(PARTS)}, "
                f"q:SLUG, or - for none of these"
            )
        real = _find_told(column, table.columns)
        if real is None:
            raise TableError(
                f"{table.name}: has no column '{column}' (--map): it has {listed(table.columns)}"
            )
        if real in told or (part in PARTS and part in told.values()):
            raise TableError(f"--map {text}: '{part}' or '{column}' is mapped already")
        told[real] = part
    return told


def _find_told(name: str, columns: Sequence[str]) -> str | None:
    """The column of that name; command lines and messages lose blanks and line ends."""
    if name in columns:
        return name
    plain = " ".join(name.split())
    alike = [c for c in columns if " ".join(c.split()) == plain]
    return alike[0] if len(alike) == 1 else None


def parts_of(told: Mapping[str, str], left: Sequence[str], q: str | None) -> dict[str, str]:
    """Column by part: as told, else by the names of the columns that are left."""
    return find_parts(left, told={part: c for c, part in told.items() if part in PARTS}, q=q)


def long_parts(table: Table, given: Sequence[str], q: str | None = None) -> dict[str, str]:
    """Column by part, of a table with one answer a row; what is missing is the caller's to say.

    Args:
        table: what is read.
        given: ``PART=COLUMN`` as for ``find_roles``, but for ``q:SLUG``.
        q: the question of rows that name none.

    Raises:
        TableError: what is given won't do.
    """
    told = told_parts(given, table)
    wide = [part for part in told.values() if part.startswith(WIDE)]
    if wide:
        raise TableError(f"--map {wide[0]}=…: has no place here, where each row is one answer")
    left = [column for column in table.columns if column not in told]
    return parts_of(told, left, q)


def check_long(
    table: Table, parts: Mapping[str, str], *, q: str | None = None, told: bool = False
) -> None:
    """Refuse a table, with an answer a row, that can't be graded.

    Raises:
        TableError: a part is missing, or its column holds formulas without a result.
    """
    try:
        check_parts(parts, table.columns, table.name, q=q, told=told)
    except TableError as error:
        if table.likelier_header is None:
            raise
        raise TableError(
            f"{error}; or, if row {table.likelier_header} is the header, add --header-row "
            f"{table.likelier_header}"
        ) from None
    check_hollow(table, parts.values())


def check_hollow(table: Table, columns: Iterable[str]) -> None:
    """Refuse columns of formulas without a result.

    Raises:
        TableError: there is one among these.
    """
    for column in columns:
        if column in table.hollow:
            raise TableError(
                f"{table.name}: column '{column}' holds formulas without a stored result "
                f"({table.hollow[column]}): open the workbook in a spreadsheet program and save it"
            )


def is_summary_row(row: Row, answers: Iterable[str]) -> bool:
    """Whether a row is an average or the like: it has no answer, and is called so."""
    if any(as_text(row.get(column)).strip() not in {"", "-"} for column in answers):
        return False
    first = next((text for cell in row.values() if (text := as_text(cell).strip())), "")
    return first.lower().rstrip(":") in _SUMMARY_ROWS
