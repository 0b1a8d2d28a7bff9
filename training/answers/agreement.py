"""How far two markers agree.

    python -m training.answers.agreement [--of FOLDER] [--list]

Compares ``second/bank/SLUG.yaml`` with ``bank/SLUG.yaml``, or those of another of ``FOLDERS`` or
``plain-fields/FIELD``, on every claim of the answers that both hold.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

import numpy as np

from grader.bank.records import Rubric
from grader.bank.rubrics import load_rubric
from training.answers.check import RUBRICS
from training.answers.marked import (
    FOLDERS,
    HERE,
    OF_FIELDS,
    FieldRubric,
    MarkedAnswer,
    MarkedQuestion,
    read,
)

_CREDIT = {"covered": 1.0, "partial": 0.5}


def verdict(answer: MarkedAnswer, key_point: str) -> str:
    """A marker's verdict on a key point."""
    given = [v for v in ("covered", "partial", "contradicted") if key_point in getattr(answer, v)]
    return given[0] if given else "missing"


def kappa(pairs: Counter[tuple[str, str]]) -> float:
    """Agreement beyond chance (Cohen 1960, "A coefficient of agreement for nominal scales")."""
    total = sum(pairs.values())
    seen = sum(n for (a, b), n in pairs.items() if a == b) / total
    firsts, seconds = Counter[str](), Counter[str]()
    for (a, b), n in pairs.items():
        firsts[a] += n
        seconds[b] += n
    chance = sum(firsts[v] * seconds[v] for v in firsts) / total**2
    return (seen - chance) / (1 - chance)


def rubric_of(folder: str, name: Path) -> Rubric | FieldRubric:
    """By which the answers in a file were marked."""
    if folder == OF_FIELDS:
        return read(HERE / "fields" / name, FieldRubric)
    return load_rubric(RUBRICS / name)


def main() -> None:
    """Print agreement, and with ``--list`` every difference."""
    parser = argparse.ArgumentParser(description="Compare two markers.")
    parser.add_argument("--of", choices=(*FOLDERS, OF_FIELDS), default="bank")
    parser.add_argument("--list", action="store_true", help="print every difference")
    args = parser.parse_args()
    points, errors = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    scores: list[tuple[float, float]] = []
    second = HERE / "second" / args.of
    for file in sorted(second.rglob("*.yaml")):
        name = file.relative_to(second)
        first = {a.id: a for a in read(HERE / args.of / name, MarkedQuestion).answers}
        rubric = rubric_of(args.of, name)
        most = sum(k.points for k in rubric.key_points)
        for b in read(file, MarkedQuestion).answers:
            a = first[b.id]
            for k in rubric.key_points:
                pair = verdict(a, k.id), verdict(b, k.id)
                points[pair] += 1
                if args.list and pair[0] != pair[1]:
                    print(f"{file.stem} {b.id} {k.id}: {pair[0]} / {pair[1]}")
            for m in rubric.misconceptions:
                said = tuple("stated" if m.id in x.stated else "absent" for x in (a, b))
                errors[said[0], said[1]] += 1
                if args.list and said[0] != said[1]:
                    print(f"{file.stem} {b.id} {m.id}: {said[0]} / {said[1]}")
            scores.append(
                tuple(
                    sum(_CREDIT.get(verdict(x, k.id), 0) * k.points for k in rubric.key_points)
                    / most
                    for x in (a, b)
                )  # type: ignore[arg-type]
            )
    for name, pairs in (("key points", points), ("misconceptions", errors)):
        total = sum(pairs.values())
        same = sum(n for (a, b), n in pairs.items() if a == b)
        print(f"{name}: {total}, the same {same / total:.3f}, kappa {kappa(pairs):.3f}")
    marks = np.array(scores)
    print(f"answers: {len(marks)}, r of earned points {np.corrcoef(marks.T)[0, 1]:.3f}")


if __name__ == "__main__":
    main()
