"""The encoder protocol: text to unit vectors, which are checked.

A mark must never rest on numbers that are not vectors of length 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from grader.errors import EncoderError

Vectors = NDArray[np.float32]
_ROUNDING = 0.01


class Encoder(Protocol):
    """Turns texts into unit vectors, each of them a function of its own text alone."""

    @property
    def name(self) -> str:
        """Identifies model and version; it enters every grade's signature."""
        ...

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Encode texts.

        Returns:
            float32 array of shape (len(texts), dimension); rows have L2 norm 1.

        Raises:
            EncoderError: the model or server behind the encoder failed.
        """
        ...


def unit_vectors(encoder: Encoder, texts: Sequence[str]) -> Vectors:
    """The vectors of texts.

    Returns:
        Float32 of shape (len(texts), dimension), each of length 1.

    Raises:
        EncoderError: the encoder fails, or gives anything else than that.
    """
    vectors = encoder.encode(texts)
    if vectors.ndim != 2 or len(vectors) != len(texts):  # noqa: PLR2004  a matrix
        raise EncoderError(
            f"encoder '{encoder.name}': an array of shape {vectors.shape} for {len(texts)} texts"
        )
    if len(texts) and not (abs(np.linalg.norm(vectors, axis=1) - 1) <= _ROUNDING).all():
        raise EncoderError(f"encoder '{encoder.name}': gives vectors that are not of length 1")
    return vectors
