"""Every default, in one place; a flag beats the environment, which beats grader.toml."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from grader.errors import SettingsError
from grader.files import expanded

CONFIG_FILE = "grader.toml"
ENV_PREFIX = "GRADER_"
_MANY = 10_000_000
_REPLY_DEADLINE, _CALLS_A_REPLY = 240.0, 4
_NUMBERS: Mapping[str, tuple[type[float], float, float]] = MappingProxyType(
    {
        "threads": (int, 1, _MANY),
        "max_answer_chars": (int, 1, _MANY),
        "review_below": (float, 0, 1),
        "llm_runs": (int, 1, 100),
        "llm_seed": (int, 0, _MANY),
        "llm_temperature": (float, 0, 2),
        "llm_max_output_tokens": (int, 1, _MANY),
        "llm_max_cost": (float, 0, _MANY),
        "llm_max_calls": (int, 0, _MANY),
        "llm_canary_rate": (float, 0, 1),
        "llm_concurrency": (int, 1, 1000),
        "llm_attempts": (int, 1, 100),
        "llm_backoff": (float, 0, 60),
        "llm_timeout": (float, 0.01, _MANY),
        "llm_deadline": (float, 0.01, _MANY),
        "llm_patience": (float, 0.01, _MANY),
        "llm_run_deadline": (float, 0.01, _MANY),
        "llm_batch_price": (float, 0, 1),
        "llm_batch_rounds": (int, 1, 100),
        "llm_batch_requests": (int, 1, _MANY),
        "llm_batch_megabytes": (float, 0.001, _MANY),
    }
)
"""The kind and range of each setting that is a number."""
_SWITCHES: Mapping[str, bool] = MappingProxyType(
    {"true": True, "false": False, "1": True, "0": False}
)
_CHOICES: Mapping[str, Sequence[str]] = MappingProxyType({"llm_suspected": ("send", "hold")})


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
    llm_model: str = ""
    """The judge's model; several, separated by commas, are a jury."""
    llm_base_url: str = ""
    """An OpenAI-compatible endpoint; without it ``OPENAI_BASE_URL``, else OpenAI's."""
    llm_runs: int = 1
    """How often each model is asked about an answer."""
    llm_seed: int = 0
    """Decides in which order the judge sees the points of a rubric."""
    llm_temperature: float = 0.0
    """Asked of the model, unless the endpoint refuses to be asked."""
    llm_max_output_tokens: int = 4096
    """The longest reply, a model's hidden reasoning included."""
    llm_prices: str = ""
    """Of a million tokens: ``MODEL=PROMPT/COMPLETION, …`` in any one currency."""
    llm_max_cost: float | None = None
    """No call is begun once this much is spent."""
    llm_max_calls: int | None = None
    """The most calls of a run."""
    llm_cache: str = ""
    """The folder of the judge's replies, or ``off``; by default the user's cache folder."""
    llm_redact: bool = False
    """Mask e-mail addresses, phone numbers, links and given names before an answer is sent."""
    llm_phone_region: str = "US"
    """The country of phone numbers that name none."""
    llm_log: str = ""
    """A file to which all that is sent and received is added."""
    llm_suspected: str = "send"
    """Answers that may be meant to talk the judge round: ``send`` or ``hold`` them."""
    llm_canary_rate: float = 0.02
    """Canaries an answer: answers that must not pass, to find out a judge that passes all."""
    llm_concurrency: int = 16
    """The most calls side by side; fewer while the endpoint answers 429, or not in time."""
    llm_attempts: int = 6
    """The most calls for one reply that may fail; to be told to wait (429) is no failure."""
    llm_backoff: float = 0.5
    """Seconds: the first wait before another attempt; it doubles, and is jittered."""
    llm_timeout: float = 60.0
    """Seconds: the longest that one call may take."""
    llm_deadline: float | None = None
    """Seconds: the longest that one reply may take, attempts and the waits between them included;
    by default 240, or four times ``llm_timeout`` if that is longer."""
    llm_patience: float = 90.0
    """Seconds: the run is given up once the endpoint has answered nothing but 429 for so long."""
    llm_run_deadline: float = 14_400.0
    """Seconds: after this no more calls are made."""
    llm_batch_price: float = 0.5
    """What a token of a provider's batch job costs, as a share of its usual price."""
    llm_batch_rounds: int = 3
    """The most batch jobs that a request is part of until it has a reply."""
    llm_batch_requests: int = 50_000
    """The most requests of a batch job; more are split into several jobs."""
    llm_batch_megabytes: float = 200.0
    """The largest file of a batch job, in millions of bytes."""

    @property
    def reply_deadline(self) -> float:
        """Seconds: ``llm_deadline``, or what it is by default."""
        if self.llm_deadline is not None:
            return self.llm_deadline
        return max(_REPLY_DEADLINE, _CALLS_A_REPLY * self.llm_timeout)


