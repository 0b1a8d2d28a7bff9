"""The record of judgements, and what is fitted to it."""

import pytest

from benchmarks.judgements.record import asked, cases_left, labelled, recorded, sample, take
from grader.bank.catalog import Catalog
from grader.errors import JudgeReplyError
from grader.settings import Settings
from training.fit_review import MOST_ASKED, most_asked, shares, threshold


@pytest.fixture(scope="module")
def catalog():
    return Catalog.from_settings(Settings())


def test_the_record_is_of_answers_that_no_network_is_taught(catalog):
    seen = set()
    for judgement in recorded():
        slug, name = judgement.question, judgement.answer
        answer = labelled(catalog, slug)[name]
        assert judgement.side == ("holdout" if answer.holdout else "fit")
        assert (slug, name) not in seen
        seen.add((slug, name))
        votes = judgement.votes(asked(catalog, slug), answer.text)
        assert len(votes) == len(judgement.ids)
    assert len(seen) > 300


def test_a_judgement_of_another_rubric_is_refused(catalog):
    judgement = recorded()[0]
    with pytest.raises(JudgeReplyError):
        judgement.votes(catalog.question("dropout"), "Units drop.")


def test_verdict_lines_become_the_reply_of_an_endpoint(catalog):
    case = next(c for c in sample(catalog) if len(c.answer.text.split()) > 20)
    words = " ".join(case.answer.text.split()[:6])
    [judgement] = take(f"@{case.number}\nk2 c {words}\n", catalog)
    votes = judgement.votes(case.question, case.answer.text)
    covered = [v for v in votes if v.verdict == "covered"]
    assert [v.point for v in covered] == [judgement.ids["k2"]]
    assert {v.verdict for v in votes} == {"covered", "missing", "absent"}
    with pytest.raises(SystemExit, match="no verdict"):
        take(f"@{case.number}\nk2 yes {words}\n", catalog)
    with pytest.raises(SystemExit, match="no such points"):
        take(f"@{case.number}\nk99 c {words}\n", catalog)


def test_what_is_recorded_is_not_asked_again(catalog):
    assert len(cases_left(catalog)) == len(sample(catalog)) - len(recorded())


def test_no_verdict_is_impossible_and_shares_add_up():
    table = shares([("covered", "covered")] * 9, but_itself=False)
    assert table["covered"]["covered"] == pytest.approx(10 / 13, abs=1e-4)
    assert all(share > 0 for row in table.values() for share in row.values())
    assert all(sum(row.values()) == pytest.approx(1, abs=1e-4) for row in table.values())
    others = shares([("missing", "covered")], but_itself=True)
    assert others["missing"] == {"covered": 0.5, "partial": 0.25, "contradicted": 0.25}
    assert others["absent"] == {"asserted": 1.0}


def test_as_few_ask_as_hold_enough_of_the_risk_and_never_too_many():
    few = [0.9, 0.8] + [0.001] * 98
    assert sum(r > threshold(few) for r in few) == 2
    alike = [0.1 + i / 1000 for i in range(100)]
    assert sum(r > threshold(alike) for r in alike) == most_asked(100)


def test_so_few_ask_that_the_share_of_new_grades_is_no_larger_either():
    assert most_asked(141) == 15
    for n in (30, 100, 1000):
        assert 0 <= most_asked(n) < MOST_ASKED * n
    assert most_asked(100_000 // 100) / 1000 > 0.13, "the more are seen, the nearer"
