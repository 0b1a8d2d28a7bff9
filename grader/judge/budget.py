"""What a run has taken and may take: calls, tokens and money."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from grader.errors import JudgeBudgetError, SettingsError
from grader.reading.text import counted

_MILLION = 1_000_000
# The makers' own rule of thumb for English text, where a call has not told us better.
_CHARS_A_TOKEN = 4


@dataclass(slots=True)
class Usage:
    """What calls have taken."""

    calls: int = 0
    """Calls made, failed ones included."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached: int = 0
    """Replies that were taken from the cache instead."""
    cached_tokens: int = 0
    """Of the prompts', those that the endpoint had kept from calls before."""

    def add(self, other: Usage) -> None:
        """Grow by another's."""
        self.calls += other.calls
        self.prompt_tokens += other.prompt_tokens
        self.completion_tokens += other.completion_tokens
        self.cached += other.cached
        self.cached_tokens += other.cached_tokens


@dataclass(frozen=True, slots=True)
class Price:
    """Of a million tokens, in any currency."""

    prompt: float
    completion: float
    cached: float | None = None
    """Of prompt tokens that the endpoint had kept; without it as the others."""

    def of(self, prompt_tokens: float, completion_tokens: float, cached_tokens: float = 0) -> float:
        """What tokens cost; ``cached_tokens`` are among those of the prompt."""
        kept = self.prompt if self.cached is None else self.cached
        read = (prompt_tokens - cached_tokens) * self.prompt + cached_tokens * kept
        return (read + completion_tokens * self.completion) / _MILLION


def parse_prices(text: str) -> dict[str, Price]:
    """Prices by model, from ``MODEL=PROMPT/COMPLETION, …``; each may have ``/CACHED`` as well.

    Raises:
        SettingsError: the text is something else.
    """
    prices = {}
    for part in filter(None, (p.strip() for p in text.split(","))):
        model, _, pair = part.rpartition("=")
        try:
            amounts = [float(amount) for amount in pair.split("/")]
            price = Price(*amounts)
        except (TypeError, ValueError):
            amounts, price = [-1], Price(-1, -1)
        if not model or not all(amount >= 0 for amount in amounts):
            raise SettingsError(
                f"llm_prices: '{part}' is not a price: write MODEL=PROMPT/COMPLETION, "
                "per million tokens, as in gpt-5-mini=0.25/2, or with the price of prompt tokens "
                "from the endpoint's cache, as in gpt-5-mini=0.25/2/0.025"
            )
        prices[model.strip()] = price
    return prices


def require_prices(models: Iterable[str], prices: Mapping[str, Price]) -> None:
    """Refuse a limit of cost that could not be held.

    Raises:
        SettingsError: the price of a model is not known.
    """
    unknown = next((model for model in models if model not in prices), None)
    if unknown is not None:
        raise SettingsError(
            f"a limit of cost needs the price of {unknown}: add "
            f"--llm-prices {unknown}=PROMPT/COMPLETION (per million tokens)"
        )


def estimate_tokens(text: str) -> int:
    """About how many tokens a text has."""
    return -(-len(text) // _CHARS_A_TOKEN)


class Budget:
    """Counts a run's calls and holds it to its limits. Used from one thread.

    A limit is looked at before each call, so that cost can pass it by the calls in flight
    at most; the number of calls never does.
    """

    def __init__(
        self,
        prices: Mapping[str, Price],
        *,
        max_calls: int | None = None,
        max_cost: float | None = None,
    ) -> None:
        """Begin with nothing spent."""
        self._prices = prices
        self._max_calls = max_calls
        self._max_cost = max_cost
        self.total = Usage()
        self.cost: float | None = 0.0
        """So far; none once a model without a price was asked."""

    def claim(self) -> None:
        """Ask leave for one call.

        Raises:
            JudgeBudgetError: a limit is reached.
        """
        if self._max_calls is not None and self.total.calls >= self._max_calls:
            raise JudgeBudgetError(f"the limit of {counted(self._max_calls, 'call')} is reached")
        if self._max_cost is not None and (self.cost or 0) >= self._max_cost:
            raise JudgeBudgetError(f"the limit of {self._max_cost:g} for cost is reached")
        self.total.calls += 1

    def spend(
        self, model: str, prompt_tokens: int, completion_tokens: int, cached_tokens: int = 0
    ) -> None:
        """Note the tokens of a call."""
        self.total.cached_tokens += cached_tokens
        self.total.prompt_tokens += prompt_tokens
        self.total.completion_tokens += completion_tokens
        price = self._prices.get(model)
        if price is None or self.cost is None:
            self.cost = None
        else:
            self.cost += price.of(prompt_tokens, completion_tokens, cached_tokens)

    def cost_of(self, model: str, usage: Usage) -> float | None:
        """What calls to a model cost; none if its price is not known and something was used."""
        price = self._prices.get(model)
        if price is None:
            return None if usage.calls else 0.0
        return price.of(usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens)
