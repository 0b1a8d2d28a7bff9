"""What an error takes off: one fitted number, the same wherever a score is made."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader import resources
from grader.engine import costs
from grader.errors import ModelError


@given(st.floats(0.01, 100), st.floats(0.01, 100))
def test_an_error_twice_as_grave_takes_off_twice_as_much(gravity, other):
    ratio = costs.points_off(gravity) * other
    assert ratio == pytest.approx(costs.points_off(other) * gravity, rel=1e-2)


def test_the_number_is_the_fitted_one_and_says_where_it_is_from():
    card = json.loads((resources.model_folder("costs") / "costs.json").read_text("utf-8"))
    assert costs.factor() == card["factor"] > 0
    assert card["fitted_by"] == "training/fit_costs.py"


def test_a_changed_number_is_refused(tmp_path, monkeypatch):
    folder = tmp_path / "models" / "costs"
    folder.mkdir(parents=True)
    for file in resources.model_folder("costs").iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    (folder / "costs.json").write_text('{"factor": 0}')
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path)
    costs.factor.cache_clear()
    with pytest.raises(ModelError, match=r"costs\.json"):
        costs.factor()
