"""The options of commands that may ask a judge, and the panel that they make; light, for `--help` shows them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from grader.cli.console import say
from grader.errors import InputError
from grader.phrases import count

if TYPE_CHECKING:
    from grader.encoders import Encoder
    from grader.judges import JudgeChoice, OpenedPanel

_PANEL = "Judge (optional)"
_RUN = "Running the judge"

Judges = Annotated[
    list[str] | None,
    typer.Option(
        "--judge",
        envvar="GRADER_JUDGE",
        rich_help_panel=_PANEL,
        help="An LLM, as its server calls it; several for a majority; 'mock' counts words and asks nobody.",
    ),
]
JudgeWhen = Annotated[
    Literal["unclear", "all", "never-for-score"] | None,
    typer.Option(
        "--judge-when",
        envvar="GRADER_JUDGE_WHEN",
        rich_help_panel=_PANEL,
        help="Ask about points that the embedding leaves unclear, about all, or about all without moving a score.",
    ),
]
JudgeUrl = Annotated[
    str | None,
    typer.Option(
        "--judge-url",
        envvar="OPENAI_BASE_URL",
        rich_help_panel=_PANEL,
        help="Its server, any that is OpenAI-compatible; the key comes from OPENAI_API_KEY alone.",
    ),
]
JudgeVotes = Annotated[
    int,
    typer.Option(
        "--judge-votes",
        envvar="GRADER_JUDGE_VOTES",
        min=1,
        max=9,
        rich_help_panel=_PANEL,
        help="Ask each judge so often, in another order each time, and take the majority.",
    ),
]
JudgeCall = Annotated[
    Literal["answer", "point"],
    typer.Option(
        "--judge-call",
        envvar="GRADER_JUDGE_CALL",
        rich_help_panel=_PANEL,
        help="One call an answer with all its points, or one call a point.",
    ),
]
JudgeBatch = Annotated[
    bool,
    typer.Option(
        "--judge-batch",
        envvar="GRADER_JUDGE_BATCH",
        rich_help_panel=_PANEL,
        help="Ask through the server's Batch API: submit, run the same command later, collect; often at half price.",
    ),
]
JudgeSeed = Annotated[
    int,
    typer.Option(
        "--judge-seed", envvar="GRADER_JUDGE_SEED", rich_help_panel=_PANEL, help="Seed of the order of points."
    ),
]
JudgeWeight = Annotated[
    Path | None,
    typer.Option(
        "--judge-weight",
        envvar="GRADER_JUDGE_WEIGHT",
        rich_help_panel=_PANEL,
        help="What labelled answers have shown of the judge: a file that `grader evaluate --judge` wrote.",
    ),
]
Reveal = Annotated[
    bool,
    typer.Option(
        "--reveal", envvar="GRADER_REVEAL", rich_help_panel=_PANEL, help="Let feedback quote the reference answer."
    ),
]
Concurrency = Annotated[
    int,
    typer.Option(
        "--concurrency", "-j", envvar="GRADER_CONCURRENCY", min=1, max=256, rich_help_panel=_RUN, help="Calls at once."
    ),
]
RequestsPerMinute = Annotated[
    int | None,
    typer.Option(
        "--requests-per-minute",
        envvar="GRADER_REQUESTS_PER_MINUTE",
        min=1,
        rich_help_panel=_RUN,
        help="Never more calls than this in any minute, tries included.",
    ),
]
TokensPerMinute = Annotated[
    int | None,
    typer.Option(
        "--tokens-per-minute",
        envvar="GRADER_TOKENS_PER_MINUTE",
        min=1,
        rich_help_panel=_RUN,
        help="Never more tokens than this in any minute.",
    ),
]
MaxCalls = Annotated[
    int | None,
    typer.Option(
        "--max-calls", envvar="GRADER_MAX_CALLS", min=0, rich_help_panel=_RUN, help="Stop asking after so many calls."
    ),
]
MaxCost = Annotated[
    float | None,
    typer.Option(
        "--max-cost",
        envvar="GRADER_MAX_COST",
        min=0,
        rich_help_panel=_RUN,
        help="Stop asking before it costs more than this; needs --prices.",
    ),
]
Prices = Annotated[
    Path | None,
    typer.Option(
        "--prices",
        envvar="GRADER_PRICES",
        rich_help_panel=_RUN,
        help="What models cost: YAML lines 'model: {input: 0.5, output: 1.5}', money per million tokens.",
    ),
]
Attempts = Annotated[
    int,
    typer.Option(
        "--attempts", envvar="GRADER_ATTEMPTS", min=1, max=20, rich_help_panel=_RUN, help="Tries of one call at most."
    ),
]
Timeout = Annotated[
    float,
    typer.Option(
        "--timeout", envvar="GRADER_TIMEOUT", min=1, rich_help_panel=_RUN, help="Seconds that a call may take."
    ),
]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        rich_help_panel=_RUN,
        help="Only say how many calls, tokens and how much money it would take, and what would leave this machine.",
    ),
]
CacheFile = Annotated[
    Path | None,
    typer.Option(
        "--cache",
        envvar="GRADER_CACHE_FILE",
        rich_help_panel=_RUN,
        help="Where replies are kept, so that nothing is paid for twice; by default in your cache folder.",
    ),
]
NoCache = Annotated[
    bool,
    typer.Option("--no-cache", envvar="GRADER_NO_CACHE", rich_help_panel=_RUN, help="Keep no replies on disk."),
]


def judge_choice(
    models: list[str] | None,
    *,
    when: Literal["unclear", "all", "never-for-score"],
    url: str | None,
    votes: int,
    call: Literal["answer", "point"],
    seed: int,
    reveal: bool,
    weight: Path | None,
    concurrency: int,
    requests_per_minute: int | None,
    tokens_per_minute: int | None,
    max_calls: int | None,
    max_cost: float | None,
    attempts: int,
    prices: Path | None,
    timeout: float,
    dry_run: bool,
    cache: Path | None,
    no_cache: bool,
    batch: bool = False,
) -> "JudgeChoice":
    """What these options say."""
    from grader.judges import JudgeChoice
    from grader.provider import RequestPolicy
    from grader.settings import JudgeSettings

    return JudgeChoice(
        models or [],
        JudgeSettings(when=when, votes=votes, one_call_for=call, seed=seed, reveal=reveal),
        RequestPolicy(
            concurrency=concurrency,
            attempts=attempts,
            requests_per_minute=requests_per_minute,
            tokens_per_minute=tokens_per_minute,
            max_calls=max_calls,
            max_cost=max_cost,
        ),
        base_url=url,
        prices=prices,
        weight=weight,
        cache=cache,
        keep=not no_cache,
        timeout=timeout,
        dry_run=dry_run,
        batch=batch,
    )


def open_judges(choice: "JudgeChoice") -> "OpenedPanel":
    """The panel, after a word about what it is and what leaves this machine."""
    from grader.judges import MOCK, open_panel

    opened = open_panel(choice)
    if MOCK in choice.models:
        say("judge mock: it counts shared words and asks no model; its verdicts are for trying things out")
    if opened.outgoing_data:
        say(f"judge: {'would go' if choice.dry_run else 'goes'} {opened.outgoing_data.removeprefix('goes ')}")
    return opened


def is_remote(encoder: str) -> bool:
    """Whether an encoder is behind a server, so that limits on calls are about it, too."""
    from grader.settings import REMOTE

    return encoder.startswith(REMOTE)


def open_encoder(name: str, choice: "JudgeChoice", opened: "OpenedPanel | None") -> "Encoder | None":
    """The encoder behind a server, with the limits and the cache of the run; `None` for one on this machine."""
    if not is_remote(name):
        return None
    from grader.encoders import EndpointEncoder, load_encoder
    from grader.provider import ReplyCache, RequestScheduler

    scheduler = RequestScheduler(choice.request_policy) if opened is None else opened.panel.scheduler
    encoder = load_encoder(name, scheduler=scheduler, cache=ReplyCache(choice.cache) if choice.keep else None)
    if isinstance(encoder, EndpointEncoder) and encoder.leaves:
        say(f"encoder: {encoder.leaves}")
    return encoder


def collect_batches(opened: "OpenedPanel") -> None:
    """Fetch what batches have brought since the last run, and say so."""
    for judge in opened.batch_judges:
        found = judge.collect()
        for notice in found.notices:
            say(f"judge: {notice}")


def submit_batches(opened: "OpenedPanel") -> None:
    """Send what has no reply yet, and say how to go on."""
    for judge in opened.batch_judges:
        sent = judge.submit()
        for notice in sent.notices:
            say(f"judge: {notice}")
        if sent.n_requests:
            sent_now = count(sent.n_requests, "request")
            say(f"judge: {sent_now} submitted; run the same command again to collect the replies")


def say_totals(opened: "OpenedPanel", n_not_judged: int) -> None:
    """What the judges took, at the end of a run, and how many answers have points that they left open."""
    totals = opened.totals()
    cost = "" if totals["cost"] is None else f", cost {totals['cost']:.4f}"
    say(
        f"judge: {count(totals['calls'], 'call')}, {totals['cached']:,} verdicts from the cache, "
        f"{totals['failed']} failed, {totals['input_tokens']:,} + {totals['output_tokens']:,} tokens{cost}"
    )
    if n_not_judged:
        say(f"judge: {count(n_not_judged, 'answer')} with points that it did not judge; each says why")


def say_plan(opened: "OpenedPanel") -> None:
    """What a dry run found."""
    plan = opened.plan()
    cost = "no price known (--prices)" if plan["cost"] is None else f"at most {plan['cost']:.4f}"
    say(
        f"dry run: {count(plan['calls'], 'call')}, {plan['cached']:,} verdicts from the cache, at most "
        f"{plan['input_tokens']:,} + {plan['output_tokens']:,} tokens, cost: {cost}; nothing was sent or written"
    )


def need_judge(models: list[str] | None, given: dict[str, Any]) -> None:
    """Refuse options about a judge when none is named."""
    named = [name for name, value in given.items() if value]
    if named and not models:
        raise InputError(f"{named[0]} is about a judge: name one with --judge MODEL")
