"""What ``grade fairness`` may be given."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from grader.cli.evaluation_options import MaxMark
from grader.cli.hiring_options import CandidateColumns
from grader.cli.options import ColumnMap, Force, GraderOptions, TableOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class FairnessOptions:
    """What ``grade fairness`` may be given."""

    table: Annotated[
        Path | None,
        typer.Argument(help="A table that 'grade batch' wrote, with columns of people's groups."),
    ] = None
    groups: Annotated[
        list[str] | None,
        typer.Option(
            "--group",
            metavar="COLUMN",
            help="A column that says what group a person is of, such as sex. Given again: also by "
            "their intersection.",
        ),
    ] = None
    candidate: CandidateColumns = None
    selected: Annotated[
        str | None,
        typer.Option(
            "--selected",
            metavar="COLUMN",
            help="The column that says who was selected, yes or no; else the pass mark decides.",
        ),
    ] = None
    pass_mark: Annotated[
        float | None,
        typer.Option(
            "--pass-mark",
            min=0,
            max=1,
            help="The mean score from which a person is selected; if not given, the pass mark "
            "that the table was graded with.",
        ),
    ] = None
    exclude_small: Annotated[
        str | None,
        typer.Option(
            "--exclude-small",
            metavar="REASON",
            help="Leave groups under 2 % out of the impact ratios; the auditor's reason goes on "
            "the page (6 RCNY 5-301(d)).",
        ),
    ] = None
    mark: Annotated[
        str | None,
        typer.Option("--mark", help="The column of people's marks: adds error rates by group."),
    ] = None
    max_mark: MaxMark = None
    perturb: Annotated[
        bool,
        typer.Option(
            "--perturb",
            help="Also grade right answers of the bank in other ways of speaking; needs no table.",
        ),
    ] = False
    answers: Annotated[
        int, typer.Option("--answers", min=1, help="How many right answers --perturb takes.")
    ] = 12
    page: Annotated[
        Path | None, typer.Option("--output", "-o", help="Also write the audit as an HTML page.")
    ] = None
    rates: Annotated[
        Path | None,
        typer.Option(
            "--table", metavar="TABLE", help="Also write all rates as a table, by its ending."
        ),
    ] = None
    title: Annotated[str, typer.Option("--title", help="The page's heading.")] = (
        "Selection and scoring rates by group"
    )
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False
    mapping: ColumnMap = None
    force: Force = False
    read: TableOptions
    grader: GraderOptions
