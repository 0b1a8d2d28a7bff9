"""A table of answers that people have marked, some of which go along with those to be judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from grader.engine import scoring
from grader.errors import InputError, TableError
from grader.judge.exemplars import Marked, of_marks
from grader.records import Question
from grader.tables import marked
from grader.tables.columns import ANSWER, PARTS, SCHEME_NAMES, is_alike

_MARK = "mark"

Key = tuple[str, ...]
"""What answers to one question have in common."""


@dataclass(frozen=True, slots=True)
class MarkedTable:
    """The marked rows of a table."""

    name: str
    rows: tuple[marked.Marked, ...]

    @property
    def digest(self) -> str:
        """Changes with whatever the rows say of questions, answers and marks."""
        return scoring.sign([[sorted(row.cells.items()), row.mark] for row in self.rows])

    def by_question(
        self, question_of: Callable[[Mapping[str, str]], Question | InputError]
    ) -> dict[Key, tuple[Marked, ...]]:
        """What may be told of the answers, by ``key_of`` their question.

        Args:
            question_of: the question that a row asks for, or why there is none.

        Raises:
            TableError: a row's question can't be had.
        """
        found: dict[Key, list[tuple[str, float]]] = {}
        for row in self.rows:
            question = question_of(row.cells)
            if isinstance(question, InputError):
                raise TableError(f"{self.name}: row {row.row}: {question}") from question
            found.setdefault(key_of(question), []).append((row.cells[ANSWER], row.mark))
        return {key: of_marks(answers) for key, answers in found.items()}


def key_of(question: Question) -> Key:
    """A question by its name, or by its text and reference where it has none."""
    if question.is_named:
        return (question.id,)
    return question.prompt, question.references[0].text


def read_marked_table(file: Path) -> MarkedTable:
    """A table as ``grade eval`` reads it, its marks in a column ``mark``.

    Raises:
        TableError: it can't be read so.
    """
    try:
        rows, _ = marked.read_marked(file, _MARK, wanted=_is_wanted)
    except TableError as error:
        raise TableError(f"{error} (--llm-marked finds columns by these names alone)") from error
    return MarkedTable(str(file), tuple(rows))


def _is_wanted(name: str) -> bool:
    return any(is_alike(name, part) for part in (*PARTS, *SCHEME_NAMES, _MARK))
