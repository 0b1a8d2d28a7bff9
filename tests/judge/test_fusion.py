"""How the judge's votes and the verifier's verdicts make one grade."""

import asyncio
import dataclasses
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader import Grader, Judge
from grader.engine.calibration import Calibration
from grader.engine.costs import points_off
from grader.errors import JudgeSetupError, SettingsError
from grader.judge import prompt
from grader.judge.fusion import decide
from grader.judge.judge import Case
from grader.records import VERDICTS, Evidence, Vote
from grader.settings import Settings
from tests.support.command import grade as command
from tests.support.command import refused
from tests.support.llm_server import Fault, completion, rubric_of, serving, verdicts

ORDER = ("missing", "contradicted", "partial", "covered")
ANSWER = "While training, each unit is set to zero at random with some probability p."
WORDS = Evidence("words", 0, 5)


def vote(verdict, *, void=False, model="a", run=0):
    return Vote("k", model, run, verdict, "words", None if void else WORDS, void)


def settings(server, **more):
    return Settings(
        llm_model="tiny", llm_base_url=server.url, llm_backoff=0.001, llm_attempts=2, **more
    )


def judged(grader, script, *, answer=ANSWER, q="dropout", **more):
    """The grade by a judge that plays a script, and the server."""
    with serving(script) as server, Judge(settings=settings(server, **more)) as judge:
        own = Grader(grader.settings, encoder=grader.encoder, verifier=grader.verifier, judge=judge)
        return own.grade(answer, q), server


# ── the rule ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("offline", "votes", "final", "probability"),
    [
        ("covered", ["covered"], "covered", (0.7 + 1) / 2),
        ("covered", ["missing"], "missing", (0.1 + 1) / 2),
        ("missing", ["covered", "covered", "missing"], "covered", (0.1 + 2) / 4),
        ("partial", ["covered", "partial"], "partial", (0.7 + 1) / 3),
        ("partial", ["covered", "missing"], "missing", (0.1 + 1) / 3),
        ("covered", ["contradicted", "missing"], "missing", (0.1 + 1) / 3),
        ("covered", [], "covered", 0.7),
    ],
)
def test_the_most_votes_decide_and_a_tie_goes_to_the_verifier_or_to_caution(
    offline, votes, final, probability
):
    decision = decide(offline, 0.7, WORDS, [vote(v) for v in votes], ORDER)
    assert decision.verdict == final
    assert decision.probability == pytest.approx(probability, abs=1e-4)
    assert (decision.evidence is None) == (final == "missing")


def test_a_void_vote_counts_as_the_verifiers():
    decision = decide("missing", 0.7, None, [vote("covered", void=True)], ORDER)
    assert (decision.verdict, decision.probability) == ("missing", 0.7)


VOTES = st.lists(st.builds(vote, st.sampled_from(VERDICTS), void=st.booleans()), max_size=9)


@given(st.sampled_from(VERDICTS), st.floats(0.25, 1), VOTES)
def test_a_decision_is_a_verdict_somebody_gave_with_a_probability(offline, p, votes):
    decision = decide(offline, p, WORDS, votes, ORDER)
    assert decision.verdict in {offline, *(v.verdict for v in votes if not v.void)}
    assert 0 <= decision.probability <= 1
    assert decision == decide(offline, p, WORDS, votes[::-1], ORDER)


@given(st.sampled_from(VERDICTS), st.floats(0.3, 1), st.integers(1, 5))
def test_agreement_raises_the_probability_and_disagreement_lowers_it(offline, p, n):
    agreeing = decide(offline, p, WORDS, [vote(offline)] * n, ORDER)
    assert agreeing.probability >= round(p, 4)
    other = next(v for v in VERDICTS if v != offline)
    split = decide(offline, p, WORDS, [vote(other)] * n, ORDER)
    assert split.probability < agreeing.probability


# ── grades ──────────────────────────────────────────────────────────────────


def test_both_sets_of_verdicts_stand_in_the_grade(grader):
    offline = grader.grade(ANSWER, q="dropout")
    grade, server = judged(grader, lambda request, _: verdicts(request))
    assert len(server.requests) == 1, "one call for all points"
    assert grade.offline == offline
    assert {k.verdict for k in grade.key_points} == {"covered"}
    assert grade.score == 1.0
    assert all(k.evidence.text in ANSWER for k in grade.key_points)
    assert (grade.judge.status, grade.judge.models) == ("judged", ("tiny",))
    assert len(grade.judge.votes) == len(grade.key_points) + len(grade.misconceptions)
    assert (grade.judge.calls, grade.judge.prompt_tokens) == (1, 100)
    assert grade.judge.agreement == 1.0
    assert "judge_disagrees" in grade.flags
    assert grade.needs_review
    assert grade.signature != offline.signature
    assert grade.versions["judge"] == "tiny"
    assert json.loads(json.dumps(grade.to_dict()))["offline"]["score"] == offline.score


