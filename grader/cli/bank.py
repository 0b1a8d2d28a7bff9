"""``grade bank …``: look at the bank, and keep it right."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from grader.cli.bank_options import DraftOptions, ImproveOptions
from grader.cli.command import command
from grader.cli.groups import Suggesting
from grader.cli.options import FolderOptions

app = typer.Typer(
    cls=Suggesting,
    help="The bank of questions: list, search, show, check.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Ids = Annotated[list[str] | None, typer.Argument(help="Questions by slug; all if none is named.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders(FolderOptions):
    """The same folders, in fewer words."""

    bank: Annotated[
        str | None,
        typer.Option(
            "--bank",
            metavar="NAME|DIR",
            help="'deep-learning', 'general', or a folder of your own bank entries.",
        ),
    ] = None
    rubrics: Annotated[
        Path | None, typer.Option("--rubrics", help="Folder of your own rubrics.")
    ] = None


@command(app, "list")
def list_questions(
    *,
    topic: Annotated[str | None, typer.Option("--topic", help="Only this topic.")] = None,
    folders: Folders,
) -> None:
    """List the questions: slug, level, topic and prompt."""
    from grader.cli.bank_view import print_list

    print_list(topic, folders)


@command(app)
def search(
    query: Annotated[list[str], typer.Argument(help="Words to look for.")],
    folders: Folders,
) -> None:
    """Find questions by words in slug, alias, topic or prompt."""
    from grader.cli.bank_view import print_search

    print_search(" ".join(query), folders)


@command(app)
def show(
    *,
    q: Annotated[str, typer.Argument(metavar="ID", help="A slug or alias.")],
    diff: Annotated[
        bool, typer.Option("--diff", help="Show what the corrections changed in the sources.")
    ] = False,
    folders: Folders,
) -> None:
    """Show a question: key points, misconceptions and corrected references."""
    from grader.cli.bank_view import print_question

    print_question(q, folders, diff=diff)


@command(app)
def lint(
    *,
    ids: Ids = None,
    formats_only: Annotated[
        bool, typer.Option("--formats-only", help="Skip what needs the models; quicker.")
    ] = False,
    cues: Annotated[
        bool,
        typer.Option(
            "--cues", help="Also measure whether style gives labels away (needs scikit-learn)."
        ),
    ] = False,
    folders: Folders,
) -> int:
    """Check the files of the bank, all at once; exits with 1 if there is a problem."""
    from grader.cli.bank_check import print_lint

    clean = print_lint(ids, folders, formats_only=formats_only, cues=cues)
    return 0 if clean else 1


@command(app)
def test(
    *,
    ids: Ids = None,
    holdout: Annotated[
        bool, typer.Option("--holdout", help="Only the examples that nothing was fitted on.")
    ] = False,
    floor: Annotated[
        float, typer.Option("--floor", min=0, max=1, help="Exit with 1 below this share in range.")
    ] = 0.0,
    folders: Folders,
) -> int:
    """Grade the rubrics' own examples; print what misses its range and why."""
    from grader.cli.bank_check import print_test

    share = print_test(ids, folders, holdout=holdout)
    return 0 if share >= floor else 1


@command(app)
def audit(*, ids: Ids = None, folders: Folders) -> None:
    """List claims of sources that disagree with each other or with the model answer."""
    from grader.cli.bank_check import print_audit

    print_audit(ids, folders)


@command(app)
def index(folder: Annotated[Path, typer.Argument(help="A folder of bank entries.")]) -> None:
    """Write the folder's index, so that list and search need not read every file."""
    from grader.cli.bank_write import index_folder

    index_folder(folder)


@command(app)
def stats(folders: Folders) -> None:
    """Count what the bank holds, by topic."""
    from grader.cli.bank_view import print_stats

    print_stats(folders)


@command(app)
def export(
    *,
    file: Annotated[Path, typer.Argument(help="A .json file (everything) or .md (to read).")],
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
    folders: Folders,
) -> None:
    """Write everything that the bank holds into one file."""
    from grader.cli.bank_write import write_export

    write_export(file, folders, force=force)


@command(app)
def page(
    file: Annotated[Path, typer.Argument(help="The Markdown file to write.")],
    folders: Folders,
) -> None:
    """Write the overview of the bank: questions by topic, and all corrections."""
    from grader.cli.bank_write import write_page

    write_page(file, folders)


@command(app)
def new(
    q: Annotated[str, typer.Argument(metavar="ID", help="The slug of your question.")],
    folders: Folders,
) -> None:
    """Start a question of your own: an entry and a rubric with comments, to fill in."""
    from grader.cli.bank_write import write_new

    write_new(q, folders)


@command(app, "import")
def import_article(
    file: Annotated[Path, typer.Argument(help="An article: Markdown, HTML or text.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The folder for the draft entries.")
    ],
) -> None:
    """Turn an article of questions and answers into draft bank entries."""
    from grader.cli.bank_write import write_drafts

    write_drafts(file, output)


@command(app)
def draft(options: DraftOptions) -> None:
    """Draft rubrics with examples from questions and reference answers, with a model or without."""
    from grader.cli.bank_draft import write_rubric_drafts

    write_rubric_drafts(options)


@command(app)
def improve(options: ImproveOptions) -> None:
    """Propose what a rubric could say as well, by answers that people marked; as diffs to take."""
    from grader.cli.bank_draft import print_proposals

    print_proposals(options)
