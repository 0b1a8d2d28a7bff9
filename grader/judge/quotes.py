"""Whether a quote stands in the answer, and where. Pure; offsets refer to the answer."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from grader.engine.attacks import looks_injected
from grader.reading.lexicon import FUNCTION_WORDS
from grader.reading.rendering import rendered
from grader.reading.text import Segment, fold, words
from grader.records import Evidence

# A character with the marks that belong to it.
_CLUSTER = re.compile(r"\s+|.", re.DOTALL)
_AROUND = " \"'"
_STOPS = (".", "!", "?", "…", ";", ":")
_BEFORE, _AFTER = " \t\r\n\"'“‘(*•>–—-", " \t\r\"'”’)*"


class _Folded(NamedTuple):
    """A text folded for comparing; ``starts[i]`` and ``ends[i]`` are where its i-th char was."""

    text: str
    starts: list[int]
    ends: list[int]


def find_quote(quote: str, answer: str) -> Evidence | None:
    """The stretch of the answer that a quote repeats; none where it proves nothing.

    It is looked for in what a reader sees of the answer. White space, letter case,
    quotation marks, dashes, invisible characters and Unicode's compatibility forms may
    differ. A quote without a word that carries meaning proves nothing, unless a sentence of the
    answer is just that ("No."); nor does one that speaks to the grader.
    """
    wanted = _fold(quote).text.strip(_AROUND)
    if not words(wanted):
        return None
    shown, means = rendered(answer), _carries_meaning(wanted)
    folded = _fold(shown.text)
    for match in re.finditer(re.escape(wanted), folded.text):
        first, last = match.start(), match.end() - 1
        if _cuts_a_word(folded.text, first, last):
            continue
        start, end = folded.starts[first], folded.ends[last]
        seen = shown.text[start:end]
        if not (means or _is_sentence(shown.text, start, end)):
            continue
        if looks_injected(seen):
            return None
        return Evidence(*shown.original(Segment(seen, start, end)))
    return None


def _carries_meaning(text: str) -> bool:
    return any(w.casefold() not in FUNCTION_WORDS for w in words(text))


def _is_sentence(text: str, start: int, end: int) -> bool:
    """Whether a stretch stands in a text between the ends of sentences, or lines.

    ``sentences`` doesn't tell: to it "No." may begin a number.
    """
    said, after = text[start:end], text[end:].lstrip(_AFTER)
    before = text[:start].rstrip(_BEFORE)
    begins = not before or before.endswith(_STOPS) or "\n" in text[len(before) : start]
    return begins and (not after or said.endswith(_STOPS) or after.startswith((*_STOPS, "\n")))


def _cuts_a_word(text: str, first: int, last: int) -> bool:
    before, after = text[first - 1 : first] if first else "", text[last + 1 : last + 2]
    return (before.isalnum() and text[first].isalnum()) or (
        after.isalnum() and text[last].isalnum()
    )


@lru_cache(maxsize=16)
def _fold(text: str) -> _Folded:
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for start, end in _clusters(text):
        piece = _fold_cluster(text[start:end])
        if not piece or (piece == " " and pieces and pieces[-1] == " "):
            continue
        pieces.append(piece)
        starts += [start] * len(piece)
        ends += [end] * len(piece)
    return _Folded("".join(pieces), starts, ends)


@lru_cache(maxsize=1024)
def _fold_cluster(cluster: str) -> str:
    if cluster.isspace():
        return " "
    kept = "".join(c for c in cluster if unicodedata.category(c) != "Cf")
    return fold(kept)


def _clusters(text: str) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    for match in _CLUSTER.finditer(text):
        start, end = match.span()
        if spans and unicodedata.combining(text[start]) and not text[start - 1].isspace():
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return spans
