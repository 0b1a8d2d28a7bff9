"""What endpoints, gateways and proxies of every make really send: real SDK, real sockets."""

import asyncio
import json
import os
import shutil
import ssl
import subprocess
import threading
import time
from contextlib import closing

import pytest
from llm_server import (
    Fault,
    completion,
    refusal,
    rung_of,
    serving,
    spoken,
    verdicts,
)
from test_cli import grade as command
from test_cli import refused
from test_judge_client import GOOD, KEY, ask

from grader import Grader, Judge, errors
from grader.judge.cache import ReplyCache
from grader.judge.client import Client
from grader.judge.judge import Case
from grader.judge.replies import Tokens, tokens_of
from grader.judge.throttle import Throttle
from grader.settings import Settings

ANSWER = "While training, each unit is set to zero at random with some probability p."
PRICES = "tiny=1/10"
COST = 100 * 1e-6 + 20 * 10e-6


def settings(server, **more):
    fixed = {"llm_canary_rate": 0.0, "llm_backoff": 0.001, "llm_prices": PRICES, **more}
    return Settings(llm_model="tiny", llm_base_url=server.url, **fixed)


def cases(grader, n=1):
    question = grader.question("dropout")
    return [Case(f"{ANSWER} Version {i}.", question) for i in range(n)]


def assess(grader, script, n=1, **more):
    """The reports on n answers by a judge that plays a script, the judge and the server."""
    with serving(script) as server, Judge(settings=settings(server, **more)) as judge:
        return judge.assess(cases(grader, n)), judge, server


# ── parameters that an endpoint does not take ───────────────────────────────


def extra(name):
    """As pydantic says it."""
    return {"type": "extra_forbidden", "loc": ["body", name], "msg": "Extra inputs", "input": 0}


REFUSALS = {
    "mistral": lambda p: refusal({"object": "error", "message": {"detail": [extra(p)]}}, 422),
    "mistral, bare": lambda p: refusal(
        {"message": {"detail": [{"type": "extra_forbidden", "loc": ["body", p]}]}}, 422
    ),
    "fastapi": lambda p: refusal({"detail": [extra(p)]}, 422),
    "fastapi, text": lambda p: refusal({"detail": f"unexpected keyword argument '{p}'"}, 400),
    "text in error": lambda p: refusal({"error": f"unknown field {p}"}, 400),
    "openai": lambda p: Fault(400, "Unsupported", param=p),
    "openai, words alone": lambda p: Fault(400, f"'{p}' is not supported with this model."),
    "in a list": lambda p: refusal([{"error": {"code": 400, "message": f'Unknown name "{p}"'}}]),
    "plain text": lambda p: refusal(f"json: unknown field {p}", 400),
    "page": lambda p: refusal(f"<html><h1>400</h1><p>bad field: {p}</p></html>", 400),
    "errors": lambda p: refusal({"errors": [{"field": p, "message": "is not allowed"}]}, 422),
    "status 200": lambda p: refusal({"error": {"code": 400, "message": f"no {p} here"}}, 200),
    "json in text": lambda p: refusal(
        {"error": {"message": json.dumps({"detail": [extra(p)]}), "code": 400}}, 400
    ),
    "serde, lists all": lambda p: refusal(
        f"Failed to deserialize: unknown field `{p}`, expected one of `model`, `messages`, "
        "`temperature`, `max_tokens`",
        422,
    ),
    "echoes the request": lambda p: refusal(
        {
            "detail": [extra(p)],
            "body": {"temperature": 0, "max_completion_tokens": 1, "messages": ["temperature"]},
        },
        422,
    ),
}


@pytest.mark.parametrize("shape", REFUSALS)
@pytest.mark.parametrize("name", ["temperature", "max_completion_tokens"])
def test_a_parameter_is_left_out_whatever_the_shape_of_its_refusal(shape, name):
    def script(request, _):
        return REFUSALS[shape](name) if name in request else GOOD

    with serving(script) as server:
        outcomes, client, usage = ask(server, times=4)
    assert [outcome[0] for outcome in outcomes] == [GOOD] * 4
    assert client.ladder("tiny").refused == {name}
    assert rung_of(server.requests[-1]) == "schema"
    assert usage.calls <= 4 + 2


def test_an_endpoint_that_takes_neither_limit_nor_temperature():
    def script(request, _):
        for name in ("max_tokens", "temperature", "max_completion_tokens"):
            if name in request:
                return refusal({"detail": [extra(name)]}, 422)
        return GOOD

    with serving(script) as server:
        outcomes, *_ = ask(server, times=3)
    assert [outcome[0] for outcome in outcomes] == [GOOD] * 3
    assert len(server.requests) == 3 + 3


