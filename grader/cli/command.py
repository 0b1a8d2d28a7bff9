"""From what typer has read to one call: options objects in, an exit code out."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import is_dataclass
from typing import Any, TypeVar, get_type_hints

import typer

from grader.cli.errors import reporting

Run = TypeVar("Run", bound=Callable[..., "int | None"])


def command(app: typer.Typer, name: str | None = None) -> Callable[[Run], Run]:
    """Make a function a command of an app.

    A parameter (or a field of one) whose type is a dataclass is a group of options: typer sees the
    group's fields in its place, and the function gets the group, filled. What the function raises
    is reported, and what it returns is the exit code.

    Args:
        app: gets the command.
        name: of the command; the function's, if not given.
    """

    def attach(run: Run) -> Run:
        parameters = list(options_of(run))

        def called(**given: Any) -> None:
            with reporting():
                code = call(run, given)
            raise typer.Exit(code or 0)

        called.__name__, called.__doc__ = run.__name__, run.__doc__
        called.__annotations__ = {p.name: p.annotation for p in parameters}
        vars(called)["__signature__"] = inspect.Signature(parameters)
        app.command(name)(called)
        return run

    return attach


def options_of(run: Callable[..., Any]) -> Iterator[inspect.Parameter]:
    """What a function or a group takes, the groups in it taken apart."""
    hints = get_type_hints(run, include_extras=True)
    for parameter in inspect.signature(run).parameters.values():
        kind = hints[parameter.name]
        if isinstance(kind, type) and is_dataclass(kind):
            yield from options_of(kind)
        else:
            yield parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=kind)


def call(run: Callable[..., Any], given: Mapping[str, Any]) -> Any:
    """Call a function, or make a group, with what is its own of the values."""
    hints = get_type_hints(run)
    return run(
        **{
            name: call(hints[name], given) if is_dataclass(hints[name]) else given[name]
            for name in inspect.signature(run).parameters
        }
    )
