"""How near an answer's words are to the reference answers, and its evidence to the claims.

What people look for first in such a tool, and what no verdict rests on: a fluent text about the
subject is near, whatever it claims.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from grader.engine.encoders.base import unit_vectors
from grader.reading.canonical import read
from grader.reading.text import words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from grader.engine.encoders.base import Encoder, Vectors
    from grader.engine.features import PreparedQuestion
    from grader.reading.canonical import Reading
    from grader.records import KeyPointResult, Question


def reference_vectors(question: Question, encoder: Encoder) -> Vectors:
    """The vectors of a question's reference answers, corrected.

    Returns:
        Float32 of shape (references that hold a sentence, dimension), each of length 1; of shape
        (0, 0) where there is none.
    """
    readings = [reading for r in question.references if (reading := read(r.text)).n_sentences]
    said = [text for reading in readings for text in reading.said[: reading.n_sentences]]
    if not said:
        return np.empty((0, 0), dtype=np.float32)
    vectors = unit_vectors(encoder, said)
    cuts = np.cumsum([reading.n_sentences for reading in readings])[:-1]
    parts = np.split(vectors, cuts)
    return np.stack([text_vector(r, part) for r, part in zip(readings, parts, strict=True)])


def text_vector(reading: Reading, vectors: Vectors) -> Vectors:
    """The vector of a whole text: the mean of its sentences' by their words, of length 1.

    The network reads a text only so far, and no further run is needed. How its sentences are set
    off changes nothing.

    Args:
        reading: the text.
        vectors: of its stretches, sentences first, float32 of shape (at least ``n_sentences``, d).
    """
    n = reading.n_sentences
    weights = np.array([len(words(text)) for text in reading.said[:n]], dtype=np.float32)
    mean = weights @ vectors[:n]
    unit: Vectors = (mean / max(1e-9, float(np.linalg.norm(mean)))).astype(np.float32)
    return unit


def nearest_reference(answer: Vectors, references: Vectors) -> float | None:
    """The highest cosine of an answer with a reference, -1 to 1; none without references."""
    return _cosine((references @ answer).max()) if len(references) else None


def with_similarity(
    key_points: Sequence[KeyPointResult],
    prepared: PreparedQuestion,
    vectors: Vectors,
    best: NDArray[np.intp],
) -> tuple[KeyPointResult, ...]:
    """Key points with the cosine of their evidence and the nearest of their wordings.

    Args:
        key_points: in the question's order.
        prepared: the question with its vectors.
        vectors: the unit vectors of the answer's stretches, shape (n, d).
        best: for each claim, key points first, the index of the stretch that is its evidence.
    """
    stops = [*prepared.starts[1:], len(prepared.wordings)]
    return tuple(
        k
        if k.evidence is None
        else replace(k, similarity=_cosine((prepared.wording_vectors[a:b] @ vectors[unit]).max()))
        for k, a, b, unit in zip(key_points, prepared.starts, stops, best, strict=False)
    )


def _cosine(value: float) -> float:
    return round(min(1.0, max(-1.0, float(value))), 4)
