"""Export a trained reader as ONNX, its weights in 8 bits, computed with in float32.

    python -m training.reader.export WEIGHTS [--out DIR]

Each row of a weight matrix and each word vector is stored as uint8 with a scale of its own; what
runs is float32, since activations rounded at run time make grades depend on the processor.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from training.export_encoder import source_folder
from training.onnx_export import finish
from training.reader.batches import Asked, Reading, collate, encode
from training.reader.general import plain_tokenizer
from training.reader.network import MIDDLE, Reader

CARDS = Path(__file__).parents[1] / "cards" / "reader"
OUT = Path(__file__).parents[2] / "grader" / "models" / "reader"
INPUTS = ("input_ids", "positions", "segments", "claims")
OUTPUT = "probabilities"


class Stored(nn.Module):
    """A matrix in 8 bits, a scale a row."""

    rows: Tensor
    scale: Tensor

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        scale = (weight.abs().amax(1, keepdim=True) / (MIDDLE - 1)).clamp(min=1e-12)
        rounded = (weight / scale).round() + MIDDLE
        self.register_buffer("rows", rounded.to(torch.uint8))
        self.register_buffer("scale", scale)

    def forward(self, chosen: Tensor | None = None) -> Tensor:
        """All rows, or the chosen ones, as float32."""
        rows, scale = self.rows, self.scale
        if chosen is not None:
            rows, scale = rows[chosen], scale[chosen]
        return (rows.float() - MIDDLE) * scale


class StoredLinear(nn.Module):
    """A dense layer whose weights are stored so."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        self.weight = Stored(layer.weight.detach())
        self.bias = layer.bias

    def forward(self, x: Tensor) -> Tensor:
        """As the layer."""
        result: Tensor = x @ self.weight().T + self.bias
        return result


class Probabilities(nn.Module):
    """One answer with its claims to the probabilities of their verdicts."""

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self.words = Stored(reader.words.weight.detach())
        for layer in reader.layers:
            for name in ("qkv", "out", "inner", "outer"):
                setattr(layer, name, StoredLinear(getattr(layer, name)))
        self.reader = reader

    def forward(self, ids: Tensor, positions: Tensor, segments: Tensor, claims: Tensor) -> Tensor:
        """Probabilities of ``CLASSES``, float32 of shape (claims, 4).

        Args:
            ids: int64 of shape (1, length), as are the next two.
            positions: of each token within its segment.
            segments: 0 the answer, 1, 2, … the claims.
            claims: the numbers of the claims' segments, int64 of shape (claims).
        """
        logits, _, _ = self.reader.read(self.words(ids), positions, segments, claims)
        return logits[0].softmax(-1)


def export(reader: Reader, file: Path) -> None:
    """Write the graph."""
    reading = Reading("Water boils.", (Asked("It boils.", 0), Asked("It freezes at 0.", 1)))
    batch = collate(encode(plain_tokenizer(source_folder()), [reading]))
    file.parent.mkdir(parents=True, exist_ok=True)
    length = {0: "batch", 1: "length"}
    torch.onnx.export(
        Probabilities(reader).eval(),
        (batch.ids, batch.positions, batch.segments, torch.arange(1, 3)),
        str(file),
        input_names=list(INPUTS),
        output_names=[OUTPUT],
        dynamic_axes={
            **dict.fromkeys(INPUTS[:3], length),
            "claims": {0: "claims"},
            OUTPUT: {0: "claims"},
        },
        opset_version=17,
        do_constant_folding=False,
        dynamo=False,
    )
    model = onnx.load(file)
    model.producer_name, model.producer_version = "grader", ""
    onnx.save(in_one_step(model), file)


def in_one_step(model: onnx.ModelProto) -> onnx.ModelProto:
    """Each matrix from its rows by one ``DequantizeLinear``, stored as it is multiplied by.

    What PyTorch writes (cast, subtract, multiply, transpose) leaves a copy of the weights a step
    in memory when they are made once on loading.
    """
    graph = model.graph
    stored = {t.name: t for t in graph.initializer}
    readers = {name: node for node in graph.node for name in node.input}
    makers = {name: node for node in graph.node for name in node.output}
    for cast in [n for n in graph.node if n.op_type == "Cast" and n.input[0] in stored]:
        minus = readers[cast.output[0]]
        times = readers[minus.output[0]]
        turned = readers[times.output[0]]
        rows, scale = stored[cast.input[0]], stored[times.input[1]]
        by_column = numpy_helper.to_array(rows).T.copy(), numpy_helper.to_array(scale).ravel()
        rows.CopyFrom(numpy_helper.from_array(by_column[0], rows.name))
        scale.CopyFrom(numpy_helper.from_array(by_column[1].copy(), scale.name))
        middle = numpy_helper.from_array(np.full_like(by_column[1], MIDDLE, np.uint8), minus.name)
        graph.initializer.append(middle)
        made = onnx.helper.make_node(
            "DequantizeLinear", [rows.name, scale.name, middle.name], turned.output, axis=1
        )
        graph.node.insert(list(graph.node).index(cast), made)
        for node in (makers[minus.input[1]], cast, minus, times, turned):
            graph.node.remove(node)
    onnx.checker.check_model(model)
    return model


def main() -> None:
    """Write graph, tokenizer, card and checksums."""
    parser = argparse.ArgumentParser(description="Export a trained reader.")
    parser.add_argument("weights", type=Path)
    parser.add_argument("--out", type=Path, default=OUT)
    args = parser.parse_args()
    reader = Reader()
    state = torch.load(args.weights, weights_only=True)
    reader.load_state_dict(state.get("mean", state))
    export(reader, args.out / "onnx" / "model.onnx")
    tokenizer = plain_tokenizer(source_folder())
    tokenizer.save(str(args.out / "tokenizer.json"), pretty=False)
    finish(args.out, CARDS)


if __name__ == "__main__":
    main()
