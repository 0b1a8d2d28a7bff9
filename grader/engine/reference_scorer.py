"""Grading by a reference answer alone, where nobody wrote a rubric.

Every sentence of the reference is a key point, and the verifier judges each. But nobody
said which of them matter, so the score is no sum of points: it is a fitted combination of
what the verdicts, the similarities and the words say together.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from grader.engine.features import profile
from grader.engine.pairs import READ
from grader.errors import ModelError
from grader.resources import checksum, model_folder

if TYPE_CHECKING:
    from grader.engine.encoders.base import Vectors
    from grader.engine.features import PreparedQuestion
    from grader.engine.findings import Findings

NAMES = (
    "whole",  # cosine of the mean vectors of answer and reference
    "coverage",  # mean over the reference's sentences of the best match in the answer
    "weakest",  # the same, of the sentence matched worst
    "precision",  # mean over the answer's stretches of the best match in the reference
    "word_recall",  # share of the reference's content words that the answer holds
    "word_recall_new",  # the same without the prompt's words
    "word_precision",  # share of the answer's content words that the reference holds
    "log_words",
    "length_ratio",  # words of the answer over those of the reference, at most 1
    "prompt_similarity",
    "says",  # mean over the sentences of what the cross-encoder read
    "least_said",
    "most_said",
)
CLIP = 4.0
"""Standard deviations: an answer unlike all others must not run off the scale."""


def reference_features(
    prepared: PreparedQuestion, answer: str, vectors: Vectors, findings: Findings
) -> list[float]:
    """What the score is made of, in the order of ``NAMES``.

    Args:
        prepared: a question made from a reference answer.
        answer: the answer.
        vectors: the unit vectors of the answer's stretches, shape (n, d).
        findings: what the verifier found.
    """
    similar = vectors @ prepared.wording_vectors.T
    matched = similar.max(axis=0)
    here, there = profile(answer), profile(prepared.question.references[0].text)
    given, wanted = frozenset(here.content), frozenset(there.content)
    new = wanted - prepared.prompt_stems
    says = findings.read[:, READ.index("says")]
    return [
        _cosine_of_means(vectors, prepared.wording_vectors),
        float(matched.mean()),
        float(matched.min()),
        float(similar.max(axis=1).mean()),
        len(given & wanted) / max(1, len(wanted)),
        len(given & new) / max(1, len(new)),
        len(given & wanted) / max(1, len(given)),
        math.log1p(here.n_words),
        min(1.0, here.n_words / max(1, there.n_words)),
        float((vectors @ prepared.prompt_vector).max()),
        float(says.mean()),
        float(says.min()),
        float(says.max()),
    ]


def _cosine_of_means(a: Vectors, b: Vectors) -> float:
    mean_a, mean_b = a.mean(axis=0), b.mean(axis=0)
    return float(mean_a @ mean_b / max(1e-9, np.linalg.norm(mean_a) * np.linalg.norm(mean_b)))


@dataclass(frozen=True, slots=True)
class ReferenceScorer:
    """A linear model over standardised features, and how sure its pass decisions are.

    Made by ``training/fit_reference.py``; ``name`` is the checksum of its file.
    """

    name: str
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    weights: tuple[float, ...]
    bias: float
    sure_bias: float
    sure_slope: float

    def score(self, features: Sequence[float]) -> float:
        """The score of an answer, 0 to 1."""
        standard = (np.array(features) - self.mean) / self.scale
        raw = float(np.clip(standard, -CLIP, CLIP) @ np.array(self.weights)) + self.bias
        return round(min(1.0, max(0.0, raw)), 4)

    def confidence(self, score: float, pass_score: float) -> float:
        """The chance that the pass decision is a marker's, 0 to 1: near the line it is low."""
        odds = self.sure_bias + self.sure_slope * abs(score - pass_score)
        return round(1 / (1 + math.exp(-odds)), 4)


@lru_cache(maxsize=1)
def load_reference_scorer() -> ReferenceScorer:
    """The shipped model.

    Raises:
        ModelError: its file is damaged, or made for other features.
    """
    folder = model_folder("reference")
    return read_reference_scorer(folder / "reference.json", checksum(folder)[:12])


def read_reference_scorer(file: Path, name: str) -> ReferenceScorer:
    """The model in a file.

    Raises:
        ModelError: it was made for other features.
    """
    card = json.loads(file.read_text(encoding="utf-8"))
    if tuple(card["features"]) != NAMES:
        raise ModelError(f"{file}: made for other features: run training/fit_reference.py")
    return ReferenceScorer(
        name=name,
        mean=tuple(card["mean"]),
        scale=tuple(card["scale"]),
        weights=tuple(card["weights"]),
        bias=card["bias"],
        sure_bias=card["confidence"]["bias"],
        sure_slope=card["confidence"]["slope"],
    )