def test_both_parameters_in_one_refusal():
    def script(request, _):
        bad = [extra(n) for n in ("max_completion_tokens", "temperature") if n in request]
        return refusal({"detail": bad}, 422) if bad else GOOD

    with serving(script) as server:
        [outcome], *_ = ask(server)
    assert outcome[0] == GOOD
    assert "max_tokens" in server.requests[-1]


def test_what_is_asked_too_much_of_is_still_asked_for():
    """A limit that is too high is told, not thrown away with the limit."""
    words = "max_completion_tokens is too large: 100. This model supports at most 50"
    with serving(lambda *_: Fault(400, words, param="max_completion_tokens")) as server:
        [outcome], *_ = ask(server)
    assert isinstance(outcome, errors.JudgeRequestError)
    assert "at most 50" in str(outcome)
    assert all("max_completion_tokens" in request for request in server.requests)


def test_the_words_of_the_answer_in_a_refusal_teach_nothing():
    """A question about the temperature of softmax, given back with a complaint of another kind."""
    no = refusal(
        {"detail": [{"loc": ["body", "messages"], "msg": "too long", "input": "temperature"}]}, 422
    )
    with serving(lambda *_: no) as server:
        [outcome], client, _ = ask(server)
    assert "messages: too long" in str(outcome)
    assert client.ladder("tiny").refused == set()
    assert all("temperature" in request for request in server.requests)


def test_a_rung_that_no_host_of_the_model_takes():
    """OpenRouter says that with the status for an unknown model."""
    no = Fault(404, "No endpoints found that can handle the requested parameters.", code="404")
    with serving(lambda request, _: GOOD if rung_of(request) == "json" else no) as server:
        [outcome], *_ = ask(server)
    assert outcome[0] == GOOD


# ── reasons in the endpoint's own words ─────────────────────────────────────

WHY = "the kettle is full of tea"
SHAPES = {
    "openai": {"error": {"message": WHY, "type": "invalid_request_error"}},
    "detail": {"detail": WHY},
    "details": {"detail": [{"loc": ["body", "n"], "msg": WHY}]},
    "error": {"error": WHY},
    "message": {"message": WHY},
    "list": [{"error": {"code": 400, "message": WHY, "status": "INVALID_ARGUMENT"}}],
    "text": f"  {WHY}\n",
    "json text": json.dumps(WHY),
    "page": f"<html><head><style>b {{}}</style><title>No</title></head><b>{WHY}</b></html>",
    "errors": {"errors": [WHY]},
    "nested": {"error": {"message": json.dumps({"error": {"message": WHY}})}},
    "unknown": {"fault": {"faultstring": WHY}},
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("status", [400, 418, 500])
def test_the_reason_is_told_in_the_endpoints_words(shape, status):
    with serving(lambda *_: refusal(SHAPES[shape], status)) as server:
        [outcome], *_ = ask(server, llm_attempts=1)
    assert WHY in str(outcome)
    assert str(status) in str(outcome)
    assert "\n" not in str(outcome)


@pytest.mark.parametrize("shape", [s for s in SHAPES if s not in {"text", "json text", "unknown"}])
def test_an_error_with_the_status_of_a_success_is_told_too(shape, tmp_path):
    with serving(lambda *_: refusal(SHAPES[shape], 200)) as server:
        [outcome], *_ = ask(server, llm_attempts=1)
    assert WHY in str(outcome)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"error": {"message": "slow down", "code": 429}}, "JudgeRateLimitError"),
        ({"error": {"message": "no", "code": "401"}}, "JudgeSetupError"),
        ({"error": {"message": "no", "code": "insufficient_quota"}}, "JudgeSetupError"),
        ({"error": {"message": "long", "code": 400}}, "JudgeRequestError"),
        ({"error": "busy"}, "JudgeServerError"),
        ({"choices": [{"error": {"code": 502, "message": "host died"}}]}, "JudgeServerError"),
        ({"choices": None}, "JudgeServerError"),
        ({"choices": []}, "JudgeServerError"),
        ({"choices": [{"message": None}]}, "JudgeServerError"),
        ([], "JudgeServerError"),
        ("", "JudgeServerError"),
        ("data: {}\n\ndata: [DONE]\n", "JudgeServerError"),
    ],
    ids=str,
)
def test_a_success_that_is_none_is_an_error_of_its_kind(body, error):
    with serving(lambda *_: refusal(body, 200)) as server:
        [outcome], *_ = ask(server, llm_attempts=1, llm_deadline=1.0, llm_backoff=1.5)
    assert type(outcome).__name__ == error


