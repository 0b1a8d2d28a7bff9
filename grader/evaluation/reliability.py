"""Whether the confidence means what it says. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grader.evaluation.agreement import Numbers

BINS = 10
COVERAGES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


@dataclass(frozen=True, slots=True)
class Bin:
    """Grades of like confidence, and how many of their pass decisions were right."""

    n: int
    confidence: float
    right: float


@dataclass(frozen=True, slots=True)
class Kept:
    """What is left if the surest grades stand and a person takes the others."""

    share: float
    confidence: float
    """That of the least sure grade kept."""
    mean_error: float
    right: float
    """The share of right pass decisions."""


def reliability(confidence: Numbers, right: Numbers) -> list[Bin]:
    """Ten equal bins of the confidence; empty ones are left out.

    Args:
        confidence: of the grades, shape (n,), 0 to 1.
        right: 1 where the pass decision is the marker's, else 0.
    """
    which = np.minimum((confidence * BINS).astype(int), BINS - 1)
    return [
        Bin(
            int((which == b).sum()),
            float(confidence[which == b].mean()),
            float(right[which == b].mean()),
        )
        for b in np.unique(which)
    ]


def calibration_error(bins: list[Bin]) -> float:
    """Expected calibration error (Guo et al. 2017, sec. 2): the mean gap, by size of bin."""
    total = sum(b.n for b in bins)
    return sum(b.n * abs(b.right - b.confidence) for b in bins) / total


def risk_coverage(confidence: Numbers, errors: Numbers, right: Numbers) -> list[Kept]:
    """What the surest tenth, fifth … of the grades get wrong (El-Yaniv and Wiener 2010)."""
    order = np.argsort(-confidence, kind="stable")
    curve = []
    for share in COVERAGES:
        kept = order[: max(1, round(share * len(order)))]
        curve.append(
            Kept(
                share,
                float(confidence[kept[-1]]),
                float(errors[kept].mean()),
                float(right[kept].mean()),
            )
        )
    return curve
