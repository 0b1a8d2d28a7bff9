"""The reader: an answer is read once, and all claims of a rubric beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from grader.engine.onnx_model import load_session, load_tokenizer
from grader.records import VERDICTS, Verdict
from grader.settings import THREADS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from grader.engine.features import Matrix

CLASSES: tuple[Verdict, ...] = ("covered", "contradicted", "missing", "partial")
"""The order in which the network was taught."""
ANSWER_FROM = 32
"""The position of the answer's first word piece, as in training."""
ANSWER_PIECES, CLAIM_PIECES = 160, 64
"""As many word pieces it reads at once; of 96, 160 and 320 it does best on fields that it was not
taught (``training/README.md``, the ninth round)."""
OVERLAP = 48
"""As many pieces two stretches of a long answer share, so that each sentence is whole in one."""
CLAIMS_AT_ONCE = 16
"""Keeps memory in bounds; a claim's verdict doesn't depend on the others."""
_ORDER = [CLASSES.index(verdict) for verdict in VERDICTS]
_MISSING = VERDICTS.index("missing")


class Reader:
    """One answer and its claims to verdicts, in one run of a small transformer.

    Claims see the answer and themselves, the answer sees itself alone. Made by
    ``training/reader``. Weights are stored in 8 bits and computed with in float32.
    """

    def __init__(self, folder: Path, *, threads: int = THREADS) -> None:
        """Load ``tokenizer.json`` and ``onnx/model.onnx`` of a folder.

        Raises:
            ModelError: a file is missing or no such model.
        """
        self._tokenizer = load_tokenizer(folder / "tokenizer.json")
        self._session = load_session(folder / "onnx" / "model.onnx", threads=threads)

    def read(self, answer: str, claims: Sequence[str]) -> Matrix:
        """Judge claims by an answer.

        Of an answer too long to be read at once each claim is judged by the stretch that says most
        of it: where it is least likely *missing*.

        Args:
            answer: as the models read it.
            claims: the same.

        Returns:
            Probabilities, float32 of shape (len(claims), 4) in the order of ``records.VERDICTS``.
        """
        asked = [_cut(e.ids) for e in self._tokenizer.encode_batch(list(claims))]
        found = np.stack([self._read(part, asked) for part in self._stretches(answer)])
        where = found[:, :, _MISSING].argmin(axis=0)
        return np.asarray(found[where, np.arange(len(claims))], dtype=np.float32)

    def _stretches(self, answer: str) -> list[list[int]]:
        *pieces, end = self._tokenizer.encode(answer).ids[1:]
        most = ANSWER_PIECES - 1
        starts = range(0, max(1, len(pieces) - OVERLAP), most - OVERLAP)
        return [[*pieces[start : start + most], end] for start in starts]

    def _read(self, answer: list[int], claims: Sequence[list[int]]) -> Matrix:
        groups = range(0, len(claims), CLAIMS_AT_ONCE)
        parts = [self._run(answer, claims[i : i + CLAIMS_AT_ONCE]) for i in groups]
        return np.concatenate([np.empty((0, len(VERDICTS)), dtype=np.float32), *parts])

    def _run(self, answer: list[int], claims: Sequence[list[int]]) -> Matrix:
        rows: Matrix = self._session.run(["probabilities"], feeds(answer, claims))[0]
        return rows[:, _ORDER]


def feeds(answer: Sequence[int], claims: Sequence[Sequence[int]]) -> dict[str, NDArray[np.int64]]:
    """The graph's inputs for word pieces of an answer and of claims."""
    parts = [answer, *claims]
    places = [range(ANSWER_FROM, ANSWER_FROM + len(answer)), *(range(len(c)) for c in claims)]
    return {
        "input_ids": np.array([[i for part in parts for i in part]], dtype=np.int64),
        "positions": np.array([[i for place in places for i in place]], dtype=np.int64),
        "segments": np.repeat(np.arange(len(parts)), [len(p) for p in parts])[None],
        "claims": np.arange(1, len(parts)),
    }


def _cut(ids: list[int]) -> list[int]:
    return ids if len(ids) <= CLAIM_PIECES else [*ids[: CLAIM_PIECES - 1], ids[-1]]
