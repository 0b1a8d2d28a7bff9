"""How many calls run side by side."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_AFTER_A_TIME_OUT = 1 / 8
"""Places that a success gives back: so that at most one call in nine waits in vain."""


class Throttle:
    """Places for calls: each 429 takes one away, each success gives one back.

    So the number falls while more than half of the calls are turned away, in one round trip if
    all are, and stays up where 429s are stray. A time-out takes a place too, and from then on
    a success gives back less: a server that works off one request after the other lets as many
    through as fit into a call's time, and lets the rest of them wait in vain. There is always
    one place. Used from one event loop.
    """

    def __init__(self, most: int) -> None:
        """Start with all places."""
        self._most = most
        self.places = most
        self._given_back = 1.0
        self._owed = 0.0
        self._busy = 0
        self._freed = asyncio.Condition()

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Hold a place; wait for one where none is free."""
        async with self._freed:
            await self._freed.wait_for(lambda: self._busy < self.places)
            self._busy += 1
        try:
            yield
        finally:
            async with self._freed:
                self._busy -= 1
                self._freed.notify(max(0, self.places - self._busy))

    def narrow(self) -> None:
        """After a 429."""
        self.places = max(1, self.places - 1)

    def narrow_for_long(self) -> None:
        """After a time-out."""
        self.narrow()
        self._given_back, self._owed = _AFTER_A_TIME_OUT, 0.0

    def widen(self) -> None:
        """After a success."""
        self._owed += self._given_back
        more = int(self._owed)
        self._owed -= more
        self.places = min(self._most, self.places + more)
