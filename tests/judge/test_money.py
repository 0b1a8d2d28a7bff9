"""Calls, tokens and money: counted, limited, foretold and never paid twice."""

import json
import os
import signal
import sqlite3
import subprocess
import threading
import time
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader import Grader, Judge
from grader.errors import InputError, JudgeBudgetError, OutputError, SettingsError
from grader.judge.budget import Budget, Price, Usage, parse_prices
from grader.judge.cache import ReplyCache, cache_folder, cache_key
from grader.judge.judge import Case
from grader.judge.replies import Tokens, tokens_of
from grader.settings import Settings
from tests.support.command import GRADE, refused
from tests.support.command import grade as command
from tests.support.llm_server import (
    Fault,
    PromptCache,
    answer_of,
    completion,
    rung_of,
    serving,
    verdicts,
)

ANSWER = "While training, each unit is set to zero at random with some probability p."
PRICES = "tiny=1/10"
COST = 100 * 1e-6 + 20 * 10e-6


def good(request, _):
    return verdicts(request)


def settings(server, **more):
    fixed = {"llm_canary_rate": 0.0, "llm_backoff": 0.001, "llm_prices": PRICES, **more}
    return Settings(llm_model="tiny", llm_base_url=server.url, **fixed)


def cases(grader, n):
    question = grader.question("dropout")
    return [Case(f"{ANSWER} Version {i}.", question) for i in range(n)]


# ── counting ────────────────────────────────────────────────────────────────


def test_tokens_and_cost_are_in_every_grade_and_in_the_total(grader):
    with serving(good) as server, Judge(settings=settings(server, llm_runs=2)) as judge:
        own = Grader(Settings(), encoder=grader.encoder, verifier=grader.verifier, judge=judge)
        grades = own.grade_many([ANSWER, f"{ANSWER} Again."], q="dropout")
    for grade in grades:
        report = grade.judge
        assert (report.calls, report.prompt_tokens, report.completion_tokens) == (2, 200, 40)
        assert report.cost == pytest.approx(2 * COST)
    assert judge.budget.cost == pytest.approx(4 * COST)
    assert judge.budget.total == Usage(4, 400, 80)


def test_failed_calls_are_paid_for_too(grader):
    with (
        serving(lambda *_: "nonsense") as server,
        Judge(settings=settings(server, llm_attempts=2)) as judge,
    ):
        [report] = judge.assess(cases(grader, 1))
    assert report.status == "failed"
    assert report.calls == len(server.requests) == 5
    assert report.cost == pytest.approx(5 * COST)


def test_a_reply_without_a_count_is_estimated(grader):
    def script(request, _):
        return completion(verdicts(request), request) | {"usage": None}

    with serving(script) as server, Judge(settings=settings(server)) as judge:
        [report] = judge.assess(cases(grader, 1))
    sent = sum(len(m["content"]) for m in server.requests[0]["messages"])
    assert report.prompt_tokens == pytest.approx(sent / 4, abs=1)
    assert report.completion_tokens > 0


def test_without_a_price_the_cost_is_unknown_not_nothing(grader):
    with serving(good) as server, Judge(["tiny", "other"], settings=settings(server)) as judge:
        [report] = judge.assess(cases(grader, 1))
        assert report.cost is None
        assert judge.budget.cost is None


@pytest.mark.parametrize("text", ["tiny", "tiny=1", "tiny=a/b", "=1/2", "tiny=-1/2", "tiny=nan/1"])
def test_a_price_that_is_none_is_refused(text):
    with pytest.raises(SettingsError, match="MODEL=PROMPT/COMPLETION"):
        parse_prices(text)


def test_prices_are_read_by_model():
    prices = parse_prices("gpt-5-mini=0.25/2, org/model=with=1/4,")
    assert prices == {"gpt-5-mini": Price(0.25, 2), "org/model=with": Price(1, 4)}


