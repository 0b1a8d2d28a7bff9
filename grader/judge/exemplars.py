"""Answers that people have marked, to go along with one that is to be judged: the nearest ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from grader.reading.rendering import rendered
from grader.reading.text import fold, words
from grader.records import SILENT

if TYPE_CHECKING:
    from grader.bank.records import Rubric
    from grader.engine.encoders.base import Encoder, Vectors


@dataclass(frozen=True, slots=True)
class Marked:
    """An answer with the verdicts that people gave it."""

    answer: str
    verdicts: Mapping[str, str]
    """By key point; those not named are ``missing``."""
    asserted: tuple[str, ...] = ()
    """The misconceptions in it."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """The marked answers to a question."""

    marked: tuple[Marked, ...]
    vectors: Vectors
    """The unit vector of each, shape (n, d)."""

    def nearest(self, answer: str, encoder: Encoder, n: int) -> tuple[Marked, ...]:
        """The n that are most alike an answer, the likest first; never itself or a copy of it.

        Raises:
            EncoderError: the encoder fails.
        """
        from grader.engine.encoders.base import unit_vectors

        seen = rendered(answer).text
        near = self.vectors @ unit_vectors(encoder, [seen])[0]
        order = sorted(range(len(self.marked)), key=lambda i: -float(near[i]))
        others = (self.marked[i] for i in order if not is_copy(self.marked[i].answer, seen))
        return tuple(other for other, _ in zip(others, range(n), strict=False))


def shelf_of(rubric: Rubric, encoder: Encoder) -> Shelf:
    """A rubric's own examples.

    Raises:
        EncoderError: the encoder fails.
    """
    from grader.engine.encoders.base import unit_vectors

    marked = tuple(
        Marked(
            example.answer,
            {point: v for point, v in example.verdicts.items() if v not in SILENT},
            tuple(example.misconceptions),
        )
        for example in rubric.examples
    )
    return Shelf(marked, unit_vectors(encoder, [rendered(m.answer).text for m in marked]))


def is_copy(one: str, other: str) -> bool:
    """Whether most of what the shorter of two texts says is said word for word in the other.

    Counted are pairs of words that follow on each other, whatever their case.
    """
    there, here = _pairs(one), _pairs(other)
    if not there or not here:
        return _said(one) == _said(other)
    return len(there & here) > min(len(there), len(here)) / 2


def _pairs(text: str) -> set[tuple[str, str]]:
    return set(pairwise(_said(text)))


def _said(text: str) -> Sequence[str]:
    return words(fold(text))
