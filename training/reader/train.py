"""Train a reader on readings, resumable at any moment; in bf16 where the processor has it."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from training.reader.batches import (
    CONTRADICTED,
    MISSING,
    NOT_COVERED,
    UNKNOWN,
    Batch,
    Reading,
    batches,
    encode,
)
from training.reader.network import Reader

BATCH_TOKENS = 4_000
SAVE_SECONDS = 180
EVIDENCE_WEIGHT = 0.2
AVERAGED = 200
_HAS_BF16 = torch.cpu._is_avx512_bf16_supported()  # noqa: SLF001


def loss_of(logits: Tensor, shown: Tensor, batch: Batch) -> Tensor:
    """Cross-entropy of verdicts, and of the tokens that decide them where these are marked."""
    log_p = logits.float().log_softmax(-1)
    labels = batch.labels
    known = log_p.gather(-1, labels.clamp(0, 3).unsqueeze(-1)).squeeze(-1)
    other = torch.logsumexp(log_p[..., [CONTRADICTED, MISSING]], -1)
    likely = torch.where(labels == NOT_COVERED, other, known)
    counted = (labels != UNKNOWN).float() * batch.weights[:, None]
    verdicts = -(likely * counted).sum() / counted.sum().clamp(min=1)
    marked = batch.evidence.any(-1)
    if not marked.any():
        return verdicts
    odds = shown.float().log_softmax(-1).masked_fill(~batch.evidence, float("-inf"))
    found = torch.logsumexp(odds[marked], -1)
    return verdicts - EVIDENCE_WEIGHT * found.mean()


def train(
    reader: Reader,
    tokenizer: Tokenizer,
    draw: Callable[[int], Sequence[Reading]],
    *,
    out: Path,
    epochs: int,
    rate: float,
    seed: int,
    evaluate: Callable[[Reader], str] | None = None,
    frozen: int = 0,
) -> None:
    """Train, saving every few minutes into ``out``, and going on from there when run again.

    The word embeddings stay as they were pre-trained: half of the weights, seldom met. What is
    kept is the running mean of the weights over about the last ``AVERAGED`` steps (Polyak and
    Juditsky 1992).

    Args:
        reader: is changed.
        tokenizer: without padding or truncation.
        draw: the readings of an epoch by its number.
        out: a folder for the state; ``model.pt`` in the end.
        epochs: how often ``draw`` is called.
        rate: the highest learning rate, after a rise over 6 % of the steps; then falls to 0.
        seed: of everything.
        evaluate: called after each epoch; what it says is printed.
        frozen: so many of the first layers stay as they are, and what lies before them.
    """
    torch.manual_seed(seed)
    _freeze(reader, frozen)
    trained = [p for p in reader.parameters() if p.requires_grad]
    out.mkdir(parents=True, exist_ok=True)
    optimiser = torch.optim.AdamW(trained, lr=rate, weight_decay=0.01, fused=True)
    mean = {name: p.detach().clone() for name, p in reader.state_dict().items()}
    state_file, done = out / "state.pt", 0
    if state_file.exists():
        state = torch.load(state_file, weights_only=True)
        reader.load_state_dict(state["reader"])
        optimiser.load_state_dict(state["optimiser"])
        mean, done = state["mean"], state["step"]
    step, started, saved, running, steps = 0, time.monotonic(), time.monotonic(), [], 0
    for epoch in range(epochs):
        drawn = list(batches(encode(tokenizer, draw(epoch)), BATCH_TOKENS, random.Random(epoch)))
        steps = steps or len(drawn) * epochs
        for batch in drawn:
            step += 1
            if step <= done:
                continue
            for group in optimiser.param_groups:
                group["lr"] = rate * min(step / (0.06 * steps), max(0.02, 1 - step / (steps + 1)))
            running.append(_step(reader, optimiser, trained, batch))
            _follow(mean, reader, 1 / min(step, AVERAGED))
            if step % 25 == 0:
                pace = (step - done) / (time.monotonic() - started)
                loss = sum(running) / len(running)
                print(f"step {step}/{steps} loss {loss:.3f} {pace:.2f}/s", flush=True)
                running = []
            if time.monotonic() - saved > SAVE_SECONDS:
                _save(state_file, reader, mean, optimiser, step)
                saved = time.monotonic()
        if evaluate and step > done:
            print(f"epoch {epoch + 1}: {evaluate(_with(reader, mean))}", flush=True)
    torch.save(mean, out / "model.pt")
    (out / "done.json").write_text(json.dumps({"steps": steps}))
    state_file.unlink(missing_ok=True)


def _freeze(reader: Reader, layers: int) -> None:
    fixed: list[nn.Module] = [reader.words, *reader.layers[:layers]]
    if reader.shape.buckets:
        fixed.append(reader.near)
    if layers:
        fixed += [reader.places, reader.types, reader.norm]
    for part in fixed:
        part.requires_grad_(requires_grad=False)


def _step(
    reader: Reader, optimiser: torch.optim.Optimizer, trained: list[nn.Parameter], batch: Batch
) -> float:
    reader.train()
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=_HAS_BF16):
        claims = batch.labels.shape[1]
        logits, shown, _ = reader(batch.ids, batch.positions, batch.segments, claims)
    loss = loss_of(logits, shown, batch)
    optimiser.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(trained, 1.0)
    optimiser.step()
    return loss.item()


def _follow(mean: dict[str, Tensor], reader: Reader, share: float) -> None:
    there = reader.state_dict()
    torch._foreach_lerp_([mean[name] for name in there], list(there.values()), share)


def _with(reader: Reader, weights: dict[str, Tensor]) -> Reader:
    other = Reader(reader.shape)
    other.load_state_dict(weights)
    return other


def _save(
    file: Path,
    reader: Reader,
    mean: dict[str, Tensor],
    optimiser: torch.optim.Optimizer,
    step: int,
) -> None:
    aside = file.with_suffix(".new")
    torch.save(
        {
            "reader": reader.state_dict(),
            "mean": mean,
            "optimiser": optimiser.state_dict(),
            "step": step,
        },
        aside,
    )
    aside.replace(file)
