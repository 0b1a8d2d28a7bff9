"""Answers that people have marked: read from a table, and graded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from grader.batch.readers import open_table, text_rows
from grader.batch.roles import find_column, is_alike, long_parts
from grader.columns import ANSWER, QUESTION, QUESTION_ID, REFERENCE, check_columns
from grader.errors import TableError
from grader.evaluation.agreement import Numbers
from grader.evaluation.scale import Scale, find_scale, highest, split_mark, without_scale
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
    most: float | None = None,
    *,
    q: str | None = None,
    mapping: Sequence[str] = (),
    encoding: str | None = None,
) -> tuple[list[Marked], int]:
    """The rows that have a mark, and how many have none.

    Args:
        table: any long table for ``grade batch``, with a column of marks besides.
        column: the column of the marks.
        most: the highest mark: marks are divided by it. Without it what the table says counts:
            a cell such as ``7/10``, a header such as ``mark (out of 10)``, a column ``max``; or
            1 if no mark is higher.
        q: the question of rows that name none.
        mapping: ``PART=COLUMN`` for columns with other names.
        encoding: of the table; found if not given.

    Raises:
        TableError: the table won't do, a mark is not a number from 0 to ``most``, no row has
            a mark, or nothing says what marks are out of.
    """
    source = open_table(table, encoding)
    parts = long_parts(source, mapping)
    if ANSWER not in parts:
        raise TableError(
            f"{table}: has no column '{ANSWER}', and marks need one answer a row: name the column "
            f"of answers with --map {ANSWER}=COLUMN"
        )
    names = {name: part for part, name in parts.items()}
    check_columns([names.get(name, name) for name in source.columns], str(table), q=q)
    marks = find_marks(column, source.columns)
    if marks is None:
        named = ", ".join(f"'{name}'" for name in source.columns)
        raise TableError(
            f"{table}: has no column '{column}' of marks: it has {named}; choose with --mark"
        )
    numbered = list(text_rows(source))
    given = [(n, row) for n, row in numbered if row[marks].strip()]
    if not given:
        raise TableError(f"{table}: no row has a mark in '{marks}': there is nothing to compare")
    scale = Scale(most) if most is not None else find_scale(source.columns, marks)
    read = [_out_of(n, row, marks, scale, table) for n, row in given]
    unsaid = [value for value, own in read if own is None]
    usual = highest(unsaid, f"{table}: column '{marks}'") if unsaid else 1.0
    marked = [
        Marked(
            n,
            _share(value, own or usual, f"{table}: row {n}: {marks} = {row[marks].strip()}"),
            {part: row[name] for part, name in parts.items()},
        )
        for (n, row), (value, own) in zip(given, read, strict=True)
    ]
    return marked, len(numbered) - len(marked)


def find_marks(column: str, columns: Sequence[str]) -> str | None:
    """The column of marks by its name, which may go on to say what they are out of."""
    found = find_column(column, columns)
    if found is not None:
        return found
    scaled = [c for c in columns if without_scale(c) != c and is_alike(without_scale(c), column)]
    return scaled[0] if len(scaled) == 1 else None


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


def _out_of(
    number: int, row: Mapping[str, str], marks: str, scale: Scale, table: Path
) -> tuple[float, float | None]:
    """A row's mark, and what it is out of where its cell or the scale says so."""
    text, own = split_mark(row[marks])
    try:
        mark = float(text)
    except ValueError:
        where = f"{table}: row {number}: {marks}"
        raise TableError(f"{where} = '{row[marks].strip()}': is not a number") from None
    return mark, own or scale.of(row)


def _share(mark: float, most: float, where: str) -> float:
    if not 0 <= mark <= most:
        raise TableError(
            f"{where}: must be from 0 to {most:g}: name the highest mark with --max-mark"
        )
    return mark / most
