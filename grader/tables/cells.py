"""A cell as text, and as a spreadsheet can hold it."""

from __future__ import annotations

import json
import math
import re
from datetime import date, time
from typing import Any

CELL_LIMIT = 32_767
"""The characters that a spreadsheet's cell holds."""
# https://owasp.org/www-community/attacks/CSV_Injection, the full-width forms included.
_RUN = tuple("=+-@\t\r\n＝＋－＠")
_NUMBER = re.compile(r"[+-]?[0-9]+([.,][0-9]+)*([eE][+-]?[0-9]+)?%?")


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


def safe_cell(text: str) -> str:
    """The text with an apostrophe in front if a spreadsheet would run it.

    A number with its sign stays as it is. What was made safe once is not changed again.
    """
    if text.startswith(_RUN) and not _NUMBER.fullmatch(text):
        return "'" + text
    return text


def was_made_safe(text: str) -> bool:
    """Whether the text may be one that ``safe_cell`` put an apostrophe in front of."""
    return text.startswith("'") and safe_cell(text[1:]) == text


# ── the detail of a grade ───────────────────────────────────────────────────


def fitting_detail(text: str) -> str:
    """The detail as JSON that a cell holds: whole if it can be, else less of it.

    The judge's votes go first, then the grade without the judge, all of the judge, and the
    feedback with the reasons why misconceptions are wrong: a report needs none of these. If
    that is not enough, so do key points and misconceptions.
    """
    if _units(text) <= CELL_LIMIT:
        return text
    detail: dict[str, Any] = json.loads(text)
    judge = detail.get("judge") and {**detail["judge"], "votes": []}
    wrong = [{**m, "why": ""} for m in detail["misconceptions"]]
    for less in (
        {"judge": judge},
        {"offline": None},
        {"judge": None},
        {"feedback": "", "misconceptions": wrong},
    ):
        detail |= less
        shorter = json.dumps(detail, ensure_ascii=False)
        if _units(shorter) <= CELL_LIMIT:
            return shorter
    del detail["key_points"], detail["misconceptions"]
    return json.dumps(detail, ensure_ascii=False)


def was_cut(text: str) -> bool:
    """Whether a detail that can't be used is what a spreadsheet left of a longer one."""
    try:
        detail = json.loads(text)
    except json.JSONDecodeError:
        return _units(text) >= CELL_LIMIT - 1  # half a character is left out too
    return isinstance(detail, dict) and "signature" in detail and "key_points" not in detail


def _units(text: str) -> int:
    """Length as spreadsheets count it, in UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
