"""Fit how much the reader's word counts, on answers by rubrics that no model was taught.

    python -m training.fit_reader [--kept FILE]

The answers are ``dev-fields`` and ``dev-unseen`` of ``benchmarks.marked_answers``: 40 rubrics of
other fields, never learnt from and no holdout, half of them of fields that were not learnt at all.
Two logistic regressions weigh the reader's probabilities, those of the pairs and the features;
rubrics are left out in turn to choose how far to hold them back, to say what they are worth, and to
find the bar of accusations: the lowest probability from which nine of ten were right, as in
``fit_feedback``. ``--kept`` keeps what was read for another time.
"""

from __future__ import annotations

import argparse
import json
import pickle
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from benchmarks.marked_answers import Marked, cases
from grader.bank.catalog import Catalog
from grader.engine.as_read import question_as_read
from grader.engine.features import NAMES, Matrix, PreparedQuestion, claim_features
from grader.engine.pairs import PairVerifier
from grader.engine.reader import Reader
from grader.engine.verifier import Weights, digest, inputs
from grader.grading import Grader
from grader.reading.canonical import read
from grader.records import VERDICTS
from grader.settings import Settings
from training.checksums import write_checksums
from training.fit_feedback import Told, accused_from
from training.reader.export import OUT

HELD_BACK = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
"""What is tried as the inverse of the penalty (C)."""

CONSTANT = 1e-3
"""What varies less is the same for all."""


@dataclass(frozen=True)
class Rows:
    """Claims of one kind: inputs, classes, and the rubric of each."""

    x: Matrix
    y: np.ndarray
    rubric: np.ndarray


def collect(grader: Grader, marked: Sequence[Marked]) -> tuple[Rows, Rows]:
    """Inputs and marks of the key points and of the misconceptions."""
    pairs, reader = PairVerifier(threads=2), Reader(OUT, threads=2)
    kinds: tuple[list[tuple[Matrix, list[int], str]], ...] = ([], [])
    for case in marked:
        prepared = PreparedQuestion(question_as_read(case.question), grader.encoder)
        reading = read(case.answer.text)
        vectors = grader.encoder.encode(reading.said)
        measured = claim_features(prepared, reading.said, vectors)
        found = pairs.verify(prepared, reading.whole, reading.said, vectors)
        own = [prepared.wordings[start] for start in prepared.starts]
        read_of = reader.read(reading.whole, own)
        points, errors = inputs(prepared, measured.features, found, read_of)
        verdicts = [VERDICTS.index(case.verdicts[k.id]) for k in case.question.key_points]
        stated = [int(m.id in case.answer.stated) for m in case.question.misconceptions]
        name = case.question.digest
        kinds[0].append((points, verdicts, name))
        kinds[1].append((errors, stated, name))
    return _rows(kinds[0]), _rows(kinds[1])


def _rows(parts: Sequence[tuple[Matrix, list[int], str]]) -> Rows:
    return Rows(
        np.concatenate([x for x, _, _ in parts]),
        np.concatenate([y for _, y, _ in parts]).astype(int),
        np.concatenate([np.full(len(y), name) for _, y, name in parts]),
    )


def fit(rows: Rows, held_back: float, classes: int) -> Weights:
    """A logistic regression of standardised inputs."""
    mean, scale = rows.x.mean(0), rows.x.std(0)
    scale = np.where(scale > CONSTANT, scale, 1)
    model = LogisticRegression(C=held_back, max_iter=2000).fit((rows.x - mean) / scale, rows.y)
    by_input, bias = model.coef_.T, model.intercept_
    if classes == 2:
        by_input = np.hstack([np.zeros_like(by_input), by_input])
        bias = np.array([0.0, bias[0]])
    return Weights(*(a.astype(np.float32) for a in (mean, scale, by_input, bias)))


def left_out(rows: Rows, held_back: float, classes: int) -> Matrix:
    """Probabilities of each claim by a fit without its rubric."""
    p = np.zeros((len(rows.y), classes), dtype=np.float32)
    for name in dict.fromkeys(rows.rubric):
        out = rows.rubric == name
        p[out] = fit(Rows(rows.x[~out], rows.y[~out], rows.rubric[~out]), held_back, classes)(
            rows.x[out]
        )
    return p


def surprise(p: Matrix, y: np.ndarray) -> float:
    """The mean negative log-likelihood."""
    return float(-np.log(np.maximum(p[np.arange(len(y)), y], 1e-6)).mean())


def chosen(rows: Rows, classes: int) -> tuple[float, Matrix]:
    """The penalty with most verdicts right, and its probabilities left out."""
    tried = {c: left_out(rows, c, classes) for c in HELD_BACK}
    best = max(tried, key=lambda c: (tried[c].argmax(1) == rows.y).mean())
    return best, tried[best]


def report(p: Matrix, y: np.ndarray) -> dict[str, float]:
    """Share right, and F1 of each class, by the likeliest."""
    guess = p.argmax(1)
    measured = {"right": float((guess == y).mean()), "surprise": surprise(p, y)}
    for c in range(p.shape[1]):
        hit = float(((guess == c) & (y == c)).sum())
        measured[f"f1_{c}"] = 2 * hit / max(1.0, float((guess == c).sum() + (y == c).sum()))
    return {name: round(value, 3) for name, value in measured.items()}


def taught_claims(catalog: Catalog) -> list[str]:
    """Digests of the key points that the pairs were taught, as they are read."""
    questions = (question_as_read(catalog.question(slug)) for slug in catalog.slugs())
    return sorted({digest(k.claim) for q in questions for k in q.key_points})


def as_lists(weights: Weights) -> dict[str, object]:
    """To be written."""
    fields = Weights.__dataclass_fields__
    return {name: np.round(getattr(weights, name), 5).tolist() for name in fields}


def main() -> None:
    """Fit, estimate and write ``weighing.json`` beside the reader."""
    parser = argparse.ArgumentParser(description="Fit how much the reader's word counts.")
    parser.add_argument("--kept", type=Path)
    args = parser.parse_args()
    grader = Grader(Settings())
    if args.kept and args.kept.exists():
        key_points, errors = pickle.loads(args.kept.read_bytes())  # noqa: S301
    else:
        marked = [*cases(grader, "dev-fields"), *cases(grader, "dev-unseen")]
        key_points, errors = collect(grader, marked)
        if args.kept:
            args.kept.write_bytes(pickle.dumps((key_points, errors)))
    warnings.simplefilter("error", ConvergenceWarning)
    by_points, p_points = chosen(key_points, 4)
    by_errors, p_errors = chosen(errors, 2)
    told = [
        Told("asserted", float(p), bool(y))
        for p, y in zip(p_errors[:, 1], errors.y, strict=True)
        if p > 1 - p
    ]
    card = {
        "features": NAMES,
        "asserted_from": accused_from(told),
        "fitted_by": "training/fit_reader.py",
        "fitted_on": f"{len(set(key_points.rubric))} rubrics of other fields, no holdout",
        "held_back": {"key_points": by_points, "misconceptions": by_errors},
        "left_out_in_turn": {
            "key_points": report(p_points, key_points.y),
            "misconceptions": report(p_errors, errors.y),
        },
        "key_points": as_lists(fit(key_points, by_points, 4)),
        "misconceptions": as_lists(fit(errors, by_errors, 2)),
        "taught": taught_claims(grader.catalog),
    }
    (OUT / "weighing.json").write_text(json.dumps(card) + "\n", encoding="utf-8")
    write_checksums(OUT)
    print({k: v for k, v in card.items() if k in {"asserted_from", "left_out_in_turn"}})


if __name__ == "__main__":
    main()
