"""A verifier without a model."""

import zlib

import numpy as np

from grader.engine.findings import Findings
from grader.reading.text import fold
from grader.records import VERDICTS


class WordForWord:
    """A verifier that finds said what it finds written: the words of a claim's id."""

    name = "word-for-word"

    def verify(self, prepared, answer, units, vectors):  # noqa: ARG002
        """Covered and asserted, with certainty, or missing and absent."""
        text = fold(" ".join(units))
        question = prepared.question
        said = [k.id.replace("-", " ") in text for k in question.key_points]
        asserted = [m.id.replace("-", " ") in text for m in question.misconceptions]
        verdicts = [VERDICTS.index("covered" if s else "missing") for s in said]
        return Findings(
            np.eye(len(VERDICTS), dtype=np.float32)[verdicts],
            np.eye(2, dtype=np.float32)[np.array(asserted, dtype=int)],
            np.zeros(prepared.n_claims, dtype=np.intp),
            np.zeros((prepared.n_claims, 3), dtype=np.float32),
        )


class Literally:
    """A verifier that finds said what stands there in the rubric's own wordings."""

    name = "literally"

    def verify(self, prepared, answer, units, vectors):  # noqa: ARG002
        """Covered, partial and asserted with some certainty, or missing and absent."""
        question, folded = prepared.question, [fold(unit) for unit in units]

        def place(wordings):
            wanted = [fold(wording).rstrip(".") for wording in wordings]
            return next((i for i, u in enumerate(folded) if any(w in u for w in wanted)), None)

        verdicts, asserted, best = [], [], []
        for point in question.key_points:
            whole, half = place((point.claim, *point.also_accept)), place(point.partial)
            said = "missing" if whole is None and half is None else "covered"
            verdicts.append("partial" if half is not None and whole is None else said)
            best.append(next((i for i in (whole, half) if i is not None), 0))
        for wrong in question.misconceptions:
            at = place((wrong.claim, *wrong.also_phrased))
            asserted.append(at is not None)
            best.append(at or 0)
        odds = np.full((len(verdicts), len(VERDICTS)), 0.05, dtype=np.float32)
        odds[range(len(verdicts)), [VERDICTS.index(v) for v in verdicts]] = 0.85
        return Findings(
            odds,
            np.eye(2, dtype=np.float32)[np.array(asserted, dtype=int)],
            np.array(best, dtype=np.intp),
            np.zeros((prepared.n_claims, 3), dtype=np.float32),
        )


class BagOfWords:
    """An encoder without a model: texts are alike as far as they share words."""

    name = "bag-of-words"
    dimension = 512

    def encode(self, texts):
        """Unit vectors of shape (n, dimension)."""
        vectors = np.full((len(texts), self.dimension), 1e-3, dtype=np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for word in fold(text).replace(".", " ").replace(",", " ").split():
                row[zlib.crc32(word.encode()) % self.dimension] += 1
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
