"""``grade cache``: the judge's replies on disk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from grader.cli.command import command
from grader.cli.groups import Suggesting
from grader.errors import InputError
from grader.reading.text import counted

if TYPE_CHECKING:
    from grader.judge.cache import ReplyCache

app = typer.Typer(cls=Suggesting, no_args_is_help=True, help="The judge's replies on disk.")
Folder = Annotated[
    str | None,
    typer.Option("--llm-cache", help="The cache's folder, if not the one in the settings."),
]


@command(app)
def info(llm_cache: Folder = None) -> None:
    """Say where the cache is, and how many replies it holds."""
    with _opened(llm_cache) as cache:
        held = cache.info()
        typer.echo(f"{held.file}: {_replies(held.replies)}, {counted(held.size, 'byte')}")


@command(app)
def clear(llm_cache: Folder = None) -> None:
    """Forget all replies; asking again costs again."""
    with _opened(llm_cache) as cache:
        typer.echo(f"{cache.file}: {_replies(cache.clear())} forgotten")


@contextmanager
def _opened(folder: str | None) -> Iterator[ReplyCache]:
    from grader.judge.cache import OFF, ReplyCache, cache_folder
    from grader.settings import load_settings

    setting = load_settings(llm_cache=folder).llm_cache
    if setting == OFF:
        raise InputError("the judge's cache is off: name its folder with --llm-cache")
    cache = ReplyCache(cache_folder(setting))
    try:
        yield cache
    finally:
        cache.close()


def _replies(number: int) -> str:
    return counted(number, "reply", "replies")
