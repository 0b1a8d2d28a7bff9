from hypothesis import example, given
from hypothesis import strategies as st

from grader.reading.canonical import read
from grader.reading.text import clauses, fold, normalise, sentences, words

TEXT = st.text(alphabet=st.sampled_from(list("abc XYZ.,;!?\n\t-0123'\"é—•\u200b(")), max_size=400)


@given(TEXT)
def test_every_unit_is_a_verbatim_span(text):
    for unit in read(text).units:
        assert text[unit.start : unit.end] == unit.text
        assert unit.text == unit.text.strip()
        assert words(unit.text)


@given(TEXT)
@example("0\n1. 0")
def test_sentences_hold_every_word_once_and_in_order(text):
    """But for the numbers before the items of a list."""
    found = "".join(word for sentence in sentences(text) for word in words(sentence.text))
    there = "".join(words(text))
    assert in_order(found, there)
    assert [c for c in found if not c.isdigit()] == [c for c in there if not c.isdigit()]


def in_order(some, of):
    """Whether all characters of one text stand in another one in the same order."""
    rest = iter(of)
    return all(c in rest for c in some)


@given(TEXT)
def test_normalising_twice_changes_nothing(text):
    assert normalise(normalise(text)) == normalise(text)
    assert fold(fold(text)) == fold(text)


def test_abbreviations_decimals_and_initials_do_not_end_a_sentence():
    text = "Use e.g. ReLU (see Fig. 3, Goodfellow et al. 2016). The slope is 0.25. J. Doe agrees."
    assert [s.text for s in sentences(text)] == [
        "Use e.g. ReLU (see Fig. 3, Goodfellow et al. 2016).",
        "The slope is 0.25.",
        "J. Doe agrees.",
    ]


def test_list_items_and_short_lines_are_sentences_of_their_own():
    text = "cause: chain rule\nfix: ReLU\n- skip connections\n2) LSTM\n3. GRU"
    assert [s.text for s in sentences(text)] == [
        "cause: chain rule",
        "fix: ReLU",
        "skip connections",
        "LSTM",
        "GRU",
    ]


def test_the_sign_of_a_number_is_no_bullet():
    assert [s.text for s in sentences("-1 is returned.\n> 0.5 counts as positive.")] == [
        "-1 is returned.",
        "> 0.5 counts as positive.",
    ]
    assert [s.text for s in sentences("- one\n– 2 of them\n> quoted")] == [
        "one",
        "2 of them",
        "quoted",
    ]


def test_a_wrapped_line_does_not_end_a_sentence():
    text = "The gradient of an early layer is a long product\nof small factors.\n\nAnother one."
    assert [s.text for s in sentences(text)] == [
        "The gradient of an early layer is a long product\nof small factors.",
        "Another one.",
    ]


def test_text_without_an_end_is_cut_so_that_all_of_it_is_read():
    parts = sentences("word " * 150)
    assert [len(words(p.text)) for p in parts] == [60, 60, 30]


def test_a_long_sentence_gives_its_clauses():
    (sentence,) = sentences(
        "Because the sigmoid saturates in its tails, the product of many factors decays, "
        "so the early layers hardly learn anything."
    )
    assert [c.text for c in clauses(sentence)] == [
        "Because the sigmoid saturates in its tails",
        "the product of many factors decays",
        "so the early layers hardly learn anything.",
    ]


def test_folding_makes_typographic_variants_equal():
    assert fold("“Don’t  —\nSTOP”") == fold('"don\'t - stop"')
