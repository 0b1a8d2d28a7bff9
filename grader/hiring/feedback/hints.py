"""Hints at what is missing, which do not give it away. Pure.

A hint says to which part of the question points belong, how many they are, and a few words to
start from. A word of a point may stand there only if the candidate knows it already, because the
answer has it, or if several other points of the same question have it too, so that it belongs to
the subject and not to this point. Numbers and words that have an opposite (more, input, increase)
are left out, since they are what points turn on. And of no point do the hints hold more than a
third of its words.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from grader.reading.lexicon import FUNCTION_WORDS, opposites, stem
from grader.reading.text import words

_MOST_WORDS = 4
_OTHERS = 2  # points that make a word one of the subject
_SHORTEST = 3
# Where a question that asks for several things turns to the next.
_NEXT = re.compile(
    r"[.;?:!]+\s*|,?\s+(?:and|or)\s+(?=(?:what|how|why|when|where|which|who)\b)"
    r"|,\s+(?=(?:what|how|why|when|where|which|who)\b)",
    re.IGNORECASE,
)


class Hint(NamedTuple):
    """Where to look for what is missing."""

    part: str
    """The part of the question; empty where that can't be told."""
    points: int
    """How many points are missing there."""
    words: tuple[str, ...]
    """What to start from."""

    @property
    def told(self) -> str:
        """The hint in words."""
        more = "is one more point" if self.points == 1 else f"are {self.points} more points"
        told = (
            f"About “{self.part}”, there {more} to make." if self.part else f"There {more} to make."
        )
        if not self.words:
            return told
        *first, last = (f"“{word}”" for word in self.words)
        named = f"{', '.join(first)} and {last}" if first else last
        return f"{told} {'Words' if first else 'A word'} to start from: {named}."


def hints(
    lacking: Sequence[str], question: str, answer: str, claims: Sequence[str]
) -> Iterator[Hint]:
    """Where to look for the points that are lacking, in the order of the question.

    Args:
        lacking: the points that are missing.
        question: what was asked.
        answer: what was answered.
        claims: all points of the question.
    """
    parts = {claim: _part(claim, question, claims) for claim in lacking}
    left = {claim: len(_stems(claim)) // 3 for claim in lacking}
    for part in ("", *parts_of(question)[1:]):
        own = [claim for claim in lacking if parts[claim] == part]
        if own:
            yield Hint(
                part, len(own), tuple(_words_to_start_from(own, question, answer, claims, left))
            )


def parts_of(question: str) -> list[str]:
    """The things that a question asks for, in its own words."""
    found = (part.strip(" ,") for part in _NEXT.split(question))
    return [part for part in found if _stems(part)]


def _part(claim: str, question: str, claims: Sequence[str]) -> str:
    """The part of the question that a point belongs to; empty where that can't be told.

    The first part names the subject, whose words are everywhere: it is no hint.
    """
    first, *parts = [(part, _stems(part)) for part in parts_of(question)] or [("", set())]
    seen = Counter(word for one in claims for word in _stems(one))
    own = _stems(claim) - first[1]
    # Words that all points have say nothing of any (the inverse document frequency of K. Spärck
    # Jones, Journal of Documentation 28 (1972) 11).
    scores = [sum(math.log(len(claims) / seen[word]) for word in asked & own) for _, asked in parts]
    best = max(scores, default=0.0)
    return parts[scores.index(best)][0] if best > 0 and scores.count(best) == 1 else ""


def _words_to_start_from(
    own: Sequence[str], question: str, answer: str, claims: Sequence[str], left: dict[str, int]
) -> list[str]:
    """Words of the points of one part; ``left`` is how many more of each point may be told."""
    asked, said = _stems(question), _stems(answer)
    seen = Counter(word for claim in claims for word in _stems(claim))
    found: dict[str, str] = {}
    for claim in own:
        for word in _content(claim):
            root = stem(word)
            is_known = root in said or seen[root] > _OTHERS
            if root in found or root in asked or root in opposites() or not is_known:
                continue
            holders = [one for one in left if root in _stems(one)]
            if len(found) < _MOST_WORDS and all(left[one] for one in holders):
                for one in holders:
                    left[one] -= 1
                # At the beginning of a sentence alone a capital says nothing.
                plain = claim.startswith(word) and word.istitle()
                found[root] = word.lower() if plain else word
    return list(found.values())


def _content(text: str) -> Iterable[str]:
    """The words that are of the subject: no function words, no numbers."""
    return (
        word
        for word in words(text)
        if len(word) >= _SHORTEST
        and word.lower() not in FUNCTION_WORDS
        and not any(char.isdigit() for char in word)
    )


def _stems(text: str) -> set[str]:
    return {stem(word) for word in _content(text)}
