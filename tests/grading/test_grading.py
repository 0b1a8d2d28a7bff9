"""The Grader as a library."""

import asyncio
import copy
import dataclasses
import json
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from grader import Failure, Grade, Grader, InputError
from grader.bank.schemas import schema_text
from grader.errors import AnswerError, DataFileError, TableError, UnknownQuestionError
from grader.settings import Settings

ANSWER = (
    "While training, each unit is set to zero at random with some probability. At test time all "
    "units are used. Units can't rely on each other, so they learn more robust features."
)


def test_a_grade_says_all_it_promises(grader):
    grade = grader.grade(ANSWER, q="dropout")
    assert grade.question_id == "dropout"
    assert grade.score == pytest.approx(grade.points / grade.max_points, abs=1e-4)
    assert len(grade.key_points) == len(grader.question("dropout").key_points)
    for result in (*grade.key_points, *grade.misconceptions):
        if result.evidence:
            span = ANSWER[result.evidence.start : result.evidence.end]
            assert span == result.evidence.text
    assert grade.signature
    assert {"grader", "question", "encoder", "verifier"} <= set(grade.versions)


def test_a_grade_is_plain_data_that_fits_its_schema(grader):
    import jsonschema

    data = grader.grade(ANSWER, q="dropout").to_dict()
    jsonschema.validate(json.loads(json.dumps(data)), json.loads(schema_text("grade")))


def test_results_are_immutable(grader):
    grade = grader.grade(ANSWER, q="dropout")
    with pytest.raises(dataclasses.FrozenInstanceError):
        grade.score = 1.0


def parts(value):
    """A value and everything that can be reached from it."""
    yield value
    if dataclasses.is_dataclass(value):
        inner = [getattr(value, field.name) for field in dataclasses.fields(value)]
    elif isinstance(value, BaseModel):
        inner = [getattr(value, name) for name in type(value).model_fields]
    else:
        inner = value if isinstance(value, tuple) else ()
    for each in inner:
        yield from parts(each)


def test_nothing_within_a_result_or_a_question_can_be_changed(grader):
    grade = grader.grade(ANSWER, q="dropout")
    failure = Failure("dropout", "AnswerError", "the answer is empty")
    question = grader.question("dropout")
    for record in (grade, failure, question):
        assert isinstance(hash(record), int)
        kinds = {type(part) for part in parts(record)}
        assert not kinds & {list, dict, set, bytearray}
    before = dict(grade.versions)
    for change in (
        lambda v: v.__setitem__("grader", "9"),
        lambda v: v.__delitem__("grader"),
        lambda v: v.__ior__({"grader": "9"}),
        lambda v: v.update(grader="9"),
        lambda v: v.setdefault("mine", "1"),
        lambda v: v.pop("grader"),
        lambda v: v.popitem(),
        lambda v: v.clear(),
    ):
        with pytest.raises(TypeError, match="can't be changed"):
            change(grade.versions)
    assert grade.versions == before


def test_duplicates_are_equal_and_a_changed_copy_leaves_the_grade(grader):
    one, two = grader.grade_many([ANSWER, ANSWER], "dropout")
    assert one == two
    assert hash(one) == hash(two)
    mine = dict(one.versions, grader="9")
    assert mine != one.versions == two.versions


def pickled(value):
    return pickle.loads(pickle.dumps(value))  # noqa: S301  # our own


@pytest.mark.parametrize(
    "copied",
    [copy.copy, copy.deepcopy, pickled, dataclasses.replace],
)
def test_a_grade_is_the_same_when_copied_or_pickled(grader, copied):
    grade = grader.grade(ANSWER, q="dropout")
    again = copied(grade)
    assert again == grade
    assert hash(again) == hash(grade)
    with pytest.raises(TypeError, match="can't be changed"):
        again.versions["grader"] = "9"
    assert json.dumps(dataclasses.asdict(again)) == json.dumps(dataclasses.asdict(grade))
    assert type(again.to_dict()["versions"]) is dict


@pytest.mark.usefixtures("read_anew")
def test_the_same_answer_gets_the_same_grade_alone_and_in_a_crowd(grader):
    alone = grader.grade(ANSWER, q="dropout")
    crowd = grader.grade_many(["Other words.", ANSWER, "More, and longer, other words."], "dropout")
    assert crowd[1] == alone
    assert Grader(Settings(threads=1)).grade(ANSWER, q="dropout") == alone


