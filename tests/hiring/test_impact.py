import json
from fractions import Fraction
from math import inf, isinf

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import stats

from grader.errors import InputError
from grader.hiring.impact import (
    SMALL,
    Count,
    compare,
    exact_test,
    rate_interval,
    ratio_interval,
)
from tests.support.groups import NAMES, SELECTED_BY_RACE

counts = st.integers(1, 400).flatmap(lambda n: st.builds(Count, st.integers(0, n), st.just(n)))


def compared(exclude=False, unknown=0, **groups):
    found = compare(
        "g",
        "selection",
        {name: Count(*pair) for name, pair in groups.items()},
        unknown=unknown,
        exclude_small=exclude,
    )
    return {group.group: group for group in found.groups}, found


# ── published examples ──────────────────────────────────────────────────────


def test_question_12_of_the_agencies_is_recomputed():
    """44 FR 11996 (1979): 48 of 80 white and 12 of 40 black applicants: 30/60, one-half."""
    groups, found = compared(white=(48, 80), black=(12, 40))
    assert found.highest == "white"
    assert groups["white"].rate == 0.6
    assert groups["black"].rate == 0.3
    assert groups["black"].ratio == 0.5
    assert groups["black"].below
    assert groups["black"].significant
    assert not groups["black"].one_person


def test_question_21_of_the_agencies_is_recomputed():
    """16 of 80 white and 3 of 20 black: 75 %, but one person more would turn the order round."""
    groups, _ = compared(white=(16, 80), black=(3, 20))
    assert groups["black"].ratio == pytest.approx(0.75)
    assert groups["black"].below
    assert groups["black"].one_person
    assert not groups["black"].significant


def test_the_races_of_new_york_citys_example_are_recomputed():
    """6 RCNY § 5-301(b): the group of 1.6 % is in its ratios."""
    published = dict(zip(NAMES, SELECTED_BY_RACE, strict=True))
    groups, found = compared(**{name: (row[1], row[0]) for name, row in published.items()})
    assert found.highest == "White"
    for name, (_, _, rate, ratio) in published.items():
        assert f"{100 * groups[name].rate:.0f}" == rate, name
        assert f"{groups[name].ratio:.2f}" == ratio, name
    assert [name for name, group in groups.items() if group.small] == [NAMES[5]]


def test_koopmans_own_example_is_recomputed():
    """Koopman 1984: 36 of 40 against 16 of 80: 2.94 to 7.15."""
    low, high = ratio_interval(Count(36, 40), Count(16, 80))
    assert (round(low, 2), round(high, 2)) == (2.94, 7.15)


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    [
        # statsmodels 0.14, confint_proportions_2indep(method="score", compare="ratio",
        # correction=False).
        ((189, 11034), (104, 11037), 1.4339038158932405, 2.3047128550098765),
        ((3, 20), (16, 80), 0.24400040033538176, 2.0410895320405302),
        ((12, 40), (48, 80), 0.2933452452484175, 0.7938646817375494),
        ((2, 10), (15, 25), 0.09177145767268655, 0.9318362594626105),
    ],
)
def test_an_interval_of_a_ratio_is_that_of_statsmodels(one, other, low, high):
    assert ratio_interval(Count(*one), Count(*other)) == pytest.approx((low, high), rel=1e-6)


def test_wilsons_interval_at_the_end_is_his_formula():
    """Of 0 of n it ends at z² / (n + z²)."""
    z2 = stats.chi2.ppf(0.95, 1)
    assert rate_interval(Count(0, 10)) == pytest.approx((0, z2 / (10 + z2)))
    assert rate_interval(Count(0, 0)) == (0, 1)


# ── arithmetic ──────────────────────────────────────────────────────────────


