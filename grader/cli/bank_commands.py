"""What the ``grade bank`` commands do."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import astuple, fields
from pathlib import Path

import typer
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from grader.authoring import disagreements as auditing
from grader.authoring import examples as trials
from grader.authoring import import_articles as articles
from grader.authoring import lint as linting
from grader.authoring import new_question as templates
from grader.authoring import overview
from grader.bank.catalog import Catalog, Summary
from grader.bank.catalog import write_index as write_index_file
from grader.bank.entries import patch_sources
from grader.bank.records import BankEntry, Correction, Rubric
from grader.bank.yaml_records import read_text
from grader.cli.terminal import listing, show
from grader.errors import InputError, OutputError
from grader.files import check_output, write_whole
from grader.grading import Grader
from grader.reading.text import counted
from grader.settings import Settings, load_settings

_SLUG_LENGTH = 80  # as records.Slug has it
# Long names on two lines, so that the table of counts fits 80 columns.
_HEADS = {
    "key_points": "key\npoints",
    "misconceptions": "miscon-\nceptions",
    "corrections": "correc-\ntions",
    "statements": "state-\nments",
}


def print_list(topic: str | None, bank: Path | None, rubrics: Path | None) -> None:
    """Print all questions, or those of a topic."""
    summaries = _catalog(bank, rubrics).summaries()
    if topic is not None:
        topics = sorted({s.topic for s in summaries})
        if topic not in topics:
            raise InputError(f"no topic '{topic}': choose from {', '.join(topics)}")
        summaries = [s for s in summaries if s.topic == topic]
    _print_table(summaries)


def print_search(query: str, bank: Path | None, rubrics: Path | None) -> None:
    """Print the questions that match, best first."""
    found = _catalog(bank, rubrics).search(query)
    if not found:
        raise InputError(f"no question matches '{query}': 'grade bank list' shows them all")
    _print_table(found)


def print_question(q: str, bank: Path | None, rubrics: Path | None, *, diff: bool) -> None:
    """Print a question, or what its corrections change."""
    catalog = _catalog(bank, rubrics)
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


def print_lint(
    ids: list[str] | None,
    bank: Path | None,
    rubrics: Path | None,
    *,
    formats_only: bool,
    cues: bool,
) -> bool:
    """Print what is to mend; whether there is nothing."""
    grader = Grader(_settings(bank, rubrics))
    slugs = _chosen(grader.catalog, ids)
    findings = linting.lint(grader.catalog, slugs)
    if not formats_only:
        findings += linting.lint_meaning(grader, slugs)
    for finding in findings:
        typer.echo(str(finding))
    if cues:
        _print_cues(grader.catalog, slugs)
    checked, problems = counted(len(slugs), "question"), counted(len(findings), "problem")
    typer.echo(f"{checked}, {problems}", err=True)
    return not findings


def _print_cues(catalog: Catalog, slugs: Sequence[str]) -> None:
    from grader.authoring.label_leaks import measure_cues

    holdings = overview.load_holdings(catalog, slugs)
    for cue in measure_cues([h.contrast for h in holdings if h.contrast]):
        typer.echo(f"{cue.task}: bag of words {cue.accuracy:.2f}, chance {cue.chance:.2f}")


def print_stats(bank: Path | None, rubrics: Path | None) -> None:
    """Print the counts by topic."""
    catalog = _catalog(bank, rubrics)
    counts = overview.count_by_topic(overview.load_holdings(catalog, catalog.slugs()))
    table = Table(Column("topic", no_wrap=True), box=None, pad_edge=False)
    for field in fields(overview.Counts):
        table.add_column(_HEADS.get(field.name, field.name), justify="right", no_wrap=True)
    for topic, numbers in counts.items():
        table.add_row(topic, *(f"{n:,}" for n in astuple(numbers)))
    show(table)


def write_export(file: Path, bank: Path | None, rubrics: Path | None, *, force: bool) -> None:
    """Write everything as JSON or Markdown, by the file's ending."""
    writers = {".json": overview.export_json, ".md": overview.export_markdown}
    if file.suffix not in writers:
        raise InputError(f"{file}: the name must end in .json or .md")
    check_output(file, force=force)
    catalog = _catalog(bank, rubrics)
    text = writers[file.suffix](overview.load_holdings(catalog, catalog.slugs()))
    write_whole(file, text)


def write_page(file: Path, bank: Path | None, rubrics: Path | None) -> None:
    """Write the overview page."""
    check_output(file, force=True)
    catalog = _catalog(bank, rubrics)
    text = overview.bank_page(overview.load_holdings(catalog, catalog.slugs()))
    write_whole(file, text)


