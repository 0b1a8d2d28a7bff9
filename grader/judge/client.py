"""Asking an OpenAI-compatible endpoint until there is a reply that follows the schema."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, TypeVar
from urllib.parse import urlsplit

import openai
from pydantic import BaseModel, Field, ValidationError
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    wait_random_exponential,
)

from grader.errors import (
    JudgeConnectionError,
    JudgeError,
    JudgeRateLimitError,
    JudgeRefusalError,
    JudgeReplyError,
    JudgeRequestError,
    JudgeServerError,
    JudgeSetupError,
    JudgeTimeoutError,
    JudgeTruncatedError,
)
from grader.judge.audit import AuditLog
from grader.judge.budget import Budget, Usage, estimate_tokens
from grader.judge.cache import ReplyCache
from grader.judge.rungs import Descent, Ladder, Rung, request_part
from grader.judge.throttle import Throttle
from grader.settings import Settings

T = TypeVar("T")
Message = Mapping[str, str]

RETRIED = (
    JudgeConnectionError,
    JudgeRateLimitError,
    JudgeReplyError,
    JudgeServerError,
    JudgeTimeoutError,
)
"""Failures that another attempt may mend."""
_LONGEST_BACKOFF = 30.0
_NO_KEY = "no-key-needed"
_NOT_SUPPORTED = {
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.NOT_IMPLEMENTED,
}
_TRY_AGAIN = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.TOO_EARLY}
_LASTING: Mapping[int, str] = MappingProxyType(
    {
        HTTPStatus.UNAUTHORIZED: "refuses the key in OPENAI_API_KEY",
        HTTPStatus.PAYMENT_REQUIRED: "no credit",
        HTTPStatus.FORBIDDEN: "refuses the key in OPENAI_API_KEY",
        HTTPStatus.NOT_FOUND: "no such model or path",
    }
)
"""What no other attempt and no other answer will change."""
_OLD_NAMES = {"max_completion_tokens": "max_tokens"}
_OPTIONAL = ("temperature",)


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a model."""

    model: str
    messages: tuple[Message, ...]
    temperature: float
    max_output_tokens: int


class _Function(BaseModel):
    arguments: str


class _ToolCall(BaseModel):
    function: _Function


class _Said(BaseModel):
    content: str | None = None
    refusal: str | None = None
    tool_calls: list[_ToolCall] | None = None


class _Choice(BaseModel):
    message: _Said
    finish_reason: str | None = None


class _Tokens(BaseModel):
    prompt_tokens: int = Field(default=0, ge=0)
    completion_tokens: int = Field(default=0, ge=0)


class Completion(BaseModel):
    """A reply's body, as far as it is needed; the SDK itself would not check it."""

    choices: list[_Choice] = Field(min_length=1)
    usage: _Tokens | None = None


