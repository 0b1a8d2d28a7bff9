"""Train the cross-encoder: general pairs first, then the bank's contrast sets.

    python -m training.train_verifier --data DIR [--work training/work]

``DIR`` is the folder that holds the public sets in ``pairs/``. Every stage is seeded,
saves its state every 500 steps and goes on from there when run again. Four hours on
one core. Afterwards run ``training.fit_verifier`` and ``training.fit_screening``.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from transformers import AutoTokenizer

from grader.bank.catalog import Catalog
from grader.engine.encoders.onnx import OnnxEncoder
from grader.settings import Settings
from training.cross_encoder import CLASSES, CrossEncoder, train
from training.domain_pairs import Domain, domain_pairs, held_back_pairs, load_domains
from training.export_encoder import source_folder
from training.export_verifier import export_cross_encoder
from training.fit_verifier import OUT
from training.onnx_export import finish
from training.pairs import Pair, general_pairs

CARDS = Path(__file__).parent / "cards" / "verifier"
SEED = 7
GENERAL_EPOCHS, GENERAL_TOKENS = 1, 96
DOMAIN_ROUNDS = ((4, 47_073), (2, 40_000), (2, 40_000))
"""Epochs, and pairs an epoch."""
AVERAGED = 2
DOMAIN_TOKENS = 160
RATE = 1.5e-4


def train_general(data: Path, work: Path) -> Path:
    """One epoch over inference, negation and key-point pairs."""
    out = work / "general"
    if not (out / "model.pt").exists():
        torch.manual_seed(SEED)
        source, pairs = source_folder(), general_pairs(data, SEED)
        train(
            CrossEncoder(source),
            source,
            lambda _: pairs,
            out=out,
            epochs=GENERAL_EPOCHS,
            rate=RATE,
            seed=SEED,
            max_tokens=GENERAL_TOKENS,
        )
    return out / "model.pt"


def train_domain(general: Path, work: Path) -> Path:
    """The contrast sets of the whole bank, other neighbours and negatives each epoch.

    In rounds: the rate rises again at the start of each (warm restarts; Loshchilov and Hutter
    2017). The weights of the last two are averaged (Wortsman et al. 2022, sec. 3).
    """
    source, weights = source_folder(), general
    catalog = Catalog.from_settings(Settings())
    domains = load_domains(catalog, catalog.slugs(), OnnxEncoder(), SEED)
    held_back = held_back_pairs(domains)
    before = 0
    for number, (epochs, most) in enumerate(DOMAIN_ROUNDS):
        out = work / f"domain-{number + 1}"
        if not (out / "model.pt").exists():
            model = CrossEncoder(source)
            model.load_state_dict(torch.load(weights, weights_only=True))
            train(
                model,
                source,
                partial(_epoch, domains, before, most),
                out=out,
                epochs=epochs,
                rate=RATE,
                seed=SEED + 1 + number,
                max_tokens=DOMAIN_TOKENS,
                evaluate=lambda m: confusion(m, held_back),
            )
        weights, before = out / "model.pt", before + epochs
    last = [work / f"domain-{number}" / "model.pt" for number in range(1, len(DOMAIN_ROUNDS) + 1)]
    return average(last[-AVERAGED:], work / "model.pt")


def average(files: Sequence[Path], out: Path) -> Path:
    """Write the mean of several networks' weights, and return its file."""
    states = [torch.load(file, weights_only=True) for file in files]
    mean = {name: sum(s[name] for s in states) / len(states) for name in states[0]}
    torch.save(mean, out)
    return out


def _epoch(domains: Sequence[Domain], before: int, most: int, epoch: int) -> list[Pair]:
    return domain_pairs(domains, before + epoch, most)


def confusion(model: CrossEncoder, pairs: Sequence[Pair], size: int = 64) -> str:
    """Accuracy and confusion (rows: true class) on statements that training never saw."""
    tokenizer = AutoTokenizer.from_pretrained(source_folder())
    table = np.zeros((CLASSES, CLASSES), dtype=int)
    model.eval()
    for start in range(0, len(pairs), size):
        claims, texts, labels = zip(*pairs[start : start + size], strict=True)
        tokens = tokenizer(
            list(claims),
            list(texts),
            padding=True,
            truncation=True,
            max_length=DOMAIN_TOKENS,
            return_tensors="pt",
        )
        with torch.no_grad():
            guessed = model(**tokens).argmax(1).numpy()
        np.add.at(table, (np.array(labels), guessed), 1)
    return f"held back {np.trace(table) / table.sum():.3f} of {table.sum()} {table.tolist()}"


def main() -> None:
    """Run both stages and export."""
    parser = argparse.ArgumentParser(description="Train the verifier's cross-encoder.")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path("training/work"))
    parser.add_argument("--out", type=Path, default=OUT)
    args = parser.parse_args()
    weights = train_domain(train_general(args.data, args.work), args.work)
    shutil.rmtree(args.out, ignore_errors=True)
    export_cross_encoder(weights, args.out)
    finish(args.out, CARDS)


if __name__ == "__main__":
    main()
