"""The command ``grade``. Each command imports what it needs when it runs."""

from __future__ import annotations

import sys
from io import TextIOWrapper
from typing import Annotated, Any

import typer

from grader.cli.bank import app as bank_app
from grader.cli.cache import app as cache_app
from grader.cli.command import command
from grader.cli.evaluation_options import CalibrateOptions, EvalOptions
from grader.cli.fairness_options import FairnessOptions
from grader.cli.groups import DEFAULT, AnswerFirst
from grader.cli.hiring_options import (
    CandidatesOptions,
    FeedbackOptions,
    ReportOptions,
    SimilarOptions,
)
from grader.cli.options import (
    AnswerOptions,
    BatchOptions,
)
from grader.version import __version__

app = typer.Typer(
    cls=AnswerFirst,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help=(
        "Grade free-text answers against rubrics, offline.\n\n"
        "  grade answer.txt --q vanishing-gradient     one answer\n\n"
        "  grade batch candidates.csv -o graded.csv    a table of answers\n\n"
        "  grade candidates graded.csv -o ranks.csv    one row a candidate, ranked\n\n"
        "  grade feedback graded.csv -o feedback/      a page a candidate\n\n"
        "  grade report graded.csv -o report.html      the table as a page\n\n"
        "  grade similar graded.csv                    answers that are much alike\n\n"
        "  grade bank search overfitting               find a question"
    ),
)
app.add_typer(bank_app, name="bank")
app.add_typer(cache_app, name="cache")


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"grade {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Hold the options that belong to no command."""


@command(app, DEFAULT)
def answer(options: AnswerOptions) -> int:
    """Grade one answer: grade FILE --q ID (the word 'answer' may be left out)."""
    from grader.cli.answer import grade_answer

    return grade_answer(options)


@command(app)
def batch(options: BatchOptions) -> None:
    """Grade a table of answers: every row comes back with grade_ columns."""
    from grader.cli.batch import grade_table

    grade_table(options)


@command(app)
def candidates(options: CandidatesOptions) -> None:
    """Rank the candidates of a graded table: totals, intervals, and who is told apart."""
    from grader.cli.candidates import write_candidates

    write_candidates(options)


@command(app)
def feedback(options: FeedbackOptions) -> None:
    """Write a page for each candidate: what was right, what to add, what does not hold."""
    from grader.cli.feedback import write_pages

    write_pages(options)


@command(app)
def report(options: ReportOptions) -> None:
    """Make one page of a graded table: scores, questions, key points, answers with evidence."""
    from grader.cli.report import write_report

    write_report(options)


@command(app)
def fairness(options: FairnessOptions) -> None:
    """Compare groups of people: selection and scoring rates, impact ratios, four-fifths, errors."""
    from grader.cli.fairness import audit_groups

    audit_groups(options)


@command(app)
def similar(options: SimilarOptions) -> None:
    """Find answers of different candidates that share more than chance: a reason to look."""
    from grader.cli.similar import tell_similar

    tell_similar(options)


@command(app, "eval")
def evaluate(options: EvalOptions) -> None:
    """Compare grades with people's marks: agreement, calibration, worst disagreements."""
    from grader.cli.evaluate import evaluate_table

    evaluate_table(options)


@command(app)
def calibrate(options: CalibrateOptions) -> None:
    """Fit your own scale to your marks, for --calibration."""
    from grader.cli.calibrate import write_calibration

    write_calibration(options)


def run(args: list[str] | None = None) -> Any:
    """The console script's entry."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # not every terminal has all of our signs
    return app(args=sys.argv[1:] if args is None else args, prog_name="grade")