def test_a_long_reason_is_cut_short_and_holds_no_key():
    with serving(lambda *_: refusal({"detail": f"{KEY} " + "blah " * 5_000})) as server:
        [outcome], *_ = ask(server)
    assert len(str(outcome)) < 400
    assert KEY not in str(outcome)


def test_the_log_holds_what_came_instead_of_a_reply(tmp_path, grader):
    log = tmp_path / "log.jsonl"
    assess(grader, lambda *_: refusal({"detail": WHY}), llm_log=str(log), llm_attempts=1)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert lines
    for line in lines:
        assert line["status"] == 400
        assert WHY in line["reply"]
        assert WHY in line["error"]
        assert line["request"]["model"] == "tiny"


def test_the_batchs_summary_says_why_the_judge_failed(tmp_path):
    rows = "".join(f'"{ANSWER} Version {i}.",dropout\n' for i in range(3))
    (tmp_path / "in.csv").write_text(f"answer,question_id\n{rows}")
    with serving(lambda *_: refusal({"detail": WHY})) as server:
        env = {"OPENAI_BASE_URL": server.url, "GRADER_LLM_CANARY_RATE": "0"}
        args = ("batch", "in.csv", "-o", "out.csv", "--llm", "--llm-model", "tiny")
        done = command(*args, env=env)
    assert done.returncode == 0, done.stderr
    assert "the judge failed because:" in done.stderr
    assert f"  3  JudgeRequestError: Error code: 400 - {WHY}" in done.stderr


# ── what a reply may look like ──────────────────────────────────────────────

THOUGHT = {"type": "thinking", "thinking": [{"type": "text", "text": "Hm. covered?"}]}


@pytest.mark.parametrize(
    "content",
    [
        [THOUGHT, {"type": "text", "text": GOOD}],
        [{"type": "reasoning", "text": "Hm."}, {"type": "text", "text": GOOD}],
        [{"type": "text", "text": GOOD[:9]}, {"type": "text", "text": GOOD[9:]}],
        [{"type": "output_text", "text": GOOD}],
        [GOOD],
        {"type": "text", "text": GOOD},
        json.loads(GOOD),
        f"```json\n{GOOD}\n```\n",
        f"```{GOOD}```",
        f"\n\n```JSON {GOOD} ```",
        f"\ufeff {GOOD}",
        f"<think>\n\n</think>\n\n{GOOD}",
    ],
    ids=lambda c: str(c)[:40],
)
def test_good_json_is_read_however_it_is_wrapped(content):
    with serving(lambda request, _: spoken({"content": content}, request)) as server:
        [outcome], _, usage = ask(server)
    assert outcome[1].key_points[0].verdict == "covered"
    assert usage.calls == 1


@pytest.mark.parametrize(
    "message",
    [
        {"tool_calls": [{"function": {"arguments": json.loads(GOOD)}}]},
        {"tool_calls": None, "content": GOOD},
        {"tool_calls": [], "content": GOOD},
    ],
    ids=["an object", "in the content", "no calls"],
)
def test_the_reply_to_a_tool_call_is_read_where_it_stands(message):
    def script(request, _):
        return spoken(message, request) if rung_of(request) == "tool" else Fault(400, "no schema")

    with serving(script) as server:
        [outcome], _, usage = ask(server)
    assert outcome[1].key_points[0].verdict == "covered"
    assert usage.calls == 2


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({"content": f"<think>Is it covered? {GOOD}</think>\n{GOOD}"}, "--reasoning-parser"),
        ({"content": f"Is it covered?\n</think>\n{GOOD}"}, "--reasoning-parser"),
        ({"content": f"<thinking>{GOOD}"}, "--reasoning-parser"),
        ({"content": f"<|channel|>analysis<|message|>…{GOOD}"}, "--reasoning-parser"),
        ({"content": None, "reasoning_content": GOOD}, "thinking off"),
        ({"content": "", "reasoning": GOOD}, "thinking off"),
        ({"content": [THOUGHT]}, "thinking off"),
    ],
    ids=str,
)
def test_reasoning_is_no_verdict_and_the_message_says_what_to_set(message, words):
    with serving(lambda request, _: spoken(message, request)) as server:
        [outcome], _, usage = ask(server)
    assert isinstance(outcome, errors.JudgeReplyError)
    assert "reasoning" in str(outcome)
    assert words in str(outcome)
    assert usage.calls == 4, "each way to ask once, and none again"


def test_an_empty_reply_is_called_that():
    with serving(lambda request, _: spoken({"content": None}, request)) as server:
        [outcome], *_ = ask(server, llm_attempts=1)
    assert "the reply is empty (finish_reason: stop)" in str(outcome)


