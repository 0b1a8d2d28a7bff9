"""Batch jobs of the endpoint: submitted, collected, submitted again, and never a zero."""

import csv
import json
import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from grader import Grader, Judge
from grader.batch.llm_jobs import Finished, Submitted, Waiting, grade_by_jobs
from grader.batch.runner import grade_file
from grader.errors import (
    InputError,
    JudgeConnectionError,
    JudgeRequestError,
    JudgeServerError,
    JudgeSetupError,
    SettingsError,
)
from grader.settings import Settings
from tests.support.command import grade as command
from tests.support.command import refused
from tests.support.llm_server import Fault, serving, verdicts

ANSWER = "While training, each unit is set to zero at random with some probability p."
PRICES = "tiny=1/10,other=1/10"
COST = 100 * 1e-6 + 20 * 10e-6
N = 6


def good(request, _):
    return verdicts(request)


def settings(server, **more):
    fixed = {"llm_canary_rate": 0.0, "llm_backoff": 0.001, "llm_attempts": 1, "llm_model": "tiny"}
    return Settings(llm_base_url=server.url, llm_prices=PRICES, **(fixed | more))


def write_table(n=N):
    rows = "".join(f'"{ANSWER} Version {i}.",dropout\n' for i in range(n))
    Path("in.csv").write_text(f"answer,question_id\n{rows}no,dropout\n,dropout\n")


@pytest.fixture
def work(grader):
    """Runs a batch as the command does: a new judge each time."""
    write_table()

    def run(server, *, resume=False, output="out.csv", live=False, **more):
        with Judge(settings=settings(server, **more)) as judge:
            own = Grader(Settings(), encoder=grader.encoder, verifier=grader.verifier, judge=judge)
            if live:
                return grade_file(own, ["in.csv"], Path(output))
            return grade_by_jobs(own, judge, ["in.csv"], Path(output), resume=resume)

    return run


def in_the_first_job(server, faults):
    """A script of lines: faults by their number in the first job, else good replies."""

    def script(request, number):
        first = len(server.batch.jobs) == 1
        return faults.get(number, verdicts(request)) if first else verdicts(request)

    return script


def reports(output="out.csv"):
    with Path(output).open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    return [json.loads(r["grade_detail"])["judge"] for r in rows if r["grade_detail"]]


def judged(output="out.csv"):
    """What the judge said of the answers that were sent."""
    return [r for r in reports(output) if r["status"] != "not_sent"]


def without_counts(output):
    """The table but for what each grade took."""
    with Path(output).open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        if row["grade_detail"]:
            whole = json.loads(row["grade_detail"])
            for name in ("calls", "cached", "prompt_tokens", "completion_tokens", "cost"):
                del whole["judge"][name]
            row["grade_detail"] = whole
    return rows


# ── the way through ─────────────────────────────────────────────────────────


def test_the_table_is_that_of_a_live_run(work):
    more = {"llm_runs": 2, "llm_canary_rate": 0.4, "llm_model": "tiny,other"}
    with serving(good) as server:
        submitted = work(server, **more)
        assert isinstance(submitted, Submitted)
        assert not Path("out.csv").exists()
        assert len(submitted.jobs) == 2, "a job names one model"
        at_once = len(server.requests)
        assert (at_once, submitted.asked_now) == (2, 2)
        batched = [line["body"] for lines in server.batch.lines for line in lines]
        assert len(batched) == submitted.requests
        finished = work(server, resume=True, **more)
        assert len(server.requests) == at_once, "collecting makes no call"
        with_batch = server.requests + batched
        server.requests = []
        work(server, output="live.csv", live=True, llm_cache="off", **more)
        live = server.requests
        work(server, output="again.csv", live=True, **more)
        assert len(server.requests) == len(live), "the replies are in the cache"
    assert isinstance(finished, Finished)
    assert without_counts("out.csv") == without_counts("live.csv")
    assert Path("out.csv").read_bytes() == Path("again.csv").read_bytes()

    def distinct(requests):
        return {json.dumps(r, sort_keys=True) for r in requests}

    assert distinct(with_batch) == distinct(live), "the same requests, canaries among them"
    expected = 2 * COST + 0.5 * COST * len(batched)
    assert finished.spent.cost == pytest.approx(expected)
    assert finished.spent.calls == len(with_batch)


