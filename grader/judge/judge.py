"""The judge: language models that check every point of a rubric against answers."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, Self

from grader.errors import (
    GraderError,
    JudgeBudgetError,
    JudgeError,
    JudgeSetupError,
    SettingsError,
)
from grader.files import check_folder, expanded
from grader.judge import prompt
from grader.judge.ballots import Ballot, votes_of
from grader.judge.budget import Budget, Usage, parse_prices, require_prices
from grader.judge.cache import OFF, ReplyCache, cache_folder
from grader.judge.call_log import CallLog
from grader.judge.canaries import Canary, CanarySchedule
from grader.judge.drafter import Drafter
from grader.judge.drafting import Call
from grader.judge.loop_thread import ELSEWHERE, LoopThread
from grader.judge.marked_table import MarkedTable, read_marked_table
from grader.judge.patience import run_deadline
from grader.judge.review import load_rule
from grader.judge.sending import Case, Planned, Sending, case_of
from grader.records import Failure, JudgeReport, Question
from grader.settings import Settings, changed, load_settings

if TYPE_CHECKING:
    from grader.judge.forecast import Forecast
    from grader.judge.provider_jobs import Jobs

__all__ = ["Case", "Judge"]

_AHEAD = 2
"""Requests that are written or under way, for each call that may be: so that none waits for one."""


class Judge:
    """Asks one model, or a jury of several, what an answer does with each point of its rubric.

    It may be shared between threads, not between processes. Close it, or use it in a ``with``
    block.

    Example:
        >>> from grader import Grader, Judge
        >>> with Judge(model="gpt-5-mini") as judge:                     # doctest: +SKIP
        ...     grade = Grader(judge=judge).grade("Units are …", q="dropout")
    """

    def __init__(
        self,
        model: str | Sequence[str] = "",
        *,
        settings: Settings | None = None,
        api_key: str | None = None,
        **overrides: Any,
    ) -> None:
        """Make a judge; nothing is sent yet.

        Args:
            model: the model's name at the endpoint; several are a jury.
            settings: everything settable; without it ``grader.toml`` and the environment.
            api_key: the endpoint's key; without it ``OPENAI_API_KEY``.
            overrides: single settings by name, such as ``llm_runs=3``.

        Raises:
            SettingsError: a setting is unknown or out of range, no model is named, cost is
                limited and a price not known, or marked answers are named and none wanted.
            TableError: the table of marked answers can't be read.
            OutputError: the cache, the log or the folder for rubrics can't be used.
            MissingExtraError: answers are to be masked, and a library for it is not installed.
            JudgeSetupError: there is no key.
        """
        from grader.judge.client import Client

        self.settings = changed(settings or load_settings(), **overrides)
        self.models = _names(model) or _names(self.settings.llm_model)
        if not self.models:
            raise SettingsError(
                "the judge needs a model: name it with --llm-model NAME or llm_model in grader.toml"
            )
        self._prices = parse_prices(self.settings.llm_prices)
        if self.settings.llm_max_cost is not None:
            require_prices(self.models, self._prices)
        self.budget = Budget(
            self._prices,
            max_calls=self.settings.llm_max_calls,
            max_cost=self.settings.llm_max_cost,
        )
        if self.settings.llm_save_rubrics:
            check_folder(expanded(self.settings.llm_save_rubrics))
        self.marked = _marked_table(self.settings)
        self._client = Client(self.settings, api_key, self.budget)
        digest = self.marked.digest if self.marked else ""
        self._sending = Sending(self.settings, self.models, self._client.base_url, digest)
        own = self.settings
        self._log = self._client.log = CallLog(expanded(own.llm_log)) if own.llm_log else None
        self._cache = self._client.cache = _cache(self.settings)
        self._loop = LoopThread()
        self._desks = asyncio.Semaphore(_AHEAD * self.settings.llm_concurrency)
        self._drafter = Drafter(self.settings, self._sending, self.models[0], self._reply_in_turn)
        self.canaries = CanarySchedule(self.settings.llm_canary_rate)
        self._ends: float | None = None
        self._settled: Mapping[str, JudgeError] | None = None
        self._lock = threading.Lock()
        self._closed = False

    @property
    def versions(self) -> dict[str, str]:
        """What it adds to the versions of a grade, by name."""
        return self._not_sent("").versions | {"judge_review": load_rule().name}

    # ── judging ─────────────────────────────────────────────────────────────

    def assess(self, cases: Sequence[Case]) -> list[JudgeReport]:
        """What the judge says of answers, in order, asked side by side.

        Raises:
            JudgeSetupError: no call can succeed; the others are broken off.
        """
        return self._loop.run(self._assess(cases))

    async def assess_async(self, cases: Sequence[Case]) -> list[JudgeReport]:
        """The same for code that runs in an event loop."""
        return await self._loop.run_async(self._assess(cases))

    def rubrics(self, questions: Sequence[Question]) -> list[Question | JudgeError]:
        """Questions with the rubrics that the first model drafts where there is only a reference.

        Each is drafted once, and from the question and the reference alone: the model sees no
        answer. Questions that have a rubric come back as they are.

        Returns:
            In order: the question to grade by, or why none could be drafted.

        Raises:
            JudgeSetupError: no call can succeed.
            OutputError: rubrics are to be kept (``llm_save_rubrics``), and can't be.
        """
        if not any(question.reference_only for question in questions):
            return list(questions)
        return self._loop.run(self._drafter.rubrics(questions, self._end_of_run()))

    def drafting_once(self) -> AbstractContextManager[None]:
        """A run, in which a draft that failed is not tried again; ``rubrics`` alone does so."""
        return self._drafter.once()

    def foreseen(self, questions: Sequence[Question]) -> list[Question]:
        """The same as far as it is known already; nothing is sent, the others stay as they are."""
        bare = {q.digest: q for q in questions if q.reference_only}
        made = {d: self._drafter.foresee(q, self._cache).question for d, q in bare.items()}
        return [made.get(question.digest) or question for question in questions]

    def begin_run(self) -> None:
        """Let ``llm_run_deadline`` count from now on for all that is asked.

        Without it the deadline counts anew for each call of ``assess``.
        """
        self._ends = time.monotonic() + self.settings.llm_run_deadline

    def forecast(self, cases: Iterable[Case]) -> Forecast:
        """What ``assess`` would take; nothing is sent."""
        from grader.judge.forecast import Forecaster

        forecaster = Forecaster(self._sending, self._drafter, self._cache, self._prices)
        schedule = CanarySchedule(self.settings.llm_canary_rate)
        for case in cases:
            with_rubric = forecaster.take(case)
            forecaster.add(self.planned([with_rubric], schedule))
        return forecaster.total

    def planned(self, cases: Sequence[Case], schedule: CanarySchedule) -> Iterator[Planned]:
        """The calls that ``assess`` would make if the cache were empty, canaries among them.

        Args:
            cases: the next ones of a run.
            schedule: is told of them, and decides on canaries.
        """
        return self._sending.planned(cases, schedule)

    def jobs(self) -> Jobs:
        """What asks the same by the provider's batch jobs.

        Raises:
            SettingsError: there is no cache that could keep the replies.
        """
        from grader.judge.provider_jobs import Jobs

        if self._cache is None:
            raise SettingsError(
                "batch jobs leave their replies in the cache: leave out --llm-cache off"
            )
        return Jobs(self._client, self._cache, self._loop)

    def settle(self, failures: Mapping[str, JudgeError]) -> None:
        """Make no call from now on: a reply is in the cache, or its failure is told.

        Args:
            failures: by the keys of the replies; any other that is not in the cache was
                beyond the run's limits.
        """
        self._settled = failures

    def close(self) -> None:
        """Close the connections and end the thread; a second time it does nothing."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        if self._loop.is_elsewhere:
            return  # all that there is belongs to the process that made it
        self._loop.close(self._client.aclose())
        for file in (self._cache, self._log):
            if file:
                file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        """Refuse to be sent to another process, with what to do instead."""
        raise JudgeSetupError(ELSEWHERE)

    # ── parts ───────────────────────────────────────────────────────────────

    async def _assess(self, cases: Sequence[Case]) -> list[JudgeReport]:
        held = [self._sending.why_held(case) for case in cases]
        sent = [case for case, why in zip(cases, held, strict=True) if not why]
        ballots = iter(await self._ask(sent, self._end_of_run()))
        return [
            self._report([_undrafted(case, self.models[0])])
            if case.undrafted
            else self._not_sent(why)
            if why
            else self._report(next(ballots))
            for case, why in zip(cases, held, strict=True)
        ]

    def _end_of_run(self) -> float:
        if self._ends is None:
            return time.monotonic() + self.settings.llm_run_deadline
        return self._ends

    async def _ask(self, cases: Sequence[Case], ends: float) -> list[list[Ballot]]:
        """The ballots on each case, canaries asked among them."""
        runs = self._sending.runs
        asked: list[list[asyncio.Task[Ballot]]] = []
        try:
            async with asyncio.TaskGroup() as group:
                for case in cases:
                    ballots = [self._ballot(case, model, run, ends) for model, run in runs]
                    asked.append([group.create_task(ballot) for ballot in ballots])
                    canary = self.canaries.due(case.question)
                    if canary:
                        for model in self.models:
                            group.create_task(self._ask_canary(canary, model, ends))
        except* GraderError as errors:
            raise errors.exceptions[0] from None
        return [[task.result() for task in tasks] for tasks in asked]

    async def _ask_canary(self, canary: Canary, model: str, ends: float) -> None:
        ballot = await self._ballot(case_of(canary), model, 0, ends)
        if ballot.votes:
            self.canaries.count(canary, ballot.votes)

    def _not_sent(self, reason: str) -> JudgeReport:
        return JudgeReport(
            status="not_sent",
            reason=reason,
            models=self.models,
            prompt=prompt.VERSION,
            runs=self.settings.llm_runs,
            seed=self.settings.llm_seed,
            temperature=self.settings.llm_temperature,
            sending=self._sending.signature,
        )

    def _report(self, ballots: Sequence[Ballot]) -> JudgeReport:
        votes = tuple(vote for ballot in ballots for vote in ballot.votes)
        failures = tuple(ballot.failure for ballot in ballots if ballot.failure)
        used = Usage()
        for ballot in ballots:
            used.add(ballot.usage)
        costs = [self.budget.cost_of(ballot.model, ballot.usage) for ballot in ballots]
        why = "" if votes else f"{failures[0].reason}: {failures[0].message}"
        return replace(
            self._not_sent(why),
            status="judged" if votes else "failed",
            votes=votes,
            failures=failures,
            reliable=self.canaries.reliable,
            calls=used.calls,
            cached=used.cached,
            prompt_tokens=used.prompt_tokens,
            completion_tokens=used.completion_tokens,
            cached_tokens=used.cached_tokens,
            cost=None if None in costs else sum(c for c in costs if c is not None),
        )

    async def _ballot(self, case: Case, model: str, run: int, ends: float) -> Ballot:
        # Not all at once, or the first call would wait until the last request is written.
        async with self._desks:
            return await self._vote(case, model, run, ends)

    async def _vote(self, case: Case, model: str, run: int, ends: float) -> Ballot:
        call = self._sending.plan(case, model, run)
        usage = Usage()
        try:
            async with run_deadline(ends, self.settings.llm_run_deadline):
                _, reply = await self._reply(call, usage)
        except JudgeError as error:
            failure = Failure(case.question.id, type(error).__name__, str(error))
            return Ballot(model, (), failure, usage)
        votes = votes_of(reply, call.checklist, case.answer, call.masked, model, run)
        return Ballot(model, votes, None, usage)

    async def _reply_in_turn(self, call: Call, usage: Usage) -> tuple[str, Any]:
        async with self._desks:
            return await self._reply(call, usage)

    async def _reply(self, call: Call, usage: Usage) -> tuple[str, Any]:
        """The reply to a request, as text and as read, from the cache if it is there."""
        known = self._cache.get(call.key) if self._cache else None
        if known is not None:
            usage.cached += 1
            self.budget.total.cached += 1
            if self._log:
                request = call.request.content
                self._log.write({"from_cache": True, "request": request, "reply": known})
            return known, call.read(known)
        if self._settled is not None:
            raise self._settled.get(call.key) or JudgeBudgetError(
                "not asked, or not again, by a batch job: the limit of calls or cost is reached"
            )
        text, reply = await self._client.ask(call.request, call.read, usage)
        if self._cache:
            self._cache.put(call.key, text)
        return text, reply


def _undrafted(case: Case, model: str) -> Ballot:
    """What stands for the votes on an answer for which there is no rubric."""
    why = case.undrafted
    return Ballot(model, (), Failure(case.question.id, type(why).__name__, str(why)), Usage())


def _names(models: str | Sequence[str]) -> tuple[str, ...]:
    """Model names, each once, in the order given."""
    listed = models.split(",") if isinstance(models, str) else models
    return tuple(dict.fromkeys(name.strip() for name in listed if name.strip()))


def _marked_table(settings: Settings) -> MarkedTable | None:
    if settings.llm_marked is None:
        return None
    if not settings.llm_examples:
        raise SettingsError(
            f"{settings.llm_marked} has marked answers for the judge, but it is to be shown none: "
            "say how many with --llm-examples N"
        )
    return read_marked_table(settings.llm_marked)


def _cache(settings: Settings) -> ReplyCache | None:
    return None if settings.llm_cache == OFF else ReplyCache(cache_folder(settings.llm_cache))
