"""When a person is asked about a judged grade: the fitted rule. Pure but for its data file.

A grade is wrong that is off by a quarter of the scale, or passes or fails wrongly. Its chance
follows from what the verifier and the judge said of every point:

- The verifier gives its verdict the probability *p*. Where it is wrong, ``instead`` says how
  often each other verdict was the right one.
- A sound reply says of a point, whose right verdict is *t*, the verdict *v* with the probability
  ``says[t][v]``. By Bayes' rule the two make the odds of the point.
- A reply may be unsound as a whole: as often made up at random, when it says each verdict with the
  same probability, as talked round, when it says what a sound one says of an answer that has
  everything. Either tells nothing, so that the verifier's odds stand. How likely that is follows
  from how ill the reply goes together with the verifier: that they differ in one point is
  nothing unusual, that they differ in all of them is.
- The points' odds make the odds of every score there could be, and these, with the score that the
  grade has and the pass mark, the chance that it is wrong.

Several replies are averaged rather than multiplied, as those of one model are not independent: so
a split vote leaves the odds open. A void vote tells nothing. All numbers are fitted
by ``training/fit_review.py``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, product

from grader.engine import scoring
from grader.engine.costs import points_off
from grader.engine.screening import SUSPECTED
from grader.records import VERDICTS, Flag, Grade, Question, Vote
from grader.resources import checksum, model_folder

Odds = Mapping[str, float]
"""The probability of each verdict on a point."""

ALWAYS_ASKING: frozenset[Flag] = SUSPECTED | {"copied_prompt", "copied_reference", "judge_failed"}
"""Flags that no verdict settles: they are about the person, or a run said nothing."""
_LEAST = 1e-6  # what a verifier that is sure leaves to the others, so that none is impossible
_STEPS = 1000  # of a point
_FAR = 700.0  # beyond it exp overflows


@dataclass(frozen=True, slots=True)
class ReviewRule:
    """What was fitted."""

    off_by: float
    """Grades off by this much of the scale, or more, are wrong ones."""
    ask_above: float
    """A person is asked about a grade that is wrong with a higher chance."""
    sound: float
    """The share of replies that are sound."""
    says: Mapping[str, Odds]
    """By the right verdict: how often a sound reply says each verdict."""
    instead: Mapping[str, Odds]
    """By the verifier's verdict: how often another was right, where it is wrong."""
    name: str = ""
    """The hash of the file that it came from."""


@dataclass(frozen=True, slots=True)
class _Point:
    """What is at stake on a point, and what the verifier makes of it."""

    key: tuple[str, bool]
    """Its id, and whether it is a key point: a misconception may bear the same id."""
    odds: Odds
    worth: Mapping[str, int]
    """The points that each verdict earns or, below 0, costs, in thousandths."""
    against: frozenset[str] = frozenset()
    """The key points that a misconception excludes."""


@lru_cache(maxsize=1)
def load_rule() -> ReviewRule:
    """The bundled rule.

    Raises:
        ModelError: the file is damaged.
    """
    folder = model_folder("review")
    data = json.loads((folder / "review.json").read_text(encoding="utf-8"))
    return ReviewRule(**data["rule"], name=checksum(folder)[:12])


def replies(votes: Sequence[Vote]) -> list[list[Vote]]:
    """The votes of each reply that has a say: one whose quotes are all void has none."""
    groups = [list(run) for _, run in groupby(votes, key=lambda vote: (vote.model, vote.run))]
    return [votes for votes in groups if not all(vote.void for vote in votes)]


def review_reasons(
    grade: Grade, question: Question, risk: float, rule: ReviewRule
) -> tuple[str, ...]:
    """Why a person should look at a judged grade; empty where none needs to."""
    flags = tuple(flag for flag in grade.flags if flag in ALWAYS_ASKING)
    asked = scoring.review_reasons(1.0, 0.0, flags, open_ended=question.open_ended)
    doubt = f"chance of a wrong mark {risk:.2f} is above {rule.ask_above:.2f}"
    return (*asked, doubt) if risk > rule.ask_above else asked


