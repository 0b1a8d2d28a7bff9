"""The three pictures of an evaluation (needs matplotlib)."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Mapping
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from grader.environment import environment
from grader.errors import MissingExtraError, SettingsError
from grader.judge.cache import cache_folder

if TYPE_CHECKING:
    from grader.evaluation.marked import GradedMarks
    from grader.evaluation.summary import Evaluation

INK = "#808080"  # readable on white and on black
COLOUR = "#3b82c4"
_SIZE = (5, 4)
_DPI = 150


def draw(graded: GradedMarks, evaluation: Evaluation, form: str) -> dict[str, bytes]:
    """The pictures by name, each as ``svg`` or ``png``.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    painters: Mapping[str, Callable[[Any], None]] = {
        "scatter": lambda axes: _scatter(axes, graded),
        "reliability": lambda axes: _reliability(axes, evaluation),
        "risk-coverage": lambda axes: _risk_coverage(axes, evaluation),
    }
    return {name: picture(paint, form) for name, paint in painters.items()}


def picture(paint: Callable[[Any], None], form: str, size: tuple[float, float] = _SIZE) -> bytes:
    """One picture, transparent, in ink that can be read on white and on black.

    Args:
        paint: draws into the axes that it is given.
        form: ``svg`` or ``png``; the same drawing gives the same bytes.
        size: width and height in inches.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    rc_context, figure_class = _matplotlib()
    # A fixed salt and no date: the same evaluation gives the same bytes.
    with rc_context({"svg.hashsalt": "grader", "font.size": 10}):
        figure = figure_class(figsize=size, layout="constrained")
        axes = figure.subplots()
        paint(axes)
        axes.tick_params(colors=INK)
        for part in (axes.xaxis.label, axes.yaxis.label):
            part.set_color(INK)
        for spine in axes.spines.values():
            spine.set_color(INK)
        stream = io.BytesIO()
        clear = {"Date": None} if form == "svg" else {}
        figure.savefig(stream, format=form, dpi=_DPI, transparent=True, metadata=clear)
    return stream.getvalue()


def _matplotlib() -> tuple[Any, Any]:
    """``rc_context`` and ``Figure``; the list of fonts that it keeps goes to our cache folder."""
    own = os.environ.get("MPLCONFIGDIR") or _folder_of_fonts()
    try:
        with TemporaryDirectory() as scratch, environment(MPLCONFIGDIR=own or scratch):
            from matplotlib import font_manager, rc_context  # noqa: F401 # keeps its list here
            from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("matplotlib", "evaluation") from error
    return rc_context, Figure


def _folder_of_fonts() -> str:
    """Empty for a user without a home: the list is made anew then."""
    try:
        return str(cache_folder("") / "matplotlib")
    except SettingsError:
        return ""


def _scatter(axes: Any, graded: GradedMarks) -> None:
    axes.plot([0, 1], [0, 1], color=INK, linewidth=1)
    axes.scatter(graded.marks, graded.scores, s=18, alpha=0.5, color=COLOUR)
    axes.set(xlabel="mark", ylabel="score", xlim=(-0.03, 1.03), ylim=(-0.03, 1.03))


def _reliability(axes: Any, evaluation: Evaluation) -> None:
    axes.plot([0, 1], [0, 1], color=INK, linewidth=1)
    sure = [b.confidence for b in evaluation.bins]
    right = [b.right for b in evaluation.bins]
    size = [12 + 200 * b.n / evaluation.overall.agreement.n for b in evaluation.bins]
    axes.plot(sure, right, color=COLOUR, linewidth=1)
    axes.scatter(sure, right, s=size, color=COLOUR)
    axes.set(xlabel="confidence", ylabel="pass decisions right", xlim=(0, 1.03), ylim=(0, 1.03))


def _risk_coverage(axes: Any, evaluation: Evaluation) -> None:
    kept = [k.share for k in evaluation.curve]
    axes.plot(kept, [k.mean_error for k in evaluation.curve], color=COLOUR, marker="o")
    axes.set(xlabel="share of grades kept, surest first", ylabel="mean error", xlim=(0, 1.03))
    axes.set_ylim(bottom=0)
