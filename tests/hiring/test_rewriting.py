import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.hiring.rewriting import (
    NAMES,
    WAYS,
    american,
    british,
    clumsy,
    in_dialect,
    introduced,
    other_pronouns,
    respelled,
)

NEGATIONS = re.compile(r"\b(?:not|never|no|cannot|n't|ain't|don't)|n't\b", re.IGNORECASE)
prose = st.lists(
    st.sampled_from(
        "the a an model is not does doesn't never 0.5 learns because of them and are x = 2 ( ) , . "
        "The A An gradient isn't many these".split()
    ),
    max_size=30,
).map(" ".join)


@pytest.mark.parametrize(
    ("said", "clumsily"),
    [
        ("The gradient shrinks on the way back.", "Gradient shrink on way back."),
        ("A unit does not learn.", "Unit do not learn."),
        ("An encoder has many layers", "Encoder have much layers"),
        ("let a = x, a being the output", "let a = x, a being output"),
        ("ln a + (1 - a)", "ln a + (1 - a)"),
        ("It isn't used; the others aren't.", "It isn't used; others aren't."),
        ("A\n\nThe net.", "A\n\nNet."),
    ],
)
def test_clumsy_english_lacks_articles_and_agreement(said, clumsily):
    assert clumsy(said) == clumsily


@pytest.mark.parametrize(
    ("said", "spelled"),
    [
        ("Because of the loss", "Cos o' the loss"),
        ("it is not used and isn't missed", "it ain't used an' ain't missed"),
        ("deep learning is using them", "deep learning is usin' 'em"),
        ("an and-gate", "an and-gate"),
    ],
)
def test_dialect_is_spelled_as_spoken_and_terms_stay(said, spelled):
    assert in_dialect(said) == spelled


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ("regularisation", "regularization"),
        ("The behaviour", "The behavior"),
        ("centre", "center"),
        ("modelling", "modeling"),
        ("labelled", "labeled"),
    ],
)
def test_each_spelling_becomes_the_other(here, there):
    assert american(here) == there
    assert british(there) == here
    assert respelled(here) == there
    assert respelled(there) == here


def test_other_words_keep_their_spelling():
    for word in ("noise", "size", "four", "color blind", "centered", "doctor", "memory"):
        assert american(british(word)) == american(word)
        assert british("doctor size horizon") == "doctor size horizon"


def test_he_becomes_she_and_back():
    said = "He trained his net himself; I asked him. She liked her net; ask her."
    turned = "She trained her net herself; I asked her. He liked his net; ask him."
    assert other_pronouns(said) == turned
    assert other_pronouns("the theme of this history") == "the theme of this history"


def test_the_two_speakers_differ_in_nothing_but_who_they_are():
    for one, other in NAMES:
        assert {re.search(r"\((\w+)", name)[1] for name in (one, other)} == {"she", "he"}
        assert introduced("X.", one).replace(one, other) == introduced("X.", other)


@given(prose)
def test_no_way_of_speaking_loses_a_negation_or_a_number(text):
    for way, rewrite in WAYS.items():
        after = rewrite(text)
        assert len(NEGATIONS.findall(after)) == len(NEGATIONS.findall(text)), way
        assert re.findall(r"\d+(?:\.\d+)?", after) == re.findall(r"\d+(?:\.\d+)?", text), way
        assert rewrite(text) == after
