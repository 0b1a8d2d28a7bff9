"""Answers that must not pass, mixed in to find out a judge that says yes to everything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import cycle

from grader.engine import scoring
from grader.records import Question, Vote

EMPTY_HANDED = (
    "That is a good question, and I have certainly come across the subject. There is a lot that "
    "could be said about it, and in practice it depends on the situation. I would look up the "
    "details before I answer and then decide with my team what to do."
)
OFF_THE_POINT = (
    "For a good loaf of bread the dough is kneaded for ten minutes and then left to rise in a "
    "warm place until it has doubled in size. A hot oven and a bowl of water beside the tin "
    "give it a crisp crust, and it should cool on a rack before it is cut."
)


@dataclass(frozen=True, slots=True)
class Canary:
    """An answer whose true score is known to be nothing."""

    question: Question
    text: str


def empty_handed(question: Question) -> Canary:
    """Fluent, and says nothing."""
    return Canary(question, EMPTY_HANDED)


def fluent_wrong(question: Question) -> Canary:
    """Asserts every misconception of the rubric; speaks of bread where it has none."""
    claims = [m.claim.rstrip(". ") + "." for m in question.misconceptions]
    return Canary(question, " ".join(claims) or OFF_THE_POINT)


def passes(canary: Canary, votes: Sequence[Vote]) -> bool:
    """Whether the judge credits a canary with enough key points to pass.

    What the misconceptions would cost is left out: a judge that says yes to everything says
    yes to them too.
    """
    # A bonus is not needed to pass, and is left out as well.
    points = {k.id: 0.0 if k.bonus else k.points for k in canary.question.key_points}
    scale = canary.question.scale
    earned = 0.0
    for vote in votes:
        if vote.verdict in {"covered", "partial"} and not vote.void:
            earned += points[vote.point] * scoring.credit(vote.verdict, scale)
    return earned > 0 and earned / canary.question.max_points >= scale.pass_score


class CanarySchedule:
    """When the next canary is due, and what has become of those before. Used from one thread."""

    def __init__(self, rate: float) -> None:
        """Mix in ``rate`` canaries an answer."""
        self._rate = Fraction(str(rate))
        self._answers = 0
        self._kinds = cycle((empty_handed, fluent_wrong))
        self.judged = 0
        """Canaries that the judge gave verdicts on."""
        self.passed = 0

    @property
    def reliable(self) -> bool:
        """Whether no canary has passed."""
        return self.passed == 0

    def due(self, question: Question) -> Canary | None:
        """A canary for an answer's question, if it is time for one; the kinds alternate."""
        before = int(self._answers * self._rate)
        self._answers += 1
        if int(self._answers * self._rate) == before:
            return None
        return next(self._kinds)(question)

    def count(self, canary: Canary, votes: Sequence[Vote]) -> None:
        """Note what became of one."""
        self.judged += 1
        self.passed += passes(canary, votes)
