"""Normalising and segmenting text. Pure functions; offsets always refer to the original."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

# A full stop after one of these does not end a sentence.
_ABBREVIATIONS = frozenset(
    "e.g i.e etc vs cf fig eq eqs sec ch al approx resp no dr mr mrs ms prof st w.r.t a.k.a".split()
)
_END = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s|$)|;|\n|(?<=\s)[•▪●]\s")
_SIGNS = "*•▪●○■□∙·§➢➤→✓✔"
_MARK = r"\(?(?:\d{1,2}|[ivx]{1,4})[.)]\s|\(?[a-zA-Z]\)\s"  # 1. (2) iv. a)
# The sign of a number is no bullet.
_BULLET = re.compile(
    rf"^(?:[\s{_SIGNS}#]|\+\s|[-–—](?!\d)|>(?!\s*\d))+(?:{_MARK})?|^\s*(?:{_MARK})\s*"
)
_ITEM = re.compile(rf"[ \t]*(?:\n|[{_SIGNS}#>+–—-]|{_MARK}|\Z)")
_INLINE_NUMBER = re.compile(r"(?:(?<=\s)|^)(\d{1,2})\.(?=\s)")
# A line end ends a sentence, unless the line was merely wrapped: then it is long, its next word
# had no room, and the next line is no list item.
_WRAP = 40
_STARTS_ANEW = re.compile(r"\s*[A-Z][a-z]*\b")
_LONGEST_WORD = 200
_ENDED = (".", "!", "?", "…", ":", ";")
_UNFINISHED = frozenset(
    """a an the of in on at to for from with by and or but nor as than that which because if when
    while into is are was were be can could should will would may might must not its their this
    these""".split()
)
# Where a long sentence may be cut into clauses: the next clause starts at the match's end
# or, for a conjunction, at the conjunction.
_CLAUSE = re.compile(
    r"[,:—–]\s+(?=\S)|\s(?=(?:but|whereas|while|because|although|so that|which means|hence|"
    r"therefore|however|since|and then)\s)",
    re.IGNORECASE,
)
_DASH = re.compile(r"\s(?:[–—]|--?)\s|(?<=\w)—(?=\w)")
_UNBROKEN = re.compile(r"(?:[^,.;:!?()\[\]\n…—–•▪●]|[.,](?=\d)|(?<=\w)[.:](?=\w))+")
WORD = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*", re.UNICODE)
"""One word: letters and digits, with apostrophes and hyphens inside."""
_SPACE = re.compile(r"\s+")

WINDOW = 14
_CLAUSE_MIN_WORDS = 4
_SENTENCE_MIN_WORDS_TO_CUT = 14
MAX_WORDS = 60
"""The longest stretch that a model reads at once."""


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


def ended(text: str) -> str:
    """A sentence as a model reads it: normalised, and ended as any sentence.

    How it was set off in the answer, by a semicolon, a line end or nothing, is no part of it.
    """
    said = normalise(text).rstrip(" ;,–—-•▪●")
    last = said.rstrip("\"'”’)]")[-1:]
    return said if last in _ENDED else f"{said}."


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
    spans = (part for whole in _spans(text) for part in _at_dash(whole))
    return [part for span in spans if WORD.search(span.text) for part in _cut(span)]


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


def is_dictated(text: str) -> bool:
    """Whether there is no sign at all in a text, but perhaps at its end."""
    return bool(_UNBROKEN.fullmatch(text.strip().rstrip(".!?…")))


def windows(sentence: Segment, longest: int) -> list[Segment]:
    """Overlapping stretches of what goes on for more words than that without a sign.

    Nobody speaks punctuation: where one thought ends in a dictated answer can't be told, but
    most thoughts are within one of the stretches.
    """
    found = []
    for run in _UNBROKEN.finditer(sentence.text):
        tokens = list(WORD.finditer(run.group()))
        if len(tokens) <= longest:
            continue
        for first in range(0, len(tokens) - WINDOW // 2, WINDOW // 2):
            last = tokens[min(first + WINDOW, len(tokens)) - 1]
            start, stop = run.start() + tokens[first].start(), run.start() + last.end()
            found.append(_trimmed(sentence.text, start, stop, sentence.start))
    return found


def _cut(span: Segment) -> Iterator[Segment]:
    found = list(WORD.finditer(span.text))
    start = 0
    for i in range(MAX_WORDS, len(found), MAX_WORDS):
        cut = found[i].start()
        yield _trimmed(span.text, start, cut, span.start)
        start = cut
    yield _trimmed(span.text, start, len(span.text), span.start)


def _spans(text: str) -> Iterator[Segment]:
    start = 0
    numbers = _inline_numbers(text)
    for end in _END.finditer(text):
        stop = end.end()
        if end.group() == "." and end.start() in numbers:
            stop = numbers[end.start()]  # the item begins with its number
        elif end.group() == "\n":
            if _is_wrapped(text, end.start()):
                continue
        elif _is_abbreviation(text, end):
            continue
        yield _trimmed(text, start, stop, 0)
        start = stop
    yield _trimmed(text, start, len(text), 0)


def _at_dash(whole: Segment) -> Iterator[Segment]:
    """The halves of a sentence that one dash sets off, as another would a full stop."""
    dashes = list(_DASH.finditer(whole.text))
    if len(dashes) == 1:
        first, second = whole.text[: dashes[0].start()], whole.text[dashes[0].end() :]
        if min(len(words(first)), len(words(second))) >= _CLAUSE_MIN_WORDS:
            yield _trimmed(whole.text, 0, dashes[0].start(), whole.start)
            yield _trimmed(whole.text, dashes[0].end(), len(whole.text), whole.start)
            return
    yield whole


def _inline_numbers(text: str) -> dict[int, int]:
    """Where the items of lists without line ends begin, by the place of the number's point."""
    found: dict[int, int] = {}
    marks = list(_INLINE_NUMBER.finditer(text))
    for this, following in pairwise(marks):
        n = int(this.group(1))
        if (n == 1 or this.end() - 1 in found) and int(following.group(1)) == n + 1:
            found |= {m.end() - 1: m.start() for m in (this, following)}
    return found


