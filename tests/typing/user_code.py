"""Code as a user of the library writes it: not run, but type-checked with the package."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_type

import pandas as pd

from grader import Failure, Grade, Grader, InputError, Judge, Question, Settings, load_settings


def one_answer(text: str) -> float:
    """Grade one answer of the bank."""
    grade = Grader().grade(text, q="dropout")
    assert_type(grade, Grade)
    assert_type(grade.key_points[0].verdict in {"covered", "partial"}, bool)
    for point in grade.key_points:
        if point.evidence is not None:
            assert_type(text[point.evidence.start : point.evidence.end], str)
    return grade.score


def own_reference(text: str, reference: str) -> bool:
    """Grade by a reference of one's own."""
    grader = Grader(load_settings(threads=1))
    question = grader.custom_question(reference, prompt="Why?")
    assert_type(question, Question)
    return grader.grade(text, question).passed


def many(texts: list[str]) -> Iterator[str]:
    """A failure is a record of its own, never a number."""
    with Judge("some-model", settings=Settings()) as judge:
        for result in Grader(judge=judge).grade_many(texts, q="dropout"):
            if isinstance(result, Failure):
                yield f"{result.reason}: {result.message}"
            else:
                yield f"{result.score:.2f} {' '.join(result.flags)}"


def a_frame(frame: pd.DataFrame) -> pd.DataFrame | None:
    """A table in, a table out."""
    try:
        return Grader().grade_frame(frame, q="dropout")
    except InputError as error:
        assert_type(str(error), str)
        return None


async def in_a_service(text: str) -> dict[str, object]:
    """In an event loop."""
    grade = await Grader().grade_async(text, "dropout")
    return dict(grade.to_dict())
