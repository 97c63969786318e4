"""`grader evaluate`: grades beside what people gave."""

from pathlib import Path
from typing import Annotated

import typer

from grader.cli.console import print_json, progress, say
from grader.cli.judge_options import (
    JudgeOptions,
    RunOptions,
    judge_choice,
    need_judge,
    open_encoder,
    open_judges,
    say_plan,
    say_totals,
)
from grader.cli.options import UNGRADED, AsJson, EncoderOptions, Only, with_options
from grader.cli.outputs import OUTPUTS, check_outputs
from grader.phrases import count


@with_options
def evaluate(
    ctx: typer.Context,
    *,
    labelled: Annotated[
        str, typer.Argument(help="Answers that people scored (JSONL, one answer a row); '-' is stdin.")
    ],
    encoder: EncoderOptions,
    marked: Annotated[
        int,
        typer.Option(
            "--marked",
            min=0,
            help="Give the marks of so many answers a question, drawn by seed, and score the rest; mean of 5 draws.",
        ),
    ] = 0,
    seed: Annotated[
        int, typer.Option("--seed", envvar="GRADER_SEED", help="Seed of the bootstrap and of the draws.")
    ] = 12345,
    resamples: Annotated[
        int,
        typer.Option("--resamples", envvar="GRADER_RESAMPLES", min=100, help="Resamples of the bootstrap."),
    ] = 1000,
    judging: Annotated[
        JudgeOptions, Only("judge", "judge_when", "judge_band", "judge_url", "judge_votes", "judge_call", "judge_seed")
    ],
    judge_weight: Annotated[
        Path | None,
        typer.Option(
            "--judge-weight",
            help="Write what the judge turned out to be worth to this file, for `grader grade --judge-weight`.",
        ),
    ] = None,
    sample: Annotated[
        int,
        typer.Option(
            "--sample",
            min=0,
            help="Ask the judge about so many answers alone, those that tell most, and say whether it would help on "
            "the set and what the others would cost.",
        ),
    ] = 0,
    run: RunOptions,
    as_json: AsJson = False,
) -> None:
    """Grade a labelled set and say how far the grades agree with the people who scored it.

    A row's own rubric is used; without one, points are derived from its reference answers. Intervals are 95 %, by
    bootstrap over questions. Length, lexical overlap and one cosine of the whole answer stand beside as baselines.

    With --marked the grader learns from the marks of some answers, as `grader calibrate --fit` does, and is measured on
    the others, beside the same answers without marks.

    With --judge the embedding alone, the judge alone and both together stand side by side; the first line says whether
    the judge helps. All points are asked about, unless --judge-when says otherwise. With --sample 40 only 40 answers
    are asked about; what they say is weighted so that it holds for the set, band by band.

    \b
    Examples:
      grader evaluate scored.jsonl
      grader evaluate scored.jsonl --json > agreement.json
      grader evaluate scored.jsonl --marked 10
      grader evaluate scored.jsonl --judge qwen3 --sample 40
      grader evaluate scored.jsonl --judge qwen3 --judge-weight qwen3.yaml
    """
    from grader.evaluation import evaluate as evaluate_rows
    from grader.evaluation import read_labelled_set
    from grader.judges import write_judge_weight
    from grader.reports import evaluation_lines

    need_judge(judging, run, encoder=encoder, weight=judge_weight, sample=sample)
    ctx.meta[OUTPUTS] = check_outputs(judge_weight, inputs=[labelled])
    rows = read_labelled_set(labelled)
    choice = judge_choice(judging, run, when="all")
    opened = open_judges(choice) if judging.judge else None
    result = evaluate_rows(
        rows,
        encoder=open_encoder(encoder, choice, opened),
        settings=encoder.settings(),
        panel=None if opened is None else opened.panel,
        sample=sample,
        prices=None if opened is None else opened.prices,
        marked=marked,
        seed=seed,
        n_resamples=resamples,
        progress=lambda grades: progress(grades, "grading", total=len(rows)),
    )
    if opened is not None and run.dry_run:
        say_plan(opened)
        if as_json:
            print_json({"n_answers": len(rows), "judge": opened.plan()})
        return
    if opened is not None and result.judge is not None:
        say_totals(opened, 0)
        if judge_weight is not None:
            write_judge_weight(result.judge.weight, opened.panel, judge_weight)
    if as_json:
        print_json(result.as_dict())
    else:
        typer.echo("\n".join(evaluation_lines(result)))
    if result.n_ungraded:
        say(f"ungraded: {count(result.n_ungraded, 'answer')} with neither a rubric nor a reference answer")
        raise typer.Exit(UNGRADED)
