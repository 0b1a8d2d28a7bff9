"""Printing for people: as wide as the terminal, and without blanks at the ends of lines."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

import typer
from rich.console import Console, RenderableType

_INDENT = "  "


def show(*parts: RenderableType, console: Console | None = None) -> None:
    """Print; where no terminal looks on, rich's padding is left out."""
    console = console or Console(highlight=False, markup=False, emoji=False)
    if console.is_terminal:
        console.print(*parts, sep="\n")
        return
    with console.capture() as captured:
        console.print(*parts, sep="\n")
    lines = captured.get().splitlines()
    typer.echo("\n".join(line.rstrip() for line in lines), file=console.file)


def listing(rows: Iterable[tuple[str, str, str]], width: int) -> list[str]:
    """Rows of name, kind and text as lines: in columns where there is room for the text.

    Otherwise the text stands below, indented. No word is cut: one that is longer than the
    terminal is wide runs over its edge.
    """
    table = list(rows)
    first, second = (max(len(row[i]) for row in table) for i in (0, 1))
    start = first + second + 4  # two blanks after each
    if width - start >= max(30, width // 3):
        return [
            line
            for name, kind, text in table
            for line in _hanging(f"{name:{first}}  {kind:{second}}  ", text, width)
        ]
    return [
        line
        for name, kind, text in table
        for line in (
            *_hanging("", f"{name}  {kind}", width),
            *_hanging(_INDENT, text, width),
        )
    ]


def _hanging(head: str, text: str, width: int) -> list[str]:
    """The text after its head, further lines below where it begins."""
    return textwrap.wrap(
        text,
        max(width, len(head) + 1),
        initial_indent=head,
        subsequent_indent=" " * len(head) if head else _INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )
