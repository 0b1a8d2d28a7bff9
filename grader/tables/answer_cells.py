"""The answer in a table's cell: what was written, however the export wraps it."""

from __future__ import annotations

import json
import re
from typing import Any

from grader.errors import AnswerError
from grader.reading.canonical import says_nothing
from grader.tables.cells import as_text

# What spreadsheets of any language put where a formula failed: #NAME?, #NOM?, #WERT!, #SPILL!
_CELL_ERROR = re.compile(r"#[^\W\d_a-zß-ÿ][^\sa-z]{0,20}[!?]|#¿[^\sa-z]+\?|Err:\d{3}|#+")
_OTHER_CELL_ERRORS = {"#N/A", "#NV", "#N/D", "#N/DISP", "#I/T", "#BRAK", "#GETTING_DATA", "#BUSY"}
# What programs write for no answer. Compared in lower case.
_NO_ANSWER = {
    "-",
    "--",
    "—",
    "–",
    "nan",
    "na",
    "n/a",
    "<na>",
    "null",
    "none",
    "nil",
    "no answer",
    "no response",
    "not answered",
    "[no answer]",
    "(no answer)",
    "undefined",
    "nat",
}
_LOST = "[object object]"


def answer_text(value: Any, *, blanks_too: bool = False) -> str:
    """The text of an answer's cell; a number is read as it is written.

    Open edX's JSON of parts and Quill's of insertions are unwrapped.

    Args:
        value: what the cell holds.
        blanks_too: a cell that says nothing is an answer, too: the empty text.

    Raises:
        AnswerError: the cell holds no text, such as a list, what a program writes for no
            answer, or what a spreadsheet puts in the place of one that it took for a formula.
    """
    if blanks_too and is_blank(value):
        return ""
    if isinstance(value, dict | list | tuple | bytes):
        unwrapped = _unwrapped(value)
        if unwrapped is None:
            raise AnswerError(f"the answer is not text but a {type(value).__name__}")
        value = unwrapped
    text = as_text(value)
    plain = text.strip()
    if _CELL_ERROR.fullmatch(plain) or plain in _OTHER_CELL_ERRORS:
        raise AnswerError(
            f"the answer is {plain}: the spreadsheet took it for a formula: enter it as text"
        )
    if plain.lower() in _NO_ANSWER:
        raise AnswerError(f"the answer is '{plain}', which stands for none: nothing to grade")
    if plain.lower() == _LOST:
        raise AnswerError(f"the answer is '{plain}': its text was lost on export: export it again")
    unwrapped = _from_json(plain)
    return text if unwrapped is None else unwrapped


def is_blank(value: Any) -> bool:
    """Whether an answer's cell says nothing: it is empty, mark-up alone, or stands for none."""
    text = as_text(value).strip().lower()
    if not text or text in _NO_ANSWER:
        return True
    if text[0].isalnum():  # as nearly all do: it needs no closer look
        return False
    try:
        return says_nothing(answer_text(value))
    except AnswerError:
        return False


def _from_json(text: str) -> str | None:
    """The text of an answer that was exported as JSON; None if it was not."""
    if not text.startswith(('{"', "[{", "{ ", "[ {")):
        return None
    try:
        return _unwrapped(json.loads(text))
    except (ValueError, RecursionError):
        return None


def _unwrapped(value: Any) -> str | None:
    """The text in Open edX's ``{"parts": [{"text": …}]}`` or Quill's ``[{"insert": …}]``."""
    if isinstance(value, dict):
        for key, inner, between in (("parts", "text", "\n\n"), ("ops", "insert", "")):
            if key in value and (texts := _texts(value[key], inner)) is not None:
                return between.join(texts)
        return None
    texts = _texts(value, "insert")
    return None if texts is None else "".join(texts)


def _texts(items: Any, key: str) -> list[str] | None:
    """The texts of a list of objects; pictures and the like are left out."""
    if not isinstance(items, list) or not items:
        return None
    if not all(isinstance(item, dict) and key in item for item in items):
        return None
    return [item[key] for item in items if isinstance(item[key], str)]
