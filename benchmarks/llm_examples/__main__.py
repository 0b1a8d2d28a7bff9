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

``ask-marks`` and ``take-marks`` do the same for one mark for the whole answer, from 0 to 4, which
the model gives by question and reference (``marks.jsonl``): the other way to judge where there is
no rubric.

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
    MARKS,
    MODEL,
    MOST,
    REPLIES,
    RUBRICS,
    keep,
    lines_of,
    prompts_for_rubrics,
    rubric_of,
    shown,
    shown_as_wholes,
    take,
    take_marks,
    take_rubrics,
    votes_in,
)
from benchmarks.llm_examples.sample import MARKS as COLUMNS
from benchmarks.llm_examples.sample import sample
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
    commands.add_parser("ask-marks")
    commands.add_parser("take-marks").add_argument("file", type=Path)
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
        case "ask-marks":
            print("\n".join(shown_as_wholes(args.data)))
        case "take-marks":
            keep(MARKS, take_marks(args.file.read_text("utf-8"), args.data))
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
    """Agreement by set and way of judging, as far as it is recorded."""
    said = {(r["exam"], r["row"], r["examples"]): r for r in lines_of(REPLIES)}
    wholes = {(r["exam"], r["row"]): r["mark"] / MOST for r in lines_of(MARKS)}
    marks, scores = scores_of(data, said)
    print(
        f"{'set':12}{'judged':>16}{'shown':>7}{'n':>5}{'r':>6}{'95 %':>14}"
        f"{'weighted':>10}{'95 %':>14}"
    )
    for exam in COLUMNS:
        own = [row for row in marks if row[0] == exam]
        for n in (None, *NUMBERS):
            rows = [row for row in own if (row, n) in scores]
            told = [said[(*row, n)]["shown"] for row in rows] if n is not None else [0]
            name = "not" if n is None else f"by {n} examples"
            _print_row(exam, name, told, [(marks[row], scores[row, n]) for row in rows])
        rows = [row for row in own if row in wholes and (row, 0) in scores]
        _print_row(exam, "as a whole", [0], [(marks[row], wholes[row]) for row in rows])
        both = [(marks[row], (wholes[row] + scores[row, 0]) / 2) for row in rows]
        _print_row(exam, "both, the mean", [0], both)
    print(f"recorded: {_so_far()}, as a whole: {len(wholes)}")


def _print_row(exam: str, name: str, told: list[int], pairs: list[tuple[float, float]]) -> None:
    if pairs:
        due, given = np.array(pairs).T
        print(f"{exam:12}{name:>16}{np.mean(told):7.1f}{len(pairs):5}{_figures(due, given)}")


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
