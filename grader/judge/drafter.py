"""Having rubrics drafted: once for each question and reference, kept as long as the judge lives."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from grader.bank.question_files import write_question
from grader.errors import GraderError, JudgeError
from grader.files import expanded
from grader.judge.budget import Usage
from grader.judge.cache import ReplyCache
from grader.judge.client import may_mend
from grader.judge.drafting import Call, Steps, drafting
from grader.judge.patience import run_deadline
from grader.judge.sending import Sending
from grader.records import Question
from grader.settings import Settings

Reply = Callable[[Call, Usage], Awaitable[tuple[str, Any]]]
"""Asks, or takes from the cache: the text of a reply that ``Call.read`` accepts."""


@dataclass(frozen=True, slots=True)
class Foreseen:
    """How far a rubric can be drafted from replies that are there already."""

    question: Question | None
    """With its rubric, if nothing is to be asked."""
    cached: int
    calls: tuple[Call, ...]
    """What is to be asked next."""


class Drafter:
    """Drafts rubrics by one model. Used from one event loop, but for ``foresee`` and ``once``."""

    def __init__(self, settings: Settings, sending: Sending, model: str, reply: Reply) -> None:
        self._settings = settings
        self._sending = sending
        self._model = model
        self._reply = reply
        self._made: dict[str, Question | JudgeError] = {}
        self._turns: dict[str, asyncio.Lock] = {}
        self._runs = 0
        self._counting = threading.Lock()

    @contextmanager
    def once(self) -> Iterator[None]:
        """Try no draft again until the block is left: in one run a question has one rubric."""
        with self._counting:
            self._runs += 1
        try:
            yield
        finally:
            with self._counting:
                self._runs -= 1
                for digest, made in () if self._runs else tuple(self._made.items()):
                    if _may_mend(made):
                        del self._made[digest]

    async def rubrics(
        self, questions: Sequence[Question], ends: float
    ) -> list[Question | JudgeError]:
        """Questions with their rubrics, in order, or why there is none; drafted side by side.

        Args:
            questions: those that have a rubric come back as they are.
            ends: when the run ends, by ``time.monotonic``.

        Raises:
            JudgeSetupError: no call can succeed.
            OutputError: a rubric that is to be kept can't be.
        """
        distinct = {q.digest: q for q in questions if q.reference_only}
        try:
            async with asyncio.TaskGroup() as group:
                tasks = {
                    digest: group.create_task(self._rubric(question, ends))
                    for digest, question in distinct.items()
                }
        except* GraderError as errors:
            raise errors.exceptions[0] from None
        return [tasks[q.digest].result() if q.digest in tasks else q for q in questions]

    def foresee(self, question: Question, cache: ReplyCache | None) -> Foreseen:
        """What drafting would take; nothing is asked."""
        made = self._made.get(question.digest)
        if isinstance(made, Question):
            return Foreseen(made, 0, ())
        steps, cached = self._steps(question), 0
        calls = next(steps)
        try:
            while True:
                texts = tuple(cache.get(call.key) if cache else None for call in calls)
                cached += sum(text is not None for text in texts)
                if None in texts:
                    left = [c for c, t in zip(calls, texts, strict=True) if t is None]
                    return Foreseen(None, cached, tuple(left))
                calls = steps.send(tuple(text or "" for text in texts))
        except StopIteration as end:
            return Foreseen(end.value, cached, ())
        except JudgeError:  # it was drafted in vain: nothing more will be asked
            return Foreseen(None, cached, ())

    async def _rubric(self, question: Question, ends: float) -> Question | JudgeError:
        """One question with its rubric; two who ask for the same at once get the same."""
        async with self._turns.setdefault(question.digest, asyncio.Lock()):
            if question.digest in self._made:
                return self._made[question.digest]
            try:
                async with run_deadline(ends, self._settings.llm_run_deadline):
                    made: Question | JudgeError = await self._walk(self._steps(question))
            except JudgeError as error:
                made = error
            if self._runs or not _may_mend(made):
                self._made[question.digest] = made
            if isinstance(made, Question) and self._settings.llm_save_rubrics:
                write_question(made, expanded(self._settings.llm_save_rubrics))
            return made

    def _steps(self, question: Question) -> Steps:
        return drafting(question, self._sending, self._model, self._settings.llm_draft_rounds)

    async def _walk(self, steps: Steps) -> Question:
        calls = next(steps)
        while True:
            texts = await self._ask(calls)
            try:
                calls = steps.send(texts)
            except StopIteration as end:
                made: Question = end.value
                return made

    async def _ask(self, calls: Sequence[Call]) -> tuple[str, ...]:
        """The texts of replies, in order, asked for side by side.

        Where one fails the others are waited for: they are paid, and cached for the next run.
        """
        replies = await asyncio.gather(*map(self._text, calls), return_exceptions=True)
        texts = []
        for reply in replies:
            if isinstance(reply, BaseException):
                raise reply
            texts.append(reply)
        return tuple(texts)

    async def _text(self, call: Call) -> str:
        text, _ = await self._reply(call, Usage())
        return text


def _may_mend(made: Question | JudgeError) -> bool:
    """Whether another draft may do what this one failed at."""
    return isinstance(made, JudgeError) and may_mend(made)
