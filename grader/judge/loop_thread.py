"""An event loop in a thread of its own."""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from grader.errors import JudgeSetupError

T = TypeVar("T")
_CLOSED = "the judge is closed: make a new one, or ask it before it is closed"
ELSEWHERE = (
    "the judge was made in another process, and can't be taken along: make it, and the "
    "Grader that has it, in each process that grades, when its work begins (gunicorn: post_fork, "
    "Celery: worker_process_init, multiprocessing: the pool's initializer)"
)


class LoopThread:
    """Runs coroutines for callers of any kind: plain code, threads, or another event loop.

    One loop serves all calls, so that connections stay open between them.
    """

    def __init__(self) -> None:
        self._process = os.getpid()
        self._closed = False
        self._lock = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="judge", daemon=True)
        self._thread.start()

    @property
    def is_elsewhere(self) -> bool:
        """Whether this process is a fork of the one that has the thread."""
        return os.getpid() != self._process

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run to the end; Ctrl-C cancels the work.

        Raises:
            JudgeSetupError: the loop is closed, or was before the end; or this is another process.
        """
        future = self._begin(work)
        try:
            return future.result()
        except concurrent.futures.CancelledError as error:
            raise JudgeSetupError(_CLOSED) from error
        except BaseException:
            future.cancel()
            raise

    async def run_async(self, work: Coroutine[Any, Any, T]) -> T:
        """The same, awaited from another loop; cancelling one cancels the other."""
        future = self._begin(work)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError as error:
            if self._closed:
                raise JudgeSetupError(_CLOSED) from error
            raise

    def close(self, last: Coroutine[Any, Any, None]) -> None:
        """Break off what is under way, run ``last``, then stop the loop and its thread.

        In a fork of the process there is nothing to stop.
        """
        if self.is_elsewhere:
            last.close()
            return
        with self._lock:
            self._closed = True
            end = asyncio.run_coroutine_threadsafe(_after_all_others(last), self._loop)
        end.result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _begin(self, work: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        if self.is_elsewhere:  # before the lock, which somebody may have held at the fork
            work.close()
            raise JudgeSetupError(ELSEWHERE)
        with self._lock:
            if self._closed:
                work.close()
                raise JudgeSetupError(_CLOSED)
            return asyncio.run_coroutine_threadsafe(work, self._loop)


async def _after_all_others(last: Coroutine[Any, Any, None]) -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await last
