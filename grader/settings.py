"""Every default, in one place; a flag beats the environment, which beats grader.toml."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from grader.errors import SettingsError
from grader.files import expanded
from grader.resources import BANKS

CONFIG_FILE = "grader.toml"
ENV_PREFIX = "GRADER_"
_MANY = 10_000_000
_CALL_TIME, _REPLY_DEADLINE, _CALLS_A_REPLY = 60.0, 240.0, 4
_SWITCHES: Mapping[str, bool] = MappingProxyType(
    {"true": True, "false": False, "1": True, "0": False}
)


@dataclass(frozen=True, slots=True)
class Range:
    """What a number must be within, both ends included."""

    low: float
    high: float


THREADS = 2
"""What ``threads`` is by default, for those who load a model without settings, too."""
# What holds of a setting besides its kind: a range, the words to choose from, or what must be where
# it points to, once it comes from a file, the environment or an option.
Folder = Annotated[Path | None, "folder"]
File = Annotated[Path | None, "file"]
Bank = Annotated[Path | str | None, "bank"]
Anything = Annotated[str, "anything"]
Count = Annotated[int, Range(1, _MANY)]
Few = Annotated[int, Range(1, 100)]
Share = Annotated[float, Range(0, 1)]
Seconds = Annotated[float, Range(0.01, _MANY)]


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be set. Each field is a key of ``grader.toml`` and ``GRADER_<FIELD>``."""

    bank: Bank = None
    """The bundled bank to use, ``deep-learning`` (the default) or ``general``; or a folder of
    bank entries that add to or replace those of ``deep-learning``."""
    rubrics: Folder = None
    """Folder of rubrics that add to or replace the bundled ones."""
    encoder: str = "bundled"
    """``bundled``, a sentence-transformers name or folder, or ``openai:MODEL``."""
    threads: Count = THREADS
    """Threads that encode text side by side."""
    max_answer_chars: Count = 50_000
    """The longest answer that is graded, in characters."""
    calibration: File = None
    """A file that ``grade calibrate`` wrote: scores on your own scale."""
    pass_mark: Annotated[float | None, Range(0, 1)] = None
    """The score from which an answer passes, whatever its rubric says."""
    blank: Annotated[str, ("skip", "zero")] = ""
    """What an empty answer is: a score of 0 (``zero``), or no grade (``skip``, the default)."""
    review_below: Share = 0.6
    """Grades less confident than this ask for a person."""
    llm_model: str = ""
    """The judge's model; several, separated by commas, are a jury."""
    llm_base_url: str = ""
    """An OpenAI-compatible endpoint; without it ``OPENAI_BASE_URL``, else OpenAI's."""
    llm_runs: Few = 1
    """How often each model is asked about an answer."""
    llm_seed: Annotated[int, Range(0, _MANY)] = 0
    """Decides in which order the judge sees the points of a rubric."""
    llm_temperature: Annotated[float, Range(0, 2)] = 0.0
    """Asked of the model, unless the endpoint refuses to be asked."""
    llm_max_output_tokens: Count = 4096
    """The longest reply, a model's hidden reasoning included."""
    llm_prices: str = ""
    """Of a million tokens: ``MODEL=PROMPT/COMPLETION, …`` in any one currency; a third number is
    the price of prompt tokens that the endpoint had kept."""
    llm_max_cost: Annotated[float | None, Range(0, _MANY)] = None
    """No call is begun once this much is spent."""
    llm_max_calls: Annotated[int | None, Range(0, _MANY)] = None
    """The most calls of a run."""
    llm_cache: Anything = ""
    """The folder of the judge's replies, or ``off``; by default the user's cache folder."""
    llm_redact: bool = False
    """Mask e-mail addresses, phone numbers, links and given names before an answer is sent."""
    llm_phone_region: str = "US"
    """The country of phone numbers that name none."""
    llm_log: Anything = ""
    """A file to which all that is sent and received is added."""
    llm_suspected: Annotated[str, ("send", "hold")] = "send"
    """Answers that may be meant to talk the judge round: ``send`` or ``hold`` them."""
    llm_below: Share = 1.0
    """The judge is asked only where the offline grade is less sure than this; 1 asks about all."""
    llm_examples: Annotated[int, Range(0, 100)] = 0
    """As many marked answers, the nearest to the one to be judged, are told along with it: the
    rubric's examples, or those of ``llm_marked``."""
    llm_marked: File = None
    """A table of answers with people's marks, as for ``grade eval``: examples for the judge."""
    llm_canary_rate: Share = 0.02
    """Canaries an answer: answers that must not pass, to find out a judge that passes all."""
    llm_concurrency: Annotated[int, Range(1, 1000)] = 16
    """The most calls side by side; fewer while the endpoint answers 429, or not in time."""
    llm_attempts: Few = 6
    """The most calls for one reply that may fail; to be told to wait (429) is no failure."""
    llm_backoff: Annotated[float, Range(0, 60)] = 0.5
    """Seconds: the first wait before another attempt; it doubles, and is jittered."""
    llm_timeout: Annotated[float | None, Range(0.01, _MANY)] = None
    """Seconds: the longest that one call may take; by default 60, and up to 240 where a server that
    has nothing else to do needs longer."""
    llm_deadline: Annotated[float | None, Range(0.01, _MANY)] = None
    """Seconds: the longest that one reply may take, attempts and the waits between them included;
    by default 240, or four times ``llm_timeout`` if that is longer."""
    llm_patience: Seconds = 90.0
    """Seconds: the run is given up once the endpoint has answered nothing but 429 for so long."""
    llm_run_deadline: Seconds = 14_400.0
    """Seconds: after this no more calls are made."""
    llm_draft_rounds: Few = 3
    """The most rubrics that are drafted from a reference until one passes its own check."""
    llm_save_rubrics: Anything = ""
    """A folder in which drafted rubrics are kept, as a bank of your own: ``bank``, ``rubrics``."""
    llm_batch_price: Share = 0.5
    """What a token of a provider's batch job costs, as a share of its usual price."""
    llm_batch_rounds: Few = 3
    """The most batch jobs that a request is part of until it has a reply."""
    llm_batch_requests: Count = 50_000
    """The most requests of a batch job; more are split into several jobs."""
    llm_batch_megabytes: Annotated[float, Range(0.001, _MANY)] = 200.0
    """The largest file of a batch job, in millions of bytes."""

    def __post_init__(self) -> None:
        """Check, and turn text into numbers, paths and switches.

        Raises:
            SettingsError: a value of the wrong kind or range.
        """
        for field in fields(self):
            value = getattr(self, field.name)
            if value != field.default:
                with _told_of(field.name, value, "Settings"):
                    parsed = _parsed(field.name, value)
                if parsed != value:
                    object.__setattr__(self, field.name, parsed)

    @property
    def blanks_count(self) -> bool:
        """Whether an empty answer is an answer: ``blank`` is ``zero``."""
        return self.blank == "zero"

    @property
    def call_time(self) -> float:
        """Seconds: ``llm_timeout``, or what it is by default, to begin with."""
        return _CALL_TIME if self.llm_timeout is None else self.llm_timeout

    @property
    def longest_call_time(self) -> float:
        """Seconds: ``llm_timeout``, or what it is by default, at most."""
        return _REPLY_DEADLINE if self.llm_timeout is None else self.llm_timeout

    @property
    def reply_deadline(self) -> float:
        """Seconds: ``llm_deadline``, or what it is by default."""
        if self.llm_deadline is not None:
            return self.llm_deadline
        return max(_REPLY_DEADLINE, _CALLS_A_REPLY * self.call_time)


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
    for name in values:
        if name not in _rules():
            raise SettingsError(
                f"{where}: unknown setting '{name}': choose from {', '.join(_rules())}"
            )
    parsed = {}
    for name, value in values.items():
        with _told_of(name, value, where):
            parsed[name] = _found(name, _parsed(name, value), base, new_folders=new_folders)
    return replace(settings, **parsed)


