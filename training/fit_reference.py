"""Fit the score of answers that are graded by a reference alone.

    python -m training.fit_reference --data DIR

``DIR`` holds the public exams (``training.exams``). A ridge regression over few features:
more flexible models were worse on exams that they had not seen. Each set is left out in
turn to estimate that; the shipped weights are fitted on the training parts of all of them
and on the bank's examples that are no holdout.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression, RidgeCV

from grader.catalog import Catalog
from grader.encoders.onnx import OnnxEncoder
from grader.linting import example_score
from grader.records import Scale
from grader.reference import CLIP, NAMES, ReferenceScorer
from grader.settings import Settings
from grader.verifier import TrainedVerifier
from training.exams import FITTED, SETS, UNSEEN, CachedEncoder, Exam, features_of, load_exams
from training.onnx_export import write_checksums

OUT = Path(__file__).parents[1] / "grader" / "models" / "reference"
SEED = 7
MOST = 600
BANK = "bank"
PASS_SCORE = Scale().pass_score
ALPHAS = (3.0, 10.0, 30.0, 100.0, 300.0)
CARD = """# Scores by a reference alone

A ridge regression over {n} features of an answer and its reference, fitted by
`training/fit_reference.py` on the training parts of SAF (MIT; Filighera et al. 2022), Beetle and
SciEntsBank (CC BY-SA 3.0; SemEval-2013 Task 7, Dzikovska et al. 2013), Stita (CC BY-SA 4.0;
del Gobbo et al. 2023) and the bank's examples that are no holdout. `reference.json` holds the
weights, and what it scored on each set while that set was left out.
"""


def load_bank(catalog: Catalog) -> list[Exam]:
    """The bank's examples that are no holdout, to be graded by our model answers alone."""
    exams = []
    for slug in catalog.slugs():
        entry, rubric, _ = catalog.load(slug)
        if rubric.open_ended or not entry.references:
            continue
        exams += [
            Exam(
                BANK,
                "train",
                slug,
                entry.prompt,
                entry.references,
                example.answer,
                example_score(rubric, example),
            )
            for example in rubric.examples
            if not example.holdout
        ]
    return exams


def fit(rows: np.ndarray, exams: Sequence[Exam]) -> ReferenceScorer:
    """A ridge in which every set weighs the same; its strength is cross-validated."""
    names = np.array([e.name for e in exams])
    marks = np.array([e.mark for e in exams])
    weight = np.array([len(names) / (names == n).sum() for n in names])
    mean, scale = rows.mean(axis=0), rows.std(axis=0) + 1e-6
    x = np.clip((rows - mean) / scale, -CLIP, CLIP)
    ridge = RidgeCV(ALPHAS).fit(x, marks, sample_weight=weight / weight.mean())
    return ReferenceScorer(
        "fitting",
        tuple(mean),
        tuple(scale),
        tuple(map(float, ridge.coef_)),
        float(ridge.intercept_),
        0.0,
        1.0,
    )


def left_out_in_turn(rows: np.ndarray, exams: Sequence[Exam]) -> dict[str, np.ndarray]:
    """For each set the scores of the part it is judged on, by weights that never saw the set."""
    scores = {}
    for name in (*SETS, BANK):
        others = np.array([e.name != name and is_fitted(e) for e in exams])
        scorer = fit(rows[others], [e for e, o in zip(exams, others, strict=True) if o])
        judged = [i for i, e in enumerate(exams) if e.name == name and is_judged(e)]
        scores[name] = np.array([scorer.score(rows[i]) for i in judged])
    return scores


def is_fitted(exam: Exam) -> bool:
    """Whether an answer may be fitted on."""
    return exam.name == BANK or exam.split == FITTED[exam.name]


def is_judged(exam: Exam) -> bool:
    """Whether an answer belongs to the part that its set is judged on."""
    return exam.name == BANK or exam.split == UNSEEN[exam.name]


def judged_marks(exams: Sequence[Exam], name: str) -> np.ndarray:
    """The marks of the part that a set is judged on."""
    return np.array([e.mark for e in exams if e.name == name and is_judged(e)])


def fit_confidence(scores: np.ndarray, marks: np.ndarray) -> tuple[float, float]:
    """Bias and slope of the odds that a pass decision is right, by the score's distance."""
    right = (scores >= PASS_SCORE) == (marks >= PASS_SCORE)
    distance = np.abs(scores - PASS_SCORE)[:, None]
    model = LogisticRegression().fit(distance, right)
    return float(model.intercept_[0]), float(model.coef_[0, 0])


def main() -> None:
    """Estimate, fit and write the weights."""
    parser = argparse.ArgumentParser(description="Fit the score by a reference alone.")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=OUT)
    args = parser.parse_args()
    catalog = Catalog.from_settings(Settings())
    exams = [*load_exams(args.data, MOST, SEED), *load_bank(catalog)]
    rows, exams = features_of(exams, CachedEncoder(OnnxEncoder()), TrainedVerifier())
    scores = left_out_in_turn(rows, exams)
    measured = {
        name: round(float(np.corrcoef(scores[name], judged_marks(exams, name))[0, 1]), 3)
        for name in scores
    }
    pooled = np.concatenate(list(scores.values()))
    marks = np.concatenate([judged_marks(exams, name) for name in scores])
    bias, slope = fit_confidence(pooled, marks)
    fitted = np.array([is_fitted(e) for e in exams])
    scorer = fit(rows[fitted], [e for e in exams if is_fitted(e)])
    card = {
        "features": NAMES,
        "mean": [round(float(v), 6) for v in scorer.mean],
        "scale": [round(float(v), 6) for v in scorer.scale],
        "weights": [round(v, 6) for v in scorer.weights],
        "bias": round(scorer.bias, 6),
        "confidence": {"bias": round(bias, 4), "slope": round(slope, 4)},
        "fitted_by": "training/fit_reference.py",
        "answers": int(fitted.sum()),
        "pearson_left_out": measured,
    }
    args.out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(card, indent=1) + "\n"
    (args.out / "reference.json").write_text(text, encoding="utf-8")
    (args.out / "README.md").write_text(CARD.format(n=len(NAMES)), encoding="utf-8")
    write_checksums(args.out)
    print(text)


if __name__ == "__main__":
    main()
