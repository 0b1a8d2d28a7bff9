"""The draw of public exams: which answers are asked about, and which marked ones may go along.

Two sets: ``saf_english.csv`` (Filighera et al. 2022, MIT) and ``beetle.csv`` (SemEval-2013 Task 7,
Dzikovska et al. 2013, CC BY-SA 3.0). Of each, 8 questions of the part for training
are drawn by seed, no two in the same words, from those that say what they ask and where no mark is
that of more than three quarters of the answers. Half of the answers to each, drawn by seed, are
the table of people's marks; of the other half 8 are asked about, of every mark in turn. Only ids
of rows are kept in this folder, no answer of the sets.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import zip_longest
from pathlib import Path

import pandas as pd

from grader.bank.rubrics import question_from_reference
from grader.engine.screening import is_too_short
from grader.judge.exemplars import Marked, of_marks
from grader.reading.text import fold, words
from grader.records import Question

MARKS = {"saf_english": "score", "beetle": "score_5way"}
"""Each set's column of marks, 0 to 1; that of Beetle has halves."""
SEED, QUESTIONS, ANSWERS = 14, 8, 8
_UNSAID = frozenset({"explain your reasoning.", "why?", "why not?"})
_MOST_ALIKE = 0.75


@dataclass(frozen=True, slots=True)
class Asked:
    """An answer that the judge is asked about."""

    number: int
    """Its place in the order: all that the judge is told of it."""
    row: str
    answer: str
    mark: float


@dataclass(frozen=True, slots=True)
class Part:
    """A question of an exam."""

    exam: str
    id: str
    question: Question
    """Made of the reference; the rubric is still to be drafted."""
    table: tuple[Marked, ...]
    """Answers with their marks, which may be told along with others."""
    asked: tuple[Asked, ...]


@cache
def sample(data: Path) -> tuple[Part, ...]:
    """The questions in the order in which they are asked, drawn by lot."""
    chosen = random.Random(SEED)
    drawn = [drawn for exam in MARKS for drawn in _questions(data, exam, chosen)]
    chosen.shuffle(drawn)
    parts, number = [], 0
    for exam, id_, rows in drawn:
        part = _part(exam, id_, rows, chosen, number)
        number += len(part.asked)
        parts.append(part)
    return tuple(parts)


def _questions(
    data: Path, exam: str, chosen: random.Random
) -> Iterator[tuple[str, str, pd.DataFrame]]:
    frame = pd.read_csv(data / f"{exam}.csv", keep_default_na=False)
    frame = frame[(frame.split == "train") & frame.answer.map(lambda a: bool(words(a)))]
    frame = frame.assign(mark=frame[MARKS[exam]].astype(float))
    alike: dict[str, tuple[str, pd.DataFrame]] = {}
    for id_, rows in frame.groupby("question_id", sort=True):
        text = fold(rows.question.iloc[0]).strip()
        if text not in _UNSAID and rows.mark.value_counts(normalize=True).max() <= _MOST_ALIKE:
            alike.setdefault(text, (str(id_), rows))
    for id_, rows in chosen.sample(list(alike.values()), QUESTIONS):
        yield exam, id_, rows


def _part(exam: str, id_: str, rows: pd.DataFrame, chosen: random.Random, first: int) -> Part:
    references = rows.reference.iloc[0].split(" ||| ")
    question = question_from_reference("\nOr: ".join(references), rows.question.iloc[0])
    answers = list(zip(rows.answer_id, rows.answer, rows.mark, strict=True))
    chosen.shuffle(answers)
    half = len(answers) // 2
    asked = _spread([a for a in answers[half:] if not is_too_short(words(a[1]), question)])
    chosen.shuffle(asked)
    return Part(
        exam,
        id_,
        question,
        of_marks((answer, mark) for _, answer, mark in answers[:half]),
        tuple(Asked(first + i, *one) for i, one in enumerate(asked)),
    )


def _spread(answers: list[tuple[str, str, float]]) -> list[tuple[str, str, float]]:
    """As many as are asked about, the marks in turn; each text once."""
    distinct = {fold(answer): (row, answer, mark) for row, answer, mark in answers}.values()
    by_mark: dict[float, list[tuple[str, str, float]]] = {}
    for one in distinct:
        by_mark.setdefault(one[2], []).append(one)
    turns = zip_longest(*(by_mark[mark] for mark in sorted(by_mark)))
    return [one for turn in turns for one in turn if one is not None][:ANSWERS]