def test_a_job_is_noted_in_the_ledger_and_forgotten_at_the_end(work):
    with serving(good) as server:
        server.batch.states = ["in_progress"]
        [job] = work(server).jobs
        with closing(sqlite3.connect("out.csv.ledger")) as db:
            [row] = db.execute("SELECT id, output, model, input_file, submitted FROM job")
            keys = {key for (key,) in db.execute("SELECT key FROM job_request")}
        assert row == (job.id, "out.csv", "tiny", job.input_file, job.submitted)
        assert keys == {line["custom_id"] for line in server.batch.lines[0]}
        waiting = work(server, resume=True)
        assert isinstance(waiting, Waiting)
        assert waiting.states[0][1].status == "in_progress"
        assert not Path("out.csv").exists()
        with pytest.raises(InputError, match="--resume"):
            work(server)
        assert isinstance(work(server, resume=True), Finished)
        with pytest.raises(InputError, match="no batch job is under way"):
            work(server, resume=True)
        # Nothing is left to ask: it is graded at once.
        Path("out.csv").unlink()
        Path("out.csv.ledger").unlink()
        assert isinstance(work(server), Finished)
        assert len(server.requests) == 1


def test_more_than_a_file_holds_is_split(work):
    with serving(good) as server:
        submitted = work(server, llm_batch_requests=2)
        assert [len(lines) for lines in server.batch.lines] == [2, 2, 1]
        assert len(submitted.jobs) == 3
        work(server, resume=True, llm_batch_requests=2)
    assert {r["status"] for r in judged()} == {"judged"}
    Path("out.csv.ledger").unlink()
    with serving(good) as server:
        sizes = {"llm_batch_megabytes": 0.02}
        work(server, llm_seed=1, output="b.csv", **sizes)
        files = [data for name, data in server.batch.files.items() if name.startswith("file-in")]
        assert len(files) > 1
        assert all(len(data) <= 20_000 for data in files)


# ── faults ──────────────────────────────────────────────────────────────────


def test_what_failed_is_submitted_again_and_the_rest_is_kept(work):
    faults = {
        0: Fault(429, "slow down"),
        1: Fault(500),
        2: Fault(raw=b'{"custom_id": "x", "respo'),
        3: Fault(drop=True),
    }
    with serving(good) as server:
        server.batch.script = in_the_first_job(server, faults)
        work(server)
        again = work(server, resume=True)
        assert isinstance(again, Submitted)
        assert again.requests == len(faults) - 1, "one is asked at once"
        assert isinstance(work(server, resume=True), Finished)
    assert {r["status"] for r in judged()} == {"judged"}
    assert [len(lines) for lines in server.batch.lines] == [5, 3]


def test_an_expired_job_keeps_what_it_did(work):
    late = Fault(0, "This request could not be executed in time.", code="batch_expired")
    with serving(good) as server:
        server.batch.states = ["expired"]
        server.batch.script = in_the_first_job(server, dict.fromkeys((2, 3, 4), late))
        work(server)
        assert work(server, resume=True).requests == 2
        assert isinstance(work(server, resume=True), Finished)
    assert {r["status"] for r in judged()} == {"judged"}


def test_what_fails_in_every_round_is_a_failure_not_a_zero(work):
    with serving(good) as server:
        assert isinstance(work(server, llm_batch_rounds=2), Submitted)
        server.script = lambda *_: Fault(500)
        server.batch.script = lambda *_: Fault(503, "overloaded")
        again = work(server, resume=True, llm_batch_rounds=2)
        assert again.requests == N - 1
        calls = len(server.requests)
        assert isinstance(work(server, resume=True, llm_batch_rounds=2), Finished)
        assert len(server.requests) == calls, "nothing is asked live in the end"
        statuses = sorted(r["status"] for r in judged())
        assert statuses == ["failed"] * (N - 1) + ["judged"]
        failures = [f for r in judged() for f in r["failures"]]
        assert {(f["reason"], f["message"]) for f in failures} == {
            ("JudgeServerError", "overloaded")
        }
        with Path("out.csv").open(newline="") as stream:
            scores = [r["grade_score"] for r in csv.DictReader(stream)][:N]
        assert all(float(score) > 0 for score in scores)
        # Run again: the failed ones alone are asked anew.
        server.script = server.batch.script = good
        anew = work(server, llm_canary_rate=0)
    assert anew.requests + anew.asked_now == N - 1


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (Fault(400, "too long"), "JudgeRequestError"),
        ("nonsense", "JudgeReplyError"),
        ({"no": "completion"}, "JudgeServerError"),
        (Fault(0, "went wrong"), "JudgeServerError"),
    ],
    ids=str,
)
def test_each_failure_has_its_reason(work, said, reason):
    with serving(good) as server:
        work(server, llm_batch_rounds=1)
        server.batch.script = lambda *_: said
        assert isinstance(work(server, resume=True, llm_batch_rounds=1), Finished)
    failures = [f["reason"] for r in judged() for f in r["failures"]]
    assert failures == [reason] * (N - 1)


