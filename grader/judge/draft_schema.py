"""The only form in which a drafted rubric is accepted, and the reading of it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from grader.errors import JudgeReplyError
from grader.judge.schema import fault_in, why
from grader.reading.text import fold, words

MOST_KEY_POINTS = 6
_REFUSED = "the drafted rubric does not follow the schema"
Worth = Literal[1, 2, 3]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class DraftedPoint(_Strict):
    """A key point as the model proposes it. The quote stands before the claim taken from it."""

    quote: str
    claim: str
    points: Worth
    also_accept: list[str]
    worth_half: list[str]


class DraftedError(_Strict):
    """A misconception as the model proposes it."""

    claim: str
    correction: str
    why: str
    cost: Worth
    against: list[int]
    """Numbers of key points, counted from 1."""


class DraftReply(_Strict):
    """All that the model may say."""

    key_points: list[DraftedPoint]
    misconceptions: list[DraftedError]


@lru_cache(maxsize=1)
def draft_schema() -> dict[str, Any]:
    """The JSON Schema that endpoints are held to, the same for every question."""
    return DraftReply.model_json_schema()


def parse_draft(text: str) -> DraftReply:
    """The draft in a text that is JSON from end to end.

    Raises:
        JudgeReplyError: no JSON, another schema, no key point or too many, a claim that is empty
            or stands twice, a number of none.
    """
    try:
        reply = DraftReply.model_validate_json(text)
    except ValidationError as error:
        raise JudgeReplyError(f"{_REFUSED}: {why(error, text)}", fault=fault_in(error)) from error
    if not 1 <= len(reply.key_points) <= MOST_KEY_POINTS:
        raise _refused(f"key_points: {len(reply.key_points)} of them, not 1 to {MOST_KEY_POINTS}")
    for name, texts in (
        ("key_points.claim", [k.claim for k in reply.key_points]),
        ("misconceptions.claim", [m.claim for m in reply.misconceptions]),
    ):
        _require_distinct(name, texts)
    for wrong in reply.misconceptions:
        if not set(wrong.against) <= set(range(1, len(reply.key_points) + 1)):
            raise _refused(f"misconceptions.against: no such key point: {wrong.against}")
    for name, said in _needed(reply):
        if not words(said):
            raise _refused(f"{name}: is empty")
    return reply


def _needed(reply: DraftReply) -> Iterable[tuple[str, str]]:
    for point in reply.key_points:
        yield "key_points.claim", point.claim
    for error in reply.misconceptions:
        yield "misconceptions.claim", error.claim
        yield "misconceptions.correction", error.correction
        yield "misconceptions.why", error.why


def _require_distinct(name: str, texts: list[str]) -> None:
    if len({fold(text) for text in texts}) < len(texts):
        raise _refused(f"{name}: the same twice")


def _refused(problem: str) -> JudgeReplyError:
    return JudgeReplyError(f"{_REFUSED}: {problem}", fault=problem, well_formed=True)
