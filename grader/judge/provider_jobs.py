"""The judge's requests as a provider's batch jobs, at a lower price and within a day.

A job is a file of requests, the very ones that would be sent one by one, each under the key
of its reply in the cache. Its replies go to the cache; an ordinary run finds them there.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import openai

from grader.errors import JudgeError, JudgeServerError, JudgeSetupError
from grader.judge.budget import Budget, Usage, parse_prices
from grader.judge.client import Client
from grader.judge.faults import translate
from grader.judge.job_files import COMPLETIONS, Drafted, JobFile, JobPrices, JobRequest, Spent
from grader.judge.job_replies import (
    Collected,
    JobLine,
    JobState,
    lines_of,
    no_reply,
    reply_in,
    state_of,
)
from grader.judge.json_modes import Rung
from grader.judge.prompt import short_ids
from grader.judge.schema import parse_reply

if TYPE_CHECKING:
    from grader.judge.cache import ReplyCache
    from grader.judge.loop_thread import LoopThread
    from grader.judge.sending import Planned

_PAGE = 100
_CLOCKS_DIFFER = timedelta(days=1)
_NO_JOBS = "has no batch jobs: leave out --llm-batch"
_NO_LIST = (
    "does not list its jobs, so whether one was begun for file {} can't be told: look there, "
    "and delete the ledger to ask again"
)
_UNKNOWN = "knows nothing of job {} any more: look at the key, or delete the ledger to ask again"


@dataclass(frozen=True, slots=True)
class Job:
    """A job, or a file that was uploaded for one."""

    id: str
    """The endpoint's; the file's as long as the job is not begun."""
    endpoint: str
    model: str
    rung: Rung
    input_file: str
    submitted: str
    """When the file was uploaded, in ISO 8601."""


class Jobs:
    """The batch jobs of one endpoint. Made by ``Judge.jobs``."""

    def __init__(self, client: Client, cache: ReplyCache, loop: LoopThread) -> None:
        self._client = client
        self._cache = cache
        self._loop = loop
        self._settings = client.settings
        prices = parse_prices(client.settings.llm_prices)
        self._prices = JobPrices(prices, client.settings.llm_batch_price)

    @property
    def budget(self) -> Budget:
        """What was asked at once, at the full price."""
        return self._client.budget

    # ── submitting ──────────────────────────────────────────────────────────

    def draft(
        self, planned: Iterable[Planned], folder: Path, *, given_up: Container[str], spent: Spent
    ) -> Drafted:
        """Write the requests that the cache lacks as job files, within the run's limits.

        The first request to each model is asked at once: so it is found out what the endpoint
        takes of that model, or that it takes nothing, before a day is lost with a job.

        Args:
            planned: requests; one that comes again is written once.
            folder: where the files are written.
            given_up: keys of requests that are not to be made again.
            spent: what counts towards the limits already.

        Raises:
            JudgeSetupError: a bad key, no credit, no such model.
        """
        drafted = Drafted(folder, self._settings, self._prices)
        seen: set[str] = set()
        tried: set[str] = set()
        for call in planned:
            if call.key in seen or call.key in given_up or self._cache.get(call.key) is not None:
                continue
            seen.add(call.key)
            if drafted.left_out or not drafted.allows(call, spent, self._asked_now):
                drafted.left_out += 1
                continue
            if call.request.model not in tried:
                tried.add(call.request.model)
                if self._ask_now(call):
                    continue
            rung, body = self._client.body(call.request)
            drafted.add(call, rung, body)
            self._note(custom_id=call.key, request=body)
        return drafted

    def upload(self, file: JobFile) -> Job:
        """Upload a job file; the job is not begun.

        Raises:
            JudgeSetupError: the endpoint has no batch jobs, or refuses the key.
            JudgeError: it fails.
        """
        return self._loop.run(self._upload(file))

    def begin(self, uploaded: Job) -> Job:
        """Begin the job of an uploaded file.

        Raises:
            JudgeSetupError: the endpoint has no batch jobs, or refuses the key.
            JudgeRequestError: it refuses the job.
            JudgeError: it fails; the job may have been begun all the same.
        """
        return self._loop.run(self._begin(uploaded))

    def find(self, uploaded: Job) -> Job | None:
        """The job of an uploaded file, if it was begun and nobody could note that.

        Raises:
            JudgeSetupError: the endpoint lists no jobs, or refuses the key.
            JudgeError: it fails.
        """
        self._check_endpoint(uploaded)
        return self._loop.run(self._find(uploaded))

    @property
    def _asked_now(self) -> Spent:
        return Spent(self.budget.total.calls, self.budget.cost)

    def _ask_now(self, call: Planned) -> bool:
        """Ask one request at once; False where that failed, but others may succeed."""
        ids = short_ids(len(call.question.key_points), len(call.question.misconceptions))
        asking = self._client.ask(call.request, lambda text: parse_reply(text, *ids), Usage())
        try:
            text, _ = self._loop.run(asking)
        except JudgeError:
            return False
        self._cache.put(call.key, text)
        return True

    async def _upload(self, file: JobFile) -> Job:
        with self._naming(_NO_JOBS):
            uploaded = await self._patient.files.create(file=file.path, purpose="batch")
        id_, now = _id_of(uploaded), datetime.now(UTC).isoformat(timespec="seconds")
        return Job(id_, self._client.base_url, file.model, file.rung, id_, now)

    async def _begin(self, uploaded: Job) -> Job:
        with self._naming(_NO_JOBS):
            # Not tried again where no reply comes: it may have begun, and would be paid twice.
            batch = await self._client.sdk.batches.create(
                input_file_id=uploaded.input_file, endpoint=COMPLETIONS, completion_window="24h"
            )
        return replace(uploaded, id=_id_of(batch))

    async def _find(self, uploaded: Job) -> Job | None:
        oldest = (datetime.fromisoformat(uploaded.submitted) - _CLOCKS_DIFFER).timestamp()
        with self._naming(_NO_LIST.format(uploaded.input_file)):
            async for batch in self._patient.batches.list(limit=_PAGE):
                if batch.input_file_id == uploaded.input_file:
                    return replace(uploaded, id=_id_of(batch))
                if batch.created_at < oldest:  # the newest come first
                    break
        return None

    # ── collecting ──────────────────────────────────────────────────────────

    def state(self, job: Job) -> JobState:
        """How far a job is.

        Raises:
            JudgeSetupError: the endpoint does not know it, or refuses the key.
            JudgeError: it fails.
        """
        self._check_endpoint(job)
        return self._loop.run(self._state(job))

    def collect(self, job: Job, state: JobState, requests: Sequence[JobRequest]) -> Collected:
        """Put the good replies of a job that is over into the cache.

        Raises:
            JudgeSetupError: the endpoint does not know its files, or refuses the key.
            JudgeError: they can't be had now.
        """
        waiting = {request.key: request for request in requests}
        failures: dict[str, JudgeError] = {}
        used = Usage()
        for line in self._lines(job, state):
            request = waiting.get(line.custom_id)
            if request is None:
                continue
            try:
                text = reply_in(line, request, job.rung, used)
            except JudgeError as error:
                failures[request.key] = error
            else:
                self._cache.put(request.key, text)
                del waiting[request.key]
        failed = {key: failures.get(key) or no_reply(state) for key in waiting}
        cost = self._prices.of(job.model, used.prompt_tokens, used.completion_tokens)
        return Collected(len(requests) - len(failed), failed, cost)

    def _lines(self, job: Job, state: JobState) -> Iterator[JobLine]:
        with TemporaryDirectory() as folder:
            file = Path(folder) / "lines.jsonl"
            for name in filter(None, (state.output_file, state.error_file)):
                self._loop.run(self._download(job, name, file))
                for line in lines_of(file):
                    self._note(job=job.id, reply=line.model_dump())
                    yield line

    def _check_endpoint(self, job: Job) -> None:
        if job.endpoint != self._client.base_url:
            raise JudgeSetupError(
                f"job {job.id} was submitted to {job.endpoint}, not to {self._client.base_url}: "
                "name that with --llm-base-url"
            )

    async def _state(self, job: Job) -> JobState:
        with self._naming(_UNKNOWN.format(job.id)):
            batch = await self._patient.batches.retrieve(job.id)
        _id_of(batch)
        return state_of(batch)

    async def _download(self, job: Job, name: str, file: Path) -> None:
        with self._naming(_UNKNOWN.format(job.id)):
            content = self._patient.files.with_streaming_response.content(name)
            async with content as response:
                await response.stream_to_file(file)

    @property
    def _patient(self) -> openai.AsyncOpenAI:
        """The SDK with attempts of its own: these calls are free and may be made again."""
        return self._client.sdk.with_options(max_retries=self._settings.llm_attempts - 1)

    @contextmanager
    def _naming(self, no_such: str) -> Iterator[None]:
        """Turn the SDK's errors into ours.

        Args:
            no_such: what it means that there is no such path.
        """
        base_url = self._client.base_url
        try:
            yield
        except openai.OpenAIError as error:
            status = error.status_code if isinstance(error, openai.APIStatusError) else None
            if status in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}:
                raise JudgeSetupError(f"{base_url}: {no_such}") from error
            raise translate(error, base_url, self._client.sdk.api_key) from error

    def _note(self, **entry: Any) -> None:
        if self._client.log:
            self._client.log.write({"endpoint": self._client.base_url, "batch": True, **entry})


def _id_of(thing: Any) -> str:
    """The id of what the endpoint has made; the SDK itself checks no reply."""
    id_ = getattr(thing, "id", None)
    if not isinstance(id_, str):
        raise JudgeServerError("the endpoint's reply is neither a file nor a job")
    return id_
