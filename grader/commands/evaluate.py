"""`grader evaluate`: grades beside what people gave."""

from typing import Annotated

import typer

from grader import PACKAGED_MODEL
from grader.console import print_json, progress, say
from grader.options import UNGRADED, AsJson, EncoderName, UseGuards, UseVerifier, chosen_settings
from grader.phrases import count


def evaluate(
    labelled: Annotated[
        str, typer.Argument(help="Answers that people scored (JSONL, one answer a row); '-' is stdin.")
    ],
    encoder: EncoderName = PACKAGED_MODEL,
    guards: UseGuards = None,
    verifier: UseVerifier = None,
    seed: Annotated[int, typer.Option("--seed", envvar="GRADER_SEED", help="Seed of the bootstrap.")] = 12345,
    resamples: Annotated[
        int,
        typer.Option("--resamples", envvar="GRADER_RESAMPLES", min=100, help="Resamples of the bootstrap."),
    ] = 1000,
    as_json: AsJson = False,
) -> None:
    """Grade a labelled set and say how far the grades agree with the people who scored it.

    A row's own rubric is used; without one, points are derived from its reference answers. Intervals are 95 %, by
    bootstrap over questions. Length, lexical overlap and one cosine of the whole answer stand beside as baselines.

    \b
    Examples:
      grader evaluate scored.jsonl
      grader evaluate scored.jsonl --json > agreement.json
    """
    from grader.answers import read_labelled
    from grader.evaluation import evaluate as evaluate_rows
    from grader.terminal_evaluation import evaluation_lines

    rows = read_labelled(labelled)
    result = evaluate_rows(
        rows,
        settings=chosen_settings(encoder, guards=guards, verifier=verifier),
        seed=seed,
        n_resamples=resamples,
        progress=lambda grades: progress(grades, "grading", total=len(rows)),
    )
    if as_json:
        print_json(result.as_dict())
    else:
        typer.echo("\n".join(evaluation_lines(result)))
    if result.n_ungraded:
        say(f"ungraded: {count(result.n_ungraded, 'answer')} with neither a rubric nor a reference answer")
        raise typer.Exit(UNGRADED)
