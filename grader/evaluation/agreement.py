"""Measures of agreement between grades and marks. Pure.

All are written with moments along the last axis, so that a thousand resamples are one array
and not a thousand calls; tests hold them to scikit-learn and SciPy.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import cast

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
BINS = 10
LEVELS = 10
RESAMPLES = 1000
_SEED = 20261121
_AT_ONCE = 1_000_000  # resampled answers held in memory together


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far scores agree with marks, both 0 to 1. NaN where a measure is not defined."""

    n: int
    pearson: float
    """Linear correlation, -1 to 1."""
    spearman: float
    """Correlation of the ranks, -1 to 1; ties share their mean rank."""
    qwk: float
    """Quadratic weighted kappa (Cohen 1968) of scores and marks rounded to tenths."""
    kappa: float
    """Cohen's kappa (1960) of the pass decisions."""
    accuracy: float
    """The share of pass decisions that agree."""
    rmse: float
    weighted_rmse: float
    """The RMSE in which ten equal bins of the mark count alike, so that rare marks weigh as
    much as common ones: the root of the mean over the bins of the mean squared difference
    within each (Meyer et al. 2024, ASAG2024, as the authors' code computes it)."""
    bias: float
    """Mean of score less mark: above 0 the grader is kinder than the markers."""


MEASURES = tuple(field.name for field in fields(Agreement) if field.name != "n")


def agreement(marks: Numbers, scores: Numbers, passing: float | Numbers) -> Agreement:
    """All measures of one set of answers.

    Args:
        marks: people's marks, shape (n,), 0 to 1.
        scores: the grader's, likewise.
        passing: the score from which an answer passes, one for all or shape (n,).
    """
    values = _measures(marks, scores, np.broadcast_to(passing, marks.shape))
    return Agreement(n=len(marks), **{name: float(value) for name, value in values.items()})


def intervals(
    marks: Numbers, scores: Numbers, passing: float | Numbers
) -> dict[str, tuple[float, float]]:
    """The 95 % percentile bootstrap interval of each measure (Efron 1979).

    Answers are drawn with replacement, seeded: the same answers give the same intervals.
    Draws on which a measure is not defined are left out; NaN where it is defined on none.

    Args:
        marks: as for ``agreement``.
        scores: likewise.
        passing: likewise.
    """
    bars = np.broadcast_to(passing, marks.shape)
    drawn = np.random.default_rng(_SEED).integers(0, len(marks), size=(RESAMPLES, len(marks)))
    parts = [
        _measures(marks[rows], scores[rows], bars[rows])
        for rows in np.array_split(drawn, min(RESAMPLES, -(-drawn.size // _AT_ONCE)))
    ]
    return {name: _middle(np.concatenate([part[name] for part in parts])) for name in MEASURES}


def pearson(a: Numbers, b: Numbers) -> float:
    """Pearson's r; NaN where one side is constant."""
    return float(_pearson(a, b))


def rmse(marks: Numbers, scores: Numbers) -> float:
    """Root of the mean squared difference."""
    return float(_rmse(marks, scores))


def weighted_rmse(marks: Numbers, scores: Numbers) -> float:
    """See ``Agreement.weighted_rmse``; bins that hold no mark are left out."""
    return float(_weighted_rmse(marks, scores))


def _measures(marks: Numbers, scores: Numbers, passing: Numbers) -> dict[str, Numbers]:
    """Every measure along the last axis, shape (n,) or (draws, n)."""
    due, given = (marks >= passing).astype(float), (scores >= passing).astype(float)
    return {
        "pearson": _pearson(marks, scores),
        "spearman": _pearson(_ranks(marks), _ranks(scores)),
        "qwk": _kappa(np.rint(marks * LEVELS), np.rint(scores * LEVELS)),
        "kappa": _kappa(due, given),
        "accuracy": _mean(due == given),
        "rmse": _rmse(marks, scores),
        "weighted_rmse": _weighted_rmse(marks, scores),
        "bias": _mean(scores - marks),
    }


def _pearson(a: Numbers, b: Numbers) -> Numbers:
    a, b = (x - x.mean(axis=-1, keepdims=True) for x in (a, b))
    # The mean of equal numbers may miss them by a rounding error: that is no spread.
    spread = np.sqrt(_mean(a**2)) * np.sqrt(_mean(b**2))
    flat = (np.ptp(a, axis=-1) == 0) | (np.ptp(b, axis=-1) == 0)
    return _ratio(_mean(a * b), np.where(flat, 0, spread))


def _kappa(a: Numbers, b: Numbers) -> Numbers:
    """Cohen's kappa of levels, by the square of their distance.

    1 less observed over expected disagreement (Cohen 1968), the expected written with moments
    (Fleiss and Cohen 1973). For two levels 0 and 1 it is the plain kappa.
    """
    expected = a.var(axis=-1) + b.var(axis=-1) + (a.mean(axis=-1) - b.mean(axis=-1)) ** 2
    return 1 - _ratio(_mean((a - b) ** 2), expected)


def _rmse(marks: Numbers, scores: Numbers) -> Numbers:
    return cast("Numbers", np.sqrt(_mean((marks - scores) ** 2)))


def _weighted_rmse(marks: Numbers, scores: Numbers) -> Numbers:
    which = np.minimum((marks * BINS).astype(int), BINS - 1)
    squares = (marks - scores) ** 2
    inside = [which == b for b in range(BINS)]
    counts = np.array([own.sum(axis=-1) for own in inside])
    sums = np.array([(squares * own).sum(axis=-1) for own in inside])
    means = sums / np.maximum(counts, 1)
    # The root comes last: a mean of roots is smaller, and no figure of ASAG2024's.
    return cast("Numbers", np.sqrt(means.sum(axis=0) / (counts > 0).sum(axis=0)))


def _ranks(values: Numbers) -> Numbers:
    import pandas as pd

    ranks = pd.DataFrame(np.atleast_2d(values)).rank(axis=1).to_numpy()
    return ranks.reshape(values.shape)


def _mean(values: NDArray[np.float64 | np.bool_]) -> Numbers:
    return cast("Numbers", values.mean(axis=-1))


def _ratio(over: Numbers, under: Numbers) -> Numbers:
    """NaN where ``under`` is 0: the measure is not defined there."""
    undefined = np.full(np.shape(under), np.nan)
    ratio: Numbers = np.divide(over, under, out=undefined, where=under != 0)
    return ratio


def _middle(values: Numbers) -> tuple[float, float]:
    values = values[~np.isnan(values)]
    if not len(values):
        return float("nan"), float("nan")
    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)
