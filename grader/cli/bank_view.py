"""What ``grade bank list``, ``search``, ``show`` and ``stats`` print."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, astuple, fields

import typer
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from grader.authoring import overview
from grader.bank.catalog import Catalog, Summary
from grader.bank.entries import patch_sources
from grader.bank.records import BankEntry, Correction, Rubric
from grader.cli.options import FolderOptions
from grader.cli.terminal import listing, show
from grader.engine.costs import points_off
from grader.errors import InputError
from grader.settings import load_settings

# Long names on two lines, so that the table of counts fits 80 columns.
_HEADS = {
    "key_points": "key\npoints",
    "misconceptions": "miscon-\nceptions",
    "corrections": "correc-\ntions",
    "statements": "state-\nments",
}


def print_list(topic: str | None, folders: FolderOptions) -> None:
    """Print all questions, or those of a topic."""
    summaries = _catalog(folders).summaries()
    if topic is not None:
        topics = sorted({s.topic for s in summaries})
        if topic not in topics:
            raise InputError(f"no topic '{topic}': choose from {', '.join(topics)}")
        summaries = [s for s in summaries if s.topic == topic]
    _print_table(summaries)


def print_search(query: str, folders: FolderOptions) -> None:
    """Print the questions that match, best first."""
    found = _catalog(folders).search(query)
    if not found:
        raise InputError(f"no question matches '{query}': 'grade bank list' shows them all")
    _print_table(found)


def print_question(q: str, folders: FolderOptions, *, diff: bool) -> None:
    """Print a question, or what its corrections change."""
    catalog = _catalog(folders)
    entry, rubric, file = catalog.load(catalog.resolve(q))
    sources = patch_sources(entry, rubric, file)
    parts: list[RenderableType] = [Text(f"{entry.id}: {entry.prompt}", style="bold")]
    if diff:
        parts += _diff(entry, rubric.corrections)
    else:
        parts += _rubric(rubric)
        parts += [Text("\nReference answers", style="bold")]
        parts += [_paragraph("our own", text) for text in entry.references]
        parts += [_paragraph(s.where, " ".join(s.claims)) for s in sources]
    show(*parts)


def print_stats(folders: FolderOptions) -> None:
    """Print the counts by topic."""
    catalog = _catalog(folders)
    counts = overview.count_by_topic(overview.load_holdings(catalog, catalog.slugs()))
    table = Table(Column("topic", no_wrap=True), box=None, pad_edge=False)
    for field in fields(overview.Counts):
        table.add_column(_HEADS.get(field.name, field.name), justify="right", no_wrap=True)
    for topic, numbers in counts.items():
        table.add_row(topic, *(f"{n:,}" for n in astuple(numbers)))
    show(table)


def _catalog(folders: FolderOptions) -> Catalog:
    return Catalog.from_settings(load_settings(**asdict(folders)))


def _print_table(summaries: Sequence[Summary]) -> None:
    rows = [(s.id, f"{s.level} {s.topic}", s.prompt) for s in summaries]
    typer.echo("\n".join(listing(rows, Console().width)))


def _rubric(rubric: Rubric) -> list[RenderableType]:
    total = f"{rubric.max_points:g} {'point' if rubric.max_points == 1 else 'points'}"
    points = [(f"{k.points:g}", k.claim) for k in rubric.key_points]
    errors = [
        (f"−{points_off(m.cost):g}", f"{m.claim}\nCorrect: {m.correction}\nSource: {m.authority}")
        for m in rubric.misconceptions
    ]
    parts: list[RenderableType] = [
        Text(f"\nKey points, {total} in all", style="bold"),
        _items(points),
    ]
    if errors:
        parts += [Text("\nKnown errors, and the points that they cost", style="bold")]
        parts += [_items(errors)]
    return parts


def _diff(entry: BankEntry, corrections: Sequence[Correction]) -> list[RenderableType]:
    if not corrections:
        return [Text("no claim of its sources is corrected")]
    where = {source.id: source.where for source in entry.sources}
    parts: list[RenderableType] = []
    for c in corrections:
        parts += [
            Text(f"\n{where[c.source]} (severity {c.severity})", style="bold"),
            _items([("-", c.claim)], "red"),
            _items([("+", c.now)], "green"),
            _items([(" ", f"{c.why}\nSource: {c.authority}")], "dim"),
        ]
    return parts


def _items(rows: Iterable[tuple[str, str]], style: str = "") -> RenderableType:
    """Texts behind their marks, which stand in a column of their own."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column()
    for mark, text in rows:
        grid.add_row(Text(mark, style=style), Text(text, style=style))
    return Padding(grid, (0, 0, 0, 2))


def _paragraph(head: str, text: str) -> RenderableType:
    return Padding(Text.assemble((f"{head}: ", "dim"), text), (0, 0, 1, 2))
