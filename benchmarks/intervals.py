"""How often the intervals of candidates' totals hold the right total, on the holdout.

    python -m benchmarks.intervals

Candidates are drawn as in ``training.fit_intervals``, from examples marked ``holdout``, whose
answers nothing was trained, fitted or tuned on.
"""

from __future__ import annotations

import numpy as np

from grader.authoring.examples import run_trials
from grader.grading import Grader
from grader.hiring.uncertainty import IntervalRule, load_rule, margin
from grader.settings import Settings
from training.fit_intervals import SIZES, Row, candidates, row_of


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
    rows = [row_of(t) for t in run_trials(grader, grader.catalog.slugs(), holdout=True)]
    rule = load_rule()
    print(f"{len(rows)} holdout answers, intervals of {rule.level:.0%}")
    print("answers   by verdicts: hold  half width   by confidence: hold  half width")
    for size, held, width, held_too, width_too in coverage(rows, rule):
        print(f"{size:7}   {held:17.1%}  {width:10.2f}   {held_too:19.1%}  {width_too:10.2f}")


if __name__ == "__main__":
    main()
