"""Groups of commands that say what a mistyped command may have meant."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from grader.cli.errors import BAD_INPUT

DEFAULT = "answer"
_CUTOFF = 0.6  # of difflib's ratio: two letters of five may differ


class Suggesting(TyperGroup):
    """A group whose unknown commands are one line with the nearest known ones."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is named; anything else ends with exit code 2."""
        if args and args[0] not in self.commands:
            near = self.nearest(args[0])
            group = ctx.command_path
            hint = f"did you mean '{group} {near}'?" if near else f"'{group} --help' lists them all"
            typer.echo(f"grade: no command '{group} {args[0]}': {hint}", err=True)
            raise typer.Exit(BAD_INPUT)
        return super().resolve_command(ctx, args)

    def nearest(self, typed: str) -> str | None:
        """The command that a word is nearly the name of."""
        typed = typed.lower()
        near = difflib.get_close_matches(typed, self.commands, cutoff=_CUTOFF)
        # The same letters in another order are the likeliest slip, which the ratio doesn't know.
        return min(near, key=lambda name: sorted(name) != sorted(typed), default=None)


class AnswerFirst(Suggesting):
    """``grade FILE …`` is short for ``grade answer FILE …``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the default command in front where none is named."""
        own = {name for p in self.get_params(ctx) for name in (*p.opts, *p.secondary_opts)}
        if args and args[0] not in self.commands and args[0] not in own:
            self._refuse_typo(args[0])
            args = [DEFAULT, *args]
        return super().parse_args(ctx, args)

    def _refuse_typo(self, word: str) -> None:
        """End with exit code 2 where a word is neither a file nor like the name of one."""
        like_a_file = word.startswith("-") or set("./\\") & set(word) or Path(word).exists()
        near = None if like_a_file else self.nearest(word)
        if near:
            typer.echo(
                f"grade: '{word}' is neither a command nor a file: did you mean 'grade {near}'?",
                err=True,
            )
            raise typer.Exit(BAD_INPUT)