def test_what_no_round_would_mend_is_not_submitted_again(work):
    with serving(good) as server:
        server.batch.script = lambda *_: Fault(400, "too long")
        work(server)
        assert isinstance(work(server, resume=True), Finished)


def test_a_job_that_the_endpoint_would_not_begin_tells_why(work):
    with serving(good) as server:
        server.batch.problem = "enqueued token limit reached"
        server.batch.states = ["failed"]
        work(server, llm_batch_rounds=1)
        work(server, resume=True, llm_batch_rounds=1)
    messages = {f["message"] for r in judged() for f in r["failures"]}
    assert messages == {"the batch job failed: enqueued token limit reached"}


def test_faults_of_the_endpoint_end_it_and_lose_nothing(work):
    with serving(good) as server:
        server.batch.fault = Fault(404)
        with pytest.raises(JudgeSetupError, match="has no batch jobs"):
            work(server)
        assert not Path("out.csv.ledger").exists()
        server.batch.fault = Fault(200, raw=b"{}")
        with pytest.raises(JudgeServerError, match="neither a file nor a job"):
            work(server, llm_seed=1)
        server.batch.fault = None
        work(server, llm_seed=1)
        for fault, error, said in (
            (Fault(401), JudgeSetupError, "refuses the key"),
            (Fault(500), JudgeServerError, "out of order"),
            (Fault(404), JudgeSetupError, "knows nothing of job batch_1"),
        ):
            server.batch.fault = fault
            with pytest.raises(error, match=said):
                work(server, resume=True, llm_seed=1)
        server.batch.fault = None
        with serving(good) as another, pytest.raises(JudgeSetupError, match="was submitted to"):
            work(another, resume=True, llm_seed=1)
        assert isinstance(work(server, resume=True, llm_seed=1), Finished)


def test_a_job_whose_beginning_was_not_noted_is_found_and_not_paid_twice():
    write_table()
    options = ("batch", "in.csv", "-o", "out.csv", "--llm", "--llm-model", "tiny", "--llm-batch")
    with serving(good) as server:
        env = os.environ | {"OPENAI_BASE_URL": server.url, "GRADER_LLM_CANARY_RATE": "0"}
        server.batch.slow = 5
        killed = subprocess.Popen([sys.executable, "-m", "grader", *options], env=env)
        while not server.batch.jobs:
            time.sleep(0.01)
        killed.kill()
        killed.wait()
        server.batch.slow = 0
        done = command(*options, "--resume", env=env)
        assert done.returncode == 0, done.stderr
        assert len(server.batch.jobs) == 1
    assert {r["status"] for r in judged()} == {"judged"}


def test_a_job_that_was_not_begun_is_begun_with_the_file_that_is_there(work):
    with serving(good) as server:
        server.batch.create_another()
        server.batch.at_beginning = Fault(drop=True)
        with pytest.raises(JudgeConnectionError):
            work(server)
        server.batch.at_beginning = None
        with pytest.raises(InputError, match="--resume"):
            work(server)
        assert isinstance(work(server, resume=True), Finished)
        assert len(server.batch.jobs) == 2
        assert sum(name.startswith("file-in") for name in server.batch.files) == 2
    assert {r["status"] for r in judged()} == {"judged"}


def test_a_job_that_is_refused_is_forgotten(work):
    with serving(good) as server:
        server.batch.at_beginning = Fault(400, "too many jobs")
        with pytest.raises(JudgeRequestError, match="too many jobs"):
            work(server)
        server.batch.at_beginning = None
        assert work(server).requests == N - 2, "each run asks one at once"
        assert isinstance(work(server, resume=True), Finished)
    assert {r["status"] for r in judged()} == {"judged"}


def test_what_the_endpoint_does_not_take_is_found_out_before_the_job(work):
    def picky(request, _):
        if "temperature" in request:
            return Fault(400, "unsupported", param="temperature")
        return Fault(400) if "response_format" in request else verdicts(request)

    with serving(picky) as server:
        work(server, llm_attempts=6)
        work(server, resume=True, llm_attempts=6)
        bodies = [line["body"] for line in server.batch.lines[0]]
    assert all("temperature" not in body and "tools" in body for body in bodies)
    assert {r["status"] for r in judged()} == {"judged"}


# ── limits ──────────────────────────────────────────────────────────────────


