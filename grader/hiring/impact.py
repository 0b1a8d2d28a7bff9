"""How often groups are selected, and how one group's rate compares with another's. Pure.

The words are those of 6 RCNY § 5-300 (selection rate, scoring rate, impact ratio) and of
29 CFR 1607.4(D) (four-fifths). SciPy, of the extra ``evaluation``, has the interval of a rate and
the exact test; no library that is kept has the interval of a ratio, so it stands here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import exp, inf, log, sqrt
from typing import Literal

from grader.errors import InputError
from grader.extras import require

Basis = Literal["selection", "scoring"]
Interval = tuple[float, float]
"""A 95 % confidence interval, low end first."""

FOUR_FIFTHS = Fraction(4, 5)
"""29 CFR 1607.4(D)."""
SMALL = Fraction(2, 100)
"""6 RCNY § 5-301(d): a category of less than this share of the data may be excluded."""
SIGNIFICANT = 0.05
"""As near as a round number comes to the "two or three standard deviations" of Hazelwood School
District v. United States, 433 U.S. 299, 308 n. 14 (1977)."""
_SURE = 0.95
_CHI_SQUARE = 3.841458820694124  # its .95 quantile at one degree of freedom
_FARTHEST = 2.0**60  # a ratio beyond which no root is looked for


@dataclass(frozen=True, slots=True)
class Count:
    """How many of how many."""

    hits: int
    n: int

    def __post_init__(self) -> None:
        """Check.

        Raises:
            InputError: there are more hits than people, or a negative number of either.
        """
        if not 0 <= self.hits <= self.n:
            raise InputError(f"{self.hits} of {self.n} can't be: give 0 to {max(self.n, 0)}")

    @property
    def rate(self) -> Fraction:
        """The share, exactly; 0 of nobody."""
        return Fraction(self.hits, self.n) if self.n else Fraction(0)


@dataclass(frozen=True, slots=True)
class GroupRate:
    """A group's rate beside that of the group with the highest one."""

    group: str
    count: Count
    share: float
    """Of the people whose group is known, 0 to 1."""
    interval: Interval
    """Of the rate: Wilson (1927)."""
    small: bool
    """Less than 2 % of the people whose group is known."""
    excluded: bool
    """Left out of the impact ratios, as § 5-301(d) allows."""
    ratio: float | None
    """The impact ratio, 0 to 1; None if the group is excluded or the highest rate is 0."""
    ratio_interval: Interval | None
    """Of the ratio: Koopman (1984). None for the group that the others are compared with."""
    p: float | None
    """Fisher's exact test, two-sided, against the group with the highest rate."""
    below: bool | None
    """Whether the rate is less than four-fifths of the highest; None where there is no ratio."""
    one_person: bool | None
    """Whether one more selected here and one fewer there would turn the order of the two round
    (question 21 of the agencies' Questions and Answers, 44 FR 11996)."""

    @property
    def rate(self) -> float:
        """0 to 1."""
        return float(self.count.rate)

    @property
    def significant(self) -> bool:
        """Whether the exact test finds a difference at the level of .05."""
        return self.p is not None and self.p < SIGNIFICANT


@dataclass(frozen=True, slots=True)
class Comparison:
    """The groups of one table of an audit."""

    by: str
    """The column, or the columns with × between them."""
    basis: Basis
    groups: tuple[GroupRate, ...]
    """The largest first."""
    highest: str | None
    """The group that the others are compared with; None where no rate is above 0."""
    unknown: int
    """People who are not in the table because their group is not known."""

    @property
    def known(self) -> int:
        """The people in the table."""
        return sum(group.count.n for group in self.groups)


def compare(
    by: str,
    basis: Basis,
    counts: Mapping[str, Count],
    *,
    unknown: int,
    exclude_small: bool,
) -> Comparison:
    """The rates of groups, each against the highest.

    Args:
        by: what the groups are groups of.
        basis: whether a hit is to be selected, or to score above the median.
        counts: by group.
        unknown: people whose group is not known.
        exclude_small: leave groups of less than 2 % out of the ratios. Such a group is then not
            the one that others are compared with, either.

    Raises:
        MissingExtraError: SciPy is not installed.
    """
    total = sum(count.n for count in counts.values())
    order = sorted(counts, key=lambda group: (-counts[group].n, group))
    small = {group for group in order if counts[group].n < SMALL * total}
    left = [group for group in order if not (exclude_small and group in small)]
    highest = max(left, key=lambda group: counts[group].rate, default=None)
    if highest is not None and not counts[highest].hits:
        highest = None
    return Comparison(
        by=by,
        basis=basis,
        groups=tuple(
            _group_rate(
                group,
                counts[group],
                counts[highest] if highest is not None and group in left else None,
                total=total,
                small=group in small,
                excluded=group not in left,
                is_highest=group == highest,
            )
            for group in order
        ),
        highest=highest,
        unknown=unknown,
    )


