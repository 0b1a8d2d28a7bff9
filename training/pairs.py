"""General sentence pairs for the verifier's first stage: (claim, text, label).

Labels: 0 the text says the claim, 1 it says the opposite, 2 neither, 3 anything but 0
(for sets that do not tell 1 from 2), 4 half of it, which lies between 0 and 2. No set of
graded exam answers is among them, so that every such set can measure how the verifier does on
exams it has never seen.
"""

from __future__ import annotations

import random
from pathlib import Path

import pandas as pd

ENTAILED, CONTRADICTED, NEUTRAL, NOT_ENTAILED, HALF = 0, 1, 2, 3, 4
Pair = tuple[str, str, int]

_NLI = {
    "entailment": ENTAILED,
    "contradiction": CONTRADICTED,
    "neutral": NEUTRAL,
    "not_entailment": NOT_ENTAILED,
}
# How many rows of each set at most: the large ones must not drown the ones close to the task.
_AT_MOST = {
    "mnli_dev": 14_000,
    "snli_devtest": 4_000,
    "snli_counterfactual": 8_000,
    "argkp_keypoint_match": 12_000,
    "breaking_nli": 2_500,
    "med": 3_000,
    "help_partial": 3_000,
    "scone": 3_500,
    "fever_nli_binary": 3_000,
    "fever_symmetric": 1_416,
    "fool_me_twice": 1_500,
    "creak_explanations": 3_000,
    "ambient": 2_273,
    "scitail_devtest": 3_429,
    "entailment_bank": 2_071,
    "qasc_dev_facts": 907,
}


def general_pairs(folder: Path, seed: int) -> list[Pair]:
    """The inference, negation and key-point sets, shuffled.

    Args:
        folder: the training-data folder.
        seed: of the subsampling and the order.
    """
    chance = random.Random(seed)
    pairs: list[Pair] = []
    for name, limit in _AT_MOST.items():
        frame = _read(folder / "pairs" / f"{name}.csv")
        rows = [
            (h, p, _NLI[label])
            for p, h, label in zip(frame.premise, frame.hypothesis, frame.label, strict=True)
        ]
        pairs += _sample(rows, limit, chance)
    chance.shuffle(pairs)
    return pairs


def _read(file: Path) -> pd.DataFrame:
    return pd.read_csv(file, keep_default_na=False, dtype=str)


def _sample(rows: list[Pair], limit: int, chance: random.Random) -> list[Pair]:
    """At most ``limit`` rows, no class holding more than half of them."""
    chance.shuffle(rows)
    kept: list[Pair] = []
    counts = [0, 0, 0, 0]
    for row in rows:
        if len(kept) < limit and counts[row[2]] < max(1, limit // 2):
            kept.append(row)
            counts[row[2]] += 1
    return kept