def load_settings(
    *,
    config: Path | None = None,
    environ: Mapping[str, str] | None = None,
    new_folders: bool = False,
    **overrides: Any,
) -> Settings:
    """Settings from ``grader.toml``, then the environment, then ``overrides``.

    Args:
        config: the file to read; without it ``grader.toml`` in the working folder, if any.
        environ: the environment; ``os.environ`` if not given.
        new_folders: ``bank`` and ``rubrics`` need not be there yet, since they will be made.
        overrides: fields by name; those that are None are passed over.

    Raises:
        SettingsError: an unknown key, or a value of the wrong kind or range.
    """
    settings = Settings()
    file = config or Path(CONFIG_FILE)
    if config or file.is_file():
        settings = _with(settings, _read(file), str(file), file.parent, new_folders=new_folders)
    environ = os.environ if environ is None else environ
    named = {f.name: ENV_PREFIX + f.name.upper() for f in fields(Settings)}
    given = {name: environ[var] for name, var in named.items() if environ.get(var)}
    settings = _with(settings, given, "environment", Path(), new_folders=new_folders)
    chosen = {name: value for name, value in overrides.items() if value is not None}
    return _with(settings, chosen, "options", Path(), new_folders=new_folders)


def changed(settings: Settings, **overrides: Any) -> Settings:
    """Settings with some of them changed; overrides that are None are passed over.

    Raises:
        SettingsError: an unknown key, or a value of the wrong kind or range.
    """
    chosen = {name: value for name, value in overrides.items() if value is not None}
    return _with(settings, chosen, "options", Path())


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{file}: can't be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: is not valid TOML: {error}") from error


def _with(
    settings: Settings,
    values: Mapping[str, Any],
    where: str,
    base: Path,
    *,
    new_folders: bool = False,
) -> Settings:
    known = {f.name: f for f in fields(Settings)}
    for name in values:
        if name not in known:
            raise SettingsError(
                f"{where}: unknown setting '{name}': choose from {', '.join(known)}"
            )
    made = {"bank", "rubrics"} if new_folders else set()
    parsed = {
        name: _parse(name, value, where, base, must_exist=name not in made)
        for name, value in values.items()
    }
    return replace(settings, **parsed)


def _parse(name: str, value: Any, where: str, base: Path, *, must_exist: bool = True) -> Any:
    try:
        if name in {"bank", "rubrics"}:
            return _folder(base / expanded(value), must_exist=must_exist)
        if name == "calibration":
            return _file(base / expanded(value))
        if name == "llm_redact":
            return _switch(value)
        if name in _NUMBERS:
            kind, low, high = _NUMBERS[name]
            return _within(kind(value), low, high)
        if name in {"llm_cache", "llm_log"}:
            return str(expanded(_text(value)))
        return _one_of(_CHOICES[name], value) if name in _CHOICES else _text(value)
    except (TypeError, ValueError) as error:
        shown = str(value) if isinstance(value, Path) else value
        raise SettingsError(f"{where}: {name} = {shown!r}: {error}") from error


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("must be text")
    return value


def _switch(value: object) -> bool:
    text = str(value).lower()
    if text not in _SWITCHES:
        raise ValueError(f"choose from {', '.join(_SWITCHES)}")
    return _SWITCHES[text]


def _one_of(choices: Sequence[str], value: object) -> object:
    if value not in choices:
        raise ValueError(f"choose from {', '.join(choices)}")
    return value


def _folder(path: Path, *, must_exist: bool) -> Path:
    if path.exists() and not path.is_dir():
        raise ValueError("is a file, not a folder")
    if must_exist and not path.exists():
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
