"""The options of commands that may ask a judge, and the panel that they make; light, for `--help` shows them."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from grader.cli.console import say
from grader.cli.options import EncoderOptions
from grader.errors import InputError
from grader.phrases import count

if TYPE_CHECKING:
    from grader.encoders import Encoder
    from grader.judges import JudgeChoice, OpenedPanel

    When = Literal["unclear", "all", "never-for-score"]


@dataclass(frozen=True)
class JudgeOptions:
    """Which judges are asked, about what, and what becomes of their verdicts."""

    judge: Annotated[
        list[str] | None,
        typer.Option(
            "--judge",
            envvar="GRADER_JUDGE",
            help="An LLM, as its server calls it; several for a majority; 'mock' counts words and asks nobody.",
        ),
    ] = None
    judge_when: Annotated[
        Literal["unclear", "all", "never-for-score"] | None,
        typer.Option(
            "--judge-when",
            envvar="GRADER_JUDGE_WHEN",
            help="Ask about points that the embedding leaves unclear, about all, or about all without moving a score.",
        ),
    ] = None
    judge_band: Annotated[
        str | None,
        typer.Option(
            "--judge-band",
            envvar="GRADER_JUDGE_BAND",
            help="Chances of being stated between which a point is unclear; .3-.7 unless given.",
        ),
    ] = None
    judge_url: Annotated[
        str | None,
        typer.Option(
            "--judge-url",
            envvar="OPENAI_BASE_URL",
            help="Its server, any that is OpenAI-compatible; the key comes from OPENAI_API_KEY alone.",
        ),
    ] = None
    judges: Annotated[
        Path | None,
        typer.Option(
            "--judges",
            envvar="GRADER_JUDGES",
            help="A file of servers and models, whose names --judge takes; judges.yaml in this folder if it is there.",
        ),
    ] = None
    judge_max_tokens: Annotated[
        int | None,
        typer.Option(
            "--judge-max-tokens",
            envvar="GRADER_JUDGE_MAX_TOKENS",
            min=1,
            help="Longest reply, with its reasoning; doubled once for one that is cut off. By default 500 and 220 a "
            "point.",
        ),
    ] = None
    judge_reasoning_effort: Annotated[
        str | None,
        typer.Option(
            "--judge-reasoning-effort",
            envvar="GRADER_JUDGE_REASONING_EFFORT",
            help="How long a reasoning model may think, as its server calls it, such as low.",
        ),
    ] = None
    judge_votes: Annotated[
        int,
        typer.Option(
            "--judge-votes",
            envvar="GRADER_JUDGE_VOTES",
            min=1,
            max=9,
            help="Ask each judge so often, in another order each time, and take the majority.",
        ),
    ] = 1
    judge_call: Annotated[
        Literal["answer", "point"],
        typer.Option(
            "--judge-call",
            envvar="GRADER_JUDGE_CALL",
            help="One call an answer with all its points, or one call a point.",
        ),
    ] = "answer"
    judge_seed: Annotated[
        int, typer.Option("--judge-seed", envvar="GRADER_JUDGE_SEED", help="Seed of the order of points.")
    ] = 0
    judge_batch: Annotated[
        bool,
        typer.Option(
            "--judge-batch",
            envvar="GRADER_JUDGE_BATCH",
            help="Ask through the server's Batch API: submit, run the same command later, collect; often at half "
            "price.",
        ),
    ] = False
    judge_weight: Annotated[
        Path | None,
        typer.Option(
            "--judge-weight",
            envvar="GRADER_JUDGE_WEIGHT",
            help="What labelled answers have shown of the judge: a file that `grader evaluate --judge` wrote.",
        ),
    ] = None
    reveal: Annotated[
        bool,
        typer.Option(
            "--reveal", envvar="GRADER_REVEAL", help="Let feedback quote the reference answer and the points."
        ),
    ] = False


@dataclass(frozen=True)
class RunOptions:
    """How requests to a server are sent, what they may cost, and where replies are kept."""

    concurrency: Annotated[
        int, typer.Option("--concurrency", "-j", envvar="GRADER_CONCURRENCY", min=1, max=256, help="Calls at once.")
    ] = 8
    requests_per_minute: Annotated[
        int | None,
        typer.Option(
            "--requests-per-minute",
            envvar="GRADER_REQUESTS_PER_MINUTE",
            min=1,
            help="Never more calls than this in any minute, tries included.",
        ),
    ] = None
    tokens_per_minute: Annotated[
        int | None,
        typer.Option(
            "--tokens-per-minute",
            envvar="GRADER_TOKENS_PER_MINUTE",
            min=1,
            help="Never more tokens than this in any minute.",
        ),
    ] = None
    max_calls: Annotated[
        int | None,
        typer.Option("--max-calls", envvar="GRADER_MAX_CALLS", min=0, help="Stop asking after so many calls."),
    ] = None
    max_cost: Annotated[
        float | None,
        typer.Option(
            "--max-cost",
            envvar="GRADER_MAX_COST",
            min=0,
            help="Stop asking before it costs more than this; needs --prices.",
        ),
    ] = None
    prices: Annotated[
        Path | None,
        typer.Option(
            "--prices",
            envvar="GRADER_PRICES",
            help="What models cost: YAML lines 'model: {input: 0.5, output: 1.5}', money per million tokens.",
        ),
    ] = None
    attempts: Annotated[
        int, typer.Option("--attempts", envvar="GRADER_ATTEMPTS", min=1, max=20, help="Tries of one call at most.")
    ] = 8
    timeout: Annotated[
        float, typer.Option("--timeout", envvar="GRADER_TIMEOUT", min=1, help="Seconds that a call may take.")
    ] = 120.0
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Only say how many calls, tokens and how much money it would take, and what would leave this machine.",
        ),
    ] = False
    cache: Annotated[
        Path | None,
        typer.Option(
            "--cache",
            envvar="GRADER_CACHE_FILE",
            help="Where replies are kept, so that nothing is paid for twice; by default in your cache folder.",
        ),
    ] = None
    no_cache: Annotated[bool, typer.Option("--no-cache", envvar="GRADER_NO_CACHE", help="Keep no replies on disk.")] = (
        False
    )


def need_judge(
    judging: JudgeOptions,
    run: RunOptions,
    *,
    encoder: EncoderOptions | None = None,
    weight: Path | None = None,
    sample: int = 0,
    reveals: bool = False,
) -> None:
    """Refuse options about a judge when none is named.

    Args:
        judging, run: the options.
        encoder: of the command, if it has one: one behind a server has a limit on calls, too.
        weight: the file of --judge-weight where the command writes it.
        sample: the number of --sample.
        reveals: whether --reveal is also about what the command writes for students.

    Raises:
        InputError: names the first such option.
    """
    if judging.judge:
        return
    about_a_judge = {
        "--dry-run": run.dry_run,
        "--judge-batch": judging.judge_batch,
        "--reveal": judging.reveal and not reveals,
        "--judges": judging.judges is not None,
        "--judge-max-tokens": judging.judge_max_tokens is not None,
        "--judge-reasoning-effort": judging.judge_reasoning_effort is not None,
        "--judge-when": judging.judge_when is not None,
        "--judge-band": judging.judge_band is not None,
        "--sample": sample > 0,
        "--judge-weight": (judging.judge_weight or weight) is not None,
        "--max-calls": run.max_calls is not None and not (encoder is not None and encoder.is_remote),
        "--max-cost": run.max_cost is not None,
    }
    given = next((name for name, is_given in about_a_judge.items() if is_given), None)
    if given is not None:
        raise InputError(f"{given} is about a judge: name one with --judge MODEL")


def _band(text: str) -> dict[str, float]:
    """The ends of a band written as `.3-.7`."""
    try:
        low, high = (float(end) for end in text.split("-"))
    except ValueError:
        low, high = 1.0, 0.0
    if not 0 <= low <= high <= 1:
        raise InputError(f"--judge-band {text}: expected two chances from 0 to 1, such as .3-.7")
    return {"unclear_from": low, "unclear_to": high}


def judge_choice(judging: JudgeOptions, run: RunOptions, *, when: "When") -> "JudgeChoice":
    """What these options say; `when` counts where --judge-when is not given."""
    from grader.judges import JudgeChoice
    from grader.provider import RequestPolicy
    from grader.settings import JudgeSettings

    return JudgeChoice(
        judging.judge or [],
        JudgeSettings(
            when=judging.judge_when or when,
            **({} if judging.judge_band is None else _band(judging.judge_band)),
            votes=judging.judge_votes,
            one_call_for=judging.judge_call,
            seed=judging.judge_seed,
            reveal=judging.reveal,
        ),
        RequestPolicy(
            concurrency=run.concurrency,
            attempts=run.attempts,
            requests_per_minute=run.requests_per_minute,
            tokens_per_minute=run.tokens_per_minute,
            max_calls=run.max_calls,
            max_cost=run.max_cost,
        ),
        base_url=judging.judge_url,
        judges_file=judging.judges,
        max_tokens=judging.judge_max_tokens,
        reasoning_effort=judging.judge_reasoning_effort,
        prices=run.prices,
        weight=judging.judge_weight,
        cache=run.cache,
        keep=not run.no_cache,
        timeout=run.timeout,
        dry_run=run.dry_run,
        batch=judging.judge_batch,
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


def say_power(opened: "OpenedPanel") -> None:
    """What the judge's word may move."""
    weight = opened.weight
    if weight.influence == 0:
        say(f"judge: its influence is 0, so it moves no score and only explains ({weight.provenance})")
    elif not weight.is_proven:
        say(
            "judge: unproven, so its word alone moves no score; what it quotes may move unclear points a little, and "
            "open questions go to a person; measure it: grader evaluate SCORED --judge MODEL --judge-weight FILE"
        )


def open_encoder(options: EncoderOptions, choice: "JudgeChoice", opened: "OpenedPanel | None") -> "Encoder | None":
    """The encoder behind a server, with the limits and the cache of the run; `None` for one on this machine."""
    if not options.is_remote:
        return None
    from grader.encoders import EndpointEncoder, load_encoder
    from grader.provider import ReplyCache, RequestScheduler

    scheduler = RequestScheduler(choice.request_policy) if opened is None else opened.panel.scheduler
    encoder = load_encoder(
        options.encoder, scheduler=scheduler, cache=ReplyCache(choice.cache) if choice.keep else None
    )
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
