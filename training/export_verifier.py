"""Export the trained cross-encoder as int8 ONNX into a folder."""

from __future__ import annotations

from pathlib import Path

import torch

from training.cross_encoder import CrossEncoder
from training.export_encoder import source_folder
from training.onnx_export import copy_tokenizer, export_int8

MAX_TOKENS = 160
OUTPUTS = {"probabilities": False}


class Probabilities(torch.nn.Module):
    """The network with a softmax behind it."""

    def __init__(self, network: CrossEncoder) -> None:
        super().__init__()
        self.network = network

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
    ) -> torch.Tensor:
        """Class probabilities, shape (batch, 3)."""
        logits: torch.Tensor = self.network(input_ids, attention_mask, token_type_ids)
        return logits.softmax(dim=1)


def export_cross_encoder(weights: Path, out: Path) -> None:
    """Write tokenizer and graph of trained weights."""
    source = source_folder()
    network = CrossEncoder(source, attention="eager")
    network.load_state_dict(torch.load(weights, weights_only=True))
    copy_tokenizer(source, out, max_tokens=MAX_TOKENS)
    export_int8(Probabilities(network), OUTPUTS, out / "onnx" / "model.onnx")
