"""A grade as a notebook shows it: a small table of HTML, in which no answer can run anything."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

_HEADS = ("", "Verdict", "The answer's words", "Points")
_LEFT = ' style="text-align:left"'


def grade_html(grade: Any) -> str:
    """The score, then each key point and each known error with its verdict, quote and points.

    All text is escaped: what comes from an answer, a rubric or a table is shown, never run.

    Args:
        grade: a ``Grade``, which stands above this module and asks for its own picture.
    """
    passed = "pass" if grade.passed else "no pass"
    unit = "point" if grade.max_points == 1 else "points"
    made_of = f"{grade.points:g} of {grade.max_points:g} {unit}, {grade.confidence:.0%} sure"
    rows = [_key_point(k) for k in grade.key_points] + [_error(m) for m in grade.asserted]
    review = f"<p>Needs review: {_text('; '.join(grade.review_reasons))}</p>"
    return (
        f"<div><p><b>{_text(grade.question_id)}: {grade.score:.2f}, {passed}</b> ({made_of})</p>"
        f"<table><thead>{_row(_HEADS, 'th')}</thead><tbody>{''.join(rows)}</tbody></table>"
        f"{review if grade.needs_review else ''}</div>"
    )


def _key_point(result: Any) -> str:
    quote = result.evidence.text if result.evidence else ""
    worth = f"{result.points:g}/{result.max_points:g}"
    return _row((_text(result.claim), result.verdict, _text(quote), worth))


def _error(result: Any) -> str:
    quote = result.evidence.text if result.evidence else ""
    claim = f"{_text(result.claim)} <i>Correct: {_text(result.correction)}</i>"
    return _row((claim, "states a known error", _text(quote), f"−{result.cost:g}"))


def _row(cells: Iterable[str], tag: str = "td") -> str:
    """A row of cells that hold HTML."""
    return f"<tr>{''.join(f'<{tag}{_LEFT}>{cell}</{tag}>' for cell in cells)}</tr>"


def _text(text: str) -> str:
    return escape(" ".join(text.split()))
