"""Answers that people have marked: read from a table, and graded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from grader.evaluation.agreement import Numbers
from grader.grading import Grader
from grader.records import Failure, Grade
from grader.tables.columns import ANSWER
from grader.tables.marked import Marked, read_marked

__all__ = ["GradedMark", "GradedMarks", "Marked", "grade_marked", "read_marked"]

_CHUNK = 256


@dataclass(frozen=True, slots=True)
class GradedMark:
    """A marked answer with its grade."""

    marked: Marked
    grade: Grade
    passing: float
    """The score from which an answer to its question passes, 0 to 1."""


@dataclass(frozen=True, slots=True)
class GradedMarks:
    """Everything that was graded, what could not be, and how many rows had no mark."""

    answers: tuple[GradedMark, ...]
    failures: tuple[tuple[Marked, Failure], ...]
    unmarked: int

    @property
    def marks(self) -> Numbers:
        """People's marks, shape (n,)."""
        return np.array([a.marked.mark for a in self.answers])

    @property
    def scores(self) -> Numbers:
        """The grader's scores, shape (n,)."""
        return np.array([a.grade.score for a in self.answers])

    @property
    def passing(self) -> Numbers:
        """The score from which each passes, shape (n,)."""
        return np.array([a.passing for a in self.answers])


def grade_marked(
    grader: Grader, marked: Sequence[Marked], unmarked: int, *, q: str | None = None
) -> GradedMarks:
    """Grade what people have marked; an answer that can't be graded is no zero."""
    graded, failures = [], []
    for chunk in _chunks(marked):
        questions = [grader.row_question(m.cells, q) for m in chunk]
        answers = [m.cells[ANSWER] for m in chunk]
        results = grader.grade_all(zip(answers, questions, strict=True))
        for one, result in zip(chunk, results, strict=True):
            if isinstance(result, Failure):
                failures.append((one, result))
            else:
                graded.append(GradedMark(one, result, result.pass_mark))
    return GradedMarks(tuple(graded), tuple(failures), unmarked)


def _chunks(marked: Sequence[Marked]) -> Iterator[list[Marked]]:
    rest = iter(marked)
    while chunk := list(islice(rest, _CHUNK)):
        yield chunk
