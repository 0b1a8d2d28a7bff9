"""grader: grades free-text answers against rubrics, offline, and shows why."""

from typing import TYPE_CHECKING, Any

from grader.version import __version__

if TYPE_CHECKING:
    from grader.bank.records import BankEntry, Rubric
    from grader.errors import GraderError, InputError
    from grader.grading import Grader
    from grader.judge.judge import Judge
    from grader.records import (
        Evidence,
        Failure,
        Grade,
        JudgeReport,
        KeyPointResult,
        MisconceptionResult,
        Question,
    )
    from grader.settings import Settings, load_settings

__all__ = [
    "BankEntry",
    "Evidence",
    "Failure",
    "Grade",
    "Grader",
    "GraderError",
    "InputError",
    "Judge",
    "JudgeReport",
    "KeyPointResult",
    "MisconceptionResult",
    "Question",
    "Rubric",
    "Settings",
    "__version__",
    "load_settings",
]

_HOMES = {
    "BankEntry": "bank.records",
    "Grader": "grading",
    "GraderError": "errors",
    "InputError": "errors",
    "Judge": "judge.judge",
    "Rubric": "bank.records",
    "Settings": "settings",
    "load_settings": "settings",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'grader' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(f"grader.{_HOMES.get(name, 'records')}"), name)


def __dir__() -> list[str]:
    return __all__
