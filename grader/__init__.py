"""grader: grades free-text answers against rubrics, offline, and shows why."""

from typing import TYPE_CHECKING, Any

from grader.version import __version__

if TYPE_CHECKING:
    from grader.bank.records import BankEntry, Rubric
    from grader.errors import GraderError, InputError
    from grader.grading import Grader
    from grader.hiring.audited import Asked
    from grader.hiring.candidates import Candidate, Ranking, rank_candidates
    from grader.hiring.fairness import Audit, audit_table
    from grader.hiring.feedback.pages import Feedback, candidate_feedback, write_feedback
    from grader.hiring.similar.find import similar_answers
    from grader.hiring.similar.records import Pair, Similar
    from grader.hiring.speech import Movement, move_speech
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
    "Asked",
    "Audit",
    "BankEntry",
    "Candidate",
    "Evidence",
    "Failure",
    "Feedback",
    "Grade",
    "Grader",
    "GraderError",
    "InputError",
    "Judge",
    "JudgeReport",
    "KeyPointResult",
    "MisconceptionResult",
    "Movement",
    "Pair",
    "Question",
    "Ranking",
    "Rubric",
    "Settings",
    "Similar",
    "__version__",
    "audit_table",
    "candidate_feedback",
    "load_settings",
    "move_speech",
    "rank_candidates",
    "similar_answers",
    "write_feedback",
]

_HOMES = {
    "Asked": "hiring.audited",
    "Audit": "hiring.fairness",
    "BankEntry": "bank.records",
    "Candidate": "hiring.candidates",
    "Feedback": "hiring.feedback.pages",
    "Grader": "grading",
    "GraderError": "errors",
    "InputError": "errors",
    "Judge": "judge.judge",
    "Movement": "hiring.speech",
    "Pair": "hiring.similar.records",
    "Ranking": "hiring.candidates",
    "Rubric": "bank.records",
    "Settings": "settings",
    "Similar": "hiring.similar.records",
    "audit_table": "hiring.fairness",
    "candidate_feedback": "hiring.feedback.pages",
    "load_settings": "settings",
    "move_speech": "hiring.speech",
    "rank_candidates": "hiring.candidates",
    "similar_answers": "hiring.similar.find",
    "write_feedback": "hiring.feedback.pages",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'grader' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(f"grader.{_HOMES.get(name, 'records')}"), name)


def __dir__() -> list[str]:
    return __all__
