"""Asking an OpenAI-compatible endpoint until there is a reply that follows the schema."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, TypeVar

import openai
from tenacity import AsyncRetrying, retry_if_exception

from grader import endpoints
from grader.errors import (
    JudgeConnectionError,
    JudgeError,
    JudgeRateLimitError,
    JudgeReplyError,
    JudgeRequestError,
    JudgeServerError,
    JudgeSetupError,
    JudgeTimeoutError,
    SettingsError,
)
from grader.judge.budget import Budget, Usage, estimate_tokens
from grader.judge.cache import ReplyCache
from grader.judge.call_log import CallLog
from grader.judge.faults import (
    BUSY,
    LARGER,
    LATE,
    Answered,
    answered,
    fault_of,
    lacks_model,
    translate,
)
from grader.judge.json_modes import Descent, Ladder, Rung
from grader.judge.parameters import Elimination, request_body
from grader.judge.patience import Attempts, CallTime, Refusals, ReplyDeadline, Wait, reply_deadline
from grader.judge.prompt import Request, asked_anew
from grader.judge.replies import Tokens, models_in, text_of, tokens_of
from grader.judge.throttle import Throttle
from grader.settings import Settings

T = TypeVar("T")

RETRIED = (
    JudgeConnectionError,
    JudgeRateLimitError,
    JudgeReplyError,
    JudgeServerError,
    JudgeTimeoutError,
)
"""Failures that another attempt may mend."""
_SPARE = 5.0  # seconds between a call that came to nothing and the next
_LOGGED = 10_000  # characters of what came instead of a reply


def may_mend(error: BaseException) -> bool:
    """Whether another attempt may do what this one failed at."""
    return isinstance(error, RETRIED) and not error.lasting


@dataclass(slots=True)
class _Asking:
    """One request under way."""

    first: Request
    """As it was asked for."""
    ladder: Ladder
    usage: Usage
    deadline: ReplyDeadline
    request: Request = field(init=False)
    """As it is sent now: after a reply that won't do with that and why not."""

    def __post_init__(self) -> None:
        self.request = self.first

    def take_in(self, error: JudgeRequestError | JudgeReplyError, text: str) -> None:
        """Tell the model next time what was wrong with its reply, where there is one."""
        if isinstance(error, JudgeReplyError) and error.fault and text:
            self.request = asked_anew(self.first, text, error.fault)

    def take_back(self, error: JudgeRequestError | JudgeReplyError) -> bool:
        """Whether what is refused may be what was added, which is left out then."""
        added = self.request is not self.first
        if not added or isinstance(error, JudgeReplyError):
            return False
        self.request = self.first
        return True


def _speaks_of_form(error: JudgeRequestError | JudgeReplyError) -> bool:
    """Whether another way to ask for JSON may mend it: not what a good form says, nor a length."""
    return not (error.well_formed if isinstance(error, JudgeReplyError) else error.lasting)


