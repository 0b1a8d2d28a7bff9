"""What answers get wrong, as far as it is sure. Pure.

A verdict is right as often as its probability says, and no oftener: of the less sure ones that a
grade counts many are wrong, and they come in heaps, since answers to one question are worded alike.
A page that adds them up would tell a team that six people think what none of them said. So only
verdicts count here that are as sure as what candidates are told (``feedback.bar``), each with the
words that it rests on; the rest is left to the answers themselves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from grader.hiring.detail import Misconception
from grader.hiring.feedback.bar import Bar
from grader.hiring.records import Graded

_QUOTE_MOST = 240


@dataclass(frozen=True, slots=True)
class Saying:
    """Who asserts a misconception, and in which words."""

    row: int
    candidate: str
    quote: str
    sure: float
    """The probability that it is asserted, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A misconception that answers to a question assert."""

    question: str
    claim: str
    correction: str
    why: str
    authority: str
    said: tuple[Saying, ...]
    """At least one; the surest first."""

    @property
    def sure(self) -> float:
        """The mean probability of what was said: the share of it that should be right."""
        return fmean(one.sure for one in self.said)


@dataclass(frozen=True, slots=True)
class Findings:
    """All of them, the surest first."""

    sure: tuple[Finding, ...]
    unsure: int
    """Verdicts on misconceptions that were graded as asserted and are not counted here."""


def find(rows: Sequence[Graded], bar: Bar) -> Findings:
    """The findings of a graded table.

    A mark that a person changed stands for that person's reading, not for the verdicts that the
    grader made before: these count for nothing.
    """
    groups: dict[tuple[tuple[str, str], str], list[tuple[Graded, Misconception]]] = defaultdict(
        list
    )
    unsure = 0
    for row in rows:
        if row.detail is None or row.by_hand:
            continue
        for _, one in row.detail.asserted:
            if one.evidence is not None and bar.is_sure(one):
                groups[row.key, one.id].append((row, one))
            else:
                unsure += 1
    found = [_finding(own) for own in groups.values()]
    found.sort(key=lambda f: (-f.sure, -len(f.said), f.question, f.claim))
    return Findings(tuple(found), unsure)


def _finding(own: Sequence[tuple[Graded, Misconception]]) -> Finding:
    row, one = own[0]
    said = (
        Saying(row.row, row.candidate, m.evidence.text[:_QUOTE_MOST], m.probability)
        for row, m in own
        if m.evidence is not None
    )
    return Finding(
        question=row.question,
        claim=one.claim,
        correction=one.correction,
        why=one.why,
        authority=one.authority,
        said=tuple(sorted(said, key=lambda s: (-s.sure, s.row))),
    )
