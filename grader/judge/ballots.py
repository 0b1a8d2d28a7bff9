"""What one run of one model gave: votes whose quotes were looked up, or a failure. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from grader.judge.budget import Usage
from grader.judge.prompt import Checklist
from grader.judge.quotes import find_quote
from grader.judge.redaction import Redacted
from grader.records import SILENT, Failure, Vote

if TYPE_CHECKING:
    from grader.judge.schema import Opinion, Reply


@dataclass(frozen=True, slots=True)
class Ballot:
    """What one run of one model gave."""

    model: str
    votes: tuple[Vote, ...]
    failure: Failure | None
    usage: Usage


def votes_of(
    reply: Reply, checklist: Checklist, answer: str, masked: Redacted, model: str, run: int
) -> tuple[Vote, ...]:
    """The votes in a reply.

    A reply that quotes, and quotes nothing that proves anything, is void as a whole: whoever
    invents every quote has not read the answer, so that what it misses there means nothing.
    """
    points = {id_: p.id for id_, p in checklist.key_points.items()}
    points |= {id_: m.id for id_, m in checklist.misconceptions.items()}
    opinions: list[Opinion] = [*reply.key_points, *reply.misconceptions]
    votes = []
    for opinion in opinions:
        quote = None if opinion.quote is None else masked.restore(opinion.quote)
        needs_quote = opinion.verdict not in SILENT
        evidence = find_quote(quote or "", answer) if needs_quote else None
        votes.append(
            Vote(
                point=points[opinion.id],
                model=model,
                run=run,
                verdict=opinion.verdict,
                quote=quote,
                evidence=evidence,
                void=needs_quote and evidence is None,
            )
        )
    return _void_as_a_whole(votes)


def _void_as_a_whole(votes: Sequence[Vote]) -> tuple[Vote, ...]:
    quoting = [vote for vote in votes if vote.verdict not in SILENT]
    if quoting and all(vote.void for vote in quoting):
        return tuple(replace(vote, void=True) for vote in votes)
    return tuple(votes)
