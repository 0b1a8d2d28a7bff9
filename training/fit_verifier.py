"""Fit the verifier's two heads on the examples that are no holdout, and on single statements.

    python -m training.fit_verifier [--report FILE]

The cross-encoder never saw an example, nor the contrast statements that ``domain_pairs`` holds
back, so that the heads learn here how far it can be trusted on new words: on whole answers,
and, by the statements, on answers of a single sentence. Questions are left out in turn
to estimate; the holdout is read by ``benchmarks/accuracy.py`` and ``grade bank test`` only.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from grader.bank.catalog import Catalog
from grader.bank.records import Example, Rubric
from grader.engine.as_read import question_as_read
from grader.engine.encoders.onnx import OnnxEncoder
from grader.engine.features import NAMES, Matrix, PreparedQuestion, claim_features
from grader.engine.onnx_model import CrossEncoder
from grader.engine.pairs import INPUTS, Head, read_together
from grader.reading.canonical import read
from grader.records import VERDICTS
from grader.settings import Settings
from training.checksums import write_checksums
from training.domain_pairs import Statement, is_taught, load_domains

OUT = Path(__file__).parents[1] / "grader" / "models" / "verifier"
SEED = 20261121
HIDDEN = 16
EPOCHS = 60
FOLDS = 8
KEPT_COVERED = 0.995
SIMILARITY = NAMES.index("similarity")
SPLIT_SEED = 7  # that of training, so that the same statements are held back
OTHERS_KEPT = 4
UNKNOWN = -1
_OWN = {
    "covered": VERDICTS.index("covered"),
    "contradicted": VERDICTS.index("contradicted"),
    "near": VERDICTS.index("missing"),
    "asserted": 1,
    "denied": 0,
}


@dataclass(frozen=True)
class Rows:
    """Inputs of the heads with their classes and question numbers."""

    x: Matrix
    y: np.ndarray
    question: np.ndarray

    def where(self, mask: np.ndarray) -> Rows:
        """The rows of a mask."""
        return Rows(self.x[mask], self.y[mask], self.question[mask])


def labels_of(rubric: Rubric, example: Example) -> list[int]:
    """The class of each claim: a verdict's index, then 0 or 1 for each misconception."""
    verdicts = [VERDICTS.index(example.verdicts[k.id]) for k in rubric.key_points]
    return verdicts + [int(m.id in example.misconceptions) for m in rubric.misconceptions]


def statement_labels(prepared: PreparedQuestion, statement: Statement) -> list[int]:
    """The class of each claim for an answer of one statement; -1 where it is not known.

    A wrong statement may assert another error, or contradict a key point, by the way.
    """
    n, wrong = prepared.n_key_points, statement.kind in {"contradicted", "asserted"}
    others = UNKNOWN if statement.kind in {"asserted", "denied"} else VERDICTS.index("missing")
    labels = [others] * n + [UNKNOWN if wrong else 0] * (prepared.n_claims - n)
    labels[statement.claim] = _OWN[statement.kind]
    return labels


def collect(catalog: Catalog, slugs: Sequence[str], folder: Path) -> tuple[Rows, Rows]:
    """Rows of the key points and of the misconceptions, of all answers to fit on."""
    encoder, model = OnnxEncoder(), CrossEncoder(folder)
    parts: tuple[list[Rows], list[Rows]] = ([], [])
    for number, slug in enumerate(slugs):
        _, rubric, _ = catalog.load(slug)
        prepared = PreparedQuestion(question_as_read(catalog.question(slug)), encoder)
        n = prepared.n_key_points
        answers = [
            (e.answer, np.array(labels_of(rubric, e)))
            for e in rubric.examples
            if not (e.holdout or is_taught(slug, e))
        ]
        for domain in load_domains(catalog, [slug], encoder, SPLIT_SEED):
            for i, statement in enumerate(domain.held_back):
                labels = np.array(statement_labels(prepared, statement))
                # Of the claims that a statement is not about a quarter is enough.
                skip = np.arange(len(labels)) % OTHERS_KEPT != i % OTHERS_KEPT
                skip[statement.claim] = False
                labels[skip] = UNKNOWN
                answers.append((statement.text, labels))
        for answer, y in answers:
            reading = read(answer)
            texts = reading.said
            measured = claim_features(prepared, texts, encoder.encode(texts))
            x = read_together(model, prepared, reading.whole, texts, measured, 0.0)
            for part, rows in zip(parts, (slice(0, n), slice(n, None)), strict=True):
                known = y[rows] != UNKNOWN
                part.append(Rows(x[rows][known], y[rows][known], np.full(int(known.sum()), number)))
    return _join(parts[0]), _join(parts[1])


def _join(parts: Sequence[Rows]) -> Rows:
    return Rows(
        np.concatenate([p.x for p in parts]),
        np.concatenate([p.y for p in parts]),
        np.concatenate([p.question for p in parts]),
    )