def test_a_third_price_is_that_of_tokens_the_endpoint_had_kept():
    assert parse_prices("m=1/10/0.1") == {"m": Price(1, 10, 0.1)}
    assert Price(1, 10, 0.1).of(1_000_000, 0, 900_000) == pytest.approx(0.1 + 0.09)
    assert Price(1, 10).of(1_000_000, 0, 900_000) == 1, "without one they cost what the others do"
    for text in ("m=1/10/-1", "m=1/10/x", "m=1/2/3/4", "m=1"):
        with pytest.raises(SettingsError, match=r"is not a price: write .*0\.25/2/0\.025"):
            parse_prices(text)


def told(name):
    return lambda cached: {name: cached}


@pytest.mark.parametrize(
    "say",
    [None, told("prompt_cache_hit_tokens"), told("cache_read_input_tokens"), told("cached_tokens")],
    ids=["OpenAI, vLLM", "DeepSeek", "Anthropic", "Moonshot"],
)
def test_all_answers_to_a_question_share_what_the_endpoint_keeps(grader, say):
    with (
        serving(PromptCache(good, say=say)) as server,
        Judge(settings=settings(server, llm_prices="tiny=1/10/0.1", llm_concurrency=1)) as judge,
    ):
        first, *others = judge.assess(cases(grader, 5))
        assert first.cached_tokens == 0
        for report in others:
            assert report.cached_tokens > 0.8 * report.prompt_tokens
            fresh = report.prompt_tokens - report.cached_tokens
            assert report.cost == pytest.approx(
                (fresh + 0.1 * report.cached_tokens + 10 * report.completion_tokens) * 1e-6
            )
        total = judge.budget.total
        assert total.cached_tokens == sum(r.cached_tokens for r in others)
        assert judge.budget.cost == pytest.approx(sum(r.cost for r in [first, *others]))


@pytest.mark.parametrize(
    "details", [None, [], "many", {"cached_tokens": "x"}, {"cached_tokens": -1}]
)
def test_a_count_of_kept_tokens_that_cannot_be_right_is_none(details):
    usage = {"prompt_tokens": 100, "completion_tokens": 20, "prompt_tokens_details": details}
    body = json.dumps(completion("x", {"model": "m"}) | {"usage": usage})
    assert tokens_of(body, "") == Tokens(100, 20, 0)
    usage["prompt_tokens_details"] = {"cached_tokens": 500}
    body = json.dumps(completion("x", {"model": "m"}) | {"usage": usage})
    assert tokens_of(body, "").cached == 100, "no more than there were"


# ── limits ──────────────────────────────────────────────────────────────────


def test_the_limit_of_calls_holds_under_concurrency(grader):
    with serving(good) as server, Judge(settings=settings(server, llm_max_calls=7)) as judge:
        reports = judge.assess(cases(grader, 30))
    assert len(server.requests) == 7
    assert sum(r.status == "judged" for r in reports) == 7
    failed = [r for r in reports if r.status == "failed"]
    assert {r.failures[0].reason for r in failed} == {"JudgeBudgetError"}


def test_the_limit_of_cost_is_passed_by_the_calls_in_flight_at_most(grader):
    with (
        serving(good) as server,
        Judge(settings=settings(server, llm_max_cost=10 * COST, llm_concurrency=4)) as judge,
    ):
        reports = judge.assess(cases(grader, 40))
    assert 10 <= len(server.requests) <= 14
    assert sum(r.status == "judged" for r in reports) == len(server.requests)


def test_a_limit_of_cost_needs_prices():
    with pytest.raises(SettingsError, match="--llm-prices other="):
        Judge("other", llm_base_url="http://127.0.0.1:9", llm_prices=PRICES, llm_max_cost=1)


@given(st.integers(0, 20), st.lists(st.integers(0, 500), max_size=40))
def test_no_more_calls_than_allowed_are_ever_begun(most, tokens):
    budget = Budget({"a": Price(1, 1)}, max_calls=most)
    begun = 0
    for n in tokens:
        try:
            budget.claim()
        except JudgeBudgetError:
            continue
        begun += 1
        budget.spend("a", n, n)
    assert begun == budget.total.calls == min(most, len(tokens))
    assert budget.cost >= 0