def _group_rate(
    group: str,
    own: Count,
    top: Count | None,
    *,
    total: int,
    small: bool,
    excluded: bool,
    is_highest: bool,
) -> GroupRate:
    other = None if is_highest else top
    return GroupRate(
        group=group,
        count=own,
        share=own.n / total,
        interval=rate_interval(own),
        small=small,
        excluded=excluded,
        ratio=None if top is None else float(own.rate / top.rate),
        ratio_interval=None if other is None else ratio_interval(own, other),
        p=None if other is None else exact_test(own, other),
        below=None if top is None else own.rate < FOUR_FIFTHS * top.rate,
        one_person=None if other is None else _one_person_turns(own, other),
    )


def _one_person_turns(own: Count, top: Count) -> bool:
    if own.hits == own.n:
        return False
    return Fraction(own.hits + 1, own.n) > Fraction(top.hits - 1, top.n)


def rate_interval(count: Count) -> Interval:
    """The score interval of a rate; 0 to 1 of nobody.

    Wilson 1927, J. Am. Stat. Assoc. 22:209. It holds for small groups and near 0 and 1, too.

    Raises:
        MissingExtraError: SciPy is not installed.
    """
    if not count.n:
        return 0.0, 1.0
    test = require("scipy.stats", "evaluation").binomtest(count.hits, count.n)
    found = test.proportion_ci(_SURE, method="wilson")
    return float(found.low), float(found.high)


def exact_test(one: Count, other: Count) -> float:
    """The p-value of Fisher's exact test, two-sided.

    How often chance alone, with as many hits in all, would part the two groups at least as
    unusually.

    Raises:
        MissingExtraError: SciPy is not installed.
    """
    table = [[count.hits, count.n - count.hits] for count in (one, other)]
    return float(require("scipy.stats", "evaluation").fisher_exact(table).pvalue)


def ratio_interval(one: Count, other: Count) -> Interval:
    """The score interval of ``one.rate / other.rate``.

    Koopman 1984, Biometrics 40:513: all ratios that Pearson's chi-square test would not reject.
    Fagerland, Lydersen and Laake 2015, Stat. Methods Med. Res. 24:224, recommend it for small
    groups, too. From 0 to infinity where the hits say nothing.

    Raises:
        MissingExtraError: SciPy is not installed.
    """
    if not one.hits and not other.hits:
        return 0.0, inf
    start = (one.rate / other.rate) if one.hits and other.hits else None
    low = 0.0 if not one.hits else _root(one, other, start, downwards=True)
    high = inf if not other.hits else _root(one, other, start, downwards=False)
    return low, high


def _root(one: Count, other: Count, start: Fraction | None, *, downwards: bool) -> float:
    """The ratio on one side of the estimate at which chi-square is just significant."""
    brentq = require("scipy.optimize", "evaluation").brentq
    towards = -1.0 if downwards else 1.0
    # With no hits on one side the estimate lies at an end, and the search begins at the other.
    inner = log(start) if start is not None else -towards * log(_FARTHEST)
    outer = towards * log(_FARTHEST)
    found = brentq(lambda x: _chi_square(exp(x), one, other) - _CHI_SQUARE, inner, outer)
    return exp(found)


def _chi_square(ratio: float, one: Count, other: Count) -> float:
    """Pearson's chi-square of the counts, were the rates' ratio this one."""
    hits, n = one.hits + other.hits, one.n + other.n
    middle = ratio * (one.n + other.hits) + one.hits + other.n
    # The smaller root of Koopman's quadratic, written so that no digits are lost.
    expected = 2 * hits / (middle + sqrt(max(0.0, middle**2 - 4 * ratio * n * hits)))
    return _part(one, ratio * expected) + _part(other, expected)


def _part(count: Count, rate: float) -> float:
    gap = count.hits - count.n * rate
    spread = count.n * rate * (1 - rate)
    return gap**2 / spread if spread > 0 else 0.0
