import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.bank.catalog import Catalog
from grader.settings import Settings
from training import flips

CLAIM = "Using ReLU mitigates this problem."
CHANCE = st.randoms(use_true_random=False)
OPPOSITES = {"causes", "worsens", "aggravates", "amplifies", "creates"}
ALIKE = {"eases", "alleviates", "lessens", "counters", "curbs"}


def _claims():
    catalog = Catalog.from_settings(Settings())
    return [k.claim for slug in catalog.slugs()[:20] for k in catalog.question(slug).key_points]


CLAIMS = _claims()


@given(CHANCE)
def test_an_easing_verb_becomes_a_causing_one_or_another_easing_one(chance):
    verb = flips.turned_round(CLAIM, chance).split()[2]
    assert verb in OPPOSITES
    assert flips.said_again(CLAIM, chance).split()[2] in ALIKE


@given(st.sampled_from(CLAIMS), CHANCE)
def test_one_word_is_replaced_and_all_others_stay(claim, chance):
    text = flips.turned_round(claim, chance)
    if text is None:
        return
    assert text != claim
    start = next(i for i, (a, b) in enumerate(zip(claim, text, strict=False)) if a != b)
    before, after = claim[:start].rsplit(" ", 1)[0], claim[start:].split(" ", 1)[1:]
    assert text.startswith(before)
    assert not after or text.endswith(after[0])


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        (CLAIM, "Using ReLU does not mitigate this problem."),
        ("Units are dropped.", "Units are not dropped."),
        ("Units are not dropped.", "Units are dropped."),
        ("Gradients and weights.", None),
    ],
)
@given(chance=CHANCE)
def test_not_is_put_in_and_taken_out(claim, expected, chance):
    assert flips.negated(claim, chance) == expected


@given(st.sampled_from(CLAIMS), CHANCE)
def test_a_frame_keeps_the_claim(claim, chance):
    for frame in (flips.affirmed, flips.denied):
        assert claim.rstrip(". ")[1:] in frame(claim, chance)


@given(CHANCE)
def test_names_and_symbols_keep_their_capitals_within_a_frame(chance):
    assert "ReLU helps" not in flips.affirmed("The unit helps.", chance)
    assert "LSTM cells" in flips.affirmed("LSTM cells remember.", chance)
    assert "the unit" in flips.affirmed("The unit helps.", chance)
