"""``grade eval``: how far grades agree with people's marks."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import typer
from rich.table import Table

from grader.cli.evaluation_options import EvalOptions
from grader.cli.judge import open_judge, print_forecast, tell_of, tell_of_failures
from grader.cli.marked import grade_answers, read_answers
from grader.cli.terminal import show
from grader.errors import OutputError
from grader.evaluation.marked import GradedMarks
from grader.evaluation.page import judging_note, shown
from grader.evaluation.summary import Evaluation, Judging, evaluate
from grader.files import check_output, write_whole
from grader.grading import Grader
from grader.reading.text import counted
from grader.settings import load_settings
from grader.tables.columns import ANSWER

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


def evaluate_table(options: EvalOptions) -> None:
    """Grade what people have marked, and print how far the two agree.

    Raises:
        InputError: the table, an output or a setting won't do.
    """
    judging = options.judge.settings(asked_for_more=options.dry_run)
    if options.page is not None:
        check_output(options.page, force=options.force)
    settings = load_settings(**asdict(options.grader), **judging)
    with open_judge(settings, asked=options.judge.llm) as judge:
        grader = Grader(settings, judge=judge)
        if options.q is not None:
            grader.question(options.q)  # a mistyped name should not cost a run
        if options.dry_run:
            answers, _ = read_answers(grader, options)
            print_forecast(grader.forecast_rows([a.cells for a in answers], q=options.q))
            return
        graded = grade_answers(grader, options)
        evaluation = evaluate(graded, worst=options.worst)
        if options.as_json:
            typer.echo(json.dumps(evaluation.to_dict(), indent=1, ensure_ascii=False))
        else:
            _print(evaluation)
        _draw(graded, evaluation, options)
        tell_of(judge)
        tell_of_failures(a.grade for a in graded.answers)


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


def _fewer(judging: Judging) -> Table:
    """A row for each ``--llm-below`` that was tried, and one for the judge asked about all."""
    table = Table("--llm-below", "asked", box=None, pad_edge=False)
    for column in table.columns:
        column.justify = "right"
    heads = [name for name in _HEADS if name in {"pearson", "rmse", "accuracy"}]
    for name in heads:
        table.add_column(_HEADS[name], justify="right")
    tried = [(f"{f.below:.1f}", f.asked, f.agreement) for f in judging.fewer]
    for below, asked, found in [*tried, ("1", 1.0, judging.fused.agreement)]:
        table.add_row(below, f"{asked:.0%}", *(shown(getattr(found, name)) for name in heads))
    return table


def _print(evaluation: Evaluation) -> None:
    table = _agreements("question", (*evaluation.questions, evaluation.overall))
    ranges = [evaluation.overall.intervals[name] for name in _HEADS]
    table.add_row("  95 % from", "", *(shown(low) for low, _ in ranges))
    table.add_row("  95 % to", "", *(shown(high) for _, high in ranges))
    show(table)
    if evaluation.judging is not None:
        typer.echo()
        show(_agreements("grade", evaluation.judging.groups))
        typer.echo(judging_note(evaluation.judging))
        typer.echo("\nif the judge were asked only where the offline grade is less sure:")
        show(_fewer(evaluation.judging))
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


def _draw(graded: GradedMarks, evaluation: Evaluation, options: EvalOptions) -> None:
    if options.page is not None:
        from grader.evaluation.page import evaluation_page
        from grader.evaluation.plots import draw

        page = evaluation_page(evaluation, draw(graded, evaluation, "svg"))
        write_whole(options.page, page)
    if options.plots is not None:
        _write_plots(graded, evaluation, options.plots)


def _write_plots(graded: GradedMarks, evaluation: Evaluation, folder: Path) -> None:
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
