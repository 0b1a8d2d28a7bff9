"""The same work, the same endpoint: our judge beside four evaluation frameworks.

    python -m benchmarks.judge_frameworks [--answers N] [--folder DIR]

Answers of the bank, 16 at a time, against an endpoint in a process of its own that takes
200 ms a call (``benchmarks.loopback``): 200 answers take 2.5 s at best. Every framework has an
environment of its own under the folder, made by this script, and does what its own
documentation shows for marking an answer by a reference: DeepEval's ``GEval``, autoevals'
``Factuality``, openevals' correctness judge, Ragas' ``RubricsScore``. Each gives one mark;
ours gives a verdict with a quote on every key point and misconception. What the marks are worth is
not measured here: the endpoint says whatever pleases.

Printed: seconds from the first answer to the last mark (imports aside), calls and characters of all
prompts an answer, answers without a mark. Ours runs twice, on other answers: the first run at an
endpoint asks one answer alone, to learn what the endpoint can, and a later run knows. Where a
framework can't be installed or run, the line says so.

On two slow cores of a Zen 3 while nothing else ran:

                     seconds   calls  prompt characters  without a mark
    grader, first       3.29    1.02              4,100               0
    grader, later       3.16    1.02              4,053               0
    DeepEval           20.87    2.00              3,675               0
    autoevals           2.98    1.00              2,642               0
    openevals           4.81    1.00              2,419               0
    Ragas               3.45    1.00              5,152               0
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from benchmarks.loopback import Counts, Process, serving

DELAY, PLACES = 0.2, 16
PACKAGES = {
    "DeepEval": ("deepeval",),
    "autoevals": ("autoevals", "openai"),
    "openevals": ("openevals", "langchain-openai"),
    # Ragas imports a module that langchain-community 0.4 no longer has.
    "Ragas": ("ragas", "langchain-community<0.4"),
}
ROOT = Path(__file__).parents[1]
MODEL = "gpt-4o-mini"
PATIENCE = 300
NOTHING = Counts(requests=0, answered=0, distinct=0, repeated=0, prompt_chars=0)

Item = dict[str, str]
Marker = Callable[[Item], Awaitable[object]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int, default=200)
    parser.add_argument("--folder", type=Path, help="where the environments are kept")
    parser.add_argument("--child", choices=PACKAGES, help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        print(json.dumps(asyncio.run(mark_all(args.child, json.loads(args.work.read_text())))))
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = args.folder or Path(scratch)
        work = Path(scratch) / "work.json"
        work.write_text(json.dumps(bank_answers(args.answers)))
        print(f"{args.answers} answers, ideal {args.answers / PLACES * DELAY:.1f} s")
        print(f"{'':15}{'seconds':>9}{'calls':>8}{'prompt characters':>19}{'without a mark':>16}")
        with serving(delay=DELAY) as endpoint:
            ours(endpoint, args.answers, Path(scratch))
        for name in PACKAGES:
            with serving(delay=DELAY) as endpoint:
                try:
                    found = theirs(name, endpoint, folder, work)
                except subprocess.SubprocessError as error:
                    print(f"{name:15}failed: {last_line(error)}")
                    continue
                report(name, endpoint.counts(), args.answers, found)


def report(
    name: str, seen: Counts, answers: int, found: dict[str, float], before: Counts = NOTHING
) -> None:
    """Print a line: what the endpoint has seen since ``before``, and what came of it."""
    print(
        f"{name:15}{found['seconds']:9.2f}{(seen.requests - before.requests) / answers:8.2f}"
        f"{(seen.prompt_chars - before.prompt_chars) / answers:19,.0f}{found['unmarked']:16.0f}"
    )


def last_line(error: subprocess.SubprocessError) -> str:
    said = getattr(error, "stderr", None) or str(error)
    text = said if isinstance(said, str) else said.decode(errors="replace")
    return text.strip().splitlines()[-1][:90]


# ── ours ────────────────────────────────────────────────────────────────────


def bank_answers(number: int) -> list[Item]:
    """The first examples of the bank, with question, reference and key points."""
    from grader.bank.catalog import Catalog
    from grader.settings import Settings

    catalog = Catalog.from_settings(Settings())
    items: list[Item] = []
    for slug in catalog.slugs():
        question = catalog.question(slug)
        for example in catalog.load(slug)[1].examples if question.references else ():
            items.append(
                {
                    "slug": slug,
                    "question": question.prompt,
                    "reference": question.references[0].text,
                    "criteria": " ".join(k.claim for k in question.key_points),
                    "answer": example.answer,
                }
            )
            if len(items) == number:
                return items
    raise SystemExit(f"the bank has {len(items)} examples only")


def ours(endpoint: Process, number: int, cache: Path) -> None:
    """The judge alone, as it is set by default: a first run, and a later one."""
    from grader.bank.catalog import Catalog
    from grader.judge.judge import Case, Judge
    from grader.settings import Settings

    catalog = Catalog.from_settings(Settings())
    cases = [Case(i["answer"], catalog.question(i["slug"])) for i in bank_answers(2 * number)]
    settings = Settings(llm_model=MODEL, llm_base_url=endpoint.url, llm_cache=str(cache))
    for name, part in (("grader, first", cases[:number]), ("grader, later", cases[number:])):
        before = endpoint.counts()
        with Judge(settings=settings) as judge:
            begun = time.perf_counter()
            reports = judge.assess(part)
            seconds = time.perf_counter() - begun
        unmarked = sum(r.status != "judged" for r in reports)
        found = {"seconds": seconds, "unmarked": float(unmarked)}
        report(name, endpoint.counts(), number, found, before)


# ── theirs, each run by the Python of its own environment ───────────────────


def theirs(name: str, endpoint: Process, folder: Path, work: Path) -> dict[str, float]:
    """Seconds and answers without a mark, from a process of the framework's environment."""
    python = folder / name.lower() / "bin" / "python"
    if not python.exists():
        subprocess.run(
            [sys.executable, "-m", "venv", folder / name.lower()], check=True, capture_output=True
        )
        install = [python, "-m", "pip", "install", "--quiet", *PACKAGES[name]]
        subprocess.run(install, check=True, capture_output=True, text=True)
    env = os.environ | {
        "PYTHONPATH": str(ROOT),
        "OPENAI_BASE_URL": endpoint.url,
        "OPENAI_API_BASE": endpoint.url,
        "OPENAI_API_KEY": "none",
        "DEEPEVAL_TELEMETRY_OPT_OUT": "YES",
        "RAGAS_DO_NOT_TRACK": "true",
        "LANGSMITH_TRACING": "false",
    }
    command = [python, "-m", "benchmarks.judge_frameworks", "--child", name, "--work", work]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, env=env, timeout=PATIENCE
    )
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


