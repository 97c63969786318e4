"""Open a panel from the names of judges that a user gives, with its cache, prices and limits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from grader.errors import InputError
from grader.judges.batch_api.judge import BatchJudge
from grader.judges.chat import ChatJudge, ModelOptions
from grader.judges.judge_weight import UNPROVEN_WEIGHT, JudgeWeight, read_judge_weight
from grader.judges.judges_file import JUDGES_FILE, JudgeEntry, read_judges_file
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
        models: names of judges; at least one, all different. A name of the judges file is asked as that file says.
        settings: when judges are asked, and how often.
        request_policy: how requests are sent.
        base_url: the server's address; from the environment if left out. With it the judges file is not used.
        judges_file: a file of servers and models; `judges.yaml` in the present folder, if there is one, if left out.
        max_tokens, reasoning_effort: how judges are asked, in place of what the file says.
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
    judges_file: Path | None = None
    max_tokens: int | None = None
    reasoning_effort: str | None = None
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
    endpoints: tuple[Endpoint, ...]
    dry_run_judges: tuple[DryRunJudge, ...]
    price_known: bool
    prices: dict[str, Price]
    batch_judges: tuple[BatchJudge, ...] = ()

    @property
    def outgoing_data(self) -> str:
        """The data that leaves this machine and its destination, in one line; empty for a local server or a mock."""
        hosts = dict.fromkeys(endpoint.host for endpoint in self.endpoints if not endpoint.is_local)
        if not hosts:
            return ""
        return (
            f"goes to {', '.join(hosts)}: questions, reference answers, rubric points and the text of answers; "
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
    entries = _entries(names, choice)
    if choice.batch and not choice.keep:
        raise InputError("a batch comes back to a later run, which finds it in the cache: leave --no-cache out")
    sites = {name: _site(name, entries, choice) for name in names if name not in OFFLINE_JUDGES}
    prices = _prices(names, choice, entries, sites)
    cache = ReplyCache(choice.cache) if choice.keep else ReplyCache(":memory:")
    scheduler = RequestScheduler(choice.request_policy, seed=choice.settings.seed)
    judges = [_open(name, choice, sites, scheduler, cache, _price(name, choice, prices)) for name in names]
    dry = tuple(DryRunJudge(judge.name, judge.revision) for judge in judges) if choice.dry_run else ()
    batch = tuple(judge for judge in judges if isinstance(judge, BatchJudge) and not dry)
    panel = Panel(dry or judges, settings=choice.settings, cache=cache, scheduler=scheduler)
    weight = UNPROVEN_WEIGHT if choice.weight is None else read_judge_weight(choice.weight, panel)
    endpoints = tuple(site.endpoint for site in sites.values())
    return OpenedPanel(panel, cache, weight, endpoints, dry, all(name in prices for name in names), prices, batch)


def _price(name: str, choice: JudgeChoice, prices: dict[str, Price]) -> Price:
    """The price of a judge; for batches that of `model/batch` in the price file, else the full price."""
    of_batches = read_prices(choice.prices).get(f"{name}/batch") if choice.batch and choice.prices is not None else None
    return of_batches or prices.get(name, FREE)


class _Site(NamedTuple):
    """Where a model is, and how it is asked."""

    endpoint: Endpoint
    options: ModelOptions
    concurrency: int | None = None


def _entries(names: Sequence[str], choice: JudgeChoice) -> Mapping[str, JudgeEntry]:
    """The judges of the file that are chosen; none with an address on the command line.

    Raises:
        InputError: a file was given, and a judge is not in it.

    """
    path = choice.judges_file or Path(JUDGES_FILE)
    if choice.judges_file is None and (choice.base_url is not None or not path.exists()):
        return {}
    known = read_judges_file(path).judges
    unknown = next((name for name in names if name not in known and name not in OFFLINE_JUDGES), None)
    if choice.judges_file is not None and unknown is not None:
        raise InputError(f"{path} has no judge '{unknown}': it has {', '.join(known) or 'none'}")
    return {name: known[name] for name in names if name in known}


def _site(name: str, entries: Mapping[str, JudgeEntry], choice: JudgeChoice) -> _Site:
    entry = entries.get(name)
    if entry is None:
        site = _Site(find_endpoint(choice.base_url, needs_key=not choice.dry_run), ModelOptions())
    elif choice.batch:
        raise InputError(f"--judge-batch asks a model by --judge-url, not '{name}' of a judges file")
    else:
        site = _Site(entry.endpoint(needs_key=not choice.dry_run), entry.options(), entry.concurrency)
    options = site.options
    return site._replace(
        options=options._replace(
            max_tokens=options.max_tokens if choice.max_tokens is None else choice.max_tokens,
            reasoning_effort=options.reasoning_effort if choice.reasoning_effort is None else choice.reasoning_effort,
        )
    )


def _open(
    name: str,
    choice: JudgeChoice,
    sites: Mapping[str, _Site],
    scheduler: RequestScheduler,
    cache: ReplyCache,
    price: Price,
) -> Judge:
    if name not in sites:
        return OFFLINE_JUDGES[name]()
    endpoint, options, concurrency = sites[name]
    common: dict[str, Any] = {
        "cache": cache,
        "price": price,
        "timeout": choice.timeout,
        "seed": choice.settings.seed,
    }
    if choice.batch:
        return BatchJudge(name, endpoint, scheduler, **common)
    return ChatJudge(name, endpoint, scheduler, options=options, concurrency=concurrency, **common)


def _prices(
    names: Sequence[str], choice: JudgeChoice, entries: Mapping[str, JudgeEntry], sites: Mapping[str, _Site]
) -> dict[str, Price]:
    """The known prices by judge; a judge on this machine is free unless the price file has its price."""
    known = {} if choice.prices is None else read_prices(choice.prices)
    free = {name: FREE for name in names if name in OFFLINE_JUDGES or sites[name].endpoint.is_local}
    of_file = {name: price for name, entry in entries.items() if (price := entry.known_price()) is not None}
    prices = free | of_file | {name: known[name] for name in names if name in known}
    missing = next((name for name in names if name not in prices), None)
    if choice.request_policy.max_cost is not None and missing is not None:
        file = "a file given with --prices" if choice.prices is None else str(choice.prices)
        raise InputError(
            f"--max-cost needs the price of '{missing}': put '{missing}: {{input: .., output: ..}}' (money per million "
            f"tokens) into {file}"
        )
    return prices
