"""How well a reader reads: verdicts, opposites, misconceptions, scores.

    python -m training.reader.measure WEIGHTS [--set dev|dev-fields|statements|seen|unseen|fields]

``WEIGHTS`` is a ``model.pt``, or the ``state.pt`` of a training under way. ``dev``, ``dev-fields``
and ``statements`` (of the contrast sets of rubrics of fields that are not learnt, each read by
itself) are for choosing. The others are holdouts: look at them once, at the end.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from tokenizers import Tokenizer

from grader.bank.catalog import Catalog
from grader.settings import Settings
from training.answers.marked import DEV, HERE, HOLDOUT_FROM, MarkedQuestion, names, read
from training.export_encoder import source_folder
from training.reader.bases import taught
from training.reader.batches import (
    CONTRADICTED,
    COVERED,
    MISSING,
    PARTIAL,
    Asked,
    Reading,
    batches,
    collate,
    encode,
)
from training.reader.domain import KINDS, as_read, field_subjects, reading_of
from training.reader.general import plain_tokenizer
from training.reader.network import CLASSES, Reader
from training.reader.train import BATCH_TOKENS


@dataclass(frozen=True, slots=True)
class Case:
    """A whole answer, how many of its claims are key points, and their worth."""

    reading: Reading
    key_points: int
    points: tuple[float, ...]
    costs: tuple[float, ...]


def bank_cases(catalog: Catalog, *, unseen: bool, ids: range) -> list[Case]:
    """Marked answers of the bank by the numbers of their ids."""
    held = names(HERE / "bank" / "held-out.txt")
    found = []
    for slug in catalog.slugs():
        file = HERE / "bank" / f"{slug}.yaml"
        if (slug in held) == unseen and file.exists():
            _, rubric, _ = catalog.load(slug)
            points = [k.id for k in rubric.key_points]
            errors = [m.id for m in rubric.misconceptions]
            claims = [c.claim for c in (*rubric.key_points, *rubric.misconceptions)]
            found += [
                Case(
                    reading_of(a, points, errors, claims),
                    len(points),
                    tuple(k.points for k in rubric.key_points),
                    tuple(m.cost for m in rubric.misconceptions),
                )
                for a in read(file, MarkedQuestion).answers
                if int(a.id[1:]) in ids
            ]
    return found


def field_cases(part: Literal["dev", "held out"]) -> list[Case]:
    """Answers in other fields; a misconception costs a point."""
    return [
        Case(reading, s.key_points, (1.0,) * s.key_points, (1.0,) * (n - s.key_points))
        for s in field_subjects(part)
        for _, reading in s.answers
        for n in (len(s.wordings),)
    ]


def dev_readings(catalog: Catalog) -> list[Case]:
    """The answers kept for choosing."""
    return bank_cases(catalog, unseen=False, ids=range(DEV, DEV + 1))


def probabilities(reader: Reader, tokenizer: Tokenizer, cases: Sequence[Case]) -> list[np.ndarray]:
    """For each case float32 of shape (claims, 4)."""
    reader.eval()
    found = []
    for case in cases:
        batch = collate(encode(tokenizer, [as_read(case.reading)]))
        n = len(case.reading.asked)
        with torch.no_grad():
            logits, _, _ = reader(batch.ids, batch.positions, batch.segments, n)
        found.append(logits[0].softmax(-1).numpy())
    return found


def score(case: Case, verdicts: Sequence[int]) -> float:
    """The score that these verdicts make, 0 to 1."""
    n, worth = case.key_points, {COVERED: 1.0, PARTIAL: 0.5}
    earned = sum(p * worth.get(v, 0) for p, v in zip(case.points, verdicts[:n], strict=True))
    lost = sum(c for c, v in zip(case.costs, verdicts[n:], strict=True) if v == COVERED)
    return max(0.0, earned - lost) / sum(case.points)


def chosen_on(reader: Reader, tokenizer: Tokenizer, cases: Sequence[Case]) -> str:
    """A line of measures on whole answers, by the likeliest class."""
    table = np.zeros((4, 4), dtype=int)
    stated = np.zeros((2, 2), dtype=int)
    got, due = [], []
    for case, odds in zip(cases, probabilities(reader, tokenizer, cases), strict=True):
        said = odds.argmax(1)
        true = np.array([a.label for a in case.reading.asked])
        n = case.key_points
        np.add.at(table, (true[:n], said[:n]), 1)
        np.add.at(stated, ((true[n:] == COVERED).astype(int), (said[n:] == COVERED).astype(int)), 1)
        got.append(score(case, said.tolist()))
        due.append(score(case, true.tolist()))
    f1 = 2 * table.diagonal() / np.maximum(1, table.sum(0) + table.sum(1))
    right = table.diagonal().sum() / max(1, table.sum())
    r = np.corrcoef(got, due)[0, 1] if len(got) > 2 else float("nan")
    rmse = np.sqrt(np.mean((np.array(got) - np.array(due)) ** 2))
    by_class = ", ".join(f"{c} {v:.2f}" for c, v in zip(CLASSES, f1, strict=True))
    turned = table[CONTRADICTED, CONTRADICTED] / max(1, table[CONTRADICTED].sum())
    false = table[COVERED, CONTRADICTED] / max(1, table[COVERED].sum())
    return (
        f"{len(cases)} answers: right {right:.3f}, macro F1 {f1.mean():.3f} ({by_class}), "
        f"contradicted found {turned:.2f}, right called contradicted {false:.3f}; "
        f"misconceptions found {stated[1, 1]} of {stated[1].sum()}, false {stated[0, 1]}; "
        f"r {r:.3f}, RMSE {rmse:.3f} {table.tolist()}"
    )


def statements() -> list[Reading]:
    """Each statement on a key point in rubrics of fields that are not learnt, with that alone."""
    return [
        as_read(Reading(s.text, (Asked(subject.wordings[s.claim][0], KINDS[s.kind]),)))
        for subject in field_subjects("dev unseen")
        for s in subject.statements
        if s.claim < subject.key_points
    ]


def told_apart(reader: Reader, tokenizer: Tokenizer, readings: Sequence[Reading]) -> str:
    """A line on single statements, by the likeliest class."""
    reader.eval()
    table = np.zeros((4, 4), dtype=int)
    for batch in batches(encode(tokenizer, readings), BATCH_TOKENS, random.Random(0)):
        with torch.no_grad():
            logits, _, _ = reader(batch.ids, batch.positions, batch.segments, 1)
        np.add.at(table, (batch.labels[:, 0].numpy(), logits[:, 0].argmax(-1).numpy()), 1)
    found = table.diagonal() / np.maximum(1, table.sum(1))
    shares = ", ".join(f"{c} {found[CLASSES.index(c)]:.3f}" for c in CLASSES)
    false = table[COVERED, CONTRADICTED] / max(1, table[COVERED].sum())
    three = [COVERED, CONTRADICTED, MISSING]
    right = table.diagonal()[three].sum() / table[three].sum()
    return (
        f"{table.sum()} statements: of covered, contradicted and near ones right {right:.3f} "
        f"({shares}), covered called contradicted {false:.3f} {table.tolist()}"
    )


def main() -> None:
    """Print the measures of a set."""
    parser = argparse.ArgumentParser(description="Measure a reader.")
    parser.add_argument("weights", type=Path)
    sets = ("dev", "dev-fields", "statements", "seen", "unseen", "fields")
    parser.add_argument("--set", choices=sets, default="dev")
    args = parser.parse_args()
    catalog = Catalog.from_settings(Settings())
    reader, tokenizer = taught(args.weights), plain_tokenizer(source_folder())
    if args.set == "statements":
        print(told_apart(reader, tokenizer, statements()))
        return
    holdout = range(HOLDOUT_FROM, 25)
    cases = {
        "dev": lambda: dev_readings(catalog),
        "seen": lambda: bank_cases(catalog, unseen=False, ids=holdout),
        "unseen": lambda: bank_cases(catalog, unseen=True, ids=range(1, 25)),
        "dev-fields": lambda: field_cases("dev"),
        "fields": lambda: field_cases("held out"),
    }[args.set]()
    print(chosen_on(reader, tokenizer, cases))


if __name__ == "__main__":
    main()
