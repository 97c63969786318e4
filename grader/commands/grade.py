"""`grader grade`: the main job."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from grader import PACKAGED_MODEL
from grader.console import print_json, progress, say
from grader.errors import InputError
from grader.judge_options import (
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
from grader.options import UNGRADED, AsJson, EncoderName, Rubrics, UseGuards, UseVerifier, chosen_settings
from grader.outputs import OUTPUTS, check_outputs, grades_format, print_grades, write_grades, write_report
from grader.phrases import count

if TYPE_CHECKING:
    from grader.schema import Grade

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
    as_json: AsJson = False,
) -> None:
    """Score every answer: the points it states, the words that show them, and what is missing.

    Exit code 3 means that some answers are ungraded (an unknown or an open question); each says why. With --judge an
    LLM looks at what the embedding leaves unclear and at open questions; its awards need words of the answer, its
    replies are kept, and where it fails the embedding's result stands and the answer is flagged.

    \b
    Examples:
      grader grade answers.jsonl
      grader grade answers.jsonl --details
      grader grade answers.csv --rubrics rubrics/ -o grades.jsonl --report report.html
      grader grade answers.md --format csv > grades.csv
      cat answers.jsonl | grader grade - --json
      grader grade answers.jsonl --judge gpt-4o-mini --dry-run
      grader grade answers.jsonl --judge qwen3 --judge-url http://localhost:11434/v1 -o grades.jsonl
    """
    import time

    from grader.answers import read_answers
    from grader.duplicates import mark_duplicates
    from grader.grading import Grader
    from grader.rubric import read_rubrics
    from grader.weight import UNPROVEN

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
    form = grades_format(format_, output)
    ctx.meta[OUTPUTS] = check_outputs(output, report, inputs=[answers, rubrics])
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
        weight=UNPROVEN if opened is None else opened.weight,
    )
    grader.prepare()
    if opened is not None:
        collect_batches(opened)
    # All answers are read before the first is graded: a fault in the last line costs no work.
    asked = list(read_answers(answers, questions={name: rubric.question for name, rubric in known.items()}))
    begin = time.perf_counter()
    grades = mark_duplicates(list(progress(grader.grade_many(asked), "grading", total=len(asked))))
    seconds = time.perf_counter() - begin
    if opened is not None and dry_run:
        say_plan(opened)
        if as_json:
            print_json({"n_answers": len(grades), "judge": opened.plan()})
        return
    if report is not None:  # before stdout, whose reader may have seen enough
        write_report(grades, report, title=f"Grades of {Path(answers).name}")
    write_grades(grades, form, output, as_json=as_json)
    if (form == "table" or show) and not as_json:
        print_grades(grades, details=len(grades) <= DETAILED if details is None else details)
    totals = _totals(grades, seconds)
    if as_json:
        judged = {} if opened is None else {"judge": opened.totals()}
        where = {"signature": grader.signature, "output": None if output is None else str(output)}
        print_json({**totals, **where, **judged})
    mean = "" if totals["mean_fraction"] is None else f", mean {totals['mean_fraction']:.0%}"
    say(f"{count(len(grades), 'answer')}, {totals['n_ungraded']} ungraded{mean}, {seconds:.1f} s")
    for reason, n in Counter(grade.ungraded_reason for grade in grades if grade.ungraded_reason).items():
        say(f"ungraded: {n} x {reason}")
    if opened is not None:
        submit_batches(opened)
        say_totals(opened, sum("judge_failed" in grade.flags for grade in grades))
    alike = [grade.answer_id for grade in grades if "duplicate" in grade.flags]
    if alike:
        say(f"the same words from different candidates: {', '.join(alike)}")
    if totals["n_ungraded"]:
        raise typer.Exit(UNGRADED)


def _totals(grades: "Sequence[Grade]", seconds: float) -> dict[str, Any]:
    """The figures of a run, as `--json` prints them."""
    fractions = [grade.fraction for grade in grades if grade.fraction is not None]
    return {
        "n_answers": len(grades),
        "n_graded": len(fractions),
        "n_ungraded": len(grades) - len(fractions),
        "n_needs_review": sum(grade.needs_review for grade in grades),
        "n_reused": 0,  # nothing is kept between runs yet
        "mean_fraction": sum(fractions) / len(fractions) if fractions else None,
        "seconds": round(seconds, 3),
        "answers_per_second": round(len(grades) / seconds, 2),
    }
