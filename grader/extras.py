"""Optional packages, imported where used; a missing one names the command that installs it."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from grader.errors import MissingExtraError


def require(module: str, extra: str) -> Any:
    """A module of an extra.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise MissingExtraError(module.partition(".")[0], extra) from error
