"""A candidate's page as HTML: no script, no outside resource, nothing that could run. Pure."""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from html import escape
from importlib.resources import files
from string import Template

from grader.hiring.feedback.words import Item, Page, Part, Section


def html_page(page: Page) -> str:
    """The page. Everything that came with the table is escaped."""
    style = _file("page.css")
    return Template(_file("page.html")).substitute(
        title=escape(page.title),
        heading=f"Feedback for <bdi>{escape(page.name)}</bdi>",
        style=style,
        style_hash=_hash(style),
        intro=escape(page.intro),
        parts="\n".join(_part(part) for part in page.parts),
        closing_heading=escape(page.closing_heading),
        closing="\n".join(_paragraph(text) for text in page.closing),
    )


@lru_cache(maxsize=2)
def _file(name: str) -> str:
    return files("grader.hiring.feedback").joinpath(name).read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"sha256-{digest}"


def _part(part: Part) -> str:
    return "\n".join(
        [
            f'<section>\n<h2 dir="auto">{escape(part.heading)}</h2>',
            *map(_paragraph, part.notes),
            *map(_section, part.sections),
            *([f'<p class="dim">{escape(part.closing)}</p>'] if part.closing else []),
            "</section>",
        ]
    )


def _section(section: Section) -> str:
    items = "\n".join(f"<li>{_item(item)}</li>" for item in section.items)
    return f"<h3>{escape(section.heading)}</h3>\n<ul>\n{items}\n</ul>"


def _item(item: Item) -> str:
    quote = f'<blockquote dir="auto">{escape(item.quote)}</blockquote>' if item.quote else ""
    return quote + "".join(map(_paragraph, item.lines))


def _paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>"
