"""The shipped verifier: what the reader finds of each claim, weighed with what is measured."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from grader.engine.features import NAMES, Matrix, Measured, PreparedQuestion, claim_features
from grader.engine.findings import Earning, Findings
from grader.engine.pairs import PairVerifier
from grader.engine.reader import Reader
from grader.errors import ModelError
from grader.records import VERDICTS
from grader.resources import checksum, model_folder
from grader.settings import THREADS

if TYPE_CHECKING:
    from grader.engine.encoders.base import Vectors

_DIGITS = 8
_RARE = 1e-6
_UNLIKELY = 1e-3
_COVERED, _CONTRADICTED = VERDICTS.index("covered"), VERDICTS.index("contradicted")
_TELLING = [_COVERED, VERDICTS.index("missing"), _CONTRADICTED]


@dataclass(frozen=True, slots=True)
class Weights:
    """A logistic regression on standardised inputs."""

    mean: Matrix
    scale: Matrix
    by_input: Matrix
    """Shape (inputs, classes)."""
    bias: Matrix

    def __call__(self, x: Matrix) -> Matrix:
        """Class probabilities, float32 of shape (len(x), classes)."""
        logits = (x - self.mean) / self.scale @ self.by_input + self.bias
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(odds / odds.sum(axis=1, keepdims=True), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Weighing:
    """How much each word counts beside the features, in rubrics of one kind."""

    key_points: Weights
    misconceptions: Weights
    asserted_from: float
    """The probability from which a misconception is held to be asserted: surer than a point."""
    earning: Earning
    """What a point earns that is not sure."""


@dataclass(frozen=True, slots=True)
class Weighings:
    """What ``training/fit_reader.py`` fitted to answers that no network was taught."""

    taught: Weighing
    """Of rubrics that the pairs were taught: their word counts beside the reader's."""
    others: Weighing
    """Of all other rubrics: the reader's word alone."""
    closely_from: float
    """As likely must a misconception be stated, by the reader, that it is read closely as well."""
    claims: frozenset[str]
    """Digests of the key points that the pairs were taught."""

    def is_taught(self, prepared: PreparedQuestion) -> bool:
        """Whether the pairs were taught most key points of a question."""
        claims = claims_of(prepared)[: prepared.n_key_points]
        return 2 * sum(digest(claim) in self.claims for claim in claims) > len(claims)


class TrainedVerifier:
    """All claims of a rubric are read beside the answer at once.

    Claims that the pairs were taught, sentence by sentence, are read by them as well. By a
    reference alone the pairs decide, as its score is fitted to what they find.
    """

    def __init__(self, folder: Path | None = None, *, threads: int = THREADS) -> None:
        """Load what is weighed; the networks are loaded when they are wanted.

        Args:
            folder: the reader's.
            threads: how many are used side by side.

        Raises:
            ModelError: a file is damaged, missing or made for other features.
        """
        self._folder = folder or model_folder("reader")
        self._threads = threads
        self._weighings = load_weighings(self._folder / "weighing.json")
        parts = model_folder("verifier"), self._folder
        self._name = "trained:" + "+".join(checksum(part)[:_DIGITS] for part in parts)

    def load(self) -> None:
        """Load both networks now, rather than when they are wanted.

        Raises:
            ModelError: a file is damaged or missing.
        """
        _ = self._reader, self._pairs

    @cached_property
    def _reader(self) -> Reader:
        return Reader(self._folder, threads=self._threads)

    @cached_property
    def _pairs(self) -> PairVerifier:
        return PairVerifier(threads=self._threads)

    @property
    def name(self) -> str:
        """``trained:`` and the starts of the checksums of the pairs' files and the reader's."""
        return self._name

    def verify(
        self, prepared: PreparedQuestion, answer: str, units: Sequence[str], vectors: Vectors
    ) -> Findings:
        """Judge every claim of the question; see ``findings.Verifier.verify``."""
        if prepared.question.reference_only:
            return self._pairs.verify(prepared, answer, units, vectors)
        weighings = self._weighings
        measured = claim_features(prepared, units, vectors)
        read = self._reader.read(answer, claims_of(prepared))
        closely = read_closely(
            self._reader, prepared, units, measured, read, weighings.closely_from
        )
        key_points, misconceptions = inputs(prepared, measured.features, read, closely)
        weighing = weighings.others
        if weighings.is_taught(prepared):
            weighing = weighings.taught
            paired = self._pairs.verify(prepared, answer, units, vectors)
            key_points, misconceptions = with_pairs(key_points, misconceptions, paired)
        return Findings(
            weighing.key_points(key_points),
            weighing.misconceptions(misconceptions),
            measured.best,
            _in_three(read),
            weighing.asserted_from,
            weighing.earning,
        )


def claims_of(prepared: PreparedQuestion) -> list[str]:
    """The claims as they are read, key points first."""
    return [prepared.wordings[start] for start in prepared.starts]


