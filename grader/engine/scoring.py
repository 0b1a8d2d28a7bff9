"""Verdicts to points and reasons for review. Pure."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from grader.engine.costs import points_off
from grader.engine.screening import VOIDING
from grader.records import (
    VERDICTS,
    Evidence,
    Flag,
    KeyPointResult,
    MisconceptionResult,
    Question,
    Scale,
    Verdict,
)

if TYPE_CHECKING:
    from grader.engine.findings import Earning, Findings
    from grader.reading.text import Segment

OWN_EXPERIENCE = "the question asks for one's own experience"
"""Why a person always looks at the grade of an open-ended question."""

_MISSING = VERDICTS.index("missing")
_PARTS = 4
"""A key point earns so many parts of its points, or fewer: coarse enough for a score to be the same
on every processor, and to be read."""


class Score(NamedTuple):
    """Points of one answer; ``score`` is points over maximum, 0 to 1."""

    points: float
    max_points: float
    score: float


def credit(verdict: Verdict, scale: Scale) -> float:
    """The share of a key point's points that a verdict earns."""
    return {"covered": 1.0, "partial": scale.partial_credit}.get(verdict, 0.0)


def expected_credit(odds: Sequence[float], scale: Scale, earning: Earning) -> float:
    """The share of a key point's points that it earns, in whole quarters, where that is not sure.

    Of all guesses at a mark the expected one is off least (in squares), so what each verdict earns
    is weighed by its probability. A point that the answer likely contradicts earns nothing, and
    one that it likely half says what that earns.

    Args:
        odds: the probabilities of ``VERDICTS``, in their order.
        scale: what a verdict earns.
        earning: between which expectations a part is earned.
    """
    likeliest = VERDICTS[int(np.argmax(odds))]
    if likeliest in {"contradicted", "partial"}:
        return credit(likeliest, scale)
    expected = sum(float(p) * credit(v, scale) for p, v in zip(odds, VERDICTS, strict=True))
    share = (expected - earning.none_to) / (earning.all_from - earning.none_to)
    return math.floor(min(1.0, max(0.0, share)) * _PARTS) / _PARTS


def verdicts_on_key_points(
    question: Question, findings: Findings, units: Sequence[Segment], flags: Sequence[Flag]
) -> tuple[KeyPointResult, ...]:
    """The likeliest verdict of every key point, with the words that decided it."""
    void = is_void(flags)
    results = []
    for i, key_point in enumerate(question.key_points):
        odds = findings.key_points[i]
        likeliest = _MISSING if void else int(np.argmax(odds))
        verdict = VERDICTS[likeliest]
        earned = credit(verdict, question.scale)
        if findings.earning and not void:
            earned = expected_credit(odds.tolist(), question.scale, findings.earning)
        results.append(
            KeyPointResult(
                id=key_point.id,
                claim=key_point.claim,
                verdict=verdict,
                points=key_point.points * earned,
                max_points=key_point.points,
                probability=1.0 if void else round(float(odds[likeliest]), 4),
                evidence=None if verdict == "missing" else _evidence(units[findings.best[i]]),
                bonus=key_point.bonus,
            )
        )
    return tuple(results)


def verdicts_on_misconceptions(
    question: Question, findings: Findings, units: Sequence[Segment], flags: Sequence[Flag]
) -> tuple[MisconceptionResult, ...]:
    """Whether the answer asserts each misconception, with its words and the correction."""
    void = is_void(flags)
    results = []
    for i, misconception in enumerate(question.misconceptions):
        chance = float(findings.misconceptions[i, 1])
        asserted = chance > 1 - chance and chance >= findings.asserted_from and not void
        unit = units[findings.best[len(question.key_points) + i]]
        results.append(
            MisconceptionResult(
                id=misconception.id,
                claim=misconception.claim,
                verdict="asserted" if asserted else "absent",
                cost=points_off(misconception.cost) if asserted else 0.0,
                probability=1.0 if void else round(chance if asserted else 1 - chance, 4),
                evidence=_evidence(unit) if asserted else None,
                correction=misconception.correction,
                why=misconception.why,
                authority=misconception.authority,
            )
        )
    return tuple(results)


def add_up(
    key_points: Sequence[KeyPointResult], misconceptions: Sequence[MisconceptionResult]
) -> Score:
    """Points earned, full marks at most, less what asserted misconceptions cost; never below 0.

    So a bonus makes up for what was not said, and not for what was said wrong.
    """
    most = sum(k.max_points for k in key_points if not k.bonus)
    earned = min(most, sum(k.points for k in key_points))
    points = max(0.0, earned - sum(m.cost for m in misconceptions))
    return Score(points, most, round(points / most, 4))


def without_contradictions(
    question: Question,
    key_points: Sequence[KeyPointResult],
    misconceptions: Sequence[MisconceptionResult],
) -> tuple[KeyPointResult, ...]:
    """The key points, without points for those that an asserted misconception excludes.

    An answer that says both contradicts itself: it is not known to know the point, whose verdict
    is then ``contradicted``, by the words that assert the misconception.
    """
    against = {m.id: m.against for m in question.misconceptions}
    excluded = {
        point: m for m in misconceptions if m.verdict == "asserted" for point in against[m.id]
    }
    return tuple(
        replace(
            k,
            verdict="contradicted",
            points=0.0,
            probability=excluded[k.id].probability,
            evidence=excluded[k.id].evidence,
            similarity=None,
        )
        if k.id in excluded and k.points
        else k
        for k in key_points
    )


def of_share(share: float, max_points: float) -> Score:
    """The score that was fitted as a whole, 0 to 1, in points."""
    return Score(round(share * max_points, 4), max_points, share)


def is_void(flags: Sequence[Flag]) -> bool:
    """Whether nothing in the answer counts as said."""
    return bool(VOIDING.intersection(flags))


def review_reasons(
    sure: float, threshold: float, flags: Sequence[Flag], *, open_ended: bool = False
) -> tuple[str, ...]:
    """Why a person should look at a grade; empty where none needs to."""
    story = (OWN_EXPERIENCE,) if open_ended else ()
    low = (f"confidence {sure:.2f} is below {threshold:.2f}",) if not sure >= threshold else ()
    return (*story, *low, *(f"flag: {flag}" for flag in flags))


def sign(value: object) -> str:
    """The hash of a value that JSON can hold: 16 hex digits."""
    text = json.dumps(value, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _evidence(unit: Segment) -> Evidence:
    return Evidence(unit.text, unit.start, unit.end)