def fit_head(rows: Rows, classes: int) -> Head:
    """A small perceptron by cross-entropy, so that its probabilities mean what they say."""
    torch.manual_seed(SEED)
    mean, scale = rows.x.mean(0), rows.x.std(0) + 1e-6
    x = torch.tensor((rows.x - mean) / scale, dtype=torch.float32)
    y = torch.tensor(rows.y)
    hidden, out = nn.Linear(x.shape[1], HIDDEN), nn.Linear(HIDDEN, classes)
    model = nn.Sequential(hidden, nn.ReLU(), nn.Dropout(0.2), out)
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.1)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, EPOCHS)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(x)).split(64):
            loss = nn.functional.cross_entropy(model(x[batch]), y[batch])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        schedule.step()
    return Head(
        mean=mean.astype(np.float32),
        scale=scale.astype(np.float32),
        hidden=hidden.weight.detach().numpy().T.copy(),
        hidden_bias=hidden.bias.detach().numpy().copy(),
        out=out.weight.detach().numpy().T.copy(),
        out_bias=out.bias.detach().numpy().copy(),
    )


def left_out_in_turn(rows: Rows, classes: int) -> dict[str, float]:
    """Accuracy, macro F1 and calibration on questions that the head was not fitted on."""
    p = np.zeros((len(rows.y), classes), dtype=np.float32)
    for fold in range(FOLDS):
        out = rows.question % FOLDS == fold
        p[out] = fit_head(rows.where(~out), classes)(rows.x[out])
    guess = p.argmax(1)
    measured = {"accuracy": float((guess == rows.y).mean())}
    scores = []
    for c in range(classes):
        hit = float(((guess == c) & (rows.y == c)).sum())
        scores.append(2 * hit / max(1.0, float((guess == c).sum() + (rows.y == c).sum())))
        measured[f"f1_{c}"] = scores[-1]
    measured["macro_f1"] = float(np.mean(scores))
    measured["calibration_error"] = calibration_error(p, rows.y)
    return {name: round(value, 3) for name, value in measured.items()}


def calibration_error(p: Matrix, y: np.ndarray, bins: int = 10) -> float:
    """Expected calibration error of the likeliest class (Guo et al. 2017, sec. 2)."""
    sure, right = p.max(1), p.argmax(1) == y
    which = np.minimum((sure * bins).astype(int), bins - 1)
    gaps = [
        (which == b).mean() * abs(right[which == b].mean() - sure[which == b].mean())
        for b in range(bins)
        if (which == b).any()
    ]
    return float(sum(gaps))


def reading_threshold(key_points: Rows, misconceptions: Rows) -> float:
    """The similarity above which all but half a percent of what was said is found."""
    said = np.concatenate(
        [
            key_points.x[key_points.y != VERDICTS.index("missing"), SIMILARITY],
            misconceptions.x[misconceptions.y == 1, SIMILARITY],
        ]
    )
    return round(float(np.quantile(said, 1 - KEPT_COVERED)), 3)


def unread(rows: Rows, threshold: float) -> Rows:
    """The rows as the verifier sees them: below the threshold nothing is read."""
    x = rows.x.copy()
    x[rows.x[:, SIMILARITY] < threshold, len(NAMES) :] = (0, 0, 1)
    return Rows(x, rows.y, rows.question)


def main() -> None:
    """Fit, estimate and write the heads beside the cross-encoder."""
    parser = argparse.ArgumentParser(description="Fit the verifier's heads.")
    parser.add_argument("--out", type=Path, default=OUT)
    out = parser.parse_args().out
    catalog = Catalog.from_settings(Settings())
    slugs = catalog.slugs()
    key_points, misconceptions = collect(catalog, slugs, out)
    threshold = reading_threshold(key_points, misconceptions)
    key_points, misconceptions = unread(key_points, threshold), unread(misconceptions, threshold)
    card = {
        "features": INPUTS,
        "read_from_similarity": threshold,
        "fitted_by": "training/fit_verifier.py",
        "fitted_on": (
            f"examples of {len(slugs)} questions and contrast statements that training never "
            "saw, holdout left out"
        ),
        "rows": [len(key_points.y), len(misconceptions.y)],
        "seed": SEED,
        "left_out_in_turn": {
            "key_points": left_out_in_turn(key_points, 4),
            "misconceptions": left_out_in_turn(misconceptions, 2),
        },
    }
    for name, rows, classes in (
        ("key_points", key_points, 4),
        ("misconceptions", misconceptions, 2),
    ):
        head = fit_head(rows, classes)
        arrays = {field: getattr(head, field) for field in Head.__dataclass_fields__}
        np.savez(out / f"{name}.npz", **arrays)
    text = json.dumps(card, indent=1) + "\n"
    (out / "verifier.json").write_text(text, encoding="utf-8")
    write_checksums(out)
    print(text)


if __name__ == "__main__":
    main()
