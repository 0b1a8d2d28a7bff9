"""What came of a job: the replies in its files, and the errors in place of others."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from grader.errors import (
    JudgeError,
    JudgeRateLimitError,
    JudgeRequestError,
    JudgeServerError,
    JudgeTimeoutError,
)
from grader.judge.budget import Usage
from grader.judge.faults import Answered, fault_of
from grader.judge.job_files import JobRequest
from grader.judge.json_modes import Rung
from grader.judge.prompt import short_ids
from grader.judge.reasons import reason_in
from grader.judge.replies import text_of, tokens_of
from grader.judge.schema import parse_reply

if TYPE_CHECKING:
    from openai.types import Batch

_OVER = ("completed", "failed", "expired", "cancelled")
_OUT_OF_TIME = ("expired", "cancelled")
_BY_REASON = {kind.__name__: kind for kind in JudgeError.__subclasses__()}


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


class _Response(BaseModel):
    status_code: int
    body: Any = None


class _Problem(BaseModel):
    code: str | None = None
    message: str | None = None


class JobLine(BaseModel):
    """A line of a job's output or error file, as far as it is needed."""

    custom_id: str
    response: _Response | None = None
    error: _Problem | None = None


def error_of(reason: str, message: str) -> JudgeError:
    """The error of a name, as it was recorded."""
    return _BY_REASON[reason](message)


def state_of(batch: Batch) -> JobState:
    """How far a job is, as the endpoint says."""
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


def lines_of(file: Path) -> Iterator[JobLine]:
    """The lines that can be read; a request whose line can't is one without a reply."""
    with file.open("rb") as stream:
        for data in stream:
            try:
                yield JobLine.model_validate_json(data)
            except ValidationError:
                continue


def reply_in(line: JobLine, request: JobRequest, rung: Rung, used: Usage) -> str:
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


def _failure(line: JobLine) -> JudgeError:
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


def no_reply(state: JobState) -> JudgeError:
    """What it means that a job that is over says nothing of a request."""
    if state.status in _OUT_OF_TIME:
        return JudgeTimeoutError(f"the batch job {state.status} before its turn came")
    if state.problem:
        return JudgeServerError(f"the batch job failed: {state.problem}")
    return JudgeServerError("the batch job is over and holds no reply")
