"""The columns of a table of answers: which are read, and what is written beside them."""

from __future__ import annotations

import json
import math
import shlex
from collections.abc import Mapping, Sequence
from datetime import date, time
from typing import Any

from grader.errors import TableError
from grader.records import Failure, Grade

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
NEEDS_REVIEW = "grade_needs_review"
DETAIL = "grade_detail"
NUMBERS = ("grade_score", "grade_points", "grade_max_points", "grade_confidence")
ADDED = (
    *NUMBERS,
    NEEDS_REVIEW,
    "grade_flags",
    "grade_missing",
    "grade_misconceptions",
    "grade_feedback",
    "grade_error",
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
                f"{where}: columns {_listed(alike)} may each be '{part}': say which with "
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
            f"{where}: has no column '{ANSWER}': it has {_listed(columns)}: "
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


def grade_cells(result: Grade | Failure) -> Mapping[str, object]:
    """The added cells of a row, by column; those of a failure are empty but for the error."""
    if isinstance(result, Failure):
        return dict.fromkeys(ADDED, "") | {"grade_error": f"{result.reason}: {result.message}"}
    return {
        "grade_score": result.score,
        "grade_points": result.points,
        "grade_max_points": result.max_points,
        "grade_confidence": result.confidence,
        "grade_needs_review": result.needs_review,
        "grade_flags": " ".join(result.flags),
        "grade_missing": " | ".join(result.missing),
        "grade_misconceptions": " | ".join(m.claim for m in result.asserted),
        "grade_feedback": result.feedback,
        "grade_error": "",
        DETAIL: json.dumps(result.to_dict(), ensure_ascii=False),
        "grade_signature": result.signature,
    }


def as_text(value: Any) -> str:
    """A cell of any type as the text that a CSV holds; nothing is the empty text."""
    if isinstance(value, str):
        return value
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in columns)
