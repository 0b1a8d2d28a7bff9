"""The shipped verifier: claims read in pairs, and where these are new, all together as well."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from grader.engine.features import NAMES, Matrix, PreparedQuestion, claim_features
from grader.engine.findings import Findings
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
    """How much the reader's word counts beside the pairs' and the features'.

    Fitted by ``training/fit_reader.py`` to answers by rubrics that neither was taught.
    """

    key_points: Weights
    misconceptions: Weights
    asserted_from: float
    """The probability from which a misconception is held to be asserted."""
    taught: frozenset[str]
    """Digests of the claims that the pairs were taught: of these they know more than both."""

    def is_taught(self, prepared: PreparedQuestion) -> bool:
        """Whether the pairs were taught most key points of a question."""
        claims = [prepared.wordings[start] for start in prepared.starts[: prepared.n_key_points]]
        return 2 * sum(digest(claim) in self.taught for claim in claims) > len(claims)


class TrainedVerifier:
    """Claims that the pairs were taught are theirs; of others the reader has the better view.

    Rubrics of the first bank taught the pairs, sentence by sentence; those of its users did not.
    By a reference alone pairs decide too, as its score is fitted to what they find.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        pairs: PairVerifier | None = None,
        threads: int = THREADS,
    ) -> None:
        """Load the models.

        Args:
            folder: the reader's.
            pairs: those to use instead of the shipped.
            threads: how many are used side by side.

        Raises:
            ModelError: a file is damaged, missing or made for other features.
        """
        folder = folder or model_folder("reader")
        self._pairs = pairs or PairVerifier(threads=threads)
        self._folder = folder
        self._threads = threads
        self._weighing = load_weighing(folder / "weighing.json")
        self._name = f"{self._pairs.name}+{checksum(folder)[:6]}"

    @cached_property
    def _reader(self) -> Reader:
        # Not before it is wanted: questions of the first bank do without it.
        return Reader(self._folder, threads=self._threads)

    @property
    def name(self) -> str:
        """That of the pairs, and the start of the checksum of the reader's files."""
        return self._name

    def verify(
        self, prepared: PreparedQuestion, answer: str, units: Sequence[str], vectors: Vectors
    ) -> Findings:
        """Judge every claim of the question; see ``findings.Verifier.verify``."""
        paired = self._pairs.verify(prepared, answer, units, vectors)
        weighing = self._weighing
        if prepared.question.reference_only or weighing.is_taught(prepared):
            return paired
        measured = claim_features(prepared, units, vectors)
        read = self._reader.read(answer, [prepared.wordings[start] for start in prepared.starts])
        key_points, misconceptions = inputs(prepared, measured.features, paired, read)
        return Findings(
            weighing.key_points(key_points),
            weighing.misconceptions(misconceptions),
            measured.best,
            paired.read,
            weighing.asserted_from,
        )


def inputs(
    prepared: PreparedQuestion, features: Matrix, paired: Findings, read: Matrix
) -> tuple[Matrix, Matrix]:
    """What is weighed of each key point and of each misconception.

    Beside what was found of the claim itself: of a key point how likely an error is stated that
    excludes it; of an error how likely one of the points that it excludes is contradicted, and the
    least likely one covered.

    Args:
        prepared: the question.
        features: of its claims.
        paired: what the pairs found.
        read: what the reader found, a row a claim.
    """
    n = prepared.n_key_points
    x = np.hstack([features, paired.read, logarithms(read)])
    ids = [k.id for k in prepared.question.key_points]
    excludes = np.array(
        [[id_ in m.against for id_ in ids] for m in prepared.question.misconceptions], dtype=bool
    ).reshape(-1, n)
    points, errors = read[:n], read[n:]
    stated = np.where(excludes, errors[:, [_COVERED]], _UNLIKELY).max(0, initial=_UNLIKELY)
    turned = np.where(excludes, points[:, _CONTRADICTED], _UNLIKELY).max(1, initial=_UNLIKELY)
    kept = np.where(excludes, points[:, _COVERED], 1).min(1, initial=1)
    return (
        np.column_stack([x[:n], logarithms(paired.key_points), np.log(stated), excludes.any(0)]),
        np.column_stack(
            [
                x[n:],
                logarithms(paired.misconceptions),
                np.log(turned),
                np.log(np.maximum(kept, _UNLIKELY)),
                excludes.any(1),
            ]
        ),
    )


def logarithms(p: Matrix) -> Matrix:
    """Of probabilities, none of them taken for impossible."""
    return np.log(np.maximum(p, np.float32(_RARE)))


def digest(claim: str) -> str:
    """The start of a claim's SHA-256."""
    return hashlib.sha256(claim.encode()).hexdigest()[:_DIGITS]


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
        frozenset(card["taught"]),
    )


def _weights(lists: dict[str, list[float]]) -> Weights:
    return Weights(**{name: np.array(v, dtype=np.float32) for name, v in lists.items()})