def write_new(q: str, bank: Path | None, rubrics: Path | None) -> None:
    """Write the templates of a new question into the user's folders."""
    settings = load_settings(new_folders=True, bank=bank, rubrics=rubrics)
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", q) or len(q) > _SLUG_LENGTH:
        raise InputError(
            f"'{q}' is not a slug: write lower-case words joined by hyphens, "
            f"{_SLUG_LENGTH} characters at most"
        )
    if settings.bank is None or settings.rubrics is None:
        raise InputError("name your own folders: --bank DIR --rubrics DIR, or in grader.toml")
    for written in templates.write_templates(q, settings.bank, settings.rubrics):
        typer.echo(f"wrote {written}")
    options = [f"--bank {shlex.quote(str(bank))}"] if bank else []
    options += [f"--rubrics {shlex.quote(str(rubrics))}"] if rubrics else []
    command = " ".join(["grade bank lint", q, *options])
    typer.echo(f"fill them in, then check them with: {command}", err=True)


def write_drafts(file: Path, output: Path) -> None:
    """Write a draft entry for every question of an article."""
    drafts = articles.unique_slugs(articles.read_article(read_text(file)))
    if not drafts:
        raise InputError(f"{file}: holds no question: mark them as 'Q1. …' or '1. …?'")
    if output.is_dir() and any(output.iterdir()):
        raise OutputError(f"{output}: is not empty: name a new folder")
    try:
        output.mkdir(parents=True, exist_ok=True)
        for slug, draft in drafts:
            text = articles.draft_entry(slug, draft, file.stem)
            (output / f"{slug}.yaml").write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{output}: can't be written: {error.strerror}") from error
    answered = sum(bool(draft.answer) for _, draft in drafts)
    typer.echo(f"{output}: {counted(len(drafts), 'draft')}, {answered} with an answer")


def _chosen(catalog: Catalog, ids: list[str] | None) -> list[str]:
    return [catalog.resolve(name) for name in ids] if ids else catalog.slugs()


def print_test(
    ids: list[str] | None, bank: Path | None, rubrics: Path | None, *, holdout: bool
) -> float:
    """Grade the examples; the share of them within their range."""
    grader = Grader(_settings(bank, rubrics))
    slugs = _chosen(grader.catalog, ids)
    done = trials.run_trials(grader, slugs, holdout=True if holdout else None)
    if not done:
        raise InputError("the rubrics hold no example to test")
    for trial in done:
        if not trial.in_range:
            low, high = trial.example.score
            typer.echo(
                f"{trial.question_id}/{trial.example.id}: {trial.grade.score:.2f}, "
                f"expected {low:.2f} to {high:.2f}: {'; '.join(trial.wrong_verdicts)}"
            )
    _print_accuracy(done)
    return trials.accuracy(done).in_range


def print_audit(ids: list[str] | None, bank: Path | None, rubrics: Path | None) -> None:
    """Print the pairs of claims that disagree, question by question, surest first."""
    grader = Grader(_settings(bank, rubrics))
    slugs = _chosen(grader.catalog, ids)
    found = [pair for slug in slugs for pair in auditing.audit(grader, slug)]
    for pair in found:
        state = ", corrected already" if pair.corrected else ""
        typer.echo(f"{pair.question_id}: {pair.about} ({pair.probability:.2f}{state})")
        typer.echo(f"  {pair.claim.origin}: {pair.claim.text}")
        typer.echo(f"  {pair.against.origin}: {pair.against.text}")
    corrected = sum(pair.corrected for pair in found)
    typer.echo(
        f"{counted(len(slugs), 'question')}, {counted(len(found), 'pair')} of claims that "
        f"disagree, {corrected} of them corrected already",
        err=True,
    )


def write_index(folder: Path) -> None:
    """Write a bank folder's index."""
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder")
    write_index_file(folder)


def _print_accuracy(done: Sequence[trials.Trial]) -> None:
    table = Table("kind", box=None, pad_edge=False)
    for name in ("answers", "in range", "verdicts right", "mean error"):
        table.add_column(name, justify="right")
    rows = {**trials.by_kind(done), "all": trials.accuracy(done)}
    for kind, a in rows.items():
        table.add_row(
            kind, str(a.n), f"{a.in_range:.0%}", f"{a.verdicts:.0%}", f"{a.mean_error:.2f}"
        )
    show(table)


def _print_table(summaries: Sequence[Summary]) -> None:
    rows = [(s.id, f"{s.level} {s.topic}", s.prompt) for s in summaries]
    typer.echo("\n".join(listing(rows, Console().width)))


def _rubric(rubric: Rubric) -> list[RenderableType]:
    total = f"{rubric.max_points:g} {'point' if rubric.max_points == 1 else 'points'}"
    points = [(f"{k.points:g}", k.claim) for k in rubric.key_points]
    errors = [
        (f"−{m.cost:g}", f"{m.claim}\nCorrect: {m.correction}\nSource: {m.authority}")
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


def _settings(bank: Path | None, rubrics: Path | None) -> Settings:
    return load_settings(bank=bank, rubrics=rubrics)


def _catalog(bank: Path | None, rubrics: Path | None) -> Catalog:
    return Catalog.from_settings(_settings(bank, rubrics))
