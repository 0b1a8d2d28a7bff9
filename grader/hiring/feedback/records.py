"""Frozen records of what candidates are told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Reveal = Literal["hints", "points", "all"]
"""How much is told of what was missing: a hint, the point itself, or the marks as well."""
Kind = Literal["right", "missing", "wrong"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that a candidate is told of an answer."""

    kind: Kind
    quote: str
    """The candidate's own words; empty for what is missing."""
    text: str
    """What is right, a hint or what was missing; empty where the quote says it."""
    why: str = ""
    """Why something is wrong."""
    source: str = ""
    """Where that can be read."""
    mark: str = ""
    """What it earned or cost, in words, if marks are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerFeedback:
    """What a candidate is told of one answer."""

    question: str
    status: Literal["told", "blank", "not_gradable", "by_hand", "by_reference"]
    """``told`` where there are findings, else why there are none: the answer is blank, could not
    be graded, was marked by a person, or was compared with a reference alone."""
    findings: tuple[Finding, ...] = ()
    unsure: int = 0
    """Verdicts that are not told, since the grader is not sure enough of them."""
    mark: str = ""
    """The points in words, if marks are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateFeedback:
    """What one candidate is told."""

    name: str
    answers: tuple[AnswerFeedback, ...]
    models: tuple[str, ...]
    """The language models that were asked as well."""
    level: float
    """The share of findings that hold, 0 to 1."""
