"""Marked answers that are told to the judge along with an answer."""

import json

import numpy as np
import pytest

from grader import Judge
from grader.judge.exemplars import Marked, Shelf, is_copy
from grader.judge.judge import Case
from grader.judge.prompt import build_checklist, build_messages
from grader.records import KeyPoint, Misconception, Question, Reference
from grader.settings import Settings
from tests.support.llm_server import answer_of, marked_of, rubric_of, serving, verdicts

ANSWER = "Units are set to zero at random while the network is being trained."
QUESTION = Question(
    id="q",
    prompt="What is dropout?",
    references=(Reference(origin="model", text="Units are zeroed."),),
    key_points=(
        KeyPoint(id="zeroing", points=1, claim="Units are zeroed."),
        KeyPoint(id="training", points=1, claim="Only in training."),
    ),
    misconceptions=(
        Misconception(
            id="pruning", claim="For good.", cost=1, correction="No.", why="So.", authority="B"
        ),
    ),
    digest="0",
)
NEAR = Marked("Some units are dropped by chance.", {"zeroing": "covered"}, ("pruning",))
FAR = Marked("It is a kind of regularisation.", {})


class ByLength:
    """An encoder for which texts are alike that are about as long."""

    name = "by length"

    def encode(self, texts):
        angles = np.array([len(text) / 200 for text in texts])
        return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def shelf(*marked):
    return Shelf(marked, ByLength().encode([m.answer for m in marked]))


def test_the_nearest_come_first_and_no_more_than_wanted():
    texts = [Marked("x y z " * n, {}) for n in (1, 5, 10, 20)]
    found = shelf(*texts).nearest("a b c " * 9, ByLength(), 2)
    assert found == (texts[2], texts[1])
    assert shelf(*texts).nearest("a b c " * 9, ByLength(), 9) == (
        texts[2],
        texts[1],
        texts[0],
        texts[3],
    )


@pytest.mark.parametrize(
    "copy",
    [
        ANSWER,
        ANSWER.upper(),
        f"  {ANSWER.replace(' ', '  ')}",
        f"I think that {ANSWER} It helps.",
        ANSWER.replace("being trained", "learning"),
        ANSWER[: len(ANSWER) // 2],
    ],
)
def test_neither_the_answer_itself_nor_a_copy_goes_along(copy):
    assert is_copy(copy, ANSWER)
    assert shelf(Marked(copy, {}), FAR).nearest(ANSWER, ByLength(), 5) == (FAR,)


def test_another_answer_in_much_the_same_words_is_no_copy():
    assert not is_copy("In training, units are randomly set to zero by a mask.", ANSWER)
    assert not is_copy("", ANSWER)
    assert is_copy("Yes", "yes")


def test_marked_answers_are_told_with_the_ids_of_the_checklist():
    checklist = build_checklist(QUESTION, seed=0, run=0)
    ids = {p.id: id_ for id_, p in checklist.key_points.items()}
    request = {"messages": build_messages(QUESTION, checklist, ANSWER, [NEAR, FAR])}
    assert marked_of(request) == [
        {"answer": NEAR.answer, "verdicts": {ids["zeroing"]: "covered", "m1": "asserted"}},
        {"answer": FAR.answer, "verdicts": {}},
    ]
    assert answer_of(request) == ANSWER
    bare = build_messages(QUESTION, checklist, ANSWER)
    assert request["messages"][0] == bare[0], "what all answers share stays the same"
    assert json.loads(bare[1]["content"]) == {"answer": ANSWER}


def test_a_case_takes_its_marked_answers_along():
    with serving(lambda request, _: verdicts(request)) as server:
        settings = Settings(llm_model="tiny", llm_base_url=server.url, llm_cache="off")
        with Judge(settings=settings) as judge:
            [report] = judge.assess([Case(ANSWER, QUESTION, marked=(NEAR,))])
        [request] = server.requests
    assert report.status == "judged"
    assert [m["answer"] for m in marked_of(request)] == [NEAR.answer]
    assert rubric_of(request)["question"] == QUESTION.prompt
    with Judge("tiny", llm_base_url=server.url, llm_examples=2) as other:
        assert other.versions["judge_sending"] != report.sending
