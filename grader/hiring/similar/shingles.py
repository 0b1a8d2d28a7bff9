"""Answers by their words: shingles, how many of them two answers share, and where they stand."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from grader.extras import require
from grader.reading.rendering import rendered
from grader.reading.text import WORD, Segment

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from grader.hiring.similar.rule import WordsRule

    Codes = NDArray[np.uint64]
    Numbers = NDArray[np.intp]
    Floats = NDArray[np.float64]

Span = tuple[int, int]
_MIX = np.uint64(0x9E3779B97F4A7C15)
_HOLDERS = 1_000
"""What so many differing answers to a question say in the same words is not followed up: the time
grows with its square. It weighs next to nothing unless there are hundreds of thousands."""
_BLOCK = 500  # rows of the product at a time, for the sake of memory


class Shared(NamedTuple):
    """Pairs of texts that share shingles, each pair once, the first before the second."""

    first: Numbers
    second: Numbers
    shared: Floats
    """Shingles that both have, by their weights."""


@dataclass(frozen=True, slots=True)
class Worded:
    """The words of an answer as its reader sees them, and where each stands in it."""

    words: tuple[str, ...]
    spans: tuple[Span, ...]


def words_of(answer: str) -> tuple[str, ...]:
    """The words of an answer as its reader sees them, folded."""
    return tuple(m.group().casefold() for m in WORD.finditer(rendered(answer).text))


def worded(answer: str) -> Worded:
    """The words of an answer, folded, and where they stand."""
    shown = rendered(answer)
    found = list(WORD.finditer(shown.text))
    parts = (shown.original(Segment(m.group(), m.start(), m.end())) for m in found)
    return Worded(
        tuple(m.group().casefold() for m in found), tuple((p.start, p.end) for p in parts)
    )


def shingles(words: Sequence[str], size: int) -> list[tuple[str, ...]]:
    """All stretches of so many words."""
    return [tuple(words[i : i + size]) for i in range(len(words) - size + 1)]


class Vocabulary:
    """Shingles as numbers of 64 bits, so that a hundred thousand answers fit into memory."""

    def __init__(self, size: int, accounted: Iterable[str]) -> None:
        """Begin with what everybody was told.

        Args:
            size: words of a shingle.
            accounted: the texts of question and reference: their shingles are nobody's own.
        """
        self._size = size
        self._ids: dict[str, int] = {}
        known = [self._codes(words_of(text)) for text in accounted]
        self._accounted = np.unique(np.concatenate([np.empty(0, np.uint64), *known]))

    def own(self, words: Sequence[str]) -> Codes:
        """The codes of a text's own shingles, each once, sorted."""
        codes = np.unique(self._codes(words))
        # Not setdiff1d: what numpy 2.0 looks up in a table must fit a C long.
        return codes[~np.isin(codes, self._accounted, kind="sort")]

    def _codes(self, words: Sequence[str]) -> Codes:
        ids = [self._ids.setdefault(word, len(self._ids) + 1) for word in words]
        numbers = np.array(ids, dtype=np.uint64)
        length = max(0, len(words) - self._size + 1)
        codes = np.zeros(length, dtype=np.uint64)
        for at in range(self._size):
            codes = (codes ^ (codes >> np.uint64(31))) * _MIX + numbers[at : at + length]
        return codes


def shared_shingles(
    own: Sequence[Codes], times: Sequence[int], rule: WordsRule
) -> Iterator[Shared]:
    """Pairs of different texts that share enough shingles for a chance to be known.

    Args:
        own: the codes of each text's own shingles.
        times: how many answers are this text.
        rule: what a shared shingle counts.

    Raises:
        MissingExtraError: SciPy is not installed.
    """
    sparse = require("scipy.sparse", "evaluation")
    lengths = np.array([len(codes) for codes in own])
    if not lengths.sum():
        return
    texts = np.repeat(np.arange(len(own)), lengths)
    _, columns = np.unique(np.concatenate(list(own)), return_inverse=True)
    holders = np.bincount(columns)
    counted = (holders > 1) & (holders <= _HOLDERS)
    weights = weights_of(columns, np.asarray(times)[texts], sum(times), rule)
    keep = counted[columns]
    table = sparse.csr_matrix(
        (np.sqrt(weights[columns[keep]]), (texts[keep], columns[keep])),
        shape=(len(own), len(holders)),
    )
    across = table.T.tocsc()
    for begin in range(0, len(own), _BLOCK):
        found = (table[begin : begin + _BLOCK] @ across).tocoo()
        first, second, shared = found.row + begin, found.col, found.data
        enough = (first < second) & (shared >= rule.start)
        if enough.any():
            yield Shared(first[enough], second[enough], shared[enough])


def weights_of(columns: Numbers, times: Numbers, answers: int, rule: WordsRule) -> Floats:
    """What each shingle counts, by how many answers besides two have it."""
    holders = np.bincount(columns, weights=times)
    others = np.maximum(0.0, holders - 2) / max(1, answers - 2)
    return rule.weight(others)


def shared_spans(
    first: Worded, second: Worded, accounted: Collection[tuple[str, ...]], size: int
) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """Where the words stand that two answers share, of each the stretches in order.

    Args:
        first: an answer.
        second: another.
        accounted: shingles of question and reference, which are not marked.
        size: words of a shingle.
    """
    both = set(shingles(first.words, size)) & set(shingles(second.words, size))
    both = {shingle for shingle in both if shingle not in accounted}
    return _stretches(first, both, size), _stretches(second, both, size)


def _stretches(text: Worded, shared: Collection[tuple[str, ...]], size: int) -> tuple[Span, ...]:
    """The places of shared shingles, those that overlap or follow at once joined."""
    places: list[list[int]] = []
    for at, shingle in enumerate(shingles(text.words, size)):
        if shingle not in shared:
            continue
        if places and at <= places[-1][1]:
            places[-1][1] = at + size
        else:
            places.append([at, at + size])
    return tuple((text.spans[a][0], text.spans[b - 1][1]) for a, b in places)
