"""Whether the grader errs more about one group than about another, by people's own marks. Pure.

The unit is the person: their mean mark and their mean score of the same answers. A *false fail*
is somebody whom the marks pass and the grader does not, a *false pass* the other way round (the
false negative and false positive rates of Hardt, Price and Srebro 2016, "Equality of opportunity
in supervised learning"). SciPy has the tests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from grader.extras import require
from grader.hiring.impact import Count, Interval, exact_test, rate_interval

Pair = tuple[float, float]
"""A person's mean mark and mean score, 0 to 1."""


@dataclass(frozen=True, slots=True)
class ErrorRate:
    """How many of those who could be wronged in one way were."""

    count: Count
    interval: Interval
    """Wilson's, of the rate."""
    p: float | None
    """Fisher's exact test, two-sided, against all other groups together; None where one of the
    two sides holds nobody."""

    @property
    def rate(self) -> float | None:
        """0 to 1; None of nobody."""
        return float(self.count.rate) if self.count.n else None


@dataclass(frozen=True, slots=True)
class GroupErrors:
    """A group's errors."""

    group: str
    people: int
    false_fails: ErrorRate
    """Of those whom people's marks pass."""
    false_passes: ErrorRate
    """Of those whom people's marks do not pass."""
    bias: float
    """The mean of score less mark: above 0 the grader is kinder than the markers."""
    bias_interval: Interval | None
    """Student's, 95 %; None of one person, or where all differences are the same."""


@dataclass(frozen=True, slots=True)
class ErrorTable:
    """The errors about the groups of one column."""

    by: str
    groups: tuple[GroupErrors, ...]
    """The largest first."""
    unknown: int
    """People with marks whose group is not known."""


def error_table(
    by: str, pairs: Mapping[str, Sequence[Pair]], pass_mark: float, unknown: int
) -> ErrorTable:
    """The errors about each group.

    Args:
        by: what the groups are groups of.
        pairs: of the people of each group.
        pass_mark: the mark and the score from which a person passes, 0 to 1.
        unknown: people with marks whose group is not known.

    Raises:
        MissingExtraError: SciPy is not installed.
    """
    fails = {group: _false_fails(own, pass_mark) for group, own in pairs.items()}
    passes = {group: _false_passes(own, pass_mark) for group, own in pairs.items()}
    order = sorted(pairs, key=lambda group: (-len(pairs[group]), group))
    return ErrorTable(
        by=by,
        groups=tuple(
            GroupErrors(
                group=group,
                people=len(pairs[group]),
                false_fails=_error_rate(group, fails),
                false_passes=_error_rate(group, passes),
                bias=fmean(score - mark for mark, score in pairs[group]),
                bias_interval=_mean_interval([score - mark for mark, score in pairs[group]]),
            )
            for group in order
        ),
        unknown=unknown,
    )


def _false_fails(pairs: Sequence[Pair], pass_mark: float) -> Count:
    due = [score for mark, score in pairs if mark >= pass_mark]
    return Count(sum(score < pass_mark for score in due), len(due))


def _false_passes(pairs: Sequence[Pair], pass_mark: float) -> Count:
    due = [score for mark, score in pairs if mark < pass_mark]
    return Count(sum(score >= pass_mark for score in due), len(due))


def _error_rate(group: str, counts: Mapping[str, Count]) -> ErrorRate:
    own = counts[group]
    others = [count for name, count in counts.items() if name != group]
    rest = Count(sum(c.hits for c in others), sum(c.n for c in others))
    p = exact_test(own, rest) if own.n and rest.n else None
    return ErrorRate(own, rate_interval(own), p)


def _mean_interval(values: Sequence[float]) -> Interval | None:
    if len(set(values)) == 1:
        return None
    found = require("scipy.stats", "evaluation").ttest_1samp(values, 0).confidence_interval()
    return float(found.low), float(found.high)
