"""The mark in a graded table's cells, as spreadsheets and people leave it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from grader.errors import TableError
from grader.hiring.detail import Detail
from grader.tables.columns import ERROR, NEEDS_REVIEW, PASSED

ROUNDED = 0.00501
"""Spreadsheets may have rounded what they show to two digits: that is no correction."""
# Spreadsheets write these two words in the language of their user.
_TRUE = {"true", "1", "1.0", "yes", "wahr", "vrai", "verdadero", "verdadeiro", "vero", "waar"}
_FALSE = {"false", "0", "0.0", "no", "falsch", "faux", "falso", "onwaar"}
_NUMBER = re.compile(r"\d+([.,]\d*)?([eE][+-]?\d+)?")


def number(cell: str, where: str, most: float | None = None) -> float | None:
    """The number in a cell, None if it is blank; a comma is a decimal comma.

    Args:
        cell: what the cell holds.
        where: the cell's place, for the message.
        most: the largest it may be.

    Raises:
        TableError: it is not a number from 0 to ``most``.
    """
    text = cell.strip()
    if not text:
        return None
    value = float(text.replace(",", ".")) if _NUMBER.fullmatch(text) else None
    if value is None or (most is not None and value > most):
        wanted = "a number" if most is None else f"a number from 0 to {most:g}"
        raise TableError(
            f"{where} is '{text}' and must be {wanted}: was it changed by hand? Correct it, or "
            "grade the table again"
        )
    return value


def switch(cell: str, where: str) -> bool | None:
    """Whether a cell says yes or no, None if it is blank.

    Raises:
        TableError: it says neither.
    """
    text = cell.strip().lower()
    if not text:
        return None
    if text not in _TRUE | _FALSE:
        raise TableError(
            f"{where} is '{cell.strip()}' and must be True or False: was it changed by hand? "
            "Correct it, or grade the table again"
        )
    return text in _TRUE


@dataclass(frozen=True, slots=True)
class Mark:
    """The numbers of a grade, a person's corrections included."""

    score: float | None = None
    points: float | None = None
    max_points: float | None = None
    passed: bool | None = None
    confidence: float | None = None
    needs_review: bool = False
    by_hand: bool = False


def read_mark(row: Mapping[str, str], detail: Detail | None, where: str) -> Mark:
    """The numbers of a row.

    Raises:
        TableError: one is out of range, or they contradict each other.
    """
    score = number(row["grade_score"], f"{where}: grade_score", 1)
    points = number(row["grade_points"], f"{where}: grade_points")
    most = number(row["grade_max_points"], f"{where}: grade_max_points")
    sure = number(row["grade_confidence"], f"{where}: grade_confidence", 1)
    passed = switch(row.get(PASSED, ""), f"{where}: {PASSED}")
    review = bool(switch(row[NEEDS_REVIEW], f"{where}: {NEEDS_REVIEW}"))
    if row[ERROR].strip():
        if score is not None or points is not None:
            raise TableError(
                f"{where}: has both a grade and a grade_error: empty the one that does not hold"
            )
        return Mark()
    most = most if most is not None or detail is None else detail.max_points
    if score is None and (points is None or not most):
        raise TableError(
            f"{where}: has neither a grade_score nor a grade_error: grade the table again, or give "
            "the row a grade_score"
        )
    if most == 0:
        raise TableError(f"{where}: grade_max_points is 0: correct it, or grade the table again")
    given = Mark(score, points, most, passed, sure, review)
    return _without_detail(given, where) if detail is None else _with_detail(given, detail, where)


def _with_detail(given: Mark, detail: Detail, where: str) -> Mark:
    """The grader's own numbers, or what a person made of them: the one that was changed counts.

    A mark is a person's, too, where they left it and say so: they took back that it needs review,
    or emptied how sure the grader is.
    """
    score, points, most = given.score, given.points, given.max_points
    assert most is not None
    new_score = score is not None and abs(score - detail.score) > ROUNDED
    new_points = points is not None and abs(points - detail.points) > ROUNDED
    new_most = abs(most - detail.max_points) > ROUNDED
    turned = given.passed is not None and given.passed != detail.passed
    if not (new_score or new_points or new_most):
        passed = detail.passed if given.passed is None else given.passed
        confirmed = given.confidence is None or (detail.needs_review and not given.needs_review)
        return replace(
            given,
            score=detail.score,
            points=detail.points,
            passed=passed,
            confidence=None if turned or confirmed else detail.confidence,
            by_hand=turned,
        )
    if new_points and not new_score:
        score = None
    elif new_score and not new_points:
        points = None
    changed = _agreeing(replace(given, score=score, points=points), where)
    assert changed.score is not None
    passed = detail.passed if given.passed is None else given.passed
    if not turned and detail.pass_mark is not None:
        passed = changed.score >= detail.pass_mark
    return replace(changed, passed=passed, confidence=None, by_hand=True)


def _without_detail(given: Mark, where: str) -> Mark:
    """What the cells say alone; a grade without a confidence is a person's.

    The grader's own score need not be what its points make: on a scale of the user's it is not,
    which only the whole table can tell (``scale``).
    """
    if given.confidence is None:
        return replace(_agreeing(given, where), by_hand=True)
    return _filled(given, where)


def _agreeing(mark: Mark, where: str) -> Mark:
    """The mark with its score and points both there.

    Raises:
        TableError: they contradict each other, or there are more points than can be had.
    """
    filled = _filled(mark, where)
    if disagree(mark.score, mark.points, mark.max_points):
        raise contradiction(mark.score, mark.points, mark.max_points, where)
    return filled


def disagree(score: float | None, points: float | None, most: float | None) -> bool:
    """Whether a score is another than its points make, beyond rounding."""
    if score is None or points is None or most is None:
        return False
    return abs(points / most - score) > 2 * ROUNDED


def contradiction(
    score: float | None, points: float | None, most: float | None, where: str
) -> TableError:
    """What to say of a score and points that disagree."""
    assert score is not None
    assert points is not None
    assert most is not None
    return TableError(
        f"{where}: grade_score is {score:g}, but grade_points {points:g} of {most:g} make "
        f"{points / most:.2f}: was one of them changed by hand? Empty the wrong one"
    )


def _filled(mark: Mark, where: str) -> Mark:
    """The mark with its score and points both there, if they can be had.

    Raises:
        TableError: there are more points than can be had.
    """
    score, points, most = mark.score, mark.points, mark.max_points
    if points is not None and most is not None and points > most + ROUNDED:
        raise TableError(f"{where}: grade_points is {points:g} of {most:g}: correct one of the two")
    if score is None:
        assert points is not None
        assert most is not None
        return replace(mark, score=min(1.0, points / most))
    if points is None and most is not None:
        return replace(mark, points=round(score * most, 4))
    return mark
