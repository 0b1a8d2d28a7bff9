"""What a run would take, before anything is sent."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from grader.judge.budget import Price, estimate_tokens
from grader.judge.drafting import Call, check_calls
from grader.judge.sending import Case, DraftCall, Planned, Sending, tokens_sent
from grader.reading.text import sentences
from grader.records import Question

if TYPE_CHECKING:
    from grader.judge.cache import ReplyCache
    from grader.judge.drafter import Drafter

_WORDINGS = 5  # of a drafted key point: quote, claim, and as many as it is to be accepted in


@dataclass(frozen=True, slots=True)
class Forecast:
    """Calls at most, if none fails and every draft passes; tokens and cost are estimates."""

    answers: int
    """Distinct answers that would be sent."""
    calls: int
    cached: int
    """Replies that are in the cache already."""
    prompt_tokens: int
    completion_tokens: int
    cost: float | None
    """None where a price is not known."""
    drafts: int = 0
    """Rubrics that would be drafted; their calls are among the others."""
    sure: int = 0
    """Distinct answers that are not sent because their offline grades are sure enough."""


NOTHING = Forecast(answers=0, calls=0, cached=0, prompt_tokens=0, completion_tokens=0, cost=0.0)


class Forecaster:
    """Adds up what answers and their rubrics would take."""

    def __init__(
        self,
        sending: Sending,
        drafter: Drafter,
        cache: ReplyCache | None,
        prices: Mapping[str, Price],
    ) -> None:
        self.total = NOTHING
        self._sending = sending
        self._drafter = drafter
        self._cache = cache
        self._prices = prices
        self._drafted: dict[str, Question] = {}

    def take(self, case: Case) -> Case:
        """Count an answer and, where it is the first to need one, the draft of its rubric.

        Returns:
            The answer with its rubric, if that is drafted already; else it is as large as
            there are sentences in the reference.
        """
        question = case.question
        if question.reference_only:
            if question.digest not in self._drafted:
                self._drafted[question.digest] = self._foresee(question)
            case = replace(case, question=self._drafted[question.digest])
        answers = self.total.answers + (not self._sending.why_held(case))
        sure = self.total.sure + self._sending.is_sure(case)
        self.total = replace(self.total, answers=answers, sure=sure)
        return case

    def add(self, calls: Iterable[Planned]) -> None:
        """Count the calls for an answer."""
        for call in calls:
            if self._cache and self._cache.get(call.key):
                self.total = replace(self.total, cached=self.total.cached + 1)
            else:
                self._count(call, _verdicts_like(call.question, call.case.answer))

    def _foresee(self, question: Question) -> Question:
        foreseen = self._drafter.foresee(question, self._cache)
        self.total = replace(self.total, cached=self.total.cached + foreseen.cached)
        for call in foreseen.calls:
            if isinstance(call, Planned):
                self._count(call, _verdicts_like(call.question, call.case.answer))
            else:
                self._count(call, _rubric_like(question))
                for check in check_calls(question, self._sending, call.request.model):
                    self._count(check, _verdicts_like(question, check.case.answer))
        drafts = any(isinstance(call, DraftCall) for call in foreseen.calls)
        self.total = replace(self.total, drafts=self.total.drafts + drafts)
        return foreseen.question or question

    def _count(self, call: Call, reply: str) -> None:
        so_far, sent, back = self.total, tokens_sent(call.request), estimate_tokens(reply)
        price = self._prices.get(call.request.model)
        cost = None if price is None or so_far.cost is None else price.of(sent, back) + so_far.cost
        self.total = replace(
            so_far,
            calls=so_far.calls + 1,
            prompt_tokens=so_far.prompt_tokens + sent,
            completion_tokens=so_far.completion_tokens + back,
            cost=cost,
        )


def _verdicts_like(question: Question, answer: str) -> str:
    """A reply in which every key point is covered by an average sentence of the answer."""
    parts = sentences(answer)
    quote = "x" * (sum(len(s.text) for s in parts) // max(1, len(parts)))
    return json.dumps(
        {
            "key_points": [
                {"id": f"k{i}", "quote": quote, "verdict": "covered"}
                for i, _ in enumerate(question.key_points)
            ],
            "misconceptions": [
                {"id": f"m{i}", "quote": None, "verdict": "absent"}
                for i, _ in enumerate(question.misconceptions)
            ],
        }
    )


def _rubric_like(question: Question) -> str:
    """A reply with every sentence of the reference in several wordings."""
    return json.dumps([[k.claim] * _WORDINGS for k in question.key_points])
