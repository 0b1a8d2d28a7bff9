"""Every error that grader raises on purpose.

GraderError
├── InputError              something the caller gave is wrong; the command exits with 2
│   ├── AnswerError         an answer that can't be read or is no text
│   ├── DataFileError       a bank, rubric or contrast file: names file, line and key
│   │   └── CorrectionError a correction that matches no claim, or several
│   ├── UnknownQuestionError no question of that name; carries suggestions
│   ├── SettingsError       a setting, flag or environment variable
│   ├── TableError          a table of answers: columns, rows, encoding
│   ├── OutputError         an output that exists or can't be written
│   └── LedgerError         a batch's ledger: in use, damaged or from a newer version
├── ModelError              a model file is damaged, missing or of the wrong shape
├── EncoderError            a remote or third-party encoder failed
├── JudgeError              the judge could not check one answer; its offline grade stands
│   ├── JudgeRateLimitError the endpoint asked to wait (429) beyond the deadline
│   ├── JudgeServerError    the endpoint failed (5xx)
│   ├── JudgeConnectionError no connection, or one that broke off
│   ├── JudgeTimeoutError   no reply in time: of a call, an answer or the run
│   ├── JudgeRequestError   the endpoint refuses this request, as too long for one
│   ├── JudgeRefusalError   the model declines to answer
│   ├── JudgeTruncatedError the reply was cut off by its length
│   ├── JudgeReplyError     a reply that does not follow the schema
│   └── JudgeBudgetError    the run's limit of calls or cost is reached
├── JudgeSetupError         a bad key, no credit, no such model or address: stops the run
├── ClusterError            the Ray cluster can't be reached, or could not finish
└── MissingExtraError       an optional dependency is not installed; names the command
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

DISTRIBUTION = "answer-grader"
"""The package's name for installers: on the index, ``grader`` is somebody else's project."""
EXTRAS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "evaluation": ("matplotlib>=3.9", "scikit-learn>=1.6", "scipy>=1.15"),
        "parquet": ("pyarrow>=18.0",),
        "ray": ("pyarrow>=18.0", "ray[data]>=2.60"),
        "xlsx": ("openpyxl>=3.1.5", "XlsxWriter>=3.2"),
        "sentence-transformers": ("sentence-transformers>=5.0",),
        "redact": ("Faker>=37.0", "linkify-it-py>=2.0", "phonenumbers>=9.0"),
    }
)
"""What each extra installs, as ``pyproject.toml`` has it, so that a message can name a command
that works wherever grader came from: the index, a wheel or a checkout."""
_SHOWN = 100  # characters of a name in a message


class GraderError(Exception):
    """The root: catch this to catch everything that grader raises on purpose."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Come back from another process as it was.

        Unpickling an exception calls its class with the message alone, which is not what ours
        take: hence a new one without ``__init__``, then its attributes.
        """
        return _revived, (type(self), self.args), self.__dict__


def _revived(kind: type[GraderError], args: tuple[object, ...]) -> GraderError:
    return kind.__new__(kind, *args)


class InputError(GraderError):
    """Something the caller gave is wrong. The message is one line and says what to do."""


class AnswerError(InputError):
    """An answer that can't be read, is empty, too large or no text."""


class DataFileError(InputError):
    """A bank, rubric or contrast file that breaks its format.

    ``file``, ``line`` (1-based, 0 where unknown) and ``key`` (dotted path, may be empty)
    say where.
    """

    def __init__(self, problem: str, *, file: Path | str, line: int = 0, key: str = "") -> None:
        self.problem = problem
        self.file = str(file)
        self.line = line
        self.key = key
        where = f"{self.file}:{line}" if line else self.file
        super().__init__(f"{where}: {key}: {problem}" if key else f"{where}: {problem}")


class CorrectionError(DataFileError):
    """A correction whose claim is found nowhere in its source, or more than once."""


class UnknownQuestionError(InputError):
    """No question of that slug or alias.

    ``suggestions`` holds the nearest slugs, ``bank`` the bundled bank that has it.
    """

    def __init__(self, name: str, suggestions: tuple[str, ...] = (), bank: str = "") -> None:
        self.name = name
        self.suggestions = suggestions
        self.bank = bank
        hint = (
            f"did you mean {' or '.join(suggestions)}?"
            if suggestions
            else "'grade bank list' shows them all"
        )
        if bank:
            hint = f"the bank '{bank}' has it: choose that one (--bank {bank})"
        shown = name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…"
        super().__init__(f"no question '{shown}' in the bank: {hint}")


class SettingsError(InputError):
    """A setting that is unknown or out of range, and where it came from."""


class TableError(InputError):
    """A table of answers that can't be read: names the file and, where known, the row."""


class OutputError(InputError):
    """An output that exists already, or can't be written."""


class LedgerError(InputError):
    """A batch's ledger that is in use, damaged, from a newer version or can't be written."""


class ModelError(GraderError):
    """A model file is damaged, missing or of the wrong shape."""


class EncoderError(GraderError):
    """An encoder outside the package (a server, another library) failed."""


class JudgeError(GraderError):
    """The judge could not check one answer.

    ``retry_after`` is what the endpoint asked for, in seconds, where it did; ``lasting`` says
    that another attempt would bring the same.
    """

    def __init__(
        self, message: str, *, retry_after: float | None = None, lasting: bool = False
    ) -> None:
        self.retry_after = retry_after
        self.lasting = lasting
        super().__init__(message)


class JudgeRateLimitError(JudgeError):
    """The endpoint asked to wait (429, or it still loads its model) beyond the deadline."""


class JudgeServerError(JudgeError):
    """The endpoint failed (5xx)."""


class JudgeConnectionError(JudgeError):
    """There was no connection, or it broke off."""


class JudgeTimeoutError(JudgeError):
    """No reply came in time: that of a call, of an answer or of the run."""


class JudgeRequestError(JudgeError):
    """The endpoint refuses this request."""


class JudgeRefusalError(JudgeError):
    """The model declines to answer, or a content filter stopped it."""


class JudgeTruncatedError(JudgeError):
    """The reply was cut off by its length."""


class JudgeReplyError(JudgeError):
    """The reply does not follow the schema.

    ``fault`` says why, for the model, and holds no word of the reply; ``well_formed`` says that
    the form is the one asked for: only what stands in it won't do.
    """

    def __init__(
        self,
        message: str,
        *,
        retry_after: float | None = None,
        lasting: bool = False,
        fault: str = "",
        well_formed: bool = False,
    ) -> None:
        self.fault = fault
        self.well_formed = well_formed
        super().__init__(message, retry_after=retry_after, lasting=lasting)


class JudgeBudgetError(JudgeError):
    """The run's limit of calls or cost is reached."""


class JudgeSetupError(GraderError):
    """No call can succeed: a bad key, no credit, no such model or address, a closed judge."""


class ClusterError(GraderError):
    """The Ray cluster can't be reached, or could not finish."""


class MissingExtraError(GraderError):
    """An optional dependency is not installed; the message is the command that installs it."""

    def __init__(self, package: str, extra: str) -> None:
        self.package = package
        self.extra = extra
        # Double quotes: single ones don't keep > from a Windows shell.
        needed = " ".join(f'"{requirement}"' for requirement in EXTRAS.get(extra, (package,)))
        owner = f"{DISTRIBUTION}[{extra}]"
        super().__init__(f"{package} is not installed ({owner} has it): run: pip install {needed}")
