"""Which judged grades ask for a person."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.engine import scoring
from grader.engine.assembly import Measure, Verdicts, assemble
from grader.engine.confidence import load_doubt
from grader.engine.costs import points_off
from grader.judge.fusion import combine, fuse
from grader.judge.review import ALWAYS_ASKING, chance_wrong, load_rule, replies, review_reasons
from grader.records import (
    SILENT,
    VERDICTS,
    Evidence,
    JudgeReport,
    KeyPoint,
    KeyPointResult,
    Misconception,
    MisconceptionResult,
    Question,
    Reference,
    Scale,
    Vote,
)

MEASURE = Measure(review_below=0.6, doubt=load_doubt())
HERE = Evidence("words", 0, 5)
POINTS = (1.0, 2.0, 1.5, 1.0)


def question(*, pass_score=0.6, points=POINTS, costs=(1.0,)):
    return Question(
        id="q",
        prompt="What?",
        references=(Reference(origin="model", text="It is so."),),
        scale=Scale(pass_score=pass_score),
        key_points=tuple(
            KeyPoint(id=f"p{i}", points=worth, claim=f"Claim {i}.")
            for i, worth in enumerate(points)
        ),
        misconceptions=tuple(
            Misconception(
                id=f"e{i}", claim="Wrong.", cost=cost, correction="Right.", why="So.", authority="B"
            )
            for i, cost in enumerate(costs)
        ),
        digest="0",
    )


def offline(asked, verdicts, errors=("absent",), sure=0.9):
    """The verifier's grade, as sure of each point as ``sure`` says, or of all alike."""
    chances = [sure] * (len(verdicts) + len(errors)) if isinstance(sure, float) else list(sure)
    found = Verdicts(
        key_points=tuple(
            KeyPointResult(
                k.id,
                k.claim,
                verdict,
                k.points * scoring.credit(verdict, asked.scale),
                k.points,
                chance,
                None if verdict in SILENT else HERE,
                k.bonus,
            )
            for k, verdict, chance in zip(asked.key_points, verdicts, chances, strict=False)
        ),
        misconceptions=tuple(
            MisconceptionResult(
                m.id,
                m.claim,
                verdict,
                points_off(m.cost) * (verdict == "asserted"),
                chance,
                None,
                "",
                "",
                "",
            )
            for m, verdict, chance in zip(
                asked.misconceptions, errors, chances[len(verdicts) :], strict=True
            )
        ),
        flags=(),
    )
    return assemble(asked, found, MEASURE, {"x": "1"})


def votes(verdicts, errors=("absent",), *, void=False, model="a", run=0):
    named = [(f"p{i}", v) for i, v in enumerate(verdicts)]
    named += [(f"e{i}", v) for i, v in enumerate(errors)]
    return [Vote(p, model, run, v, None if v in SILENT else "words", HERE, void) for p, v in named]


def report(said, **more):
    fixed = {"status": "judged", "reason": "", "models": ("a",), "prompt": "1", "runs": 1}
    return JudgeReport(**fixed | more, seed=0, temperature=0.0, votes=tuple(said))


def judged(asked, by_verifier, said, **more):
    return fuse(by_verifier, asked, report(said, **more), MEASURE)


def risk(asked, by_verifier, said):
    return judged(asked, by_verifier, said).judge.risk


ALL, NONE = ["covered"] * 4, ["missing"] * 4
HALF = ["covered", "covered", "missing", "missing"]


def test_where_judge_and_verifier_agree_nobody_is_asked():
    for verdicts in (ALL, NONE):
        grade = judged(question(), offline(question(), verdicts), votes(verdicts))
        assert grade.judge.risk < load_rule().ask_above
        assert (grade.needs_review, grade.review_reasons) == (False, ())


def test_one_point_that_they_see_otherwise_asks_nobody_where_it_does_not_matter():
    asked = question(points=(1.0, 5.0, 5.0, 5.0))
    sure = [0.6, 0.95, 0.95, 0.95, 0.95]
    grade = judged(asked, offline(asked, ["missing", *ALL[1:]], sure=sure), votes(ALL))
    assert "judge_disagrees" in grade.flags
    assert not grade.needs_review


