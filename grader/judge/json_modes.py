"""Ways to ask for JSON, from the surest to the plainest, and which one an endpoint supports."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from enum import IntEnum
from types import MappingProxyType
from typing import Any

from grader.judge.draft_schema import draft_schema
from grader.judge.prompt import Form
from grader.judge.schema import reply_schema

TOOLS: Mapping[Form, str] = MappingProxyType(
    {"verdicts": "report_verdicts", "rubric": "report_rubric"}
)

_SMALLEST_CONTEXT, _ROUND = 1024, (1024, 1000)
_LEAST_DENSITY = 1 / 5.5  # tokens a character; English prose has about 1/4.5
_NEARLY = 0.9


class Rung(IntEnum):
    """A way to ask for JSON; the lower one asks less of the endpoint."""

    STRICT_SCHEMA = 0
    TOOL_CALL = 1
    JSON_MODE = 2
    PLAIN = 3


def request_part(rung: Rung, form: Form) -> dict[str, Any]:
    """The part of a request that asks for JSON of a form."""
    tool, wanted = TOOLS[form], reply_schema() if form == "verdicts" else draft_schema()
    if rung is Rung.STRICT_SCHEMA:
        schema = {"name": tool, "strict": True, "schema": wanted}
        return {"response_format": {"type": "json_schema", "json_schema": schema}}
    if rung is Rung.TOOL_CALL:
        function = {"name": tool, "parameters": wanted}
        return {
            "tools": [{"type": "function", "function": function}],
            "tool_choice": {"type": "function", "function": {"name": tool}},
        }
    if rung is Rung.JSON_MODE:
        return {"response_format": {"type": "json_object"}}
    return {}


class Ladder:
    """What has been learnt of one model at one endpoint. Used from one event loop."""

    def __init__(self, known: Rung | None = None, refused: Iterable[str] = ()) -> None:
        """Start at the top, or with what was learnt in an earlier run."""
        self.rung = known or Rung.STRICT_SCHEMA
        self.proven = False
        """Whether a reply has followed the schema in this run."""
        self.refused = set(refused)
        """Parameters that the endpoint does not take from this model."""
        self._density = 0.0
        """The fewest tokens a character that were counted of a prompt."""
        self._first = asyncio.Lock()
        self._tried = known is not None

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Let the first request go alone, so that the others need not climb down as well."""
        async with self._first:
            if not self._tried:
                try:
                    yield
                finally:
                    self._tried = True
                return
        yield

    def reads_whole(self, tokens: int, chars: int) -> bool:
        """Whether a server has read all of a prompt, by the tokens that it counted.

        Ollama cuts off without a word what its context can't hold. What it counts then is the
        context's size, a round number, and fewer tokens than so many characters have by the
        prompts before, or in any language.
        """
        if tokens < _SMALLEST_CONTEXT or all(tokens % size for size in _ROUND):
            self._density = min(self._density or math.inf, tokens / max(1, chars))
            return True
        return tokens >= _NEARLY * (self._density or _LEAST_DENSITY) * chars

    def prove(self, rung: Rung) -> bool:
        """Remember the rung of a reply that followed the schema; whether that is news."""
        news = not self.proven or rung < self.rung
        if news:
            self.rung, self.proven = rung, True
        return news


class Descent:
    """One request's own way down a ladder: its failures alone teach the ladder nothing."""

    def __init__(self, ladder: Ladder) -> None:
        self._ladder = ladder
        self.rung = ladder.rung

    def step(self) -> bool:
        """Leave a rung that failed: for the one that works, else for the next lower one.

        False where there is none.
        """
        ladder = self._ladder
        if ladder.proven:
            news, self.rung = self.rung is not ladder.rung, ladder.rung
            return news
        if self.rung is Rung.PLAIN:
            return False
        self.rung = Rung(self.rung + 1)
        return True
