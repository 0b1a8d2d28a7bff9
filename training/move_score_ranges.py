"""Move the score ranges of the rubrics' examples to where their own labels now score.

    python -m training.move_score_ranges [--dry]

An example's range says which scores are right for it; its labels say why. When the arithmetic
between them changes (what a known error costs, what is a bonus), a range that no longer holds the
score of its labels is moved: as wide as it was (a twentieth at least), by as few twentieths as
bring that score inside, a twentieth from the edge where the range is wide enough and does not end
at 0 or 1. No answer is graded, so nothing is chosen on the holdout by it.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from grader.authoring.lint import example_score
from grader.bank.rubrics import CONTRAST_SUFFIX, load_rubric
from grader.resources import data_folder

STEP = 0.05
_WIDE = 3 * STEP - 1e-9  # narrower ones have no room for a margin
_ID = re.compile(r"^  - id: (?P<id>\S+)\s*$")
_SCORE = re.compile(r"^    score: \[.*\]\s*$")


def moved(score: float, low: float, high: float) -> tuple[float, float]:
    """The range, moved if the score lies outside; all from 0 to 1.

    >>> moved(0.41, 0.5, 0.7)
    (0.35, 0.55)
    >>> moved(0.0, 0.1, 0.3)
    (0.0, 0.2)
    >>> moved(0.55, 0.5, 0.7)
    (0.5, 0.7)
    """
    if low - 1e-9 <= score <= high + 1e-9:
        return low, high
    width = max(STEP, high - low)
    margin = STEP if width >= _WIDE else 0.0
    tops = [round(n * STEP, 2) for n in range(round(1 / STEP) + 1)]
    ends = [(max(0.0, top - width), top) for top in tops if top >= width - 1e-9]
    fit = [
        (a, b)
        for a, b in ends
        if (a <= 1e-9 or a <= score - margin + 1e-9)
        and (b >= 1 - 1e-9 or b >= score + margin - 1e-9)
        and a <= score + 1e-9 <= b + 2e-9
    ]
    a, b = min(fit, key=lambda ab: abs(ab[0] - low))
    return round(a, 2), round(b, 2)


def move_in(file: Path) -> tuple[str, list[str]]:
    """A rubric's text with its ranges moved, and what was moved."""
    rubric = load_rubric(file)
    new, told = {}, []
    for example in rubric.examples:
        score = example_score(rubric, example)
        ends = moved(score, *example.score)
        if ends != example.score:
            new[example.id] = ends
            told.append(f"{file.stem}/{example.id}: {score:.2f}, {example.score} to {ends}")
    lines, current, in_examples = [], "", False
    for line in file.read_text("utf-8").splitlines(keepends=True):
        if not line.startswith(" "):
            in_examples = line.startswith("examples:")
        found = _ID.match(line)
        current = found["id"] if found else current
        if in_examples and current in new and _SCORE.match(line):
            low, high = new[current]
            line = f"    score: [{low}, {high}]\n"  # noqa: PLW2901
        lines.append(line)
    return "".join(lines), told


def main() -> None:
    """Rewrite the rubrics whose ranges have to move, and print each."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--dry", action="store_true", help="print only")
    args = parser.parse_args()
    count = 0
    for file in sorted(data_folder("rubrics").glob("*.yaml")):
        if file.name.endswith(CONTRAST_SUFFIX):
            continue
        text, told = move_in(file)
        print("\n".join(told), end="\n" if told else "")
        count += len(told)
        if told and not args.dry:
            file.write_text(text, "utf-8")
    print(f"{count} ranges moved")


if __name__ == "__main__":
    main()
