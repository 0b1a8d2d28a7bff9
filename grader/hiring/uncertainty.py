"""How far a mark may be from the right one, by what the grader says of its own sureness.

A key point that earned ``c`` of ``m`` points with probability ``p`` would else have earned
something else from 0 to ``m``: the mean square of what it is off by is at most
``(1 - p) * max(c, m - c) ** 2``, and ``(1 - p) * cost ** 2`` for a misconception that was
found. Such errors are taken to be independent of each other, so that their mean squares add up,
within an answer and over the answers of a candidate.

What independence, misconceptions that were overlooked (whose costs no grade tells) and
probabilities that are not quite right make of this is measured, not assumed: the sums are
multiplied by a factor, fitted to examples with known marks (``training/fit_intervals.py``) so
that the intervals hold as many of the right totals as they say. That is the scale factor of
R. T. Birge, Phys. Rev. 40 (1932) 207, and of McCullagh and Nelder, Generalized Linear Models
(1989), sec. 4.5.

Of an answer that was compared with a reference alone no verdict makes the mark. The chance that
it passes rightly is a logistic function of its distance from the pass mark, which is to say
that the right score lies about the given one as a logistic distribution does; its variance is
``pi ** 2 / (3 * slope ** 2)`` (Johnson, Kotz and Balakrishnan, Continuous Univariate
Distributions, vol. 2 (1995), ch. 23).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

from grader.engine.scoring import OWN_EXPERIENCE
from grader.hiring.detail import Detail, is_of_reference
from grader.hiring.records import Graded
from grader.resources import model_folder


@dataclass(frozen=True, slots=True)
class IntervalRule:
    """What makes intervals of the grader's sureness; see the module."""

    level: float
    """The share of intervals that hold the right total."""
    by_verdicts: float
    """The factor where each verdict's probability is known."""
    by_confidence: float
    """The factor where all that is known is the grade's confidence, or a story was told."""


@lru_cache(maxsize=1)
def load_rule() -> IntervalRule:
    """The fitted rule.

    Raises:
        ModelError: its file is damaged.
    """
    file = model_folder("interval") / "interval.json"
    return IntervalRule(**json.loads(file.read_text(encoding="utf-8"))["rule"])


def error_of(graded: Graded, rule: IntervalRule) -> float:
    """The mean square of what an answer's score is off by; 0 for a mark that a person gave."""
    if graded.by_hand or graded.score is None or graded.confidence is None:
        return 0.0
    detail = graded.detail
    if detail is not None and is_of_reference(detail):
        return error_by_reference() if detail.key_points and not _is_certain(detail) else 0.0
    if detail is None or OWN_EXPERIENCE in detail.review_reasons:
        return rule.by_confidence * error_by_confidence(graded.score, graded.confidence)
    return rule.by_verdicts * error_by_verdicts(detail)


def error_by_verdicts(detail: Detail) -> float:
    """The same by the probabilities of the verdicts, before any factor."""
    off = [
        (1 - k.probability) * max(k.points, k.max_points - k.points) ** 2 for k in detail.key_points
    ]
    off += [(1 - m.probability) * m.cost**2 for m in detail.misconceptions]
    return sum(off) / detail.max_points**2


def error_by_confidence(score: float, confidence: float) -> float:
    """The same by the confidence alone, before any factor: as if there were one verdict."""
    return (1 - confidence) * max(score, 1 - score) ** 2


def error_by_reference() -> float:
    """The same for an answer that was compared with a reference alone."""
    from grader.engine.reference_scorer import load_reference_scorer

    return math.pi**2 / (3 * load_reference_scorer().sure_slope ** 2)


def margin(errors: Iterable[float], level: float) -> float:
    """Half the width of the interval of a sum whose terms have these mean square errors."""
    return NormalDist().inv_cdf((1 + level) / 2) * math.sqrt(sum(errors))


def _is_certain(detail: Detail) -> bool:
    return all(k.probability == 1 for k in detail.key_points)
