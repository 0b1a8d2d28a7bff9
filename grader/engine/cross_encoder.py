"""The shipped cross-encoder: reads a claim and a stretch of an answer together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from grader.engine.onnx_model import OnnxModel
from grader.settings import THREADS

if TYPE_CHECKING:
    from grader.engine.onnx_model import Rows

SAYS, DENIES, NEITHER = range(3)


class CrossEncoder:
    """Whether a text says a claim, says the opposite, or neither."""

    def __init__(self, folder: Path, *, threads: int = THREADS) -> None:
        """Load the model.

        Raises:
            ModelError: a file is missing or no such model.
        """
        self._model = OnnxModel(folder, "probabilities", threads=threads)

    def classify(self, pairs: Sequence[tuple[str, str]]) -> Rows:
        """Judge (claim, text) pairs.

        Returns:
            Probabilities, float32 of shape (len(pairs), 3) in the order ``SAYS``,
            ``DENIES``, ``NEITHER``; each a function of its own pair alone.
        """
        return self._model.run(pairs)
