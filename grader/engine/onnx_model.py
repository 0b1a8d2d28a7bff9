"""A small transformer as int8 ONNX, run a text at a time.

Each text is a run of its own: dynamic int8 quantisation scales activations over a whole
batch, so in batches a result would depend on its neighbours, and the same answer could get
two grades. Threads make up for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from grader.environment import environment
from grader.errors import ModelError
from grader.settings import THREADS

# From 1.29 on it reports to its makers unless told otherwise before it is loaded: a device id is
# written below the user's cache folder, and a host looked up.
with environment(ORT_DISABLE_TELEMETRY="1"):
    import onnxruntime as ort

if TYPE_CHECKING:
    from tokenizers import Encoding

    Rows = NDArray[np.float32]

SAYS, DENIES, NEITHER = range(3)
_GRAPH = Path("onnx") / "model.onnx"


class OnnxModel:
    """Texts (or pairs of texts) to rows of numbers; a row depends on its own text alone."""

    def __init__(self, folder: Path, output: str, *, threads: int) -> None:
        """Load ``tokenizer.json`` and ``onnx/model.onnx`` of a folder.

        Args:
            folder: the model's.
            output: the name of the graph's output, one row a text.
            threads: how many texts are run side by side.

        Raises:
            ModelError: a file is missing or no such model.
        """
        self._tokenizer = load_tokenizer(folder / "tokenizer.json")
        self._session = load_session(folder / _GRAPH)
        self._output = output
        self._threads = threads
        self.width = int(next(o for o in self._session.get_outputs() if o.name == output).shape[1])

    def run(self, texts: Sequence[str] | Sequence[tuple[str, str]]) -> Rows:
        """Float32 rows of shape (len(texts), width)."""
        out = np.empty((len(texts), self.width), dtype=np.float32)
        encodings = self._tokenizer.encode_batch(list(texts))
        # Longest first, so that no thread is left with a long text at the end.
        order = sorted(range(len(texts)), key=lambda i: -len(encodings[i].ids))
        if self._threads == 1 or len(texts) == 1:
            for i in order:
                out[i] = self._row(encodings[i])
            return out
        with ThreadPoolExecutor(self._threads) as pool:
            rows = pool.map(lambda i: self._row(encodings[i]), order)
            for i, row in zip(order, rows, strict=True):
                out[i] = row
        return out

    def feeds(self, text: str | tuple[str, str]) -> dict[str, NDArray[np.int64]]:
        """The graph's inputs for one text (or pair), each int64 of shape (1, word pieces)."""
        return _feeds(self._tokenizer.encode_batch([text])[0])

    def _row(self, encoding: Encoding) -> Rows:
        rows: Rows = self._session.run([self._output], _feeds(encoding))[0]
        row: Rows = rows[0]
        return row


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


def _feeds(encoding: Encoding) -> dict[str, NDArray[np.int64]]:
    ids = np.array([encoding.ids], dtype=np.int64)
    return {
        "input_ids": ids,
        "attention_mask": np.ones_like(ids),
        "token_type_ids": np.array([encoding.type_ids], dtype=np.int64),
    }


def load_tokenizer(file: Path) -> Tokenizer:
    """The tokenizer of a file.

    Raises:
        ModelError: there is none.
    """
    try:
        return Tokenizer.from_file(str(file))
    except Exception as error:  # tokenizers raises bare Exception
        raise ModelError(f"{file}: no tokenizer: {error}") from error


def load_session(file: Path, *, threads: int = 1) -> ort.InferenceSession:
    """The graph of a file, ready to run.

    Args:
        file: an ONNX model.
        threads: of a run; int8 graphs run text by text instead.

    Raises:
        ModelError: it is none.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # A thread that waits by turning round takes the processor from whatever else runs there.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Weights that are stored in 8 bits become float32 once, on loading, rather than at every run.
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    options.log_severity_level = 3
    # The graph was fused when it was exported.
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    try:
        return ort.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own errors share no public base
        raise ModelError(f"{file}: is not an ONNX model: {error}") from error
