"""The shipped encoder: all-MiniLM-L6-v2 as int8 ONNX, run by onnxruntime."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from grader.engine.onnx_model import OnnxModel
from grader.resources import checksum, contents, model_folder
from grader.settings import THREADS

if TYPE_CHECKING:
    from grader.engine.encoders.base import Vectors


class OnnxEncoder:
    """The shipped model, or another folder of the same make."""

    def __init__(self, folder: Path | None = None, *, threads: int = THREADS) -> None:
        """Load the model.

        Raises:
            ModelError: a file is damaged, missing or no such model.
        """
        home = model_folder("encoder") if folder is None else folder
        self._model = OnnxModel(home, "sentence_embedding", threads=threads)
        self._name = f"onnx:{checksum(home)[:12] if folder is None else contents(home)[:12]}"

    @property
    def name(self) -> str:
        """``onnx:`` and the start of the checksum of the model's files."""
        return self._name

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, float32 of shape (len(texts), 384)."""
        return self._model.run(texts)
