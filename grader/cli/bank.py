"""``grade bank …``: look at the bank, and keep it right."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from grader.cli.errors import reporting
from grader.cli.groups import Suggesting

app = typer.Typer(
    cls=Suggesting,
    help="The bank of questions: list, search, show, check.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

BankDir = Annotated[Path | None, typer.Option("--bank", help="Folder of your own bank entries.")]
RubricsDir = Annotated[Path | None, typer.Option("--rubrics", help="Folder of your own rubrics.")]
Ids = Annotated[list[str] | None, typer.Argument(help="Questions by slug; all if none is named.")]


@app.command("list")
def list_questions(
    topic: Annotated[str | None, typer.Option("--topic", help="Only this topic.")] = None,
    bank: BankDir = None,
    rubrics: RubricsDir = None,
) -> None:
    """List the questions: slug, level, topic and prompt."""
    from grader.cli import bank_commands

    with reporting():
        bank_commands.print_list(topic, bank, rubrics)


@app.command()
def search(
    query: Annotated[list[str], typer.Argument(help="Words to look for.")],
    bank: BankDir = None,
    rubrics: RubricsDir = None,
) -> None:
    """Find questions by words in slug, alias, topic or prompt."""
    from grader.cli import bank_commands

    with reporting():
        bank_commands.print_search(" ".join(query), bank, rubrics)


@app.command()
def show(
    q: Annotated[str, typer.Argument(metavar="ID", help="A slug or alias.")],
    diff: Annotated[
        bool, typer.Option("--diff", help="Show what the corrections changed in the sources.")
    ] = False,
    bank: BankDir = None,
    rubrics: RubricsDir = None,
) -> None:
    """Show a question: key points, misconceptions and corrected references."""
    from grader.cli import bank_commands

    with reporting():
        bank_commands.print_question(q, bank, rubrics, diff=diff)


@app.command()
def lint(
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
    bank: BankDir = None,
    rubrics: RubricsDir = None,
) -> None:
    """Check the files of the bank, all at once; exits with 1 if there is a problem."""
    from grader.cli import bank_commands

    with reporting():
        clean = bank_commands.print_lint(ids, bank, rubrics, formats_only=formats_only, cues=cues)
    raise typer.Exit(0 if clean else 1)


@app.command()
def test(
    ids: Ids = None,
    holdout: Annotated[
        bool, typer.Option("--holdout", help="Only the examples that nothing was fitted on.")
    ] = False,
    floor: Annotated[
        float, typer.Option("--floor", min=0, max=1, help="Exit with 1 below this share in range.")
    ] = 0.0,
    bank: BankDir = None,
    rubrics: RubricsDir = None,
) -> None:
    """Grade the rubrics' own examples; print what misses its range and why."""
    from grader.cli import bank_commands

    with reporting():
        share = bank_commands.print_test(ids, bank, rubrics, holdout=holdout)
    raise typer.Exit(0 if share >= floor else 1)


@app.command()
def audit(ids: Ids = None, bank: BankDir = None, rubrics: RubricsDir = None) -> None:
    """List claims of sources that disagree with each other or with the model answer."""
    from grader.cli import bank_commands

    with reporting():
        bank_commands.print_audit(ids, bank, rubrics)


@app.command()
def index(folder: Annotated[Path, typer.Argument(help="A folder of bank entries.")]) -> None:
    """Write the folder's index, so that list and search need not read every file."""
    from grader.cli import bank_commands

    with reporting():
        bank_commands.write_index(folder)


@app.command()
def stats(bank: BankDir = None, rubrics: RubricsDir = None) -> None:
    """Count what the bank holds, by topic."""
    from grader.cli import bank_commands

    with reporting():
        bank_commands.print_stats(bank, rubrics)


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="A .json file (everything) or .md (to read).")],
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
    bank: BankDir = None,
    rubrics: RubricsDir = None,
) -> None:
    """Write everything that the bank holds into one file."""
    from grader.cli import bank_commands

    with reporting():
        bank_commands.write_export(file, bank, rubrics, force=force)


@app.command()
def page(
    file: Annotated[Path, typer.Argument(help="The Markdown file to write.")],
    bank: BankDir = None,
    rubrics: RubricsDir = None,
) -> None:
    """Write the overview of the bank: questions by topic, and all corrections."""
    from grader.cli import bank_commands

    with reporting():
        bank_commands.write_page(file, bank, rubrics)


@app.command()
def new(
    q: Annotated[str, typer.Argument(metavar="ID", help="The slug of your question.")],
    bank: BankDir = None,
    rubrics: RubricsDir = None,
) -> None:
    """Start a question of your own: an entry and a rubric with comments, to fill in."""
    from grader.cli import bank_commands

    with reporting():
        bank_commands.write_new(q, bank, rubrics)


@app.command("import")
def import_article(
    file: Annotated[Path, typer.Argument(help="An article: Markdown, HTML or text.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The folder for the draft entries.")
    ],
) -> None:
    """Turn an article of questions and answers into draft bank entries."""
    from grader.cli import bank_commands

    with reporting():
        bank_commands.write_drafts(file, output)
