"""What ``grade bank index``, ``export``, ``page``, ``new`` and ``import`` write."""

from __future__ import annotations

import re
import shlex
from dataclasses import asdict
from pathlib import Path

import typer

from grader.authoring import import_articles, new_question, overview
from grader.bank.catalog import Catalog, write_index
from grader.bank.yaml_records import read_text
from grader.cli.options import FolderOptions
from grader.errors import InputError, OutputError
from grader.files import check_output, write_whole
from grader.reading.text import counted
from grader.resources import BANKS
from grader.settings import load_settings

_SLUG_LENGTH = 80  # as records.Slug has it


def index_folder(folder: Path) -> None:
    """Write a bank folder's index."""
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder")
    write_index(folder)


def write_export(file: Path, folders: FolderOptions, *, force: bool) -> None:
    """Write everything as JSON or Markdown, by the file's ending."""
    writers = {".json": overview.export_json, ".md": overview.export_markdown}
    if file.suffix not in writers:
        raise InputError(f"{file}: the name must end in .json or .md")
    check_output(file, force=force)
    catalog = _catalog(folders)
    text = writers[file.suffix](overview.load_holdings(catalog, catalog.slugs()))
    write_whole(file, text)


def write_page(file: Path, folders: FolderOptions) -> None:
    """Write the overview page."""
    check_output(file, force=True)
    catalog = _catalog(folders)
    bundled = folders.bank if folders.bank in BANKS else BANKS[0]
    text = overview.bank_page(overview.load_holdings(catalog, catalog.slugs()), bundled)
    write_whole(file, text)


def write_new(q: str, folders: FolderOptions) -> None:
    """Write the templates of a new question into the user's folders."""
    settings = load_settings(new_folders=True, **asdict(folders))
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", q) or len(q) > _SLUG_LENGTH:
        raise InputError(
            f"'{q}' is not a slug: write lower-case words joined by hyphens, "
            f"{_SLUG_LENGTH} characters at most"
        )
    if not isinstance(settings.bank, Path) or settings.rubrics is None:
        raise InputError("name your own folders: --bank DIR --rubrics DIR, or in grader.toml")
    for written in new_question.write_templates(q, settings.bank, settings.rubrics):
        typer.echo(f"wrote {written}")
    given = {"--bank": folders.bank, "--rubrics": folders.rubrics}
    options = [f"{name} {shlex.quote(str(folder))}" for name, folder in given.items() if folder]
    command = " ".join(["grade bank lint", q, *options])
    typer.echo(f"fill them in, then check them with: {command}", err=True)


def write_drafts(file: Path, output: Path) -> None:
    """Write a draft entry for every question of an article."""
    drafts = import_articles.unique_slugs(import_articles.read_article(read_text(file)))
    if not drafts:
        raise InputError(f"{file}: holds no question: mark them as 'Q1. …' or '1. …?'")
    if output.is_dir() and any(output.iterdir()):
        raise OutputError(f"{output}: is not empty: name a new folder")
    try:
        output.mkdir(parents=True, exist_ok=True)
        for slug, draft in drafts:
            text = import_articles.draft_entry(slug, draft, file.stem)
            (output / f"{slug}.yaml").write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{output}: can't be written: {error.strerror}") from error
    answered = sum(bool(draft.answer) for _, draft in drafts)
    typer.echo(f"{output}: {counted(len(drafts), 'draft')}, {answered} with an answer")


def _catalog(folders: FolderOptions) -> Catalog:
    return Catalog.from_settings(load_settings(**asdict(folders)))
