"""Fitting a calibration to a user's own marks (needs scikit-learn)."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from grader.engine.calibration import Calibration
from grader.errors import InputError, MissingExtraError
from grader.evaluation.agreement import Numbers
from grader.evaluation.marked import GradedMarks
from grader.reading.text import counted

AT_LEAST = 30
"""Fewer marks say more about the markers' day than about the scale."""
_KEPT = ("grader", "encoder", "verifier")


def fit_calibration(graded: GradedMarks) -> Calibration:
    """The monotone map from score to mark with the least squared error: isotonic regression.

    Barlow et al. 1972. It can't turn the order of two answers round, and makes no
    assumption about the shape of the scale.

    Raises:
        InputError: there are too few marked answers, or all scores are the same.
        MissingExtraError: scikit-learn is not installed.
    """
    try:
        from sklearn.isotonic import IsotonicRegression
    except ImportError as error:
        raise MissingExtraError("scikit-learn", "evaluation") from error
    scores = np.array([a.grade.linear_score for a in graded.answers])
    if len(scores) < AT_LEAST:
        raise InputError(
            f"{counted(len(scores), 'marked answer')} could be graded: "
            f"a calibration needs at least {AT_LEAST}"
        )
    if len(np.unique(scores)) == 1:
        raise InputError("all answers got the same score: there is no scale to fit")
    model = IsotonicRegression(y_min=0, y_max=1).fit(scores, graded.marks)
    knots = _knots(np.array(model.X_thresholds_), np.array(model.y_thresholds_))
    versions = graded.answers[0].grade.versions
    return Calibration(
        scores=tuple(score for score, _ in knots),
        marks=tuple(mark for _, mark in knots),
        answers=len(scores),
        versions={name: versions[name] for name in _KEPT},
    )


def _knots(scores: Numbers, marks: Numbers) -> list[tuple[float, float]]:
    """Knots to six digits, none of them twice."""
    rounded = [(round(float(s), 6), round(float(m), 6)) for s, m in zip(scores, marks, strict=True)]
    return [rounded[0], *(b for a, b in pairwise(rounded) if b[0] > a[0])]
