"""The answers to one question, compared with each other by words and by meaning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from grader.hiring.similar.meaning import (
    Meaning,
    directions_of,
    encoded,
    is_read,
    likeness,
    meaning_of,
    near_answers,
    sentences_of,
)
from grader.hiring.similar.shingles import Vocabulary, shared_shingles, weights_of, words_of

if TYPE_CHECKING:
    from grader.engine.encoders.base import Encoder
    from grader.hiring.similar.rule import MeaningRule, Rule
    from grader.hiring.similar.shingles import Codes

_LOOKS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """Two texts, or one that several gave, that are alike."""

    first: int
    second: int
    """The same number where the texts are the same word for word."""
    by_words: float
    """The chance that independent texts share so many words; 1 where they share few."""
    by_meaning: float
    """The chance that they are so near in meaning; 1 where that was not compared."""
    bar: float
    """Each of the two is told of from this chance on."""
    meanings: tuple[Meaning, Meaning] | None

    @property
    def chance(self) -> float:
        """The chance of being so alike in one of two looks."""
        return min(1.0, _LOOKS * min(self.by_words, self.by_meaning))

    @property
    def turned(self) -> Looked:
        """The same with the second text first."""
        meanings = None if self.meanings is None else (self.meanings[1], self.meanings[0])
        return replace(self, first=self.second, second=self.first, meanings=meanings)

    @property
    def likeness(self) -> float | None:
        """How near the texts are in meaning."""
        return None if self.meanings is None else likeness(*self.meanings)


def compare(
    answers: Sequence[str],
    times: Sequence[int],
    accounted: Sequence[str],
    rule: Rule,
    bar: float,
    encoder: Encoder | None,
) -> Iterator[Looked]:
    """Pairs of answers to one question that are alike beyond a bar, in words or in meaning.

    Args:
        answers: differing texts.
        times: how many people gave each.
        accounted: what question and reference say.
        rule: what is chance.
        bar: the highest chance, by words and by meaning each, that is told of.
        encoder: makes the vectors; without it meaning is left out.

    Raises:
        EncoderError: the encoder fails.
        MissingExtraError: SciPy is not installed.
    """
    by_words = _by_words(answers, times, accounted, rule, bar)
    meanings = {} if encoder is None else _meanings(answers, accounted, rule.meaning, encoder)
    by_meaning = _by_meaning(meanings, times, rule.meaning, bar)
    for first, second in sorted({*by_words, *by_meaning}):
        read = first in meanings and second in meanings
        yield Looked(
            first=first,
            second=second,
            by_words=by_words.get((first, second), 1.0),
            by_meaning=by_meaning.get((first, second), 1.0),
            bar=bar,
            meanings=(meanings[first], meanings[second]) if read else None,
        )


_Chances = dict[tuple[int, int], float]


def _by_words(
    answers: Sequence[str], times: Sequence[int], accounted: Sequence[str], rule: Rule, bar: float
) -> _Chances:
    vocabulary = Vocabulary(rule.words.size, accounted)
    own = [vocabulary.own(words_of(answer)) for answer in answers]
    lengths = np.array([len(codes) for codes in own], dtype=np.float64)
    found: _Chances = {}
    for some in shared_shingles(own, times, rule.words):
        possible = lengths[some.first] * lengths[some.second]
        chances = rule.words.chance(some.shared, possible)
        for at in np.flatnonzero(chances <= bar).tolist():
            found[int(some.first[at]), int(some.second[at])] = float(chances[at])
    found.update(_repeated(own, times, rule, bar))
    return found


def _repeated(
    own: Sequence[Codes], times: Sequence[int], rule: Rule, bar: float
) -> Iterator[tuple[tuple[int, int], float]]:
    """Texts that more than one person gave, word for word."""
    several = [at for at, number in enumerate(times) if number > 1 and len(own[at])]
    if not several:
        return
    lengths = [len(codes) for codes in own]
    texts = np.repeat(np.arange(len(own)), lengths)
    _, columns = np.unique(np.concatenate(list(own)), return_inverse=True)
    weights = weights_of(columns, np.asarray(times)[texts], sum(times), rule.words)
    shared = np.bincount(texts, weights=weights[columns], minlength=len(own))
    squares = np.array(lengths, dtype=np.float64) ** 2
    chances = rule.words.chance(shared.astype(np.float64), squares)
    for at in several:
        if chances[at] <= bar:
            yield (at, at), float(chances[at])


def _meanings(
    answers: Sequence[str], accounted: Sequence[str], rule: MeaningRule, encoder: Encoder
) -> Mapping[int, Meaning]:
    """The meaning of each answer that can be compared by it."""
    told = [sentences_of(text) for text in accounted]
    said = {at: sentences_of(text) for at, text in enumerate(answers) if is_read(text, rule)}
    if not said:
        return {}
    vectors = encoded([*told, *said.values()], encoder)
    known = [vectors[sentence] for text in told for sentence in text.said]
    axes = directions_of(np.stack(known) if known else np.empty((0, 0), np.float32), rule)
    return {at: meaning_of(text, vectors, axes) for at, text in said.items() if text.said}


def _by_meaning(
    meanings: Mapping[int, Meaning], times: Sequence[int], rule: MeaningRule, bar: float
) -> _Chances:
    numbers = list(meanings)
    near = near_answers([meanings[at] for at in numbers], rule)
    chances = rule.chance(near.likeness)
    found = {
        (numbers[int(near.first[at])], numbers[int(near.second[at])]): float(chances[at])
        for at in np.flatnonzero(chances <= bar).tolist()
    }
    if rule.least <= bar:
        found |= {(at, at): rule.least for at in numbers if times[at] > 1}
    return found
