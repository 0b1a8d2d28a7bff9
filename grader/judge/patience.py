"""How long is waited: for a reply, between attempts, for an endpoint that only refuses."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from tenacity import RetryCallState, wait_random_exponential

from grader.errors import JudgeError, JudgeRateLimitError, JudgeTimeoutError

_LONGEST_BACKOFF = 12.0
_FAR_AWAY = 3
"""Answers in a row that are told to wait longer than they may: then all are."""


class ReplyDeadline:
    """Ends the attempts for one reply; stands still while a call waits for its place."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._left = seconds
        self._timeout = asyncio.timeout(None)

    async def __aenter__(self) -> Self:
        await self._timeout.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            await self._timeout.__aexit__(kind, error, trace)
        except TimeoutError as late:
            raise JudgeTimeoutError(
                f"no reply within {self.seconds:g} s, all attempts together"
            ) from late

    @property
    def ends(self) -> float:
        """By the loop's clock; infinite while it stands still."""
        when = self._timeout.when()
        return float("inf") if when is None else when

    def stop(self) -> None:
        """Stand still: the wait for a place is nobody's fault."""
        if self._timeout.when() is not None:
            self._left = self.ends - asyncio.get_running_loop().time()
            self._timeout.reschedule(None)

    def go_on(self) -> None:
        """Count on."""
        self._timeout.reschedule(asyncio.get_running_loop().time() + self._left)


class RunDeadline:
    """Breaks off at the end of the run, with an error that says so.

    The end is a time of ``time.monotonic``, which is the clock of asyncio's loops too.
    """

    def __init__(self, ends: float, seconds: float) -> None:
        self._timeout = asyncio.timeout_at(ends)
        self._seconds = seconds

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            await self._timeout.__aexit__(kind, error, trace)
        except TimeoutError as late:
            raise JudgeTimeoutError(
                f"the run's time is up after {self._seconds:g} s (llm_run_deadline)"
            ) from late


class Attempts:
    """Ends after so many faults, or before a wait that the deadline would cut short.

    To be told to wait (429) is no fault.
    """

    def __init__(self, faults: int, deadline: ReplyDeadline) -> None:
        self._faults_left = faults
        self._deadline = deadline

    def __call__(self, state: RetryCallState) -> bool:
        """Whether this attempt was the last."""
        error = state.outcome.exception() if state.outcome else None
        self._faults_left -= not isinstance(error, JudgeRateLimitError)
        now = asyncio.get_running_loop().time()
        return now + state.upcoming_sleep >= self._deadline.ends or self._faults_left <= 0


class Wait:
    """As long as the endpoint asked for, and a bit; else exponential, with full jitter."""

    def __init__(self, first: float) -> None:
        self._first = first
        self._backoff = wait_random_exponential(multiplier=first, max=_LONGEST_BACKOFF)

    def __call__(self, state: RetryCallState) -> float:
        """Seconds before the next attempt."""
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, JudgeError) else None
        if asked is None:
            return self._backoff(state)
        return asked + random.uniform(0, self._first)  # noqa: S311  jitter is no secret


class Refusals:
    """Whether an endpoint that answers nothing but 429 is still worth waiting for.

    A limit of pace lets some calls through; a quota that is spent lets none.
    """

    def __init__(
        self, patience: float, longest_wait: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._patience = patience
        self._longest_wait = longest_wait
        self._clock = clock
        self._since: float | None = None
        self._far_away = 0

    @property
    def seconds(self) -> float:
        """For how long nothing else has come."""
        return 0.0 if self._since is None else self._clock() - self._since

    def end(self) -> None:
        """A call got through."""
        self._since, self._far_away = None, 0

    def add(self, retry_after: float | None) -> bool:
        """Note one more; whether to give up."""
        if self._since is None:
            self._since = self._clock()
        self._far_away += retry_after is not None and retry_after > self._longest_wait
        return self.seconds >= self._patience or self._far_away >= _FAR_AWAY