def test_the_fused_score_is_put_on_the_users_own_scale(grader, tmp_path):
    calibration = Calibration(
        scores=(0.0, 1.0),
        marks=(0.0, 0.5),
        answers=40,
        versions={"encoder": grader.encoder.name, "verifier": grader.verifier.name},
    )
    file = tmp_path / "own.json"
    file.write_text(calibration.model_dump_json(), encoding="utf-8")
    with (
        serving(lambda request, _: verdicts(request)) as server,
        Judge(settings=settings(server)) as judge,
    ):
        own = Grader(Settings(calibration=file), judge=judge)
        grade = own.grade(ANSWER, "dropout")
    assert (grade.linear_score, grade.score, grade.passed) == (1.0, 0.5, False)


def test_a_judge_that_agrees_makes_the_grade_surer(grader):
    offline = grader.grade(ANSWER, q="dropout")

    def agree(request, _):
        question = grader.question("dropout")
        claims = {k.claim: k.id for k in question.key_points}
        claims |= {m.claim: m.id for m in question.misconceptions}
        said = {r.id: r for r in (*offline.key_points, *offline.misconceptions)}

        def opinion(point):
            result = said[claims[point["claim"]]]
            quote = result.evidence.text if result.evidence else None
            return {"id": point["id"], "quote": quote, "verdict": result.verdict}

        rubric = rubric_of(request)
        return json.dumps(
            {
                "key_points": [opinion(p) for p in rubric["key_points"]],
                "misconceptions": [opinion(p) for p in rubric["misconceptions"]],
            }
        )

    grade, _ = judged(grader, agree)
    assert [k.verdict for k in grade.key_points] == [k.verdict for k in offline.key_points]
    worth = {"covered": 1.0, "partial": 0.5, "missing": 0.0, "contradicted": 0.0}
    assert [k.points for k in grade.key_points] == [
        worth[k.verdict] * k.max_points for k in offline.key_points
    ], "what two agree on is sure"
    assert grade.flags == offline.flags
    assert grade.confidence > offline.confidence


@pytest.mark.parametrize("quote", ["words that nobody said", "", "the", "…"])
def test_a_quote_that_is_not_there_voids_the_verdict(grader, quote):
    offline = grader.grade(ANSWER, q="dropout")
    grade, _ = judged(grader, lambda request, _: verdicts(request, quote=quote))
    assert grade.score == offline.score
    assert "judge_quote_void" in grade.flags
    assert grade.needs_review
    assert all(v.void for v in grade.judge.votes if v.verdict == "covered")
    assert grade.judge.votes[0].quote == quote, "what was said is kept"


def test_several_runs_have_votes_a_spread_and_an_agreement(grader):
    said = ["covered", "covered", "missing"]
    grade, server = judged(
        grader,
        lambda request, n: verdicts(request, said[n]),
        llm_runs=3,
        llm_concurrency=1,
    )
    assert len(server.requests) == 3
    orders = {json.dumps(rubric_of(r)["key_points"]) for r in server.requests}
    assert len(orders) == 3, "each run sees another order"
    assert grade.score == 1.0
    assert sorted(grade.judge.scores) == [0.0, 1.0, 1.0]
    assert grade.judge.spread == 1.0
    assert 0.5 < grade.judge.agreement < 1
    assert {v.run for v in grade.judge.votes} == {0, 1, 2}


def test_a_jury_votes(grader):
    def script(request, _):
        return verdicts(request, "covered" if request["model"] == "kind" else "missing")

    with (
        serving(script) as server,
        Judge(["kind", "kind too", "stern"], settings=settings(server)) as jury,
    ):
        assert jury.models == ("kind", "kind too", "stern")
    models = "kind, stern, grim"
    with serving(script) as server:
        own = dataclasses.replace(settings(server), llm_model=models)
        with Judge(settings=own) as jury:
            grade = Grader(Settings(), judge=jury).grade(ANSWER, q="dropout")
    assert grade.score == 0.0
    assert grade.versions["judge"] == "kind+stern+grim"
    assert {v.model for v in grade.judge.votes} == {"kind", "stern", "grim"}


