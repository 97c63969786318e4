"""`grader grade`: the main job."""

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from grader.__about__ import PACKAGED_MODEL
from grader.cli.console import print_json, progress, progress_of, say
from grader.cli.judge_options import (
    Attempts,
    CacheFile,
    Concurrency,
    DryRun,
    JudgeBatch,
    JudgeCall,
    Judges,
    JudgeSeed,
    JudgeUrl,
    JudgeVotes,
    JudgeWeight,
    JudgeWhen,
    MaxCalls,
    MaxCost,
    NoCache,
    Prices,
    RequestsPerMinute,
    Reveal,
    Timeout,
    TokensPerMinute,
    collect_batches,
    is_remote,
    judge_choice,
    need_judge,
    open_encoder,
    open_judges,
    say_plan,
    say_totals,
    submit_batches,
)
from grader.cli.options import UNGRADED, AsJson, EncoderName, Rubrics, UseGuards, UseVerifier, chosen_settings
from grader.cli.outputs import (
    KEPT,
    OUTPUTS,
    check_outputs,
    grades_format,
    journal_of,
    print_grades,
    say_groups,
    write_grades,
    write_report,
)
from grader.cli.storage import is_stored, local_files, local_name, uri
from grader.errors import GraderError, InputError
from grader.phrases import count

if TYPE_CHECKING:
    from grader.batch import Batch, Journal, Totals
    from grader.grading import LikeAnswers

DETAILED = 5  # answers whose every point still fits on a screen or two


