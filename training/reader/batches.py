"""Readings to tensors: batches of like length, whose tokens are counted rather than their rows."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch
from tokenizers import Tokenizer
from torch import Tensor

from training.reader.network import ANSWER_FROM

COVERED, CONTRADICTED, MISSING, PARTIAL = range(4)
NOT_COVERED, UNKNOWN = 5, -100
"""Contradicted or missing; nothing is known."""

ANSWER_TOKENS, CLAIM_TOKENS = 320, 64


@dataclass(frozen=True, slots=True)
class Asked:
    """A claim beside an answer: its verdict, and the spans of characters that decide it."""

    claim: str
    label: int
    spans: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """An answer with the claims that are read beside it."""

    answer: str
    asked: tuple[Asked, ...]
    weight: float = field(default=1.0)


@dataclass(frozen=True, slots=True)
class Batch:
    """Readings as tensors.

    ``ids``, ``positions`` and ``segments`` have shape (batch, length), ``labels`` (batch, claims),
    ``evidence`` (batch, claims, length), bool, and ``weights`` (batch).
    """

    ids: Tensor
    positions: Tensor
    segments: Tensor
    labels: Tensor
    evidence: Tensor
    weights: Tensor


@dataclass(frozen=True, slots=True)
class Encoded:
    """A reading's tokens: of the answer with their characters, and of each claim."""

    answer: list[int]
    places: list[tuple[int, int]]
    claims: list[list[int]]
    reading: Reading

    def __len__(self) -> int:
        return len(self.answer) + sum(map(len, self.claims))


def encode(tokenizer: Tokenizer, readings: Sequence[Reading]) -> list[Encoded]:
    """Tokenise readings; answers and claims are cut at their limits."""
    found = []
    for reading in readings:
        answer = tokenizer.encode(reading.answer)
        claims = [tokenizer.encode(a.claim).ids for a in reading.asked]
        found.append(
            Encoded(
                _cut(answer.ids[1:], ANSWER_TOKENS),
                answer.offsets[1 : 1 + ANSWER_TOKENS],
                [_cut(ids, CLAIM_TOKENS) for ids in claims],
                reading,
            )
        )
    return found


def _cut(ids: list[int], most: int) -> list[int]:
    return ids if len(ids) <= most else [*ids[: most - 1], ids[-1]]


def batches(encoded: Sequence[Encoded], tokens: int, chance: random.Random) -> Iterator[Batch]:
    """Shuffled batches of at most ``tokens`` tokens, padding included, of like length."""
    order = list(range(len(encoded)))
    chance.shuffle(order)
    groups: list[list[int]] = []
    for start in range(0, len(order), 2_000):
        group: list[int] = []
        for i in sorted(order[start : start + 2_000], key=lambda i: len(encoded[i])):
            if group and len(encoded[i]) * (len(group) + 1) > tokens:
                groups.append(group)
                group = []
            group.append(i)
        groups.append(group)
    chance.shuffle(groups)
    for group in groups:
        yield collate([encoded[i] for i in group])


def collate(rows: Sequence[Encoded]) -> Batch:
    """Pad rows to one length."""
    length, claims = max(map(len, rows)), max(len(r.claims) for r in rows)
    shape = (len(rows), length)
    ids, positions = torch.zeros(shape, dtype=torch.long), torch.zeros(shape, dtype=torch.long)
    segments = torch.full(shape, -1)
    labels = torch.full((len(rows), claims), UNKNOWN)
    evidence = torch.zeros((len(rows), claims, length), dtype=torch.bool)
    for b, row in enumerate(rows):
        at = 0
        for segment, part in enumerate([row.answer, *row.claims]):
            end = at + len(part)
            ids[b, at:end] = torch.tensor(part)
            first = 0 if segment else ANSWER_FROM
            positions[b, at:end] = torch.arange(first, first + len(part))
            segments[b, at:end] = segment
            at = end
        for c, asked in enumerate(row.reading.asked):
            labels[b, c] = asked.label
            for i, (start, stop) in enumerate(row.places):
                evidence[b, c, i] = start < stop and any(
                    start < e and stop > s for s, e in asked.spans
                )
    weights = torch.tensor([row.reading.weight for row in rows])
    return Batch(ids, positions, segments, labels, evidence, weights)
