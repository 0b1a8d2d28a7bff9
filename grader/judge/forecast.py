"""What a run would take, before anything is sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from grader.judge.budget import Price, estimate_tokens
from grader.judge.sending import Planned
from grader.reading.text import sentences
from grader.records import Question


@dataclass(frozen=True, slots=True)
class Forecast:
    """Calls at most, if none fails; tokens and cost are estimates."""

    answers: int
    """Distinct answers that would be sent."""
    calls: int
    cached: int
    """Replies that are in the cache already."""
    prompt_tokens: int
    completion_tokens: int
    cost: float | None
    """None where a price is not known."""


NOTHING = Forecast(answers=0, calls=0, cached=0, prompt_tokens=0, completion_tokens=0, cost=0.0)


def with_call(so_far: Forecast, call: Planned, prices: Mapping[str, Price]) -> Forecast:
    """A forecast with one more call."""
    sent = call.prompt_tokens
    back = estimate_tokens(_reply_like(call.question, call.case.answer))
    price = prices.get(call.request.model)
    return replace(
        so_far,
        calls=so_far.calls + 1,
        prompt_tokens=so_far.prompt_tokens + sent,
        completion_tokens=so_far.completion_tokens + back,
        cost=None if price is None or so_far.cost is None else so_far.cost + price.of(sent, back),
    )


def _reply_like(question: Question, answer: str) -> str:
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
