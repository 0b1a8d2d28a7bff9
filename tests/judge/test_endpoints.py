"""Slow servers, addresses, proxies and certificates, and a failure told quietly."""

import asyncio
import json
import os
import shutil
import ssl
import subprocess
import threading

import pytest

from grader import Judge, errors
from grader.judge.cache import ReplyCache
from grader.judge.client import Client
from grader.judge.throttle import Throttle
from grader.settings import Settings
from tests.support.asking import GOOD, KEY, ask
from tests.support.command import grade as command
from tests.support.command import refused
from tests.support.endpoint_judge import ANSWER, WHY, cases, settings
from tests.support.llm_server import (
    Fault,
    completion,
    refusal,
    serving,
    verdicts,
)

# ── slow servers ────────────────────────────────────────────────────────────


def test_a_server_with_one_slot_judges_every_answer(grader):
    """Sixteen at a time would leave most of them waiting in vain, again and again."""
    with serving(lambda request, _: verdicts(request)) as server:
        server.slot, server.pace = threading.Lock(), 0.2
        own = settings(server, llm_timeout=0.9, llm_cache="off")
        with Judge(settings=own) as judge:
            reports = judge.assess(cases(grader, 30))
    assert [report.status for report in reports] == ["judged"] * 30
    assert len(server.requests) <= 75


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
        outcomes, *_ = ask(server, times=40, llm_attempts=20)
    assert all(isinstance(outcome, tuple) for outcome in outcomes)
    assert len(server.requests) <= 75


def test_a_model_that_is_still_loading_is_waited_for():
    loading = refusal({"error": {"code": 503, "message": "Loading model"}}, 503)
    with serving(lambda _, n: loading if n < 9 else GOOD) as server:
        [outcome], *_ = ask(server, llm_attempts=2)
    assert outcome[0] == GOOD


def test_the_wait_for_a_place_between_attempts_counts_against_nobody():
    with serving(lambda _, n: Fault(500) if n in {1, 2, 3} else GOOD) as server:
        server.slot, server.pace = threading.Lock(), 0.25
        outcomes, *_ = ask(server, times=12, llm_concurrency=1, llm_deadline=2.0)
    assert all(isinstance(outcome, tuple) for outcome in outcomes)


def test_a_longer_time_for_a_call_gives_an_answer_more_time_too():
    assert Settings().reply_deadline == 240
    assert Settings(llm_timeout=600).reply_deadline == 2400
    assert Settings(llm_timeout=600, llm_deadline=5).reply_deadline == 5


def test_a_server_with_one_slot_that_is_slow_is_not_asked_in_vain():
    """By default: the first answer tells, which goes alone, and the others by their waits."""
    with serving(lambda *_: GOOD) as server:
        server.slot, server.pace = threading.Lock(), 1.1
        outcomes, *_ = ask(server, times=12, llm_timeout=4.4)
    assert not [outcome for outcome in outcomes if not isinstance(outcome, tuple)]
    assert len(server.requests) <= 13
    assert server.most_busy <= 3


def test_a_later_run_remembers_how_slow_a_server_is(tmp_path):
    """What the first answer told needs not be told again: nobody waits in vain at the start."""
    cache = ReplyCache(tmp_path)
    with serving(lambda *_: GOOD) as server:
        server.slot, server.pace = threading.Lock(), 1.1
        ask(server, cache=cache, llm_timeout=4.4)
        outcomes, *_ = ask(server, cache=cache, times=6, llm_timeout=4.4)
    assert not [outcome for outcome in outcomes if not isinstance(outcome, tuple)]
    assert len(server.requests) == 7
    assert server.most_busy <= 3
    cache.close()


def test_what_a_second_model_took_adds_no_place():
    throttle = Throttle(16)
    throttle.expect(10.0, 60.0)
    throttle.expect(10.0, 60.0)
    assert throttle.places == 3


def test_a_later_run_remembers_that_a_call_needs_longer(tmp_path, monkeypatch):
    monkeypatch.setattr("grader.settings._CALL_TIME", 0.5)
    monkeypatch.setattr("grader.settings._REPLY_DEADLINE", 6.0)
    cache = ReplyCache(tmp_path)
    with serving(lambda *_: GOOD) as server:
        server.slot, server.pace = threading.Lock(), 1.1
        first, *_ = ask(server, cache=cache, llm_timeout=None, llm_attempts=20)
        asked = len(server.requests)
        second, *_ = ask(server, cache=cache, llm_timeout=None, llm_attempts=20)
    assert isinstance(first[0], tuple)
    assert isinstance(second[0], tuple)
    assert (asked > 1, len(server.requests)) == (True, asked + 1)
    cache.close()


def test_a_slow_endpoint_with_many_places_gets_them_all():
    throttle = Throttle(16)
    throttle.widen(40.0, 60.0)
    assert throttle.places == 1
    for _ in range(15):
        throttle.widen(45.0, 60.0)
    assert throttle.places == 16


def test_a_server_that_needs_longer_than_a_call_may_take_is_given_longer(monkeypatch):
    """By default; where a time was set, that it took longer is told."""
    monkeypatch.setattr("grader.settings._CALL_TIME", 0.5)
    monkeypatch.setattr("grader.settings._REPLY_DEADLINE", 6.0)
    with serving(lambda *_: GOOD) as server:
        server.slot, server.pace = threading.Lock(), 0.75
        outcomes, *_ = ask(server, times=4, llm_timeout=None, llm_attempts=20)
        assert not [outcome for outcome in outcomes if not isinstance(outcome, tuple)]
        [outcome], *_ = ask(server, llm_timeout=0.3, llm_attempts=2)
    assert isinstance(outcome, errors.JudgeTimeoutError)
    assert "no reply within 0.3 s" in str(outcome)


def test_a_server_that_never_answers_ends_an_answer_in_a_bounded_time(monkeypatch):
    monkeypatch.setattr("grader.settings._CALL_TIME", 0.1)
    monkeypatch.setattr("grader.settings._REPLY_DEADLINE", 0.4)
    monkeypatch.setattr("grader.judge.client._SPARE", 0.1)
    with serving(lambda *_: Fault(delay=3)) as server:
        [outcome], _, usage = ask(server, llm_timeout=None)
    assert isinstance(outcome, errors.JudgeTimeoutError)
    assert usage.calls <= 5


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
        ("/chat/completions", "'/chat/completions' isn't part"),
        ("/chat/completions/", "'/chat/completions' isn't part"),
        ("/chat/completions?api-version=2024-10-21", "no '?'"),
        ("/completions", "'/completions' isn't part"),
        ("/responses", "'/responses' isn't part"),
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
    with pytest.raises(errors.JudgeSetupError, match="not the address"):
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
