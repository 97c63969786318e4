"""Tokens and money: estimates, prices from a file, and a budget that is never exceeded.

Prices change, so none are built in.
"""

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from grader.errors import InputError

# ASCII characters a token: 5.3 of English prose, 2.3 of code (cl100k_base and o200k_base). Of other scripts a token may
# take but a byte (1.04 of Amharic, 1.4 of emoji, 2.7 of Chinese in cl100k_base), and a limit must not be passed.
_CHARACTERS_A_TOKEN = 3.0


class TokenUsage(NamedTuple):
    """What one request took: tokens in and out."""

    input_tokens: int
    output_tokens: int


def estimate_tokens(text: str) -> int:
    """Tokens of a text, rather too many than too few: by its ASCII characters and its other bytes."""
    n_ascii = len(text.encode("ascii", "ignore"))
    return int(n_ascii / _CHARACTERS_A_TOKEN) + len(text.encode("utf-8", "replace")) - n_ascii


class Price(NamedTuple):
    """Money per million tokens, in whatever currency the prices are."""

    input: float
    output: float

    def cost(self, usage: TokenUsage) -> float:
        """What these tokens cost."""
        return self.cost_of_tokens(*usage)

    def cost_of_tokens(self, input_tokens: int, output_tokens: int) -> float:
        """What so many tokens cost."""
        return (self.input * input_tokens + self.output * output_tokens) / 1e6


FREE = Price(0.0, 0.0)
_EXAMPLE = "a line such as 'my-model: {input: 0.5, output: 1.5}', money per million tokens"


def read_prices(path: str | Path) -> dict[str, Price]:
    """Prices by model, from a YAML or JSON document of `model: {input: .., output: ..}` per million tokens.

    Raises:
        InputError: with file and line: not such a document, or a price that is no number of 0 or more.

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
    """A price as YAML (text) or JSON (number) has it."""
    try:
        amount = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else -1.0
    except ValueError:
        return None
    return amount if 0 <= amount < 1e9 else None


@dataclass
class Budget:
    """How many requests may be sent and how much they may cost, over a whole run and all judges.

    A request reserves the most that it can cost before it is sent, and gives back what it did not take: the limit is
    never passed.
    """

    max_calls: int | None = None
    max_cost: float | None = None
    calls: int = 0
    cost: float = 0.0
    _reserved: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def reserve(self, cost: float) -> str | None:
        """Take a request of this cost from the budget, or say why it does not fit."""
        with self._lock:
            if self.max_calls is not None and self.calls >= self.max_calls:
                return f"the limit of {self.max_calls} calls is reached"
            if self.max_cost is not None and self.cost + self._reserved + cost > self.max_cost:
                return f"the limit of {self.max_cost:g} is reached: {self.cost:.4g} is spent"
            self.calls += 1
            self._reserved += cost
            return None

    def settle(self, reserved: float, cost: float) -> None:
        """Put what a request really cost in place of what was reserved."""
        with self._lock:
            self._reserved -= reserved
            self.cost += cost
