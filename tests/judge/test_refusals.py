"""What endpoints refuse, in every shape: parameters, reasons, what ends a run."""

import json
import time
from contextlib import closing

import pytest

from grader import Judge, errors
from grader.judge.cache import ReplyCache
from tests.support.asking import GOOD, KEY, ask
from tests.support.command import grade as command
from tests.support.endpoint_judge import ANSWER, WHY, assess, cases, settings
from tests.support.llm_server import (
    Fault,
    refusal,
    rung_of,
    serving,
)

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


# ── reasons in the endpoint's own words ─────────────────────────────────────

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
    "openrouter": {"error": {"message": "Provider error", "metadata": {"raw": WHY}}},
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
        ({"success": False, "message": "no"}, "JudgeServerError"),
        ({"code": 401, "msg": "token expired"}, "JudgeSetupError"),
        ({"choices": [{"error": {"code": 429, "message": "slow"}}]}, "JudgeRateLimitError"),
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
        [outcome], *_ = ask(server, llm_attempts=1, llm_deadline=2.0)
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
    assert "only told us to wait" in last
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
