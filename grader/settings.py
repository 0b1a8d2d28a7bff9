"""Every default, in one place; a flag beats the environment, which beats grader.toml."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from grader.errors import SettingsError

CONFIG_FILE = "grader.toml"
ENV_PREFIX = "GRADER_"


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be set. Each field is a key of ``grader.toml`` and ``GRADER_<FIELD>``."""

    bank: Path | None = None
    """Folder of bank entries that add to or replace the bundled ones."""
    rubrics: Path | None = None
    """Folder of rubrics that add to or replace the bundled ones."""
    encoder: str = "bundled"
    """``bundled``, a sentence-transformers name or folder, or ``openai:MODEL``."""
    threads: int = 2
    """Threads that encode text side by side."""
    max_answer_chars: int = 50_000
    """The longest answer that is graded, in characters."""
    calibration: Path | None = None
    """A file that ``grade calibrate`` wrote: scores on your own scale."""
    review_below: float = 0.6
    """Grades less confident than this ask for a person."""


def load_settings(
    *,
    config: Path | None = None,
    environ: Mapping[str, str] | None = None,
    **overrides: Any,
) -> Settings:
    """Settings from ``grader.toml``, then the environment, then ``overrides``.

    Args:
        config: the file to read; without it ``grader.toml`` in the working folder, if any.
        environ: the environment; ``os.environ`` if not given.
        overrides: fields by name; those that are None are passed over.

    Raises:
        SettingsError: an unknown key, or a value of the wrong kind or range.
    """
    settings = Settings()
    file = config or Path(CONFIG_FILE)
    if config or file.is_file():
        settings = _with(settings, _read(file), str(file), file.parent)
    environ = os.environ if environ is None else environ
    named = {f.name: ENV_PREFIX + f.name.upper() for f in fields(Settings)}
    given = {name: environ[var] for name, var in named.items() if environ.get(var)}
    settings = _with(settings, given, "environment", Path())
    chosen = {k: v for k, v in overrides.items() if v is not None}
    return _with(settings, chosen, "options", Path())


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{file}: can't be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: is not valid TOML: {error}") from error


def _with(settings: Settings, values: Mapping[str, Any], where: str, base: Path) -> Settings:
    known = {f.name: f for f in fields(Settings)}
    for name in values:
        if name not in known:
            raise SettingsError(
                f"{where}: unknown setting '{name}': choose from {', '.join(known)}"
            )
    parsed = {name: _parse(name, value, where, base) for name, value in values.items()}
    return replace(settings, **parsed)


def _parse(name: str, value: Any, where: str, base: Path) -> Any:
    try:
        if name in {"bank", "rubrics"}:
            return _folder(base / Path(value).expanduser())
        if name == "calibration":
            return _file(base / Path(value).expanduser())
        if name == "review_below":
            return _within(float(value), 0, 1)
        if name in {"threads", "max_answer_chars"}:
            return int(_within(int(value), 1, 10_000_000))
        return _text(value)
    except (TypeError, ValueError) as error:
        raise SettingsError(f"{where}: {name} = {value!r}: {error}") from error


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("must be text")
    return value


def _folder(path: Path) -> Path:
    if not path.is_dir():
        raise ValueError("no such folder")
    return path


def _file(path: Path) -> Path:
    if not path.is_file():
        raise ValueError("no such file")
    return path


def _within(number: float, low: float, high: float) -> float:
    if not low <= number <= high:
        raise ValueError(f"must be from {low} to {high}")
    return number