# ── the cache ───────────────────────────────────────────────────────────────


def test_running_again_costs_nothing_and_gives_the_same(grader):
    with serving(good) as server:
        with Judge(settings=settings(server, llm_runs=2)) as judge:
            first = judge.assess(cases(grader, 3))
        with Judge(settings=settings(server, llm_runs=2)) as judge:
            second = judge.assess(cases(grader, 3))
        assert len(server.requests) == 6
    assert [r.votes for r in first] == [r.votes for r in second]
    assert {(r.calls, r.cached, r.cost, r.prompt_tokens) for r in second} == {(0, 2, 0.0, 0)}
    assert judge.budget.total == Usage(cached=6)


def test_each_run_is_asked_even_where_their_prompts_are_the_same(grader):
    case = Case(
        "It boils at about 100 degrees.", grader.custom_question("Water boils at 100 degrees.")
    )
    with serving(good) as server:
        for runs in (1, 3):
            with Judge(settings=settings(server, llm_runs=runs)) as judge:
                [report] = judge.assess([case])
    assert len({json.dumps(request) for request in server.requests}) == 1
    assert (report.calls, report.cached) == (2, 1)


@pytest.mark.parametrize(
    "change",
    [
        {"llm_seed": 1},
        {"llm_temperature": 0.5},
        {"llm_max_output_tokens": 99},
        {"llm_model": "other"},
        {"llm_cache": "off"},
    ],
    ids=str,
)
def test_another_request_is_asked_anew(grader, change):
    with serving(good) as server:
        for more in ({}, change):
            own = settings(server)
            fields = {f: getattr(own, f) for f in Settings.__dataclass_fields__} | more
            with Judge(settings=Settings(**fields)) as judge:
                judge.assess(cases(grader, 1))
        assert len(server.requests) == 2


def test_only_replies_that_follow_the_schema_are_kept(grader):
    with (
        serving(lambda *_: "nonsense") as server,
        Judge(settings=settings(server, llm_attempts=1)) as judge,
    ):
        judge.assess(cases(grader, 1))
    with closing(ReplyCache(cache_folder(""))) as cache:
        assert cache.info().replies == 0


def test_the_rung_is_remembered_from_run_to_run(grader):
    def script(request, _):
        return verdicts(request) if rung_of(request) == "plain" else Fault(400)

    with serving(script) as server:
        for i in range(2):
            with Judge(settings=settings(server, llm_seed=i)) as judge:
                judge.assess(cases(grader, 1))
        assert [rung_of(r) for r in server.requests] == ["schema", "tool", "json", "plain", "plain"]


def test_a_file_that_is_no_cache_is_a_clear_error(tmp_path):
    (tmp_path / "replies.sqlite").write_bytes(b"nothing of the kind" * 100)
    with pytest.raises(OutputError, match="delete it"):
        ReplyCache(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="--llm-cache"):
        ReplyCache(tmp_path / "file" / "folder")


def test_a_cache_is_its_owners_alone_and_shared_by_processes(tmp_path):
    one, two = ReplyCache(tmp_path / "c"), ReplyCache(tmp_path / "c")
    assert (tmp_path / "c").stat().st_mode & 0o077 == 0
    one.put("k", "text")
    assert two.get("k") == "text"
    assert two.get("other") is None
    assert one.clear() == 1
    assert two.info().replies == 0
    one.close()
    two.close()


@given(st.dictionaries(st.text(), st.text() | st.integers(), max_size=4))
def test_a_key_does_not_depend_on_the_order(request):
    assert cache_key(request) == cache_key(dict(reversed(request.items())))


def test_the_cache_command(tmp_path):
    folder = tmp_path / "c"
    cache = ReplyCache(folder)
    cache.put("k", "text")
    cache.close()
    env = {"GRADER_LLM_CACHE": str(folder)}
    assert "1 reply, " in command("cache", "info", env=env).stdout
    assert "1 reply forgotten" in command("cache", "clear", "--llm-cache", folder).stdout
    assert "0 replies" in command("cache", "info", env=env).stdout
    refused(command("cache", "info", "--llm-cache", "off"), "is off")


