"""What the commands that draft and improve rubrics may be given."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from grader.cli.evaluation_options import MarkColumn, MaxMark
from grader.cli.options import (
    ColumnMap,
    DryRun,
    GraderOptions,
    JudgeOptions,
    TableOptions,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedOptions:
    """How a table of marked answers is to be read."""

    mark: MarkColumn = "mark"
    max_mark: MaxMark = None
    mapping: ColumnMap = None
    read: TableOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftOptions:
    """What ``grade bank draft`` may be given."""

    folder: Annotated[
        Path | None,
        typer.Argument(
            help="A folder of questions: entries (.yaml), as 'grade bank import' writes them, or "
            "texts (.txt, .md) with the question in the first line and its reference below.",
        ),
    ] = None
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", help="A new folder; it gets a bank and rubrics of your own."
        ),
    ]
    question: Annotated[
        str | None, typer.Option("--question", help="Your own question's text.")
    ] = None
    reference: Annotated[
        str | None, typer.Option("--reference", help="A file with a reference answer to it.")
    ] = None
    marked: Annotated[
        Path | None,
        typer.Option(
            "--marked",
            metavar="TABLE",
            help="Answers that people marked, as for 'grade eval': they become the examples.",
        ),
    ] = None
    answers: MarkedOptions
    grader: GraderOptions
    judge: JudgeOptions
    dry_run: DryRun = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ImproveOptions:
    """What ``grade bank improve`` may be given."""

    q: Annotated[str, typer.Argument(metavar="ID", help="A slug or alias.")]
    table: Annotated[
        Path,
        typer.Argument(
            metavar="MARKED", help="A table of answers that people marked, as for 'grade eval'."
        ),
    ]
    worst: Annotated[
        int,
        typer.Option(
            "--worst",
            min=1,
            help="How many of the answers that are farthest off to learn from.",
        ),
    ] = 10
    take: Annotated[
        list[str] | None,
        typer.Option(
            "--take",
            metavar="NUMBER",
            help="Write this proposal into the rubric. May be given again.",
        ),
    ] = None
    answers: MarkedOptions
    grader: GraderOptions
