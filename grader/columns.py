"""The columns of a table of answers: which are read, and what is written beside them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import date, time
from typing import Any

from grader.errors import AnswerError, TableError
from grader.records import Failure, Grade

ANSWER, QUESTION_ID, REFERENCE, QUESTION = "answer", "question_id", "reference", "question"
_CELL_ERRORS = {"#NAME?", "#REF!", "#VALUE!", "#DIV/0!", "#N/A", "#NUM!", "#NULL!"}
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


def check_columns(columns: Sequence[str], where: str, *, q: str | None = None) -> None:
    """Refuse a table that can't be graded.

    Raises:
        TableError: ``answer`` or both of ``question_id`` and ``reference`` are missing, or
            a column has the name of one that grading adds.
    """
    if ANSWER not in columns:
        raise TableError(
            f"{where}: has no column '{ANSWER}': it has {_listed(columns)}: rename one, or say "
            f"which it is with --map {ANSWER}=COLUMN"
        )
    if q is None and QUESTION_ID not in columns and REFERENCE not in columns:
        raise TableError(
            f"{where}: has neither a column '{QUESTION_ID}' nor '{REFERENCE}': add one, or name "
            "one question for all rows with --q"
        )
    taken = [name for name in columns if name in ADDED]
    if taken:
        raise TableError(
            f"{where}: has a column '{taken[0]}' already: is it a graded table? Rename or drop it"
        )


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


def answer_text(value: Any) -> str:
    """The text of an answer's cell; a number is read as it is written.

    Raises:
        AnswerError: the cell holds no text, such as a list, or what a spreadsheet puts in the
            place of one that it took for a formula.
    """
    if isinstance(value, dict | list | tuple | bytes):
        raise AnswerError(f"the answer is not text but a {type(value).__name__}")
    text = as_text(value)
    if text.strip() in _CELL_ERRORS:
        raise AnswerError(
            f"the answer is {text.strip()}: the spreadsheet took it for a formula: enter it as text"
        )
    return text


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in columns)
