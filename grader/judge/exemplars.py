"""Answers that people have marked, to go along with one that is to be judged: the nearest ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from grader.engine.attacks import looks_injected
from grader.reading.rendering import rendered
from grader.reading.text import fold, words
from grader.records import SILENT

if TYPE_CHECKING:
    from grader.bank.records import Rubric
    from grader.engine.encoders.base import Encoder, Vectors


@dataclass(frozen=True, slots=True)
class Marked:
    """An answer with the verdicts that people gave it, or with their mark."""

    answer: str
    verdicts: Mapping[str, str] = field(default_factory=dict)
    """By key point; those not named are ``missing``."""
    asserted: tuple[str, ...] = ()
    """The misconceptions in it."""
    mark: float | None = None
    """As a share of full marks, 0 to 1, where that is all that is known of it."""


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
    marked = [
        Marked(
            example.answer,
            {point: v for point, v in example.verdicts.items() if v not in SILENT},
            tuple(example.misconceptions),
        )
        for example in rubric.examples
    ]
    return shelved(marked, encoder)


def of_marks(answers: Iterable[tuple[str, float]]) -> tuple[Marked, ...]:
    """Answers to one question with people's marks, as they may be told.

    The same words several times are one answer with the mean of its marks. Those that speak to
    the grader are left out.

    Args:
        answers: each with its mark as a share of full marks.
    """
    marks: dict[tuple[str, ...], list[float]] = {}
    texts: dict[tuple[str, ...], str] = {}
    for answer, mark in answers:
        seen = rendered(answer).text
        said = tuple(_said(seen))
        if said and not looks_injected(seen):
            texts.setdefault(said, seen)
            marks.setdefault(said, []).append(mark)
    return tuple(Marked(texts[s], mark=sum(m) / len(m)) for s, m in marks.items())


def shelved(marked: Sequence[Marked], encoder: Encoder) -> Shelf:
    """Marked answers to one question, ready to be looked through.

    Raises:
        EncoderError: the encoder fails.
    """
    from grader.engine.encoders.base import unit_vectors

    return Shelf(tuple(marked), unit_vectors(encoder, [rendered(m.answer).text for m in marked]))


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
