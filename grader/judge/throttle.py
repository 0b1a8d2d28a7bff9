"""How many calls run side by side."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_SLOW = 1.0  # seconds of a call alone, from which on it matters how many wait side by side
_QUEUED = 1.5  # times as long as the fastest call: then calls wait for one another
_AFTER_A_TIME_OUT = 1 / 8
"""Places that a success gives back: so that at most one call in nine waits in vain."""


class Throttle:
    """Places for calls: each 429 takes one away, each success gives one back.

    So the number falls while more than half of the calls are turned away, in one round trip if
    all are, and stays up where 429s are stray. A time-out takes a place too, and from then on
    a success gives back less: a server that works off one request after the other lets as many
    through as fit into a call's time, and lets the rest of them wait in vain. So that few do, the
    first success of a slow server leaves as many places as fit into half of that time one after
    the other, and no success adds one with which calls would take longer than that, if they take
    much longer than the fastest did.
    There is always one place. Used from one event loop.
    """

    def __init__(self, most: int) -> None:
        """Start with all places."""
        self._most = most
        self.places = most
        self._given_back = 1.0
        self._owed = 0.0
        self._busy = 0
        self.fastest = 0.0
        """The seconds of the fastest call; 0 before the first success."""
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

    @property
    def alone(self) -> bool:
        """Whether no more than one place is taken."""
        return self._busy <= 1

    def narrow(self) -> None:
        """After a 429."""
        self.places = max(1, self.places - 1)

    def narrow_for_long(self) -> None:
        """After a time-out."""
        self.narrow()
        self._given_back, self._owed = _AFTER_A_TIME_OUT, 0.0

    def narrow_to_one(self) -> None:
        """After a time-out of a call that had the server for itself."""
        self.narrow_for_long()
        self.places = 1

    def expect(self, seconds: float, may: float) -> None:
        """Begin as after a call of an earlier run, where a call may take as long as it may."""
        if not self.fastest and seconds >= _SLOW:
            self.widen(seconds, may)

    def widen(self, seconds: float = 0.0, may: float = math.inf) -> None:
        """After a success that took so long, where it might have taken as long as it may."""
        if not self.fastest and seconds >= _SLOW:
            self.places = max(1, min(self.places, int(may / 2 / seconds)))
            self.fastest = seconds
            return
        self.fastest = min(self.fastest or seconds, seconds)
        if seconds + self.fastest > may / 2 and seconds > _QUEUED * self.fastest:
            return
        self._owed += self._given_back
        more = int(self._owed)
        self._owed -= more
        self.places = min(self._most, self.places + more)
