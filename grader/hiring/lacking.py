"""What a candidate's total waits for. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from grader.hiring.records import Graded


@dataclass(frozen=True, slots=True)
class Lack:
    """What a candidate's total waits for, of the questions that count."""

    answer: bool
    """Whether one was left blank, or has no row."""
    mark: bool
    """Whether an answer to one could not be graded for another reason."""


def lack_of(
    rows: Sequence[Graded], weights: Mapping[str, float], beside: Mapping[str, set[str]]
) -> Lack:
    """What is lacking in a candidate's rows; a question of weight 0 doesn't count.

    Args:
        rows: the candidate's.
        weights: what each question is worth.
        beside: see ``asked_beside``. An answer to a question without a weight may be one to a
            question that has no row, its id mistyped, unless somebody has both.
    """
    by_question = {row.question_id: row for row in rows}
    counting = [question for question, weight in weights.items() if weight]
    without = {question for question in counting if question not in by_question}
    unmarked = [row for row in rows if row.score is None]
    return Lack(
        answer=bool(without) or any(r.blank and r.question_id in counting for r in unmarked),
        mark=any(
            not row.blank
            and (
                row.question_id in counting
                or (row.question_id not in weights and without - beside[row.question_id])
            )
            for row in unmarked
        ),
    )


def asked_beside(
    people: Iterable[Sequence[Graded]], weights: Mapping[str, float]
) -> dict[str, set[str]]:
    """By question without a weight, those that somebody has a row for who has one for it."""
    found: dict[str, set[str]] = defaultdict(set)
    for rows in people:
        own = {row.question_id for row in rows}
        for question in own - weights.keys():
            found[question] |= own
    return found
