"""The shipped verifier: what the reader finds of each claim, weighed with what is measured."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from grader.engine.features import NAMES, Matrix, Measured, PreparedQuestion, claim_features
from grader.engine.findings import Findings
from grader.engine.reader import Reader
from grader.errors import ModelError
from grader.records import VERDICTS
from grader.resources import checksum, model_folder
from grader.settings import THREADS

if TYPE_CHECKING:
    from grader.engine.encoders.base import Vectors

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
    """How much the reader's word counts beside the features.

    Fitted by ``training/fit_reader.py`` to answers that the reader was never taught.
    """

    key_points: Weights
    misconceptions: Weights
    asserted_from: float
    """The probability from which a misconception is held to be asserted: surer than a point."""
    closely_from: float
    """As likely must a misconception be stated, by the reader, that it is read closely as well."""


class TrainedVerifier:
    """All claims of a rubric, or all sentences of a reference, read beside the answer at once."""

    def __init__(self, folder: Path | None = None, *, threads: int = THREADS) -> None:
        """Load the reader.

        Args:
            folder: the reader's.
            threads: how many are used side by side.

        Raises:
            ModelError: a file is damaged, missing or made for other features.
        """
        folder = folder or model_folder("reader")
        self._weighing = load_weighing(folder / "weighing.json")
        self._reader = Reader(folder, threads=threads)
        self._name = f"trained:{checksum(folder)[:12]}"

    @property
    def name(self) -> str:
        """``trained:`` and the start of the checksum of the model's files."""
        return self._name

    def verify(
        self, prepared: PreparedQuestion, answer: str, units: Sequence[str], vectors: Vectors
    ) -> Findings:
        """Judge every claim of the question; see ``findings.Verifier.verify``."""
        measured = claim_features(prepared, units, vectors)
        read = self._reader.read(answer, claims_of(prepared))
        closely = read_closely(
            self._reader, prepared, units, measured, read, self._weighing.closely_from
        )
        key_points, misconceptions = inputs(prepared, measured.features, read, closely)
        return Findings(
            self._weighing.key_points(key_points),
            self._weighing.misconceptions(misconceptions),
            measured.best,
            read,
            self._weighing.asserted_from,
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


def _others(rows: Matrix, i: int) -> Matrix:
    return np.delete(rows, i, axis=0)


def log_odds(p: Matrix) -> Matrix:
    """Of probabilities, none of them taken for impossible or certain."""
    return logarithms(p) - logarithms(1 - p)


def logarithms(p: Matrix) -> Matrix:
    """Of probabilities, none of them taken for impossible."""
    return np.log(np.maximum(p, np.float32(_RARE)))


def load_weighing(file: Path) -> Weighing:
    """What ``training/fit_reader.py`` wrote.

    Raises:
        ModelError: it was made for other features.
    """
    card = json.loads(file.read_text(encoding="utf-8"))
    if card["features"] != list(NAMES):
        raise ModelError(f"{file}: made for other features: run training/fit_reader.py")
    return Weighing(
        _weights(card["key_points"]),
        _weights(card["misconceptions"]),
        float(card["asserted_from"]),
        float(card["closely_from"]),
    )


def _weights(lists: dict[str, list[float]]) -> Weights:
    return Weights(**{name: np.array(v, dtype=np.float32) for name, v in lists.items()})
