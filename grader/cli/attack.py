"""`grader attack`: how hard the grader is to fool."""

from pathlib import Path
from typing import Annotated

import typer

from grader.cli.console import print_json, progress, say
from grader.cli.options import AsJson, EncoderOptions, Rubrics, with_options


@with_options
def attack(
    *,
    rubrics: Rubrics = Path("rubrics"),
    answers: Annotated[
        str | None,
        typer.Option(
            help="Good answers to attack: rows with level 'strong', else the best-scored of each question; "
            "levels 'partial' and 'misconception' are material, too."
        ),
    ] = None,
    pairs: Annotated[
        str | None,
        typer.Option(help="Instead of attacks: a table of pairs with point, statement, relation (contradicts, same)."),
    ] = None,
    only: Annotated[str, typer.Option(help="Ids of attacks, such as C10,C11; by default all.")] = "",
    examples: Annotated[int, typer.Option(min=0, help="Show so many successful cases of each attack.")] = 0,
    seed: Annotated[int, typer.Option("--seed", envvar="GRADER_SEED", help="Seed of the attacks.")] = 12345,
    encoder: EncoderOptions,
    as_json: AsJson = False,
) -> None:
    """Attack the grader as configured, and say how often each attack succeeds.

    The attacks C01 to C49 are built from the rubrics and from good answers to them: texts without content, echoes and
    keyword lists, single facts changed, padding, other letters, faulty files, misconceptions, claims that are only
    quoted, supposed, doubted or rejected, and better answers against worse ones. Without --answers the reference
    answers stand for good ones, and what is partial or wrong is made of the points by rule. Intervals are 95 %
    (Wilson). Bare pairs of a point and a statement go to --pairs.

    \b
    Examples:
      grader attack --answers data/practice_answers.jsonl
      cat data/practice_answers.jsonl data/contrast_answers.jsonl | grader attack --answers -
      grader attack --only C10,C11,C12 --examples 3
      grader attack --pairs refutations.tsv --json
    """
    from grader.reports import attack_table, statement_pair_lines

    if pairs is not None:
        from grader.evaluation import grade_statement_pairs, read_statement_pairs

        read = read_statement_pairs(pairs)
        report = grade_statement_pairs(
            read,
            settings=encoder.settings(),
            progress=lambda verdicts: progress(verdicts, "grading", total=len(read)),
        ).as_dict()
        if as_json:
            print_json(report)
        else:
            typer.echo("\n".join([*statement_pair_lines(report), report["signature"]]))
        return

    from rich.console import Console

    from grader.evaluation import parse_attack_ids, run_attacks
    from grader.files import read_answers
    from grader.grading import Grader
    from grader.rubrics import read_rubrics

    wanted = parse_attack_ids(only)
    known = read_rubrics(rubrics)
    questions = {name: rubric.question for name, rubric in known.items()}
    result = run_attacks(
        Grader(known, settings=encoder.settings()),
        () if answers is None else list(read_answers(answers, questions=questions)),
        only=wanted,
        seed=seed,
        progress=lambda grades, total: progress(grades, "attacking", total=total),
    )
    for note in result.notes:
        say(note)
    if as_json:
        print_json(result.as_dict())
    else:
        console = Console()
        console.print(attack_table(result, examples=examples, width=console.width))
