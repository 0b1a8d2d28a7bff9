"""What was fitted to the verdicts of one verifier is not used with those of another."""

import json

import pytest

from grader.resources import model_folder


@pytest.mark.parametrize("fit", ["confidence", "feedback", "interval", "review"])
def test_what_ships_was_fitted_to_the_verifier_that_ships(grader, fit):
    card = json.loads((model_folder(fit) / f"{fit}.json").read_text(encoding="utf-8"))
    named = card.get("provenance", card)["verifier"]
    assert named == grader.verifier.name