def test_a_refusal_may_be_a_part_of_the_content():
    parts = [{"type": "refusal", "refusal": "I can't help with that"}]
    with serving(lambda request, _: spoken({"content": parts}, request)) as server:
        [outcome], *_ = ask(server)
    assert isinstance(outcome, errors.JudgeRefusalError)
    assert "I can't help" in str(outcome)


@pytest.mark.parametrize(
    "finish", ["content_filter", "SAFETY", "content_filter: PROHIBITED_CONTENT"]
)
def test_a_filter_is_a_refusal_however_it_is_spelt(finish):
    def script(request, _):
        return spoken({"content": None}, request, finish=finish)

    with serving(script) as server:
        [outcome], _, usage = ask(server)
    assert isinstance(outcome, errors.JudgeRefusalError)
    assert usage.calls == 1


def test_azures_filter_is_a_refusal_and_asked_once():
    with serving(lambda *_: Fault(400, "was filtered", code="content_filter")) as server:
        [outcome], _, usage = ask(server)
    assert isinstance(outcome, errors.JudgeRefusalError)
    assert usage.calls == 1


def test_json_that_the_endpoint_itself_could_not_make_is_asked_for_again():
    """Groq says that as a bad request."""
    bad = Fault(400, "Failed to generate JSON", code="json_validate_failed")
    with serving(lambda _, n: GOOD if n in {0, 2} else bad) as server:
        outcomes, *_ = ask(server, times=2, llm_concurrency=1)
    assert [outcome[0] for outcome in outcomes] == [GOOD] * 2


# ── tokens and money ────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("usage", "prompt", "completion_"),
    [
        ({"prompt_tokens": 100, "completion_tokens": 20}, 100, 20),
        ({"prompt_tokens": 100.5, "completion_tokens": 19.2}, 101, 20),
        ({"prompt_tokens": "100", "completion_tokens": "20"}, 100, 20),
        ({"input_tokens": 100, "output_tokens": 20}, 100, 20),
        ({"prompt_tokens": 100, "completion_tokens": None}, 100, None),
        ({"prompt_tokens": -1, "completion_tokens": 20}, None, 20),
        ({"prompt_tokens": "many", "completion_tokens": [1]}, None, None),
        ({"prompt_tokens": 0, "completion_tokens": True}, None, None),
        ({}, None, None),
        (None, None, None),
        (-1, None, None),
        (100.5, None, None),
        ([100, 20], None, None),
    ],
    ids=str,
)
def test_good_json_is_used_whatever_its_count_of_tokens(grader, usage, prompt, completion_):
    def script(request, _):
        return completion(verdicts(request), request) | {"usage": usage}

    [report], judge, server = assess(grader, script)
    assert report.status == "judged"
    assert report.calls == 1
    sent = sum(len(m["content"]) for m in server.requests[0]["messages"])
    assert report.prompt_tokens == (prompt or pytest.approx(sent / 4, abs=1))
    assert report.completion_tokens == completion_ if completion_ else report.completion_tokens > 9
    assert judge.budget.cost == pytest.approx(report.cost)


def test_a_count_that_no_number_can_hold_is_none():
    assert tokens_of('{"choices": [], "usage": {"prompt_tokens": 1e999}}', "x" * 40).prompt == 10
    assert tokens_of("<html>", "x" * 40) == Tokens()
    assert tokens_of('{"choices": [', "x" * 40).prompt == 10, "it broke off, and is paid for"


@pytest.mark.parametrize(
    "broken",
    [
        lambda request: completion("nonsense", request),
        lambda request: completion(None, request),
        lambda request: completion("", request) | {"choices": None},
        lambda request: completion("", request) | {"choices": []},
        lambda request: completion("", request) | {"choices": [{"message": None}]},
        lambda request: spoken({"content": [THOUGHT]}, request),
        lambda request: spoken({"content": f"<think>{GOOD}"}, request),
        lambda request: completion("{", request, finish="length"),
        lambda request: completion(None, request, refusal="no"),
        lambda request: {"error": "broke", "usage": completion("", request)["usage"]},
    ],
    ids=range(10),
)
def test_every_paid_token_counts_and_the_limit_holds(grader, broken):
    reports, judge, server = assess(
        grader,
        lambda request, _: broken(request),
        n=20,
        llm_max_cost=10 * COST,
        llm_concurrency=2,
    )
    calls = len(server.requests)
    assert 10 <= calls <= 12
    assert judge.budget.total.prompt_tokens == 100 * calls
    assert judge.budget.cost == pytest.approx(COST * calls)
    assert sum(report.prompt_tokens for report in reports) == 100 * calls
    assert {f.reason for r in reports for f in r.failures} >= {"JudgeBudgetError"}


