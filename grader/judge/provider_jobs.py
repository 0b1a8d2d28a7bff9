"""The judge's requests as a provider's batch jobs, at a lower price and within a day.

A job is a file of requests, the very ones that would be sent one by one, each under the key
of its reply in the cache. Its replies go to the cache; an ordinary run finds them there.
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import openai
from pydantic import BaseModel, ValidationError

from grader.errors import (
    JudgeError,
    JudgeRateLimitError,
    JudgeRequestError,
    JudgeServerError,
    JudgeSetupError,
    JudgeTimeoutError,
)
from grader.judge.budget import Budget, Price, Usage, parse_prices
from grader.judge.client import Client
from grader.judge.faults import Answered, fault_of, translate
from grader.judge.json_modes import Rung
from grader.judge.prompt import short_ids
from grader.judge.reasons import reason_in
from grader.judge.replies import text_of, tokens_of
from grader.judge.schema import parse_reply

if TYPE_CHECKING:
    from openai.types import Batch

    from grader.judge.cache import ReplyCache
    from grader.judge.forecast import Planned
    from grader.judge.loop_thread import LoopThread

_PATH: Final = "/v1/chat/completions"
_MEGABYTE = 1_000_000
_PAGE = 100
_CLOCKS_DIFFER = timedelta(days=1)
_OVER = ("completed", "failed", "expired", "cancelled")
_OUT_OF_TIME = ("expired", "cancelled")
_BY_REASON = {kind.__name__: kind for kind in JudgeError.__subclasses__()}


@dataclass(frozen=True, slots=True)
class JobRequest:
    """One request of a job."""

    key: str
    """Of its reply in the cache; the request's id in the job."""
    key_points: int
    misconceptions: int
    """How many of each the reply must speak of."""


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


@dataclass(frozen=True, slots=True)
class JobState:
    """How far a job is."""

    status: str
    completed: int
    failed: int
    total: int
    output_file: str | None = None
    error_file: str | None = None
    problem: str = ""
    """Why the endpoint would not begin it."""

    @property
    def over(self) -> bool:
        """Whether nothing more will come of it."""
        return self.status in _OVER


@dataclass(frozen=True, slots=True)
class Collected:
    """What came of a job; its good replies are in the cache."""

    replies: int
    failures: Mapping[str, JudgeError]
    """By the keys of the requests."""
    cost: float | None
    """None where the model's price is not known."""


@dataclass(slots=True)
class JobFile:
    """The requests of a job that is not submitted yet."""

    path: Path
    model: str
    rung: Rung
    requests: list[JobRequest] = field(default_factory=list)
    size: int = 0


@dataclass(slots=True)
class Drafted:
    """Job files, and what was decided on the way."""

    files: list[JobFile] = field(default_factory=list)
    most_cost: float | None = 0.0
    """What the jobs cost if every reply is as long as it may be; None without a price."""
    left_out: int = 0
    """Requests beyond the limits of calls or cost."""

    @property
    def requests(self) -> int:
        """Those of all files."""
        return sum(len(file.requests) for file in self.files)


@dataclass(frozen=True, slots=True)
class Spent:
    """What earlier jobs of a run took of its limits."""

    calls: int = 0
    cost: float | None = 0.0


class _Response(BaseModel):
    status_code: int
    body: Any = None


class _Problem(BaseModel):
    code: str | None = None
    message: str | None = None


class _Line(BaseModel):
    """A line of a job's output or error file, as far as it is needed."""

    custom_id: str
    response: _Response | None = None
    error: _Problem | None = None


