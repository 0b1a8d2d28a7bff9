"""How often the intervals of candidates' totals hold the right total, on the holdout.

    python -m benchmarks.intervals

Candidates are drawn as in ``training.fit_intervals``, from ``seen`` of
``benchmarks.marked_answers``, on which nothing was trained, fitted or tuned.
"""

from __future__ import annotations

import numpy as np

from benchmarks.marked_answers import cases
from grader.grading import Grader
from grader.hiring.uncertainty import IntervalRule, load_rule, margin
from grader.settings import Settings
from training.fit_intervals import SIZES, Row, candidates, graded, row_of


def coverage(rows: list[Row], rule: IntervalRule) -> list[tuple[int, float, float, float, float]]:
    """Of each number of answers: intervals that hold, and half their width, in both ways."""
    found = []
    for size in SIZES:
        off, by_verdicts, by_confidence = candidates(rows, size, seed=1).T
        told = []
        for errors, factor in (
            (by_verdicts, rule.by_verdicts),
            (by_confidence, rule.by_confidence),
        ):
            margins = np.array([margin([factor * error], rule.level) for error in errors])
            told += [float((np.abs(off) <= margins + 1e-9).mean()), float(margins.mean()) / size]
        found.append((size, *told))
    return found


def main() -> None:
    grader = Grader(Settings())
    found = graded(grader, cases(grader, "seen"))
    rows = [row_of(m.question.id, m.score, grade) for m, grade in found]
    rule = load_rule()
    print(f"{len(rows)} holdout answers, intervals of {rule.level:.0%}")
    print("answers   by verdicts: hold  half width   by confidence: hold  half width")
    for size, held, width, held_too, width_too in coverage(rows, rule):
        print(f"{size:7}   {held:17.1%}  {width:10.2f}   {held_too:19.1%}  {width_too:10.2f}")


if __name__ == "__main__":
    main()
