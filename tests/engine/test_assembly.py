from dataclasses import replace

import pytest

from grader.engine.assembly import Measure, Verdicts, assemble
from grader.engine.confidence import load_doubt
from grader.records import (
    Evidence,
    KeyPoint,
    KeyPointResult,
    Misconception,
    MisconceptionResult,
    Question,
)

SAID = Evidence("it falls", 0, 8)
ERROR = Evidence("it rises", 10, 18)


def question(*key_points, against=()):
    error = Misconception(
        id="up",
        claim="It rises.",
        cost=1,
        correction="It falls.",
        why="Gravity.",
        authority="Newton",
        against=against,
    )
    return Question(
        id="q",
        prompt="Where to?",
        references=(),
        key_points=key_points,
        misconceptions=(error,),
        digest="",
    )


def key_point(id_, points, *, bonus=False):
    return KeyPoint(id=id_, points=points, claim=f"Claim {id_}.", bonus=bonus)


def covered(k):
    return KeyPointResult(k.id, k.claim, "covered", k.points, k.points, 1.0, SAID, k.bonus)


def missing(k):
    return replace(covered(k), verdict="missing", points=0.0, evidence=None)


def error(*, asserted):
    verdict, cost, evidence = ("asserted", 1.0, ERROR) if asserted else ("absent", 0.0, None)
    return MisconceptionResult(
        "up", "It rises.", verdict, cost, 1.0, evidence, "It falls.", "Gravity.", "Newton"
    )


def graded(q, *key_points, asserted):
    verdicts = Verdicts(key_points=key_points, misconceptions=(error(asserted=asserted),), flags=())
    return assemble(q, verdicts, Measure(review_below=0.0, doubt=load_doubt()), {})


def test_a_point_and_the_error_that_excludes_it_is_no_knowledge():
    down, other = key_point("down", 3), key_point("other", 2)
    q = question(down, other, against=("down",))
    grade = graded(q, covered(down), covered(other), asserted=True)
    assert [k.verdict for k in grade.key_points] == ["contradicted", "covered"]
    assert grade.key_points[0].evidence == ERROR
    assert grade.points == 2 - 1
    assert grade.flags == ("contradicts_itself",)
    assert grade.needs_review


@pytest.mark.parametrize(("against", "asserted", "points"), [((), True, 4), (("down",), False, 5)])
def test_nothing_is_excluded_without_both(against, asserted, points):
    down, other = key_point("down", 3), key_point("other", 2)
    q = question(down, other, against=against)
    grade = graded(q, covered(down), covered(other), asserted=asserted)
    assert grade.points == points
    assert grade.flags == ()


def test_a_point_that_was_not_said_does_not_contradict_the_error():
    down, other = key_point("down", 3), key_point("other", 2)
    q = question(down, other, against=("down",))
    grade = graded(q, missing(down), covered(other), asserted=True)
    assert grade.key_points[0].verdict == "missing"
    assert grade.flags == ()


def test_a_bonus_makes_up_for_another_point_and_is_not_needed():
    must, extra = key_point("must", 4), key_point("extra", 2, bonus=True)
    other = key_point("other", 4)
    q = question(must, other, extra)
    assert q.max_points == 8
    short = graded(q, covered(must), covered(other), missing(extra), asserted=False)
    assert short.score == 1.0
    helped = graded(q, covered(must), missing(other), covered(extra), asserted=False)
    assert (helped.points, helped.max_points) == (6, 8)
    full = graded(q, covered(must), covered(other), covered(extra), asserted=False)
    assert full.points == 8


def test_a_bonus_does_not_pay_for_an_error():
    must, extra = key_point("must", 4), key_point("extra", 2, bonus=True)
    grade = graded(question(must, extra), covered(must), covered(extra), asserted=True)
    assert grade.points == 4 - 1
