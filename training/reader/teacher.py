"""A larger reader, to teach the one that ships, and whether it is worth its price.

    python -m training.reader.teacher mpnet --base FOLDER --data DIR [--work FOLDER]
    python -m training.reader.teacher minilm --data DIR

Both bases see the same batches: parts of the marked answers and statements that ``teach`` draws
from, some 43,000 labels an epoch. ``FOLDER`` holds the files of all-mpnet-base-v2 (see ``bases``).
``--start WEIGHTS --seen N`` goes on after N epochs, at a rate that rises and falls anew.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from grader.bank.catalog import Catalog
from grader.engine.encoders.onnx import OnnxEncoder
from grader.settings import Settings
from training.export_encoder import source_folder
from training.reader import bases
from training.reader.batches import Reading
from training.reader.domain import Subject, bank_subjects, field_subjects
from training.reader.general import WORK, general_readings, plain_tokenizer
from training.reader.network import Reader
from training.reader.teach import SEED, draw, nearest_claims, with_turned
from training.reader.train import train

ANSWERS, STATEMENTS, GENERAL = 0.22, 0.09, 6_000
"""What an epoch holds of each; of the general pairs a tenth of these."""


@dataclass(frozen=True, slots=True)
class Base:
    """A pre-trained network, and how it is taught."""

    begin: Callable[[Path], Reader]
    rate: float
    frozen: int
    """So many of the first layers stay as they are: half of the price, at 12 layers."""


BASES = {
    "minilm": Base(bases.minilm, 1.5e-4, 0),
    "mpnet": Base(bases.mpnet, 1e-4, 6),
}


def part_of(subject: Subject, epoch: int) -> Subject:
    """A rubric with some of its whole answers, other ones in each epoch."""
    chance = random.Random(f"{SEED} {epoch} {subject.name}")
    kept = chance.sample(subject.answers, max(1, round(len(subject.answers) * ANSWERS)))
    return replace(subject, answers=tuple(kept))


def main() -> None:
    """Train one of the bases."""
    parser = argparse.ArgumentParser(description="Teach a reader from a pre-trained network on.")
    parser.add_argument("name", choices=BASES)
    parser.add_argument("--base", type=Path, default=source_folder())
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--start", type=Path, help="weights to go on from")
    parser.add_argument("--seen", type=int, default=0, help="epochs that these have seen")
    args = parser.parse_args()
    torch.manual_seed(SEED)
    base = BASES[args.name]
    catalog, encoder = Catalog.from_settings(Settings()), OnnxEncoder(threads=2)
    subjects = [with_turned(s) for s in (*bank_subjects(catalog), *field_subjects())]
    near = [nearest_claims(s, encoder) for s in subjects]
    general = general_readings(args.data, SEED)[:GENERAL]

    def readings(epoch: int) -> list[Reading]:
        epoch += args.seen
        return draw([part_of(s, epoch) for s in subjects], near, general, STATEMENTS, epoch)

    train(
        bases.taught(args.start) if args.start else base.begin(args.base),
        plain_tokenizer(source_folder()),
        readings,
        out=args.work / args.name,
        epochs=args.epochs,
        rate=base.rate,
        seed=SEED,
        frozen=base.frozen,
    )


if __name__ == "__main__":
    main()