@contextmanager
def _told_of(name: str, value: Any, where: str) -> Iterator[None]:
    """Say of what is wrong with a value which it is, and where it came from."""
    try:
        yield
    except (TypeError, ValueError, OverflowError) as error:
        shown = str(value) if isinstance(value, Path) else value
        raise SettingsError(f"{where}: {name} = {shown!r}: {error}") from error


@cache
def _rules() -> Mapping[str, tuple[Any, Any]]:
    """Of each setting: its kind, and what holds of it besides."""
    rules = {}
    for name, hint in get_type_hints(Settings, include_extras=True).items():
        kind, rule = get_args(hint) if get_origin(hint) is Annotated else (hint, None)
        rules[name] = (next(iter(get_args(kind)), kind), rule)
    return MappingProxyType(rules)


def _parsed(name: str, value: Any) -> Any:
    """A value as its field holds it.

    Raises:
        TypeError, ValueError, OverflowError: it is of the wrong kind or range.
    """
    kind, rule = _rules()[name]
    match rule:
        case Range(low, high):
            number = kind(value)
            if not low <= number <= high:
                raise ValueError(f"must be from {low} to {high}")
            return number
        case tuple():
            return _one_of({word: word for word in rule}, value)
        case "anything":
            return str(expanded(value if isinstance(value, Path) else _text(value)))
        case "bank" if isinstance(value, str) and value in BANKS:
            return value
        case "folder" | "file" | "bank":
            return expanded(value)
    return _one_of(_SWITCHES, str(value).lower()) if kind is bool else _text(value)


def _found(name: str, value: Any, base: Path, *, new_folders: bool) -> Any:
    """The same value; a path from its base, where it must be.

    Raises:
        ValueError: it is not there.
    """
    wanted = _rules()[name][1]
    if wanted not in {"folder", "file", "bank"}:
        return value
    path: Path = base / value
    if isinstance(value, str):
        return _bundled(value, path)
    if wanted != "file" and path.exists() and not path.is_dir():
        raise ValueError("is a file, not a folder")
    if wanted == "file" and not path.is_file():
        raise ValueError("no such file")
    if wanted != "file" and not (path.exists() or new_folders):
        ours = f", nor a bank of ours ({', '.join(BANKS)})" if wanted == "bank" else ""
        raise ValueError(f"no such folder{ours}")
    return path


def _bundled(name: str, path: Path) -> str:
    """The same name of a bundled bank.

    Raises:
        ValueError: a folder is called so, too; neither may be taken for the other.
    """
    if path.is_dir():
        raise ValueError(
            f"is a bundled bank, and a folder here: write ./{name} for the folder, or rename it"
        )
    return name


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("must be text")
    return value


def _one_of(choices: Mapping[str, Any], value: Any) -> Any:
    if value not in list(choices):
        raise ValueError(f"choose from {', '.join(choices)}")
    return choices[value]
