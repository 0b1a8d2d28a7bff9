"""The second stage: rubrics, their contrast sets and marked answers.

    python -m training.reader.teach --data DIR [--work FOLDER] [--epochs 4]

Begins with the shipped reader's weights, or goes on from where it was interrupted.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from grader.bank.catalog import Catalog
from grader.engine.encoders.onnx import OnnxEncoder
from grader.settings import Settings
from training.export_encoder import source_folder
from training.reader.batches import MISSING, Asked, Reading
from training.reader.domain import (
    BESIDE,
    Subject,
    among_others,
    as_read,
    bank_subjects,
    compose,
    field_subjects,
    one_turned,
    reworded,
    turned,
)
from training.reader.general import WORK, general_readings, plain_tokenizer
from training.reader.measure import chosen_on, dev_readings, field_cases
from training.reader.network import shipped
from training.reader.train import train

SEED, RATE = 12, 1.5e-4
SHIPPED = Path("grader/models/reader/onnx/model.onnx")
NEAREST = 2
BY_RULE = 4
"""So often rules make a statement of each claim."""
WHOLE_ANSWERS = 2.0
"""A whole answer, which a person marked, weighs as much as two composed ones."""
TURNED = 0.4
"""So many whole answers are read once more with one point turned round."""


def with_turned(subject: Subject) -> Subject:
    """The rubric with statements that rules make of its claims."""
    chance = random.Random(f"{SEED} {subject.name}")
    made = dict.fromkeys(s for _ in range(BY_RULE) for s in turned(subject, chance))
    return replace(subject, statements=(*subject.statements, *made))


def nearest_claims(subject: Subject, encoder: OnnxEncoder) -> list[frozenset[int]]:
    """For each statement the claims nearest to it by cosine, which it may say by the way."""
    if not subject.statements:
        return []
    said = encoder.encode([s.text for s in subject.statements])
    wordings = encoder.encode([w for group in subject.wordings for w in group])
    starts = np.cumsum([0] + [len(g) for g in subject.wordings])[:-1]
    similar = np.maximum.reduceat(said @ wordings.T, starts, axis=1)
    return [frozenset(row[:NEAREST].tolist()) for row in np.argsort(-similar, axis=1)]


def fewer_missing(asked: Sequence[Asked], chance: random.Random) -> list[Asked]:
    """The claims in any order, of those that are missing only a few, as in composed answers."""
    missing = [a for a in asked if a.label == MISSING]
    kept = [a for a in asked if a.label != MISSING]
    kept += chance.sample(missing, min(BESIDE, len(missing)))
    chance.shuffle(kept)
    return kept


def draw(
    subjects: Sequence[Subject],
    near: Sequence[list[frozenset[int]]],
    general: Sequence[Reading],
    share: float,
    epoch: int,
) -> list[Reading]:
    """An epoch: other compositions each time, every whole answer once, a tenth of stage one."""
    chance = random.Random(SEED * 1000 + epoch)
    readings = chance.sample(general, len(general) // 10)
    for subject, nearest in zip(subjects, near, strict=True):
        readings += map(as_read, compose(subject, nearest, chance, share))
        for _, reading in subject.answers:
            asked = fewer_missing(reworded(subject, reading, chance).asked, chance)
            whole = Reading(reading.answer, tuple(asked), WHOLE_ANSWERS)
            stranger = chance.choice(chance.choice(subjects).answers)[1].answer
            readings.append(as_read(among_others(whole, stranger, chance)))
            if chance.random() < TURNED:
                twin = one_turned(subject, reworded(subject, reading, chance), nearest, chance)
                if twin is not None:
                    asked = fewer_missing(twin.asked, chance)
                    readings.append(as_read(replace(twin, asked=tuple(asked))))
    return readings


def main() -> None:
    """Train and say what the answers kept for choosing get."""
    parser = argparse.ArgumentParser(description="Teach the reader rubrics.")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--share", type=float, default=0.5)
    parser.add_argument("--name", default="domain")
    parser.add_argument("--start", type=Path, help="weights to go on from")
    args = parser.parse_args()
    torch.manual_seed(SEED)
    catalog, encoder = Catalog.from_settings(Settings()), OnnxEncoder(threads=2)
    subjects = [with_turned(s) for s in (*bank_subjects(catalog), *field_subjects())]
    near = [nearest_claims(s, encoder) for s in subjects]
    reader, tokenizer = shipped(SHIPPED), plain_tokenizer(source_folder())
    if args.start:
        reader.load_state_dict(torch.load(args.start, weights_only=True))
    dev = dev_readings(catalog)
    general, other = general_readings(args.data, SEED), field_cases("dev")
    whole = sum(len(s.answers) for s in subjects)
    print(
        f"{len(subjects)} rubrics, {whole} answers, {len(dev)} and {len(other)} to choose on",
        flush=True,
    )
    train(
        reader,
        tokenizer,
        lambda epoch: draw(subjects, near, general, args.share, epoch),
        out=args.work / args.name,
        epochs=args.epochs,
        rate=RATE,
        seed=SEED,
        evaluate=lambda r: f"{chosen_on(r, tokenizer, dev)}\n{chosen_on(r, tokenizer, other)}",
    )


if __name__ == "__main__":
    main()