def test_a_call_that_nobody_waited_for_is_paid_for_too(grader):
    [report], _, server = assess(
        grader, lambda *_: Fault(delay=0.5), llm_timeout=0.1, llm_attempts=2
    )
    sent = sum(len(m["content"]) for m in server.requests[0]["messages"])
    assert report.prompt_tokens == pytest.approx(2 * sent / 4, abs=2)


# ── what stops a run at once ────────────────────────────────────────────────

GEMINI_KEY = [
    {
        "error": {
            "code": 400,
            "message": "API key not valid. Please pass a valid API key.",
            "status": "INVALID_ARGUMENT",
            "details": [{"reason": "API_KEY_INVALID", "domain": "googleapis.com"}],
        }
    }
]
STOPS = {
    "gemini's key": refusal(GEMINI_KEY),
    "azure's key": refusal(
        {"error": {"code": "401", "message": "Access denied due to invalid subscription key"}}, 401
    ),
    "litellm's key": refusal({"error": {"message": "Authentication Error, Invalid proxy key"}}),
    "no key": refusal({"detail": "Missing bearer or basic authentication in header"}, 400),
    "key, text": refusal("Incorrect API key provided", 422),
    "quota": Fault(429, "You exceeded your current quota", code="insufficient_quota"),
    "quota by type": refusal({"error": {"message": "spent", "type": "insufficient_quota"}}, 429),
    "quota in words": refusal(
        {"detail": "You exceeded your current quota, please check your plan and billing"}, 429
    ),
    "billing": Fault(400, "Billing hard limit has been reached", code="billing_hard_limit_reached"),
    "credit": refusal({"error": {"message": "Your credit balance is too low"}}, 400),
    "balance": refusal({"error": {"message": "Insufficient Balance"}}, 402),
    "status 200": refusal({"error": {"message": "Insufficient credits", "code": 402}}, 200),
    "model": refusal({"object": "error", "message": "Invalid model: tiny"}, 400),
    "model's code": Fault(400, "oops", code="model_not_found"),
    "model does not exist": refusal({"error": "The model `tiny` does not exist"}, 422),
    "no such path": refusal("<html>Method Not Allowed</html>", 405),
    "proxy's password": refusal("Proxy Authentication Required", 407),
}


@pytest.mark.parametrize("case", STOPS)
def test_what_no_other_answer_will_mend_stops_the_run_at_once(grader, case):
    with serving(lambda *_: STOPS[case]) as server, Judge(settings=settings(server)) as judge:
        with pytest.raises(errors.JudgeSetupError) as caught:
            judge.assess(cases(grader, 10))
        assert len(server.requests) == 1
    assert server.url in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_address_without_its_v1_is_told():
    with serving(lambda *_: refusal("404 page not found", 404)) as server:
        server_url = server.url.removesuffix("/v1")

        class Bare:
            url = server_url

        [outcome], *_ = ask(Bare)
    assert f"{server_url}/v1" in str(outcome)


def test_words_about_keys_and_models_stop_no_run_in_which_the_model_has_answered():
    odd = refusal({"error": {"message": "Invalid API key in the text: unknown model of speech"}})
    with serving(lambda _, n: GOOD if n == 0 else odd) as server:
        outcomes, *_ = ask(server, times=2)
    assert isinstance(outcomes[1], errors.JudgeRequestError)


def test_a_quota_that_is_spent_amid_a_run_ends_it():
    spent = Fault(429, "You exceeded your current quota", code="insufficient_quota")
    with serving(lambda _, n: GOOD if n == 0 else spent) as server:
        outcomes, *_ = ask(server, times=2)
    assert isinstance(outcomes[1], errors.JudgeSetupError)


def test_nothing_but_429_gives_up_the_run_after_a_bounded_time(tmp_path):
    rows = "".join(f'"{ANSWER} Version {i}.",dropout\n' for i in range(10))
    (tmp_path / "in.csv").write_text(f"answer,question_id\n{rows}")
    said = {"error": {"message": "Resource has been exhausted", "code": 429}}
    with serving(lambda *_: refusal(said, 429)) as server:
        env = {
            "OPENAI_BASE_URL": server.url,
            "GRADER_LLM_PATIENCE": "2",
            "GRADER_LLM_BACKOFF": "0.2",
        }
        args = ("batch", "in.csv", "-o", "out.csv", "--llm", "--llm-model", "tiny")
        begun = time.monotonic()
        done = command(*args, env=env)
        seconds = time.monotonic() - begun
    assert done.returncode == 2
    last = done.stderr.strip().splitlines()[-1]
    assert "nothing but 429" in last
    assert "Resource has been exhausted" in last
    assert seconds < 30
    assert not (tmp_path / "out.csv").exists()


