"""Any sentence-transformers model as an encoder (extra ``sentence-transformers``)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from grader.environment import environment
from grader.errors import EncoderError, MissingExtraError
from grader.resources import contents

if TYPE_CHECKING:
    from grader.engine.encoders.base import Vectors


class SentenceTransformersEncoder:
    """A model by name or folder, as sentence-transformers finds it."""

    def __init__(self, model: str) -> None:
        """Load the model.

        Raises:
            MissingExtraError: sentence-transformers is not installed.
            EncoderError: there is no such model here.
        """
        try:
            with environment(HF_HUB_DISABLE_TELEMETRY="1", DO_NOT_TRACK="1"):
                from sentence_transformers import SentenceTransformer
        except ImportError as error:
            raise MissingExtraError("sentence-transformers", "sentence-transformers") from error
        try:
            self._model = SentenceTransformer(model, device="cpu")
        except (OSError, ValueError) as error:
            problem = str(error).splitlines()[0]
            raise EncoderError(f"encoder '{model}' can't be loaded: {problem}") from error
        folder = Path(model)
        version = f"@{contents(folder)[:12]}" if folder.is_dir() else ""
        self._name = f"sentence-transformers:{model}{version}"

    @property
    def name(self) -> str:
        """``sentence-transformers:``, the model as given and, of a folder, its files' checksum."""
        return self._name

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, float32 of shape (len(texts), dimension)."""
        vectors = self._model.encode(
            list(texts), normalize_embeddings=True, show_progress_bar=False
        )
        return np.asarray(vectors, dtype=np.float32)
