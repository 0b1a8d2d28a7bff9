"""Measures of agreement between grades and marks. Pure; needs scikit-learn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from grader.errors import MissingExtraError

Numbers = NDArray[np.float64]
BINS = 10
LEVELS = 10
RESAMPLES = 1000
_SEED = 20261121
_TOO_FEW = 2


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far scores agree with marks, both 0 to 1. NaN where a measure is not defined."""

    n: int
    pearson: float
    """Linear correlation, -1 to 1."""
    spearman: float
    """Correlation of the ranks, -1 to 1."""
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


def agreement(marks: Numbers, scores: Numbers, passing: float | Numbers) -> Agreement:
    """All measures of one set of answers.

    Args:
        marks: people's marks, shape (n,), 0 to 1.
        scores: the grader's, likewise.
        passing: the score from which an answer passes, one for all or shape (n,).

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    passes = marks >= passing, scores >= passing
    return Agreement(
        n=len(marks),
        pearson=pearson(marks, scores),
        spearman=pearson(_ranks(marks), _ranks(scores)),
        qwk=_kappa(np.rint(marks * LEVELS), np.rint(scores * LEVELS), weights="quadratic"),
        kappa=_kappa(*passes),
        accuracy=float((passes[0] == passes[1]).mean()),
        rmse=rmse(marks, scores),
        weighted_rmse=weighted_rmse(marks, scores),
        bias=float((scores - marks).mean()),
    )


def pearson(a: Numbers, b: Numbers) -> float:
    """Pearson's r; NaN where one side is constant."""
    if len(a) < _TOO_FEW or not a.std() or not b.std():
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1])


def rmse(marks: Numbers, scores: Numbers) -> float:
    """Root of the mean squared difference."""
    return float(np.sqrt(((marks - scores) ** 2).mean()))


def weighted_rmse(marks: Numbers, scores: Numbers) -> float:
    """See ``Agreement.weighted_rmse``; bins that hold no mark are left out."""
    which = np.minimum((marks * BINS).astype(int), BINS - 1)
    squares = (marks - scores) ** 2
    # The root comes last: a mean of roots is smaller, and no figure of ASAG2024's.
    return float(np.sqrt(np.mean([squares[which == b].mean() for b in np.unique(which)])))


def interval(
    measure: Callable[[Numbers, Numbers], float], marks: Numbers, scores: Numbers
) -> tuple[float, float]:
    """The 95 % percentile bootstrap interval (Efron 1979), answers drawn with replacement.

    Seeded: the same answers give the same interval. Draws on which the measure is not
    defined are left out; NaN where it is defined on none.
    """
    chance = np.random.default_rng(_SEED)
    draws = chance.integers(0, len(marks), size=(RESAMPLES, len(marks)))
    values = np.array([measure(marks[d], scores[d]) for d in draws])
    values = values[~np.isnan(values)]
    if not len(values):
        return float("nan"), float("nan")
    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)


def _ranks(values: Numbers) -> Numbers:
    """Ranks, ties sharing their mean."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    means = np.cumsum(counts) - (counts - 1) / 2
    ranks: Numbers = means[place]
    return ranks


def _kappa(a: NDArray[np.generic], b: NDArray[np.generic], weights: str | None = None) -> float:
    try:
        from sklearn.metrics import cohen_kappa_score
    except ImportError as error:
        raise MissingExtraError("scikit-learn", "evaluation") from error
    if len(np.union1d(a, b)) < _TOO_FEW:
        return float("nan")  # all in one class: chance agrees as well
    return float(cohen_kappa_score(a, b, weights=weights))
