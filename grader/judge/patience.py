"""How long is waited: for a reply, between attempts, for an endpoint that only refuses."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from tenacity import RetryCallState, wait_random_exponential

from grader.errors import JudgeError, JudgeRateLimitError, JudgeTimeoutError

_LONGEST_BACKOFF = 12.0
_FAR_AWAY = 3
"""Answers in a row that are told to wait longer than they may: then all are."""


class ReplyDeadline:
    """When the attempts for one reply end; stands still while a call waits for its place."""

    def __init__(self, timeout: asyncio.Timeout, seconds: float) -> None:
        self._timeout = timeout
        self.seconds = seconds
        """In all, as long as it is by now."""
        self.refused: JudgeRateLimitError | None = None
        """What the last attempt came to, if that was being told to wait."""
        self._left = seconds

    @property
    def ends(self) -> float:
        """By the loop's clock; infinite while it stands still."""
        when = self._timeout.when()
        return float("inf") if when is None else when

    def allow(self, seconds: float) -> None:
        """Have at least so much left from now on."""
        ends = asyncio.get_running_loop().time() + seconds
        if self.ends < ends:
            self.seconds += ends - self.ends
            self._timeout.reschedule(ends)

    def stop(self) -> None:
        """Stand still: the wait for a place is nobody's fault."""
        if self._timeout.when() is not None:
            self._left = self.ends - asyncio.get_running_loop().time()
            self._timeout.reschedule(None)

    def go_on(self) -> None:
        """Count on."""
        self._timeout.reschedule(asyncio.get_running_loop().time() + self._left)


@asynccontextmanager
async def reply_deadline(seconds: float) -> AsyncIterator[ReplyDeadline]:
    """Break off the attempts for one reply at their end; it stands still until ``go_on``.

    Raises:
        JudgeRateLimitError: the last attempt that ended was told to wait.
        JudgeTimeoutError: it was not, or there is none.
    """
    try:
        async with asyncio.timeout(None) as timeout:
            deadline = ReplyDeadline(timeout, seconds)
            yield deadline
    except TimeoutError as late:
        if deadline.refused:  # the attempt that was broken off may have had no time at all
            raise deadline.refused from late
        in_all = f"{round(deadline.seconds, 1):g} s"
        raise JudgeTimeoutError(f"no reply within {in_all}, all attempts together") from late


@asynccontextmanager
async def run_deadline(ends: float, seconds: float) -> AsyncIterator[None]:
    """Break off at the end of the run, with an error that says so.

    Args:
        ends: a time of ``time.monotonic``, which is the clock of asyncio's loops too.
        seconds: how long the run may take, for the message.
    """
    try:
        async with asyncio.timeout_at(ends):
            yield
    except TimeoutError as late:
        raise JudgeTimeoutError(
            f"the run's time is up after {seconds:g} s (llm_run_deadline)"
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
        self._deadline.refused = error if isinstance(error, JudgeRateLimitError) else None
        self._faults_left -= self._deadline.refused is None
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


class CallTime:
    """How long one call may take.

    A model on a laptop's processor may need minutes for a prompt. That a call came to nothing while
    no other was under way says so: then the next ones may take twice as long, up to a limit.
    """

    def __init__(self, seconds: float, longest: float) -> None:
        self.seconds = seconds
        self._longest = longest

    def expect(self, seconds: float) -> None:
        """Begin with what a call took in an earlier run."""
        while self.seconds <= seconds and self.lengthen(self.seconds):
            pass

    def lengthen(self, was: float) -> bool:
        """After a call that took ``was`` in vain, and alone; whether another may take longer."""
        if self.seconds <= was < self._longest:
            self.seconds = min(2 * was, self._longest)
        return self.seconds > was


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
