"""``grade batch``: a table in, a graded table out."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from grader.batch.ledger import ledger_file
from grader.batch.runner import TableOptions, forecast_file, grade_file
from grader.batch.summary import Summary
from grader.cli.errors import INTERRUPTED
from grader.cli.judge import open_judge, print_forecast, tell_of, tell_of_jobs
from grader.cli.options import BatchOptions
from grader.cli.progress import emit_summary, showing
from grader.engine.feedback import failure_in_words, reason_in_words
from grader.errors import InputError
from grader.grading import Grader
from grader.reading.text import counted
from grader.settings import Settings, load_settings
from grader.tables.writers import STDOUT

if TYPE_CHECKING:
    from grader.judge.judge import Judge

# Ctrl-C waits this long for the chunk at hand; a very long answer can take longer.
_PATIENCE = 1.5


def grade_table(options: BatchOptions) -> None:
    """Grade the table, showing how far it is, and sum up.

    Raises:
        InputError: the table, the output or a setting won't do.
    """
    judging = options.judge.settings(asked_for_more=options.dry_run or options.by_jobs)
    table = build_table(options)
    settings = load_settings(
        **asdict(options.grader), **judging, blank=options.blank, pass_mark=options.pass_mark
    )
    if options.engine == "ray":
        _check_for_cluster(options)
        _tell(_grade_on_cluster(settings, options, table), options, settings)
        return
    with open_judge(settings, asked=options.judge.llm) as judge:
        grader = Grader(settings, judge=judge)
        if options.dry_run:
            _print_forecast(grader, options)
            return
        summary = _grade(grader, judge, options, table)
        if summary is None:
            return
        _tell(summary, options, settings)
        if options.progress != "json":
            tell_of(judge)


def build_table(options: BatchOptions) -> TableOptions:
    """How the table is to be read and written, for the functions that grade it."""
    return {
        "q": options.q,
        "mapping": options.mapping or (),
        "force": options.force,
        "read_as": options.read.read_as(),
        "output_delimiter": options.output_delimiter,
    }


def _tell(summary: Summary, options: BatchOptions, settings: Settings) -> None:
    if options.progress == "json":
        emit_summary(summary, options.output)
    else:
        _print_summary(summary, options.output)
        if summary.blank and not settings.blank:
            typer.echo(f"grade: {blanks_in_words(summary)}", err=True)


def _print_forecast(grader: Grader, options: BatchOptions) -> None:
    forecast = forecast_file(
        grader,
        options.inputs,
        Path(options.output),
        q=options.q,
        mapping=options.mapping or (),
        read_as=options.read.read_as(),
    )
    if options.by_jobs and forecast.cost is not None:
        forecast = replace(forecast, cost=forecast.cost * grader.settings.llm_batch_price)
    print_forecast(forecast)


def _check_for_cluster(options: BatchOptions) -> None:
    """Refuse what a cluster can't do.

    Raises:
        InputError: the options don't go together.
    """
    if options.dry_run:
        raise InputError("--dry-run reads local tables: leave out --engine ray")
    if options.by_jobs:
        raise InputError("--llm-batch notes its jobs in a local ledger: leave out --engine ray")
    if options.read.sheet is not None or options.read.header_row is not None:
        raise InputError(
            "--engine ray reads CSV and Parquet whose first row is the header: leave out --sheet "
            "and --header-row"
        )
    if options.grader.threads is not None:
        raise InputError("--engine ray uses all cores of every node: leave out --threads")


def _grade_on_cluster(settings: Settings, options: BatchOptions, table: TableOptions) -> Summary:
    from grader.batch.cluster.run import grade_on_cluster

    def leave() -> None:
        typer.echo("grade: stopped: nothing was written", err=True)

    with (
        _leaving(leave),
        _noticing_interrupts(leave) as check,
        showing(options.progress, check, lambda: None) as listener,
    ):
        return grade_on_cluster(
            settings,
            options.inputs,
            options.output,
            judged=options.judge.llm,
            **(table | {"listener": listener}),
        )


def _grade(
    grader: Grader, judge: Judge | None, options: BatchOptions, table: TableOptions
) -> Summary | None:
    """The summary of the graded table; None while batch jobs are under way."""
    output = Path(options.output)

    def leave() -> None:
        _say_how_to_go_on(output)

    def cost() -> float | None:
        return judge.budget.cost if judge else None

    with (
        _leaving(leave),
        _noticing_interrupts(leave) as check,
        showing(options.progress, check, cost) as listener,
    ):
        table = table | {"listener": listener}
        if judge is None or not options.by_jobs:
            return grade_file(grader, options.inputs, output, **table)
        from grader.batch.llm_jobs import Finished, grade_by_jobs

        came = grade_by_jobs(grader, judge, options.inputs, output, resume=options.resume, **table)
    tell_of_jobs(came)
    return came.summary if isinstance(came, Finished) else None


@contextmanager
def _leaving(leave: Callable[[], None]) -> Iterator[None]:
    """Say how to go on, and end, when the block is interrupted."""
    try:
        yield
    except KeyboardInterrupt as error:
        leave()
        raise typer.Exit(INTERRUPTED) from error


@contextmanager
def _noticing_interrupts(leave: Callable[[], None]) -> Iterator[Callable[[], None]]:
    """Make Ctrl-C count when the given check is called.

    Raised at any moment it can be lost, in a callback of a thread pool for one, and the run
    would go on. Where no check comes soon the process ends as it stands: the ledger holds
    what was graded, whatever happens.
    """
    pressed = threading.Event()

    def end() -> None:
        leave()
        os._exit(INTERRUPTED)

    def press(*_: object) -> None:
        if not pressed.is_set():
            pressed.set()
            timer.start()

    timer = threading.Timer(_PATIENCE, end)
    timer.daemon = True
    before = signal.signal(signal.SIGINT, press)

    def check() -> None:
        if pressed.is_set():
            raise KeyboardInterrupt

    try:
        yield check
    finally:
        timer.cancel()
        signal.signal(signal.SIGINT, before)


def _say_how_to_go_on(output: Path) -> None:
    ledger = ledger_file(output)
    if output != STDOUT and ledger.exists():
        kept = f"what was graded is kept in {ledger}: run the same command again to go on"
    else:
        kept = "nothing was written"
    typer.echo(f"grade: stopped: {kept}", err=True)


def _print_summary(summary: Summary, output: str) -> None:
    name = "standard output" if output == str(STDOUT) else output
    counts = (
        f"{counted(summary.rows, 'row')}: {summary.graded:,} graded ({summary.passed:,} passed, "
        f"{summary.graded - summary.passed:,} not passed), {summary.failed:,} not gradable; "
        f"{summary.for_review:,} {_need(summary.for_review)} review by a person"
    )
    lines = [f"{name}: {counts}"]
    if summary.questions:
        width = max(len("question"), *(len(_named(q.slug)) for q in summary.questions))
        lines.append(f"{'question':{width}}  answers  passed  mean score  need review")
        lines += [
            f"{_named(q.slug):{width}}  {q.answers:7,}  {q.passed / q.answers:6.0%}  "
            f"{q.mean_score:10.2f}  {q.review:11,}"
            for q in summary.questions
        ]
    if summary.missed:
        lines.append("missed most often:")
        lines += [f"  {m.missed:,} of {m.answers:,}  {m.slug}: {m.claim}" for m in summary.missed]
    if summary.review:
        lines.append("need review because:")
        lines += [f"  {rows:,}  {reason_in_words(reason)}" for reason, rows in summary.review]
    if summary.judge:
        lines.append("the judge failed because:")
        lines += [f"  {rows:,}  {reason}" for reason, rows in summary.judge]
    if summary.failures:
        lines.append("not gradable because:")
        lines += [f"  {rows:,}  {failure_in_words(reason)}" for reason, rows in summary.failures]
    typer.echo("\n".join(lines), err=True)


def blanks_in_words(summary: Summary) -> str:
    """What skipping blank answers does to the means, and how to choose."""
    means = {q.slug: (q.mean_score, q.answers) for q in summary.questions}
    falls = []
    for slug, rows in summary.blank:
        mean, answers = means.get(slug, (0.0, 0))
        falls.append((mean - mean * answers / (answers + rows), mean, slug))
    fall, mean, slug = max(falls)
    every = summary.mean_score
    as_zero = every * summary.graded / (summary.graded + summary.blanks)
    are = "blank answer is" if summary.blanks == 1 else "blank answers are"
    return (
        f"{summary.blanks:,} {are} left out of these means; counted as 0 they would make the mean "
        f"of all {as_zero:.2f} instead of {every:.2f}, that of {_named(slug)} {mean - fall:.2f} "
        f"instead of {mean:.2f}: choose with --blank zero or --blank skip"
    )


def _need(number: int) -> str:
    return "needs" if number == 1 else "need"


def _named(slug: str) -> str:
    return slug or "(graded by a reference)"