def test_a_point_that_the_judge_has_no_word_on_earns_what_it_does_offline(grader):
    def script(request, _):
        reply = json.loads(verdicts(request, "partial"))
        reply["key_points"][0] |= {"verdict": "covered", "quote": "nobody said this at all"}
        return json.dumps(reply)

    grade, _ = judged(grader, script)
    offline = {k.id: k for k in grade.offline.key_points}
    voted = {v.point: v for v in grade.judge.votes}
    [kept] = [k for k in grade.key_points if voted[k.id].void]
    assert kept.points == offline[kept.id].points
    assert all(k.points == k.max_points / 2 for k in grade.key_points if k is not kept)


def test_a_misconception_that_the_judge_finds_costs_its_points(grader):
    grade, _ = judged(grader, lambda request, _: verdicts(request, "covered", "asserted"))
    costs = sum(points_off(m.cost) for m in grader.question("dropout").misconceptions)
    assert sum(m.cost for m in grade.misconceptions) == costs
    assert grade.points == max(0, grade.max_points - costs)
    assert all(m.evidence and m.correction for m in grade.misconceptions)


# ── failures ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault(500), "JudgeServerError"),
        (Fault(429, headers={"Retry-After": "9999"}), "JudgeRateLimitError"),
        ("nonsense", "JudgeReplyError"),
    ],
    ids=str,
)
def test_when_the_judge_fails_the_offline_grade_stands_and_says_so(grader, fault, reason):
    offline = grader.grade(ANSWER, q="dropout")
    grade, _ = judged(grader, lambda *_: fault)
    assert (grade.score, grade.key_points) == (offline.score, offline.key_points)
    assert (grade.judge.status, grade.judge.failures[0].reason) == ("failed", reason)
    assert grade.judge.reason.startswith(reason)
    assert "judge_failed" in grade.flags
    assert "flag: judge_failed" in grade.review_reasons
    assert grade.judge.votes == ()
    assert grade.signature == offline.signature


def test_a_run_that_fails_among_others_is_told(grader):
    def script(request, n):
        return completion(None, request, refusal="no") if n == 1 else verdicts(request)

    grade, _ = judged(grader, script, llm_runs=2, llm_concurrency=1)
    assert grade.judge.status == "judged"
    assert [f.reason for f in grade.judge.failures] == ["JudgeRefusalError"]
    assert "judge_failed" in grade.flags


def test_a_bad_key_stops_all(grader):
    with (
        serving(lambda *_: Fault(401, "no")) as server,
        Judge(settings=settings(server)) as judge,
    ):
        question = grader.question("dropout")
        with pytest.raises(JudgeSetupError, match="refuses the key"):
            judge.assess([Case(f"{ANSWER} {i}", question) for i in range(50)])
        assert len(server.requests) <= 17


def test_the_runs_deadline_ends_every_wait(grader):
    with (
        serving(lambda *_: Fault(delay=0.5)) as server,
        Judge(settings=settings(server, llm_run_deadline=0.1)) as judge,
    ):
        question = grader.question("dropout")
        reports = judge.assess([Case(ANSWER, question), Case(f"{ANSWER} Again.", question)])
    assert {r.failures[0].reason for r in reports} == {"JudgeTimeoutError"}
    assert "llm_run_deadline" in reports[0].reason


def test_the_first_call_does_not_wait_until_the_last_request_is_written(grader, monkeypatch):
    written, at_calls = [], []
    build = prompt.build_messages
    monkeypatch.setattr(prompt, "build_messages", lambda *a: written.append(1) or build(*a))

    def script(request, _):
        at_calls.append(len(written))
        return verdicts(request)

    with (
        serving(script) as server,
        Judge(settings=settings(server, llm_concurrency=3)) as judge,
    ):
        question = grader.question("dropout")
        judge.assess([Case(f"{ANSWER} Version {i}.", question) for i in range(40)])
    assert at_calls[0] <= 6
    assert all(there <= 6 + calls for calls, there in enumerate(at_calls))


def test_without_a_run_the_deadline_counts_for_each_call(grader):
    with (
        serving(lambda request, _: verdicts(request)) as server,
        Judge(settings=settings(server, llm_run_deadline=0.5, llm_cache="off")) as judge,
    ):
        case = Case(ANSWER, grader.question("dropout"))
        assert judge.assess([case])[0].status == "judged"
        time.sleep(0.6)
        assert judge.assess([case])[0].status == "judged"
        judge.begin_run()
        time.sleep(0.6)
        assert judge.assess([case])[0].failures[0].reason == "JudgeTimeoutError"


