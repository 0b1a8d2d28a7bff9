"""Does the processor decide a grade? The same answers here and on an emulated Haswell.

    python -m benchmarks.processors [--answers 40]

Needs Debian's qemu-user. Haswell has AVX2, and neither AVX-512 nor VNNI: whatever this machine
has, other kernels run there. Takes about half a minute an answer.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

EMULATOR = "qemu-x86_64"
HASWELL = (EMULATOR, "-cpu", "Haswell")


@dataclass(frozen=True)
class Difference:
    """How grades of the same answers differ: the largest of scores, and the verdicts."""

    answers: int
    verdicts: int
    score: float
    verdicts_changed: int
    grades_changed: int


def answers_of_the_bank(count: int, words: int | None = None) -> list[tuple[str, str]]:
    """(slug, answer) of examples spread over the bank, all kinds in turn.

    With a limit of words it is each question's best answer within.
    """
    from grader.bank.catalog import Catalog
    from grader.settings import Settings

    catalog = Catalog.from_settings(Settings())
    slugs = catalog.slugs()
    chosen = [slugs[i * len(slugs) // count] for i in range(count)]
    found = []
    for i, slug in enumerate(chosen):
        examples = catalog.load(slug)[1].examples
        within = [e for e in examples if words and len(e.answer.split()) <= words]
        example = max(within, key=lambda e: e.score, default=examples[i % len(examples)])
        found.append((slug, example.answer))
    return found


def grade_here(answers: list[tuple[str, str]]) -> list[dict[str, object]]:
    """Score and verdicts of each, by this process."""
    from grader import Grader

    grader = Grader()
    grades = [grader.grade(text, q=slug) for slug, text in answers]
    return [
        {
            "score": grade.score,
            "verdicts": [v.verdict for v in (*grade.key_points, *grade.misconceptions)],
        }
        for grade in grades
    ]


def grade_in_a_process(
    answers: list[tuple[str, str]], emulator: tuple[str, ...] = ()
) -> list[dict[str, object]]:
    """The same by another process, on the processor that an emulator plays."""
    command = [*emulator, sys.executable, "-m", "benchmarks.processors", "--worker"]
    done = subprocess.run(
        command,
        input=json.dumps(answers),
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[1],
        env=os.environ | {"GRADER_THREADS": "1"},
    )
    grades: list[dict[str, object]] = json.loads(done.stdout)
    return grades


def compare(answers: list[tuple[str, str]]) -> Difference:
    """Grade answers here and on a Haswell."""
    here, there = grade_in_a_process(answers), grade_in_a_process(answers, HASWELL)
    pairs = list(zip(here, there, strict=True))
    verdicts = [(x, y) for a, b in pairs for x, y in zip(a["verdicts"], b["verdicts"], strict=True)]
    return Difference(
        answers=len(answers),
        verdicts=len(verdicts),
        score=max(abs(a["score"] - b["score"]) for a, b in pairs),
        verdicts_changed=sum(x != y for x, y in verdicts),
        grades_changed=sum(a["score"] != b["score"] for a, b in pairs),
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Grade on two processors.")
    parser.add_argument("--answers", type=int, default=40)
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        json.dump(grade_here(json.load(sys.stdin)), sys.stdout)
        return
    if not shutil.which(EMULATOR):
        raise SystemExit(f"{EMULATOR} is missing: apt-get install qemu-user")
    found = compare(answers_of_the_bank(options.answers))
    print(f"answers {found.answers}, verdicts {found.verdicts}")
    print(f"verdicts that differ      {found.verdicts_changed}")
    print(f"scores that differ at all {found.grades_changed}")
    print(f"largest difference        {found.score:.4f}")


if __name__ == "__main__":
    main()
