"""Normalising and segmenting text. Pure functions; offsets always refer to the original."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

# A full stop after one of these does not end a sentence.
_ABBREVIATIONS = frozenset(
    "e.g i.e etc vs cf fig eq eqs sec ch al approx resp no dr mr mrs ms prof st w.r.t a.k.a".split()
)
# A line end ends a sentence, unless the line was merely wrapped: then it is long and the next
# one is no list item and not blank.
_WRAP = 40
_END = re.compile(
    r"[.!?…]+[\"'”’)\]]*(?=\s|$)|;"
    rf"|(?<![^\n]{{{_WRAP}}})\n|\n(?=[ \t]*(?:\n|[-*•▪●–>#+]|\(?\d{{1,2}}[.)]\s|\Z))"
    r"|(?<=\s)[•▪●]\s"
)
# The sign of a number is no bullet.
_BULLET = re.compile(r"^(?:[\s*•▪●#]|[-–—](?!\d)|>(?!\s*\d))+|^\s*\(?\d{1,2}[.)]\s+")
# Where a long sentence may be cut into clauses: the next clause starts at the match's end
# or, for a conjunction, at the conjunction.
_CLAUSE = re.compile(
    r"[,:—–]\s+(?=\S)|\s(?=(?:but|whereas|while|because|although|so that|which means|hence|"
    r"therefore|however|since|and then)\s)",
    re.IGNORECASE,
)
WORD = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*", re.UNICODE)
"""One word: letters and digits, with apostrophes and hyphens inside."""
_SPACE = re.compile(r"\s+")

_CLAUSE_MIN_WORDS = 4
_SENTENCE_MIN_WORDS_TO_CUT = 14
_MAX_WORDS = 60


class Segment(NamedTuple):
    """A stretch of the answer: ``text`` is ``answer[start:end]``."""

    text: str
    start: int
    end: int


def fold(text: str) -> str:
    """Text for comparing: NFKC, straight quotes, single spaces, case folded."""
    text = unicodedata.normalize("NFKC", text).translate(_QUOTES)
    return _SPACE.sub(" ", text).strip().casefold()


_QUOTES = str.maketrans(
    dict.fromkeys("‘’‚ʼ′", "'") | dict.fromkeys("“”„«»", '"') | dict.fromkeys("‐‑‒–—―−", "-")
)


def normalise(text: str) -> str:
    """Text for a model: NFC, no control or zero-width characters, single spaces."""
    kept = (c for c in unicodedata.normalize("NFC", text) if c.isspace() or _visible(c))
    return _SPACE.sub(" ", "".join(kept)).strip()


def _visible(char: str) -> bool:
    return unicodedata.category(char) not in {"Cc", "Cf", "Co", "Cs"}


def without_halves(text: str) -> str:
    """The text with U+FFFD for each half of a surrogate pair that stands alone.

    JSON and workbooks can escape one; no file and no connection can hold it.
    """
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def words(text: str) -> list[str]:
    """The words of a text, in order, as written."""
    return WORD.findall(text)


def sentences(text: str) -> list[Segment]:
    """Sentences, list items and parts between semicolons, without surrounding space.

    A stretch of more than 60 words without an end is cut, so that no model ever reads
    less of it than stands there.
    """
    spans = (s for s in _spans(text) if WORD.search(s.text))
    return [part for span in spans for part in _cut(span)]


def units(text: str) -> list[Segment]:
    """The stretches of an answer that are weighed as evidence.

    Sentences, the clauses of long ones, and pairs of neighbouring sentences, since the
    second often leaves out the subject of the first.
    """
    whole = sentences(text)
    pairs = [
        Segment(text[a.start : b.end], a.start, b.end)
        for a, b in pairwise(whole)
        if len(words(a.text)) + len(words(b.text)) <= _MAX_WORDS
    ]
    return [*whole, *(c for s in whole for c in clauses(s)), *pairs]


def clauses(sentence: Segment) -> list[Segment]:
    """The clauses of a long sentence; none where it is short or can't be cut."""
    if len(words(sentence.text)) < _SENTENCE_MIN_WORDS_TO_CUT:
        return []
    parts: list[Segment] = []
    start = 0
    for cut in _CLAUSE.finditer(sentence.text):
        head, tail = sentence.text[start : cut.start()], sentence.text[cut.end() :]
        if min(len(words(head)), len(words(tail))) >= _CLAUSE_MIN_WORDS:
            parts.append(_trimmed(sentence.text, start, cut.start(), sentence.start))
            start = cut.end()
    if not parts:
        return []
    parts.append(_trimmed(sentence.text, start, len(sentence.text), sentence.start))
    return parts


def _cut(span: Segment) -> Iterator[Segment]:
    found = list(WORD.finditer(span.text))
    start = 0
    for i in range(_MAX_WORDS, len(found), _MAX_WORDS):
        cut = found[i].start()
        yield _trimmed(span.text, start, cut, span.start)
        start = cut
    yield _trimmed(span.text, start, len(span.text), span.start)


def _spans(text: str) -> Iterator[Segment]:
    start = 0
    for end in _END.finditer(text):
        if _is_abbreviation(text, end):
            continue
        yield _trimmed(text, start, end.end(), 0)
        start = end.end()
    yield _trimmed(text, start, len(text), 0)


def _is_abbreviation(text: str, end: re.Match[str]) -> bool:
    if end.group() != ".":
        return False
    if text[: end.start()].rpartition("\n")[2].strip().isdigit():
        return True  # the number of a list item
    before = text[max(0, end.start() - 12) : end.start()].split()
    last = before[-1].lower().lstrip("(\"'[") if before else ""
    return last in _ABBREVIATIONS or (len(last) == 1 and last.isalpha() and last != "i")


def _trimmed(text: str, start: int, end: int, offset: int) -> Segment:
    piece = text[start:end]
    bullet = _BULLET.match(piece)
    lead = bullet.end() if bullet else 0
    body = piece[lead:]
    lead += len(body) - len(body.lstrip())
    stop = start + lead + len(body.strip())
    begin = start + lead
    return Segment(text[begin:stop], offset + begin, offset + stop)


def counted(number: int, noun: str, plural: str = "") -> str:
    """``1 question``, ``2,000 questions``; ``plural`` where it is not the noun with an s."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