@pytest.mark.parametrize(
    "changed",
    [
        {"llm_suspected": "hold"},
        {"llm_redact": True},
        {"llm_max_output_tokens": 100},
        {"llm_canary_rate": 0.5},
        {"llm_base_url": "http://127.0.0.1:9/other/v1"},
    ],
    ids=str,
)
def test_what_decides_a_reply_is_in_the_signature(changed):
    fixed = {"llm_model": "tiny", "llm_base_url": "http://127.0.0.1:9/v1"}
    with Judge(settings=Settings(**fixed)) as one, Judge(settings=Settings(**fixed | changed)) as b:
        assert one.versions != b.versions


# ── the library and the command ─────────────────────────────────────────────


def test_a_judge_works_inside_an_event_loop_and_awaited(grader):
    question = grader.question("dropout")

    async def main():
        with (
            serving(lambda request, _: verdicts(request)) as server,
            Judge(settings=settings(server)) as judge,
        ):
            plain = judge.assess([Case(ANSWER, question)])
            awaited = await judge.assess_async([Case(ANSWER, question)])
            judge.close()
        return plain, awaited

    plain, awaited = asyncio.run(main())
    assert plain[0].votes == awaited[0].votes


def test_a_judge_without_a_model_says_what_to_do():
    with pytest.raises(SettingsError, match="--llm-model"):
        Judge()


def test_answers_of_a_table_are_judged_side_by_side_and_once_each(grader):
    with (
        serving(lambda request, _: verdicts(request)) as server,
        Judge(settings=settings(server)) as judge,
    ):
        own = Grader(Settings(), encoder=grader.encoder, verifier=grader.verifier, judge=judge)
        grades = own.grade_many([ANSWER, f"{ANSWER} Twice.", ANSWER, ""], q="dropout")
    assert [type(g).__name__ for g in grades] == ["Grade", "Grade", "Grade", "Failure"]
    assert len(server.requests) == 2


@pytest.fixture
def endpoint():
    with serving(lambda request, _: verdicts(request)) as server:
        yield {"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": "test"}, server


def test_the_command_asks_the_judge(endpoint):
    env, server = endpoint
    done = command("--text", ANSWER, "--q", "dropout", "--llm", "--llm-model", "tiny", env=env)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("How does dropout")
    assert "1.00 " in done.stdout
    assert "Judge tiny: judged" in done.stdout
    assert len(server.requests) == 1
    data = json.loads(
        command(
            *("--text", ANSWER, "--q", "dropout", "--llm", "--json", "--llm-runs", "2"),
            *("--llm-model", "a", "--llm-model", "b"),
            env=env,
        ).stdout
    )
    assert data["judge"]["models"] == ["a", "b"]
    assert len(data["judge"]["scores"]) == 4


def test_a_batch_asks_the_judge(endpoint, tmp_path):
    env, server = endpoint
    (tmp_path / "in.csv").write_text(f'name,answer\nAnn,"{ANSWER}"\nBob,\n')
    done = command(
        *("batch", "in.csv", "-o", "out.csv", "--q", "dropout", "--llm", "--llm-model", "tiny"),
        env=env,
    )
    assert done.returncode == 0, done.stderr
    assert '""judge""' in (tmp_path / "out.csv").read_text()
    assert "Ann" not in json.dumps(server.requests), "no column of the table is sent"


def test_options_for_the_judge_need_the_judge():
    refused(command("--text", "x", "--q", "dropout", "--llm-runs", "3"), "add --llm")
    refused(
        command("--text", "x", "--q", "dropout", "--llm", env={"OPENAI_API_KEY": "x"}),
        "--llm-model NAME",
    )


def test_a_bad_key_is_one_line_and_exit_2(tmp_path):
    (tmp_path / "in.csv").write_text(f'answer\n"{ANSWER}"\n')
    with serving(lambda *_: Fault(401, "Incorrect API key provided")) as server:
        env = {"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": "sk-secret"}
        options = ("--q", "dropout", "--llm", "--llm-model", "tiny")
        refused(command("--text", ANSWER, *options, env=env), "refuses the key", "OPENAI_API_KEY")
        refused(command("batch", "in.csv", "-o", "out.csv", *options, env=env), "refuses the key")
    assert not (tmp_path / "out.csv").exists()