@dataclass(slots=True)
class Client:
    """One endpoint. Used from one event loop; ``aclose`` it."""

    settings: Settings
    api_key: str | None = field(default=None, repr=False)
    """Without it ``OPENAI_API_KEY``."""
    budget: Budget = field(default_factory=lambda: Budget({}))
    """Counts and limits the calls."""
    cache: ReplyCache | None = None
    """Remembers from run to run what the endpoint takes."""
    log: AuditLog | None = None
    """Is told of every call."""
    _sdk: openai.AsyncOpenAI = field(init=False, repr=False)
    _throttle: Throttle = field(init=False)
    _ladders: dict[str, Ladder] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Make the SDK's client; nothing is sent yet.

        Raises:
            JudgeSetupError: there is no key for OpenAI's own endpoint, or what can be no key, or no
                address of an endpoint.
        """
        base_url = self.settings.llm_base_url or os.environ.get("OPENAI_BASE_URL") or None
        key = (self.api_key or os.environ.get("OPENAI_API_KEY", "")).strip()
        if not key and base_url is None:
            raise JudgeSetupError("the judge needs a key: set OPENAI_API_KEY in the environment")
        if not (key.isascii() and key.isprintable()):
            raise JudgeSetupError(
                "OPENAI_API_KEY contains characters that no key has: copy it again"
            )
        if base_url and not urlsplit(base_url).netloc:
            raise JudgeSetupError(
                f"{base_url}: is not the address of an endpoint: it must begin with http:// or https://"
            )
        self._sdk = openai.AsyncOpenAI(
            api_key=key or _NO_KEY,
            base_url=base_url,
            timeout=self.settings.llm_timeout,
            max_retries=0,  # each call must be seen, counted and limited here
        )
        self._throttle = Throttle(self.settings.llm_concurrency)

    @property
    def base_url(self) -> str:
        """Whom we ask."""
        return str(self._sdk.base_url)

    @property
    def sdk(self) -> openai.AsyncOpenAI:
        """For the endpoint's other services."""
        return self._sdk

    def body(self, request: Request) -> tuple[Rung, dict[str, Any]]:
        """What would be sent now, by what has been learnt of the model, and at which rung."""
        ladder = self.ladder(request.model)
        return ladder.rung, _body(request, ladder.rung, ladder.refused)

    def ladder(self, model: str) -> Ladder:
        """What has been learnt of a model."""
        if model not in self._ladders:
            learnt = self.cache.learnt(self._place(model)) if self.cache else None
            self._ladders[model] = Ladder(Rung(learnt[0]), learnt[1]) if learnt else Ladder()
        return self._ladders[model]

    async def aclose(self) -> None:
        """Close the connections."""
        await self._sdk.close()

    async def ask(self, request: Request, read: Callable[[str], T], usage: Usage) -> tuple[str, T]:
        """The text of a reply that ``read`` accepts, and what it made of it.

        Args:
            request: what to ask.
            read: raises ``JudgeReplyError`` where the text won't do.
            usage: grows with every call, failed ones included.

        Raises:
            JudgeError: there is none, whatever was tried; its class says why.
            JudgeSetupError: nobody will get one.
        """
        ladder = self.ladder(request.model)
        async with ladder.turn():
            clock = asyncio.timeout(None)
            try:
                async with clock:
                    return await self._attempts(request, read, usage, ladder, clock)
            except TimeoutError as error:
                raise JudgeTimeoutError(
                    f"no reply within {self.settings.llm_deadline:g} s, all attempts together"
                ) from error

    async def _attempts(
        self,
        request: Request,
        read: Callable[[str], T],
        usage: Usage,
        ladder: Ladder,
        clock: asyncio.Timeout,
    ) -> tuple[str, T]:
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(RETRIED),
            stop=_Patience(self.settings.llm_attempts, clock),
            wait=_Wait(self.settings.llm_backoff),
            reraise=True,
        )
        way = Descent(ladder)
        return await retrying(self._down_the_ladder, request, read, usage, ladder, way, clock)

    async def _down_the_ladder(
        self,
        request: Request,
        read: Callable[[str], T],
        usage: Usage,
        ladder: Ladder,
        way: Descent,
        clock: asyncio.Timeout,
    ) -> tuple[str, T]:
        """One attempt: at the rung that works or, while none is known, at each lower one."""
        while True:
            try:
                text = await self._call(request, way.rung, ladder, usage, clock)
                found = read(text)
            except (JudgeRequestError, JudgeReplyError):
                if not way.step():
                    raise
                continue
            if ladder.prove(way.rung) and self.cache:
                self.cache.keep_learnt(self._place(request.model), ladder.rung, ladder.refused)
            return text, found

    def _place(self, model: str) -> str:
        return f"{self.base_url} {model}"

    async def _call(
        self,
        request: Request,
        rung: Rung,
        ladder: Ladder,
        usage: Usage,
        clock: asyncio.Timeout,
    ) -> str:
        async with self._throttle.place():
            if clock.when() is None:  # the wait for the first place is nobody's fault
                clock.reschedule(asyncio.get_running_loop().time() + self.settings.llm_deadline)
            self.budget.claim()
            usage.calls += 1
            sent = _body(request, rung, ladder.refused)
            try:
                body = await self._send(sent)
            except openai.OpenAIError as error:
                ours = self._ours(error, ladder)
                self._note(sent, error=f"{type(ours).__name__}: {ours}")
                refused = _refused_parameter(error, sent)
                if not refused:
                    raise ours from error
            except JudgeTimeoutError as error:
                self._note(sent, error=f"{type(error).__name__}: {error}")
                raise
            else:
                self._note(sent, reply=body)
                self._throttle.widen()
                return self._text(body, request, rung, usage)
        ladder.refused.add(refused)
        return await self._call(request, rung, ladder, usage, clock)

    def _note(self, sent: Mapping[str, Any], **came_back: str) -> None:
        if self.log:
            self.log.write({"endpoint": self.base_url, "request": sent, **came_back})

    async def _send(self, body: dict[str, Any]) -> str:
        try:
            async with asyncio.timeout(self.settings.llm_timeout):
                # Not chat.completions.create, which walks through messages and schema with all
                # their types: that takes longer than everything else in a call.
                return await self._sdk.post("/chat/completions", cast_to=str, body=body)
        except TimeoutError as error:
            raise JudgeTimeoutError(f"no reply within {self.settings.llm_timeout:g} s") from error

    def _text(self, body: str, request: Request, rung: Rung, usage: Usage) -> str:
        """The text of a reply's body, its tokens counted."""
        completion = parse_completion(body)
        tokens = completion.usage or _Tokens(
            prompt_tokens=estimate_tokens("".join(m["content"] for m in request.messages)),
            completion_tokens=estimate_tokens(body),
        )
        usage.prompt_tokens += tokens.prompt_tokens
        usage.completion_tokens += tokens.completion_tokens
        self.budget.spend(request.model, tokens.prompt_tokens, tokens.completion_tokens)
        return said(completion.choices[0], rung)

    def _ours(self, error: openai.OpenAIError, ladder: Ladder) -> JudgeError | JudgeSetupError:
        """The error of ours that stands for one of the SDK's."""
        if isinstance(error, openai.PermissionDeniedError) and ladder.proven:
            # The key is good: it is this answer that a filter on the way dislikes.
            return JudgeRequestError(_without_key(error, self._sdk.api_key))
        if isinstance(error, openai.RateLimitError) and error.code != "insufficient_quota":
            self._throttle.narrow()
        return translate(error, self.base_url, self._sdk.api_key)


