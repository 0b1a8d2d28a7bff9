"""Fit how sure a verdict must be before a candidate is told of it, on answers never learnt from.

    python -m training.fit_feedback

Counted are the answers of ``benchmarks.marked_answers`` that may be fitted on: no holdout.
Of each verdict on a key point, and of each misconception that was found, it is known whether
people say the same. For each kind of verdict the bar is the lowest probability from which so many
of them are right that, even at the lower end of an exact interval (Clopper and Pearson,
Biometrika 26 (1934) 404), the share is no less than the level. A kind for which there is no such
probability is never told.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from scipy.stats import beta

from benchmarks.marked_answers import fitting_cases
from grader.grading import Grader
from grader.records import Grade, Verdict
from grader.settings import Settings
from training.checksums import write_checksums
from training.fit_intervals import graded

LEVEL = 0.9
DOUBT = 0.05
"""The chance that the share of right verdicts is less than the lower end."""
DIGITS = 3
OUT = Path(__file__).parents[1] / "grader" / "models" / "feedback"


class Told(NamedTuple):
    """A verdict that a candidate might be told of."""

    verdict: str
    probability: float
    right: bool


def told(grade: Grade, verdicts: Mapping[str, Verdict], stated: Container[str]) -> Iterator[Told]:
    """The verdicts of a grade, and whether people's say the same."""
    for k in grade.key_points:
        yield Told(k.verdict, k.probability, verdicts[k.id] == k.verdict)
    for m in grade.misconceptions:
        chance = m.probability if m.verdict == "asserted" else 1 - m.probability
        if chance > 1 - chance:
            yield Told("asserted", chance, m.id in stated)


def lower_end(right: int, of: int) -> float:
    """The share of which it is doubtful that the true one is lower."""
    return float(beta.ppf(DOUBT, right, of - right + 1)) if right else 0.0


def bar(verdicts: Sequence[Told]) -> dict[str, float | int | None]:
    """The lowest probability from which the verdicts of one kind hold, and how many did so."""
    ordered = sorted(verdicts, key=lambda one: -one.probability)
    found: dict[str, float | int | None] = {"bar": None, "told": 0, "right": 0, "of": len(ordered)}
    right = 0
    for n, one in enumerate(ordered, start=1):
        right += one.right
        is_last_alike = n == len(ordered) or ordered[n].probability < one.probability
        if is_last_alike and lower_end(right, n) >= LEVEL:
            # Rounded down, so that what it was fitted on is not cut off.
            lowest = int(one.probability * 10**DIGITS) / 10**DIGITS
            found |= {"bar": lowest, "told": n, "right": right}
    return found


def fit(verdicts: Iterable[Told]) -> dict[str, dict[str, float | int | None]]:
    """The bar of each kind of verdict."""
    kinds: dict[str, list[Told]] = defaultdict(list)
    for one in verdicts:
        kinds[one.verdict].append(one)
    return {kind: bar(kinds[kind]) for kind in sorted(kinds)}


def card(verdicts: Iterable[Told], answers: int, verifier: str) -> dict[str, object]:
    """What is kept, with where it came from."""
    verdicts = list(verdicts)
    kinds = fit(verdicts)
    return {
        "level": LEVEL,
        "bars": {kind: found["bar"] for kind, found in kinds.items()},
        "fitted": kinds,
        "fitted_by": "training/fit_feedback.py",
        "fitted_on": f"{answers} marked answers that no model learnt from, no holdout",
        "verifier": verifier,
    }


def keep(made: dict[str, object], folder: Path) -> None:
    """Write it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "feedback.json").write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    write_checksums(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--out", type=Path, default=OUT)
    args = parser.parse_args()
    grader = Grader(Settings())
    found = graded(grader, fitting_cases(grader))
    verdicts = (one for m, grade in found for one in told(grade, m.verdicts, m.answer.stated))
    made = card(verdicts, len(found), grader.verifier.name)
    print(json.dumps(made, indent=1))
    keep(made, args.out)


if __name__ == "__main__":
    main()
