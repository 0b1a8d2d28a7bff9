"""The shipped verifier: which claims it leaves to the pairs, and what it makes of others."""

import json
import shutil

import numpy as np
import pytest

from grader import Grader
from grader.bank.rubrics import question_from_reference
from grader.engine.as_read import question_as_read
from grader.engine.features import PreparedQuestion
from grader.engine.findings import Findings
from grader.engine.pairs import PairVerifier
from grader.engine.verifier import TrainedVerifier, inputs, load_weighing, logarithms
from grader.errors import ModelError
from grader.reading.canonical import read
from grader.records import KeyPoint, Misconception, Question
from grader.resources import checksum, model_folder
from grader.settings import Settings
from training.checksums import write_checksums


@pytest.fixture(scope="module")
def pairs():
    return PairVerifier()


@pytest.fixture(scope="module")
def weighing():
    return load_weighing(model_folder("reader") / "weighing.json")


@pytest.fixture(scope="module")
def general():
    return Grader(Settings(bank="general"))


def prepared(grader, question):
    return PreparedQuestion(question_as_read(question), grader.encoder)


def found(verifier, grader, question, answer):
    reading = read(answer)
    vectors = grader.encoder.encode(reading.said)
    return verifier.verify(prepared(grader, question), reading.whole, reading.said, vectors)


def test_every_question_of_the_first_bank_is_taught_and_none_of_the_second(
    grader, general, weighing
):
    for own, is_taught in ((grader, True), (general, False)):
        for slug in own.catalog.slugs():
            question = question_as_read(own.question(slug))
            claims = [k.claim for k in question.key_points]
            bare = FakePrepared(claims)
            assert weighing.is_taught(bare) == is_taught, slug


class FakePrepared:
    """A question without its vectors."""

    def __init__(self, claims):
        self.wordings, self.starts, self.n_key_points = claims, range(len(claims)), len(claims)


def test_a_taught_question_is_left_to_the_pairs(grader, pairs):
    question = grader.question("dropout")
    answer = "Units are set to zero at random while training, so none can rely on another one."
    both, own = (found(v, grader, question, answer) for v in (TrainedVerifier(pairs=pairs), pairs))
    assert np.array_equal(both.key_points, own.key_points)
    assert both.asserted_from == own.asserted_from


def test_so_is_one_with_a_reference_alone(grader, pairs):
    question = question_from_reference(
        "It keeps what was asked for, so that the next one is faster.", "What does a cache do?"
    )
    both, own = (
        found(v, grader, question, "It keeps results for later.")
        for v in (TrainedVerifier(pairs=pairs), pairs)
    )
    assert np.array_equal(both.key_points, own.key_points)


def test_of_others_the_reader_has_its_say(general, pairs, weighing):
    question = general.question("cap-theorem")
    verifier = TrainedVerifier(pairs=pairs)
    both, own = (
        found(v, general, question, question.references[0].text) for v in (verifier, pairs)
    )
    assert both.key_points.shape == own.key_points.shape
    assert np.allclose(both.key_points.sum(1), 1, atol=1e-5)
    assert np.allclose(both.misconceptions.sum(1), 1, atol=1e-5)
    assert not np.allclose(both.key_points, own.key_points, atol=1e-3)
    assert both.asserted_from == weighing.asserted_from
    assert np.array_equal(both.best, own.best)


def test_its_name_changes_with_any_file_of_either(pairs, tmp_path):
    folder = tmp_path / "reader"
    shutil.copytree(model_folder("reader"), folder)
    own = TrainedVerifier(pairs=pairs).name
    assert own == f"{pairs.name}+{checksum(model_folder('reader'))[:6]}"
    card = json.loads((folder / "weighing.json").read_text())
    card["asserted_from"] = 0.99
    (folder / "weighing.json").write_text(json.dumps(card))
    write_checksums(folder)
    assert TrainedVerifier(folder, pairs=pairs).name != own


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
    paired = Findings(
        np.full((2, 4), 0.25, np.float32),
        np.full((2, 2), 0.5, np.float32),
        np.zeros(4, int),
        np.zeros((4, 3), np.float32),
    )
    of_points, of_errors = inputs(bare, np.zeros((4, 1), np.float32), paired, read)
    assert np.exp(of_points[:, -2]) == pytest.approx([0.7, 1e-3])
    assert of_points[:, -1].tolist() == [1, 0]
    assert np.exp(of_errors[:, -3:-1]) == pytest.approx(np.array([[0.8, 0.1], [1e-3, 1]]))
    assert of_errors[:, -1].tolist() == [1, 0]


def test_a_question_without_known_errors_is_weighed_too(general, pairs):
    question = general.question("cap-theorem").model_copy(update={"misconceptions": ()})
    findings = found(TrainedVerifier(pairs=pairs), general, question, "It is about partitions.")
    assert findings.misconceptions.shape == (0, 2)
    assert np.isfinite(findings.key_points).all()
