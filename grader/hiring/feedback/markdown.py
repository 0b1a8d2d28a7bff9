"""A candidate's page as Markdown, which says the same as the HTML. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from grader.hiring.feedback.words import Item, Page, Part

# Signs that may mean something anywhere in a line: CommonMark lets each be escaped.
_SIGNS = re.compile(r"([\\`*_{}\[\]<>#|~&!$@])")
# What GitHub's dialect makes links of without any sign: a scheme, or www.
_LINK = re.compile(r"(?<=\w)(://)|(?<=www)(\.)", re.IGNORECASE)
# What begins a list, a heading's underline or a table at the beginning of a line.
_LEADING = re.compile(r"^(?:([-+=:])|(\d+)([.)]))")


def markdown_page(page: Page) -> str:
    """The page; whatever came with the table stands there as plain text."""
    return "\n".join(_lines(page)) + "\n"


def plain(text: str) -> str:
    """Text that Markdown shows as it is, at the beginning of a line, too."""
    return _LEADING.sub(lambda m: rf"\{m[1]}" if m[1] else rf"{m[2]}\{m[3]}", inline(text))


def inline(text: str) -> str:
    """The same within a line."""
    text = _SIGNS.sub(r"\\\1", " ".join(text.split()))
    return _LINK.sub(lambda m: rf"\{m[0]}", text)


def _lines(page: Page) -> Iterator[str]:
    yield from (f"# {inline(page.title)}", "", plain(page.intro), "")
    for part in page.parts:
        yield from _part(part)
    yield from (f"## {inline(page.closing_heading)}", "")
    for text in page.closing:
        yield from (plain(text), "")


def _part(part: Part) -> Iterator[str]:
    yield from (f"## {inline(part.heading)}", "")
    for note in part.notes:
        yield from (plain(note), "")
    for section in part.sections:
        yield from (f"### {inline(section.heading)}", "")
        for item in section.items:
            yield from (*_item(item), "")
    if part.closing:
        yield from (plain(part.closing), "")


def _item(item: Item) -> Iterator[str]:
    """A list item of paragraphs, the first of which may be a quote."""
    blocks = [f"> {plain(item.quote)}"] if item.quote else []
    blocks += map(plain, item.lines)
    for number, block in enumerate(blocks):
        if number:
            yield ""
        yield f"{'  ' if number else '- '}{block}"