def test_a_wait_that_is_too_long_for_every_answer_gives_up_the_run(grader):
    far = Fault(429, "come back tomorrow", headers={"Retry-After": "86400"})
    with serving(lambda *_: far) as server, Judge(settings=settings(server)) as judge:
        with pytest.raises(errors.JudgeSetupError, match="come back tomorrow"):
            judge.assess(cases(grader, 40))
        assert len(server.requests) <= 3 + 16


def test_geminis_limit_of_pace_is_no_spent_quota():
    """It speaks of plan and billing, and says how long to wait in its body."""
    details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "0.3s"}]
    message = "You exceeded your current quota, please check your plan and billing details."
    body = [{"error": {"code": 429, "message": message, "details": details}}]
    with serving(lambda _, n: GOOD if n else refusal(body, 429)) as server:
        begun = time.monotonic()
        [outcome], *_ = ask(server)
    assert outcome[0] == GOOD
    assert time.monotonic() - begun >= 0.3


# ── slow servers ────────────────────────────────────────────────────────────


def test_a_server_with_one_slot_judges_every_answer(grader):
    """Sixteen at a time would leave most of them waiting in vain, again and again."""
    with serving(lambda request, _: verdicts(request)) as server:
        server.slot, server.pace = threading.Lock(), 0.1
        own = settings(server, llm_timeout=0.45, llm_cache="off")
        with Judge(settings=own) as judge:
            reports = judge.assess(cases(grader, 30))
    assert [report.status for report in reports] == ["judged"] * 30
    assert len(server.requests) <= 70


def test_a_time_out_narrows_for_long():
    throttle = Throttle(16)
    for _ in range(13):
        throttle.narrow_for_long()
    assert throttle.places == 3
    for _ in range(8):
        throttle.widen()
    assert throttle.places == 4
    for _ in range(500):
        throttle.widen()
    assert throttle.places == 16


@pytest.mark.parametrize("status", [408, 504, 524])
def test_a_gateway_that_waits_in_vain_narrows_the_run_as_well(status):
    """It stands before a server with one slot, and gives up before we do."""
    with serving(lambda *_: GOOD) as server:
        server.script = lambda *_: GOOD if server.busy <= 1 else Fault(status)
        server.slot, server.pace = threading.Lock(), 0.01
        outcomes, client, _ = ask(server, times=40, llm_attempts=20)
    assert all(isinstance(outcome, tuple) for outcome in outcomes)
    assert client._throttle.places <= 6


def test_the_wait_for_a_place_between_attempts_counts_against_nobody():
    with serving(lambda _, n: Fault(500) if n in {1, 2, 3} else GOOD) as server:
        server.slot, server.pace = threading.Lock(), 0.25
        outcomes, *_ = ask(server, times=8, llm_concurrency=1, llm_deadline=1.2)
    assert all(isinstance(outcome, tuple) for outcome in outcomes)


def test_a_longer_time_for_a_call_gives_an_answer_more_time_too():
    assert Settings().reply_deadline == 240
    assert Settings(llm_timeout=600).reply_deadline == 2400
    assert Settings(llm_timeout=600, llm_deadline=5).reply_deadline == 5


def test_the_flags_for_slow_servers(tmp_path):
    with serving(lambda *_: Fault(delay=2)) as server:
        env = {"OPENAI_BASE_URL": server.url, "GRADER_LLM_ATTEMPTS": "1"}
        asked = ("--llm", "--llm-model", "tiny", "--llm-concurrency", "1", "--llm-timeout", "0.3")
        one = command("--text", ANSWER, "--q", "dropout", "--json", *asked, env=env)
        (tmp_path / "in.csv").write_text(f'answer,question_id,mark\n"{ANSWER}",dropout,1\n')
        table = command("batch", "in.csv", "-o", "out.csv", *asked, env=env)
        marked = command("eval", "in.csv", *asked, env=env)
    [failure] = json.loads(one.stdout)["judge"]["failures"]
    assert failure["reason"] == "JudgeTimeoutError"
    assert "no reply within 0.3 s" in failure["message"]
    assert "--llm-timeout" in failure["message"]
    assert "--llm-concurrency" in failure["message"]
    assert "no reply within 0.3 s" in table.stderr
    assert marked.returncode == 0, marked.stderr
    assert "judge: failed once: JudgeTimeoutError: no reply within 0.3 s" in marked.stderr
    refused(command("--text", "x", "--q", "dropout", "--llm-timeout", "3"), "add --llm")
    refused(command("--text", "x", "--q", "dropout", "--llm-concurrency", "3"), "add --llm")


