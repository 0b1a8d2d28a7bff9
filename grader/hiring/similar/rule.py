"""How alike two answers are that were written independently: the fitted chance level."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from grader.resources import model_folder

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class WordsRule:
    """How many shingles two independent answers share; see ``training/fit_similar.py``."""

    size: int
    """Words of a shingle."""
    common: float
    """The chance that an independent answer holds a given shingle of another."""
    start: float
    """Shared shingles from which the chance is known."""
    rate: float
    """The chance of sharing so many, by the product of both answers' numbers of shingles."""
    ratio: float
    """What one more shared shingle multiplies the chance by."""

    def chance(self, shared: Floats, possible: Floats) -> Floats:
        """The chance that independent answers share so much.

        Args:
            shared: shingles that both have, by their weights.
            possible: the product of how many each has.
        """
        known = np.minimum(1.0, self.rate * possible * self.ratio ** (shared - self.start))
        return np.where(shared >= self.start, known, 1.0)

    def weight(self, others: Floats) -> Floats:
        """What a shared shingle counts, 0 to 1, by the share of the other answers that have it."""
        rarity = np.log(np.maximum(others, self.common)) / np.log(self.common)
        weight: Floats = np.clip(rarity, 0.0, 1.0)
        return weight


@dataclass(frozen=True, slots=True, kw_only=True)
class MeaningRule:
    """How near in meaning two independent answers are, after what the reference accounts for."""

    directions: int
    """How many directions of meaning, those that question and reference go most, are taken out."""
    near: float
    """The cosine of whole answers from which their sentences are compared."""
    start: float
    """The likeness from which the chance is known."""
    share: float
    """The chance of so much."""
    scale: float
    """The chance falls by e each time that the likeness rises by so much."""
    words: int
    """An answer with fewer words is not compared."""
    prose: float
    """Nor one of whose signs a smaller share stands in words: formulas, of which too little is
    read."""
    encoder: str
    """Whose vectors they are."""

    def chance(self, likeness: Floats) -> Floats:
        """The chance that independent answers are so near."""
        known = self.share * np.exp((self.start - likeness) / self.scale)
        return np.where(likeness >= self.start, known, 1.0)

    @property
    def least(self) -> float:
        """The chance that independent answers mean just the same: no pair's is below it."""
        return float(self.chance(np.array([1.0]))[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """From where on a pair is told of."""

    expected: float
    """How many pairs of a whole table may be expected to be told of by chance."""
    words: WordsRule
    meaning: MeaningRule


def rule_of(card: Mapping[str, Any]) -> Rule:
    """The rule as its file has it."""
    return Rule(
        expected=card["expected"],
        words=WordsRule(**card["words"]),
        meaning=MeaningRule(**card["meaning"]),
    )


@lru_cache(maxsize=1)
def load_rule() -> Rule:
    """The fitted rule.

    Raises:
        ModelError: its file is damaged.
    """
    return rule_of(json.loads((model_folder("similar") / "similar.json").read_text("utf-8")))
