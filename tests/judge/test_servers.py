"""The judge against servers that nobody here wrote.

The LiteLLM proxy stands before the scripted server, and ``transformers serve`` runs a tiny model
with random weights, made here. ``pytest -m servers`` runs them; LITELLM names the command of the
proxy, which has an environment of its own since it pins other versions of our libraries.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

from grader import Grader, Judge
from grader.errors import JudgeSetupError
from grader.settings import Settings
from tests.support.llm_server import Fault, completion, rung_of, serving, verdicts

pytestmark = pytest.mark.servers

KEY = f"sk-{secrets.token_hex(16)}"
"""The proxy's own, made for this run: without one it does not start."""
ANSWER = "While training, each unit is set to zero at random with some probability p."
PATIENCE = 180


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@contextmanager
def running(command, url, log, **env):
    """A server in a process group of its own, ready when ``url`` answers."""
    surroundings = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    with Path(log).open("w") as out:
        process = subprocess.Popen(
            command,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=surroundings | env,
            start_new_session=True,
        )
    try:
        ends = time.monotonic() + PATIENCE
        while not answers(url):
            assert process.poll() is None, Path(log).read_text()
            assert time.monotonic() < ends, Path(log).read_text()
            time.sleep(0.2)
        yield
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=5):  # noqa: S310  loopback
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


# ── the LiteLLM proxy ───────────────────────────────────────────────────────


class Play:
    """The script of the server behind the proxy, which lasts for all tests."""

    def __init__(self):
        self.script = None
        self.calls = 0

    def __call__(self, request, _):
        self.calls += 1
        return self.script(request, self.calls)

    def perform(self, script):
        self.script, self.calls = script, 0


@pytest.fixture(scope="module")
def proxy(tmp_path_factory):
    """The base URL of the proxy, and the play behind it."""
    command = os.environ.get("LITELLM")
    assert command, "set LITELLM to the proxy's command: pip install 'litellm[proxy]', see .ci/run"
    folder, port, play = tmp_path_factory.mktemp("litellm"), free_port(), Play()
    with serving(play) as server:
        config = folder / "config.yaml"
        config.write_text(
            "model_list:\n"
            "  - model_name: tiny\n"
            f"    litellm_params: {{model: openai/tiny, api_base: '{server.url}', api_key: none}}\n"
            "litellm_settings: {num_retries: 0}\n"
            "router_settings: {num_retries: 0, disable_cooldowns: true}\n"
        )
        start = [command, "--config", str(config), "--host", "127.0.0.1", "--port", str(port)]
        root = f"http://127.0.0.1:{port}"
        own = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_MASTER_KEY": KEY}
        with running(start, f"{root}/health/liveliness", folder / "log", **own):
            yield f"{root}/v1", play


def graded(grader, base_url, *, model="tiny", key=KEY, **more):
    options = {"llm_attempts": 3, "llm_backoff": 0.05, "llm_cache": "off", **more}
    settings = Settings(llm_model=model, llm_base_url=base_url, **options)
    with Judge(settings=settings, api_key=key) as judge:
        own = Grader(Settings(), encoder=grader.encoder, verifier=grader.verifier, judge=judge)
        return own.grade(ANSWER, q="dropout")


def test_a_good_judge_is_heard_through_the_proxy(grader, proxy):
    url, play = proxy
    asked = []

    def script(request, _):
        asked.append(request)
        return verdicts(request)

    play.perform(script)
    grade = graded(grader, url)
    assert grade.judge.status == "judged"
    assert grade.score == 1.0
    assert (grade.judge.calls, grade.judge.prompt_tokens) == (1, 100)
    assert rung_of(asked[0]) == "schema", "the strict schema passes the proxy as it is"


