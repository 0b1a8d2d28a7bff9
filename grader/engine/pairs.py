"""Claims read in pairs: each beside the words of the answer around its nearest stretch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from grader.engine.features import NAMES, Matrix, Measured, PreparedQuestion, claim_features
from grader.engine.findings import Findings
from grader.engine.onnx_model import CrossEncoder
from grader.errors import ModelError
from grader.reading.text import normalise
from grader.resources import checksum, model_folder
from grader.settings import THREADS

if TYPE_CHECKING:
    from grader.engine.encoders.base import Vectors

READ = ("says", "denies", "neither")
INPUTS = (*NAMES, *READ)
READ_WORDS = 90
"""As many words of an answer fit beside a claim into what the cross-encoder reads at once."""


@dataclass(frozen=True, slots=True)
class Head:
    """A one-layer perceptron over standardised features.

    ``softmax(relu((x - mean) / scale @ hidden + hidden_bias) @ out + out_bias)``
    """

    mean: Matrix
    scale: Matrix
    hidden: Matrix
    hidden_bias: Matrix
    out: Matrix
    out_bias: Matrix

    def __call__(self, x: Matrix) -> Matrix:
        """Class probabilities, float32 of shape (len(x), classes)."""
        inner = np.maximum((x - self.mean) / self.scale @ self.hidden + self.hidden_bias, 0)
        logits = inner @ self.out + self.out_bias
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(odds / odds.sum(axis=1, keepdims=True), dtype=np.float32)


class PairVerifier:
    """A cross-encoder on the answer around the nearest stretch.

    The encoder finds for each claim the stretch of the answer nearest to one of its
    wordings; the cross-encoder reads the claim and the answer around that stretch together;
    two small perceptrons weigh its probabilities with the features. Made by
    ``training/train_verifier.py`` and ``training/fit_verifier.py``.
    """

    def __init__(self, folder: Path | None = None, *, threads: int = THREADS) -> None:
        """Load the weights.

        Raises:
            ModelError: a file is damaged, missing or made for other features.
        """
        if folder is None:
            folder = model_folder("verifier")
        card = json.loads((folder / "verifier.json").read_text(encoding="utf-8"))
        if tuple(card["features"]) != INPUTS:
            raise ModelError(f"{folder}: made for other features: run training/fit_verifier.py")
        self._read_from = float(card["read_from_similarity"])
        self._cross_encoder = CrossEncoder(folder, threads=threads)
        self._key_points = _load_head(folder / "key_points.npz")
        self._misconceptions = _load_head(folder / "misconceptions.npz")
        self._name = f"trained:{checksum(folder)[:12]}"

    @property
    def name(self) -> str:
        """``trained:`` and the start of the checksum of the model's files."""
        return self._name

    def verify(
        self, prepared: PreparedQuestion, answer: str, units: Sequence[str], vectors: Vectors
    ) -> Findings:
        """Judge every claim of the question; see ``Verifier.verify``."""
        measured = claim_features(prepared, units, vectors)
        x = read_together(self._cross_encoder, prepared, answer, units, measured, self._read_from)
        n = prepared.n_key_points
        return Findings(
            self._key_points(x[:n]),
            self._misconceptions(x[n:]),
            measured.best,
            x[:, len(NAMES) :],
        )


def read_together(
    model: CrossEncoder,
    prepared: PreparedQuestion,
    answer: str,
    units: Sequence[str],
    measured: Measured,
    read_from: float,
) -> Matrix:
    """The features of each claim with what the cross-encoder says of it beside them.

    Args:
        model: reads claim and text together.
        prepared: the question.
        answer: the whole answer.
        units: stretches of the answer.
        measured: the features and the best unit of each claim.
        read_from: claims whose best similarity is below are not read: nothing is said of
            them, as the fit has shown.

    Returns:
        Float32 of shape (claims, len(INPUTS)).
    """
    said = np.tile(np.array([0, 0, 1], dtype=np.float32), (prepared.n_claims, 1))
    chosen = np.flatnonzero(measured.features[:, NAMES.index("similarity")] >= read_from)
    if len(chosen):
        text = normalise(answer)
        said[chosen] = model.classify(
            [
                (prepared.wordings[prepared.starts[c]], words_around(text, units[measured.best[c]]))
                for c in chosen
            ]
        )
    return np.hstack([measured.features, said])


def words_around(text: str, stretch: str, most: int = READ_WORDS) -> str:
    """A stretch of a text with as much of the text on either side as may be read at once.

    Args:
        text: an answer, normalised.
        stretch: a part of it; one that is no part stands for the beginning.
        most: words to return at most.
    """
    words = text.split()
    before = len(text[: max(0, text.find(stretch))].split())
    spare = most - len(stretch.split())
    start = max(0, min(before - spare // 2, len(words) - most))
    return " ".join(words[start : start + most])


def _load_head(file: Path) -> Head:
    with np.load(file) as arrays:
        return Head(**{name: arrays[name] for name in Head.__dataclass_fields__})
