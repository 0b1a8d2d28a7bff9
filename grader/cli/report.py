"""``grade report``: a graded table as one page."""

from __future__ import annotations

from dataclasses import asdict

import typer

from grader.bank.catalog import Catalog
from grader.cli.options import ReportOptions
from grader.files import check_output, write_whole
from grader.reading.text import counted
from grader.report.graded import read_graded
from grader.report.page import report_page
from grader.settings import load_settings


def write_report(options: ReportOptions) -> None:
    """Write the page.

    Raises:
        InputError: the table or the output won't do.
    """
    check_output(options.output, force=options.force)
    catalog = Catalog.from_settings(load_settings(**asdict(options.folders)))
    prompts = {summary.id: summary.prompt for summary in catalog.summaries()}
    rows = read_graded(
        options.table, options.candidate, prompts, options.mapping or (), options.read.read_as()
    )
    write_whole(options.output, report_page(rows, options.title))
    typer.echo(f"{options.output}: {counted(len(rows), 'answer')}", err=True)