def chance_wrong(
    grade: Grade,
    offline: Grade,
    question: Question,
    votes: Sequence[Vote],
    rule: ReviewRule,
    on_scale: Callable[[float], float],
) -> float:
    """The chance that a judged grade is a wrong one, 0 to 1.

    Args:
        grade: the grade that verifier and judge make together.
        offline: the verifier's alone.
        question: what was answered.
        votes: the judge's.
        rule: what was fitted.
        on_scale: a share of the points on the scale that the grade's score is on.
    """
    points = _points(offline, question, rule)
    alone = [point.odds for point in points]

    def wrong(odds: Sequence[Odds]) -> float:
        shares = _scores(points, odds, round(question.max_points * _STEPS))
        return sum(
            chance
            for share, chance in shares.items()
            if _differs(grade, on_scale(share), rule.off_by)
        )

    by_verifier = wrong(alone)
    chances = []
    for reply in replies(votes):
        sound, told = _read(points, reply, rule)
        chances.append(sound * wrong(told) + (1 - sound) * by_verifier)
    return round(sum(chances) / len(chances) if chances else by_verifier, 4)


def _differs(grade: Grade, score: float, off_by: float) -> bool:
    return abs(score - grade.score) >= off_by or (score >= grade.pass_mark) != grade.passed


def _points(offline: Grade, question: Question, rule: ReviewRule) -> list[_Point]:
    scale = question.scale
    misconceptions = {m.id: m for m in question.misconceptions}
    points = [
        _Point(
            (k.id, True),
            _verifier_odds(k.verdict, k.probability, rule),
            {v: round(k.max_points * scoring.credit(v, scale) * _STEPS) for v in VERDICTS},
        )
        for k in offline.key_points
    ]
    return points + [
        _Point(
            (m.id, False),
            _verifier_odds(m.verdict, m.probability, rule),
            {"asserted": -round(points_off(misconceptions[m.id].cost) * _STEPS), "absent": 0},
            frozenset(misconceptions[m.id].against),
        )
        for m in offline.misconceptions
    ]


def _verifier_odds(verdict: str, probability: float, rule: ReviewRule) -> Odds:
    p = min(max(probability, _LEAST), 1 - _LEAST)
    return {verdict: p} | {v: (1 - p) * share for v, share in rule.instead[verdict].items()}


def _read(
    points: Sequence[_Point], reply: Sequence[Vote], rule: ReviewRule
) -> tuple[float, list[Odds]]:
    """How likely a reply is sound, and the odds of the points if it is."""
    said = {(v.point, v.verdict in VERDICTS): v.verdict for v in reply if not v.void}
    told: list[Odds] = []
    random, pleasing = 0.0, 0.0  # how much likelier the reply is if it is so, as logarithms
    for point in points:
        verdict = said.get(point.key)
        if verdict is None:
            told.append(point.odds)
            continue
        joint = {t: chance * rule.says[t][verdict] for t, chance in point.odds.items()}
        total = sum(joint.values())
        told.append({t: chance / total for t, chance in joint.items()})
        best = "covered" if point.key[1] else "absent"
        random -= math.log(total * len(point.odds))
        pleasing += math.log(rule.says[best][verdict] / total)
    unsound = (math.exp(min(random, _FAR)) + math.exp(min(pleasing, _FAR))) / 2
    return rule.sound / (rule.sound + (1 - rule.sound) * unsound), told


def _scores(points: Sequence[_Point], odds: Sequence[Odds], most: int) -> dict[float, float]:
    """The probability of each share of the points.

    An asserted misconception that excludes key points is gone through with and without: in either
    case the other points are independent.
    """
    paired = list(zip(points, odds, strict=True))
    said = [pair for pair in paired if pair[0].key[1]]
    free = [pair for pair in paired if not (pair[0].key[1] or pair[0].against)]
    excluding = [pair for pair in paired if pair[0].against]
    shares: dict[float, float] = {}
    for verdicts in product(("asserted", "absent"), repeat=len(excluding)):
        chance, cost, excluded = 1.0, 0, frozenset[str]()
        for (point, likely), verdict in zip(excluding, verdicts, strict=True):
            chance *= likely[verdict]
            cost += point.worth[verdict]
            excluded |= point.against if verdict == "asserted" else frozenset()
        earned = _sums([pair for pair in said if pair[0].key[0] not in excluded])
        costs = _sums(free)
        for (gained, a), (lost, b) in product(earned.items(), costs.items()):
            share = round(max(0, min(most, gained) + lost + cost) / most, 4)
            shares[share] = shares.get(share, 0.0) + chance * a * b
    return shares


def _sums(paired: Sequence[tuple[_Point, Odds]]) -> dict[int, float]:
    """The probability of each sum that independent points can have."""
    sums = {0: 1.0}
    for point, likely in paired:
        grown: dict[int, float] = {}
        for earned, chance in sums.items():
            for verdict, share in likely.items():
                total = earned + point.worth[verdict]
                grown[total] = grown.get(total, 0.0) + chance * share
        sums = grown
    return sums
