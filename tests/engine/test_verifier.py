"""The shipped verifier: what the reader is asked, and what is made of its word."""

import json
import shutil

import numpy as np
import pytest

from grader.bank.rubrics import question_from_reference
from grader.engine.as_read import question_as_read
from grader.engine.features import Measured, PreparedQuestion
from grader.engine.verifier import (
    TrainedVerifier,
    inputs,
    load_weighing,
    logarithms,
    read_closely,
)
from grader.errors import ModelError
from grader.reading.canonical import read
from grader.records import KeyPoint, Misconception, Question
from grader.resources import checksum, model_folder
from training.checksums import write_checksums


@pytest.fixture(scope="module")
def verifier():
    return TrainedVerifier()


@pytest.fixture(scope="module")
def weighing():
    return load_weighing(model_folder("reader") / "weighing.json")


def prepared(grader, question):
    return PreparedQuestion(question_as_read(question), grader.encoder)


def found(verifier, grader, question, answer):
    reading = read(answer)
    vectors = grader.encoder.encode(reading.said)
    return verifier.verify(prepared(grader, question), reading.whole, reading.said, vectors)


class FakePrepared:
    """A question without its vectors."""

    def __init__(self, claims):
        self.wordings, self.starts, self.n_key_points = claims, range(len(claims)), len(claims)


def test_the_readers_word_is_weighed(verifier, grader, weighing):
    question = grader.question("dropout")
    found_so = found(verifier, grader, question, question.references[0].text)
    n = len(question.key_points)
    assert found_so.key_points.shape == (n, 4)
    assert np.allclose(found_so.key_points.sum(1), 1, atol=1e-5)
    assert np.allclose(found_so.misconceptions.sum(1), 1, atol=1e-5)
    assert found_so.read.shape == (n + len(question.misconceptions), 4)
    assert not np.allclose(found_so.key_points, found_so.read[:n], atol=1e-3)
    assert found_so.asserted_from == weighing.asserted_from > 0.5


def test_sentences_of_a_reference_are_claims_too(verifier, grader):
    question = question_from_reference(
        "A cache keeps results. So the next request is faster.", "What does a cache do?"
    )
    found_so = found(verifier, grader, question, "It keeps results for later.")
    assert found_so.key_points.shape == (2, 4)
    assert found_so.key_points[0, 0] > found_so.key_points[1, 0]


def test_its_name_changes_with_any_file(verifier, tmp_path):
    folder = tmp_path / "reader"
    shutil.copytree(model_folder("reader"), folder)
    own = verifier.name
    assert own == f"trained:{checksum(folder)[:12]}"
    card = json.loads((folder / "weighing.json").read_text())
    card["asserted_from"] = 0.99
    (folder / "weighing.json").write_text(json.dumps(card))
    write_checksums(folder)
    assert TrainedVerifier(folder).name != own


def test_a_weighing_of_other_features_is_refused(tmp_path):
    file = tmp_path / "weighing.json"
    card = json.loads((model_folder("reader") / "weighing.json").read_text())
    file.write_text(json.dumps(card | {"features": card["features"][1:]}))
    with pytest.raises(ModelError, match="made for other features"):
        load_weighing(file)


def test_nothing_is_impossible():
    logs = logarithms(np.array([[0, 1]], dtype=np.float32))
    assert np.isfinite(logs).all()
    assert logs[0, 0] < -10


def test_an_error_and_the_points_that_it_excludes_know_of_each_other():
    points = tuple(KeyPoint(id=i, claim=f"Claim {i}.", points=1) for i in "ab")
    told = {"cost": 1, "correction": "c", "why": "w", "authority": "a"}
    errors = (
        Misconception(id="m", claim="M.", against=("a",), **told),
        Misconception(id="n", claim="N.", **told),
    )
    question = Question(
        id="q", prompt="?", references=(), key_points=points, misconceptions=errors, digest=""
    )
    bare = FakePrepared(["a", "b"])
    bare.question = question
    read = np.array(
        [[0.1, 0, 0.1, 0.8], [0.9, 0, 0.1, 0], [0.7, 0, 0.3, 0], [0.6, 0, 0.4, 0]], np.float32
    )
    of_points, of_errors = inputs(bare, np.zeros((4, 1), np.float32), read, read[2:])
    assert np.exp(of_points[:, 5]) == pytest.approx([0.7, 1e-3])
    assert of_points[:, 6].tolist() == [1, 0]
    assert np.exp(of_errors[:, 9:11]) == pytest.approx(np.array([[0.8, 0.1], [1e-3, 1]]))
    assert of_errors[:, 11].tolist() == [1, 0]


class Parrot:
    """A reader that notes what it is asked."""

    def __init__(self):
        self.asked = []

    def read(self, text, claims):
        self.asked.append((text, list(claims)))
        return np.full((len(claims), 4), len(text), np.float32)


def test_an_error_that_may_be_stated_is_read_beside_its_nearest_stretch_alone():
    bare, reader = FakePrepared(["a", "b", "c", "d"]), Parrot()
    bare.n_key_points = 1
    read = np.zeros((4, 4), np.float32)
    read[:, 0] = [0.9, 0.5, 0.05, 0.3]
    measured = Measured(np.zeros((4, 1), np.float32), np.array([0, 1, 1, 0]))
    closely = read_closely(reader, bare, ["first one.", "second"], measured, read, 0.1)
    assert sorted(reader.asked) == [("first one.", ["d"]), ("second", ["b"])]
    assert closely[:, 0].tolist() == [6, pytest.approx(0.05), 10]


def test_each_claim_knows_how_the_others_are_read():
    bare = FakePrepared(["a", "b"])
    points = tuple(KeyPoint(id=i, claim=f"Claim {i}.", points=1) for i in "ab")
    bare.question = Question(
        id="q", prompt="?", references=(), key_points=points, misconceptions=(), digest=""
    )
    read = np.array([[0.5, 0, 0.1, 0.4], [0.9, 0, 0.05, 0.05]], np.float32)
    of_points, _ = inputs(bare, np.zeros((2, 1), np.float32), read, read[2:])
    covered, contradicted, worst = of_points[:, 7], of_points[:, 9], of_points[:, 10]
    assert covered == pytest.approx([np.log(9), 0], abs=1e-5)
    assert contradicted[0] < contradicted[1]
    assert np.exp(worst) == pytest.approx([0.05, 0.4])


def test_a_question_without_known_errors_is_weighed_too(verifier, grader):
    question = grader.question("dropout").model_copy(update={"misconceptions": ()})
    findings = found(verifier, grader, question, "It is about partitions.")
    assert findings.misconceptions.shape == (0, 2)
    assert np.isfinite(findings.key_points).all()
