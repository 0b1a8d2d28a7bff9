"""``grade report``: a graded table as one page."""

from __future__ import annotations

from dataclasses import asdict

import typer

from grader.bank.catalog import Catalog
from grader.cli.hiring_options import ReportOptions
from grader.files import check_output, write_whole
from grader.hiring.graded_table import read_graded_table
from grader.reading.text import counted
from grader.report.page import ranking_of, report_page
from grader.settings import load_settings


def write_report(options: ReportOptions) -> None:
    """Write the page.

    Raises:
        InputError: the table or the output won't do.
    """
    check_output(options.output, force=options.force)
    catalog = Catalog.from_settings(load_settings(**asdict(options.folders)))
    prompts = {summary.id: summary.prompt for summary in catalog.summaries()}
    table = read_graded_table(
        options.table,
        candidate=options.candidate,
        prompts=prompts,
        mapping=options.mapping or (),
        read_as=options.read.read_as(),
        quoting=True,
    )
    page = report_page(table.rows, options.title, ranking_of(table, options.blank))
    write_whole(options.output, page)
    typer.echo(f"{options.output}: {counted(len(table.rows), 'answer')}", err=True)
