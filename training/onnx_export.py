"""From a PyTorch transformer to a fused, int8 ONNX graph with checksums."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers import optimizer
from onnxruntime.transformers.fusion_options import FusionOptions

from training.checksums import write_checksums

TOKENIZER_FILES = ("special_tokens_map.json", "tokenizer.json", "tokenizer_config.json")
INPUTS = ("input_ids", "attention_mask", "token_type_ids")
HEADS, WIDTH = 12, 384
_WEIGHTS = {"MatMulInteger": (1, 3), "QAttention": (1, 7)}  # inputs: the weights, their zero points


def export_float32(model: torch.nn.Module, outputs: dict[str, bool], file: Path) -> None:
    """A fused float32 ONNX graph with dynamic batch and length.

    Args:
        model: takes ``INPUTS`` in order.
        outputs: the outputs' names, and whether each has a row a token.
        file: where the graph goes.
    """
    ids = torch.randint(1000, 20000, (3, 16))
    axes = {0: "batch", 1: "length"}
    torch.onnx.export(
        model.eval(),
        (ids, torch.ones_like(ids), torch.zeros_like(ids)),
        str(file),
        input_names=list(INPUTS),
        output_names=list(outputs),
        dynamic_axes={
            **dict.fromkeys(INPUTS, axes),
            **{name: axes if tokens else {0: "batch"} for name, tokens in outputs.items()},
        },
        opset_version=17,
        dynamo=False,
    )
    options = FusionOptions("bert")
    options.enable_embed_layer_norm = False  # it would hide the word table from int8
    fused = optimizer.optimize_model(
        str(file),
        model_type="bert",
        num_heads=HEADS,
        hidden_size=WIDTH,
        optimization_options=options,
    )
    fused.save_model_to_file(str(file))


def export_int8(model: torch.nn.Module, outputs: dict[str, bool], file: Path) -> None:
    """Weights and the word table in 8 bits; activations are quantised at run time."""
    with tempfile.TemporaryDirectory() as scratch:
        float32 = Path(scratch) / "float32.onnx"
        export_float32(model, outputs, float32)
        file.parent.mkdir(parents=True, exist_ok=True)
        quantize_dynamic(
            float32,
            file,
            weight_type=QuantType.QInt8,
            per_channel=True,
            extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
        )
    model = onnx.load(file)
    model.producer_name, model.producer_version = "grader", ""
    store_unsigned(model)
    onnx.save(model, file)


def store_unsigned(model: onnx.ModelProto) -> None:
    """Store int8 weights as uint8, with their zero points moved by 128: the same numbers.

    Activations are uint8. On processors with AVX2 and without VNNI, onnxruntime multiplies uint8
    by int8 with ``vpmaddubsw``, which saturates sums of two products at 16 bits; uint8 by uint8
    it multiplies exactly (onnxruntime's documentation of quantisation, "When and why do I need
    to try U8U8?").
    """
    tensors = {t.name: t for t in model.graph.initializer}
    for node in model.graph.node:
        for i in _WEIGHTS.get(node.op_type, ()):
            tensor = tensors[node.input[i]]
            if tensor.data_type == onnx.TensorProto.INT8:
                moved = numpy_helper.to_array(tensor).astype(np.int16) + 128
                tensor.CopyFrom(numpy_helper.from_array(moved.astype(np.uint8), tensor.name))


def copy_tokenizer(source: Path, out: Path, *, max_tokens: int) -> None:
    """The tokenizer with our length, and without the fixed padding of the original."""
    out.mkdir(parents=True, exist_ok=True)
    for name in TOKENIZER_FILES:
        shutil.copyfile(source / name, out / name)
    file = out / "tokenizer.json"
    tokenizer = json.loads(file.read_text(encoding="utf-8"))
    tokenizer["padding"] = None
    tokenizer["truncation"] = {
        "direction": "Right",
        "max_length": max_tokens,
        "strategy": "LongestFirst",
        "stride": 0,
    }
    file.write_text(json.dumps(tokenizer, ensure_ascii=False), encoding="utf-8")


def finish(out: Path, cards: Path) -> None:
    """Add the model card and licence, and ``SHA256SUMS`` in the format of sha256sum(1)."""
    for card in cards.iterdir():
        shutil.copyfile(card, out / card.name)
    write_checksums(out)
    size = sum(p.stat().st_size for p in out.rglob("*") if p.is_file())
    print(f"{out}: {size / 1e6:.1f} MB")
