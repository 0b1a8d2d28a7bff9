"""Fit how sure a pass decision is, on marked answers that no model ever learnt from.

    python -m training.fit_confidence [--write]

The answers are those of ``benchmarks.marked_answers`` that may be fitted on: no holdout.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from benchmarks.marked_answers import Marked, fitting_cases
from grader.engine.confidence import STEPS, Doubt, score_odds
from grader.engine.costs import points_off
from grader.engine.engine import Answer, Engine
from grader.grading import Grader
from grader.records import VERDICTS, Grade
from grader.settings import Settings
from training.checksums import write_checksums

OUT = Path(__file__).parents[1] / "grader" / "models" / "confidence"
MOST_REVIEWED = 0.15
_SURE = 1e-6


def confusions(marked: Sequence[Marked], grades: Sequence[Grade]) -> dict[str, tuple[float, ...]]:
    """What was right where each verdict was wrong, with one answer of each kind added."""
    seen = Counter(
        (k.verdict, case.verdicts[k.id])
        for case, grade in zip(marked, grades, strict=True)
        for k in grade.key_points
    )
    shares = {}
    for given in VERDICTS:
        counts = np.array([seen[given, true] + 1 if true != given else 0 for true in VERDICTS])
        shares[given] = tuple((counts / counts.sum()).tolist())
    return shares


def side_of(case: Marked, grade: Grade, doubt: Doubt) -> float:
    """The log-odds that independent doubts give a pass decision."""
    costs = {m.id: points_off(m.cost) for m in case.question.misconceptions}
    scale = case.question.scale
    likely = score_odds(grade.key_points, grade.misconceptions, scale, doubt, costs)
    passing = np.arange(STEPS + 1) / STEPS >= scale.pass_score - 1e-9
    chance = float(likely[passing].sum())
    decided = min(1 - _SURE, max(_SURE, chance if grade.passed else 1 - chance))
    return float(np.log(decided / (1 - decided)))


def main() -> None:
    """Fit, print and write."""
    parser = argparse.ArgumentParser(description="Fit the confidence of grades.")
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    settings = Settings()
    grader, engine = Grader(settings), Engine(settings)
    marked = fitting_cases(grader)
    grades = [g for m in marked for g in engine.grade([Answer(m.answer.text, m.question)])]
    instead = confusions(marked, grades)
    doubt = Doubt("fitting", instead, 1.0, 0.0)
    odds = np.array([side_of(m, g, doubt) for m, g in zip(marked, grades, strict=True)])
    right = np.array([m.passed == g.passed for m, g in zip(marked, grades, strict=True)])
    model = LogisticRegression().fit(odds[:, None], right)
    slope, bias = float(model.coef_[0, 0]), float(model.intercept_[0])
    sure = 1 / (1 + np.exp(-(slope * odds + bias)))
    below = float(np.quantile(sure, MOST_REVIEWED))
    caught = int((~right & (sure < below)).sum())
    wrong = int((~right).sum())
    print(f"{wrong} of {len(right)} pass decisions wrong; {caught} of them below {below:.3f}")
    card = {
        "instead": {v: [round(s, 4) for s in shares] for v, shares in instead.items()},
        "slope": round(slope, 4),
        "bias": round(bias, 4),
        "review_below": round(below, 3),
        "fitted_by": "training/fit_confidence.py",
        "answers": len(marked),
        "verifier": engine.verifier.name,
    }
    print(json.dumps(card))
    if args.write:
        OUT.mkdir(parents=True, exist_ok=True)
        text = json.dumps(card, indent=1) + "\n"
        (OUT / "confidence.json").write_text(text, encoding="utf-8")
        write_checksums(OUT)


if __name__ == "__main__":
    main()
