"""The encoder protocol: text to unit vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]


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
