"""The reader's network: a small BERT whose claims see the answer, and are not seen by it.

One sequence holds the answer and every claim in the places that claim and text have in a
cross-encoder, with whose weights it first began: each claim as ``[CLS] … [SEP]`` from position 0
on, with token type 0; the answer as ``… [SEP]`` from ``ANSWER_FROM`` on, with type 1. ``segments``
says what belongs together: 0 the answer, 1, 2, … the claims, -1 padding. A token attends to the
answer and to its own segment (cf. Schlatt, Fröbe and Hagen 2024, "Investigating the effects of
sparse attention on cross-encoders"). So the answer's tokens do not depend on the claims, and a
claim's verdict not on the other claims.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn.functional import gelu, scaled_dot_product_attention

CLASSES = ("covered", "contradicted", "missing", "partial")
ANSWER_FROM = 32
"""The answer's first position: about where the text begins beside a claim."""
FAR = 128
"""Tokens further apart than this are alike far."""
MIDDLE = 128
"""What stands for 0 where weights are stored in 8 bits."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of a BERT; the defaults are all-MiniLM-L6's."""

    width: int = 384
    heads: int = 12
    layers: int = 6
    inner: int = 1536
    words: int = 30_522
    positions: int = 512
    eps: float = 1e-12
    buckets: int = 0
    """Of relative positions, which shift the attention of each head; 0: none do."""


