"""``grade feedback``: a graded table in, a page a candidate out."""

from __future__ import annotations

from dataclasses import asdict

import typer

from grader.bank.catalog import Catalog
from grader.cli.hiring_options import FeedbackOptions
from grader.files import check_new_folder
from grader.hiring.feedback.pages import candidate_feedback, write_feedback
from grader.reading.text import counted
from grader.settings import load_settings


def write_pages(options: FeedbackOptions) -> None:
    """Write the pages and say what there is to know of them.

    Raises:
        InputError: the table or the folder won't do.
    """
    check_new_folder(options.output)
    catalog = Catalog.from_settings(load_settings(**asdict(options.folders)))
    found = candidate_feedback(
        options.table,
        reveal=options.reveal,
        candidate=options.candidate,
        prompts={summary.id: summary.prompt for summary in catalog.summaries()},
        mapping=options.mapping or (),
        read_as=options.read.read_as(),
    )
    write_feedback(found, options.output)
    for note in found.notes:
        typer.echo(f"grade: {note}", err=True)
    told = sum(len(answer.findings) for one in found.candidates for answer in one.answers)
    unsure = sum(answer.unsure for one in found.candidates for answer in one.answers)
    typer.echo(
        f"{options.output}: {counted(len(found.candidates), 'candidate')}; "
        f"{counted(told, 'finding')} told, {unsure:,} left out for want of sureness",
        err=True,
    )
