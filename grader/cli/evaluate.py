"""``grade eval`` and ``grade calibrate``: grades beside people's marks."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import typer
from rich.table import Table

from grader.batch.header_matching import wanted_names
from grader.cli.llm import judging, print_forecast, tell_of, tell_of_failures
from grader.cli.terminal import show
from grader.errors import InputError, OutputError
from grader.evaluation.marked import GradedMarks, Marked, grade_marked, read_marked
from grader.evaluation.page import judging_note, shown
from grader.files import check_output, write_whole
from grader.grading import Grader
from grader.reading.text import counted
from grader.settings import load_settings
from grader.tables.columns import ANSWER
from grader.tables.table import ReadAs

_SHOWN = 60
_HEADS = {
    "pearson": "r",
    "spearman": "rank r",
    "qwk": "QWK",
    "kappa": "kappa",
    "accuracy": "right",
    "rmse": "RMSE",
    "weighted_rmse": "weighted",
    "bias": "bias",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedOptions:
    """What both commands were given."""

    table: Path
    mark: str
    max_mark: float | None
    q: str | None
    mapping: Sequence[str]
    read_as: ReadAs
    settings: Mapping[str, Any]
    llm: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalOptions:
    """What ``grade eval`` was given besides."""

    page: Path | None
    plots: Path | None
    worst: int
    as_json: bool
    force: bool
    dry_run: bool


def run_eval(marked: MarkedOptions, options: EvalOptions) -> None:
    """Grade what people have marked, and print how far the two agree.

    Raises:
        InputError: the table, an output or a setting won't do.
    """
    if options.page is not None:
        check_output(options.page, force=options.force)
    settings = load_settings(**marked.settings)
    with judging(settings, llm=marked.llm) as judge:
        grader = Grader(settings, judge=judge)
        if marked.q is not None:
            grader.question(marked.q)  # a mistyped name should not cost a run
        if options.dry_run:
            answers, _ = _read(grader, marked)
            print_forecast(grader.forecast_rows([a.cells for a in answers], q=marked.q))
            return
        graded = _grade(grader, marked)
        from grader.evaluation.summary import evaluate

        evaluation = evaluate(graded, worst=options.worst)
        if options.as_json:
            typer.echo(json.dumps(evaluation.to_dict(), indent=1, ensure_ascii=False))
        else:
            _print(evaluation)
        _draw(graded, evaluation, options)
        tell_of(judge)
        tell_of_failures(a.grade for a in graded.answers)


def run_calibrate(marked: MarkedOptions, output: Path, *, force: bool) -> None:
    """Fit a calibration to the marks and write it.

    Raises:
        InputError: the table or the output won't do, or there are too few marks.
    """
    from grader.evaluation.fitting import fit_calibration

    check_output(output, force=force)
    # One that is there already must not stand in the way of a new one.
    grader = Grader(replace(load_settings(**marked.settings), calibration=None))
    calibration = fit_calibration(_grade(grader, marked))
    write_whole(output, calibration.model_dump_json(indent=1) + "\n")
    typer.echo(
        f"{output}: fitted on {counted(calibration.answers, 'answer')}: "
        f"use it with --calibration {shlex.quote(str(output))}",
        err=True,
    )


def _read(grader: Grader, options: MarkedOptions) -> tuple[list[Marked], int]:
    return read_marked(
        options.table,
        options.mark,
        options.max_mark,
        q=options.q,
        mapping=options.mapping,
        wanted=wanted_names(grader.catalog.names(), options.mapping, options.mark),
        read_as=options.read_as,
    )


def _grade(grader: Grader, options: MarkedOptions) -> GradedMarks:
    marked, unmarked = _read(grader, options)
    graded = grade_marked(grader, marked, unmarked, q=options.q)
    for one, failure in graded.failures:
        typer.echo(f"grade: {options.table}: row {one.row}: {failure.message}", err=True)
    if not graded.answers:
        raise InputError(f"{options.table}: none of its marked answers can be graded")
    return graded


def _agreements(first: str, groups: Iterable[Any]) -> Table:
    """A row of measures a group."""
    table = Table(first, "n", box=None, pad_edge=False)
    table.columns[-1].justify = "right"
    for head in _HEADS.values():
        table.add_column(head, justify="right")
    for group in groups:
        cells = [shown(getattr(group.agreement, name)) for name in _HEADS]
        table.add_row(_short(group.name), str(group.agreement.n), *cells)
    return table


def _print(evaluation: Any) -> None:
    table = _agreements("question", (*evaluation.questions, evaluation.overall))
    ranges = [evaluation.overall.intervals[name] for name in _HEADS]
    table.add_row("  95 % from", "", *(shown(low) for low, _ in ranges))
    table.add_row("  95 % to", "", *(shown(high) for _, high in ranges))
    show(table)
    if evaluation.judging is not None:
        typer.echo()
        show(_agreements("grade", evaluation.judging.groups))
        typer.echo(judging_note(evaluation.judging))
    typer.echo(f"\ncalibration error of the confidence: {evaluation.calibration_error:.3f}")
    kept = evaluation.curve[len(evaluation.curve) // 2 - 1]
    typer.echo(
        f"mean error of the more confident half of the grades: {kept.mean_error:.2f}; of all: "
        f"{evaluation.curve[-1].mean_error:.2f}"
    )
    typer.echo(
        f"{counted(evaluation.failed, 'answer')} not gradable, {evaluation.unmarked} without a mark"
    )
    for a in evaluation.worst:
        answer = _short(" ".join(a.marked.cells[ANSWER].split()))
        typer.echo(
            f"row {a.marked.row}: mark {a.marked.mark:.2f}, score {a.grade.score:.2f}: {answer}"
        )


def _draw(graded: GradedMarks, evaluation: Any, options: EvalOptions) -> None:
    if options.page is not None:
        from grader.evaluation.page import evaluation_page
        from grader.evaluation.plots import draw

        page = evaluation_page(evaluation, draw(graded, evaluation, "svg"))
        write_whole(options.page, page)
    if options.plots is not None:
        _write_plots(graded, evaluation, options.plots)


def _write_plots(graded: GradedMarks, evaluation: Any, folder: Path) -> None:
    from grader.evaluation.plots import draw

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: can't be made: {error.strerror}") from error
    for form in ("png", "svg"):
        for name, picture in draw(graded, evaluation, form).items():
            write_whole(folder / f"{name}.{form}", picture)


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
