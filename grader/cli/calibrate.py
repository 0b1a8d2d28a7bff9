"""``grade calibrate``: a scale of one's own from people's marks."""

from __future__ import annotations

import shlex
from dataclasses import asdict, replace

import typer

from grader.cli.evaluation_options import CalibrateOptions
from grader.cli.marked import grade_answers
from grader.evaluation.fitting import fit_calibration
from grader.files import check_output, write_whole
from grader.grading import Grader
from grader.reading.text import counted
from grader.settings import load_settings


def write_calibration(options: CalibrateOptions) -> None:
    """Fit a calibration to the marks and write it.

    Raises:
        InputError: the table or the output won't do, or there are too few marks.
    """
    check_output(options.output, force=options.force)
    settings = load_settings(
        **asdict(options.folders), encoder=options.encoder, threads=options.threads
    )
    # One that is there already must not stand in the way of a new one.
    grader = Grader(replace(settings, calibration=None))
    calibration = fit_calibration(grade_answers(grader, options))
    write_whole(options.output, calibration.model_dump_json(indent=1) + "\n")
    typer.echo(
        f"{options.output}: fitted on {counted(calibration.answers, 'answer')}: "
        f"use it with --calibration {shlex.quote(str(options.output))}",
        err=True,
    )
