"""What the commands may be given that work on graded tables of candidates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

from grader.cli.options import ColumnMap, FolderOptions, Force, TableOptions, Threads
from grader.errors import InputError

CandidateColumns = Annotated[
    list[str] | None,
    typer.Option(
        "--candidate",
        metavar="COLUMN",
        help="The column that names the candidate, if it is not found; given again, the columns "
        "that do so together.",
    ),
]
BlankCounts = Annotated[
    Literal["zero", "skip"] | None,
    typer.Option(
        help="What a question is without an answer: 0 points (zero), or left out of the total "
        "(skip). If not given, candidates with one get no rank.",
    ),
]
Weights = Annotated[
    list[str] | None,
    typer.Option(
        "--weight",
        metavar="QUESTION=NUMBER",
        help="What a question is worth in the total; give every one, 0 leaves one out. If not "
        "given, the points of its rubric.",
    ),
]
WeightColumn = Annotated[
    str | None,
    typer.Option(
        "--weight-column", metavar="COLUMN", help="The column of weights, one a question."
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOptions:
    """What ``grade report`` may be given."""

    table: Annotated[Path, typer.Argument(help="A table that 'grade batch' wrote.")]
    output: Annotated[Path, typer.Option("--output", "-o", help="The HTML page to write.")]
    candidate: CandidateColumns = None
    weight: Weights = None
    weight_column: WeightColumn = None
    blank: BlankCounts = None
    mapping: ColumnMap = None
    title: Annotated[str, typer.Option("--title", help="The page's heading.")] = "Graded answers"
    force: Force = False
    read: TableOptions
    folders: FolderOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidatesOptions:
    """What ``grade candidates`` may be given."""

    table: Annotated[
        Path, typer.Argument(metavar="TABLE", help="A table that 'grade batch' wrote.")
    ]
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="TABLE",
            help="One row a candidate, in the format of its ending; - for stdout, as CSV.",
        ),
    ]
    candidate: CandidateColumns = None
    weight: Weights = None
    weight_column: WeightColumn = None
    blank: BlankCounts = None
    mapping: ColumnMap = None
    force: Force = False
    read: TableOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackOptions:
    """What ``grade feedback`` may be given."""

    table: Annotated[
        Path, typer.Argument(metavar="TABLE", help="A table that 'grade batch' wrote.")
    ]
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="FOLDER",
            help="A new or empty folder: a page a candidate, as HTML and as Markdown, and "
            "candidates.csv, which says whose they are.",
        ),
    ]
    reveal: Annotated[
        Literal["hints", "points", "all"],
        typer.Option(
            help="Of what was missing, tell a hint that does not give it away (hints), the point "
            "itself (points), or the marks as well (all).",
        ),
    ] = "hints"
    candidate: CandidateColumns = None
    mapping: ColumnMap = None
    read: TableOptions
    folders: FolderOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class SimilarOptions:
    """What ``grade similar`` may be given."""

    table: Annotated[
        Path, typer.Argument(metavar="TABLE", help="A table that 'grade batch' wrote.")
    ]
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="TABLE",
            help="Also write one row a pair, in the format of its ending; - for stdout, as CSV.",
        ),
    ] = None
    expected: Annotated[
        float | None,
        typer.Option(
            "--expected",
            metavar="NUMBER",
            help="Tell of pairs until so many may be expected by chance in the whole table; 0.05 "
            "if not given.",
        ),
    ] = None
    most: Annotated[
        int | None,
        typer.Option(
            "--most", min=1, help="The most pairs to tell of, the least likely first; 10,000."
        ),
    ] = None
    words_only: Annotated[
        bool,
        typer.Option("--words-only", help="Compare words and leave meaning out, which is faster."),
    ] = False
    candidate: CandidateColumns = None
    mapping: ColumnMap = None
    force: Force = False
    threads: Threads = None
    read: TableOptions
    folders: FolderOptions


def weights_told(given: Sequence[str] | None) -> dict[str, float] | None:
    """Weights by question.

    Raises:
        InputError: one is not ``QUESTION=NUMBER``, or a question has two.
    """
    if not given:
        return None
    weights: dict[str, float] = {}
    for text in given:
        question, equals, weight = text.rpartition("=")
        question = question.strip()
        problem = InputError(f"--weight {text}: write QUESTION=NUMBER, such as dropout=2")
        if not (equals and question):
            raise problem
        try:
            value = float(weight)
        except ValueError as error:
            raise problem from error
        if question in weights:
            raise InputError(f"--weight {text}: {question} has a weight already")
        weights[question] = value
    return weights