def test_the_same_doubt_asks_where_it_decides_on_passing():
    said = votes(["covered", "covered", "partial", "missing"])
    near, far = (question(pass_score=p) for p in (0.68, 0.2))
    by_verifier = [offline(q, ["covered", "covered", "missing", "missing"]) for q in (near, far)]
    assert risk(near, by_verifier[0], said) > 2 * risk(far, by_verifier[1], said)
    grade = judged(near, by_verifier[0], said)
    assert grade.needs_review
    assert grade.review_reasons == (
        f"chance of a wrong mark {grade.judge.risk:.2f} is above {load_rule().ask_above:.2f}",
    )


def test_a_pass_mark_of_ones_own_decides_in_the_place_of_the_rubrics():
    asked, said = question(), votes(["covered", "covered", "partial", "missing"])
    by_verifier = offline(asked, ["covered", "covered", "missing", "missing"])
    found = []
    for pass_mark in (0.2, 0.68):
        measure = replace(MEASURE, pass_mark=pass_mark)
        grade = fuse(by_verifier, asked, report(said), measure)
        as_rubric = question(pass_score=pass_mark)
        same = fuse(by_verifier, as_rubric, report(said), MEASURE)
        assert (grade.judge.risk, grade.confidence) == (same.judge.risk, same.confidence)
        found.append(grade.judge.risk)
    assert found[1] > 2 * found[0]


@pytest.mark.parametrize("sure", [0.7, 0.8, 0.9, 0.99])
def test_a_judge_that_lifts_every_point_against_the_verifier_asks(sure):
    grade = judged(question(), offline(question(), NONE, sure=sure), votes(ALL))
    assert grade.passed
    assert grade.judge.risk > 0.5
    assert grade.needs_review


def test_the_surer_the_verifier_the_more_a_judge_that_sees_all_otherwise_is_doubted():
    doubts = [
        risk(question(), offline(question(), NONE, sure=sure), votes(ALL))
        for sure in (0.4, 0.6, 0.8, 0.95)
    ]
    assert doubts == sorted(doubts)
    assert doubts[0] < doubts[-1]


def test_a_split_vote_leaves_more_doubt_than_votes_that_agree():
    by_verifier = offline(question(), HALF, sure=0.6)
    one = votes(ALL)
    agreeing = risk(question(), by_verifier, [*one, *votes(ALL, run=1)])
    split = risk(question(), by_verifier, [*one, *votes(ALL, run=1), *votes(NONE, run=2)])
    assert agreeing == risk(question(), by_verifier, one), "to say it twice proves nothing more"
    assert split > agreeing


def test_a_void_vote_tells_nothing():
    by_verifier = offline(question(), HALF)
    said = votes(ALL)
    assert risk(question(), by_verifier, [*said[:2], replace(said[2], void=True), *said[3:]]) != (
        risk(question(), by_verifier, said)
    )


def test_a_reply_whose_quotes_are_all_void_has_no_say_at_all():
    by_verifier = offline(question(), NONE)
    void, sound = votes(HALF, void=True, model="b"), votes(ALL)
    assert replies([*sound, *void]) == [sound]
    alone, both = (judged(question(), by_verifier, said) for said in (sound, [*void, *sound]))
    assert both.key_points == alone.key_points, "its void votes don't count as the verifier's"
    assert both.score == 1.0
    assert (both.judge.scores, both.judge.agreement) == (alone.judge.scores, 1.0)
    assert both.judge.risk == alone.judge.risk
    assert "judge_quote_void" in both.flags


def test_where_no_reply_has_a_say_the_offline_grade_stands_and_asks():
    by_verifier = offline(question(), HALF)
    grade = judged(question(), by_verifier, votes(ALL, void=True))
    assert (grade.score, grade.confidence) == (by_verifier.score, by_verifier.confidence)
    assert grade.judge.risk is None
    assert "flag: judge_quote_void" in grade.review_reasons


