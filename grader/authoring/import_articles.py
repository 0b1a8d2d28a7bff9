"""Questions and answers out of an article: Markdown, HTML or plain text to drafts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from html.parser import HTMLParser

from grader.bank.slugs import free_slug, slug_of
from grader.bank.yaml_edits import quoted
from grader.reading.text import fold, sentences, words
from grader.resources import schema_file

_MARKED = re.compile(
    r"^(?:[-*+•]\s+)?(?:Q(?:uestion)?\s*(?P<q>[0-9]{1,4})(?![0-9])\s*[).:\-]*"
    r"|(?P<n>[0-9]{1,4})\s*[).:])\s*(?P<text>.*)$",
    re.IGNORECASE,
)
# How a question without a question mark begins; a list item may well begin with "In" or "Is".
_ASKING = re.compile(
    r"^(?:what|why|how|when|where|which|who|explain|describe|define|discuss|compare|name|list|"
    r"give|tell|differentiate|state|outline|walk)\b",
    re.IGNORECASE,
)
# A table of contents that was run together: another number follows the question mark.
_RUN_ON = re.compile(r"\?\s*(?:Q(?:uestion)?\s*)?[0-9]+\s*[).:]", re.IGNORECASE)
_ANSWER_LEAD = re.compile(r"^(?:answer|ans|a)\s*(?::|[.)\-–—]+(?=\s|$))\s*", re.IGNORECASE)
_FRAME = re.compile(r"^[\s#>]+|\s#+\s*$|`+")
_EMPHASIS = re.compile(r"(?<![\w*])(\*{1,3}|_{1,3})(?=\S)(.{1,500}?)(?<=\S)\1(?![\w*])")
_PAGE = re.compile(r"<(?:!doctype\s+html|html|body)\b", re.IGNORECASE)
_BLOCK = re.compile(r"<(?:p|h[1-6]|div)\b", re.IGNORECASE)
_HEADING = re.compile(r"^#{1,6}\s", re.MULTILINE)
_MARKED_SECTION = re.compile(r"<!\[[^>]*>?")  # of word processors; html.parser fails at them
_LONGEST_QUESTION = 40  # words
_MARKS_NEEDED = 3
_SLUG_WORDS = 8


@dataclass(frozen=True, slots=True)
class Draft:
    """A question found in an article, and its answer as it stands there (may be empty)."""

    number: str
    question: str
    answer: str

    @property
    def slug(self) -> str:
        """A slug made of the question's content words."""
        return slug_of(self.question, _SLUG_WORDS) or f"question-{self.number}"


def read_article(text: str) -> list[Draft]:
    """Every question of an article, in order.

    Questions that are numbered or marked (``Q7.``, ``### 7.``, ``Question 7``) are taken
    where there are at least three of them; otherwise lines that end in a question mark.
    A question that stands several times (in a table of contents, or doubled) is taken where
    it has its answer.
    """
    lines = [_plain(line) for line in _lines(text)]
    marked = list(_marked(lines))
    found = marked if len(marked) >= _MARKS_NEEDED else list(_bare(lines))
    drafts: list[Draft] = []
    for i, (_, stop, number, question) in enumerate(found):
        end = found[i + 1][0] if i + 1 < len(found) else len(lines)
        body = [line for line in lines[stop:end] if line and fold(line) != fold(question)]
        answer = _ANSWER_LEAD.sub("", "\n".join(body)).strip()
        drafts.append(Draft(number, question, answer))
    return [replace(d, number=d.number or str(n)) for n, d in enumerate(_distinct(drafts), start=1)]


