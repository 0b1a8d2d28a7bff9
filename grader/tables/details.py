"""The detail of a grade in a spreadsheet's cell, which may be too small for all of it."""

from __future__ import annotations

import json
from typing import Any

from grader.tables.cells import CELL_LIMIT


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
