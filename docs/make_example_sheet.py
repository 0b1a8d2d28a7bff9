"""Write examples/interview.csv: 30 candidates, 5 questions, an answer a column.

python docs/make_example_sheet.py

The answers are the rubrics' own examples, strong and weak, and here and there none.
"""

from __future__ import annotations

import csv
import random
from pathlib import Path

from grader.bank.catalog import Catalog
from grader.settings import Settings

ROOT = Path(__file__).parents[1]
QUESTIONS = ("dropout", "relu", "overfitting", "vanishing-gradient", "cross-entropy")
NAMES = (
    "Ada Ben Cem Dee Eva Finn Gul Hana Ivan Jo Kim Lea Max Nia Omar Pia Quinn Rosa Sam Tara "
    "Uma Vik Wen Xia Yara Zoe Aiko Boris Chidi Dana"
).split()
_BLANK = 0.04


def main() -> None:
    """Draw an answer for every candidate and question, by a fixed seed."""
    chance = random.Random(0)
    catalog = Catalog.from_settings(Settings())
    pools = {
        slug: [e.answer for e in catalog.load(slug)[1].examples if not e.holdout]
        for slug in QUESTIONS
    }
    with (ROOT / "examples" / "interview.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["candidate", *(f"q:{slug}" for slug in QUESTIONS)])
        for name in NAMES:
            answers = [
                "" if chance.random() < _BLANK else " ".join(chance.choice(pools[slug]).split())
                for slug in QUESTIONS
            ]
            writer.writerow([name, *answers])


if __name__ == "__main__":
    main()