def draft_entry(slug: str, draft: Draft, article: str) -> str:
    """The draft as a bank entry to be worked on.

    Args:
        slug: the entry's id.
        draft: the question.
        article: a short id of the article, for the source's id.
    """
    claims = [s.text for s in sentences(draft.answer) if _says_something(s.text)]
    out = [
        f"# yaml-language-server: $schema={schema_file('bank-entry')}",
        "# Draft: restate every claim in your own words, one fact each, errors included; then",
        "# write a rubric with a correction for each wrong one.",
        f"id: {quoted(slug)}",
        f"prompt: {quoted(draft.question)}",
        "aliases: []",
        "topic: imported",
        "level: mid",
    ]
    if claims:
        out += ["sources:", f"  - id: {quoted(f'{article}:{draft.number}')}"]
        out += [f"    where: {quoted(f'{article}, question {draft.number}')}", "    claims:"]
        out += [f"      - {quoted(claim)}" for claim in claims]
    else:
        out.append("sources: []")
    return "\n".join([*out, "references: []", ""])


def unique_slugs(drafts: Sequence[Draft]) -> list[tuple[str, Draft]]:
    """Drafts with slugs that differ: a second one of a name gets a number."""
    out: dict[str, Draft] = {}
    for draft in drafts:
        out[free_slug(draft.slug, out)] = draft
    return list(out.items())


def _distinct(drafts: Sequence[Draft]) -> list[Draft]:
    """Of drafts with the same mark and question the last: a table of contents comes first.

    Questions without a mark are the same only where one of them has no answer.
    """
    answered = {fold(draft.question) for draft in drafts if draft.answer}
    best: dict[tuple[str, str], Draft] = {}
    for i, draft in enumerate(drafts):
        question = fold(draft.question)
        if not draft.answer and question in answered:
            continue
        key = (draft.number or (str(i) if draft.answer else ""), question)
        best.pop(key, None)  # so that it stands in the place of the later one
        best[key] = draft
    return list(best.values())


def _marked(lines: Sequence[str]) -> Iterator[tuple[int, int, str, str]]:
    """(first line, line after, number, question) of every marked question."""
    for i, line in enumerate(lines):
        match = _MARKED.match(line)
        if not match:
            continue
        question, at = match["text"], i
        if match["q"] and not question:
            at = next((k for k in range(i + 1, len(lines)) if lines[k]), i)
            question = "" if _MARKED.match(lines[at]) else lines[at]
        asking = question.endswith("?") or bool(_ASKING.match(question))
        if (match["q"] or asking) and _is_one_question(question):
            yield i, at + 1, match["q"] or match["n"], question


def _bare(lines: Sequence[str]) -> Iterator[tuple[int, int, str, str]]:
    for i, line in enumerate(lines):
        question = line.lstrip("-*+• ")
        if question.endswith("?") and question.count("?") == 1 and _is_one_question(question):
            yield i, i + 1, "", question


def _is_one_question(text: str) -> bool:
    short = len(words(text)) <= _LONGEST_QUESTION
    return short and _says_something(text) and not _RUN_ON.search(text)


def _says_something(text: str) -> bool:
    """Whether it is more than signs and a number, such as that of a list item."""
    return any(char.isalpha() for char in text)


def _plain(line: str) -> str:
    """The line without Markdown's marks; an operator such as ``x > 0`` or ``a*b`` is none."""
    line = _FRAME.sub("", line)
    for _ in range(2):  # one within the other
        line = _EMPHASIS.sub(r"\2", line)
    return " ".join(line.split())


def _lines(text: str) -> Iterable[str]:
    tagged = _PAGE.search(text) or _BLOCK.search(text)
    if _PAGE.match(text.lstrip()) or (tagged and not _HEADING.search(text)):
        reader = _HtmlLines()
        reader.feed(_MARKED_SECTION.sub("", text))
        reader.close()
        return reader.lines()
    return text.splitlines()


class _HtmlLines(HTMLParser):
    """The visible text of a page, a block element a line."""

    _BLOCKS = frozenset("p h1 h2 h3 h4 h5 h6 li tr div br dt dd blockquote section pre".split())
    _HIDDEN = frozenset({"script", "style", "title", "nav", "noscript"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: list[str] = []
        self._hidden = 0

    def lines(self) -> list[str]:
        return "".join(self._parts).splitlines()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self._hidden += tag in self._HIDDEN
        if tag in self._BLOCKS:
            self._parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in self._HIDDEN and self._hidden > 0
        if tag in self._BLOCKS:
            self._parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self._parts.append(re.sub(r"\s+", " ", data))
