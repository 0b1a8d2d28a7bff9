"""What an encoder gives, checked: a mark must never rest on numbers that are none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from grader.errors import EncoderError

if TYPE_CHECKING:
    from grader.engine.encoders.base import Encoder, Vectors

_ROUNDING = 0.01


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
