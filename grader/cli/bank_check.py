"""What ``grade bank lint``, ``test`` and ``audit`` find."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import typer
from rich.table import Table

from grader.authoring import disagreements, examples, lint, overview
from grader.bank.catalog import Catalog
from grader.cli.options import FolderOptions
from grader.cli.terminal import show
from grader.errors import InputError
from grader.grading import Grader
from grader.reading.text import counted
from grader.settings import load_settings


def print_lint(
    ids: list[str] | None,
    folders: FolderOptions,
    *,
    formats_only: bool,
    cues: bool,
) -> bool:
    """Print what is to mend; whether there is nothing."""
    grader = Grader(load_settings(**asdict(folders)))
    slugs = _chosen(grader.catalog, ids)
    findings = lint.lint(grader.catalog, slugs)
    if not formats_only:
        findings += lint.lint_meaning(grader, slugs)
    for finding in findings:
        typer.echo(str(finding))
    if cues:
        _print_cues(grader.catalog, slugs)
    checked, problems = counted(len(slugs), "question"), counted(len(findings), "problem")
    typer.echo(f"{checked}, {problems}", err=True)
    return not findings


def print_test(ids: list[str] | None, folders: FolderOptions, *, holdout: bool) -> float:
    """Grade the examples; the share of them within their range."""
    grader = Grader(load_settings(**asdict(folders)))
    slugs = _chosen(grader.catalog, ids)
    done = examples.run_trials(grader, slugs, holdout=True if holdout else None)
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
    return examples.accuracy(done).in_range


def print_audit(ids: list[str] | None, folders: FolderOptions) -> None:
    """Print the pairs of claims that disagree, question by question, surest first."""
    grader = Grader(load_settings(**asdict(folders)))
    slugs = _chosen(grader.catalog, ids)
    found = [pair for slug in slugs for pair in disagreements.audit(grader, slug)]
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


def _chosen(catalog: Catalog, ids: list[str] | None) -> list[str]:
    return [catalog.resolve(name) for name in ids] if ids else catalog.slugs()


def _print_cues(catalog: Catalog, slugs: Sequence[str]) -> None:
    from grader.authoring.label_leaks import measure_cues

    holdings = overview.load_holdings(catalog, slugs)
    for cue in measure_cues([h.contrast for h in holdings if h.contrast]):
        typer.echo(f"{cue.task}: bag of words {cue.accuracy:.2f}, chance {cue.chance:.2f}")


def _print_accuracy(done: Sequence[examples.Trial]) -> None:
    table = Table("kind", box=None, pad_edge=False)
    for name in ("answers", "in range", "verdicts right", "mean error"):
        table.add_column(name, justify="right")
    rows = {**examples.by_kind(done), "all": examples.accuracy(done)}
    for kind, a in rows.items():
        table.add_row(
            kind, str(a.n), f"{a.in_range:.0%}", f"{a.verdicts:.0%}", f"{a.mean_error:.2f}"
        )
    show(table)
