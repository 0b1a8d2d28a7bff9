"""Fit the score of answers that are graded by a reference alone.

    python -m training.fit_reference --data DIR

``DIR`` holds the public exams (``training.exams``). A ridge regression over few features, each
of which may count in one direction only: more flexible models were worse on exams that they
had not seen. Each set is left out in turn to estimate that; the shipped weights are fitted on
the training parts of all of them. The bank's examples, graded by our model answers alone, are
judged on only: the cross-encoder knows them too well to be weighed by them.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.optimize import lsq_linear
from sklearn.linear_model import LogisticRegression

from grader.authoring.lint import example_score
from grader.bank.catalog import Catalog
from grader.engine.encoders.onnx import OnnxEncoder
from grader.engine.pairs import PairVerifier
from grader.engine.reference_scorer import CLIP, NAMES, ReferenceScorer
from grader.records import Scale
from grader.settings import Settings
from training.checksums import write_checksums
from training.exams import FITTED, SETS, UNSEEN, CachedEncoder, Exam, features_of, load_exams

OUT = Path(__file__).parents[1] / "grader" / "models" / "reference"
SEED = 7
MOST = 600
BANK = "bank"
PASS_SCORE = Scale().pass_score
ALPHA = 0.2
"""Penalty on squared weights, as a share of the answers' total weight."""
FALLING = frozenset(("prompt_similarity",))
"""More of these can't be better; more of the other features can't be worse."""
BINS = 5
CARD = """# Scores by a reference alone

A ridge regression over {n} features of an answer and its reference, fitted by
`training/fit_reference.py` on the training parts of SAF (MIT; Filighera et al. 2022), Beetle and
SciEntsBank (CC BY-SA 3.0; SemEval-2013 Task 7, Dzikovska et al. 2013) and Stita (CC BY-SA 4.0;
del Gobbo et al. 2023). `reference.json` holds the weights, and what it scored on each set while
that set was left out, and on the bank's examples (all but the holdout), which it never sees.
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


def fit(rows: np.ndarray, exams: Sequence[Exam], names: Sequence[str] = NAMES) -> ReferenceScorer:
    """A ridge in which every set weighs the same and no weight has the wrong sign.

    Within a set a fifth of the scale with few marks weighs more than its share, by a root:
    otherwise the scores of a set of mostly high marks would never be low.

    Args:
        rows: features, shape (n, len(names)).
        exams: the answers they are of.
        names: the features' names.
    """
    sets = np.array([e.name for e in exams])
    marks = np.array([e.mark for e in exams])
    weight = np.sqrt(_weights(sets, marks))
    mean, scale = rows.mean(axis=0), rows.std(axis=0) + 1e-6
    x = np.hstack([np.clip((rows - mean) / scale, -CLIP, CLIP), np.ones((len(rows), 1))])
    penalty = np.sqrt(ALPHA) * np.eye(len(names), len(names) + 1)
    falling = np.array([n in FALLING for n in names])
    found = lsq_linear(
        np.vstack([x * weight[:, None], penalty]),
        np.concatenate([marks * weight, np.zeros(len(names))]),
        bounds=(
            [*np.where(falling, -np.inf, 0), -np.inf],
            [*np.where(falling, 0, np.inf), np.inf],
        ),
    ).x
    return ReferenceScorer(
        "fitting",
        tuple(mean),
        tuple(scale),
        tuple(map(float, found[:-1])),
        float(found[-1]),
        0.0,
        1.0,
    )


def _weights(sets: np.ndarray, marks: np.ndarray) -> np.ndarray:
    """Of each answer; they sum to 1."""
    fifth = np.minimum((marks * BINS).astype(int), BINS - 1)
    weights = np.zeros(len(marks))
    for name in set(sets):
        here = sets == name
        counts = np.bincount(fifth[here], minlength=BINS)
        root = here / np.sqrt(np.maximum(counts, 1))[fifth]
        weights += root / root.sum()
    return weights / weights.sum()


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
    return exam.name != BANK and exam.split == FITTED[exam.name]


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
    rows, exams = features_of(exams, CachedEncoder(OnnxEncoder()), PairVerifier())
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
