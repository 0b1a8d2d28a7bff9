"""Which of the tags in a text are mark-up. Pure; found with the standard library's parser.

A text is either HTML or it is not: one tag that is surely mark-up makes it so. Then the elements
of HTML are taken for tags where they are well formed and closed, and everything else (``<int>``,
``a <b and c> d``) stays text. Without such a tag nothing is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from html.parser import HTMLParser

from grader.reading.lexicon import FUNCTION_WORDS
from grader.reading.text import words

_BLOCKS = frozenset(
    """address article aside blockquote body center dd details div dl dt fieldset figcaption figure
    footer form h1 h2 h3 h4 h5 h6 header hr html li main nav ol p pre section summary table tbody
    tfoot thead tr ul""".split()
)
_CELLS = frozenset({"td", "th"})
_INLINE = frozenset(
    """a abbr acronym b bdi bdo big button caption cite code colgroup del dfn em font i ins kbd
    label mark q s samp small span strike strong sub sup tt u var time math mi mn mo mrow msup msub
    mfrac msqrt mtext semantics""".split()
)
_UNSEEN = frozenset(
    "script style head title template xml svg object iframe video audio annotation".split()
)
_VOID = frozenset("br hr wbr img input link meta source col area base embed param".split())
_WITHOUT_ATTRIBUTES = frozenset({"br", "hr", "wbr"})
_UNCLOSED = frozenset("p li div tr td th dt dd ul ol table html body".split())
# Names that placeholders and tokens of models have, too: they make no text HTML.
_DOUBTFUL = frozenset(
    """s q var time code label mark math mi mn mo mrow cite button summary main section header
    footer form body html head title script style template object""".split()
)
_ELEMENTS = _BLOCKS | _CELLS | _INLINE | _UNSEEN | _VOID
_OFFICE = re.compile(r"(?:o|v|w|m|st1):[a-z]\w*")  # Word's own elements, such as <o:p>
_ATTRIBUTE = re.compile(r"[a-z_:@][-\w:.]*")
_SWITCHES = frozenset("hidden disabled checked nowrap noshade compact reversed controls".split())
_NOT_SHOWN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all|mso-list\s*:\s*ignore|"
    r"font-size\s*:\s*0(?:\.0*)?(?:px|pt|em|rem|%)?\s*(?:;|$|!)",
    re.IGNORECASE,
)
_OFFICE_COMMENT = re.compile(
    r"<!--\s*(?:\[if|\[endif|<!\[endif|>|StartFragment|EndFragment)", re.IGNORECASE
)
# No tag holds a '<', so that one that is never closed is given up at the next.
_LIKE_A_TAG = re.compile(
    r"<!-->|<!--(?:(?!<!--).)*?-->|<!--\[if[^<>]*>|<!(?:doctype|\[if|\[endif)[^<>]*>|<\?xml[^<>]*>"
    r"""|</?[a-z](?:[^<>"']|"[^"<]*"|'[^'<]*')*>""",
    re.IGNORECASE | re.DOTALL,
)
_DECLARATION = re.compile(r"<!doctype|<!\[(?:if|endif)|<\?xml", re.IGNORECASE)
_QUOTED_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
_FORMULA = re.compile(r"equation_image|texrender|Wirisformula", re.IGNORECASE)
_ORDINAL = re.compile(r"(?:st|nd|rd|th)\b", re.IGNORECASE)
_BREAK = "\n\n"


@dataclass(frozen=True, slots=True)
class Tag:
    """A stretch of mark-up, ``text[start:end]``."""

    name: str
    """In lower case; ``!`` for comments and declarations."""
    start: int
    end: int
    closing: bool = False
    attributes: tuple[tuple[str, str | None], ...] = ()
    stands_for: str = ""
    """What a reader sees in its place: a line's end, a bullet."""
    hides: int = 0
    """Where the hidden stretch ends that begins here; 0 where nothing is hidden."""


def find_markup(text: str) -> tuple[Tag, ...]:
    """The tags of an HTML text, in order; none where it is no HTML."""
    tags = _tags(text)
    partners = _pairs(tags)
    quoted = [m.span() for m in _QUOTED_CODE.finditer(text)]
    if not any(
        _is_proof(text, tags, i, partners.get(i))
        for i, tag in enumerate(tags)
        if not any(start <= tag.start < end for start, end in quoted)
    ):
        return ()
    return tuple(
        _with_meaning(text, tags, i, partners.get(i))
        for i in range(len(tags))
        if _is_markup(text, tags[i], paired=i in partners)
    )


class _Parser(HTMLParser):
    """Reads a single tag."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.name = ""
        self.closing = False
        self.attributes: tuple[tuple[str, str | None], ...] = ()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.name, self.attributes = tag, tuple(attrs)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        self.name, self.closing = tag, True


@lru_cache(maxsize=4096)
def _read_tag(written: str) -> tuple[str, bool, tuple[tuple[str, str | None], ...]]:
    """Its name in lower case, whether it is a closing one, and its attributes."""
    if written.startswith(("<!", "<?")):
        return "!", False, ()
    parser = _Parser()
    parser.feed(written)
    return parser.name, parser.closing, parser.attributes


def _tags(text: str) -> list[Tag]:
    """All that looks like a tag of HTML.

    The parser never sees more than one tag: given a whole text of broken ones, it takes time
    that grows with the square of its length, and what it makes of them differs by version.
    """
    found = (Tag("", *m.span()) for m in _LIKE_A_TAG.finditer(text))
    read = ((tag, *_read_tag(text[tag.start : tag.end])) for tag in found)
    tags = (
        replace(tag, name=name, closing=closing, attributes=attributes)
        for tag, name, closing, attributes in read
    )
    return [tag for tag in tags if tag.name == "!" or _is_element(tag)]


def _is_element(tag: Tag) -> bool:
    """Whether it is a well-formed tag of HTML; ``<b and c>`` is none."""
    known = tag.name in _ELEMENTS or bool(_OFFICE.fullmatch(tag.name))
    return known and all(
        _ATTRIBUTE.fullmatch(name) and (value is not None or name in _SWITCHES)
        for name, value in tag.attributes
    )


def _pairs(tags: Sequence[Tag]) -> dict[int, int]:
    """For each tag that has a partner, which it is."""
    found: dict[int, int] = {}
    opened: dict[str, list[int]] = {}
    for i, tag in enumerate(tags):
        waiting = opened.setdefault(tag.name, [])
        if not tag.closing:
            waiting.append(i)
        elif waiting:
            found[i] = waiting.pop()
            found[found[i]] = i
    return found


def _is_markup(text: str, tag: Tag, *, paired: bool) -> bool:
    if tag.name in {"!", *_WITHOUT_ATTRIBUTES} or ":" in tag.name or paired:
        return True
    if tag.name in _VOID:
        return bool(tag.attributes)
    if tag.closing:
        return tag.name != "s"
    if _is_parameter(text, tag):
        return False
    return bool(tag.attributes) or tag.name in _UNCLOSED


def _is_parameter(text: str, tag: Tag) -> bool:
    """Whether it is a type's parameter, as in ``List<P>``."""
    written = text[tag.start + 1 : tag.end - 1]
    return len(written) == 1 and written.isupper() and text[: tag.start][-1:].isalnum()


def _is_proof(text: str, tags: Sequence[Tag], place: int, partner: int | None) -> bool:
    """Whether a tag is surely mark-up, and not one that the text speaks of."""
    tag = tags[place]
    if tag.name == "!":
        start = text[tag.start : tag.end]
        return bool(_OFFICE_COMMENT.match(start) or _DECLARATION.match(start))
    if tag.closing or (tag.name in _DOUBTFUL - {"code"} and not tag.attributes):
        return False
    if tag.attributes or ":" in tag.name:
        return True
    if tag.name in _WITHOUT_ATTRIBUTES:
        return not _is_mentioned(text, tag)
    if partner is None:
        follows = text[tag.end : tag.end + 1]
        return tag.name in _UNCLOSED and follows.isalnum() and not _is_parameter(text, tag)
    held = words(text[tag.end : tags[partner].start])
    return any(w.lower() not in FUNCTION_WORDS for w in held) and not _is_mentioned(text, tag)


def _is_mentioned(text: str, tag: Tag) -> bool:
    """Whether a tag stands in a sentence like a word, with blanks or quotes around it."""
    line = text[: tag.start].rpartition("\n")[2]
    before, after = line.rstrip(" \t"), text[tag.end :].lstrip(" \t")
    apart = line[-1:] in tuple(" \t\"'(“‘`[/") and text[tag.end : tag.end + 1] in tuple(
        " \t\"')”’`],.;:?!/"
    )
    goes_on = not before.endswith((".", "!", "?", ">")) and not after[:1].isupper()
    return bool(before) and apart and goes_on


def _with_meaning(text: str, tags: Sequence[Tag], place: int, partner: int | None) -> Tag:
    tag = tags[place]
    if tag.name == "!":
        office = _OFFICE_COMMENT.match(text, tag.start) or _DECLARATION.match(text, tag.start)
        return tag if office else replace(tag, hides=tag.end)
    if partner is not None and not tag.closing and _is_unseen(tag):
        return replace(tag, hides=tags[partner].end)
    return replace(tag, stands_for=_stands_for(text, tag))


def _is_unseen(tag: Tag) -> bool:
    style = dict(tag.attributes).get("style") or ""
    return (
        tag.name in _UNSEEN
        or bool(_NOT_SHOWN.search(style))
        or any(name == "hidden" for name, _ in tag.attributes)
    )


def _stands_for(text: str, tag: Tag) -> str:
    if tag.name == "li" and not tag.closing:
        return f"{_BREAK}• "
    if tag.name == "br" or tag.name in _BLOCKS:
        return _BREAK
    if tag.name in _CELLS:
        return " "
    if tag.name == "sup" and not tag.closing and not _ORDINAL.match(text, tag.end):
        return "^"
    if tag.name == "img":
        attributes = dict(tag.attributes)
        if _FORMULA.search(attributes.get("class") or ""):
            return f" {(attributes.get('alt') or '').removeprefix('LaTeX:').strip()} "
    return ""
