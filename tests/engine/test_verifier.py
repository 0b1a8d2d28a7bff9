"""The shipped verifier: what the reader is asked, and what is made of its word."""

import json
import shutil

import numpy as np
import pytest

from grader import Grader
from grader.bank.rubrics import question_from_reference
from grader.engine.as_read import question_as_read
from grader.engine.features import Measured, PreparedQuestion
from grader.engine.findings import Findings
from grader.engine.pairs import PairVerifier
from grader.engine.verifier import (
    TrainedVerifier,
    inputs,
    load_weighings,
    logarithms,
    read_closely,
    with_pairs,
)
from grader.errors import ModelError
from grader.reading.canonical import read
from grader.records import KeyPoint, Misconception, Question
from grader.resources import checksum, model_folder
from grader.settings import Settings
from training.checksums import write_checksums


@pytest.fixture(scope="module")
def verifier():
    return TrainedVerifier()


@pytest.fixture(scope="module")
def weighings():
    return load_weighings(model_folder("reader") / "weighing.json")


@pytest.fixture(scope="module")
def general():
    return Grader(Settings(bank="general"))


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


def test_every_question_of_the_first_bank_is_taught_and_none_of_the_second(
    grader, general, weighings
):
    for own, is_taught in ((grader, True), (general, False)):
        for slug in own.catalog.slugs():
            question = question_as_read(own.question(slug))
            bare = FakePrepared([k.claim for k in question.key_points])
            assert weighings.is_taught(bare) == is_taught, slug


@pytest.mark.parametrize(("bank", "slug"), [("first", "dropout"), ("general", "cap-theorem")])
def test_the_word_of_both_networks_is_weighed_where_both_know_the_claims(
    verifier, grader, general, weighings, bank, slug
):
    own = grader if bank == "first" else general
    question = own.question(slug)
    findings = found(verifier, own, question, question.references[0].text)
    n = len(question.key_points)
    assert findings.key_points.shape == (n, 4)
    assert np.allclose(findings.key_points.sum(1), 1, atol=1e-5)
    assert np.allclose(findings.misconceptions.sum(1), 1, atol=1e-5)
    assert np.allclose(findings.read.sum(1), 1, atol=1e-5)
    weighing = weighings.taught if bank == "first" else weighings.others
    assert findings.asserted_from == weighing.asserted_from > 0.5
    more = weighings.taught.key_points.mean.size - weighings.others.key_points.mean.size
    assert more == 4


def test_the_pairs_are_not_asked_of_claims_that_are_new_to_them(general):
    verifier = TrainedVerifier()
    found(verifier, general, general.question("cap-theorem"), "It is about partitions.")
    assert "_pairs" not in vars(verifier)
    assert "_reader" in vars(verifier)


def test_a_grader_that_is_loaded_has_both_networks():
    grader = Grader()
    assert not {"_reader", "_pairs"} & set(vars(grader.verifier))
    grader.load()
    assert {"_reader", "_pairs"} <= set(vars(grader.verifier))


def test_a_reference_alone_is_left_to_the_pairs(grader):
    question = question_from_reference(
        "It keeps what was asked for, so that the next one is faster.", "What does a cache do?"
    )
    verifier = TrainedVerifier()
    both, own = (
        found(v, grader, question, "It keeps results for later.")
        for v in (verifier, PairVerifier())
    )
    assert np.array_equal(both.key_points, own.key_points)
    assert "_reader" not in vars(verifier)


def test_its_name_changes_with_what_may_change_a_grade_alone(verifier, tmp_path):
    folder = tmp_path / "reader"
    shutil.copytree(model_folder("reader"), folder)
    own = verifier.name
    assert own == f"trained:{checksum(model_folder('verifier'))[:8]}+{checksum(folder)[:8]}"
    (folder / "README.md").write_text("A card.")
    write_checksums(folder)
    assert TrainedVerifier(folder).name == own
    card = json.loads((folder / "weighing.json").read_text())
    card["taught"]["asserted_from"] = 0.99
    (folder / "weighing.json").write_text(json.dumps(card))
    write_checksums(folder)
    assert TrainedVerifier(folder).name != own


def test_a_weighing_of_other_features_is_refused(tmp_path):
    file = tmp_path / "weighing.json"
    card = json.loads((model_folder("reader") / "weighing.json").read_text())
    file.write_text(json.dumps(card | {"features": card["features"][1:]}))
    with pytest.raises(ModelError, match="made for other features"):
        load_weighings(file)


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


def test_what_the_pairs_found_stands_last():
    paired = Findings(
        np.array([[0.5, 0.25, 0.25, 0]], np.float32),
        np.array([[0.9, 0.1]], np.float32),
        np.zeros(2, int),
        np.zeros((2, 3), np.float32),
    )
    alone = np.ones((1, 2), np.float32)
    points, errors = with_pairs(alone, alone, paired)
    assert np.exp(points[0, 2:]) == pytest.approx([0.5, 0.25, 0.25, 0], abs=1e-5)
    assert np.exp(errors[0, 2:]) == pytest.approx([0.9, 0.1])
    assert points[0, :2].tolist() == errors[0, :2].tolist() == [1, 1]


def test_a_question_without_known_errors_is_weighed_too(verifier, grader):
    question = grader.question("dropout").model_copy(update={"misconceptions": ()})
    findings = found(verifier, grader, question, "It is about partitions.")
    assert findings.misconceptions.shape == (0, 2)
    assert np.isfinite(findings.key_points).all()