# ── the address, and the way there ──────────────────────────────────────────


@pytest.mark.parametrize("empty", ["", "  "])
def test_an_empty_address_is_unset(monkeypatch, empty):
    monkeypatch.setenv("OPENAI_BASE_URL", empty)
    client = Client(Settings(), KEY)
    assert client.base_url == "https://api.openai.com/v1/"
    asyncio.run(client.aclose())
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(errors.JudgeSetupError, match="set OPENAI_API_KEY"):
        Client(Settings())


@pytest.mark.parametrize("where", ["environment", "option"])
@pytest.mark.parametrize(
    ("end", "words"),
    [
        ("/chat/completions", "'/chat/completions' is no part"),
        ("/chat/completions/", "'/chat/completions' is no part"),
        ("/chat/completions?api-version=2024-10-21", "no '?'"),
        ("/completions", "'/completions' is no part"),
        ("/responses", "'/responses' is no part"),
        ("#", "no '#'"),
    ],
)
def test_an_address_that_says_too_much_is_told_before_anything_is_sent(where, end, words):
    with serving(lambda request, _: verdicts(request)) as server:
        address = f"{server.url}{end}" if end != "#" else f"{server.url}#x"
        env = {"OPENAI_BASE_URL": address} if where == "environment" else {}
        option = () if env else ("--llm-base-url", address)
        args = ("--text", ANSWER, "--q", "dropout", "--llm", "--llm-model", "tiny", "--quiet")
        done = command(*args, *option, env={"OPENAI_BASE_URL": "", **env})
        refused(done, words, server.url)
        assert server.requests == []
        # The advice, to the letter.
        advised = done.stderr.strip().rsplit(": ", 1)[1]
        if "completions?" not in end:
            assert advised.rstrip("/") == server.url
            again = command(*args, "--llm-base-url", advised)
            assert again.returncode == 0, again.stderr
            assert len(server.requests) == 1


@pytest.mark.parametrize(
    "address", ["ftp://host/v1", "http://", "http://host:port/v1", "http://ho st/v1", '"http://x"']
)
def test_what_can_be_no_address_is_refused(address):
    with pytest.raises(errors.JudgeSetupError, match="no address"):
        Client(Settings(llm_base_url=address), KEY)


BROKEN = {
    "ALL_PROXY": ["socks5://user:secret@127.0.0.1:1080", "ftp://127.0.0.1:1"],
    "all_proxy": ["socks5h://127.0.0.1:1080"],
    "HTTPS_PROXY": ["ftp://127.0.0.1:1", "socks4://127.0.0.1:1", "http://127.0.0.1:port", "://x"],
    "http_proxy": ["http://", "two words"],
    "SSL_CERT_FILE": ["/nowhere/ca.pem", "{folder}", "{nonsense}"],
    "SSLKEYLOGFILE": ["/nowhere/keys"],
    "OPENAI_ORG_ID": ["org\nid"],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in BROKEN.items() for value in values]
)
def test_a_broken_way_to_the_endpoint_is_one_line_that_names_the_variable(tmp_path, name, value):
    nonsense = tmp_path / "nonsense.pem"
    nonsense.write_text("no certificate")
    value = value.format(folder=tmp_path, nonsense=nonsense)
    with serving(lambda request, _: verdicts(request)) as server:
        env = {"OPENAI_BASE_URL": server.url, name: value}
        args = ("--text", ANSWER, "--q", "dropout", "--llm", "--llm-model", "tiny")
        done = command(*args, env=env)
        assert server.requests == []
    refused(done, name)
    assert "secret" not in done.stderr
    encoder = ("--text", ANSWER, "--q", "dropout", "--encoder", "openai:tiny")
    refused(command(*encoder, env={**env, "OPENAI_API_KEY": "x"}), name)


def test_certificates_in_no_folder_matter_where_certificates_do(monkeypatch, tmp_path):
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
    with pytest.raises(errors.JudgeSetupError, match="SSL_CERT_DIR"):
        Client(Settings(llm_base_url="https://127.0.0.1/v1"), KEY)
    asyncio.run(Client(Settings(llm_base_url="http://127.0.0.1/v1"), KEY).aclose())


def test_good_proxies_and_certificates_stand_in_nobodys_way(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "127.0.0.1:3128")
    monkeypatch.setenv("HTTP_PROXY", "")
    paths = ssl.get_default_verify_paths()
    if paths.openssl_cafile and os.path.isfile(paths.openssl_cafile):  # noqa: PTH113
        monkeypatch.setenv("SSL_CERT_FILE", paths.openssl_cafile)
    asyncio.run(Client(Settings(), KEY).aclose())


