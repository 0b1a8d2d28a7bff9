"""``grade report``: a graded table as one page."""

from __future__ import annotations

from dataclasses import asdict

import typer

from grader.bank.catalog import Catalog
from grader.cli.hiring_options import ReportOptions, weights_told
from grader.files import check_output, write_whole
from grader.hiring.graded_table import read_graded_table
from grader.reading.text import counted
from grader.report.page import notes_of, ranking_of, report_page
from grader.settings import load_settings


def write_report(options: ReportOptions) -> None:
    """Write the page.

    Raises:
        InputError: the table, a weight or the output won't do.
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
    ranking = ranking_of(
        table,
        options.blank,
        weights=weights_told(options.weight),
        weight_column=options.weight_column,
    )
    write_whole(options.output, report_page(table, options.title, ranking))
    if isinstance(ranking, str):
        typer.echo(f"grade: there is no ranking: {ranking}", err=True)
    for note in notes_of(table, ranking):
        typer.echo(f"grade: {note}", err=True)
    typer.echo(f"{options.output}: {counted(len(table.rows), 'answer')}", err=True)
