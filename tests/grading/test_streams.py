"""Streams, and the grader in an event loop: the same grades, nothing read far ahead."""

import asyncio
import threading

import pandas as pd
import pytest

from grader.errors import AnswerError
from grader.records import Failure, Grade

ROWS = [
    {"answer": f"Unit number {i} is switched off at random.", "question_id": "dropout"}
    for i in range(5)
]
ROWS.insert(2, {"answer": "", "question_id": "dropout"})
ROWS.append({"answer": "x", "question_id": "nosuch"})


@pytest.mark.parametrize("chunk", [1, 3, 32])
def test_a_stream_gives_the_grades_of_the_rows(grader, chunk):
    assert list(grader.grade_stream(iter(ROWS), chunk=chunk)) == grader.grade_rows(ROWS)


def test_a_stream_reads_no_more_than_a_chunk_ahead(grader):
    read = []

    def endless():
        while True:
            read.append(1)
            yield {"answer": "Units are switched off."}

    stream = grader.grade_stream(endless(), q="dropout", chunk=4)
    grades = [next(stream) for _ in range(5)]
    assert all(isinstance(grade, Grade) for grade in grades)
    assert len(read) == 8


def test_the_async_siblings_give_the_same(grader):
    texts = [row["answer"] for row in ROWS]
    frame = pd.DataFrame(ROWS, index=list("zyxwvut"))

    async def arriving():
        for row in ROWS:
            await asyncio.sleep(0)
            yield row

    async def all_of_them():
        one = await grader.grade_async(texts[0], "dropout")
        many = await grader.grade_many_async(texts, "dropout")
        graded = await grader.grade_frame_async(frame)
        stream = [result async for result in grader.grade_stream_async(arriving(), chunk=2)]
        with pytest.raises(AnswerError):
            await grader.grade_async("", "dropout")
        return one, many, graded, stream

    one, many, graded, stream = asyncio.run(all_of_them())
    assert one == grader.grade(texts[0], "dropout")
    assert many == grader.grade_many(texts, "dropout")
    pd.testing.assert_frame_equal(graded, grader.grade_frame(frame))
    assert list(graded.index) == list(frame.index)
    assert stream == grader.grade_rows(ROWS)
    assert isinstance(stream[2], Failure)


def test_the_event_loop_goes_on_while_answers_are_graded(grader, monkeypatch):
    """Grading waits here for the loop to go on: one that blocked it would wait in vain."""
    went_on = threading.Event()
    monkeypatch.setattr(grader, "grade_many", lambda *_: went_on.wait(5))

    async def both():
        grading = asyncio.create_task(grader.grade_many_async([""], "dropout"))
        await asyncio.sleep(0.01)
        went_on.set()
        return await grading

    assert asyncio.run(both())
