"""Estimate tokens, read prices from a file, and keep requests within a budget that is never exceeded.

No prices are built in, because they change.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from grader.errors import InputError

# ASCII characters per token: 5.3 in English prose, 2.3 in code (cl100k_base and o200k_base). In other scripts a token
# may be a single byte (bytes per token in cl100k_base: 1.04 for Amharic, 1.4 for emoji, 2.7 for Chinese). Estimates
# count one token per non-ASCII byte, because a limit must not be exceeded.
_CHARACTERS_PER_TOKEN = 3.0


class TokenUsage(NamedTuple):
    """The tokens of one request: input and output."""

    input_tokens: int
    output_tokens: int


def estimate_tokens(text: str) -> int:
    """Estimate the tokens of a text from its ASCII characters and other bytes; rather too many than too few."""
    n_ascii = len(text.encode("ascii", "ignore"))
    return int(n_ascii / _CHARACTERS_PER_TOKEN) + len(text.encode("utf-8", "replace")) - n_ascii


class Price(NamedTuple):
    """Price per million tokens, in the currency of the price file."""

    input: float
    output: float

    def cost(self, usage: TokenUsage) -> float:
        """The cost of a request's tokens."""
        return self.cost_of_tokens(*usage)

    def cost_of_tokens(self, input_tokens: int, output_tokens: int) -> float:
        """The cost of these numbers of tokens."""
        return (self.input * input_tokens + self.output * output_tokens) / 1e6


FREE = Price(0.0, 0.0)
_EXAMPLE = "a line such as 'my-model: {input: 0.5, output: 1.5}', money per million tokens"


def read_prices(path: str | Path) -> dict[str, Price]:
    """Prices by model, from a YAML or JSON document of `model: {input: .., output: ..}`, per million tokens.

    Raises:
        InputError: the document has another form, or a price is not a number of 0 or more; with file and line.

    """
    from grader.files import read_document

    document = read_document(path)
    if not isinstance(document.data, dict):
        raise InputError(f"expected {_EXAMPLE}", source=document.source, line=document.line_of(()))
    prices = {}
    for model, value in document.data.items():
        line = document.line_of((model,))
        if not isinstance(value, dict) or value.keys() != {"input", "output"}:
            raise InputError(f"expected {_EXAMPLE}", source=document.source, line=line, field=model)
        amounts = {name: _amount(value[name]) for name in ("input", "output")}
        wrong = next((name for name, amount in amounts.items() if amount is None), None)
        if wrong is not None:
            problem = f"found '{value[wrong]}', expected a number of 0 or more"
            raise InputError(problem, source=document.source, line=line, field=f"{model}.{wrong}")
        prices[model] = Price(amounts["input"] or 0.0, amounts["output"] or 0.0)
    return prices


def _amount(value: object) -> float | None:
    """A price from YAML (text) or JSON (number); `None` if it is not valid."""
    try:
        amount = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else -1.0
    except ValueError:
        return None
    return amount if 0 <= amount < 1e9 else None


@dataclass
class Budget:
    """Limits on the number and the cost of requests, for a whole run and all its judges.

    A request reserves its highest possible cost before it is sent. After the reply, the real cost replaces the
    reservation. The limit is therefore never exceeded. A request that would fit without the reservations of others
    waits until those are settled.
    """

    max_calls: int | None = None
    max_cost: float | None = None
    calls: int = 0
    cost: float = 0.0
    _reserved: float = 0.0
    _settled: threading.Condition = field(default_factory=threading.Condition)

    def reserve(self, cost: float, is_stopped: Callable[[], bool] = lambda: False) -> str | None:
        """Reserve budget for a request of this cost; returns `None`, or the reason why it does not fit.

        Args:
            cost: the highest possible cost.
            is_stopped: ends the wait for reservations of others.

        """
        with self._settled:
            while True:
                if self.max_calls is not None and self.calls >= self.max_calls:
                    return f"the limit of {self.max_calls} calls is reached"
                if self.max_cost is None or self.cost + self._reserved + cost <= self.max_cost:
                    break
                if self.cost + cost > self.max_cost or not self._reserved or is_stopped():
                    return f"the limit of {self.max_cost:g} is reached: {self.cost:.4g} is spent"
                self._settled.wait(0.1)
            self.calls += 1
            self._reserved += cost
            return None

    def settle(self, reserved: float, cost: float) -> None:
        """Replace a reservation with the real cost of the request."""
        with self._settled:
            self._reserved = self._reserved - reserved if self._reserved > reserved else 0.0
            self.cost += cost
            self._settled.notify_all()
