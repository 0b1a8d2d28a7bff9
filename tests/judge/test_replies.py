"""What replies look like that endpoints of every make send, and what they cost."""

import json

import pytest

from grader import Grader, Judge, errors
from grader.judge.replies import Tokens, tokens_of
from grader.settings import Settings
from tests.support.asking import GOOD, ask
from tests.support.endpoint_judge import ANSWER, COST, assess, settings
from tests.support.llm_server import (
    Fault,
    completion,
    rung_of,
    serving,
    spoken,
    verdicts,
)

# ── what a reply may look like ──────────────────────────────────────────────

THOUGHT = {"type": "thinking", "thinking": [{"type": "text", "text": "Hm. covered?"}]}


BAD = GOOD.replace("covered", "missing")


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
        f"<think>Is it covered? {BAD}</think>\n{GOOD}",
        f"Is it covered?\n</think>\n{GOOD}",
        f"<think>It says </think>{BAD}, so no.</think>\n```json\n{GOOD}\n```",
        f"◁think▷Hm.◁/think▷{GOOD}",
        GOOD.replace("covered", " Covered").replace("absent", "ABSENT"),
        GOOD.replace("}]", "},]"),
        GOOD.replace('"', "'"),
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
        ({"content": f"<think>Is it covered? {GOOD}</think>"}, "--reasoning-parser"),
        ({"content": "Is it covered?\n</think>\n"}, "--reasoning-parser"),
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


@pytest.mark.parametrize(
    "text",
    [
        f"Here you are: {GOOD}",
        f"{GOOD} That is all.",
        f"<think>It says {GOOD}</think> Covered, I'd say.",
        f"<think>Hm.</think>{GOOD[:-9]}",
        GOOD[:-9].replace('"', "'"),
        GOOD.replace('"', "'").replace("so", "so it's"),
        "{'key_points': &a [1, *a], 'misconceptions': []}",
        "{'key_points': 2020-01-01, 'misconceptions': []}",
    ],
)
def test_what_would_have_to_be_guessed_is_no_verdict(text):
    with serving(lambda *_: text) as server:
        [outcome], *_ = ask(server, llm_attempts=1)
    assert isinstance(outcome, errors.JudgeReplyError)
    assert "it is not JSON from end to end: it begins with" in str(outcome)
    assert "JSON schema" in str(outcome)
    assert "\n" not in str(outcome)


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
