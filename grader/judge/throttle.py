"""How many calls run side by side."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Throttle:
    """Places for calls: each 429 takes one away, each success gives one back.

    So the number falls while more than half of the calls are turned away, in one round trip if
    all are, and stays up where 429s are stray. There is always one place. Used from one
    event loop.
    """

    def __init__(self, most: int) -> None:
        """Start with all places."""
        self._most = most
        self.places = most
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

    def widen(self) -> None:
        """After a success."""
        self.places = min(self._most, self.places + 1)