@pytest.mark.slow
def test_kill_9_and_again_no_answer_is_lost_and_none_that_was_paid_is_asked_again(tmp_path):
    n = 40
    rows = "".join(f'"{ANSWER} Version {i}.",dropout\n' for i in range(n))
    (tmp_path / "in.csv").write_text(f"answer,question_id\n{rows}")
    enough = threading.Event()

    def script(request, number):
        if number == 10:
            enough.set()
        if number >= 10 and not done:
            time.sleep(5)
        return verdicts(request)

    done = []
    with serving(script) as server:
        env = os.environ | {
            "OPENAI_BASE_URL": server.url,
            "GRADER_LLM_CANARY_RATE": "0",
            "GRADER_LLM_CONCURRENCY": "4",
        }
        args = ["batch", "in.csv", "-o", "out.csv", "--llm", "--llm-model", "tiny"]
        process = subprocess.Popen([*GRADE, *args], env=env, cwd=tmp_path)
        assert enough.wait(60)
        process.send_signal(signal.SIGKILL)
        process.wait()
        done.append(True)
        paid = len(server.requests)
        again = command(*args, env=env)
        assert again.returncode == 0, again.stderr
        assert len(server.requests) - n <= 4 + 1, "those in flight alone were asked twice"
        assert f"calls: {len(server.requests) - paid}," in again.stderr
    assert (tmp_path / "out.csv").read_text().count('""status"": ""judged""') == n


# ── the dry run ─────────────────────────────────────────────────────────────


def test_a_forecast_is_what_the_run_then_takes(grader):
    items = [(c.answer, c.question) for c in cases(grader, 20)]
    items += [*items[:3], ("Too short.", items[0][1]), ("", items[0][1]), ("x", InputError("?"))]
    more = {"llm_runs": 2, "llm_canary_rate": 0.1}
    with serving(good) as server:
        with Judge(settings=settings(server, **more)) as judge:
            own = Grader(Settings(), encoder=grader.encoder, verifier=grader.verifier, judge=judge)
            forecast = own.forecast(items)
            assert server.requests == []
            assert (forecast.answers, forecast.calls, forecast.cached) == (20, 42, 0)
            own.grade_all(items)
            assert len(server.requests) == forecast.calls
        with Judge(settings=settings(server, **more)) as judge:
            again = Grader(Settings(), judge=judge).forecast(items)
    assert (again.calls, again.cached, again.cost) == (0, 42, 0.0)
    sent = sum(len(json.dumps(r, ensure_ascii=False)) for r in server.requests) / 4
    assert forecast.prompt_tokens == pytest.approx(sent, rel=0.2)
    assert forecast.cost > 0


def test_only_answers_of_which_the_offline_grade_is_unsure_are_sent(grader):
    answers = [ANSWER, "At test time no units are dropped and the full network is used, I think."]
    answers += ["Dropout, well, one hears a lot about it these days and it is said to help."]
    offline = grader.grade_many(answers, q="dropout")
    confidences = sorted(grade.confidence for grade in offline)
    below = round((confidences[0] + confidences[1]) / 2, 4)
    unsure = [a for a, g in zip(answers, offline, strict=True) if g.confidence < below]
    with serving(good) as server, Judge(settings=settings(server, llm_below=below)) as judge:
        own = Grader(Settings(), encoder=grader.encoder, verifier=grader.verifier, judge=judge)
        items = [(answer, own.question("dropout")) for answer in answers]
        forecast = own.forecast(items)
        assert (forecast.answers, forecast.sure, forecast.calls) == (1, 2, 1)
        assert server.requests == []
        grades = own.grade_many(answers, q="dropout")
        assert [answer_of(request) for request in server.requests] == unsure
    for answer, grade, before in zip(answers, grades, offline, strict=True):
        if answer not in unsure:
            assert grade.judge.status == "not_sent"
            assert grade.judge.reason.startswith("the offline grade is sure enough: confidence")
            assert (grade.score, grade.needs_review) == (before.score, before.needs_review)
    assert len(unsure) == 1


