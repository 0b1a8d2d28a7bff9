"""Fit what a known error costs, on marks that two people gave blind.

    python -m training.fit_costs [--out DIR]

200 answers are right but for one known error (``training/answers/one_error.py``). Their verdicts
are known, so what their key points earn is, too; what the markers gave less is what the error cost.
A rule says how much that is. Rules are fitted by non-negative least squares to the mean of the two
marks, and compared on questions left out; the rule that ships is ``SHIPPED``: one number, by which
what the rubric says that an error costs is multiplied, to one decimal, since the marks tell no
more. Rules by which the same error costs a better
answer more come nearer to the marks at their low end (RMSE .102 against .113) and decide no better
who passes; that an error costs everybody the same was worth more.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import nnls

from grader.records import Scale
from training.answers.marked import read
from training.answers.one_error import FOLDER, Marks, OneError, all_answers, drawn
from training.checksums import write_checksums

OUT = Path(__file__).parents[1] / "grader" / "models" / "costs"
MARKERS = ("marks-1.yaml", "marks-2.yaml")
PASS = Scale().pass_score

Column = Callable[[OneError], float]


def cost(one: OneError) -> float:
    """What the rubric says that the error costs, of full marks."""
    return one.error.cost / one.full


def _earned(one: OneError) -> float:
    return one.earned(excluding=True)


RULES: dict[str, tuple[Column, ...]] = {
    "a share of full marks": (lambda _: 1.0,),
    "a share of what was earned": (_earned,),
    "the rubric's cost, times": (cost,),
    "a share, and the cost, times": (lambda _: 1.0, cost),
    "a share by gravity: 1, above": (lambda _: 1.0, lambda one: float(one.error.cost > 1)),
    "the cost, times; more if against": (cost, lambda one: cost(one) * bool(one.error.against)),
    "the cost, times what was earned, times": (lambda one: cost(one) * _earned(one),),
}
"""What is subtracted, as columns: each gets a factor, never below 0."""
SHIPPED = "the rubric's cost, times"


@dataclass(frozen=True, slots=True)
class Marked:
    """Answers with what their key points earn and what the markers gave, 0 to 1."""

    answers: Sequence[OneError]
    earned: np.ndarray
    marks: np.ndarray
    """(markers, answers)."""
    passes: np.ndarray
    """(markers, answers), bool."""

    @property
    def mean(self) -> np.ndarray:
        """The mean of the markers."""
        return np.asarray(self.marks.mean(0))

    @property
    def wrong(self) -> np.ndarray:
        """Which answers neither marker would pass."""
        return np.asarray(~self.passes.any(0))


def load() -> Marked:
    """All marked answers."""
    answers = drawn(all_answers())
    given = [read(FOLDER / name, Marks).marks for name in MARKERS]
    numbers = range(1, len(answers) + 1)
    return Marked(
        answers,
        np.array([_earned(one) for one in answers]),
        np.array([[marks[n][0] / 100 for n in numbers] for marks in given]),
        np.array([[marks[n][1] for n in numbers] for marks in given]),
    )


def columns(rule: str, answers: Sequence[OneError]) -> np.ndarray:
    """What a rule subtracts, one row an answer."""
    return np.array([[column(one) for column in RULES[rule]] for one in answers])


def left_out(marked: Marked, rule: str) -> np.ndarray:
    """The score of every answer by a rule that was fitted without its question."""
    taken, lost = columns(rule, marked.answers), marked.earned - marked.mean
    questions = np.array([one.question for one in marked.answers])
    scores = np.zeros(len(lost))
    for question in np.unique(questions):
        out = questions == question
        factors, _ = nnls(taken[~out], lost[~out])
        scores[out] = marked.earned[out] - taken[out] @ factors
    return np.maximum(0.0, scores)


def fitted(marked: Marked) -> tuple[float, float]:
    """The factor that ships, and its standard error (200 bootstrap samples of questions)."""
    taken, lost = columns(SHIPPED, marked.answers), marked.earned - marked.mean
    questions = np.array([one.question for one in marked.answers])
    rows = [np.flatnonzero(questions == q) for q in np.unique(questions)]
    chance = np.random.default_rng(13)
    drawn_again = []
    for _ in range(200):
        again = np.concatenate([rows[i] for i in chance.integers(len(rows), size=len(rows))])
        drawn_again.append(nnls(taken[again], lost[again])[0][0])
    return float(nnls(taken, lost)[0][0]), float(np.std(drawn_again))


def told(name: str, scores: np.ndarray, marked: Marked) -> str:
    """One line on how scores compare with the markers' mean."""
    off = scores - marked.mean
    passed = scores >= PASS - 1e-9
    both = marked.passes.all(0)
    return (
        f"{name:40s} RMSE {np.sqrt((off**2).mean()):.3f}  bias {off.mean():+.3f}  "
        f"r {np.corrcoef(scores, marked.mean)[0, 1]:.2f}  passes {passed.sum():3d}: "
        f"{(passed & both).sum()} of {both.sum()} that both would pass, "
        f"{(passed & marked.wrong).sum()} of {marked.wrong.sum()} that neither would"
    )


def agreement(marked: Marked) -> str:
    """How far the two markers agree."""
    one, two = marked.marks
    passes = marked.passes
    chance = sum((passes[0] == v).mean() * (passes[1] == v).mean() for v in (True, False))
    same = (passes[0] == passes[1]).mean()
    return (
        f"markers: r {np.corrcoef(one, two)[0, 1]:.3f}, means {one.mean():.3f}, {two.mean():.3f}, "
        f"RMSE between them {np.sqrt(((one - two) ** 2).mean()):.3f}; pass alike {same:.3f}, "
        f"kappa {(same - chance) / (1 - chance):.2f}"
    )


def main() -> None:
    """Print the comparison and write the rule that ships."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--out", type=Path, default=OUT)
    args = parser.parse_args()
    marked = load()
    print(agreement(marked))
    plain = marked.earned - columns(SHIPPED, marked.answers)[:, 0]
    print(told("no cost at all", marked.earned, marked))
    print(told("the rubric's cost as it stands", plain, marked))
    for rule in RULES:
        print(told(rule, left_out(marked, rule), marked))
        print(f"    {nnls(columns(rule, marked.answers), marked.earned - marked.mean)[0].round(3)}")
    factor, spread = fitted(marked)
    print(f"shipped: {SHIPPED} {factor:.3f} ± {spread:.3f}")
    error = np.sqrt(((left_out(marked, SHIPPED) - marked.mean) ** 2).mean())
    card = {
        "factor": round(factor, 1),
        "fitted_by": "training/fit_costs.py",
        "fitted_on": (
            f"{len(marked.answers)} answers that are right but for one known error, each marked "
            "blind by two; none of a holdout"
        ),
        "rmse_questions_left_out": round(float(error), 3),
    }
    shutil.rmtree(args.out, ignore_errors=True)
    args.out.mkdir(parents=True)
    (args.out / "costs.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    write_checksums(args.out)


if __name__ == "__main__":
    main()
