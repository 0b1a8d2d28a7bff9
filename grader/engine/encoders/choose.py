"""From the setting ``encoder`` to an encoder; each kind is imported where it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grader.engine.encoders.base import Encoder

BUNDLED = "bundled"
_OPENAI = "openai:"


def build_encoder(name: str, *, threads: int) -> Encoder:
    """The encoder that ``name`` asks for.

    Args:
        name: ``bundled``, ``openai:MODEL``, or a sentence-transformers name or folder.
        threads: how many threads the bundled encoder may use.

    Raises:
        ModelError, EncoderError, MissingExtraError: it can't be had.
    """
    if name == BUNDLED:
        from grader.engine.encoders.onnx import OnnxEncoder

        return OnnxEncoder(threads=threads)
    if name.startswith(_OPENAI):
        from grader.engine.encoders.openai import OpenAIEncoder

        return OpenAIEncoder(name.removeprefix(_OPENAI))
    from grader.engine.encoders.sentence_transformers import SentenceTransformersEncoder

    return SentenceTransformersEncoder(name)
