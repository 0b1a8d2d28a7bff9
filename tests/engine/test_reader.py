"""The reader: what a verdict may depend on, long answers, many claims, the form it was taught."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.engine.reader import (
    ANSWER_FROM,
    ANSWER_PIECES,
    CLAIMS_AT_ONCE,
    CLASSES,
    OVERLAP,
    Reader,
    feeds,
)
from grader.records import VERDICTS
from grader.resources import model_folder

ANSWER = "An index makes reads faster, but each write has to update it as well."
CLAIMS = [
    "An index speeds up reading.",
    "Writes become slower, since the index must be kept up to date.",
    "An index speeds up writing.",
    "A backup is a copy that is kept elsewhere.",
]


@pytest.fixture(scope="module")
def reader():
    return Reader(model_folder("reader"))


def test_rows_are_probabilities_in_the_order_of_verdicts(reader):
    read = reader.read(ANSWER, CLAIMS)
    assert read.shape == (4, len(VERDICTS))
    assert read.dtype == np.float32
    assert np.allclose(read.sum(1), 1, atol=1e-5)
    covered, missing = VERDICTS.index("covered"), VERDICTS.index("missing")
    assert read[0, covered] > 0.5
    assert read[3, missing] > 0.5


@settings(max_examples=15)
@given(st.lists(st.sampled_from(CLAIMS), min_size=1, max_size=6))
def test_a_claim_is_judged_by_itself_alone(reader, claims):
    together = reader.read(ANSWER, claims)
    for row, claim in zip(together, claims, strict=True):
        assert np.allclose(row, reader.read(ANSWER, [claim])[0], atol=1e-5)


def test_more_claims_than_are_read_at_once(reader):
    claims = CLAIMS * CLAIMS_AT_ONCE
    read = reader.read(ANSWER, claims)
    assert np.allclose(read[:4], read[-4:], atol=1e-5)
    assert reader.read(ANSWER, []).shape == (0, len(VERDICTS))


def test_threads_change_nothing():
    one, two = (Reader(model_folder("reader"), threads=n).read(ANSWER, CLAIMS) for n in (1, 2))
    assert np.allclose(one, two, atol=1e-6)


def test_of_a_long_answer_the_stretch_that_says_most_of_a_claim_counts(reader, monkeypatch):
    rows = np.array(
        [
            [[0.2, 0.0, 0.8, 0.0], [0.1, 0.0, 0.9, 0.0]],
            [[0.0, 0.0, 0.3, 0.7], [0.0, 0.1, 0.9, 0.0]],
            [[0.9, 0.0, 0.1, 0.0], [0.0, 0.2, 0.7, 0.1]],
        ],
        dtype=np.float32,
    )
    given = iter(rows)
    monkeypatch.setattr(reader, "_stretches", lambda _: [[1], [2], [3]])
    monkeypatch.setattr(reader, "_read", lambda *_: next(given))
    assert np.array_equal(reader.read("long", CLAIMS[:2]), rows[2])


@given(st.integers(1, 3 * ANSWER_PIECES))
def test_stretches_hold_every_piece_and_overlap(n):
    reader = Reader.__new__(Reader)
    reader._tokenizer = Pieces(n)
    stretches = reader._stretches("")
    assert all(len(stretch) <= ANSWER_PIECES and stretch[-1] == "end" for stretch in stretches)
    bodies = [stretch[:-1] for stretch in stretches]
    assert sorted({i for body in bodies for i in body}) == list(range(n))
    for one, other in pairwise(bodies):
        assert one[-OVERLAP:] == other[:OVERLAP]


class Pieces:
    """A tokenizer of numbered pieces."""

    def __init__(self, n):
        self.ids = ["begin", *range(n), "end"]

    def encode(self, _):
        return self


def test_inputs_are_laid_out_as_in_training():
    fed = feeds([7, 8, 102], [[101, 5, 102], [101, 102]])
    assert fed["input_ids"].tolist() == [[7, 8, 102, 101, 5, 102, 101, 102]]
    first = ANSWER_FROM
    assert fed["positions"].tolist() == [[first, first + 1, first + 2, 0, 1, 2, 0, 1]]
    assert fed["segments"].tolist() == [[0, 0, 0, 1, 1, 1, 2, 2]]
    assert fed["claims"].tolist() == [1, 2]


def test_the_network_that_was_taught_gives_the_same_inputs():
    torch = pytest.importorskip("torch")
    from training.reader import batches, network
    from training.reader.general import plain_tokenizer

    assert network.CLASSES == CLASSES
    assert network.ANSWER_FROM == ANSWER_FROM
    assert batches.ANSWER_TOKENS >= ANSWER_PIECES
    tokenizer = plain_tokenizer(model_folder("reader"))
    asked = tuple(batches.Asked(claim, 0) for claim in CLAIMS)
    batch = batches.collate(batches.encode(tokenizer, [batches.Reading(ANSWER, asked)]))
    fed = feeds(tokenizer.encode(ANSWER).ids[1:], [tokenizer.encode(claim).ids for claim in CLAIMS])
    for name, there in (
        ("input_ids", batch.ids),
        ("positions", batch.positions),
        ("segments", batch.segments),
    ):
        assert torch.equal(torch.from_numpy(fed[name]), there), name
