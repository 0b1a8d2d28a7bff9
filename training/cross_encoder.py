"""The verifier's network and its training loop: a small cross-encoder with three classes."""

from __future__ import annotations

import json
import math
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import nn
from transformers import AutoModel, AutoTokenizer

from training.export_encoder import mean_pool
from training.pairs import ENTAILED, HALF, NEUTRAL, NOT_ENTAILED, Pair

CLASSES = 3


class CrossEncoder(nn.Module):
    """Claim and text read together; mean pooling; a linear layer to three logits."""

    def __init__(self, folder: Path | str, attention: str = "sdpa") -> None:
        super().__init__()
        self.transformer = AutoModel.from_pretrained(
            folder, add_pooling_layer=False, attn_implementation=attention
        )
        self.head = nn.Linear(self.transformer.config.hidden_size, CLASSES)

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
    ) -> torch.Tensor:
        """Logits, shape (batch, 3)."""
        hidden = self.transformer(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        ).last_hidden_state
        logits: torch.Tensor = self.head(mean_pool(hidden, attention_mask))
        return logits


def loss_of(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Cross-entropy; ``NOT_ENTAILED`` is the mass of two classes, ``HALF`` aims between two."""
    log_p = logits.float().log_softmax(1)
    known = log_p.gather(1, labels.clamp(max=2).unsqueeze(1)).squeeze(1)
    other = torch.logsumexp(log_p[:, 1:], dim=1)
    half = log_p[:, [ENTAILED, NEUTRAL]].mean(dim=1)
    likely = torch.where(labels == NOT_ENTAILED, other, known)
    return -torch.where(labels == HALF, half, likely).mean()


def batches(pairs: Sequence[Pair], size: int, chance: random.Random) -> list[list[Pair]]:
    """Shuffled batches of pairs of like length, so that little padding is computed."""
    order = list(range(len(pairs)))
    chance.shuffle(order)
    out: list[list[Pair]] = []
    pool = size * 50
    for start in range(0, len(order), pool):
        part = sorted(
            order[start : start + pool], key=lambda i: len(pairs[i][0]) + len(pairs[i][1])
        )
        out += [[pairs[i] for i in part[k : k + size]] for k in range(0, len(part), size)]
    chance.shuffle(out)
    return out


def train(
    model: CrossEncoder,
    tokenizer_folder: Path | str,
    draw: Callable[[int], Sequence[Pair]],
    *,
    out: Path,
    epochs: int,
    rate: float,
    seed: int,
    size: int = 32,
    max_tokens: int = 128,
    evaluate: Callable[[CrossEncoder], str] | None = None,
) -> None:
    """Fine-tune in bf16 autocast; resumes from ``out`` where it was interrupted.

    ``draw`` gives an epoch's pairs by its number; of no epoch more are used than of the first.

    The word embeddings stay as they were pre-trained: half of the weights, seldom enough
    met in our data to be taught anything, and a third of a step's time.
    """
    torch.manual_seed(seed)
    model.transformer.embeddings.requires_grad_(requires_grad=False)
    trained = [p for p in model.parameters() if p.requires_grad]
    tokenizer = AutoTokenizer.from_pretrained(tokenizer_folder)
    out.mkdir(parents=True, exist_ok=True)
    most = len(draw(0))
    steps = math.ceil(most / size) * epochs
    optimiser = torch.optim.AdamW(trained, lr=rate, weight_decay=0.01, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda s: min((s + 1) / (0.06 * steps), max(0.0, 1 - s / (steps + 1)))
    )
    state_file = out / "state.pt"
    done = 0
    if state_file.exists():
        state = torch.load(state_file, weights_only=True)
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        schedule.load_state_dict(state["schedule"])
        done = state["step"]
    step, started, running = 0, time.monotonic(), 0.0
    for epoch in range(epochs):
        for batch in batches(draw(epoch)[:most], size, random.Random(seed * 1000 + epoch)):
            step += 1
            if step <= done:
                continue
            claims, texts, labels = zip(*batch, strict=True)
            tokens = tokenizer(
                list(claims),
                list(texts),
                padding=True,
                truncation=True,
                max_length=max_tokens,
                return_tensors="pt",
            )
            model.train()
            with torch.autocast("cpu", dtype=torch.bfloat16):
                logits = model(**tokens)
            loss = loss_of(logits, torch.tensor(labels))
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(trained, 1.0)
            optimiser.step()
            schedule.step()
            running += loss.item()
            if step % 100 == 0:
                rate_now = (step - done) / (time.monotonic() - started)
                print(f"step {step}/{steps} loss {running / 100:.3f} {rate_now:.2f}/s", flush=True)
                running = 0.0
            if step % 500 == 0:
                torch.save(
                    {
                        "model": model.state_dict(),
                        "optimiser": optimiser.state_dict(),
                        "schedule": schedule.state_dict(),
                        "step": step,
                    },
                    state_file,
                )
        if evaluate:
            print(f"epoch {epoch + 1}: {evaluate(model)}", flush=True)
    torch.save(model.state_dict(), out / "model.pt")
    (out / "done.json").write_text(json.dumps({"steps": steps, "pairs": most}))
    state_file.unlink(missing_ok=True)
