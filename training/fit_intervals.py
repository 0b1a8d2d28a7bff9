"""Fit how wide the intervals of candidates' totals must be, on answers that no model learnt from.

    python -m training.fit_intervals

Counted are the answers of ``benchmarks.marked_answers`` that may be fitted on, each with the mark
that its labels make. Candidates are made of them: 1, 2, 4 and 8 answers to different questions,
drawn at random again and again. For each number of answers the factor is the one with which as many
of the intervals hold the right total as the level says; the largest of the four is kept, so that
none holds fewer. ``benchmarks/intervals.py`` tries them on the holdout.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from benchmarks.marked_answers import Marked, fitting_cases
from grader.grading import Grader
from grader.hiring.detail import Detail
from grader.hiring.uncertainty import error_by_confidence, error_by_verdicts
from grader.records import Grade
from grader.settings import Settings
from training.checksums import write_checksums

LEVEL = 0.95
SIZES = (1, 2, 4, 8)
DRAWS = 20_000
OUT = Path(__file__).parents[1] / "grader" / "models" / "interval"


class Row(NamedTuple):
    """One answer: how far its score is off, and what its grade says of that in two ways."""

    question: str
    off: float
    by_verdicts: float
    by_confidence: float


def row_of(question_id: str, mark: float, grade: Grade) -> Row:
    """What is known of a graded answer."""
    detail = Detail.model_validate_json(json.dumps(grade.to_dict()))
    return Row(
        question_id,
        mark - detail.score,
        error_by_verdicts(detail),
        error_by_confidence(detail.score, detail.confidence),
    )


def candidates(rows: Sequence[Row], size: int, seed: int = 0) -> np.ndarray:
    """Drawn candidates: of each the sum of what is off, and of its mean squares in both ways."""
    chance = random.Random(seed)
    by_question = defaultdict(list)
    for row in rows:
        by_question[row.question].append(row)
    questions = sorted(by_question)
    drawn = []
    for _ in range(DRAWS):
        own = [chance.choice(by_question[q]) for q in chance.sample(questions, size)]
        drawn.append([sum(r.off for r in own), sum(r[2] for r in own), sum(r[3] for r in own)])
    return np.array(drawn)


def factor(off: np.ndarray, errors: np.ndarray, level: float = LEVEL) -> float:
    """The factor with which the intervals hold the right total as often as the level says."""
    ratios = np.abs(off) / np.sqrt(np.maximum(errors, 1e-12))
    z = NormalDist().inv_cdf((1 + level) / 2)
    return float(np.quantile(ratios, level, method="higher") / z) ** 2


def fit(rows: Sequence[Row]) -> dict[str, float]:
    """The rule of answers with known marks."""
    found: dict[str, list[float]] = {"by_verdicts": [], "by_confidence": []}
    for size in SIZES:
        off, *errors = candidates(rows, size).T
        for name, one in zip(found, errors, strict=True):
            found[name].append(factor(off, one))
        print(
            f"{size} answers: " + ", ".join(f"{name} {own[-1]:.3f}" for name, own in found.items())
        )
    return {name: round(max(own), 4) for name, own in found.items()}


def graded(grader: Grader, marked: Sequence[Marked]) -> list[tuple[Marked, Grade]]:
    """Marked answers with their grades."""
    return [(m, grader.grade(m.answer.text, m.question)) for m in marked]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--out", type=Path, default=OUT)
    args = parser.parse_args()
    grader = Grader(Settings())
    found = graded(grader, fitting_cases(grader))
    rows = [row_of(m.question.id, m.score, grade) for m, grade in found]
    card = {
        "rule": {"level": LEVEL, **fit(rows)},
        "fitted_by": "training/fit_intervals.py",
        "fitted_on": f"{len(rows)} marked answers that no model learnt from, no holdout",
        "verifier": grader.verifier.name,
    }
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "interval.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    write_checksums(args.out)


if __name__ == "__main__":
    main()
