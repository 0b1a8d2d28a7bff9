"""How sure the grader must be of a verdict before a candidate is told of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from grader.hiring.detail import Result
from grader.hiring.records import GradedTable, judges_of
from grader.reading.text import counted
from grader.resources import model_folder


@dataclass(frozen=True, slots=True)
class Bar:
    """The lowest probability of each kind of verdict that is told; see ``fit_feedback``."""

    level: float
    """The share of such verdicts that people confirm, 0 to 1, at the lower end of its interval."""
    bars: Mapping[str, float | None]
    """By verdict; one that has none, or is not there, is never told."""
    verifier: str
    """Whose probabilities they are."""

    def is_sure(self, result: Result) -> bool:
        """Whether a candidate may be told of a verdict."""
        bar = self.bars.get(result.verdict)
        return bar is not None and result.probability >= bar


@lru_cache(maxsize=1)
def load_bar() -> Bar:
    """The fitted bar.

    Raises:
        ModelError: its file is damaged.
    """
    card = json.loads((model_folder("feedback") / "feedback.json").read_text(encoding="utf-8"))
    return Bar(card["level"], card["bars"], card["verifier"])


def notes_on(bar: Bar, table: GradedTable) -> list[str]:
    """Why the bar may not hold for a table: other models made its grades than it was fitted to."""
    details = [row.detail for row in table.rows if row.detail is not None]
    strange = sorted({detail.versions.verifier for detail in details} - {"", bar.verifier})
    judged = sum(bool(detail.judged_by) for detail in details)
    notes = []
    if strange:
        notes.append(
            f"{table.name}: was graded by {', '.join(strange)}, but how sure a finding must be to "
            f"be told is known for {bar.verifier} alone: grade the table again with this version"
        )
    if judged:
        notes.append(
            f"{table.name}: a language model ({', '.join(judges_of(table.rows))}) judged "
            f"{counted(judged, 'answer')}, but how sure a finding must be to be told was fitted to "
            "grades without one: how many of these findings hold is not known"
        )
    return notes
