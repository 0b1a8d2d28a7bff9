"""``grade report``: a graded table as one page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from grader.bank.catalog import Catalog
from grader.files import check_output, write_whole
from grader.reading.text import counted
from grader.report.graded import read_graded
from grader.report.page import report_page
from grader.settings import load_settings
from grader.tables.table import ReadAs


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOptions:
    """What the command was given."""

    table: Path
    output: Path
    candidate: str | None
    mapping: Sequence[str]
    title: str
    force: bool
    read_as: ReadAs
    settings: Mapping[str, Any]


def run_report(options: ReportOptions) -> None:
    """Write the page.

    Raises:
        InputError: the table or the output won't do.
    """
    check_output(options.output, force=options.force)
    catalog = Catalog.from_settings(load_settings(**options.settings))
    prompts = {summary.id: summary.prompt for summary in catalog.summaries()}
    rows = read_graded(options.table, options.candidate, prompts, options.mapping, options.read_as)
    write_whole(options.output, report_page(rows, options.title))
    typer.echo(f"{options.output}: {counted(len(rows), 'answer')}", err=True)
