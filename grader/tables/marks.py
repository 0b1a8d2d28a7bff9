"""People's marks, as they stand in a table's cells."""

from __future__ import annotations

import re
from collections.abc import Sequence

from grader.errors import TableError

# What programs and people write where there is no mark. Compared in lower case.
_NO_MARK = {"", "-", "--", "–", "—", "nan", "na", "n/a", "<na>", "#n/a", "null", "none", "nil"}
_POINT = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_COMMA = re.compile(r"[+-]?(\d+,\d*|,\d+)")
_A_THOUSAND = 1000
_THOUSANDS = re.compile(r"[+-]?\d{1,3},\d{3}")


def read_marks(cells: Sequence[tuple[str, str]], most: float | None = None) -> list[float | None]:
    """The marks of a column as numbers; None where there is none.

    A comma is a decimal comma where no mark of the column has a decimal point.

    Args:
        cells: where each stands, for messages, and what it holds.
        most: the highest mark, where it is known.

    Raises:
        TableError: one is not a number; the message says where it stands.
    """
    texts = [cell.strip() for _, cell in cells]
    points = any(_POINT.fullmatch(text) and "." in text for text in texts)
    commas = [text for text in texts if _COMMA.fullmatch(text)]
    high = most is not None and most >= _A_THOUSAND
    thousands = bool(commas) and high and all(_THOUSANDS.fullmatch(t) for t in commas)
    return [
        None if text.lower() in _NO_MARK else _mark(text, where, comma=not (points or thousands))
        for (where, _), text in zip(cells, texts, strict=True)
    ]


def _mark(text: str, where: str, *, comma: bool) -> float:
    if _COMMA.fullmatch(text):
        if not comma:
            raise TableError(
                f"{where} = '{text}': is not a number: other marks have a decimal point, or it may "
                "be thousands: write it as they are"
            )
        return float(text.replace(",", "."))
    if _POINT.fullmatch(text):
        return float(text)
    raise TableError(
        f"{where} = '{text}': is not a number: correct it, or leave the cell empty where there "
        "is no mark"
    )


def share(mark: float, most: float, where: str) -> float:
    """A mark as a share of the highest one, 0 to 1.

    Args:
        mark: the number.
        most: the highest there is.
        where: the mark's place and its cell, for the message.

    Raises:
        TableError: it is not from 0 to ``most``.
    """
    if not 0 <= mark <= most:
        raise TableError(
            f"{where}: must be from 0 to {most:g}: name the highest mark with --max-mark"
        )
    return mark / most
