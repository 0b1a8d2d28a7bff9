from types import SimpleNamespace

import pytest

from grader.errors import InputError
from grader.hiring.rewriting import NAMES, SWAPPED, WAYS
from grader.hiring.speech import move_speech, right_answers, ways_to_say
from grader.records import Failure

RIGHT = "The behaviour of a unit is set to zero because it learns."


class Stub:
    """A grader whose marks depend on the words alone."""

    def __init__(self, score, **open_ended):
        self._score = score
        self.catalog = SimpleNamespace(
            slugs=lambda: ["a", "b", "c"], load=self._load, resolve=str.lower
        )
        self._open = open_ended

    def _load(self, slug):
        examples = [
            SimpleNamespace(kind="strong", answer=f"{RIGHT} Strong {slug}."),
            SimpleNamespace(kind="wrong", answer="The wrong one."),
        ]
        rubric = SimpleNamespace(open_ended=self._open.get(slug, False), examples=examples)
        return SimpleNamespace(references=(f"{RIGHT} Model {slug}.",)), rubric, None

    def question(self, slug):
        return slug

    def grade_all(self, items):
        return [self._graded(text, slug) for text, slug in items]

    def _graded(self, text, slug):
        score = self._score(text)
        if score is None:
            return Failure(slug, "AnswerError", "too long")
        return SimpleNamespace(score=score, passed=score >= 0.6)


def test_right_answers_are_model_answers_and_strong_examples():
    found = list(right_answers(Stub(lambda _: 1), None))
    assert [slug for slug, _ in found] == ["a", "a", "b", "b", "c", "c"]
    assert not any("wrong" in text for _, text in found)
    assert {slug for slug, _ in right_answers(Stub(lambda _: 1, b=True))} == {"a", "c"}
    assert [slug for slug, _ in right_answers(Stub(lambda _: 1), ["C"])] == ["c", "c"]


def test_a_grader_that_hears_only_what_is_said_does_not_move():
    movement = move_speech(Stub(lambda _: 0.7), 4)
    assert movement.mean_size == 0
    found = {way.way: (way.answers, way.turned) for way in movement.ways}
    assert found == dict.fromkeys((*WAYS, SWAPPED), (4, 0))


def test_a_grader_that_minds_capitals_is_found_out():
    movement = move_speech(Stub(lambda text: 0.9 if text[0].isupper() else 0.5), 3)
    ways = {way.way: way for way in movement.ways}
    dictated = ways["dictated"]
    assert dictated.mean_change == pytest.approx(-0.4)
    assert dictated.mean_size == pytest.approx(0.4)
    assert dictated.turned == 3
    assert dictated.largest.change == pytest.approx(-0.4)
    assert ways["clumsy English"].mean_size == 0
    assert movement.mean_size == pytest.approx(0.4 * 3 / 15)


def test_a_grader_that_minds_names_is_found_out():
    other = NAMES[0][1].split()[0]
    movement = move_speech(Stub(lambda text: 0.2 if other in text else 0.8), 1)
    [swapped] = [way for way in movement.ways if way.way == SWAPPED]
    assert swapped.mean_change == pytest.approx(-0.6)


def test_answers_are_spread_over_the_questions_and_names_take_turns():
    movement = move_speech(Stub(lambda _: 1), 3)
    assert {move.question_id for move in movement.moves} == {"a", "b", "c"}
    speakers = {s.after.split(".")[0] for i in range(4) for s in ways_to_say("a", RIGHT, i)}
    assert sum(speaker.startswith("I am ") for speaker in speakers) == len(NAMES)


def test_a_way_that_changes_nothing_is_no_evidence():
    ways = [said.way for said in ways_to_say("a", "ok", 0)]
    assert ways == [SWAPPED]


def test_what_can_not_be_graded_is_left_out():
    movement = move_speech(Stub(lambda text: None if text.startswith("I am") else 1.0), 2)
    assert SWAPPED not in {way.way for way in movement.ways}


def test_questions_without_right_answers_are_a_clear_line():
    with pytest.raises(InputError, match="none of these questions has a right answer"):
        move_speech(Stub(lambda _: 1), 3, [])
