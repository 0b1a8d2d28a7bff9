import itertools
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.engine.confidence import STEPS, Doubt, confidence, load_doubt, score_odds
from grader.engine.scoring import credit
from grader.records import VERDICTS, KeyPointResult, MisconceptionResult, Scale
from grader.resources import model_folder
from grader.settings import Settings

SCALE = Scale()
EVEN = Doubt("even", {v: tuple(0.0 if w == v else 1 / 3 for w in VERDICTS) for v in VERDICTS}, 1, 0)


def key_point(points, verdict, probability, *, bonus=False):
    earned = points * credit(verdict, SCALE)
    return KeyPointResult("k", "It is.", verdict, earned, points, probability, None, bonus)


def error(cost, verdict, probability, id_="m"):
    lost = cost if verdict == "asserted" else 0.0
    return MisconceptionResult(id_, "No.", verdict, lost, probability, None, "Yes.", "So.", "Book")


def sure(key_points, errors=(), costs=None, **options):
    passes = options.pop("passes", lambda score: score >= SCALE.pass_score)
    costs = costs or {m.id: m.cost or 1.0 for m in errors}
    return confidence(key_points, errors, SCALE, passes, EVEN, costs, **options)


POINTS = st.tuples(st.sampled_from([1, 2, 3]), st.sampled_from(VERDICTS), st.floats(0.25, 1))
ERRORS = st.tuples(
    st.sampled_from([1, 2]), st.sampled_from(["asserted", "absent"]), st.floats(0.5, 1)
)


@given(st.lists(POINTS, min_size=1, max_size=4), st.lists(ERRORS, max_size=2))
def test_the_distribution_is_that_of_all_cases_counted_one_by_one(points, errors):
    key_points = [key_point(*p) for p in points]
    found = [error(c, v, p, f"m{i}") for i, (c, v, p) in enumerate(errors)]
    costs = {f"m{i}": c for i, (c, *_) in enumerate(errors)}
    odds = score_odds(key_points, found, SCALE, EVEN, costs)
    assert odds.sum() == pytest.approx(1)
    most = sum(p for p, *_ in points)
    mean = 0.0
    for case in itertools.product(VERDICTS, repeat=len(points)):
        for said in itertools.product([True, False], repeat=len(errors)):
            chance, total = 1.0, 0.0
            for (worth, verdict, p), true in zip(points, case, strict=True):
                chance *= p if true == verdict else (1 - p) / 3
                total += worth * credit(true, SCALE)
            for (cost, verdict, p), there in zip(errors, said, strict=True):
                chance *= p if (verdict == "asserted") == there else 1 - p
                total -= cost * there
            mean += chance * min(1.0, max(0.0, total / most))
    assert odds @ (np.arange(STEPS + 1) / STEPS) == pytest.approx(mean, abs=0.01)


def test_doubt_about_a_point_that_decides_nothing_costs_no_confidence():
    full = [key_point(6, "covered", 0.99), key_point(3, "covered", 0.99)]
    doubtful = [*full, key_point(1, "covered", 0.5)]
    assert sure(doubtful) > 0.95


def test_doubt_about_the_point_that_decides_is_doubt_about_the_grade():
    points = [
        key_point(5, "covered", 0.99),
        key_point(2, "covered", 0.55),
        key_point(3, "missing", 0.99),
    ]
    assert sure(points) < 0.7


def test_a_doubtful_accusation_that_decides_lowers_it():
    points = [key_point(7, "covered", 1.0), key_point(3, "missing", 1.0)]
    absent = error(2, "absent", 0.55)
    assert sure(points, [absent], {"m": 2}) == pytest.approx(0.55, abs=0.01)


def test_open_ended_questions_are_never_more_than_half_sure():
    assert sure([key_point(1, "covered", 1.0)], open_ended=True) == 0.5


def test_a_bonus_is_not_needed():
    points = [key_point(6, "covered", 1.0), key_point(6, "missing", 0.5, bonus=True)]
    assert sure(points) > 0.95


def test_the_side_is_that_of_the_scale_in_use():
    points = [key_point(5, "covered", 1.0), key_point(5, "missing", 1.0)]
    lenient = sure(points, passes=lambda score: score >= 0.4)
    assert lenient > 0.95


def test_what_ships_says_what_is_right_instead_for_every_verdict():
    doubt = load_doubt()
    assert set(doubt.instead) == set(VERDICTS)
    for verdict, shares in doubt.instead.items():
        assert shares[VERDICTS.index(verdict)] == 0
        assert sum(shares) == pytest.approx(1, abs=0.01)


def test_review_is_asked_for_by_default_where_the_fit_says():
    fitted = json.loads((model_folder("confidence") / "confidence.json").read_text())
    assert Settings().review_below == round(fitted["review_below"], 2)