def test_a_certificate_that_is_not_trusted_is_told_once_with_what_to_set(tmp_path):
    if shutil.which("openssl") is None:
        pytest.skip("makes a certificate with openssl, which is not here")
    made = "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=127.0.0.1 -keyout key -out pem"
    subprocess.run(made.split(), check=True, capture_output=True, cwd=tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "pem", tmp_path / "key")
    with serving(lambda *_: GOOD) as server:
        server.wrap(context)

        class Secure:
            url = server.url.replace("http:", "https:")

        [outcome], _, usage = ask(Secure)
    assert isinstance(outcome, errors.JudgeSetupError)
    assert "SSL_CERT_FILE" in str(outcome)
    assert usage.calls == 1


# ── a judge that invents its quotes ─────────────────────────────────────────


def mixed(request, **more):
    """Half of the key points with one quote, the rest and all misconceptions with none."""
    reply = json.loads(verdicts(request, **more))
    for point in reply["key_points"][::2]:
        point |= {"quote": None, "verdict": "missing"}
    return json.dumps(reply)


def test_nothing_counts_of_a_reply_whose_quotes_are_all_void(grader):
    answer = "Dropout is the same as L2. At test time units are dropped, too, at random."
    with (
        serving(lambda request, _: mixed(request, quote="words that nobody said")) as server,
        Judge(settings=settings(server)) as judge,
    ):
        own = Grader(Settings(), encoder=grader.encoder, verifier=grader.verifier, judge=judge)
        for text in (answer, ANSWER):
            offline, grade = grader.grade(text, q="dropout"), own.grade(text, q="dropout")
            assert all(vote.void for vote in grade.judge.votes)
            assert (grade.score, grade.points) == (offline.score, offline.points)
            assert grade.key_points == offline.key_points
            assert grade.misconceptions == offline.misconceptions
            assert "judge_quote_void" in grade.flags
            assert grade.needs_review


def test_one_quote_that_stands_keeps_the_rest_of_a_reply(grader):
    def script(request, _):
        reply = json.loads(mixed(request))
        quoting = [p for p in reply["key_points"] if p["quote"]]
        for point in quoting[1:]:
            point["quote"] = "words that nobody said"
        return json.dumps(reply)

    [report], *_ = assess(grader, script)
    assert any(vote.void for vote in report.votes)
    assert not any(vote.void for vote in report.votes if vote.verdict in {"missing", "absent"})


def test_a_reply_that_quotes_nothing_stands(grader):
    [report], *_ = assess(grader, lambda request, _: verdicts(request, "missing"))
    assert not any(vote.void for vote in report.votes)


# ── --quiet ─────────────────────────────────────────────────────────────────


def test_quiet_is_not_silent_where_the_judge_failed():
    def run(script, *more, text=ANSWER, **env):
        with serving(script) as server:
            env = {"OPENAI_BASE_URL": server.url, "GRADER_LLM_ATTEMPTS": "1", **env}
            asked = ("--llm", "--llm-model", "tiny", "--llm-cache", "off", *more)
            return command("--text", text, "--q", "dropout", "--quiet", *asked, env=env)

    plain = command("--text", ANSWER, "--q", "dropout", "--quiet")
    failed = run(lambda *_: refusal({"detail": WHY}))
    assert (failed.returncode, failed.stdout) == (0, plain.stdout)
    [line] = failed.stderr.strip().splitlines()
    assert f"the judge failed: JudgeRequestError: Error code: 400 - {WHY}" in line
    assert "offline" in line
    partly = run(_second_fails, "--llm-runs", "2")
    [line] = partly.stderr.strip().splitlines()
    assert "failed in 1 of its runs" in line
    held = run(lambda request, _: verdicts(request), text="It drops units.")
    assert held.returncode == 0
    good = run(lambda request, _: verdicts(request))
    assert good.stderr == ""
    loose = run(lambda request, _: verdicts(request), GRADER_LLM_CANARY_RATE="1")
    assert "unreliable" in loose.stderr


def _second_fails(request, number):
    return completion(None, request, refusal="no") if number else verdicts(request)


def test_what_was_learnt_of_parameters_holds_in_the_next_run(tmp_path):
    def script(request, _):
        name = "max_completion_tokens"
        return refusal({"detail": [extra(name)]}, 422) if name in request else GOOD

    with serving(script) as server:
        for wasted in (1, 0):
            with closing(ReplyCache(tmp_path)) as cache:
                [outcome], _, usage = ask(server, cache=cache)
            assert outcome[0] == GOOD
            assert usage.calls == 1 + wasted