def test_a_grader_may_be_shared_between_threads(grader):
    fresh = Grader(Settings())
    expected = grader.grade(ANSWER, q="dropout")
    barrier = threading.Barrier(8)

    def grade(_):
        barrier.wait()
        return fresh.grade(ANSWER, q="dropout")

    with ThreadPoolExecutor(8) as pool:
        assert set(map(str, pool.map(grade, range(8)))) == {str(expected)}


@settings(max_examples=40)
@given(st.text(max_size=300))
def test_any_text_is_graded_or_refused_in_words(grader, text):
    try:
        grade = grader.grade(text, q="dropout")
    except AnswerError as error:
        assert "\n" not in str(error)  # noqa: PT017
    else:
        assert 0 <= grade.score <= 1


def test_a_bad_answer_among_others_is_a_failure_in_its_place_and_never_a_zero(grader):
    long = "word " * 20_000
    first, second, third = grader.grade_many(["  ", ANSWER, long], "dropout")
    assert isinstance(first, Failure)
    assert first.reason == "AnswerError"
    assert isinstance(second, Grade)
    assert "longer" in third.message or "more than" in third.message


def test_an_unknown_question_is_an_error_with_suggestions(grader):
    with pytest.raises(UnknownQuestionError) as caught:
        grader.grade(ANSWER, q="dropuot")
    assert "dropout" in caught.value.suggestions


@pytest.mark.parametrize("asked", [{}, {"q": "dropout", "reference": "Units are dropped."}])
def test_the_question_is_given_once(grader, asked):
    with pytest.raises(InputError, match="either q"):
        grader.grade(ANSWER, **asked)


def test_a_reference_alone_makes_a_question(grader):
    reference = "Water boils at 100 degrees. Salt raises the boiling point of water."
    grade = grader.grade("At 100 degrees water starts to boil.", reference=reference)
    assert [k.claim for k in grade.key_points] == [
        "Water boils at 100 degrees.",
        "Salt raises the boiling point of water.",
    ]
    assert grade.key_points[1].verdict != "covered"
    with pytest.raises(AnswerError, match="no sentence"):
        grader.grade("At 100 degrees.", reference="???")


def test_the_signature_changes_with_what_decides_and_only_then(grader, own_folders):
    bank, rubrics = own_folders
    own = Settings(bank=bank, rubrics=rubrics)
    answer = "Pour boiling water over the leaves."
    first = Grader(own).grade(answer, q="tea").signature
    assert Grader(own).grade("Steep it.", q="tea").signature == first
    file = rubrics / "tea.yaml"
    file.write_text(file.read_text().replace("points: 2", "points: 3"))
    assert Grader(own).grade(answer, q="tea").signature != first


def test_an_entry_of_ones_own_that_is_faulty_names_the_file(own_folders):
    bank, rubrics = own_folders
    (rubrics / "tea.yaml").write_text("question: tea\nversion: 1\nkey_points: []\n")
    with pytest.raises(DataFileError, match=r"tea\.yaml:3: key_points: must not be empty"):
        Grader(Settings(bank=bank, rubrics=rubrics)).grade("x", q="tea")


def test_a_frame_keeps_its_index_and_columns(grader):
    frame = pd.DataFrame(
        {
            "who": ["a", "b", "c"],
            "answer": [ANSWER, "", None],
            "question_id": ["dropout", "dropout", "relu"],
        },
        index=[7, 5, 3],
    )
    before = frame.copy()
    graded = grader.grade_frame(frame)
    pd.testing.assert_frame_equal(frame, before)
    pd.testing.assert_frame_equal(graded[frame.columns], before)
    assert list(graded.index) == [7, 5, 3]
    assert graded["grade_score"].notna().tolist() == [True, False, False]
    assert graded["grade_error"].str.contains("empty").tolist() == [False, True, True]
    assert str(graded["grade_needs_review"].dtype) == "boolean"


