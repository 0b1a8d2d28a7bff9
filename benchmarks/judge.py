"""The judge's pace and thrift against an endpoint of fixed delay, in a process of its own.

    python -m benchmarks.judge [--answers N]

Answers of one question, 16 at a time, 200 ms a call: 1,000 take 12.5 s at best. Printed: the
seconds beside that ideal, the calls an answer (canaries and retries included), what a client that
does nothing but send and receive takes for the same calls on the same machine at that moment, and
the processor time of ours a call. The first run at an endpoint asks one answer alone, to learn what
the endpoint can; a later run knows. Then the same where every third call gets a 429 with
``Retry-After``. At last ``grade batch --llm`` is killed (SIGKILL) in the middle and run again:
every answer must be judged, and the endpoint counts what it answered twice.

On a shared 2-core machine while nothing else ran, the script twice; and earlier on one core of it,
at load averages of 2 to 11:

                        nothing else ran                  one core, other work beside it
    bare client         12.73, 12.75 s                    12.95 to 13.54 s
    first run           13.62, 13.55 s (x 1.09, 1.08)     15.61 to 20.05 s (x 1.25 to 1.60)
    a later run         13.41, 13.48 s (x 1.07, 1.08)
    first run, 429s     16.49, 15.97 s (x 1.32, 1.28)     21.22 to 26.37 s (x 1.70 to 2.11)
    calls an answer     1.002; 1.502 with 429s
    killed batch        16 of 216 calls repeated          15 of 215, 16 of 216

All 1,000 answers were judged in each, all 200 of the killed batches, and never were more calls
repeated than were in flight. Before requests were written as they are needed, and all of them at
once instead, the first run took 13.93 s. Starting calls some milliseconds apart (4, 7, 11.5)
changed less than the runs differ among themselves.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.loopback import Process, serving
from grader.bank.catalog import Catalog
from grader.judge.judge import Case, Judge
from grader.settings import Settings

DELAY, PLACES = 0.2, 16
REFUSED, RETRY_AFTER = 3, 0.2
QUESTION = "dropout"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int, default=1000)
    parser.add_argument("--batch", type=int, default=200, help="answers of the killed batch")
    args = parser.parse_args()
    ideal = args.answers / PLACES * DELAY
    print(f"{args.answers} answers, {PLACES} at a time, {DELAY:g} s a call: ideal {ideal:.1f} s")
    with serving(delay=DELAY) as endpoint:
        print(f"bare client      {bare_seconds(endpoint, args.answers):6.2f} s")
    with serving(delay=DELAY) as endpoint, tempfile.TemporaryDirectory() as cache:
        texts = answers(2 * args.answers)
        measure("first run", endpoint, texts[: args.answers], ideal, cache)
        measure("a later run", endpoint, texts[args.answers :], ideal, cache)
    refusing = serving(delay=DELAY, refuse=REFUSED, retry_after=RETRY_AFTER)
    with refusing as endpoint, tempfile.TemporaryDirectory() as cache:
        measure("first run, 429s", endpoint, answers(args.answers), ideal, cache)
    with serving(delay=DELAY) as endpoint:
        killed(endpoint, args.batch)


def answers(number: int) -> list[str]:
    """Answers that differ, so that none is taken from the cache."""
    text = "While training, each unit is set to zero at random with probability p."
    return [f"{text} Version {i}." for i in range(number)]


def measure(name: str, endpoint: Process, texts: list[str], ideal: float, cache: str) -> None:
    """Judge the answers and print what it took."""
    question = Catalog.from_settings(Settings()).question(QUESTION)
    cases = [Case(text, question) for text in texts]
    settings = Settings(llm_model="tiny", llm_base_url=endpoint.url, llm_cache=cache)
    before = endpoint.counts().requests
    with Judge(settings=settings) as judge:
        begun, worked = time.perf_counter(), time.process_time()
        reports = judge.assess(cases)
        seconds, work = time.perf_counter() - begun, time.process_time() - worked
    calls = endpoint.counts().requests - before
    judged = sum(r.status == "judged" for r in reports)
    print(
        f"{name:16} {seconds:6.2f} s  x {seconds / ideal:.2f} of the ideal, "
        f"{calls / len(texts):.3f} calls an answer, {judged} judged, "
        f"{work / calls * 1000:.1f} ms of processor a call"
    )


# ── a client that does nothing else ─────────────────────────────────────────


def bare_seconds(endpoint: Process, number: int) -> float:
    """How long the same calls take where nobody prepares or reads them."""
    begun = time.perf_counter()
    asyncio.run(bare_client(endpoint, number))
    return time.perf_counter() - begun


async def bare_client(endpoint: Process, number: int) -> None:
    """Send ready-made requests over connections that stay open."""
    host, _, port = endpoint.root.removeprefix("http://").partition(":")
    body = json.dumps({"messages": [{"role": "user", "content": "x" * 7000}]}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    left = iter(range(number))

    async def connection() -> None:
        reader, writer = await asyncio.open_connection(host, int(port))
        for _ in left:
            writer.write(head + body)
            reply = (await reader.readuntil(b"\r\n\r\n")).decode()
            await reader.readexactly(int(reply.lower().rpartition("content-length:")[2]))
        writer.close()

    await asyncio.gather(*(connection() for _ in range(PLACES)))


# ── a kill ──────────────────────────────────────────────────────────────────


def killed(endpoint: Process, number: int) -> None:
    """Kill a batch in the middle, run it again and count."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        table, output = folder / "in.csv", folder / "out.csv"
        with table.open("w", newline="") as stream:
            rows = csv.writer(stream)
            rows.writerow(["answer", "question_id"])
            rows.writerows([text, QUESTION] for text in answers(number))
        command = [sys.executable, "-m", "grader", "batch", table, "-o", output, "--llm"]
        command += ["--llm-model", "tiny", "--llm-cache", folder / "cache"]
        env = os.environ | {"OPENAI_BASE_URL": endpoint.url, "GRADER_LLM_CANARY_RATE": "0"}
        first = subprocess.Popen(command, env=env, stderr=subprocess.DEVNULL)
        while endpoint.counts().requests < number // 2:
            time.sleep(0.02)
        first.kill()
        first.wait()
        at_kill = endpoint.counts().requests
        begun = time.perf_counter()
        subprocess.run(command, env=env, check=True, stderr=subprocess.DEVNULL)
        seconds = time.perf_counter() - begun
        with output.open(newline="") as stream:
            details = [json.loads(row["grade_detail"]) for row in csv.DictReader(stream)]
    judged = sum(detail["judge"]["status"] == "judged" for detail in details)
    counts = endpoint.counts()
    print(
        f"batch of {number}, killed after {at_kill} calls and run again ({seconds:.1f} s): "
        f"{judged} judged, {counts.requests} calls in all, {counts.repeated} of them repeated "
        f"({PLACES} at most were in flight)"
    )


if __name__ == "__main__":
    main()
