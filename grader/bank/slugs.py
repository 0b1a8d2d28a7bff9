"""Slugs made of what a text says."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from itertools import chain, count

from grader.reading.text import fold, words

_LENGTH = 70  # a number must still fit behind it
_ASIDES = frozenset(
    "a an the is are was do does did you your of in on for to and or what how why which when "
    "explain describe define discuss it its can could would will be with their them".split()
)


def slug_of(text: str, most_words: int) -> str:
    """A slug of the text's content words; empty where it has none in Latin letters."""
    kept = [w.lower() for w in words(fold(text)) if w.lower() not in _ASIDES]
    letters = (re.sub(r"[^a-z0-9]+", "-", w).strip("-") for w in kept)
    return "-".join([w for w in letters if w][:most_words])[:_LENGTH].rstrip("-")


def free_slug(slug: str, taken: Container[str]) -> str:
    """The slug, or where that is taken the first that is not with a number behind it."""
    names = chain([slug], (f"{slug}-{n}" for n in count(2)))
    return next(name for name in names if name not in taken)


def slugs_of(texts: Iterable[str], most_words: int, otherwise: str) -> list[str]:
    """A slug of each text, all different; ``otherwise`` where there is nothing to make it of."""
    slugs: dict[str, None] = {}
    for text in texts:
        slugs[free_slug(slug_of(text, most_words) or otherwise, slugs)] = None
    return list(slugs)
