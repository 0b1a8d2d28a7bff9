"""Answers that people have marked: read from a table, and graded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from grader.batch.readers import open_table, text_rows
from grader.batch.roles import find_column, long_parts
from grader.columns import ANSWER, QUESTION, QUESTION_ID, REFERENCE, check_columns
from grader.errors import TableError
from grader.evaluation.agreement import Numbers
from grader.grading import Grader
from grader.records import Failure, Grade, Question

_CHUNK = 256


@dataclass(frozen=True, slots=True)
class Marked:
    """An answer with a person's mark, 0 to 1, and its row in the table; ``cells`` are by part."""

    row: int
    mark: float
    cells: Mapping[str, str]

    @property
    def question(self) -> str:
        """What the answer is grouped by: its question's slug, text or reference."""
        named = (self.cells.get(name, "").strip() for name in (QUESTION_ID, QUESTION, REFERENCE))
        return next((name for name in named if name), "")


@dataclass(frozen=True, slots=True)
class Judged:
    """A marked answer with its grade."""

    marked: Marked
    grade: Grade
    passing: float
    """The score from which an answer to its question passes, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """Everything that was graded, what could not be, and how many rows had no mark."""

    judged: tuple[Judged, ...]
    failures: tuple[tuple[Marked, Failure], ...]
    unmarked: int

    @property
    def marks(self) -> Numbers:
        """People's marks, shape (n,)."""
        return np.array([j.marked.mark for j in self.judged])

    @property
    def scores(self) -> Numbers:
        """The grader's scores, shape (n,)."""
        return np.array([j.grade.score for j in self.judged])

    @property
    def passing(self) -> Numbers:
        """The score from which each passes, shape (n,)."""
        return np.array([j.passing for j in self.judged])


def read_marked(
    table: Path,
    column: str,
    most: float,
    *,
    q: str | None = None,
    mapping: Sequence[str] = (),
    encoding: str | None = None,
) -> tuple[list[Marked], int]:
    """The rows that have a mark, and how many have none.

    Args:
        table: any long table for ``grade batch``, with a column of marks besides.
        column: the column of the marks.
        most: the highest mark: marks are divided by it.
        q: the question of rows that name none.
        mapping: ``PART=COLUMN`` for columns with other names.
        encoding: of the table; found if not given.

    Raises:
        TableError: the table won't do, a mark is no number from 0 to ``most``, or no row has
            a mark.
    """
    source = open_table(table, encoding)
    parts = long_parts(source, mapping)
    if ANSWER not in parts:
        raise TableError(
            f"{table}: has no column '{ANSWER}', and marks need a row an answer: name the column "
            f"of answers with  --map {ANSWER}=COLUMN"
        )
    names = {name: part for part, name in parts.items()}
    check_columns([names.get(name, name) for name in source.columns], str(table), q=q)
    marks = find_column(column, source.columns)
    if marks is None:
        named = ", ".join(f"'{name}'" for name in source.columns)
        raise TableError(
            f"{table}: has no column '{column}' of marks: it has {named}; choose with  --mark"
        )
    numbered = list(text_rows(source))
    marked = [
        Marked(
            n,
            _mark(row[marks], most, f"{table}: row {n}: {marks}"),
            {part: row[name] for part, name in parts.items()},
        )
        for n, row in numbered
        if row[marks].strip()
    ]
    if not marked:
        raise TableError(f"{table}: no row has a mark in '{marks}': there is nothing to compare")
    return marked, len(numbered) - len(marked)


def judge(
    grader: Grader, marked: Sequence[Marked], unmarked: int, *, q: str | None = None
) -> Judgement:
    """Grade what people have marked; an answer that can't be graded is no zero."""
    judged, failures = [], []
    for chunk in _chunks(marked):
        questions = [grader.row_question(m.cells, q) for m in chunk]
        answers = [m.cells[ANSWER] for m in chunk]
        results = grader.grade_all(zip(answers, questions, strict=True))
        for one, question, result in zip(chunk, questions, results, strict=True):
            if isinstance(result, Failure):
                failures.append((one, result))
            else:
                assert isinstance(question, Question)
                judged.append(Judged(one, result, question.scale.pass_score))
    return Judgement(tuple(judged), tuple(failures), unmarked)


def _chunks(marked: Sequence[Marked]) -> Iterator[list[Marked]]:
    rest = iter(marked)
    while chunk := list(islice(rest, _CHUNK)):
        yield chunk


def _mark(cell: str, most: float, where: str) -> float:
    try:
        mark = float(cell)
    except ValueError:
        raise TableError(f"{where} = '{cell.strip()}': is no number") from None
    if not 0 <= mark <= most:
        raise TableError(
            f"{where} = {cell.strip()}: must be from 0 to {most:g}: name the highest mark with  "
            "--max-mark"
        )
    return mark / most
