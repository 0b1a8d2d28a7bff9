"""Impact ratios as a picture: a line a group, with four-fifths marked (needs matplotlib)."""

from __future__ import annotations

import warnings
from typing import Any

from grader.evaluation.plots import COLOUR, INK, picture
from grader.hiring.impact import FOUR_FIFTHS, Comparison

_WIDTH, _ROOM, _A_GROUP = 7.0, 0.9, 0.32  # inches
_MOST = 2.0  # ratios beyond are drawn to the edge
_LONGEST = 44  # characters of a group's name


def ratio_picture(comparison: Comparison, form: str) -> bytes:
    """The impact ratios of one table with their 95 % intervals, as ``svg`` or ``png``.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    shown = [group for group in reversed(comparison.groups) if group.ratio is not None]

    def paint(axes: Any) -> None:
        axes.axvline(float(FOUR_FIFTHS), color=INK, linestyle="--", linewidth=1)
        axes.axvline(1, color=INK, linewidth=1)
        for y, group in enumerate(shown):
            if group.ratio_interval is not None:
                low, high = group.ratio_interval
                axes.plot([low, min(high, _MOST)], [y, y], color=COLOUR, linewidth=2)
            axes.plot([group.ratio], [y], "o", color=COLOUR)
        names = [_short(group.group) for group in shown]
        # A dollar sign in a group's name is no formula.
        axes.set_yticks(range(len(shown)), names, parse_math=False, color=INK)
        axes.set(xlabel="impact ratio", xlim=(0, _reach(comparison)))

    with warnings.catch_warnings():
        # A script that the font lacks leaves boxes here; the table beside has the name.
        warnings.filterwarnings("ignore", message="Glyph")
        return picture(paint, form, (_WIDTH, _ROOM + _A_GROUP * len(shown)))


def _reach(comparison: Comparison) -> float:
    ends = [g.ratio_interval[1] for g in comparison.groups if g.ratio_interval is not None]
    return min(_MOST, max([1.0, *ends])) + 0.05


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…"