def test_the_limit_of_calls_holds_over_all_rounds(work):
    with serving(good) as server:
        server.batch.script = lambda *_: Fault(500)
        submitted = work(server, llm_max_calls=4)
        assert (submitted.requests, submitted.left_out, submitted.asked_now) == (3, 2, 1)
        assert isinstance(work(server, resume=True, llm_max_calls=4), Finished)
    reasons = sorted(f["reason"] for r in judged() for f in r["failures"])
    assert reasons == ["JudgeBudgetError"] * 5


def test_the_limit_of_cost_holds_for_what_jobs_cost_at_most(work):
    with serving(good) as server:
        most = work(server, llm_max_output_tokens=1000).most_cost
        one = most / (N - 1)
        assert one == pytest.approx(0.5 * 1000 * 10e-6, rel=0.3), "half the price"
        limit = COST + 2.5 * one
        less = work(server, output="b.csv", llm_seed=1, llm_max_cost=limit,
                    llm_max_output_tokens=1000)  # fmt: skip
    assert (less.requests, less.left_out) == (2, 3)
    assert less.most_cost <= limit


def test_batch_jobs_need_a_cache_and_a_file(work):
    with serving(good) as server:
        with pytest.raises(SettingsError, match="--llm-cache off"):
            work(server, llm_cache="off")
        with pytest.raises(InputError, match="name a file"):
            work(server, output="-")


def test_all_is_in_the_log(work):
    with serving(good) as server:
        work(server, llm_log="log.jsonl")
        work(server, resume=True, llm_log="log.jsonl")
    lines = [json.loads(line) for line in Path("log.jsonl").read_text().splitlines()]
    batched = [line for line in lines if line.get("batch")]
    assert sum("request" in line for line in batched) == N - 1
    assert sum("reply" in line for line in batched) == N - 1


# ── the command ─────────────────────────────────────────────────────────────


def test_the_command_submits_waits_and_collects():
    write_table()
    base = ("batch", "in.csv", "-o", "out.csv", "--llm", "--llm-model", "tiny")
    options = (*base, "--llm-prices", PRICES, "--llm-batch")
    with serving(good) as server:
        server.batch.states = ["in_progress"]
        env = {"OPENAI_BASE_URL": server.url, "GRADER_LLM_CANARY_RATE": "0"}
        dry = command(*options, "--dry-run", env=env)
        live_price = command(*options[:-1], "--dry-run", env=env)
        cost, live_cost = (float(d.stdout.split()[-1]) for d in (dry, live_price))
        assert cost == pytest.approx(live_cost / 2, rel=0.05)
        assert server.requests == []
        first = command(*options, env=env)
        assert first.returncode == 0, first.stderr
        assert len(first.stdout.splitlines()) == 1
        assert first.stdout.startswith("submitted: 5 requests in 1 job (batch_1), cost 0.")
        assert "--resume" in first.stdout
        refused(command(*options, env=env), "under way", "--resume")
        second = command(*options, "--resume", env=env)
        assert second.returncode == 0, second.stderr
        assert second.stdout == (
            "waiting for 1 job: batch_1: in_progress, 0 of 5 done, 0 failed: ask again later\n"
        )
        assert not Path("out.csv").exists()
        third = command(*options, "--resume", env=env)
        assert third.returncode == 0, third.stderr
        assert "judge: by batch jobs: 6 calls, cost 0.00" in third.stderr
        live = command(*base, "-o", "live.csv", "--llm-cache", "off", env=env)
        assert live.returncode == 0, live.stderr
    assert without_counts("out.csv") == without_counts("live.csv")


def test_the_command_says_in_one_line_what_is_wrong():
    write_table()
    options = ("batch", "in.csv", "-o", "out.csv", "--llm", "--llm-model", "tiny", "--llm-batch")
    with serving(lambda *_: Fault(401, "bad key")) as server:
        env = {"OPENAI_BASE_URL": server.url}
        assert "refuses the key" in last(command(*options, env=env))
    with serving(good) as server:
        server.batch.fault = Fault(404)
        env = {"OPENAI_BASE_URL": server.url}
        assert "has no batch jobs" in last(command(*options, env=env))
        assert "no batch job" in last(command(*options, "--resume", env=env))
    refused(command("batch", "in.csv", "-o", "out.csv", "--resume"), "add --llm")


def last(done):
    """The last line on standard error of a command that ended with 2."""
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    return done.stderr.splitlines()[-1]


def test_a_live_run_does_not_pay_again_for_what_is_under_way(work):
    with serving(good) as server:
        work(server)
        calls = len(server.requests)
        with pytest.raises(InputError, match="batch jobs are under way"):
            work(server, live=True)
        assert len(server.requests) == calls
        work(server, resume=True)
        assert work(server, live=True).failed == 1
