import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.bank.rubrics import question_from_reference
from grader.engine.features import PreparedQuestion
from grader.engine.reference_scorer import (
    NAMES,
    load_reference_scorer,
    read_reference_scorer,
    reference_features,
)
from grader.errors import ModelError
from grader.reading.canonical import read
from grader.resources import model_folder

REFERENCE = (
    "TCP sets up a connection before any data is sent. It numbers the bytes and sends lost ones "
    "again. The receiver's window keeps a fast sender from flooding a slow receiver."
)
PROMPT = "What does TCP do that IP does not?"
RIGHT = (
    "It first opens a connection. Bytes carry sequence numbers, and whatever gets lost is sent "
    "again. By its window the receiver slows the sender down."
)
OFF_TOPIC = "I like to walk along the river on Sundays. Then we eat cake at my aunt's house."


@pytest.fixture(scope="module")
def prepared(grader):
    return PreparedQuestion(question_from_reference(REFERENCE, PROMPT), grader.encoder)


@pytest.fixture(scope="module")
def features(grader, prepared):
    def measure(answer):
        texts = read(answer).said
        vectors = grader.encoder.encode(texts)
        findings = grader.verifier.verify(prepared, answer, texts, vectors)
        return dict(
            zip(NAMES, reference_features(prepared, answer, vectors, findings), strict=True)
        )

    return measure


def test_the_reference_itself_matches_in_all(features):
    found = features(REFERENCE)
    for name in ("whole", "coverage", "weakest", "word_recall", "word_recall_new"):
        assert found[name] == pytest.approx(1, abs=0.02), name
    assert found["length_ratio"] == 1
    assert found["log_words"] == pytest.approx(math.log1p(32), abs=0.1)


def test_a_right_answer_beats_what_is_off_the_topic(grader):
    scores = [
        grader.grade(text, reference=REFERENCE, prompt=PROMPT).score
        for text in (REFERENCE, RIGHT, OFF_TOPIC)
    ]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] - scores[2] > 0.4


SHORT = [
    ("push", "Which operation adds an element to a stack?", "push", "pop"),
    ("By reference.", "How are arrays passed to functions?", "By reference", "By value."),
    ("O(n log n)", "What does merge sort take on average?", "n log n or O(n log n)", "O(n^2)"),
]


@pytest.mark.parametrize(("reference", "prompt", "right", "wrong"), SHORT)
def test_a_reference_of_a_word_or_two_is_one_claim(grader, reference, prompt, right, wrong):
    question = question_from_reference(reference, prompt)
    assert [k.claim for k in question.key_points] == [reference]
    good, bad, parrot = (grader.grade(text, question) for text in (right, wrong, prompt))
    assert good.score > max(bad.score, parrot.score)
    assert good.passed
    assert not bad.passed
    assert not parrot.passed, "to repeat the question is no answer"


def test_whoever_asks_for_a_word_gets_one_without_a_flag(grader):
    short = grader.grade("push", reference="push", prompt="What adds to a stack?")
    assert "too_short" not in short.flags
    assert "too_short" in grader.grade("push", reference=REFERENCE, prompt=PROMPT).flags
    assert "too_short" in grader.grade("It pushes.", q="dropout").flags


def test_short_sentences_beside_longer_ones_claim_nothing():
    question = question_from_reference(f"Yes. {REFERENCE}", PROMPT)
    assert question.key_points[0].claim.startswith("TCP sets up")
    assert len(question_from_reference("Stacks. Queues.", "Name two.").key_points) == 2


def test_points_follow_the_fitted_score_and_the_signature_names_it(grader):
    grade = grader.grade(RIGHT, reference=REFERENCE, prompt=PROMPT)
    assert grade.points == pytest.approx(grade.score * grade.max_points)
    assert grade.versions["reference"] == load_reference_scorer().name
    assert "reference" not in grader.grade(RIGHT, q="dropout").versions


def test_a_list_of_terms_gets_nothing(grader):
    terms = "connection, bytes, sequence numbers, window, receiver, sender, retransmission, lost"
    grade = grader.grade(terms, reference=REFERENCE, prompt=PROMPT)
    assert "keyword_list" in grade.flags
    assert grade.score == 0


numbers = st.floats(-1e6, 1e6)


@given(st.lists(numbers, min_size=len(NAMES), max_size=len(NAMES)))
def test_scores_stay_within_the_scale(row):
    assert 0 <= load_reference_scorer().score(row) <= 1


@given(st.floats(0, 1), st.floats(0, 1))
def test_the_farther_from_the_line_the_surer(a, b):
    scorer = load_reference_scorer()
    near, far = sorted((a, b), key=lambda score: abs(score - 0.6))
    assert 0 < scorer.confidence(near, 0.6) <= scorer.confidence(far, 0.6) < 1


def test_a_model_for_other_features_is_refused(tmp_path):
    card = json.loads((model_folder("reference") / "reference.json").read_text(encoding="utf-8"))
    card["features"] = card["features"][:-1]
    file = tmp_path / "reference.json"
    file.write_text(json.dumps(card), encoding="utf-8")
    with pytest.raises(ModelError, match="other features"):
        read_reference_scorer(file, "x")


def test_the_shipped_weights_say_where_they_come_from():
    card = json.loads((model_folder("reference") / "reference.json").read_text(encoding="utf-8"))
    assert card["fitted_by"] == "training/fit_reference.py"
    assert np.isfinite([*card["mean"], *card["scale"], *card["weights"], card["bias"]]).all()
