from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import perturbations as p
from grader.hiring import rewriting
from grader.reading.lexicon import FUNCTION_WORDS
from grader.reading.text import words

ANSWER = (
    "Weight decay penalises large weights, because the model should stay small. "
    "It is often used with early stopping. The behaviour depends on lambda."
)
prose = st.lists(
    st.sampled_from("the model is trained on data . , because it can learn ! x".split()), min_size=1
).map(lambda parts: "a " + " ".join(parts))


def test_each_sentence_is_negated():
    assert p.negated(ANSWER) == (
        "Weight decay penalises large weights, because the model should not stay small. "
        "It is not often used with early stopping. "
        "It is not true that the behaviour depends on lambda."
    )


@pytest.mark.parametrize(
    ("british", "american"),
    [
        ("normalise", "normalize"),
        ("Regularisation", "Regularization"),
        ("behaviour", "behavior"),
        ("modelling", "modeling"),
        ("the centre", "the center"),
        ("labelled", "labeled"),
        ("noise", "noise"),
        ("four", "four"),
    ],
)
def test_spelling_is_american(british, american):
    assert rewriting.american(british) == american


def test_rewritings_change_what_they_say_they_change():
    assert p.symbols("beta is greater than zero") == "β is > 0"
    assert p.synonyms("it uses a big net") == "it employs a large net"
    assert p.unpunctuated("One. Two!") == "one\ntwo"
    assert p.typos(ANSWER, share=1.0) != ANSWER
    assert p.typos(ANSWER) == p.typos(ANSWER)


def test_a_dictated_answer_has_no_signs():
    assert rewriting.dictated("It's 0.5 — (a co-adapted net); OK?\n- F1, too.") == (
        "it's 0.5 a co-adapted net ok f1 too"
    )


def test_html_and_semicolons_keep_what_is_said():
    assert p.in_semicolons("One two. Three four.") == "One two; Three four."
    assert p.in_html("A is < two. So.") == (
        '<p dir="ltr">A&nbsp;is &lt; two.</p><p dir="ltr">So.</p>'
    )


@given(prose)
def test_a_keyword_list_holds_each_content_word_once(text):
    listed = words(p.keyword_list(text))
    assert not FUNCTION_WORDS & {w.lower() for w in listed}
    assert all(n == 1 for n in Counter(listed).values())


@given(prose)
def test_reordering_keeps_the_words(text):
    assert Counter(words(text)) == Counter(words(p.reordered(text)))


@given(prose)
def test_typos_keep_the_letters(text):
    assert Counter(p.typos(text, share=0.5)) == Counter(text)
