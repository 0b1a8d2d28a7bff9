r"""Formulas in one way of writing, however the author wrote them: text, LaTeX or code. Pure.

``$\frac{TP}{TP+FP}$``, ``TP / ( TP + FP )`` and ``TP/(TP+FP)`` are one formula, and reach the
networks as one. It is written with signs of a keyboard and names of letters, as people type it and
as the networks' word pieces know it: of ``∑``, ``∏`` or ``⊙`` they know nothing, and ``≠`` is ``=``
to them. Answers, claims and prompts are all read so; prose stays as it is.
"""

from __future__ import annotations

import re
from functools import lru_cache

from grader.reading.formula_rules import Pieces, rules
from grader.reading.rendering import Rendered

_ROUNDS = 20
"""So deep may braces stand within braces; of deeper ones the outer stay as they are."""


@lru_cache(maxsize=64)
def plain_formulas(shown: Rendered) -> Rendered:
    """What a reader sees of an answer, with its formulas in the one way of writing.

    Every character still knows where it stood: one that was put in stands for what it replaces.
    """
    for _ in range(_ROUNDS):
        before = shown.text
        for pattern, pieces in rules(before):
            shown = _replaced(shown, pattern, pieces)
        if shown.text == before:
            break
    return shown


@lru_cache(maxsize=20_000)
def plainly(text: str) -> str:
    """A claim, a wording or a prompt, with its formulas in the one way of writing."""
    places = tuple(range(len(text) + 1))
    return plain_formulas(Rendered(text, text, places[:-1], places[1:])).text


class _Copy:
    """A text that is written anew from another one."""

    def __init__(self, shown: Rendered) -> None:
        self._shown = shown
        self._text: list[str] = []
        self._starts: list[int] = []
        self._ends: list[int] = []

    def keep(self, start: int, end: int) -> None:
        """Take a stretch over as it is."""
        self._text.append(self._shown.text[start:end])
        self._starts += self._shown.starts[start:end]
        self._ends += self._shown.ends[start:end]

    def put(self, text: str, start: int, end: int) -> None:
        """Write a text in the place of a stretch, which may be empty."""
        first, last = self._place(start, end)
        self._text.append(text)
        self._starts += [first] * len(text)
        self._ends += [last] * len(text)

    def made(self) -> Rendered:
        """The new text."""
        starts, ends = tuple(self._starts), tuple(self._ends)
        return Rendered(self._shown.answer, "".join(self._text), starts, ends, self._shown.hidden)

    def _place(self, start: int, end: int) -> tuple[int, int]:
        starts, ends = self._shown.starts, self._shown.ends
        if end > start:
            return starts[start], ends[end - 1]
        before = ends[start - 1] if start else starts[0]
        return min(before, *starts[start : start + 1], before), before


def _replaced(shown: Rendered, pattern: re.Pattern[str], pieces: Pieces) -> Rendered:
    """A text in which all that a pattern finds is made anew of pieces, in their order."""
    if pattern.search(shown.text) is None:
        return shown
    copy, done = _Copy(shown), 0
    for match in pattern.finditer(shown.text):
        copy.keep(done, match.start())
        done = match.start()
        made = pieces(match)
        for i, piece in enumerate(made):
            if isinstance(piece, str):
                kept = (later[0] for later in made[i + 1 :] if not isinstance(later, str))
                copy.put(piece, done, next(kept, match.end()))
            else:
                copy.keep(*piece)
                done = piece[1]
        done = match.end()
    copy.keep(done, len(shown.text))
    return copy.made()
