"""The files of requests that batch jobs are made of, within the limits of a run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from grader.judge.budget import Price
from grader.judge.json_modes import Rung
from grader.settings import Settings

if TYPE_CHECKING:
    from grader.judge.sending import Planned

COMPLETIONS: Final = "/v1/chat/completions"
_MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class JobRequest:
    """One request of a job."""

    key: str
    """Of its reply in the cache; the request's id in the job."""
    key_points: int
    misconceptions: int
    """How many of each the reply must speak of."""


@dataclass(slots=True)
class JobFile:
    """The requests of a job that is not submitted yet."""

    path: Path
    model: str
    rung: Rung
    requests: list[JobRequest] = field(default_factory=list)
    size: int = 0


@dataclass(frozen=True, slots=True)
class Spent:
    """What earlier jobs of a run took of its limits."""

    calls: int = 0
    cost: float | None = 0.0


@dataclass(frozen=True, slots=True)
class JobPrices:
    """What tokens cost in a job."""

    prices: Mapping[str, Price]
    """The full ones, by model."""
    share: float
    """Of the full price, that is paid in a job."""

    def of(self, model: str, prompt_tokens: int, completion_tokens: int) -> float | None:
        """The cost of tokens; None where the model's price is not known."""
        price = self.prices.get(model)
        return None if price is None else price.of(prompt_tokens, completion_tokens) * self.share

    def most(self, call: Planned) -> float | None:
        """What a request costs if the reply is as long as it may be."""
        request = call.request
        return self.of(request.model, call.prompt_tokens, request.max_output_tokens)


class Drafted:
    """Job files, and what was decided on the way. They are written as requests are added."""

    def __init__(self, folder: Path, settings: Settings, prices: JobPrices) -> None:
        self.files: list[JobFile] = []
        self.most_cost: float | None = 0.0
        """What the jobs cost if every reply is as long as it may be; None without a price."""
        self.left_out = 0
        """Requests beyond the limits of calls or cost."""
        self._folder = folder
        self._settings = settings
        self._prices = prices
        self._growing: dict[str, JobFile] = {}

    @property
    def requests(self) -> int:
        """Those of all files."""
        return sum(len(file.requests) for file in self.files)

    def allows(self, call: Planned, *spent: Spent) -> bool:
        """Whether one more request is within the limits, after what was spent already."""
        settings = self._settings
        calls = self.requests + sum(one.calls for one in spent)
        if settings.llm_max_calls is not None and calls >= settings.llm_max_calls:
            return False
        if settings.llm_max_cost is None:
            return True
        costs = (*(one.cost for one in spent), self.most_cost, self._prices.most(call))
        return sum(cost or 0 for cost in costs) <= settings.llm_max_cost

    def add(self, call: Planned, rung: Rung, body: Mapping[str, Any]) -> None:
        """Write a request to its model's file, or to a new one where that is full."""
        line = {"custom_id": call.key, "method": "POST", "url": COMPLETIONS, "body": body}
        data = json.dumps(line, ensure_ascii=False).encode() + b"\n"
        file = self._growing.get(call.request.model)
        if file is None or self._is_full(file, len(data)):
            name = self._folder / f"requests-{len(self.files) + 1}.jsonl"
            file = self._growing[call.request.model] = JobFile(name, call.request.model, rung)
            self.files.append(file)
        with file.path.open("ab") as stream:
            stream.write(data)
        file.size += len(data)
        points = len(call.question.key_points), len(call.question.misconceptions)
        file.requests.append(JobRequest(call.key, *points))
        most = self._prices.most(call)
        unknown = most is None or self.most_cost is None
        self.most_cost = None if unknown else (self.most_cost or 0) + (most or 0)

    def _is_full(self, file: JobFile, more: int) -> bool:
        size = self._settings.llm_batch_megabytes * _MEGABYTE
        return len(file.requests) >= self._settings.llm_batch_requests or file.size + more > size
