"""An OpenAI-compatible embeddings endpoint as an encoder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import openai

from grader import endpoints
from grader.errors import EncoderError, SettingsError

if TYPE_CHECKING:
    from grader.engine.encoders.base import Vectors

_BATCH = 256


class OpenAIEncoder:
    """``OPENAI_API_KEY`` and ``OPENAI_BASE_URL`` say whom to ask."""

    def __init__(self, model: str) -> None:
        """Make the client; nothing is sent yet.

        Raises:
            EncoderError: no key is set, the address is none, or the environment's proxies or
                certificates are broken.
        """
        try:
            address = endpoints.base_url()
            self._client = endpoints.reach(address, lambda: openai.OpenAI(base_url=address))
        except SettingsError as error:
            raise EncoderError(f"encoder 'openai:{model}': {error}") from error
        except openai.OpenAIError as error:
            raise EncoderError(
                f"encoder 'openai:{model}' needs OPENAI_API_KEY in the environment"
            ) from error
        self._model = model

    @property
    def name(self) -> str:
        """``openai:`` and the model."""
        return f"openai:{self._model}"

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, float32 of shape (len(texts), dimension).

        Raises:
            EncoderError: the endpoint refused, failed, did not answer, or gave no vectors.
        """
        if not texts:
            return np.empty((0, 0), dtype=np.float32)
        rows: list[list[float]] = []
        for start in range(0, len(texts), _BATCH):
            rows += self._request(list(texts[start : start + _BATCH]))
        try:
            vectors = np.asarray(rows, dtype=np.float32)
        except (TypeError, ValueError) as error:
            raise EncoderError(
                f"encoder '{self.name}': it returned something other than vectors: {error}"
            ) from error
        lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
        if not (lengths > 0).all():
            raise EncoderError(
                f"encoder '{self.name}': it returned vectors of zeros or of no numbers"
            )
        return np.asarray(vectors / lengths)

    def _request(self, texts: list[str]) -> list[list[float]]:
        try:
            reply = self._client.embeddings.create(
                model=self._model, input=texts, encoding_format="float"
            )
        except openai.OpenAIError as error:
            raise EncoderError(f"encoder '{self.name}': {error}") from error
        if len(reply.data) != len(texts):
            raise EncoderError(
                f"encoder '{self.name}': {len(reply.data)} vectors for {len(texts)} texts"
            )
        return [item.embedding for item in sorted(reply.data, key=lambda item: item.index)]
