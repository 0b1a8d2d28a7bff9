"""What can be measured of a claim and an answer: similarity, words, cues.

For each claim of a rubric (key points first, then misconceptions) the stretch of the answer
that matches it best is measured, and only that one. One vector a claim; the verifier's
weights are fitted to exactly the order of ``NAMES``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from grader.engine.encoders.base import unit_vectors
from grader.reading.lexicon import FUNCTION_WORDS, NEGATION, opposites, stem
from grader.reading.text import words

if TYPE_CHECKING:
    from grader.engine.encoders.base import Encoder, Vectors
    from grader.records import Question

NAMES = (
    "similarity",  # best cosine with the claim or another wording of it
    "similarity_claim",  # cosine with the claim itself
    "similarity_partial",  # best cosine with a half-worth wording; 0 where there is none
    "similarity_against",  # best cosine with a claim of the other kind
    "similarity_others",  # best cosine with the rubric's other claims of the same kind
    "similarity_prompt",
    "similarity_second",  # the claim's best cosine with any other stretch
    "recall",  # share of the wording's content words that the stretch holds
    "recall_new",  # the same without the prompt's words
    "recall_answer",  # the same as recall_new, over the whole answer
    "precision",  # share of the stretch's content words that the wording holds
    "negation_differs",
    "negation_here",
    "negation_there",
    "opposites",  # words of the wording whose opposite stands in the stretch instead
    "order_turned",  # share of common words that come in another order
    "numbers_differ",
    "function_words",  # share of the stretch's words that are function words
    "commas",  # commas a word
    "log_words",
)

_NUMBER = re.compile(r"\d+(?:\.\d+)?")

Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Profile:
    """The countable side of a text."""

    content: tuple[str, ...]
    negated: bool
    numbers: frozenset[str]
    n_words: int
    n_commas: int


@lru_cache(maxsize=20_000)
def profile(text: str) -> Profile:
    """Content stems in order, whether it is negated, its numbers and lengths."""
    tokens = words(text)
    content = tuple(stem(w) for w in tokens if w.lower() not in FUNCTION_WORDS)
    negated = len(NEGATION.findall(text)) % 2 == 1
    return Profile(content, negated, frozenset(_NUMBER.findall(text)), len(tokens), text.count(","))


class PreparedQuestion:
    """A question with the vectors of everything its rubric says. Immutable after making.

    All texts stand in one matrix: for each claim its wordings, then the half-worth
    wordings, then the prompt.
    """

    def __init__(self, question: Question, encoder: Encoder) -> None:
        groups = [(k.claim, *k.also_accept) for k in question.key_points]
        groups += [(m.claim, *m.also_phrased) for m in question.misconceptions]
        partial = [k.partial for k in question.key_points]
        self.question = question
        self.n_key_points = len(question.key_points)
        self.wordings: list[str] = [text for group in groups for text in group]
        self.starts = np.cumsum([0] + [len(g) for g in groups])[:-1]
        halves = [text for texts in partial for text in texts]
        ends = np.cumsum([len(texts) for texts in partial])
        self.partial_slices = [
            slice(int(end) - len(texts), int(end)) for end, texts in zip(ends, partial, strict=True)
        ]
        vectors = unit_vectors(encoder, [*self.wordings, *halves, question.prompt])
        self.wording_vectors: Vectors = vectors[: len(self.wordings)]
        self.partial_vectors: Vectors = vectors[len(self.wordings) : -1]
        self.prompt_vector: Vectors = vectors[-1]
        self.prompt_stems = frozenset(profile(question.prompt).content)

    @property
    def n_claims(self) -> int:
        """Key points and misconceptions together."""
        return len(self.starts)


@dataclass(frozen=True, slots=True)
class Measured:
    """Every claim of a rubric measured against an answer, key points first.

    ``features`` is float32 of shape (claims, len(NAMES)); ``best`` holds the index of the
    unit that matches each claim best.
    """

    features: Matrix
    best: NDArray[np.intp]


def claim_features(prepared: PreparedQuestion, units: Sequence[str], vectors: Vectors) -> Measured:
    """Measure every claim of a rubric against an answer.

    Args:
        prepared: the question.
        units: stretches of the answer, at least one.
        vectors: their unit vectors, shape (len(units), d).
    """
    similar = vectors @ prepared.wording_vectors.T
    by_claim = np.maximum.reduceat(similar, prepared.starts, axis=1)
    best = by_claim.argmax(axis=0)
    halves = vectors @ prepared.partial_vectors.T
    asked = vectors @ prepared.prompt_vector
    profiles = [profile(unit) for unit in units]
    whole = frozenset().union(*(p.content for p in profiles))
    rows = []
    stops = [*prepared.starts[1:], len(prepared.wordings)]
    for claim in range(prepared.n_claims):
        unit = int(best[claim])
        start = int(prepared.starts[claim])
        nearest = start + int(similar[unit, start : stops[claim]].argmax())
        own, opposed = _rivals(by_claim[unit], claim, prepared.n_key_points)
        half = 0.0
        if claim < prepared.n_key_points:
            half = _best(halves[unit, prepared.partial_slices[claim]])
        cosines = (
            by_claim[unit, claim],
            similar[unit, start],
            half,
            opposed,
            own,
            asked[unit],
            _best(np.delete(by_claim[:, claim], unit)),
        )
        wording = profile(prepared.wordings[nearest])
        rows.append((*cosines, *_cues(wording, profiles[unit], prepared.prompt_stems, whole)))
    return Measured(np.array(rows, dtype=np.float32), best)


def nearest_units(prepared: PreparedQuestion, vectors: Vectors) -> NDArray[np.intp]:
    """For each claim the index of the unit that matches it best."""
    similar = vectors @ prepared.wording_vectors.T
    best: NDArray[np.intp] = np.maximum.reduceat(similar, prepared.starts, axis=1).argmax(axis=0)
    return best


def _rivals(similar: Vectors, claim: int, n_key_points: int) -> tuple[float, float]:
    """Best similarity of a stretch with other claims of the same, and of the other kind."""
    key_points, misconceptions = similar[:n_key_points], similar[n_key_points:]
    if claim < n_key_points:
        return _best(np.delete(key_points, claim)), _best(misconceptions)
    return _best(np.delete(misconceptions, claim - n_key_points)), _best(key_points)


def _best(values: Vectors) -> float:
    return float(values.max()) if len(values) else 0.0


def _cues(
    wording: Profile, unit: Profile, asked: frozenset[str], whole: frozenset[str]
) -> tuple[float, ...]:
    there, here = frozenset(wording.content), frozenset(unit.content)
    common = there & here
    new = there - asked
    n_words = max(1, unit.n_words)
    return (
        len(common) / max(1, len(there)),
        len(here & new) / max(1, len(new)),
        len(whole & new) / max(1, len(new)),
        len(common) / max(1, len(here)),
        float(wording.negated != unit.negated),
        float(unit.negated),
        float(wording.negated),
        float(_opposed(there, here)),
        _order_turned(wording.content, unit.content, common),
        float(bool(wording.numbers and unit.numbers and not wording.numbers & unit.numbers)),
        1 - len(unit.content) / n_words,
        unit.n_commas / n_words,
        math.log1p(unit.n_words),
    )


def _opposed(there: frozenset[str], here: frozenset[str]) -> int:
    table = opposites()
    return sum(
        1
        for word in there - here
        if any(side & here and not side & there for side in table.get(word, ()))
    )


def _order_turned(there: tuple[str, ...], here: tuple[str, ...], common: frozenset[str]) -> float:
    places = [here.index(word) for word in dict.fromkeys(there) if word in common]
    n = len(places)
    turned = sum(places[i] > places[j] for i in range(n) for j in range(i + 1, n))
    return turned / max(1, n * (n - 1) / 2)