def grade(
    ctx: typer.Context,
    answers: Annotated[
        str,
        typer.Argument(help="JSONL, JSON, CSV, TSV, Markdown, XLSX or Parquet; '-' is stdin (any of the first five)."),
    ],
    rubrics: Rubrics = Path("rubrics"),
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The file to write grades to.")] = None,
    format_: Annotated[
        Literal["table", "jsonl", "csv", "tsv", "xlsx", "parquet"] | None,
        typer.Option("--format", help="What to write; by default what --output ends in, else a table."),
    ] = None,
    report: Annotated[Path | None, typer.Option("--report", help="Also write one self-contained HTML page.")] = None,
    show: Annotated[bool, typer.Option("--show", help="Show the grades even when they go to a file.")] = False,
    details: Annotated[
        bool | None,
        typer.Option(
            "--details/--no-details",
            help="Show every point with the words that state it; by default for up to 5 answers.",
        ),
    ] = None,
    calibration: Annotated[
        Path | None,
        typer.Option(
            "--calibration",
            envvar="GRADER_CALIBRATION",
            help="Bring scores to the people's scale with what `grader calibrate --fit` has learned from their marks.",
        ),
    ] = None,
    encoder: EncoderName = PACKAGED_MODEL,
    guards: UseGuards = None,
    verifier: UseVerifier = None,
    judge: Judges = None,
    judge_when: JudgeWhen = None,
    judge_url: JudgeUrl = None,
    judge_votes: JudgeVotes = 1,
    judge_call: JudgeCall = "answer",
    judge_seed: JudgeSeed = 0,
    judge_batch: JudgeBatch = False,
    judge_weight: JudgeWeight = None,
    reveal: Reveal = False,
    concurrency: Concurrency = 8,
    requests_per_minute: RequestsPerMinute = None,
    tokens_per_minute: TokensPerMinute = None,
    max_calls: MaxCalls = None,
    max_cost: MaxCost = None,
    prices: Prices = None,
    attempts: Attempts = 8,
    timeout: Timeout = 120.0,
    dry_run: DryRun = False,
    cache: CacheFile = None,
    no_cache: NoCache = False,
    group: Annotated[
        bool,
        typer.Option("--group", help="Find answers that are nearly the same and say whether their scores are equal."),
    ] = False,
    engine: Annotated[
        Literal["local", "ray"],
        typer.Option("--engine", help="Where to grade: on this machine, or on a Ray cluster (docs/scale.md)."),
    ] = "local",
    ray_address: Annotated[
        str | None,
        typer.Option("--ray-address", help="The Ray cluster; by default RAY_ADDRESS, else one on this machine."),
    ] = None,
    ray_actors: Annotated[
        int | None,
        typer.Option("--ray-actors", min=1, help="How many graders on the cluster; by default one a CPU."),
    ] = None,
    ray_gpus: Annotated[
        float | None,
        typer.Option("--ray-gpus", min=0, help="GPUs of each grader, for --encoder torch:...; with .5 two share one."),
    ] = None,
    max_errors: Annotated[
        float | None,
        typer.Option(
            "--max-errors",
            min=0,
            help="Stop when more answers than this come out ungraded or with a failed judge: a number, or a share "
            "below 1 of all answers. What is graded is kept.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Score every answer: the points it states, the words that show them, and what is missing.

    Exit code 3 means that some answers are ungraded (an unknown or an open question); each says why. With --judge an
    LLM looks at what the embedding leaves unclear and at open questions; its awards need words of the answer, its
    replies are kept, and where it fails the embedding's result stands and the answer is flagged.

    Grades that go to a file are kept in a journal beside it (grades.jsonl.journal) as they are made. After a crash or
    Ctrl-C the same command goes on where it stopped; later it grades what is new or changed, and nothing else.

    \b
    Examples:
      grader grade answers.jsonl
      grader grade answers.jsonl --details
      grader grade answers.csv --rubrics rubrics/ -o grades.jsonl --report report.html
      grader grade answers.md --format csv > grades.csv
      grader grade answers.jsonl --calibration marks.json -o grades.jsonl
      cat answers.jsonl | grader grade - --json
      grader grade answers.parquet -o grades.parquet --engine ray --ray-address auto
      grader grade s3://bucket/answers.parquet -o s3://bucket/grades.parquet
      grader grade answers.jsonl --judge gpt-4o-mini --dry-run
      grader grade answers.jsonl --judge qwen3 --judge-url http://localhost:11434/v1 -o grades.jsonl
    """
    import time

    from grader.batch import Batch, Engine, Journal, LocalEngine, Totals, Worklist
    from grader.files import fits_a_sheet, numbered_answers, source_name, sweep
    from grader.grading import Grader
    from grader.judges import UNPROVEN_WEIGHT
    from grader.marks import read_marks
    from grader.rubrics import read_rubrics

    about_judge = {
        "--dry-run": dry_run,
        "--judge-batch": judge_batch,
        "--reveal": reveal,
        "--judge-when": judge_when,
        "--judge-weight": judge_weight,
    }
    need_judge(
        judge,
        {
            **about_judge,
            "--max-calls": max_calls is not None and not is_remote(encoder),
            "--max-cost": max_cost is not None,
        },
    )
    if dry_run and is_remote(encoder):
        raise InputError("a dry run sends nothing, but this encoder is on a server: leave --encoder out for it")
    if engine == "ray" and is_remote(encoder):
        raise InputError("an encoder on a server has one limit for all machines: leave --engine ray out for it")
    if engine == "local" and (ray_address, ray_actors, ray_gpus) != (None, None, None):
        problem = "--ray-address, --ray-actors and --ray-gpus need --engine ray"
        raise typer.BadParameter(problem, param_hint="--engine")
    form = grades_format(format_, output)
    ctx.meta[OUTPUTS] = check_outputs(
        None if is_stored(output) else output,
        report,
        inputs=[*([] if is_stored(answers) else [answers]), rubrics, *([] if calibration is None else [calibration])],
    )
    known = read_rubrics(rubrics)
    choice = judge_choice(
        judge,
        when=judge_when or "unclear",
        url=judge_url,
        votes=judge_votes,
        call=judge_call,
        seed=judge_seed,
        reveal=reveal,
        weight=judge_weight,
        concurrency=concurrency,
        requests_per_minute=requests_per_minute,
        tokens_per_minute=tokens_per_minute,
        max_calls=max_calls,
        max_cost=max_cost,
        attempts=attempts,
        prices=prices,
        timeout=timeout,
        dry_run=dry_run,
        cache=cache,
        no_cache=no_cache,
        batch=judge_batch,
    )
    opened = open_judges(choice) if judge else None
    settings = chosen_settings(encoder, guards=guards, verifier=verifier)
    grader = Grader(
        known,
        encoder=open_encoder(encoder, choice, opened),
        settings=settings,
        panel=None if opened is None else opened.panel,
        weight=UNPROVEN_WEIGHT if opened is None else opened.weight,
        marks=None if calibration is None else read_marks(calibration),
    )
    grader.prepare()
    if opened is not None:
        collect_batches(opened)
    runs_on: Engine = LocalEngine(grader)
    if engine == "ray":
        from grader.batch import RayEngine

        make = partial(Grader, known, settings=settings)
        runs_on = RayEngine(grader, make, address=ray_address, n_actors=ray_actors, gpus=ray_gpus or 0.0)
    kept = None if dry_run else journal_of(local_name(output))
    with local_files(answers, output) as (read, written), Journal(kept) as journal, Worklist() as work:
        if kept is not None and written is not None:
            sweep(written)
        batch = Batch(grader.signature_of, runs_on, journal, work)
        # All answers are read before the first is graded: a fault in the last line costs no work.
        questions = {name: rubric.question for name, rubric in known.items()}
        batch.take(progress(numbered_answers(read, questions=questions), "reading"), source=source_name(read))
        if form == "xlsx" and output is not None:
            fits_a_sheet(batch.n_answers, output)
        _say_kept(batch, journal)
        begin = time.perf_counter()
        try:
            for _ in progress_of(batch.grade(), "grading", total=batch.n_answers):
                _check_errors(batch, batch.n_failed, max_errors, kept)
        except KeyboardInterrupt:
            if kept is not None:
                ctx.meta[KEPT] = f"{_so_far(batch, kept)}: run the same command again to go on"
            raise
        seconds = time.perf_counter() - begin
        if opened is not None and dry_run:
            say_plan(opened)
            if as_json:
                print_json({"n_answers": batch.n_answers, "judge": opened.plan()})
            return
        totals = Totals(seconds, batch.n_reused)
        for each in progress(batch, "adding up", total=batch.n_answers):
            totals.add(each)
        _check_errors(batch, totals.n_failed, max_errors, kept)  # those of earlier runs count, too
        groups = _like_answers(batch) if group else None
        if report is not None:  # before stdout, whose reader may have seen enough
            write_report(batch, report, title=f"Grades of {Path(answers).name}", groups=groups)
        write_grades(batch, form, written, as_json=as_json)
        if (form == "table" or show) and not as_json:
            print_grades(list(batch), details=batch.n_answers <= DETAILED if details is None else details)
        batch.tidy()
    if as_json:
        judged = {} if opened is None else {"judge": opened.totals()}
        where = {"signature": grader.signature, "output": None if output is None else uri(output)}
        grouped = {} if groups is None else {"groups": [asdict(like) for like in groups]}
        print_json({**totals.as_json(), **where, **judged, **grouped})
    _say_totals(totals)
    if opened is not None:
        submit_batches(opened)
        say_totals(opened, totals.n_judge_failed)
    if totals.alike:
        more = totals.n_alike - len(totals.alike)
        rest = f" and {more} more" if more else ""
        say(f"the same words from different candidates: {', '.join(totals.alike)}{rest}")
    if groups is not None:
        say_groups(groups)
    if totals.n_ungraded:
        raise typer.Exit(UNGRADED)


def _like_answers(batch: "Batch") -> "list[LikeAnswers]":
    from grader.grading import group_answers

    return group_answers(batch)


def _say_kept(batch: "Batch", journal: "Journal") -> None:
    if journal.n_dropped:
        lines = count(journal.n_dropped, "line")
        say(f"{journal.source}: {lines} at its end belonged to a chunk that was cut off, and will be made again")
    if batch.n_reused:
        say(f"{batch.n_reused} of {count(batch.n_answers, 'answer')} were graded before: {journal.source}")


def _so_far(batch: "Batch", kept: Path) -> str:
    return f"{batch.n_graded} of {count(batch.n_answers, 'answer')} are kept in {kept}"


def _check_errors(batch: "Batch", n_failed: int, max_errors: float | None, kept: Path | None) -> None:
    """Stop a run in which too many answers come out without a usable grade."""
    if max_errors is None:
        return
    limit = max_errors if max_errors >= 1 else max_errors * batch.n_answers
    if n_failed > limit:
        so_far = "" if kept is None else f"; {_so_far(batch, kept)}"
        raise GraderError(f"stopped: {count(n_failed, 'answer')} failed, --max-errors is {max_errors:g}{so_far}")


def _say_totals(totals: "Totals") -> None:
    mean = "" if totals.mean_fraction is None else f", mean {totals.mean_fraction:.0%}"
    say(f"{count(totals.n_answers, 'answer')}, {totals.n_ungraded} ungraded{mean}, {totals.seconds:.1f} s")
    for reason, n in totals.reasons.items():
        say(f"ungraded: {n} x {reason}")