def test_all_are_asked_about_by_default_however_sure(grader):
    case = Case(ANSWER, grader.question("dropout"), confidence=1.0)
    with serving(good) as server, Judge(settings=settings(server)) as judge:
        assert judge.assess([case])[0].status == "judged"
    with serving(good) as server, Judge(settings=settings(server, llm_below=0.99)) as judge:
        assert judge.assess([case])[0].status == "not_sent"
        assert server.requests == []


def test_the_dry_run_tells_the_share_that_is_asked_about(tmp_path):
    (tmp_path / "in.csv").write_text(f'answer\n"{ANSWER}"\n"{ANSWER} Again."\n')
    with serving(good) as server:
        env = {"OPENAI_BASE_URL": server.url}
        options = ("--q", "dropout", "--llm", "--llm-model", "tiny", "--dry-run")
        none = command("batch", "in.csv", "-o", "o.csv", *options, "--llm-below", "0.01", env=env)
        refused(
            command("batch", "in.csv", "-o", "o.csv", *options, "--llm-below", "2", env=env),
            "llm_below",
        )
    assert none.stdout.startswith("answers to send: 0 of 2 (0%), calls: 0, ")


def test_a_forecast_needs_a_judge(grader):
    with pytest.raises(InputError, match="no judge"):
        grader.forecast([])


def test_the_command_says_what_it_would_take_and_sends_nothing(tmp_path):
    (tmp_path / "in.csv").write_text(f'answer\n"{ANSWER}"\n"{ANSWER} Again."\n')
    with serving(good) as server:
        env = {"OPENAI_BASE_URL": server.url}
        options = ("--q", "dropout", "--llm", "--llm-model", "tiny", "--dry-run")
        one = command("--text", ANSWER, *options, env=env)
        table = command("batch", "in.csv", "-o", "out.csv", *options, "--llm-prices", "tiny=1/2")
        assert server.requests == []
    assert one.stdout.startswith("answers to send: 1, calls: 1, ")
    assert "cost unknown" in one.stdout
    refused(table, "OPENAI_API_KEY")
    with serving(good) as server:
        env = {"OPENAI_BASE_URL": server.url}
        prices = ("--llm-prices", "tiny=1/2")
        table = command("batch", "in.csv", "-o", "out.csv", *options, *prices, env=env)
    assert table.stdout.startswith("answers to send: 2, calls: 2, ")
    assert "cost 0.0" in table.stdout
    assert not (tmp_path / "out.csv").exists()
    refused(command("--text", "x", "--q", "dropout", "--dry-run"), "add --llm")


def test_a_batch_tells_what_it_took(tmp_path):
    (tmp_path / "in.csv").write_text(f'answer\n"{ANSWER}"\n')
    with serving(good) as server:
        options = ("--q", "dropout", "--llm", "--llm-model", "tiny", "--llm-prices", PRICES)
        env = {"OPENAI_BASE_URL": server.url}
        first = command("batch", "in.csv", "-o", "a.csv", *options, env=env)
        second = command("batch", "in.csv", "-o", "b.csv", *options, env=env)
        limited = command("--text", "It drops units now.", *options, "--max-calls", "0", env=env)
    paid = "judge: calls: 1, tokens: 100 + 20, replies from the cache: 0, cost 0.0003"
    assert paid in first.stderr
    assert "judge: calls: 0, tokens: 0 + 0, replies from the cache: 1, cost 0.0000" in second.stderr
    assert "the limit of 0 calls is reached" in " ".join(limited.stdout.split())


def test_the_cache_keeps_no_answer_but_what_replies_quote(tmp_path, grader):
    with serving(good) as server, Judge(settings=settings(server)) as judge:
        judge.assess(cases(grader, 1))
    with closing(ReplyCache(cache_folder(""))) as cache:
        file = cache.file
    with closing(sqlite3.connect(file)) as db:
        tables = db.execute("SELECT key, text FROM replies").fetchall()
    assert len(tables) == 1
    assert "Version 0" not in tables[0][1]
