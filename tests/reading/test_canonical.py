"""How an answer is set off decides nothing."""

import pytest

from grader.reading.canonical import read

FIRST = "During training each unit is switched off at random with some probability"
SECOND = "At test time all units are used"
WAYS = (
    "{}; {}.",
    "{}. {}",
    "{}.\n{}.",
    "{}\n\n{}",
    "{}\n{}",
    "- {}\n- {}",
    "• {} • {}",
    "* {};\n* {}.",
    "1. {}\n2. {}",
    "1) {};\n2) {}.",
    "(1) {}.\n(2) {}.",
    "a) {}\nb) {}",
    "i. {}\nii. {}",
    "1. {} 2. {}",
    "{} — {}.",
    "{} – {}.",
    "{} - {}.",
    "{} -- {}",
    "{}.\r\n{}.",
    "{}\u2028{}",
    "{}\x0b{}",
)


@pytest.mark.parametrize("way", WAYS)
def test_sentences_may_be_set_off_in_any_way(way):
    reading = read(way.format(FIRST, SECOND))
    assert reading.whole == f"{FIRST}. {SECOND}."
    assert reading.said[:2] == (f"{FIRST}.", f"{SECOND}.")


def test_the_mark_of_an_answer_does_not_depend_on_how_it_is_set_off(grader):
    variants = [way.format(FIRST, SECOND) for way in WAYS]
    variants += [way.format(FIRST, SECOND.lower()) for way in WAYS if way[:6] == "{}; {}"]
    grades = grader.grade_many([f"{FIRST}. {SECOND}.", *variants], "dropout")
    expected = grades[0]
    for text, grade in zip(variants, grades[1:], strict=True):
        assert (grade.score, grade.flags) == (expected.score, expected.flags), text


def test_wrapped_lines_stay_together():
    text = (
        "The gradient of an early layer is a product of many\nfactors below one, and therefore it "
        "gets small in\nLSTM networks without gates, and when the network\nis deep."
    )
    assert read(text).whole == text.replace("\n", " ")


def test_lines_that_had_room_left_are_sentences():
    text = (
        "each unit is dropped at random while the net trains\n"
        "at test time all of them are used as they are, but scaled by the probability\n"
        "so that none of them can rely on any of the others"
    )
    assert read(text).whole.count(".") == 3


def test_dictated_answers_are_weighed_in_overlapping_stretches():
    text = " ".join(f"word{i}" for i in range(40))
    found = [u.text for u in read(text).units]
    assert found[0] == text
    assert "word0 word1 word2 word3 word4 word5 word6 word7" in found[1]
    assert all(any(f"word{i} word{i + 1}" in u for u in found[1:]) for i in range(39))


def test_two_dashes_are_a_bracket():
    text = "The network - a deep one with many layers - learns slowly when gradients vanish."
    assert read(text).whole == text
