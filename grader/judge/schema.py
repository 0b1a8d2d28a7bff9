"""The only form in which a verdict is accepted, and the reading of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from grader.errors import JudgeReplyError
from grader.records import MisconceptionVerdict, Verdict


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class KeyPointOpinion(_Strict):
    """What the judge says of one key point. The quote stands before the verdict it is for."""

    id: str
    quote: str | None
    verdict: Verdict


class MisconceptionOpinion(_Strict):
    """What the judge says of one misconception."""

    id: str
    quote: str | None
    verdict: MisconceptionVerdict


Opinion = KeyPointOpinion | MisconceptionOpinion


class Reply(_Strict):
    """All that the judge may say: one opinion a point."""

    key_points: list[KeyPointOpinion]
    misconceptions: list[MisconceptionOpinion]


@lru_cache(maxsize=1)
def reply_schema() -> dict[str, Any]:
    """The JSON Schema that endpoints are held to.

    It is the same for every question: endpoints compile a schema at its first use, and a
    schema a rubric would be compiled anew for each.
    """
    return Reply.model_json_schema()


def parse_reply(text: str, key_points: Sequence[str], misconceptions: Sequence[str]) -> Reply:
    """The reply in a text that is JSON from end to end.

    Args:
        text: what the endpoint sent; prose around the JSON is not searched.
        key_points: the ids that must be answered, once each.
        misconceptions: the same of the misconceptions.

    Raises:
        JudgeReplyError: no JSON, another schema, or an id missing, unknown or repeated.
    """
    try:
        reply = Reply.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise JudgeReplyError(
            f"the reply does not follow the schema: {where or 'reply'}: {first['msg']}"
        ) from error
    _require_ids("key_points", [o.id for o in reply.key_points], key_points)
    _require_ids("misconceptions", [o.id for o in reply.misconceptions], misconceptions)
    return reply


def _require_ids(what: str, given: Sequence[str], wanted: Sequence[str]) -> None:
    odd = (Counter(given) - Counter(wanted)) + (Counter(wanted) - Counter(given))
    if odd:
        raise JudgeReplyError(
            f"the reply does not follow the schema: {what}: missing, unknown or repeated: "
            f"{', '.join(sorted(odd)[:5])!r}"
        )