def _is_wrapped(text: str, at: int) -> bool:
    """Whether a line end only stands there because the line was full."""
    first, last = text.rfind("\n\n", 0, at) + 1, text.find("\n\n", at)
    line = text[text.rfind("\n", 0, at) + 1 : at]
    if len(line) < _WRAP or _ITEM.match(text, at + 1):
        return False
    block = text[first : last if last >= 0 else len(text)].strip("\n")
    if not _is_filled(block):
        return False
    before, after = line.split()[-1], text[at + 1 : at + 1 + _LONGEST_WORD].split(maxsplit=1)[0]
    if block.count("\n") > 1 or before.lower() in _UNFINISHED or before[-1] in ",(-":
        return True
    starts_anew = after[0].isupper() and after[1:].islower()
    return not starts_anew and not (after[0].islower() and block.lstrip()[0].islower())


@lru_cache(maxsize=16)
def _is_filled(block: str) -> bool:
    """Whether each line of a paragraph was as full as it could be, and not one a sentence."""
    lines = block.split("\n")
    if all(map(_STARTS_ANEW.match, lines)):
        return False
    width = max(map(len, lines))
    return all(_is_full(this, following, width) for this, following in pairwise(lines))


def _is_full(line: str, following: str, width: int) -> bool:
    """Whether a line that was not ended had no room for the next one's first word."""
    if len(line) < _WRAP or line.rstrip().endswith(_ENDED) or _ITEM.match(following):
        return True
    return len(line.rstrip()) + 1 + len(following.split(maxsplit=1)[0]) > width


def _is_abbreviation(text: str, end: re.Match[str]) -> bool:
    if end.group() != ".":
        return False
    if _BULLET.fullmatch(text[: end.end()].rpartition("\n")[2] + " "):
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
