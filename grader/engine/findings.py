"""What a verifier finds: does the answer say, half say, miss or contradict each claim?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from grader.engine.features import Matrix, PreparedQuestion

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from grader.engine.encoders.base import Vectors


@dataclass(frozen=True, slots=True)
class Earning:
    """How sure a key point must be to earn nothing, and all: between them it earns a part.

    Fitted by ``training/fit_reader.py``.
    """

    none_to: float
    """As much credit may be expected, of 1, and the point still earns nothing."""
    all_from: float
    """From so much on it earns all of its points."""


@dataclass(frozen=True, slots=True)
class Findings:
    """Verdict probabilities of one answer.

    ``key_points`` has shape (key points, 4) in the order of ``records.VERDICTS``;
    ``misconceptions`` (misconceptions, 2), absent first; both float32, rows sum to 1.
    ``best`` holds for each claim, key points first, the index of the nearest unit;
    ``read``, shape (claims, 3), the probabilities that ``pairs.READ`` names: what was read of the
    claim before anything was weighed.
    """

    key_points: Matrix
    misconceptions: Matrix
    best: NDArray[np.intp]
    read: Matrix
    asserted_from: float = 0.0
    """The probability from which a misconception is held to be asserted: surer than a point."""
    earning: Earning | None = None
    """What a point earns that is not sure; without it, what its verdict says."""


class Verifier(Protocol):
    """Decides the claims of a rubric; pure in its arguments."""

    @property
    def name(self) -> str:
        """Identifies the model and its version; enters every signature."""
        ...

    def verify(
        self, prepared: PreparedQuestion, answer: str, units: Sequence[str], vectors: Vectors
    ) -> Findings:
        """Judge every claim of the question.

        Args:
            prepared: the question with its vectors.
            answer: the whole answer.
            units: stretches of the answer, at least one.
            vectors: their unit vectors, float32 of shape (len(units), d).
        """
        ...
