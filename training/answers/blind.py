"""Draws a tenth of the answers for a second marker, without the first one's verdicts.

    python -m training.answers.blind [--of FOLDER] [--seed 1] [--share 0.1]

Prints YAML by question: the rubric's claims, then the drawn answers, as the second marker fills
them into ``second/bank/SLUG.yaml`` and so on, in the format of the first; the kind doesn't matter.
"""

from __future__ import annotations

import argparse
import random

import yaml

from grader.bank.rubrics import load_rubric
from training.answers.check import RUBRICS
from training.answers.marked import FOLDERS, HERE, MarkedQuestion, read


def main() -> None:
    """Print what is to be marked."""
    parser = argparse.ArgumentParser(description="Draw answers to be marked a second time.")
    parser.add_argument("--of", choices=FOLDERS, default="bank")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--share", type=float, default=0.1)
    args = parser.parse_args()
    chance = random.Random(args.seed)
    for file in sorted(HERE.glob(f"{args.of}/*.yaml")):
        drawn = [a for a in read(file, MarkedQuestion).answers if chance.random() < args.share]
        if not drawn:
            continue
        rubric = load_rubric(RUBRICS / file.name)
        shown = {
            "question": file.stem,
            "key_points": {k.id: [k.claim, *k.partial] for k in rubric.key_points},
            "misconceptions": {m.id: m.claim for m in rubric.misconceptions},
            "answers": [{"id": a.id, "text": a.text} for a in drawn],
        }
        print(yaml.safe_dump(shown, sort_keys=False, allow_unicode=True, width=100))


if __name__ == "__main__":
    main()
