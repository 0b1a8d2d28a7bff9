import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from grader import Grader
from grader.engine.calibration import Calibration, calibrated, load_calibration
from grader.errors import DataFileError, SettingsError

GOOD = {"scores": [0.0, 0.5, 1.0], "marks": [0.1, 0.2, 1.0], "answers": 40, "versions": {}}
shares = st.floats(0, 1)
knots = st.lists(st.tuples(shares, shares), min_size=2, max_size=9)


def write(tmp_path, **changes):
    file = tmp_path / "own.json"
    file.write_text(json.dumps(GOOD | changes), encoding="utf-8")
    return file


def test_straight_lines_between_the_knots():
    calibration = Calibration.model_validate(GOOD)
    assert calibrated(0.25, calibration) == pytest.approx(0.15)
    assert calibrated(0.75, calibration) == pytest.approx(0.6)


@given(knots, shares, shares)
def test_order_is_kept_and_the_scale_is_not_left(pairs, a, b):
    scores = sorted({round(s, 3) for s, _ in pairs})
    assume(len(scores) > 1)
    marks = sorted(m for _, m in pairs)[: len(scores)]
    calibration = Calibration(scores=scores, marks=marks, answers=40, versions={})
    low, high = sorted((a, b))
    assert 0 <= calibrated(low, calibration) <= calibrated(high, calibration) <= 1


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"scores": [0.0, 0.0, 1.0]}, "scores must rise"),
        ({"marks": [0.5, 0.2, 1.0]}, "marks must never fall"),
        ({"marks": [0.5, 1.0]}, "as many"),
        ({"scores": [0.0, 0.5, 7.0]}, "at most 1"),
        ({"extra": 1}, "unknown key"),
    ],
)
def test_a_file_that_is_no_calibration_is_refused(tmp_path, changes, problem):
    with pytest.raises(DataFileError, match=problem):
        load_calibration(write(tmp_path, **changes))


def test_one_that_was_fitted_to_other_models_is_refused(tmp_path):
    file = write(tmp_path, versions={"encoder": "another", "verifier": "another"})
    with pytest.raises(SettingsError, match="another encoder: fit it again"):
        Grader(calibration=file).grade("Units are dropped at random.", "dropout")


def test_a_missing_file_is_named():
    with pytest.raises(SettingsError, match="no such file"):
        Grader(calibration="nowhere.json")
