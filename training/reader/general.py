"""The first stage: inference, negation and key-point pairs as answers with their claims.

    python -m training.reader.general --data DIR [--work FOLDER]

Pairs that share a text are one reading with several claims.
"""

from __future__ import annotations

import argparse
import random
from collections import defaultdict
from pathlib import Path

import torch
from tokenizers import Tokenizer

from training.export_encoder import source_folder
from training.pairs import CONTRADICTED, ENTAILED, HALF, NEUTRAL, NOT_ENTAILED, general_pairs
from training.reader import batches
from training.reader.batches import Asked, Reading
from training.reader.network import from_minilm
from training.reader.train import train

SEED, RATE, EPOCHS = 11, 1.5e-4, 1
WORK = Path("training/work/reader")
_LABELS = {
    ENTAILED: batches.COVERED,
    CONTRADICTED: batches.CONTRADICTED,
    NEUTRAL: batches.MISSING,
    NOT_ENTAILED: batches.NOT_COVERED,
    HALF: batches.PARTIAL,
}
_CLAIMS = 6


def general_readings(data: Path, seed: int) -> list[Reading]:
    """Readings of at most six claims, shuffled."""
    asked: dict[str, list[Asked]] = defaultdict(list)
    for claim, text, label in general_pairs(data, seed):
        asked[text].append(Asked(claim, _LABELS[label]))
    readings = [
        Reading(text, tuple(claims[i : i + _CLAIMS]))
        for text, claims in asked.items()
        for i in range(0, len(claims), _CLAIMS)
    ]
    random.Random(seed).shuffle(readings)
    return readings


def plain_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer without padding or truncation."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def main() -> None:
    """Train the stage, unless it is done."""
    parser = argparse.ArgumentParser(description="Train the reader's first stage.")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=WORK)
    args = parser.parse_args()
    torch.manual_seed(SEED)
    source, readings = source_folder(), general_readings(args.data, SEED)
    train(
        from_minilm(source),
        plain_tokenizer(source),
        lambda _: readings,
        out=args.work / "general",
        epochs=EPOCHS,
        rate=RATE,
        seed=SEED,
    )


if __name__ == "__main__":
    main()
