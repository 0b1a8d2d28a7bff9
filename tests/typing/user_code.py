"""Code as a user of the library writes it: not run, but type-checked with the package."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import assert_type

import pandas as pd

from grader import (
    Asked,
    Audit,
    Candidate,
    Failure,
    Feedback,
    Grade,
    Grader,
    InputError,
    Judge,
    Movement,
    Pair,
    Question,
    Ranking,
    Settings,
    Similar,
    audit_table,
    candidate_feedback,
    load_settings,
    move_speech,
    rank_candidates,
    similar_answers,
    write_feedback,
)


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


def groups(frame: pd.DataFrame) -> pd.DataFrame:
    """A graded table in, rates of groups out."""
    audit = audit_table(frame, Asked(groups=("sex", "ethnicity"), pass_mark=0.5))
    assert_type(audit, Audit)
    for comparison in audit.of("selection"):
        for group in comparison.groups:
            assert_type(group.ratio, float | None)
    movement = move_speech(Grader(), answers=3)
    assert_type(movement, Movement)
    assert_type(movement.mean_size, float)
    return audit.to_frame()


async def in_a_service(text: str) -> dict[str, object]:
    """In an event loop."""
    grade = await Grader().grade_async(text, "dropout")
    return dict(grade.to_dict())


def ranked(frame: pd.DataFrame) -> pd.DataFrame:
    """A frame of answers to a frame of candidates."""
    ranking = rank_candidates(Grader(blank="zero").grade_frame(frame), weights={"dropout": 2.0})
    assert_type(ranking, Ranking)
    assert_type(ranking.candidates[0], Candidate)
    assert_type(ranking.candidates[0].rank, int | None)
    return ranking.frame()


def pages(frame: pd.DataFrame, folder: Path) -> list[str]:
    """A graded table in, a page a candidate out."""
    feedback = candidate_feedback(frame, reveal="points", candidate=["first", "last"])
    assert_type(feedback, Feedback)
    assert_type(feedback.frame(), pd.DataFrame)
    return write_feedback(feedback, folder)


def alike(frame: pd.DataFrame) -> list[str]:
    """A graded table in, pairs of answers out."""
    similar = similar_answers(frame, expected=0.1, words_only=True)
    assert_type(similar, Similar)
    assert_type(similar.frame(), pd.DataFrame)
    for pair in similar.pairs:
        assert_type(pair, Pair)
        assert_type(pair.meaning, float | None)
    return [quote for pair in similar.pairs for quote in pair.first.quotes]
