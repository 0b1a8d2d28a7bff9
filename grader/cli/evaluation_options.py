"""What ``grade eval`` and ``grade calibrate`` may be given."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from grader.cli.options import (
    ColumnMap,
    DryRun,
    EncoderName,
    FolderOptions,
    Force,
    GraderOptions,
    JudgeOptions,
    RowQuestion,
    TableOptions,
    Threads,
)

MarkedTable = Annotated[
    Path,
    typer.Argument(help="A table as for 'grade batch', one answer a row, with people's marks."),
]
MarkColumn = Annotated[str, typer.Option("--mark", help="The column of people's marks.")]
MaxMark = Annotated[
    float | None,
    typer.Option(
        "--max-mark", help="The highest mark that could be had; found if the table says.", min=0.001
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalOptions:
    """What ``grade eval`` may be given."""

    table: MarkedTable
    mark: MarkColumn = "mark"
    max_mark: MaxMark = None
    page: Annotated[
        Path | None, typer.Option("--output", "-o", help="Also write an HTML page.")
    ] = None
    plots: Annotated[
        Path | None, typer.Option("--plots", help="Also write the pictures into this folder.")
    ] = None
    worst: Annotated[
        int, typer.Option("--worst", min=0, help="How many of the worst disagreements to list.")
    ] = 5
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False
    q: RowQuestion = None
    mapping: ColumnMap = None
    force: Force = False
    read: TableOptions
    grader: GraderOptions
    judge: JudgeOptions
    dry_run: DryRun = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrateOptions:
    """What ``grade calibrate`` may be given."""

    table: MarkedTable
    output: Annotated[Path, typer.Option("--output", "-o", help="The JSON file to write.")]
    mark: MarkColumn = "mark"
    max_mark: MaxMark = None
    q: RowQuestion = None
    mapping: ColumnMap = None
    force: Force = False
    read: TableOptions
    folders: FolderOptions
    encoder: EncoderName = None
    threads: Threads = None
