"""A verifier without a model."""

import numpy as np

from grader.engine.verifier import Findings
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
