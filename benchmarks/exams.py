"""Grading by a reference alone, on public exams of other subjects, beside simpler ways.

    python -m benchmarks.exams --data DIR

``DIR`` holds the public sets (``training.exams``). Every set is left out in turn: whatever is
fitted was fitted on the other sets and on the bank's examples, and the verifier's
cross-encoder has seen no exam at all. SAF and Beetle are judged on their unseen questions,
SciEntsBank on its unseen domains, Stita as a whole. ``weighted`` is the RMSE in which ten
equal bins of the mark count alike (Meyer et al. 2024, ASAG2024).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sentence_transformers import SentenceTransformer
from sklearn.linear_model import LinearRegression

from grader.bank.catalog import Catalog
from grader.engine.encoders.onnx import OnnxEncoder
from grader.engine.pairs import PairVerifier
from grader.engine.reference_scorer import NAMES
from grader.evaluation.agreement import pearson, rmse, weighted_rmse
from grader.settings import Settings
from training.exams import SETS, CachedEncoder, Exam, features_of, load_exams
from training.export_encoder import source_folder
from training.fit_reference import fit, is_fitted, is_judged, load_bank

EVERYTHING = 10_000
PLAIN = NAMES.index("says")
SEED = 7


def main() -> None:
    """Grade every set in every way and print the table."""
    parser = argparse.ArgumentParser(description="Exams graded by a reference alone.")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--most", type=int, default=EVERYTHING, help="answers a set and part")
    args = parser.parse_args()
    bank = load_bank(Catalog.from_settings(Settings()))
    exams = [*load_exams(args.data, args.most, SEED), *bank]
    rows, exams = features_of(exams, CachedEncoder(OnnxEncoder()), PairVerifier())
    cosines = plain_cosines(exams)
    print(f"{'set':14}{'way':32}{'n':>6}{'r':>7}{'RMSE':>7}{'weighted':>10}")
    overall: dict[str, list[float]] = {}
    for name in SETS:
        marks, ways = _ways(name, exams, rows, cosines)
        for way, scores in ways.items():
            weighted = weighted_rmse(marks, scores)
            overall.setdefault(way, []).append(weighted)
            print(
                f"{name:14}{way:32}{len(marks):6}{pearson(scores, marks):7.2f}"
                f"{rmse(marks, scores):7.2f}{weighted:10.2f}"
            )
    for way, values in overall.items():
        print(f"{'mean of sets':14}{way:32}{'':6}{'':7}{'':7}{np.mean(values):10.2f}")


def plain_cosines(exams: Sequence[Exam]) -> np.ndarray:
    """Cosine of answer and reference by sentence-transformers, shape (n, 1)."""
    model = SentenceTransformer(str(source_folder()), device="cpu")
    texts = list({t for e in exams for t in (e.answer, *e.references)})
    vectors = dict(zip(texts, model.encode(texts, normalize_embeddings=True), strict=True))
    best = [max(vectors[r] @ vectors[e.answer] for r in e.references) for e in exams]
    return np.array(best, dtype=float)[:, None]


def _ways(
    name: str, exams: Sequence[Exam], rows: np.ndarray, cosines: np.ndarray
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The marks of a set's judged part, and each way's scores by weights that never saw it."""
    fitted = np.array([e.name != name and is_fitted(e) for e in exams])
    judged = np.array([e.name == name and is_judged(e) for e in exams])
    marks = np.array([e.mark for e in exams])
    others = [e for e, f in zip(exams, fitted, strict=True) if f]
    words = rows[:, [NAMES.index("log_words")]]
    ours = fit(rows[fitted], others)
    plain = fit(rows[fitted][:, :PLAIN], others, NAMES[:PLAIN])
    return marks[judged], {
        "grader": np.array([ours.score(row) for row in rows[judged]]),
        "ridge without the verifier": np.array([plain.score(r[:PLAIN]) for r in rows[judged]]),
        "sentence-transformers cosine": _line(cosines, marks, fitted, judged),
        "number of words": _line(words, marks, fitted, judged),
        "mean of training": np.full(judged.sum(), marks[fitted].mean()),
    }


def _line(x: np.ndarray, y: np.ndarray, fitted: np.ndarray, judged: np.ndarray) -> np.ndarray:
    """One feature on the scale of the marks."""
    line = LinearRegression().fit(x[fitted], y[fitted])
    return np.clip(line.predict(x[judged]), 0, 1)


if __name__ == "__main__":
    main()