class Layer(nn.Module):
    """Attention and two dense layers, each followed by a normalised residual."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.qkv = nn.Linear(shape.width, 3 * shape.width)
        self.out = nn.Linear(shape.width, shape.width)
        self.norm_attention = nn.LayerNorm(shape.width, eps=shape.eps)
        self.inner = nn.Linear(shape.width, shape.inner)
        self.outer = nn.Linear(shape.inner, shape.width)
        self.norm = nn.LayerNorm(shape.width, eps=shape.eps)

    def forward(self, x: Tensor, seen: Tensor) -> Tensor:
        """``x`` (batch, length, width); ``seen`` (batch, 1 or heads, length, length).

        What is seen is true, or a number that is added to the attention, minus infinity elsewhere.
        """
        batch, length, width = x.shape
        q, k, v = self.qkv(x).view(batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = (_plain_attention if torch.onnx.is_in_onnx_export() else _attention)(q, k, v, seen)
        x = self.norm_attention(x + self.out(mixed.transpose(1, 2).reshape(batch, length, width)))
        return self.norm(x + self.outer(gelu(self.inner(x))))


def _attention(q: Tensor, k: Tensor, v: Tensor, seen: Tensor) -> Tensor:
    return scaled_dot_product_attention(q, k, v, attn_mask=seen)


def _plain_attention(q: Tensor, k: Tensor, v: Tensor, seen: Tensor) -> Tensor:
    """The same, without a care for rows that see nothing: an answer alone has none."""
    hidden = (~seen).to(q.dtype) * -1e9
    return ((q / q.shape[-1] ** 0.5) @ k.transpose(-1, -2) + hidden).softmax(-1) @ v


class Reader(nn.Module):
    """Token ids, positions and segments to verdicts and evidence of every claim."""

    def __init__(self, shape: Shape | None = None) -> None:
        super().__init__()
        self.shape = shape = shape or Shape()
        self.words = nn.Embedding(shape.words, shape.width)
        self.places = nn.Embedding(shape.positions, shape.width)
        self.types = nn.Embedding(2, shape.width)
        self.norm = nn.LayerNorm(shape.width, eps=shape.eps)
        if shape.buckets:
            self.near = nn.Embedding(shape.buckets, shape.heads)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.head = nn.Linear(2 * shape.width, len(CLASSES))
        self.asks = nn.Linear(shape.width, shape.width)
        self.shows = nn.Linear(shape.width, shape.width)

    def tokens(self, words: Tensor, positions: Tensor, segments: Tensor) -> Tensor:
        """Token vectors, float of shape (batch, length, width), from those of word pieces."""
        x = self.norm(words + self.places(positions) + self.types((segments == 0).long()))
        seen = (segments[:, None, :] == 0) | (segments[:, None, :] == segments[:, :, None])
        mask = seen[:, None]
        if self.shape.buckets:
            mask = self.shifts(positions).masked_fill(~mask, float("-inf"))
        for layer in self.layers:
            x = layer(x, mask)
        return x

    def shifts(self, positions: Tensor) -> Tensor:
        """What relative positions add to the attention, (batch, heads, length, length)."""
        apart = positions[:, None, :] - positions[:, :, None]
        return self.near(bucket(apart, self.shape.buckets)).permute(0, 3, 1, 2)

    def forward(
        self, ids: Tensor, positions: Tensor, segments: Tensor, claims: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Read answers with their claims.

        Args:
            ids: int64 of shape (batch, length), as are the next two.
            positions: of each token within its segment.
            segments: 0 the answer, 1 … ``claims`` the claims, -1 padding.
            claims: the largest number of claims of an answer.

        Returns:
            Logits of ``CLASSES``, (batch, claims, 4); how much each token shows of each claim,
            (batch, claims, length), minus infinity outside the answer; the mean of the answer's
            tokens, (batch, width).
        """
        numbers = torch.arange(1, claims + 1, device=ids.device)
        return self.read(self.words(ids), positions, segments, numbers)

    def read(
        self, words: Tensor, positions: Tensor, segments: Tensor, numbers: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The same from the vectors of word pieces on; ``numbers`` are the segments of claims."""
        x = self.tokens(words, positions, segments)
        own = segments[:, None, :] == numbers[None, :, None]
        claim = _mean(own, x)
        first = (own & (positions[:, None, :] == 0)).to(x.dtype) @ x
        logits = self.head(torch.cat([claim, first], -1))
        answer = segments[:, None, :] == 0
        shown = self.asks(claim) @ self.shows(x).transpose(1, 2) / self.shape.width**0.5
        return logits, shown.masked_fill(~answer, float("-inf")), _mean(answer, x)[:, 0]


def bucket(apart: Tensor, buckets: int) -> Tensor:
    """Relative positions by their sign and, beyond a quarter of the buckets, by their logarithm.

    The buckets of T5 (Raffel et al. 2020, section 2.1), as MPNet has them, up to 128 tokens apart.
    """
    half, exact = buckets // 2, buckets // 4
    far = apart.abs()
    steps = torch.log(far.clamp(min=1) / exact) / math.log(FAR / exact) * (half - exact)
    coarse = (exact + steps.long()).clamp(max=half - 1)
    return torch.where(far < exact, far, coarse) + (apart > 0).long() * half


def _mean(chosen: Tensor, x: Tensor) -> Tensor:
    """The mean of the chosen tokens: bool (batch, n, length) to float (batch, n, width)."""
    return (chosen.to(x.dtype) @ x) / chosen.sum(-1, keepdim=True).clamp(min=1).to(x.dtype)


def shipped(file: Path) -> Reader:
    """The reader of an ONNX file, its weights in 8 bits; what shows evidence begins anew."""
    tensors = {t.name: numpy_helper.to_array(t) for t in onnx.load(file).graph.initializer}

    def taken(name: str) -> Tensor:
        if name in tensors:
            return torch.from_numpy(tensors[name].copy())
        scale = tensors[f"{name}.scale"]
        weights = (tensors[f"{name}.rows"].astype(np.float32) - MIDDLE) * scale
        # A matrix is stored as it is multiplied by, with a scale a column.
        return torch.from_numpy(weights.T.copy() if scale.ndim == 1 else weights)

    reader = Reader()
    state = reader.state_dict()
    for name in state:
        if not name.startswith(("asks.", "shows.")):
            state[name] = taken("words" if name == "words.weight" else f"reader.{name}")
    reader.load_state_dict(state)
    return reader