def test_a_frame_row_with_a_reference_needs_no_bank(grader):
    frame = pd.DataFrame(
        {"answer": ["Water boils at 100."], "reference": ["Water boils at 100 degrees."]}
    )
    assert grader.grade_frame(frame)["grade_error"].tolist() == [""]


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ({"reply": ["x"]}, "has no column 'answer': it has 'reply'"),
        ({"answer": ["x"]}, "neither a column 'question_id' nor 'reference'"),
        (
            {"answer": ["x"], "question_id": ["dropout"], "grade_score": [1]},
            "'grade_score' already",
        ),
    ],
)
def test_a_frame_without_its_columns_is_refused(grader, columns, problem):
    with pytest.raises(TableError, match=problem):
        grader.grade_frame(pd.DataFrame(columns))


def test_a_question_about_ones_own_experience_always_asks_for_a_person(grader):
    grade = grader.grade("I led the project and we shipped it in May.", q="project-experience")
    assert grade.confidence <= 0.5
    assert grade.needs_review
    assert "own experience" in grade.review_reasons[0]


def test_an_encoder_and_a_verifier_of_ones_own_are_used(grader):
    class Twice:
        name = "twice"

        def __init__(self):
            self.texts = 0

        def encode(self, texts):
            self.texts += len(texts)
            return grader.encoder.encode(texts)

    encoder = Twice()
    grade = Grader(Settings(), encoder=encoder).grade(ANSWER, q="dropout")
    assert encoder.texts > 0
    assert grade.versions["encoder"] == "twice"


# ── what comes from other programs ──────────────────────────────────────────


@pytest.mark.parametrize("text", ["1. ", "1)\n", "(1) ", "1) \n2) ", "- \n- "])
def test_the_marks_of_a_list_alone_are_an_empty_answer(grader, text):
    with pytest.raises(AnswerError, match="empty"):
        grader.grade(text, q="dropout")


@settings(max_examples=60)
@given(st.text(alphabet="1a.()) \n•-;*", max_size=14))
def test_whatever_is_no_empty_answer_gets_a_grade(grader, text):
    [result] = grader.grade_many([text], q="dropout")
    assert isinstance(result, Grade) or "empty" in result.message


def test_what_is_no_text_fails_in_its_place_alone(grader):
    results = grader.grade_many([ANSWER, None, float("nan"), 7, ""], q="dropout")
    assert isinstance(results[0], Grade)
    assert [r.reason for r in results[1:]] == ["AnswerError"] * 4
    rows = [
        {"answer": None, "question_id": "dropout"},
        {"question_id": "dropout"},
        {"answer": float("nan"), "question_id": "dropout", "reference": float("nan")},
        {"answer": [ANSWER], "question_id": "dropout"},
        {"answer": ANSWER, "question_id": None},
        {"answer": ANSWER, "question_id": "dropout", "reference": None},
    ]
    results = list(grader.grade_stream(rows))
    reasons = [r.reason for r in results[:-1]]
    assert reasons == ["AnswerError"] * 4 + ["TableError"]
    assert isinstance(results[-1], Grade)
    framed = grader.grade_frame(pd.DataFrame(rows))
    assert list(framed["grade_error"].astype(bool)) == [True] * 5 + [False]


def test_a_chunk_of_no_rows_is_refused(grader):
    with pytest.raises(InputError, match="1 or more"):
        list(grader.grade_stream([], chunk=0))

    async def rows():
        yield {"answer": ANSWER, "question_id": "dropout"}

    async def first():
        return await anext(grader.grade_stream_async(rows(), chunk=0))

    with pytest.raises(InputError, match="1 or more"):
        asyncio.run(first())


def test_a_question_of_the_bank_goes_before_a_reference(grader):
    row = {"answer": ANSWER, "question_id": "dropout", "reference": "Recommended by a friend."}
    plain, both = grader.grade_rows([{**row, "reference": ""}, row])
    assert both == plain
    [own] = grader.grade_rows([{**row, "question_id": "our-question-7"}])
    assert own.question_id not in {"dropout", "our-question-7"}


def test_overrides_change_the_settings_that_are_given(grader):
    own = Grader(Settings(max_answer_chars=10, review_below=0.1), threads=1)
    assert (own.settings.max_answer_chars, own.settings.review_below) == (10, 0.1)
    assert own.settings.threads == 1
