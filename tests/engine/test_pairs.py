"""Claims read in pairs: protocol, files, and what the result may depend on."""

import json
import shutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.engine.features import NAMES, PreparedQuestion, claim_features
from grader.engine.onnx_model import CrossEncoder
from grader.engine.pairs import INPUTS, PairVerifier, read_together, words_around
from grader.errors import ModelError
from grader.reading.canonical import read
from grader.resources import model_folder

ANSWER = (
    "While training, units are set to zero at random. At test time all of them are used. "
    "No unit can rely on another one, so the features become more robust."
)
CLAIM = "At test time no units are dropped; the complete network is used."


@pytest.fixture(scope="module")
def parts(grader):
    prepared = PreparedQuestion(grader.question("dropout"), grader.encoder)
    texts = read(ANSWER).said
    return prepared, texts, grader.encoder.encode(texts)


@pytest.fixture(scope="module")
def cross_encoder():
    return CrossEncoder(model_folder("verifier"))


def test_probabilities_have_the_shapes_that_the_protocol_states(grader, parts):
    prepared, texts, vectors = parts
    findings = grader.verifier.verify(prepared, ANSWER, texts, vectors)
    question = prepared.question
    assert findings.key_points.shape == (len(question.key_points), 4)
    assert findings.misconceptions.shape == (len(question.misconceptions), 2)
    assert findings.key_points.dtype == findings.misconceptions.dtype == np.float32
    assert np.allclose(findings.key_points.sum(1), 1, atol=1e-5)
    assert np.allclose(findings.misconceptions.sum(1), 1, atol=1e-5)
    assert findings.best.shape == (prepared.n_claims,)
    assert findings.best.max() < len(texts)


def test_saying_and_denying_are_told_apart(cross_encoder):
    said, denied, other = cross_encoder.classify(
        [
            (CLAIM, "When testing, nothing is dropped and the whole network is used."),
            (CLAIM, "When testing, half of the units are still dropped."),
            (CLAIM, "Batch normalisation keeps running means."),
        ]
    )
    assert said[0] > denied[0]
    assert denied[1] > said[1]
    assert other.argmax() == 2


PAIRS = [(CLAIM, ANSWER), (ANSWER, CLAIM), (CLAIM, "no"), ("Units rely on others.", ANSWER)]


@settings(max_examples=10)
@given(st.lists(st.sampled_from(PAIRS), min_size=1, max_size=6))
def test_a_pair_is_judged_by_itself_alone(cross_encoder, pairs):
    together = cross_encoder.classify(pairs)
    for i, pair in enumerate(pairs):
        assert np.array_equal(together[i], cross_encoder.classify([pair])[0])


def test_claims_that_nothing_comes_near_are_not_read(cross_encoder, parts):
    prepared, texts, vectors = parts
    measured = claim_features(prepared, texts, vectors)
    unread = read_together(cross_encoder, prepared, ANSWER, texts, measured, 1.1)
    assert unread.shape == (prepared.n_claims, len(INPUTS))
    assert (unread[:, len(NAMES) :] == (0, 0, 1)).all()
    read = read_together(cross_encoder, prepared, ANSWER, texts, measured, 0.0)
    assert (read[:, len(NAMES) :] != (0, 0, 1)).any()


@given(st.lists(st.sampled_from(["a", "b,", "c.", "dd"]), min_size=1, max_size=60), st.data())
def test_what_is_read_holds_the_stretch_and_no_more_words_than_fit(words, data):
    start = data.draw(st.integers(0, len(words) - 1))
    stretch = " ".join(words[start : start + data.draw(st.integers(1, 5))])
    text = " ".join(words)
    read = words_around(text, stretch, 9)
    assert stretch in read
    assert read in text
    assert len(read.split()) == min(9, len(words))


def test_a_claim_is_found_at_the_end_of_a_long_answer(grader):
    long = "I once read a book about it and liked its cover a lot. " * 20
    grade = grader.grade(long + ANSWER, q="dropout")
    assert "covered" in {k.verdict for k in grade.key_points}


def test_features_are_finite_and_in_the_order_of_their_names(parts):
    prepared, texts, vectors = parts
    measured = claim_features(prepared, texts, vectors)
    assert measured.features.shape == (prepared.n_claims, len(NAMES))
    assert np.isfinite(measured.features).all()
    similarity = measured.features[:, NAMES.index("similarity")]
    for claim, best in enumerate(similarity):
        wordings = slice(prepared.starts[claim], [*prepared.starts[1:], None][claim])
        expected = (vectors @ prepared.wording_vectors[wordings].T).max()
        assert best == pytest.approx(expected)


def test_cues_for_negation_and_opposites(grader):
    prepared = PreparedQuestion(grader.question("dropout"), grader.encoder)

    def cue(text, name):
        measured = claim_features(prepared, [text], grader.encoder.encode([text]))
        return measured.features[0, NAMES.index(name)]

    plain = "During training dropout randomly sets the outputs of units to zero."
    negated = "During training dropout does not set the outputs of units to zero."
    assert cue(plain, "negation_differs") == 0
    assert cue(negated, "negation_differs") == 1
    assert cue(plain.replace("training", "testing"), "opposites") > cue(plain, "opposites")


def test_weights_made_for_other_features_are_refused(tmp_path):
    folder = tmp_path / "verifier"
    shutil.copytree(model_folder("verifier"), folder)
    card = json.loads((folder / "verifier.json").read_text())
    card["features"] = card["features"][1:]
    (folder / "verifier.json").write_text(json.dumps(card))
    with pytest.raises(ModelError, match="made for other features"):
        PairVerifier(folder)