async def mark_all(name: str, items: list[Item]) -> dict[str, float]:
    """Mark the answers, so many at a time."""
    mark = {"DeepEval": deepeval, "autoevals": autoevals, "openevals": openevals, "Ragas": ragas}
    marker = mark[name]()
    places = asyncio.Semaphore(PLACES)

    async def one(item: Item) -> object:
        async with places:
            return await marker(item)

    begun = time.perf_counter()
    marks = await asyncio.gather(*(one(item) for item in items), return_exceptions=True)
    seconds = time.perf_counter() - begun
    failed = [m for m in marks if m is None or isinstance(m, BaseException)]
    if len(failed) == len(marks):
        raise SystemExit(f"no mark at all: {failed[0]!r}")
    return {"seconds": seconds, "unmarked": len(failed)}


def deepeval() -> Marker:
    """``GEval`` with the key points as criteria; a metric keeps state, so one an answer."""
    from deepeval.metrics import GEval
    from deepeval.models import GPTModel
    from deepeval.test_case import LLMTestCase

    try:
        from deepeval.test_case import SingleTurnParams as Params
    except ImportError:  # its name before 4.0
        from deepeval.test_case import LLMTestCaseParams as Params

    model = GPTModel(model=MODEL, base_url=os.environ["OPENAI_BASE_URL"], api_key="none")

    async def mark(item: Item) -> object:
        metric = GEval(
            name="Correctness",
            criteria=f"The actual output must state: {item['criteria']}",
            evaluation_params=[Params.INPUT, Params.ACTUAL_OUTPUT, Params.EXPECTED_OUTPUT],
            model=model,
        )
        case = LLMTestCase(
            input=item["question"],
            actual_output=item["answer"],
            expected_output=item["reference"],
        )
        return await metric.a_measure(case, _show_indicator=False)

    return mark


def autoevals() -> Marker:
    """``Factuality`` with the reference as the expert's answer."""
    from autoevals import Factuality, init
    from openai import AsyncOpenAI

    init(client=AsyncOpenAI())
    scorer = Factuality(model=MODEL)

    async def mark(item: Item) -> object:
        found = await scorer.eval_async(
            output=item["answer"], expected=item["reference"], input=item["question"]
        )
        return found.score

    return mark


def openevals() -> Marker:
    """Its prompt for correctness, with the reference."""
    from openevals.llm import create_async_llm_as_judge
    from openevals.prompts import CORRECTNESS_PROMPT

    judge = create_async_llm_as_judge(prompt=CORRECTNESS_PROMPT, model=f"openai:{MODEL}")

    async def mark(item: Item) -> Any:
        found = await judge(
            inputs=item["question"],
            outputs=item["answer"],
            reference_outputs=item["reference"],
        )
        return found["score"]

    return mark


def ragas() -> Marker:
    """``RubricsScore`` with a rubric made of the key points."""
    from openai import AsyncOpenAI
    from ragas.llms import llm_factory
    from ragas.metrics.collections import RubricsScoreWithReference as Rubrics

    llm = llm_factory(MODEL, client=AsyncOpenAI())

    async def mark(item: Item) -> Any:
        metric = Rubrics(
            llm=llm,
            rubrics={
                "score1_description": "None of these is stated.",
                "score2_description": "A few of these are stated.",
                "score3_description": "Half of these are stated.",
                "score4_description": "Most of these are stated.",
                "score5_description": f"All of these are stated: {item['criteria']}",
            },
        )
        found = await metric.ascore(
            user_input=item["question"], response=item["answer"], reference=item["reference"]
        )
        return found.value

    return mark


if __name__ == "__main__":
    main()
