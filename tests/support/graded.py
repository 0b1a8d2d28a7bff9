"""Graded tables without a model: what a grade says is written down, and put together as ever."""

import csv

from grader.engine.assembly import Measure, Verdicts, assemble
from grader.engine.confidence import load_doubt
from grader.engine.scoring import add_up, credit
from grader.graded_columns import grade_cells
from grader.records import (
    Evidence,
    Failure,
    KeyPoint,
    KeyPointResult,
    Misconception,
    MisconceptionResult,
    Question,
)
from grader.tables.columns import ADDED

MEASURE = Measure(review_below=0.6, doubt=load_doubt())
EMPTY = "the answer is empty: there is nothing to grade"


def question(slug, *points, costs=()):
    """A question whose key points k1, k2 … are worth these points; its errors e1 … cost these."""
    return Question(
        id=slug,
        prompt=f"What is {slug}?",
        references=(),
        key_points=tuple(
            KeyPoint(id=f"k{i}", points=worth, claim=f"{slug} claim {i}")
            for i, worth in enumerate(points, start=1)
        ),
        misconceptions=tuple(
            Misconception(
                id=f"e{i}",
                claim=f"{slug} error {i}",
                cost=cost,
                correction=f"{slug} corrected {i}",
                why="It is so.",
                authority="A book, p. 1",
            )
            for i, cost in enumerate(costs, start=1)
        ),
        digest=f"digest of {slug}",
    )


def grade(asked, verdicts, *, sure=0.9, answer="An answer.", errors=(), flags=(), **versions):
    """A grade: a letter for each key point (c, p, m or x for contradicted), ``errors`` asserted."""
    names = {"c": "covered", "p": "partial", "m": "missing", "x": "contradicted"}
    said = Evidence(answer[:2], 0, len(answer[:2]))
    points = tuple(
        KeyPointResult(
            id=k.id,
            claim=k.claim,
            verdict=names[letter],
            points=k.points * credit(names[letter], asked.scale),
            max_points=k.points,
            probability=sure,
            evidence=None if letter == "m" else said,
            bonus=k.bonus,
        )
        for k, letter in zip(asked.key_points, verdicts, strict=True)
    )
    wrong = tuple(
        MisconceptionResult(
            id=m.id,
            claim=m.claim,
            verdict="asserted" if m.id in errors else "absent",
            cost=m.cost if m.id in errors else 0.0,
            probability=sure,
            evidence=said if m.id in errors else None,
            correction=m.correction,
            why=m.why,
            authority=m.authority,
        )
        for m in asked.misconceptions
    )
    found = Verdicts(key_points=points, misconceptions=wrong, flags=flags)
    versions = {"question": asked.digest, **versions}
    # A score that is just what the verdicts add up to, whatever the fitted doubts make of them.
    added = (add_up(points, wrong), sure)
    return assemble(asked, found, MEASURE, versions, fitted=added)


def row(candidate, asked, result=None, answer="An answer.", **more):
    """A row of a graded table; without a grade that of an answer that was left blank."""
    if result is None:
        result, answer = Failure(asked.id, "AnswerError", EMPTY), ""
    cells = {"candidate": candidate, "question_id": asked.id, "answer": answer}
    return {**cells, **grade_cells(result), **more}


def write(file, rows):
    """The rows as a CSV, with every column that one of them has."""
    columns = dict.fromkeys(name for one in rows for name in one if name not in ADDED)
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, [*columns, *ADDED])
        writer.writeheader()
        writer.writerows(rows)
    return file
