"""Inference, negation and key-point pairs as answers with their claims.

Pairs that share a text are one reading with several claims.
"""

from __future__ import annotations

import random
from collections import defaultdict
from pathlib import Path

from tokenizers import Tokenizer

from training.pairs import CONTRADICTED, ENTAILED, HALF, NEUTRAL, NOT_ENTAILED, general_pairs
from training.reader import batches
from training.reader.batches import Asked, Reading

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
