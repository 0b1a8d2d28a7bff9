"""Answers right but for one known error: who may be drawn, what a marker sees, what is fitted."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.answers import one_error
from training.move_score_ranges import moved


@pytest.fixture(scope="module")
def chosen():
    return one_error.drawn(one_error.all_answers())


def test_none_of_a_holdout_is_drawn_and_each_has_one_error(chosen):
    held = one_error.names("bank") | one_error.names("fields")
    assert len({one.key for one in chosen}) == one_error.WANTED
    for one in chosen:
        source, first, *_ = one.key.split("/")
        assert first not in held
        assert source != "bank" or int(one.answer.id[1:]) in one_error.LEARNT_FROM
        assert len(one.answer.stated) == 1
        assert one.earned(excluding=True) <= one.earned(excluding=False) <= 1


def test_the_sheet_tells_no_verdict_and_no_error(chosen):
    shown = list(one_error.sheet(chosen))
    answers = [line for line in shown if line.startswith("ANSWER: ")]
    assert len(answers) == one_error.WANTED
    beside = " ".join(line for line in shown if not line.startswith("ANSWER: "))
    for one in chosen:
        assert one.key not in beside
        assert one.error.claim not in beside
    assert not re.search(r"\b(stated|contradicted|misconception):", beside)


def test_answers_and_marks_keep_their_format():
    assert list(one_error.problems(one_error.all_answers())) == []


@given(
    st.floats(0, 1), st.integers(0, 20).flatmap(lambda a: st.tuples(st.just(a), st.integers(a, 20)))
)
def test_a_moved_range_is_as_wide_and_holds_the_score(score, ends):
    low, high = ends[0] / 20, ends[1] / 20
    if high - low < 0.1:
        high = min(1.0, low + 0.1)
        low = high - 0.1
    a, b = moved(score, low, high)
    assert 0 <= a <= score + 1e-9
    assert score - 1e-9 <= b <= 1
    assert b - a == pytest.approx(high - low)
    if low <= score <= high:
        assert (a, b) == (low, high)
