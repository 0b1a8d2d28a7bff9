from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.engine import scoring
from grader.engine.costs import points_off
from grader.engine.findings import Earning, Findings
from grader.reading.text import Segment
from grader.records import VERDICTS, KeyPoint, Misconception, Question, Reference, Scale

ODDS = st.lists(st.floats(0.01, 1), min_size=4, max_size=4)


def question(points=(2.0, 1.0), costs=(1.0,)):
    return Question(
        id="q",
        prompt="Why?",
        references=(Reference(origin="model", text="So."),),
        key_points=tuple(
            KeyPoint(id=f"k{i}", points=p, claim=f"Claim {i}.") for i, p in enumerate(points)
        ),
        misconceptions=tuple(
            Misconception(
                id=f"m{i}", claim="No.", cost=c, correction="Yes.", why="So.", authority="Book"
            )
            for i, c in enumerate(costs)
        ),
        digest="",
    )


def findings(key_points, misconceptions):
    a = np.array(key_points, dtype=np.float32)
    b = np.array(misconceptions, dtype=np.float32).reshape(-1, 2)
    return Findings(
        a / a.sum(1, keepdims=True),
        b / b.sum(1, keepdims=True),
        np.zeros(len(a) + len(b), dtype=np.intp),
        np.zeros((len(a) + len(b), 3), dtype=np.float32),
    )


UNITS = [Segment("the words", 0, 9)]


def graded(q, found, flags=()):
    key_points = scoring.verdicts_on_key_points(q, found, UNITS, flags)
    misconceptions = scoring.verdicts_on_misconceptions(q, found, UNITS, flags)
    return key_points, misconceptions, scoring.add_up(key_points, misconceptions)


@given(st.lists(ODDS, min_size=1, max_size=8), st.lists(st.floats(0, 1), max_size=5))
def test_the_score_lies_between_0_and_1_and_is_the_sum_of_its_parts(odds, chances):
    q = question([1.0 + i for i in range(len(odds))], [1.0] * len(chances))
    found = findings(odds, [[1 - c, c] for c in chances])
    key_points, misconceptions, total = graded(q, found)
    assert 0 <= total.score <= 1
    earned = sum(k.points for k in key_points) - sum(m.cost for m in misconceptions)
    assert total.points == max(0, earned)
    assert total.score == pytest.approx(total.points / q.max_points, abs=1e-4)


@given(st.lists(ODDS, min_size=2, max_size=6), st.integers(0, 5))
def test_covering_one_more_key_point_never_lowers_the_score(odds, which):
    which %= len(odds)
    q = question([1.0] * len(odds), [])
    before = graded(q, findings(odds, []))[2].score
    better = [list(o) for o in odds]
    better[which] = [1, 0.01, 0.01, 0.01]
    assert graded(q, findings(better, []))[2].score >= before


@pytest.mark.parametrize(
    ("verdict", "points"), [("covered", 2), ("partial", 1), ("missing", 0), ("contradicted", 0)]
)
def test_what_each_verdict_earns(verdict, points):
    odds = [[0.1] * 4]
    odds[0][VERDICTS.index(verdict)] = 0.7
    (result,), _, total = graded(question([2.0], []), findings(odds, []))
    assert (result.verdict, result.points, total.points) == (verdict, points, points)
    assert (result.evidence is None) == (verdict == "missing")


@pytest.mark.parametrize(
    ("odds", "points"),
    [
        ([0.9, 0.04, 0.04, 0.02], 2.0),
        ([0.6, 0.0, 0.4, 0.0], 1.5),
        ([0.4, 0.1, 0.5, 0.0], 1.0),
        ([0.02, 0.02, 0.95, 0.01], 0.0),
        ([0.4, 0.0, 0.1, 0.5], 0.0),
        ([0.0, 1.0, 0.0, 0.0], 1.0),
        ([0.4, 0.6, 0.0, 0.0], 1.0),
    ],
)
def test_a_point_that_is_not_sure_earns_what_may_be_expected_in_quarters(odds, points):
    found = replace(findings([odds], []), earning=Earning(none_to=0.05, all_from=0.65))
    (result,), _, total = graded(question([2.0], []), found)
    assert (result.points, total.points) == (points, points)


@given(ODDS, st.floats(0, 0.3), st.floats(0.6, 1), st.floats(0, 1))
def test_what_may_be_expected_is_a_number_of_quarters_and_grows_with_what_is_covered(
    odds, none_to, all_from, more
):
    earning, scale = Earning(none_to, all_from), Scale()
    shares = [one / sum(odds) for one in odds]
    surer = [(1 - more) * one for one in shares]
    surer[0] += more
    before, after = (scoring.expected_credit(p, scale, earning) for p in (shares, surer))
    assert 0 <= min(before, after) <= max(before, after) <= 1
    if np.argmax(shares) != 1:
        assert before <= after
    assert (4 * before).is_integer()
    assert scoring.expected_credit([1, 0, 0, 0], scale, earning) == 1
    assert scoring.expected_credit([0, 0, 1, 0], scale, earning) == 0


def test_partial_credit_is_the_rubrics():
    q = question([2.0], []).model_copy(update={"scale": Scale(partial_credit=0.25)})
    _, _, total = graded(q, findings([[0.1, 0.7, 0.1, 0.1]], []))
    assert total.points == 0.5


def test_a_misconception_costs_points_and_shows_its_correction():
    found = findings([[0.9, 0, 0.1, 0], [0.9, 0, 0.1, 0]], [[0.2, 0.8]])
    _, (misconception,), total = graded(question(), found)
    assert misconception.verdict == "asserted"
    assert (misconception.correction, misconception.authority) == ("Yes.", "Book")
    assert misconception.cost == points_off(1.0)
    assert total.points == 3 - points_off(1.0)


def test_nothing_in_a_keyword_list_counts():
    found = findings([[0.9, 0, 0.1, 0], [0.9, 0, 0.1, 0]], [[0.2, 0.8]])
    key_points, misconceptions, total = graded(question(), found, flags=("keyword_list",))
    assert {k.verdict for k in key_points} == {"missing"}
    assert {m.verdict for m in misconceptions} == {"absent"}
    assert total.points == 0


def test_reasons_for_review_name_the_flag_and_the_bar():
    assert scoring.review_reasons(0.9, 0.6, ()) == ()
    assert scoring.review_reasons(0.5, 0.6, ("injection",)) == (
        "confidence 0.50 is below 0.60",
        "flag: injection",
    )


@pytest.mark.parametrize(("chance", "verdict"), [(0.7, "absent"), (0.9, "asserted")])
def test_an_accusation_must_be_surer_than_a_point(chance, verdict):
    found = replace(findings([[1, 1, 1, 1]], [[1 - chance, chance]]), asserted_from=0.8)
    [result] = scoring.verdicts_on_misconceptions(question([1.0]), found, UNITS, ())
    assert result.verdict == verdict
    assert (result.cost > 0) == (verdict == "asserted")
