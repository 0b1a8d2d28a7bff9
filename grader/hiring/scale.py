"""Whether the scores of a graded table can be on a scale of the user's own. Pure.

After ``--calibration`` a score is not what its points make, and where the table has lost its
``grade_detail`` it looks as if a person had changed one of the two. But a scale is the same for all
answers, and never falls: scores that no scale can have made were changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import itemgetter

from grader.hiring.marks import ROUNDED, contradiction, disagree
from grader.hiring.records import Graded

_SAME = 4  # digits: shares of points that differ beyond are equal


def scaled_rows(rows: Sequence[Graded], name: str) -> tuple[int, ...]:
    """The rows, without a detail, whose scores a scale made of their points.

    Args:
        rows: of the whole table.
        name: the table's.

    Raises:
        TableError: no scale can have made them.
    """
    own = [row for row in rows if row.confidence is not None and not row.blank]
    off = [
        row for row in own if row.detail is None and disagree(row.score, row.points, row.max_points)
    ]
    if off and not _can_be_a_scale(map(_pair, filter(_has_both, own))):
        farthest = max(off, key=lambda row: abs(_pair(row)[0] - _pair(row)[1]))
        where = f"{name}: row {farthest.row}"
        raise contradiction(farthest.score, farthest.points, farthest.max_points, where)
    return tuple(row.row for row in off)


def _has_both(row: Graded) -> bool:
    return None not in {row.score, row.points, row.max_points}


def _pair(row: Graded) -> tuple[float, float]:
    """The share of the points, and the score."""
    assert row.score is not None
    assert row.points is not None
    assert row.max_points is not None
    return round(row.points / row.max_points, _SAME), row.score


def _can_be_a_scale(pairs: Iterable[tuple[float, float]]) -> bool:
    """Whether equal shares have equal scores, and larger ones none that are lower."""
    highest = 0.0
    for _, group in groupby(sorted(pairs), key=itemgetter(0)):
        scores = [score for _, score in group]
        if scores[-1] - scores[0] > 2 * ROUNDED or scores[0] < highest - 2 * ROUNDED:
            return False
        highest = scores[-1]
    return True
