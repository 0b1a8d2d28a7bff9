"""Answers by their meaning: sentences as vectors, less what question and reference account for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from grader.engine.encoders.base import unit_vectors
from grader.extras import require
from grader.reading.canonical import read
from grader.reading.text import Segment, words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from grader.engine.encoders.base import Encoder, Vectors
    from grader.hiring.similar.rule import MeaningRule

    Floats = NDArray[np.float64]
    Numbers = NDArray[np.intp]

_WRITTEN = re.compile(r"(?<![\\\w])[^\W\d_]{3,}")  # LaTeX commands are none
_SHOWING = re.compile(r"\S")
_BLOCK = 512
_MOST = 200_000
"""Of so many pairs of answers to a question, those that are nearest as wholes, sentences are
compared at most: beyond it takes hours."""
_CHUNK = 4_096
_TINY = 1e-9


class Near(NamedTuple):
    """Pairs of texts, each once, the first before the second, and how near they are."""

    first: Numbers
    second: Numbers
    likeness: Floats


@dataclass(frozen=True, slots=True)
class Sentences:
    """The sentences of an answer, as they stand in it and as the encoder reads them."""

    units: tuple[Segment, ...]
    said: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an answer means beyond question and reference."""

    vectors: Vectors
    """Of its sentences, each of length 1, shape (n, d)."""
    words: Floats
    """How many words each has."""
    whole: Vectors
    """Of all of it, of length 1."""


def sentences_of(text: str) -> Sentences:
    """What is encoded of a text."""
    reading = read(text)
    n = reading.n_sentences
    return Sentences(reading.units[:n], reading.said[:n])


def is_read(text: str, rule: MeaningRule) -> bool:
    """Whether an answer is long enough, and prose enough, to be compared by meaning."""
    return len(words(text)) >= rule.words and prose(text) >= rule.prose


def prose(text: str) -> float:
    """The share of a text's signs that stand in words of three letters or more."""
    written = sum(len(word) for word in _WRITTEN.findall(text))
    return written / max(1, len(_SHOWING.findall(text)))


def encoded(texts: Iterable[Sentences], encoder: Encoder) -> dict[str, Vectors]:
    """The vector of every sentence, each encoded once.

    Raises:
        EncoderError: the encoder fails.
    """
    said = list(dict.fromkeys(sentence for text in texts for sentence in text.said))
    found: dict[str, Vectors] = {}
    for begin in range(0, len(said), _CHUNK):
        some = said[begin : begin + _CHUNK]
        found.update(zip(some, unit_vectors(encoder, some), strict=True))
    return found


def directions_of(vectors: Vectors, rule: MeaningRule) -> Vectors:
    """The directions in which question and reference mostly go, shape (at most so many, d)."""
    if not len(vectors):
        return vectors
    axes: Vectors = np.linalg.svd(vectors, full_matrices=False)[2][: rule.directions]
    return axes


def meaning_of(text: Sentences, vectors: Mapping[str, Vectors], accounted: Vectors) -> Meaning:
    """An answer without what the directions account for."""
    raw = np.stack([vectors[sentence] for sentence in text.said])
    rest = raw
    if len(accounted):
        rest = (raw - (raw @ accounted.T) @ accounted).astype(np.float32)
    count = np.array([len(words(sentence)) for sentence in text.said], dtype=np.float64)
    whole = (count @ rest).astype(np.float32)
    return Meaning(_units(rest), count, _units(whole))


def near_answers(meanings: Sequence[Meaning], rule: MeaningRule) -> Near:
    """Pairs that are near enough as wholes, and how near their sentences are.

    Raises:
        MissingExtraError: SciPy is not installed.
    """
    kept = _nearest(_near_wholes(meanings, rule))
    pairs = zip(kept.first.tolist(), kept.second.tolist(), strict=True)
    found = [likeness(meanings[i], meanings[j]) for i, j in pairs]
    return kept._replace(likeness=np.array(found, dtype=np.float64))


def likeness(first: Meaning, second: Meaning) -> float:
    """How near two answers are, sentence by sentence, -1 to 1; each sentence has one partner.

    Raises:
        MissingExtraError: SciPy is not installed.
    """
    cosines, together, rows, columns = _partners(first, second)
    matched = float((cosines * together)[rows, columns].sum())
    return 2 * matched / max(_TINY, float(first.words.sum() + second.words.sum()))


def matching(first: Meaning, second: Meaning, start: float) -> list[tuple[int, int]]:
    """The sentences that say alike, at least ``start`` near, by their numbers."""
    cosines, _, rows, columns = _partners(first, second)
    pairs = zip(rows.tolist(), columns.tolist(), strict=True)
    return [(i, j) for i, j in pairs if cosines[i, j] >= start]


def _partners(first: Meaning, second: Meaning) -> tuple[Floats, Floats, Numbers, Numbers]:
    optimize = require("scipy.optimize", "evaluation")
    cosines = (first.vectors @ second.vectors.T).astype(np.float64)
    together = np.minimum.outer(first.words, second.words)
    rows, columns = optimize.linear_sum_assignment(cosines * together, maximize=True)
    return cosines, together, rows, columns


def _near_wholes(meanings: Sequence[Meaning], rule: MeaningRule) -> Iterator[Near]:
    if not meanings:
        return
    wholes = np.stack([meaning.whole for meaning in meanings])
    for begin in range(0, len(wholes), _BLOCK):
        cosines = wholes[begin : begin + _BLOCK] @ wholes[begin:].T
        first, second = np.nonzero(cosines >= rule.near)
        later = second > first
        first, second = first[later], second[later]
        yield Near(first + begin, second + begin, cosines[first, second].astype(np.float64))


def _nearest(blocks: Iterable[Near]) -> Near:
    """All pairs, or as many of the nearest as can be looked at."""
    empty = np.empty(0, dtype=np.intp)
    kept = Near(empty, empty, np.empty(0))
    for block in blocks:
        kept = Near(
            np.concatenate([kept.first, block.first]),
            np.concatenate([kept.second, block.second]),
            np.concatenate([kept.likeness, block.likeness]),
        )
        if len(kept.likeness) > _MOST:
            best = np.argpartition(-kept.likeness, _MOST)[:_MOST]
            kept = Near(kept.first[best], kept.second[best], kept.likeness[best])
    return kept


def _units(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    units: Vectors = (vectors / np.maximum(lengths, _TINY)).astype(np.float32)
    return units
