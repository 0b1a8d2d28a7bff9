"""How sure a pass decision is: the chance that the verdicts' doubts would turn it. Pure.

Every verdict has its probability. Taken as independent, they make a distribution of the score
(the Poisson binomial's, with points for weights; Wang 1993, "On the number of successes in
independent trials"), and with it the chance that the score lies on its side of the pass mark.
Doubts are not independent, so that chance is set right by a logistic curve that was fitted to
marked answers (Platt 1999).
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from grader.engine.scoring import add_up, credit
from grader.records import VERDICTS, Scale, Verdict
from grader.resources import checksum, model_folder

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from grader.records import KeyPointResult, MisconceptionResult

STEPS = 240
"""Of full marks: fine enough for any points, and dividing by 2, 3, 4 and 5."""
_OPEN_ENDED = 0.5
_NEVER = 1e-6


@dataclass(frozen=True, slots=True)
class Doubt:
    """What was fitted: by ``training/fit_confidence.py``.

    ``instead[verdict]`` holds how often each of ``VERDICTS`` was right where that one was wrong;
    ``slope`` and ``bias`` turn the odds of independent verdicts into those of a decision.
    """

    name: str
    instead: Mapping[Verdict, tuple[float, ...]]
    slope: float
    bias: float


def confidence(
    key_points: Sequence[KeyPointResult],
    misconceptions: Sequence[MisconceptionResult],
    scale: Scale,
    passes: Callable[[float], bool],
    doubt: Doubt,
    costs: Mapping[str, float],
    *,
    open_ended: bool = False,
) -> float:
    """The chance that the pass decision is a careful marker's, 0 to 1.

    That of an open-ended question is never more than one half: whether a story is a good
    one is for a person to say.

    Args:
        key_points: with verdicts and probabilities.
        misconceptions: the same.
        scale: what a verdict earns.
        passes: whether a score from 0 to 1 passes.
        doubt: what was fitted.
        costs: what every misconception takes off, asserted or not.
        open_ended: whether the question asks for one's own experience.
    """
    likely = score_odds(key_points, misconceptions, scale, doubt, costs)
    places = np.arange(STEPS + 1) / STEPS
    chance = float(sum(p for p, place in zip(likely, places, strict=True) if passes(place)))
    decided = chance if passes(add_up(key_points, misconceptions).score) else 1 - chance
    decided = min(1 - _NEVER, max(_NEVER, decided))
    odds = doubt.slope * math.log(decided / (1 - decided)) + doubt.bias
    sure = 1 / (1 + math.exp(-odds))
    return round(min(sure, _OPEN_ENDED) if open_ended else sure, 4)


def score_odds(
    key_points: Sequence[KeyPointResult],
    misconceptions: Sequence[MisconceptionResult],
    scale: Scale,
    doubt: Doubt,
    costs: Mapping[str, float],
) -> NDArray[np.float64]:
    """How likely each score is, from 0 to 1 in ``STEPS``; float64 of shape (STEPS + 1,)."""
    most = sum(k.max_points for k in key_points if not k.bonus)
    high = sum(_steps(k.max_points, most) for k in key_points)
    odds: NDArray[np.float64] = np.eye(1, high + 1)[0]
    for k in key_points:
        steps = [_steps(k.max_points * credit(verdict, scale), most) for verdict in VERDICTS]
        chances = _verdict_odds(k, doubt)
        odds = np.sum([c * _moved(odds, n) for c, n in zip(chances, steps, strict=True)], axis=0)
    capped = np.minimum(np.arange(len(odds)), STEPS)
    odds = np.bincount(capped, odds, STEPS + 1).astype(np.float64)
    for m in misconceptions:
        asserted = m.probability if m.verdict == "asserted" else 1 - m.probability
        odds = (1 - asserted) * odds + asserted * _moved(odds, -_steps(costs[m.id], most))
    return odds


def _verdict_odds(result: KeyPointResult, doubt: Doubt) -> list[float]:
    shares = doubt.instead[result.verdict]
    return [
        result.probability if verdict == result.verdict else (1 - result.probability) * share
        for verdict, share in zip(VERDICTS, shares, strict=True)
    ]


def _moved(odds: NDArray[np.float64], by: int) -> NDArray[np.float64]:
    """All scores higher by so many steps, or lower; what would fall below 0 stays there."""
    places = np.clip(np.arange(len(odds)) + by, 0, len(odds) - 1)
    return np.bincount(places, odds, len(odds)).astype(np.float64)


def _steps(points: float, most: float) -> int:
    return round(points / most * STEPS)


@lru_cache(maxsize=1)
def load_doubt() -> Doubt:
    """What ships.

    Raises:
        ModelError: its file is damaged.
    """
    folder = model_folder("confidence")
    card = json.loads((folder / "confidence.json").read_text(encoding="utf-8"))
    instead = {verdict: tuple(card["instead"][verdict]) for verdict in VERDICTS}
    return Doubt(checksum(folder)[:12], instead, card["slope"], card["bias"])