@pytest.mark.parametrize(
    "fault",
    [
        Fault(429, headers={"Retry-After": "0.1"}),
        Fault(500),
        Fault(503),
        Fault(drop=True),
        Fault(200, raw=b"<html>a page</html>"),
    ],
    ids=["429", "500", "503", "dropped", "page"],
)
def test_a_passing_fault_behind_the_proxy_is_mended(grader, proxy, fault):
    url, play = proxy
    play.perform(lambda request, n: fault if n == 1 else verdicts(request))
    grade = graded(grader, url)
    assert grade.judge.status == "judged", grade.judge.failures
    assert grade.judge.calls >= 2


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("I would give full marks.", "JudgeReplyError"),
        ('{"score": 1}', "JudgeReplyError"),
        (Fault(500), "JudgeServerError"),
        (lambda request: completion("{", request, finish="length"), "JudgeTruncatedError"),
        (lambda request: completion(None, request, refusal="no"), "JudgeRefusalError"),
    ],
    ids=["prose", "other schema", "500", "cut off", "refusal"],
)
def test_a_lasting_fault_behind_the_proxy_is_a_failure(grader, proxy, said, reason):
    url, play = proxy
    play.perform(lambda request, _: said(request) if callable(said) else said)
    grade = graded(grader, url)
    assert grade.judge.status == "failed"
    assert grade.judge.failures[0].reason == reason
    assert grade.score == grade.offline.score
    assert grade.needs_review


def test_a_key_that_is_refused_behind_the_proxy_stops_the_run(grader, proxy):
    url, play = proxy
    play.perform(lambda *_: Fault(401, message="bad key", code="invalid_api_key"))
    with pytest.raises(JudgeSetupError, match="OPENAI_API_KEY"):
        graded(grader, url)


def test_a_key_that_the_proxy_refuses_gives_no_mark(grader, proxy):
    """Without a data base the proxy calls that a bad request (400), not a bad key."""
    url, play = proxy
    play.perform(lambda request, _: verdicts(request))
    grade = graded(grader, url, key="sk-another")
    assert play.calls == 0
    assert grade.judge.failures[0].reason == "JudgeRequestError"
    assert grade.score == grade.offline.score


def test_a_model_that_the_proxy_does_not_know_gives_no_mark(grader, proxy):
    url, play = proxy
    play.perform(lambda request, _: verdicts(request))
    try:
        grade = graded(grader, url, model="nobody")
    except JudgeSetupError:
        return
    assert grade.judge.status == "failed"
    assert grade.score == grade.offline.score


# ── a small runtime with a random model ─────────────────────────────────────


@pytest.fixture(scope="module")
def random_model(tmp_path_factory):
    """The folder of a model of random weights, with a tokeniser for bytes."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {c: i for i, c in enumerate(["<s>", "</s>", *alphabet])}
    core = Tokenizer(models.BPE(vocabulary, []))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    special = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "</s>"}
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=core, **special)
    tokenizer.chat_template = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=32_768,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=1,
    )
    folder = tmp_path_factory.mktemp("random-model")
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def runtime(random_model, tmp_path_factory):
    """The base URL of ``transformers serve`` with the model."""
    command = shutil.which("transformers", path=str(Path(sys.executable).parent))
    assert command, "the development environment lacks transformers[serving]"
    port = free_port()
    start = [command, "serve", str(random_model), "--host", "127.0.0.1", "--port", str(port)]
    start += ["--device", "cpu", "--dtype", "float32"]
    log = tmp_path_factory.mktemp("runtime") / "log"
    root = f"http://127.0.0.1:{port}"
    with running(start, f"{root}/health", log, HF_HUB_OFFLINE="1"):
        yield f"{root}/v1"


@pytest.mark.parametrize("seed", [0, 1])
def test_the_nonsense_of_a_random_model_makes_no_mark(grader, runtime, random_model, seed):
    grade = graded(
        grader,
        runtime,
        model=str(random_model),
        llm_seed=seed,
        llm_temperature=1.0,
        llm_max_output_tokens=48,
        llm_attempts=2,
    )
    votes = grade.judge.votes
    assert grade.judge.calls >= 1
    assert not votes or all(vote.void for vote in votes)
    assert {f.reason for f in grade.judge.failures} <= {
        "JudgeReplyError",
        "JudgeRequestError",
        "JudgeServerError",
        "JudgeTruncatedError",
    }
    assert grade.score == grade.offline.score
    assert grade.needs_review
