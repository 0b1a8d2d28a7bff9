"""Trials: a rubric's own examples, graded and compared with their labels."""

import pytest

from grader.authoring.examples import accuracy, by_kind, run_trials
from grader.errors import DataFileError, UnknownQuestionError
from grader.grading import Grader
from grader.settings import Settings
from tests.support.own_bank import RUBRIC
from tests.support.word_for_word import WordForWord

EXAMPLES = """\
examples:
  - id: good
    kind: strong
    answer: Put boiling water on the leaves and let them steep for three minutes.
    verdicts: {boiling-water: covered, steep: covered}
    score: [0.9, 1.0]
  - id: overlooked
    kind: strong
    holdout: true
    answer: Put boiling water on the leaves and wait for three minutes.
    verdicts: {boiling-water: covered, steep: covered}
    score: [0.9, 1.0]
  - id: wrong
    kind: source_error
    answer: Take boiling water and, as to tea, boil long, for an hour or so.
    verdicts: {boiling-water: covered, steep: missing}
    score: [0.6, 0.7]
  - id: unseen
    kind: source_error
    answer: Keep the leaves on the fire in their pot until the evening.
    verdicts: {boiling-water: missing, steep: partial}
    misconceptions: [boil-long]
    score: [0.0, 0.2]
"""


@pytest.fixture
def word_for_word(own_folders):
    """A grader of the user's question with the examples above."""
    bank, rubrics = own_folders
    (rubrics / "tea.yaml").write_text(RUBRIC.split("examples:")[0] + EXAMPLES)
    return Grader(Settings(bank=bank, rubrics=rubrics), verifier=WordForWord())


@pytest.fixture
def done(word_for_word):
    """The trials of all examples, by id."""
    return {t.example.id: t for t in run_trials(word_for_word, ["tea"])}


def test_every_example_is_graded_in_order_and_knows_its_question(done):
    assert list(done) == ["good", "overlooked", "wrong", "unseen"]
    assert {t.question_id for t in done.values()} == {"tea"}
    assert [round(t.grade.score, 2) for t in done.values()] == [1.0, 0.67, 0.0, 0.0]


def test_the_marked_score_is_that_of_the_labels(done):
    marked = {id_: t.marked for id_, t in done.items()}
    assert marked == pytest.approx({"good": 1, "overlooked": 1, "wrong": 2 / 3, "unseen": 0})


def test_a_trial_is_in_range_where_the_score_is(done):
    in_range = {id_: t.in_range for id_, t in done.items()}
    assert in_range == {"good": True, "overlooked": False, "wrong": False, "unseen": True}


def test_a_trial_says_in_words_what_differs(done):
    assert done["good"].wrong_verdicts == []
    assert done["overlooked"].wrong_verdicts == ["steep: covered → missing"]
    assert done["wrong"].wrong_verdicts == ["boil-long: known error, found and not expected"]
    assert done["unseen"].wrong_verdicts == [
        "steep: partial → missing",
        "boil-long: known error, expected and not found",
    ]


def test_the_verdicts_are_paired_expected_first(done):
    assert done["overlooked"].verdict_pairs == [("covered", "covered"), ("covered", "missing")]


@pytest.mark.parametrize(
    ("holdout", "ids"),
    [
        (None, ["good", "overlooked", "wrong", "unseen"]),
        (True, ["overlooked"]),
        (False, ["good", "wrong", "unseen"]),
    ],
)
def test_the_held_out_examples_can_be_had_alone_or_left_out(word_for_word, holdout, ids):
    assert [t.example.id for t in run_trials(word_for_word, ["tea"], holdout=holdout)] == ids


def test_the_accuracy_counts_answers_ranges_verdicts_and_errors(done):
    total = accuracy(list(done.values()))
    assert total.n == 4
    assert total.in_range == 2 / 4
    assert total.verdicts == 6 / 8
    assert total.mean_error == pytest.approx((0 + 1 / 3 + 2 / 3 + 0) / 4, abs=1e-4)


def test_the_accuracy_is_given_for_each_kind_by_name(done):
    kinds = by_kind(list(done.values()))
    assert list(kinds) == ["source_error", "strong"]
    assert kinds["strong"] == accuracy([done["good"], done["overlooked"]])
    assert kinds["source_error"].verdicts == 3 / 4


def test_an_example_that_cannot_be_graded_is_an_error_and_is_not_passed_over(own_folders):
    bank, rubrics = own_folders
    limited = Settings(bank=bank, rubrics=rubrics, max_answer_chars=20)
    with pytest.raises(DataFileError, match=r"tea\.yaml: example 'good': .* more than 20"):
        run_trials(Grader(limited, verifier=WordForWord()), ["tea"])


def test_an_unknown_question_is_an_error(word_for_word):
    with pytest.raises(UnknownQuestionError):
        run_trials(word_for_word, ["tea", "xyzzy"])
