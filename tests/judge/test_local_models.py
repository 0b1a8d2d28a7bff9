"""What servers of one's own do otherwise: places, contexts, models that are not there."""

import json
import threading

import pytest

from grader import errors
from grader.judge.json_modes import Ladder
from tests.support.asking import GOOD, REQUEST, ask
from tests.support.llm_server import Fault, completion, refusal, serving

# ── places ──────────────────────────────────────────────────────────────────

TAKEN = {
    "llama.cpp's router": {"error": {"code": 503, "message": "no slot available"}},
    "slots": {"error": {"code": 503, "message": "slot unavailable"}},
    "Ollama": {"error": "server busy, please try again.  maximum pending requests exceeded"},
    "TGI": {"error": "Model is overloaded", "error_type": "overloaded"},
}


@pytest.mark.parametrize("said", TAKEN)
def test_a_server_that_turns_away_whoever_comes_while_it_works_is_waited_for(said):
    """It is no fault of the answer's, however often."""
    with serving(lambda *_: GOOD) as server:
        one = threading.Lock()

        def script(*_):
            if not one.acquire(blocking=False):
                return refusal(TAKEN[said], 503)
            threading.Event().wait(0.05)
            one.release()
            return GOOD

        server.script = script
        outcomes, *_ = ask(server, times=12, llm_attempts=1)
    assert not [outcome for outcome in outcomes if not isinstance(outcome, tuple)]


# ── contexts ────────────────────────────────────────────────────────────────

LLAMA_CPP = {
    "error": {
        "code": 400,
        "message": "request (9031 tokens) exceeds the available context size (8192 tokens), "
        "try increasing it",
        "type": "exceed_context_size_error",
        "n_prompt_tokens": 9031,
        "n_ctx": 8192,
    }
}


def test_a_prompt_beyond_the_context_is_asked_once_and_told_with_the_way_out():
    with serving(lambda *_: refusal(LLAMA_CPP, 400)) as server:
        [outcome], *_ = ask(server)
        assert len(server.requests) <= 2, "no other way to ask makes it shorter"
    assert isinstance(outcome, errors.JudgeRequestError)
    assert "8192 tokens" in str(outcome)
    assert "--ctx-size" in str(outcome)
    assert "OLLAMA_CONTEXT_LENGTH" in str(outcome)


@pytest.mark.parametrize("limit", ["max_completion_tokens", "max_tokens"])
def test_a_context_too_small_for_the_longest_reply_is_asked_without_that_limit(limit):
    """As vLLM says it, whose limits count beforehand."""
    said = (
        "This model's maximum context length is 4096 tokens. However, you requested 5296 tokens "
        "(1200 in the messages, 4096 in the completion)."
    )

    def script(request, _):
        if limit == "max_tokens" and "max_completion_tokens" in request:
            return Fault(400, "unknown field max_completion_tokens")
        return Fault(400, said) if limit in request else GOOD

    with serving(script) as server:
        outcomes, client, usage = ask(server, times=4)
    assert not [outcome for outcome in outcomes if not isinstance(outcome, tuple)]
    assert client.ladder("tiny").refused == {"max_completion_tokens", "max_tokens"}
    assert usage.calls <= 4 + 2


def test_a_message_beyond_the_context_teaches_nothing_of_limits():
    def script(request, n):
        longest = 4096 if "max_completion_tokens" in request else 0
        said = f"maximum context length is 4096 tokens, you requested {9000 + longest}"
        return GOOD if n > 1 else Fault(400, said)

    with serving(script) as server:
        outcomes, client, _ = ask(server, times=2)
    assert isinstance(outcomes[0], errors.JudgeRequestError)
    assert isinstance(outcomes[1], tuple)
    assert client.ladder("tiny").refused == set()


def test_a_reply_that_ends_before_its_limit_is_the_contexts_fault():
    def cut(request, tokens):
        return completion(GOOD[:9], request, finish="length", usage=(1000, tokens))

    with serving(lambda request, _: cut(request, 24)) as server:
        [outcome], *_ = ask(server)
    assert isinstance(outcome, errors.JudgeTruncatedError)
    assert "after 24 tokens, before llm_max_output_tokens (100)" in str(outcome)
    assert "larger context than 1,024 tokens" in str(outcome)
    with serving(lambda request, _: cut(request, 100)) as server:
        [outcome], *_ = ask(server)
    assert "raise llm_max_output_tokens" in str(outcome)


def test_a_prompt_that_was_cut_off_without_a_word_is_no_verdict():
    """As Ollama does: it counts what its context holds."""
    long = REQUEST.__class__("tiny", ({"role": "user", "content": "word " * 9000},), 0.0, 100)

    def script(request, _):
        return completion(GOOD, request, usage=(4096, 20))

    with serving(script) as server:
        [outcome], _, usage = ask(server, request=long)
    assert isinstance(outcome, errors.JudgeRequestError)
    assert "has read 4,096 tokens of a longer prompt" in str(outcome)
    assert "OLLAMA_CONTEXT_LENGTH" in str(outcome)
    assert usage.calls == 1
    assert usage.prompt_tokens == 4096, "it is paid for all the same"


def test_what_a_prompt_has_by_those_before_tells_whether_one_was_cut():
    ladder = Ladder()
    assert ladder.reads_whole(4096, 4 * 4096), "of that size by chance"
    assert not Ladder().reads_whole(2048, 7 * 2048)
    assert ladder.reads_whole(1201, 4 * 1201)
    assert ladder.reads_whole(1024, 4 * 1024)
    assert not ladder.reads_whole(4096, 4 * 4700)
    assert ladder.reads_whole(100, 50_000), "somebody counts what is new in a prompt"
    assert ladder.reads_whole(4096, 50_000), "then no count tells anything"


# ── models that are not there ───────────────────────────────────────────────


def test_a_model_that_is_not_there_is_told_with_those_that_are():
    missing = refusal({"error": {"message": 'model "tiny" not found, try pulling it first'}}, 404)
    with serving(lambda *_: missing) as server:
        server.models = ["qwen3:8b", "gemma3:4b", *(f"other:{n}" for n in range(40))]
        [outcome], *_ = ask(server)
        assert isinstance(outcome, errors.JudgeSetupError)
        assert "try pulling it first: it has: qwen3:8b, gemma3:4b, other:0" in str(outcome)
        assert str(outcome).endswith(" and 30 more")
        assert "\n" not in str(outcome)
        server.models = None
        [outcome], *_ = ask(server)
    assert "it has" not in str(outcome)


def test_a_server_of_ones_own_needs_no_key(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with serving(lambda *_: GOOD) as server:
        [outcome], *_ = ask(server, key=None)
    assert json.loads(outcome[0]) == json.loads(GOOD)