class _Patience:
    """Ends after so many faults, or before a wait that the deadline would cut short.

    To be told to wait (429) is no fault.
    """

    def __init__(self, faults: int, clock: asyncio.Timeout) -> None:
        self._faults_left = faults
        self._clock = clock

    def __call__(self, state: RetryCallState) -> bool:
        error = state.outcome.exception() if state.outcome else None
        self._faults_left -= not isinstance(error, JudgeRateLimitError)
        ends = self._clock.when() or float("inf")
        late = asyncio.get_running_loop().time() + state.upcoming_sleep >= ends
        return late or self._faults_left <= 0


class _Wait:
    """As long as the endpoint asked for, and a bit; else exponential, with full jitter."""

    def __init__(self, first: float) -> None:
        self._first = first
        self._backoff = wait_random_exponential(multiplier=first, max=_LONGEST_BACKOFF)

    def __call__(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, JudgeError) else None
        if asked is None:
            return self._backoff(state)
        return asked + random.uniform(0, self._first)  # noqa: S311  jitter is no secret


def translate(error: openai.OpenAIError, base_url: str, key: str) -> JudgeError | JudgeSetupError:
    """The error of ours that stands for one of the SDK's; the key is in no message."""
    message = _without_key(error, key)
    cause = _without_key(error.__cause__ or "", key)
    if isinstance(error, openai.APITimeoutError):
        return JudgeTimeoutError(f"{base_url}: no reply in time")
    if isinstance(error, openai.APIConnectionError):
        return JudgeConnectionError(f"{base_url}: {cause or message}")
    if not isinstance(error, openai.APIStatusError):
        return JudgeReplyError(f"{base_url}: {message}")
    return _by_status(error, message, base_url)