def test_what_no_verdict_settles_always_asks():
    rule = load_rule()
    grade = judged(question(), offline(question(), ALL), votes(ALL))
    for flag in sorted(ALWAYS_ASKING):
        flagged = replace(grade, flags=(flag,))
        assert review_reasons(flagged, question(), 0.0, rule) == (f"flag: {flag}",)
    off_topic = replace(grade, flags=("off_topic", "judge_disagrees"))
    assert review_reasons(off_topic, question(), 0.0, rule) == ()
    story = question().model_copy(update={"open_ended": True})
    assert "own experience" in review_reasons(grade, story, 0.0, rule)[0]


def test_an_error_that_excludes_a_point_takes_it_away():
    plain, strict = question(costs=(0.1,)), question(costs=(0.1,))
    against = strict.misconceptions[0].model_copy(update={"against": ("p0", "p1")})
    strict = strict.model_copy(update={"misconceptions": (against,)})
    sure = [0.99] * 4 + [0.6]
    said = votes(ALL)
    assert risk(strict, offline(strict, ALL, sure=sure), said) > 5 * (
        risk(plain, offline(plain, ALL, sure=sure), said)
    )


def test_a_bonus_in_doubt_is_no_doubt_where_full_marks_are_there_without_it():
    bonus = question()
    extra = bonus.key_points[3].model_copy(update={"bonus": True})
    bonus = bonus.model_copy(update={"key_points": (*bonus.key_points[:3], extra)})
    by_verifier = offline(bonus, [*ALL[:3], "missing"], sure=[0.999] * 3 + [0.3, 0.999])
    grade = judged(bonus, by_verifier, votes(ALL))
    assert grade.score == 1.0
    assert grade.judge.risk < 0.01


# ── the arithmetic ──────────────────────────────────────────────────────────

SAID = st.lists(st.sampled_from(VERDICTS), min_size=4, max_size=4)
ERRORS = st.lists(st.sampled_from(("asserted", "absent")), min_size=1, max_size=1)
SURE = st.lists(st.floats(0.26, 1), min_size=5, max_size=5)


@given(SAID, ERRORS, SURE, SAID, ERRORS)
def test_every_score_is_counted_once(verdicts, errors, sure, said, found):
    asked = question()
    by_verifier = offline(asked, verdicts, errors, sure)
    grade = combine(by_verifier, asked, report(votes(said, found)), MEASURE)

    def chance(off_by):
        rule = replace(load_rule(), off_by=off_by)
        here = votes(said, found)
        return chance_wrong(grade, by_verifier, asked, here, rule, MEASURE.on_scale)

    assert chance(0.0) == pytest.approx(1, abs=1e-3), "every score is off by nothing or more"
    assert chance(0.1) >= chance(0.5) >= 0


@given(SAID, ERRORS, SURE)
def test_the_chance_by_the_verifier_is_that_of_all_combinations_of_verdicts(verdicts, errors, sure):
    asked, rule = question(), load_rule()
    by_verifier = offline(asked, verdicts, errors, sure)
    odds = [
        {v: p} | {o: (1 - p) * share for o, share in rule.instead[v].items()}
        for v, p in zip([*verdicts, *errors], sure, strict=True)
    ]
    expected = 0.0
    for combination in product(*odds):
        *points, error = combination
        chance = 1.0
        for verdict, options in zip(combination, odds, strict=True):
            chance *= options[verdict]
        earned = sum(
            worth * scoring.credit(v, asked.scale) for worth, v in zip(POINTS, points, strict=True)
        )
        score = max(0.0, earned - points_off(1.0) * (error == "asserted")) / sum(POINTS)
        off = abs(score - by_verifier.score) >= rule.off_by - 5e-5
        expected += chance * (off or (score >= 0.6) != by_verifier.passed)
    found = chance_wrong(by_verifier, by_verifier, asked, [], rule, MEASURE.on_scale)
    assert found == pytest.approx(expected, abs=1e-3)
