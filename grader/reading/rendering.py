"""The text that a reader sees of an answer: without mark-up, entities and invisible characters.

Editors in a browser (Moodle, Canvas, WordPress) hand over HTML, word processors and mail
programs their own kind of it, telephones typographic signs. All of them are read as they look on
the screen. Code such as ``List<int>`` or ``a < b``, tokens such as ``<eos>`` and tags that are
only spoken of stay. Pure; every character knows where it stood in the answer as given.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from grader.reading.markup import Tag, find_markup
from grader.reading.text import Segment

_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
_ANY_TAG = re.compile(r"<!--|-->|<[^<>]*>")
_BREAKS = "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
# Bullets of Word's symbol font stand in Unicode's private area.
_BULLETS = "\uf0a7\uf0b7\uf0d8\uf0fc\u2023\u2043\u25e6"
_SIGNS = {
    **dict.fromkeys(map(ord, _BREAKS), "\n"),
    **dict.fromkeys(map(ord, _BULLETS), "•"),
    **dict.fromkeys(map(ord, "‘’‚‛ʼ"), "'"),
    **dict.fromkeys(map(ord, "“”„‟"), '"'),
    **dict.fromkeys(map(ord, "‐‑"), "-"),
    **{n: unicodedata.normalize("NFKC", chr(n)) for n in range(0xFB00, 0xFB07)},  # ﬁ, ﬂ …
}


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a reader sees of an answer.

    ``text[i]`` stands for ``answer[starts[i]:ends[i]]``; ``hidden`` is what the answer's
    mark-up keeps from its reader: comments, and elements that are not shown.
    """

    answer: str
    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    hidden: str = ""

    def original(self, part: Segment) -> Segment:
        """The stretch of the answer as given that a part of the text, not empty, stands for."""
        start, end = self.starts[part.start], self.ends[part.end - 1]
        return Segment(self.answer[start:end], start, end)


class _Char(NamedTuple):
    text: str
    start: int
    end: int


@lru_cache(maxsize=64)
def rendered(answer: str) -> Rendered:
    """The answer as it looks on a screen.

    A text that holds tags only in escaped form was escaped once too often on its way, and is
    rendered twice.
    """
    first, tagged = _render(answer)
    if tagged or first.text == answer or "<" not in first.text:
        return first
    second, tagged = _render(first.text)
    return _after(first, second) if tagged else first


def _after(first: Rendered, second: Rendered) -> Rendered:
    starts = tuple(first.starts[i] for i in second.starts)
    ends = tuple(first.ends[i - 1] for i in second.ends)
    return Rendered(first.answer, second.text, starts, ends, second.hidden)


def _render(answer: str) -> tuple[Rendered, bool]:
    tags = find_markup(answer) if "<" in answer else ()
    hidden: list[str] = []
    shown = list(_shown(answer, tags, hidden))
    text = "".join(c.text for c in shown)
    starts = tuple(c.start for c in shown for _ in c.text)
    ends = tuple(c.end for c in shown for _ in c.text)
    return Rendered(answer, text, starts, ends, "\n".join(hidden)), bool(tags)


def _shown(answer: str, tags: Sequence[Tag], hidden: list[str]) -> Iterator[_Char]:
    """The visible characters; what the mark-up hides is added to ``hidden``."""
    flowing = any("\n" in tag.stands_for for tag in tags)
    done, fresh, verbatim = 0, True, 0
    for tag in tags:
        if tag.start < done:
            continue  # within something hidden
        for char in _characters(answer, done, tag.start, flowing=flowing and not verbatim):
            fresh = fresh and char.text.isspace()
            yield char
        done = tag.end
        if tag.hides:
            hidden.append(_ANY_TAG.sub("\n", answer[tag.start : tag.hides]))
            done = tag.hides
        elif tag.name == "pre":
            verbatim = max(0, verbatim + (-1 if tag.closing else 1))
        if tag.stands_for and not (fresh and tag.stands_for.isspace()):
            yield _Char(tag.stands_for, tag.start, tag.end)
            fresh = "\n" in tag.stands_for
    yield from _characters(answer, done, len(answer), flowing=flowing and not verbatim)


def _characters(answer: str, start: int, stop: int, *, flowing: bool) -> Iterator[_Char]:
    """The characters of a stretch without tags.

    Line ends in flowing text, whose blocks are marked, are mere blanks.
    """
    done = start
    for entity in _ENTITY.finditer(answer, start, stop):
        meant = html.unescape(entity.group())
        if meant == entity.group():
            continue
        yield from _signs(answer[done : entity.start()], done, flowing=flowing)
        for sign in _signs(meant, 0, flowing=flowing):
            yield _Char(sign.text, *entity.span())
        done = entity.end()
    yield from _signs(answer[done:stop], done, flowing=flowing)


def _signs(text: str, offset: int, *, flowing: bool) -> Iterator[_Char]:
    for i, char in enumerate(text, offset):
        sign = _sign(char)
        if flowing and sign == "\n":
            sign = " "
        if sign:
            yield _Char(sign, i, i + 1)


@lru_cache(maxsize=4096)
def _sign(char: str) -> str:
    """A character as it is read: nothing for one that can't be seen."""
    if ord(char) in _SIGNS:
        return _SIGNS[ord(char)]
    return "" if unicodedata.category(char) == "Cf" else char
