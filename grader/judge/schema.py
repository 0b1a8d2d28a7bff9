"""The only form in which a verdict is accepted, and the reading of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from grader.errors import JudgeReplyError
from grader.records import MisconceptionVerdict, Verdict

_SHOWN = 60  # characters of a reply in a message
_NO_JSON = "it is not JSON from end to end"
_UNKNOWN_KEY = "it has a key that the form does not have"


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def _small(verdict: Any) -> Any:
    """Weaker models write ``Covered``; that is no other verdict."""
    return verdict.strip().lower() if isinstance(verdict, str) else verdict


class KeyPointOpinion(_Strict):
    """What the judge says of one key point. The quote stands before the verdict it is for."""

    id: str
    quote: str | None
    verdict: Annotated[Verdict, BeforeValidator(_small)]


class MisconceptionOpinion(_Strict):
    """What the judge says of one misconception."""

    id: str
    quote: str | None
    verdict: Annotated[MisconceptionVerdict, BeforeValidator(_small)]


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
        JudgeReplyError: no JSON, another schema, or an id missing or repeated.

    Small models go on when the list is done, with ids that the rubric does not have: these speak of
    nothing and are left out.
    """
    try:
        reply = Reply.model_validate_json(text)
    except ValidationError as error:
        raise JudgeReplyError(
            f"the reply does not follow the schema: {why(error, text)}", fault=fault_in(error)
        ) from error
    reply = Reply(
        key_points=[o for o in reply.key_points if o.id in key_points],
        misconceptions=[o for o in reply.misconceptions if o.id in misconceptions],
    )
    _require_ids("key_points", [o.id for o in reply.key_points], key_points)
    _require_ids("misconceptions", [o.id for o in reply.misconceptions], misconceptions)
    return reply


def why(error: ValidationError, text: str) -> str:
    """What is wrong with a reply, on one line: where, or how it begins if it is no JSON."""
    if error.errors()[0]["type"] == "json_invalid":
        begins = " ".join(text.split())[:_SHOWN]
        return (
            f"{_NO_JSON}: it begins with {begins!r}: use a model that can, "
            "or a server that holds it to a JSON schema"
        )
    return _first_of(error)


def fault_in(error: ValidationError) -> str:
    """The same without a word of the reply: neither its beginning nor a key of its own."""
    kind = error.errors()[0]["type"]
    if kind == "json_invalid":
        return _NO_JSON
    return _UNKNOWN_KEY if kind == "extra_forbidden" else _first_of(error)


def _first_of(error: ValidationError) -> str:
    first = error.errors()[0]
    return f"{'.'.join(str(part) for part in first['loc']) or 'reply'}: {first['msg']}"


def _require_ids(what: str, given: Sequence[str], wanted: Sequence[str]) -> None:
    odd = (Counter(given) - Counter(wanted)) + (Counter(wanted) - Counter(given))
    if odd:
        fault = f"{what}: missing or repeated: {', '.join(sorted(odd)[:5])!r}"
        raise JudgeReplyError(
            f"the reply does not follow the schema: {fault}", fault=fault, well_formed=True
        )