def read_closely(
    reader: Reader,
    prepared: PreparedQuestion,
    units: Sequence[str],
    measured: Measured,
    read: Matrix,
    closely_from: float,
) -> Matrix:
    """Misconceptions that may be stated, each beside its nearest stretch alone.

    There a denial, or a neighbour of the claim, is told from the claim better; key points gain
    nothing by it (``training/README.md``, the ninth round).

    Args:
        reader: reads.
        prepared: the question.
        units: stretches of the answer.
        measured: which of them is nearest to each claim.
        read: what was found of each claim beside the whole answer.
        closely_from: a misconception that is less likely covered is not read again.

    Returns:
        Probabilities of each misconception, as in ``read``; its row where it was not read again.
    """
    n, claims = prepared.n_key_points, claims_of(prepared)
    closely = read[n:].copy()
    doubtful = n + np.flatnonzero(read[n:, _COVERED] >= closely_from)
    for unit in np.unique(measured.best[doubtful]):
        here = doubtful[measured.best[doubtful] == unit]
        closely[here - n] = reader.read(units[unit], [claims[i] for i in here])
    return closely


def inputs(
    prepared: PreparedQuestion, features: Matrix, read: Matrix, closely: Matrix
) -> tuple[Matrix, Matrix]:
    """What is weighed of each key point and of each misconception.

    Beside what was found of the claim itself:

    - of a key point how likely an error is stated that excludes it; of an error how likely one of
      the points that it excludes is contradicted, and the least likely one covered;
    - what the answer is like otherwise, since the reader takes an answer with one error for wrong
      in more than that: how the other key points are read, and the likeliest of the other errors.

    Args:
        prepared: the question.
        features: of its claims.
        read: what the reader found, a row a claim.
        closely: what it found of the misconceptions beside their nearest stretches alone.
    """
    n = prepared.n_key_points
    x = np.hstack([features, logarithms(read)])
    ids = [k.id for k in prepared.question.key_points]
    excludes = np.array(
        [[id_ in m.against for id_ in ids] for m in prepared.question.misconceptions], dtype=bool
    ).reshape(-1, n)
    points, errors = read[:n], read[n:]
    said = errors[:, [_COVERED]]
    stated = np.where(excludes, said, _UNLIKELY).max(0, initial=_UNLIKELY)
    turned = np.where(excludes, points[:, _CONTRADICTED], _UNLIKELY).max(1, initial=_UNLIKELY)
    kept = np.where(excludes, points[:, _COVERED], 1).min(1, initial=1)
    odds = log_odds(points)
    against = points[:, [_CONTRADICTED]]
    worst = np.array([_others(against, i).max(initial=_UNLIKELY) for i in range(n)])
    other_error = [_others(said, i).max(initial=_UNLIKELY) for i in range(len(said))]
    return (
        np.column_stack(
            [
                x[:n],
                np.log(stated),
                excludes.any(0),
                [_others(odds, i)[:, _TELLING].sum(0) / max(1, n - 1) for i in range(n)],
                np.log(worst),
                np.full(n, np.log(said.max(initial=_UNLIKELY))),
            ]
        ),
        np.column_stack(
            [
                x[n:],
                log_odds(closely),
                np.log(turned),
                np.log(np.maximum(kept, _UNLIKELY)),
                excludes.any(1),
                np.tile(odds[:, _TELLING].mean(0), (len(said), 1)),
                np.log(np.array(other_error)),
            ]
        ),
    )


def with_pairs(
    key_points: Matrix, misconceptions: Matrix, paired: Findings
) -> tuple[Matrix, Matrix]:
    """What is weighed of each claim, and what the pairs found of it."""
    return (
        np.hstack([key_points, logarithms(paired.key_points)]),
        np.hstack([misconceptions, logarithms(paired.misconceptions)]),
    )


def _in_three(read: Matrix) -> Matrix:
    """What was read as ``pairs.READ`` names it: what is half said is neither said nor denied."""
    said, denied = read[:, _COVERED], read[:, _CONTRADICTED]
    return np.column_stack([said, denied, 1 - said - denied])


def _others(rows: Matrix, i: int) -> Matrix:
    return np.delete(rows, i, axis=0)


def log_odds(p: Matrix) -> Matrix:
    """Of probabilities, none of them taken for impossible or certain."""
    return logarithms(p) - logarithms(1 - p)


def logarithms(p: Matrix) -> Matrix:
    """Of probabilities, none of them taken for impossible."""
    return np.log(np.maximum(p, np.float32(_RARE)))


def digest(claim: str) -> str:
    """The start of a claim's SHA-256."""
    return hashlib.sha256(claim.encode()).hexdigest()[:_DIGITS]


def load_weighings(file: Path) -> Weighings:
    """What ``training/fit_reader.py`` wrote.

    Raises:
        ModelError: it was made for other features.
    """
    card = json.loads(file.read_text(encoding="utf-8"))
    if card["features"] != list(NAMES):
        raise ModelError(f"{file}: made for other features: run training/fit_reader.py")
    return Weighings(
        _weighing(card["taught"]),
        _weighing(card["others"]),
        float(card["closely_from"]),
        frozenset(card["claims"]),
    )


def _weighing(card: Mapping[str, Any]) -> Weighing:
    return Weighing(
        _weights(card["key_points"]),
        _weights(card["misconceptions"]),
        float(card["asserted_from"]),
        Earning(**card["earning"]),
    )


def _weights(lists: Mapping[str, Sequence[float]]) -> Weights:
    return Weights(**{name: np.array(v, dtype=np.float32) for name, v in lists.items()})
