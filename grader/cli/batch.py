"""``grade batch``: a table in, a graded table out."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
)

from grader.batch.runner import Tally, grade_file
from grader.batch.table import open_table, partial_file
from grader.cli.errors import INTERRUPTED
from grader.cli.llm import judging, print_forecast, tell_of
from grader.columns import check_columns
from grader.errors import GraderError
from grader.grading import Grader
from grader.settings import load_settings

if TYPE_CHECKING:
    from grader.judge.forecast import Forecast


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchOptions:
    """What the command was given."""

    table: Path
    output: Path
    q: str | None
    force: bool
    encoding: str | None
    llm: bool
    dry_run: bool
    settings: Mapping[str, Any]


def run_batch(options: BatchOptions) -> None:
    """Grade the table, with a progress bar on a terminal, and sum up.

    Raises:
        InputError: the table, the output or a setting won't do.
    """
    settings = load_settings(**options.settings)
    try:
        with judging(settings, llm=options.llm) as judge:
            grader = Grader(settings, judge=judge)
            if options.dry_run:
                print_forecast(_forecast(grader, options))
                return
            tally = _grade_with_bar(grader, options)
            tell_of(judge)
    except (KeyboardInterrupt, GraderError) as error:
        _say_what_is_kept(options.output)
        if isinstance(error, KeyboardInterrupt):
            raise typer.Exit(INTERRUPTED) from error
        raise
    typer.echo(
        f"{options.output}: {tally.rows} rows, {tally.passed} passed, "
        f"{tally.for_review} for a person to look at, {tally.failed} failed",
        err=True,
    )


def _forecast(grader: Grader, options: BatchOptions) -> Forecast:
    with open_table(options.table, options.encoding) as (header, rows):
        check_columns(header, str(options.table), q=options.q)
        return grader.forecast_rows(rows, q=options.q)


def _grade_with_bar(grader: Grader, options: BatchOptions) -> Tally:
    columns = (
        TextColumn("grading"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    with (
        Progress(*columns, console=console, disable=not console.is_terminal) as bar,
        _noticing_interrupts() as check,
    ):
        total = _count(options) if console.is_terminal else None
        task = bar.add_task("", total=total)

        def after_chunk(tally: Tally) -> None:
            bar.update(task, completed=tally.rows)
            check()

        return grade_file(
            grader,
            options.table,
            options.output,
            q=options.q,
            force=options.force,
            encoding=options.encoding,
            progress=after_chunk,
        )


@contextmanager
def _noticing_interrupts() -> Iterator[Callable[[], None]]:
    """Make Ctrl-C count when the given check is called.

    Raised at any moment it can be lost, in a callback of a thread pool for one, and the run
    would go on.
    """
    pressed = threading.Event()
    before = signal.signal(signal.SIGINT, lambda *_: pressed.set())

    def check() -> None:
        if pressed.is_set():
            raise KeyboardInterrupt

    try:
        yield check
    finally:
        signal.signal(signal.SIGINT, before)


def _count(options: BatchOptions) -> int:
    with open_table(options.table, options.encoding) as (_, rows):
        return sum(1 for _ in rows)


def _say_what_is_kept(output: Path) -> None:
    kept = partial_file(output)
    if kept.exists():
        typer.echo(f"grade: stopped: the rows graded so far are in {kept}", err=True)