@given(counts, counts)
@example(Count(12, 25), Count(3, 5))  # .48 / .6 is a little more or less than .8 in floats
@example(Count(40, 100), Count(50, 100))
def test_less_than_four_fifths_is_told_in_whole_numbers(one, other):
    groups, _ = compared(one=(one.hits, one.n), other=(other.hits, other.n))
    top = max(one.rate, other.rate)
    for name, count in (("one", one), ("other", other)):
        expected = None if not top else 5 * count.rate < 4 * top
        assert groups[name].below == expected


@given(counts, counts)
@example(Count(10, 10), Count(10, 10))
@example(Count(0, 3), Count(5, 9))
@example(Count(1, 1), Count(0, 1))
def test_an_interval_holds_the_ratio_and_turns_round_with_it(one, other):
    low, high = ratio_interval(one, other)
    assert 0 <= low <= high
    if other.hits:
        assert low <= float(one.rate / other.rate) * (1 + 1e-9)
        assert float(one.rate / other.rate) <= high * (1 + 1e-9)
    back_low, back_high = ratio_interval(other, one)
    assert back_low == pytest.approx(0 if isinf(high) else 1 / high, rel=1e-6)
    assert (isinf(back_high) and low == 0) or back_high == pytest.approx(1 / low, rel=1e-6)


@given(counts, counts)
def test_it_holds_1_just_where_pearsons_test_rejects_nothing(one, other):
    table = [[c.hits, c.n - c.hits] for c in (one, other)]
    low, high = ratio_interval(one, other)
    if 0 < one.hits + other.hits < one.n + other.n:
        p = stats.chi2_contingency(table, correction=False).pvalue
        if abs(p - 0.05) > 1e-6:
            assert (low < 1 < high) == (p > 0.05)
    else:
        assert low < 1 < high


def test_nobody_selected_has_no_ratio():
    groups, found = compared(a=(0, 5), b=(0, 7))
    assert found.highest is None
    assert {g.ratio for g in groups.values()} == {None}
    assert {g.below for g in groups.values()} == {None}
    assert ratio_interval(Count(0, 5), Count(0, 7)) == (0, inf)


def test_equal_groups_are_equal():
    groups, found = compared(a=(5, 10), b=(10, 20), c=(5, 10))
    assert found.highest == "b"  # the larger one of those that are highest
    assert {g.ratio for g in groups.values()} == {1.0}
    assert groups["a"].p == 1


def test_the_exact_test_is_fishers():
    # His tea: three of four cups right by chance, at least: 34/70 two-sided.
    assert exact_test(Count(3, 4), Count(1, 4)) == pytest.approx(34 / 70)


def test_impossible_counts_are_refused():
    with pytest.raises(InputError, match="3 of 2 can't be"):
        Count(3, 2)


# ── groups under 2 % ────────────────────────────────────────────────────────


def test_two_in_a_hundred_are_not_less_than_two_per_cent():
    assert Fraction(1, 50) == SMALL
    groups, _ = compared(a=(1, 2), b=(40, 98))
    assert not groups["a"].small
    groups, _ = compared(a=(1, 2), b=(40, 99))
    assert groups["a"].small


def test_an_excluded_group_has_a_rate_and_no_ratio_and_is_not_the_highest():
    groups, found = compared(exclude=True, few=(1, 1), a=(50, 100), b=(30, 100))
    assert found.highest == "a"
    few = groups["few"]
    assert (few.excluded, few.rate, few.count.n) == (True, 1.0, 1)
    assert (few.ratio, few.ratio_interval, few.p, few.below) == (None, None, None, None)
    assert groups["b"].ratio == 0.6
    kept, found = compared(few=(1, 1), a=(50, 100), b=(30, 100))
    assert found.highest == "few"
    assert kept["b"].ratio == pytest.approx(0.3)
    assert not kept["few"].excluded


def test_figures_are_plain_numbers():
    groups, _ = compared(a=(3, 9), b=(4, 7))
    assert json.dumps([groups["a"].ratio, groups["a"].p, groups["a"].interval])
