"""A request's body, and the parameters in it that an endpoint does not take."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from grader.judge.faults import CONTEXT, NOT_SUPPORTED, Answered
from grader.judge.json_modes import Ladder, Rung, request_part
from grader.judge.prompt import Message, Request
from grader.judge.reasons import complaint_in

_LIMIT, _OLD_LIMIT = "max_completion_tokens", "max_tokens"
_OPTIONAL = ("temperature", _LIMIT, _OLD_LIMIT)
_LIMITS = (_LIMIT, _OLD_LIMIT)
# The endpoint knows the parameter: what it does not like is how much is asked for.
_TOO_MUCH = re.compile(
    r"too (large|high|big|long|many)|at most|exceed|maximum|less than|greater than|between"
    r"|out of range|context length",
    re.IGNORECASE,
)


def request_body(request: Request, rung: Rung, refused: Collection[str]) -> dict[str, Any]:
    """What is sent at a rung, without what the endpoint does not take."""
    limit = _OLD_LIMIT if _LIMIT in refused else _LIMIT
    wanted: dict[str, Any] = {
        "temperature": request.temperature,
        limit: request.max_output_tokens,
    }
    taken = {name: value for name, value in wanted.items() if name not in refused}
    messages: Sequence[Message] = request.messages
    return {
        "model": request.model,
        "messages": messages,
        **taken,
        **request_part(rung, request.form),
    }


class Elimination:
    """Finds out, with one request, which parameters an endpoint does not take.

    A parameter that a refusal names is left out. If the very same refusal comes back it was
    not that one: the words of a refusal may list everything that there is.
    """

    def __init__(self, ladder: Ladder) -> None:
        self._ladder = ladder
        self._tried: set[str] = set()
        self._left_out: frozenset[str] = frozenset()
        self._complaint = ""

    @property
    def refused(self) -> set[str]:
        """What is to be left out of the next request."""
        return self._ladder.refused | self._left_out

    def learn(self, complaint: str) -> None:
        """Take in how a request without a parameter fared: its complaint, empty for none."""
        if self._left_out and not _alike(complaint, self._complaint):
            self._ladder.refused |= self._left_out
            self._tried.clear()
        self._left_out = frozenset()

    def step(self, came: Answered, sent: Mapping[str, Any], complaint: str) -> bool:
        """Leave a parameter out because of a refusal; whether there is one to leave out."""
        if came.status not in {*NOT_SUPPORTED, HTTPStatus.OK}:
            return False
        left = [name for name in _OPTIONAL if name in sent and name not in self._tried]
        self._left_out = _named(came.body, left)
        self._complaint = complaint
        self._tried |= self._left_out
        return bool(self._left_out)


def _alike(one: str, other: str) -> bool:
    """Whether two refusals are of the same; of a context they may name other numbers."""
    return one == other or bool(CONTEXT.search(one) and CONTEXT.search(other))


def _named(body: str, names: Sequence[str]) -> frozenset[str]:
    """The parameter that a refusal is about: one named as a field, else the first in its words.

    Of a context that is too small for the prompt and the longest reply together, it is the limits.
    """
    fields, words = complaint_in(body)
    if CONTEXT.search(words):
        return frozenset(_LIMITS) if set(_LIMITS) & set(names) else frozenset()
    if _TOO_MUCH.search(words):
        names = [name for name in names if name not in _LIMITS]
    for field in fields:
        for name in names:
            if re.search(rf"\b{name}\b", field):
                return frozenset({name})
    places = {name: re.search(rf"\b{name}\b", words) for name in names}
    found = [(place.start(), name) for name, place in places.items() if place]
    return frozenset({min(found)[1]} if found else ())