def _without_key(error: object, key: str) -> str:
    """What an error says, on one line."""
    return " ".join(str(error).split()).replace(key, "***")


def _by_status(
    error: openai.APIStatusError, message: str, base_url: str
) -> JudgeError | JudgeSetupError:
    status = error.status_code
    lasting = "no credit" if error.code == "insufficient_quota" else _LASTING.get(status)
    if lasting:
        return JudgeSetupError(f"{base_url}: {lasting}: {message}")
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return JudgeRateLimitError(message, retry_after=_retry_after(error))
    if status in _NOT_SUPPORTED or not _passes(status):
        return JudgeRequestError(message)
    return JudgeServerError(message, retry_after=_retry_after(error))


def _passes(status: int) -> bool:
    return status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _TRY_AGAIN


def _retry_after(error: openai.APIStatusError) -> float | None:
    """Seconds that the endpoint asks us to wait."""
    headers = error.response.headers
    for name, unit in (("retry-after-ms", 1000), ("retry-after", 1)):
        try:
            seconds = float(headers.get(name, "")) / unit
        except ValueError:
            continue
        if 0 <= seconds < float("inf"):
            return seconds
    return None


def _refused_parameter(error: openai.OpenAIError, sent: Mapping[str, Any]) -> str:
    """The name of an optional parameter that the endpoint does not take, if it is that."""
    if not isinstance(error, openai.APIStatusError) or error.status_code not in _NOT_SUPPORTED:
        return ""
    named = f"{error.param} {error.message}"
    candidates = (*_OPTIONAL, *_OLD_NAMES)
    return next((n for n in candidates if n in sent and n in named), "")


def _body(request: Request, rung: Rung, refused: set[str]) -> dict[str, Any]:
    wanted: dict[str, Any] = {
        "temperature": request.temperature,
        "max_completion_tokens": request.max_output_tokens,
    }
    taken = {_OLD_NAMES.get(n, n) if n in refused else n: v for n, v in wanted.items()}
    for name in _OPTIONAL:
        if name in refused:
            del taken[name]
    messages: Sequence[Message] = request.messages
    return {"model": request.model, "messages": messages, **taken, **request_part(rung)}


def parse_completion(body: str) -> Completion:
    """The body of a reply.

    Raises:
        JudgeServerError: it is none.
    """
    try:
        return Completion.model_validate_json(body)
    except ValidationError as error:
        raise JudgeServerError("the endpoint's reply is not a chat completion") from error


def said(choice: _Choice, rung: Rung) -> str:
    """The text of a reply that was asked for at a rung.

    Raises:
        JudgeRefusalError, JudgeTruncatedError: there is none, or not all of it.
    """
    if choice.message.refusal or choice.finish_reason == "content_filter":
        raise JudgeRefusalError(f"the model declines: {choice.message.refusal or 'filtered'}")
    if choice.finish_reason == "length":
        raise JudgeTruncatedError("the reply was cut off: raise llm_max_output_tokens")
    if rung is Rung.TOOL_CALL:
        calls = choice.message.tool_calls
        return calls[0].function.arguments if calls else ""
    return _unfenced(choice.message.content or "")


def _unfenced(text: str) -> str:
    """The text without a Markdown fence that encloses all of it."""
    text = text.strip()
    if not (text.startswith("```") and text.endswith("```")):
        return text
    return text.removesuffix("```").partition("\n")[2]
