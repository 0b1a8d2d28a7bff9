"""The one place where an error becomes a line and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from grader.errors import GraderError

BAD_INPUT = 2
INTERRUPTED = 130


@contextmanager
def reporting() -> Iterator[None]:
    """Print what grader raises as one line, and exit with 2; 130 for Ctrl-C."""
    try:
        yield
    except GraderError as error:
        typer.echo(f"grade: {' '.join(str(error).split())}", err=True)
        raise typer.Exit(BAD_INPUT) from error
    except KeyboardInterrupt as error:
        typer.echo("grade: interrupted: nothing was written", err=True)
        raise typer.Exit(INTERRUPTED) from error
    except BrokenPipeError as error:
        # The reader of our output has gone; keep Python from complaining at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from error
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        typer.echo(f"grade: {where}{error.strerror or error}", err=True)
        raise typer.Exit(BAD_INPUT) from error