class Jobs:
    """The batch jobs of one endpoint. Made by ``Judge.jobs``."""

    def __init__(self, client: Client, cache: ReplyCache, loop: LoopThread) -> None:
        self._client = client
        self._cache = cache
        self._loop = loop
        self._settings = client.settings
        self._prices = parse_prices(client.settings.llm_prices)

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
        drafted = Drafted()
        seen: set[str] = set()
        tried: set[str] = set()
        growing: dict[str, JobFile] = {}
        for call in planned:
            if call.key in seen or call.key in given_up or self._cache.get(call.key) is not None:
                continue
            seen.add(call.key)
            if drafted.left_out or not self._allows(call, drafted, spent):
                drafted.left_out += 1
                continue
            if call.request.model not in tried:
                tried.add(call.request.model)
                if self._ask_now(call):
                    continue
            self._write(call, folder, growing, drafted)
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

    def _allows(self, call: Planned, drafted: Drafted, spent: Spent) -> bool:
        """Whether a request is within the limits; its cost is added if it is."""
        settings, total = self._settings, self.budget
        calls = spent.calls + total.total.calls + drafted.requests
        if settings.llm_max_calls is not None and calls >= settings.llm_max_calls:
            return False
        most = self._most(call)
        if settings.llm_max_cost is not None:
            sums = (spent.cost, total.cost, drafted.most_cost, most)
            if sum(cost or 0 for cost in sums) > settings.llm_max_cost:
                return False
        return True

    def _most(self, call: Planned) -> float | None:
        """What a request costs if the reply is as long as it may be."""
        price = self._prices.get(call.request.model)
        if price is None:
            return None
        tokens = call.prompt_tokens, call.request.max_output_tokens
        return price.of(*tokens) * self._settings.llm_batch_price

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

    def _write(
        self, call: Planned, folder: Path, growing: dict[str, JobFile], drafted: Drafted
    ) -> None:
        """Add a request to its model's file, or to a new one where that is full."""
        rung, body = self._client.body(call.request)
        line = {"custom_id": call.key, "method": "POST", "url": _PATH, "body": body}
        data = json.dumps(line, ensure_ascii=False).encode() + b"\n"
        file = growing.get(call.request.model)
        if file is None or self._is_full(file, len(data)):
            name = folder / f"requests-{len(drafted.files) + 1}.jsonl"
            file = growing[call.request.model] = JobFile(name, call.request.model, rung)
            drafted.files.append(file)
        with file.path.open("ab") as stream:
            stream.write(data)
        file.size += len(data)
        points = len(call.question.key_points), len(call.question.misconceptions)
        file.requests.append(JobRequest(call.key, *points))
        most = self._most(call)
        unknown = most is None or drafted.most_cost is None
        drafted.most_cost = None if unknown else (drafted.most_cost or 0) + (most or 0)
        self._note(custom_id=call.key, request=body)

    def _is_full(self, file: JobFile, more: int) -> bool:
        size = self._settings.llm_batch_megabytes * _MEGABYTE
        return len(file.requests) >= self._settings.llm_batch_requests or file.size + more > size

    async def _upload(self, file: JobFile) -> Job:
        with self._naming(_NO_JOBS):
            uploaded = await self._patient.files.create(file=file.path, purpose="batch")
        id_, now = _id_of(uploaded), datetime.now(UTC).isoformat(timespec="seconds")
        return Job(id_, self._client.base_url, file.model, file.rung, id_, now)

    async def _begin(self, uploaded: Job) -> Job:
        with self._naming(_NO_JOBS):
            # Not tried again where no reply comes: it may have begun, and would be paid twice.
            batch = await self._client.sdk.batches.create(
                input_file_id=uploaded.input_file, endpoint=_PATH, completion_window="24h"
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
        with TemporaryDirectory() as folder:
            for name in filter(None, (state.output_file, state.error_file)):
                file = Path(folder) / "lines.jsonl"
                self._loop.run(self._download(job, name, file))
                for line in _lines(file):
                    self._note(job=job.id, reply=line.model_dump())
                    request = waiting.get(line.custom_id)
                    if request is None:
                        continue
                    try:
                        text = _reply(line, request, job.rung, used)
                    except JudgeError as error:
                        failures[request.key] = error
                    else:
                        self._cache.put(request.key, text)
                        del waiting[request.key]
        failed = {key: failures.get(key) or _missing(state) for key in waiting}
        price = self._prices.get(job.model)
        return Collected(len(requests) - len(failed), failed, self._cost(price, used))

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
        return _state_of(batch)

    async def _download(self, job: Job, name: str, file: Path) -> None:
        with self._naming(_UNKNOWN.format(job.id)):
            content = self._patient.files.with_streaming_response.content(name)
            async with content as response:
                await response.stream_to_file(file)

    def _cost(self, price: Price | None, used: Usage) -> float | None:
        if price is None:
            return None
        share = self._settings.llm_batch_price
        return price.of(used.prompt_tokens, used.completion_tokens) * share

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


_NO_JOBS = "has no batch jobs: leave out --llm-batch"
_NO_LIST = (
    "does not list its jobs, so whether one was begun for file {} can't be told: look there, "
    "and delete the ledger to ask again"
)
_UNKNOWN = "knows nothing of job {} any more: look at the key, or delete the ledger to ask again"


def error_of(reason: str, message: str) -> JudgeError:
    """The error of a name, as it was recorded."""
    return _BY_REASON[reason](message)


def _id_of(thing: Any) -> str:
    """The id of what the endpoint has made; the SDK itself checks no reply."""
    id_ = getattr(thing, "id", None)
    if not isinstance(id_, str):
        raise JudgeServerError("the endpoint's reply is neither a file nor a job")
    return id_


def _state_of(batch: Batch) -> JobState:
    counts = batch.request_counts
    problems = (batch.errors.data if batch.errors else None) or ()
    return JobState(
        status=batch.status,
        completed=counts.completed if counts else 0,
        failed=counts.failed if counts else 0,
        total=counts.total if counts else 0,
        output_file=batch.output_file_id,
        error_file=batch.error_file_id,
        problem="; ".join(dict.fromkeys(p.message for p in problems if p.message)),
    )


def _lines(file: Path) -> Iterator[_Line]:
    """The lines that can be read; a request whose line can't is one without a reply."""
    with file.open("rb") as stream:
        for data in stream:
            try:
                yield _Line.model_validate_json(data)
            except ValidationError:
                continue


def _reply(line: _Line, request: JobRequest, rung: Rung, used: Usage) -> str:
    """The text of a reply that follows the schema; its tokens are counted in any case."""
    response = line.response
    if response is None or response.status_code != HTTPStatus.OK:
        raise _failure(line)
    body = json.dumps(response.body)
    tokens = tokens_of(body, "")
    used.prompt_tokens += tokens.prompt
    used.completion_tokens += tokens.completion
    fault = fault_of(Answered(HTTPStatus.OK, body), base_url="", key="", proven=True)
    if fault is not None:
        raise fault if isinstance(fault, JudgeError) else JudgeRequestError(reason_in(body))
    text = text_of(body, rung)
    parse_reply(text, *short_ids(request.key_points, request.misconceptions))
    return text


def _failure(line: _Line) -> JudgeError:
    """What the job says of a request that failed."""
    if line.response is None:
        error = line.error or _Problem()
        message = error.message or error.code or "no reply"
        late = error.code in {"batch_expired", "batch_cancelled"}
        return JudgeTimeoutError(message) if late else JudgeServerError(message)
    message, status = reason_in(json.dumps(line.response.body or "")), line.response.status_code
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return JudgeRateLimitError(message)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return JudgeServerError(message)
    return JudgeRequestError(message)


def _missing(state: JobState) -> JudgeError:
    """What it means that a job that is over says nothing of a request."""
    if state.status in _OUT_OF_TIME:
        return JudgeTimeoutError(f"the batch job {state.status} before its turn came")
    if state.problem:
        return JudgeServerError(f"the batch job failed: {state.problem}")
    return JudgeServerError("the batch job is over and holds no reply")