def _require_whole(came: Answered, asking: _Asking) -> None:
    """Refuse a reply to a prompt that was cut off without a word: it is no verdict on the answer.

    Raises:
        JudgeRequestError: it is one.
    """
    text = asking.request.text
    read = tokens_of(came.body, text).prompt
    if not asking.ladder.reads_whole(read, len(text)):
        raise JudgeRequestError(
            f"the server has read {read:,} tokens of a longer prompt and cut off the rest: serve "
            f"the model with a larger context ({LARGER})",
            lasting=True,
        )


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
    log: CallLog | None = None
    """Is told of every call."""
    _sdk: openai.AsyncOpenAI = field(init=False, repr=False)
    _throttle: Throttle = field(init=False)
    _time: CallTime = field(init=False)
    _refusals: Refusals = field(init=False)
    _ladders: dict[str, Ladder] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Make the SDK's client; nothing is sent yet.

        Raises:
            JudgeSetupError: there is no key for OpenAI's own endpoint, or what can be no key, or no
                address of an endpoint, or the environment's proxies or certificates are broken.
        """
        try:
            address = endpoints.base_url(self.settings.llm_base_url)
            key = endpoints.api_key(self.api_key, address)
            self._sdk = endpoints.reach(address, lambda: self._make_sdk(address, key))
        except (SettingsError, openai.OpenAIError) as error:
            raise JudgeSetupError(str(error)) from error
        self._throttle = Throttle(self.settings.llm_concurrency)
        self._time = CallTime(self.settings.call_time, self.settings.longest_call_time)
        self._refusals = Refusals(self.settings.llm_patience, self.settings.reply_deadline)

    def _make_sdk(self, address: str, key: str) -> openai.AsyncOpenAI:
        return openai.AsyncOpenAI(
            api_key=key,
            base_url=address,
            timeout=self.settings.call_time,
            max_retries=0,  # each call must be seen, counted and limited here
        )

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
        return ladder.rung, request_body(request, ladder.rung, ladder.refused)

    def ladder(self, model: str) -> Ladder:
        """What has been learnt of a model."""
        if model not in self._ladders:
            self._ladders[model] = self._known(self.cache, model) if self.cache else Ladder()
        return self._ladders[model]

    def _known(self, cache: ReplyCache, model: str) -> Ladder:
        """What earlier runs have learnt of a model, how many calls to begin with included."""
        place = self._place(model)
        learnt = cache.learnt(place)
        if learnt is None:
            return Ladder()
        pace = cache.pace(place)
        self._time.expect(pace)
        self._throttle.expect(pace, self._time.seconds)
        return Ladder(Rung(learnt[0]), learnt[1])

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
        async with ladder.turn(), reply_deadline(self.settings.reply_deadline) as deadline:
            retrying = AsyncRetrying(
                retry=retry_if_exception(may_mend),
                stop=Attempts(self.settings.llm_attempts, deadline),
                wait=Wait(self.settings.llm_backoff),
                reraise=True,
            )
            asking = _Asking(request, ladder, usage, deadline)
            return await retrying(self._down_the_ladder, asking, read, Descent(ladder))

    async def _down_the_ladder(
        self, asking: _Asking, read: Callable[[str], T], way: Descent
    ) -> tuple[str, T]:
        """One attempt: at the rung that works or, while none is known, at each lower one."""
        model, ladder = asking.first.model, asking.ladder
        while True:
            text = ""
            try:
                text = await self._call(asking, way.rung)
                found = read(text)
            except (JudgeRequestError, JudgeReplyError) as error:
                if asking.take_back(error) or (_speaks_of_form(error) and way.step()):
                    continue
                asking.take_in(error, text)
                raise
            if ladder.prove(way.rung) and self.cache:
                place = self._place(model)
                self.cache.keep_learnt(place, ladder.rung, ladder.refused)
                self.cache.keep_pace(place, self._throttle.fastest)
            return text, found

    def _place(self, model: str) -> str:
        return f"{self.base_url} {model}"

    async def _call(self, asking: _Asking, rung: Rung) -> str:
        """The text of a reply at a rung, without the parameters that are refused on the way."""
        elimination = Elimination(asking.ladder)
        while True:
            sent = request_body(asking.request, rung, elimination.refused)
            asking.deadline.stop()
            async with self._throttle.place():
                asking.deadline.go_on()
                began, may = time.monotonic(), self._time.seconds
                came = await self._exchange(asking, sent)
                fault = fault_of(
                    came,
                    base_url=self.base_url,
                    key=self._sdk.api_key,
                    proven=asking.ladder.proven,
                )
                if fault is not None:
                    fault = await self._with_models(self._taken_in(fault, came))
                self._note(sent, came, fault)
                if fault is None:
                    elimination.learn("")
                    self._throttle.widen(time.monotonic() - began, may)
                    self._refusals.end()
                    _require_whole(came, asking)
                    return text_of(came.body, rung, most=asking.request.max_output_tokens)
            elimination.learn(str(fault))
            if not elimination.step(came, sent, str(fault)):
                raise fault

    async def _exchange(self, asking: _Asking, sent: dict[str, Any]) -> Answered:
        """What comes back for a request; what it takes is counted, whatever it is.

        Raises:
            JudgeBudgetError: the run's limit is reached.
            JudgeConnectionError, JudgeTimeoutError: nothing has come.
        """
        self.budget.claim()
        asking.usage.calls += 1
        seconds = self._time.seconds
        try:
            came = await self._send(sent, seconds)
        except (asyncio.CancelledError, JudgeTimeoutError) as error:
            # Whoever is asked goes on writing, and has it paid for.
            self._spend(asking, Tokens(prompt=estimate_tokens(asking.request.text)))
            self._note(sent, None, error)
            if isinstance(error, JudgeTimeoutError):
                self._take_in_time_out(asking, seconds)
            raise
        except (JudgeError, JudgeSetupError) as error:
            self._note(sent, None, error)
            self._throttle.narrow()  # a server that is asked too much may hang up as well
            raise
        reply = came.status < HTTPStatus.BAD_REQUEST
        self._spend(asking, tokens_of(came.body, asking.request.text if reply else None))
        return came

    def _take_in_time_out(self, asking: _Asking, seconds: float) -> None:
        """After a call that took so long in vain: fewer of them or, if it was alone, more time."""
        if self._throttle.alone and self._time.lengthen(seconds):
            self._throttle.narrow_to_one()
            if self.settings.llm_deadline is None:
                asking.deadline.allow(self._time.seconds + _SPARE)
        else:
            self._throttle.narrow_for_long()

    def _spend(self, asking: _Asking, tokens: Tokens) -> None:
        asking.usage.prompt_tokens += tokens.prompt
        asking.usage.completion_tokens += tokens.completion
        asking.usage.cached_tokens += tokens.cached
        model = asking.request.model
        self.budget.spend(model, tokens.prompt, tokens.completion, tokens.cached)

    async def _send(self, body: dict[str, Any], seconds: float) -> Answered:
        try:
            async with asyncio.timeout(seconds):
                # Not chat.completions.create, which walks through messages and schema with all
                # their types: that takes longer than everything else in a call.
                text = await self._sdk.post(
                    "/chat/completions", cast_to=str, body=body, options={"timeout": seconds}
                )
        except openai.APIStatusError as error:
            return answered(error)
        except (TimeoutError, openai.APITimeoutError) as error:
            raise JudgeTimeoutError(
                f"no reply within {seconds:g} s: a slow server needs a longer --llm-timeout or "
                "fewer calls side by side: --llm-concurrency"
            ) from error
        except openai.OpenAIError as error:
            raise translate(error, self.base_url, self._sdk.api_key) from error
        return Answered(HTTPStatus.OK, text)

    def _taken_in(
        self, fault: JudgeError | JudgeSetupError, came: Answered
    ) -> JudgeError | JudgeSetupError:
        """A fault, after what it means for the calls to come; another one to give up the run."""
        if came.status in LATE:
            self._throttle.narrow_for_long()
        elif came.status in BUSY or isinstance(fault, JudgeRateLimitError):
            self._throttle.narrow()
        if not isinstance(fault, JudgeRateLimitError):
            self._refusals.end()
        elif self._refusals.add(fault.retry_after):
            return JudgeSetupError(
                f"{self.base_url}: given up after {self._refusals.seconds:.0f} s in which it only "
                f"told us to wait: {fault}: look at your quota, or run the same command again later"
            )
        return fault

    async def _with_models(
        self, fault: JudgeError | JudgeSetupError
    ) -> JudgeError | JudgeSetupError:
        """The same; where the model is not there, with those that are."""
        if not lacks_model(fault):
            return fault
        try:
            body = await self._sdk.get("/models", cast_to=str, options={"timeout": _SPARE})
        except openai.OpenAIError:
            return fault
        names = models_in(body)
        return JudgeSetupError(f"{fault}: it has: {names}") if names else fault

    def _note(
        self, sent: dict[str, Any], came: Answered | None, fault: BaseException | None
    ) -> None:
        if self.log is None:
            return
        entry: dict[str, Any] = {"endpoint": self.base_url, "request": sent}
        if came is not None:
            body = came.body if fault is None else came.body[:_LOGGED]
            entry |= {"status": int(came.status), "reply": body.replace(self._sdk.api_key, "***")}
        if fault is not None:
            entry["error"] = f"{type(fault).__name__}: {fault}"
        self.log.write(entry)
