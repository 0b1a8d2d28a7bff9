"""Ways to ask for JSON, from the surest to the plainest, and which one an endpoint supports."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import IntEnum
from typing import Any

from grader.judge.schema import reply_schema

TOOL = "report_verdicts"


class Rung(IntEnum):
    """A way to ask for JSON; the lower one asks less of the endpoint."""

    STRICT_SCHEMA = 0
    TOOL_CALL = 1
    JSON_MODE = 2
    PLAIN = 3


def request_part(rung: Rung) -> dict[str, Any]:
    """The part of a request that asks for JSON."""
    if rung is Rung.STRICT_SCHEMA:
        schema = {"name": TOOL, "strict": True, "schema": reply_schema()}
        return {"response_format": {"type": "json_schema", "json_schema": schema}}
    if rung is Rung.TOOL_CALL:
        function = {"name": TOOL, "parameters": reply_schema()}
        return {
            "tools": [{"type": "function", "function": function}],
            "tool_choice": {"type": "function", "function": {"name": TOOL}},
        }
    if rung is Rung.JSON_MODE:
        return {"response_format": {"type": "json_object"}}
    return {}


class Ladder:
    """What has been learnt of one model at one endpoint. Used from one event loop."""

    def __init__(self, known: Rung | None = None) -> None:
        """Start at the top, or at the rung that worked in an earlier run."""
        self.rung = known or Rung.STRICT_SCHEMA
        self.proven = False
        self.refused: set[str] = set()
        """Parameters that the endpoint does not take from this model."""
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

    def step_down(self, failed: Rung) -> bool:
        """Leave a rung that does not work; False where it has worked before or is the last."""
        if self.proven or failed is Rung.PLAIN:
            return False
        self.rung = max(self.rung, Rung(failed + 1))
        return True

    def prove(self, rung: Rung) -> None:
        """Remember the rung of a reply that followed the schema."""
        self.rung, self.proven = rung, True
