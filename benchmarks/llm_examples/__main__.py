"""What marked examples in the judge's prompt are worth, on public exams; the record of it.

    python -m benchmarks.llm_examples --data DIR ask-rubrics > drafts.txt
    python -m benchmarks.llm_examples --data DIR take-rubrics replies.txt
    python -m benchmarks.llm_examples --data DIR ask --examples 4 > asked.txt
    python -m benchmarks.llm_examples --data DIR take 4 verdicts.txt
    python -m benchmarks.llm_examples --data DIR

``DIR`` holds the exams (see ``sample``). One rubric a question, drafted by a model from question
and reference, serves all runs; its quotes were checked, but no judge tried it, as a run with
``--llm`` would have done. ``ask`` prints what the judge's own prompt holds of every answer, with
question, points and the N marked answers nearest to it, in an order drawn by lot; its own mark
stands nowhere. The model replies by lines, as it is told there. ``take`` makes of them what an
endpoint would have sent, reads it by the project's own parser, looks every quote up, and adds it to
``replies.jsonl``. Whatever is in there is not asked again.

Whoever is given all that ``ask`` prints at once reads more than an endpoint does, which is asked of
one answer a call: a near copy of 26, 30 and 33 of the 128 answers stands, with its mark, among the
examples of another one (2, 4 and 8 examples). Their gain is rather too large than too small.

Without a command it grades the answers offline by the same rubrics, adds the recorded judgements as
a run with ``--llm`` would, and prints Pearson's r and the weighted RMSE (ten bins of the mark
count alike) of the scores beside people's marks, with 95 % intervals: answers drawn anew with
replacement, the same ones for each number of examples.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from benchmarks.llm_examples.record import (
    MODEL,
    REPLIES,
    RUBRICS,
    keep,
    lines_of,
    prompts_for_rubrics,
    rubric_of,
    shown,
    take,
    take_rubrics,
    votes_in,
)
from benchmarks.llm_examples.sample import MARKS, sample
from grader.engine.assembly import Measure
from grader.engine.confidence import load_doubt
from grader.engine.engine import Answer, Engine
from grader.evaluation.agreement import Numbers, agreement, intervals
from grader.judge import prompt
from grader.judge.fusion import fuse
from grader.records import Grade, JudgeReport, Question, Vote
from grader.settings import Settings

NUMBERS = (0, 2, 4, 8)
PASS = 0.5


def main() -> None:
    """Ask, take, or print the table."""
    parser = argparse.ArgumentParser(description="Marked examples in the judge's prompt.")
    parser.add_argument("--data", type=Path, required=True)
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("ask-rubrics")
    commands.add_parser("take-rubrics").add_argument("file", type=Path)
    commands.add_parser("ask").add_argument("--examples", type=int, required=True)
    taking = commands.add_parser("take")
    taking.add_argument("examples", type=int)
    taking.add_argument("file", type=Path)
    args = parser.parse_args()
    match args.command:
        case "ask-rubrics":
            print("\n".join(prompts_for_rubrics(args.data)))
        case "take-rubrics":
            keep(RUBRICS, take_rubrics(args.file.read_text("utf-8"), args.data))
        case "ask":
            print("\n".join(shown(args.data, args.examples)))
        case "take":
            taken = take(args.file.read_text("utf-8"), args.data, args.examples)
            keep(REPLIES, taken)
            print(f"{len(taken)} taken; {_so_far()}")
        case _:
            print_table(args.data)


def _so_far() -> str:
    done = [line["examples"] for line in lines_of(REPLIES)]
    return ", ".join(f"with {n}: {done.count(n)}" for n in NUMBERS)


def print_table(data: Path) -> None:
    """Agreement by set and number of examples, as far as it is recorded."""
    said = {(r["exam"], r["row"], r["examples"]): r for r in lines_of(REPLIES)}
    marks, scores = scores_of(data, said)
    print(
        f"{'set':12}{'examples':>9}{'shown':>7}{'n':>5}{'r':>6}{'95 %':>14}"
        f"{'weighted':>10}{'95 %':>14}"
    )
    for exam in MARKS:
        for n in (None, *NUMBERS):
            rows = [k for k in marks if k[0] == exam and (k, n) in scores]
            if rows:
                told = [said[(*k, n)]["shown"] for k in rows] if n is not None else [0]
                given = np.array([scores[k, n] for k in rows])
                name = "offline" if n is None else str(n)
                shares = _figures(np.array([marks[k] for k in rows]), given)
                print(f"{exam:12}{name:>9}{np.mean(told):7.1f}{len(rows):5}{shares}")
    print(f"recorded: {_so_far()}")


def _figures(marks: Numbers, scores: Numbers) -> str:
    found, between = agreement(marks, scores, PASS), intervals(marks, scores, PASS)
    text = ""
    for name, width in (("pearson", 6), ("weighted_rmse", 10)):
        low, high = between[name]
        text += f"{getattr(found, name):{width}.2f}{f'{low:.2f} to {high:.2f}':>14}"
    return text


Row = tuple[str, str]


def scores_of(
    data: Path, said: dict[tuple[str, str, int], dict[str, str]]
) -> tuple[dict[Row, float], dict[tuple[Row, int | None], float]]:
    """Marks by set and row, and scores by these and the number of examples; None is offline."""
    engine, marks = Engine(Settings()), {}
    scores: dict[tuple[Row, int | None], float] = {}
    for part in sample(data):
        question = rubric_of(part)
        offline = engine.grade([Answer(one.answer, question) for one in part.asked])
        for one, grade in zip(part.asked, offline, strict=True):
            row = part.exam, one.row
            marks[row], scores[row, None] = one.mark, grade.score
            for n in NUMBERS:
                if (*row, n) in said:
                    votes = votes_in(said[*row, n]["reply"], question, one.answer)
                    scores[row, n] = judged(grade, question, votes).score
    return marks, scores


def judged(offline: Grade, question: Question, votes: tuple[Vote, ...]) -> Grade:
    """The grade of a run with ``--llm``."""
    report = JudgeReport(
        status="judged",
        reason="",
        models=(MODEL,),
        prompt=prompt.VERSION,
        runs=1,
        seed=Settings().llm_seed,
        temperature=0.0,
        votes=votes,
    )
    measure = Measure(review_below=Settings().review_below, doubt=load_doubt())
    return fuse(offline, question, report, measure)


if __name__ == "__main__":
    main()
