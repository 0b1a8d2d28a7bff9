"""Cells that a spreadsheet would run as a formula are written so that it shows them."""

from __future__ import annotations

import re

CELL_LIMIT = 32_767
"""The characters that a spreadsheet's cell holds."""
# https://owasp.org/www-community/attacks/CSV_Injection, the full-width forms included.
_RUN = tuple("=+-@\t\r\n＝＋－＠")
_NUMBER = re.compile(r"[+-]?[0-9]+([.,][0-9]+)*([eE][+-]?[0-9]+)?%?")


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
