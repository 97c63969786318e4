"""Open a panel from the names of judges that a user gives, with its cache, prices and limits."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grader.errors import InputError
from grader.judges.batch_api.judge import BatchJudge
from grader.judges.chat import ChatJudge
from grader.judges.judge_weight import UNPROVEN_WEIGHT, JudgeWeight, read_judge_weight
from grader.judges.mock import MOCK, DryRunJudge, MockJudge
from grader.judges.panel import Panel
from grader.judges.protocol import Judge
from grader.provider import (
    FREE,
    Endpoint,
    Price,
    ReplyCache,
    RequestPolicy,
    RequestScheduler,
    find_endpoint,
    read_prices,
)
from grader.settings import JudgeSettings

# Judges that need no server, by name; any other name is a model behind an OpenAI-compatible endpoint.
OFFLINE_JUDGES = {MOCK: MockJudge}


@dataclass(frozen=True)
class JudgeChoice:
    """The judges that a user chose, and how to ask them.

    Attributes:
        models: names of judges; at least one, all different.
        settings: when judges are asked, and how often.
        request_policy: how requests are sent.
        base_url: the server's address; from the environment if left out.
        prices: a file of prices.
        weight: a file with the weight of the judges (`judge_weight`).
        cache: the file that stores replies; in the user's cache folder if left out.
        keep: whether replies are stored in that file.
        timeout: limit on one request, in seconds.
        dry_run: count requests without sending any.
        batch: ask through the server's Batch API: replies come later, at another price.

    """

    models: Sequence[str]
    settings: JudgeSettings = field(default_factory=JudgeSettings)
    request_policy: RequestPolicy = field(default_factory=RequestPolicy)
    base_url: str | None = None
    prices: Path | None = None
    weight: Path | None = None
    cache: Path | None = None
    keep: bool = True
    timeout: float = 120.0
    dry_run: bool = False
    batch: bool = False


@dataclass(frozen=True)
class OpenedPanel:
    """A panel that is ready to be asked, with its cache, weight, prices and totals."""

    panel: Panel
    cache: ReplyCache
    weight: JudgeWeight
    endpoint: Endpoint | None
    dry_run_judges: tuple[DryRunJudge, ...]
    price_known: bool
    prices: dict[str, Price]
    batch_judges: tuple[BatchJudge, ...] = ()

    @property
    def outgoing_data(self) -> str:
        """The data that leaves this machine and its destination, in one line; empty for a local server or a mock."""
        if self.endpoint is None or self.endpoint.is_local:
            return ""
        return (
            f"goes to {self.endpoint.host}: questions, reference answers, rubric points and the text of answers; "
            "no ids and no names of candidates"
        )

    def totals(self) -> dict[str, Any]:
        """Calls, tokens and cost so far, as printed by `--json`; `cost` is `None` without a price."""
        scheduler, counts = self.panel.scheduler, self.panel.verdict_counts
        return {
            "calls": scheduler.totals.calls,
            "cached": counts.cached,
            "failed": scheduler.totals.failed,
            "input_tokens": scheduler.totals.input_tokens,
            "output_tokens": scheduler.totals.output_tokens,
            "cost": scheduler.budget.cost if self.price_known else None,
        }

    def plan(self) -> dict[str, Any]:
        """The counts of a dry run: a lower limit for calls, upper limits for tokens and cost."""
        cost = sum(
            self.prices[judge.name].cost_of_tokens(judge.input_tokens, judge.output_tokens)
            for judge in self.dry_run_judges
            if judge.name in self.prices
        )
        return {
            "calls": sum(judge.calls for judge in self.dry_run_judges),
            "cached": self.panel.verdict_counts.cached,
            "input_tokens": sum(judge.input_tokens for judge in self.dry_run_judges),
            "output_tokens": sum(judge.output_tokens for judge in self.dry_run_judges),
            "cost": cost if self.price_known else None,
        }


def open_panel(choice: JudgeChoice) -> OpenedPanel:
    """Open the panel; nothing is sent and no client is loaded before the first request.

    Raises:
        InputError: a judge is named twice or has no name, a file is not valid, or a limit on cost needs a price.
        SetupError: there is no key, or the cache cannot be used.

    """
    names = [name.strip() for name in choice.models]
    twice = next((name for at, name in enumerate(names) if name in names[:at]), None)
    if twice is not None:
        raise InputError(f"the judge '{twice}' is named twice: to ask it several times use --judge-votes")
    if not all(names):
        raise InputError("a judge has no name: --judge MODEL, as its server calls it")
    remote = any(name not in OFFLINE_JUDGES for name in names)
    if choice.batch and not choice.keep:
        raise InputError("a batch comes back to a later run, which finds it in the cache: leave --no-cache out")
    endpoint = find_endpoint(choice.base_url, needs_key=not choice.dry_run) if remote else None
    prices = _prices(names, choice, endpoint)
    cache = ReplyCache(choice.cache) if choice.keep else ReplyCache(":memory:")
    scheduler = RequestScheduler(choice.request_policy, seed=choice.settings.seed)
    judges = [_open(name, choice, endpoint, scheduler, cache, _price(name, choice, prices)) for name in names]
    dry = tuple(DryRunJudge(judge.name, judge.revision) for judge in judges) if choice.dry_run else ()
    batch = tuple(judge for judge in judges if isinstance(judge, BatchJudge) and not dry)
    panel = Panel(dry or judges, settings=choice.settings, cache=cache, scheduler=scheduler)
    weight = UNPROVEN_WEIGHT if choice.weight is None else read_judge_weight(choice.weight, panel)
    return OpenedPanel(panel, cache, weight, endpoint, dry, all(name in prices for name in names), prices, batch)


def _price(name: str, choice: JudgeChoice, prices: dict[str, Price]) -> Price:
    """The price of a judge; for batches that of `model/batch` in the price file, else the full price."""
    of_batches = read_prices(choice.prices).get(f"{name}/batch") if choice.batch and choice.prices is not None else None
    return of_batches or prices.get(name, FREE)


def _open(
    name: str,
    choice: JudgeChoice,
    endpoint: Endpoint | None,
    scheduler: RequestScheduler,
    cache: ReplyCache,
    price: Price,
) -> Judge:
    if name in OFFLINE_JUDGES or endpoint is None:
        return OFFLINE_JUDGES[name]()
    kind = BatchJudge if choice.batch else ChatJudge
    return kind(name, endpoint, scheduler, cache=cache, price=price, timeout=choice.timeout, seed=choice.settings.seed)


def _prices(names: Sequence[str], choice: JudgeChoice, endpoint: Endpoint | None) -> dict[str, Price]:
    """The known prices by judge; a judge on this machine is free unless the price file has its price."""
    known = {} if choice.prices is None else read_prices(choice.prices)
    free = {name: FREE for name in names if name in OFFLINE_JUDGES or (endpoint is not None and endpoint.is_local)}
    prices = free | {name: known[name] for name in names if name in known}
    missing = next((name for name in names if name not in prices), None)
    if choice.request_policy.max_cost is not None and missing is not None:
        file = "a file given with --prices" if choice.prices is None else str(choice.prices)
        raise InputError(
            f"--max-cost needs the price of '{missing}': put '{missing}: {{input: .., output: ..}}' (money per million "
            f"tokens) into {file}"
        )
    return prices
