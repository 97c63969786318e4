"""`grader derive`: rubric points out of reference answers."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from grader.cli.console import print_json, progress, say
from grader.cli.import_bank import say_imported
from grader.cli.judge_options import JudgeOptions, RunOptions, judge_choice, need_judge, open_judges, say_plan
from grader.cli.options import AsJson, Only, with_options
from grader.cli.outputs import OUTPUTS, check_outputs
from grader.errors import InputError
from grader.phrases import count

if TYPE_CHECKING:
    from grader.judges import OpenedPanel
    from grader.rubrics import ProposedRubric
    from grader.schema import Question, Rubric

_BANK_ENDINGS = (".yaml", ".yml", ".json", "")


@with_options
def derive(
    ctx: typer.Context,
    *,
    bank: Annotated[
        str,
        typer.Argument(
            help="A question bank (YAML, JSON), or any page or export that import takes; with --check also rubrics."
        ),
    ],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The folder to write rubrics to.")] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Only lint: the rubrics in the folder, else new ones.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Overwrite rubrics that a person has edited or a judge proposed.")
    ] = False,
    equal_weights: Annotated[
        bool, typer.Option("--equal-weights", help="Give all points of a rubric the same weight.")
    ] = False,
    judging: Annotated[JudgeOptions, Only("judge", "judge_url")],
    run: RunOptions,
    as_json: AsJson = False,
) -> None:
    """Derive rubric points from reference answers, without an LLM; the same answer always gives the same points.

    One file a question. A file that a person has edited is kept, and the difference is shown. --check writes nothing
    and says which points are compound, vague, double, unreachable, no prose or speak of something they do not name, and
    which text and words of the reference answer no point has.

    Code, images and lines of links are no points, and each is named; each cell of a table is one. Points that say more
    weigh more, unless --equal-weights is given.

    With --judge an LLM proposes better points; those whose words do not stand in the reference answer are dropped, the
    difference is shown, and any file that is there already is kept.

    \b
    Examples:
      grader derive bank.yaml -o rubrics/
      grader derive bank.yaml -o rubrics/ --equal-weights
      grader derive questions.md -o rubrics/
      grader derive moodle_responses.csv -o rubrics/
      grader derive bank.yaml --judge gpt-4o-mini
      grader derive bank.yaml -o rubrics/ --check
      grader derive rubrics/ --check --json
    """
    from grader.reports import clean_for_terminal
    from grader.rubrics import derive as derive_rubric
    from grader.rubrics import lint, read_rubrics

    need_judge(judging, run)
    given = ctx.get_parameter_source("judge")
    if check and given is not None and given.name == "COMMANDLINE":
        raise typer.BadParameter("--check only looks: leave --judge out", param_hint="--judge")
    proposals: list[ProposedRubric] = []
    if check and Path(bank).is_dir():
        rubrics = list(read_rubrics(bank).values())
    else:
        questions = _read_questions(bank)
        if output is not None and not check and not run.dry_run:
            _check_folder(ctx, output, questions, bank)
        if judging.judge and not check:
            opened = _open_judge(judging, run)
            proposals = _proposed(questions, opened, equal_weights=equal_weights)
            if run.dry_run:
                say_plan(opened)
                if as_json:
                    print_json({"n_questions": len(questions), "judge": opened.plan()})
                return
            _say_proposed(proposals, opened)
        rubrics = [made.rubric for made in proposals] or [
            derive_rubric(question, equal_weights=equal_weights) for question in questions
        ]
        if check and output is not None and output.is_dir():
            present = read_rubrics(output)
            rubrics = [present.get(rubric.question_id, rubric) for rubric in rubrics]
    if output is not None and not check:
        _save(rubrics, proposals, output, force=force)
    found = {rubric.question_id: lint(rubric) for rubric in rubrics}
    for question_id, findings in found.items():
        for finding in findings:
            place = question_id if finding.point_id is None else f"{question_id}: {finding.point_id}"
            say(f"{place}: {finding.kind}: {finding.message}")
    if as_json:
        summaries = [_rubric_summary(rubric, found[rubric.question_id]) for rubric in rubrics]
        for summary, made in zip(summaries, proposals, strict=bool(proposals)):
            summary |= {"proposed_by": made.proposed_by, "difference": made.difference, "notes": list(made.notes)}
        print_json({"rubrics": summaries})
    elif output is None and not check:
        _print_points(rubrics)
        for difference in filter(None, (made.difference for made in proposals)):
            typer.echo(clean_for_terminal(difference))
    elif check:
        say(f"{count(sum(map(len, found.values())), 'finding')} in {count(len(rubrics), 'rubric')}")


def _read_questions(bank: str) -> "Sequence[Question]":
    from grader.rubrics import import_questions, read_bank

    if Path(bank).is_dir():
        problem = "is a folder, expected a question bank; to look rubrics through, add --check"
        raise InputError(problem, source=bank)
    if Path(bank).suffix.lower() in _BANK_ENDINGS:
        return read_bank(bank).questions
    imported = import_questions(bank)  # a page, or an export with right answers
    say_imported(imported)
    return imported.bank.questions


def _check_folder(ctx: typer.Context, folder: Path, questions: "Sequence[Question]", bank: str) -> None:
    """Make the folder, and find out before the work that a rubric cannot be written there."""
    from grader.files import make_folder
    from grader.rubrics import rubric_path

    make_folder(folder)
    files = [rubric_path(folder, question.id) for question in questions]
    ctx.meta[OUTPUTS] = check_outputs(*files, inputs=[bank])


def _open_judge(judging: JudgeOptions, run: RunOptions) -> "OpenedPanel":
    """The one judge that proposes points."""
    if judging.judge and len(judging.judge) > 1:
        raise InputError(f"one judge proposes points, found {len(judging.judge)}: name one with --judge")
    return open_judges(judge_choice(judging, run, when="all"))


def _save(rubrics: "Sequence[Rubric]", proposals: "Sequence[ProposedRubric]", folder: Path, *, force: bool) -> None:
    """Write the rubrics and tell what became of each; `proposals` is empty where no judge was asked."""
    from grader.rubrics import save_derived, save_proposed

    save = save_proposed if proposals else save_derived
    saved = [save(rubric, folder, force=force) for rubric in rubrics]
    news = [made.difference for made in proposals] or [""] * len(saved)
    for one, difference in zip(saved, news, strict=True):
        shown = one.difference if one.outcome in ("kept", "unchanged") else difference
        if shown:
            say(shown)
    numbers = Counter(one.outcome for one in saved)
    say(f"{count(len(saved), 'rubric')} in {folder}: {', '.join(f'{n} {what}' for what, n in numbers.items())}")
    if numbers["kept"]:
        why = "were there" if proposals else "a person has edited or a judge proposed"
        say(f"kept are those that {why}; --force overwrites them too")


def _proposed(questions: "Sequence[Question]", opened: "OpenedPanel", *, equal_weights: bool) -> "list[ProposedRubric]":
    """What the first judge of a panel proposes for each question."""
    from grader.rubrics import propose_all

    asked = propose_all(
        questions,
        opened.panel.members[0].judge,
        cache=opened.cache,
        scheduler=opened.panel.scheduler,
        equal_weights=equal_weights,
    )
    return list(progress(asked, "proposing", total=len(questions)))


def _say_proposed(proposals: "Sequence[ProposedRubric]", opened: "OpenedPanel") -> None:
    """What must be told about proposals, and what they took."""
    for made in proposals:
        for note in made.notes:
            say(f"{made.rubric.question_id}: {note}")
    n = sum(made.proposed_by is not None for made in proposals)
    totals = opened.totals()
    cost = "" if totals["cost"] is None else f", cost {totals['cost']:.4f}"
    say(
        f"points proposed for {n} of {count(len(proposals), 'question')}: {count(totals['calls'], 'call')}, "
        f"{totals['failed']} failed, {totals['input_tokens']:,} + {totals['output_tokens']:,} tokens{cost}"
    )


def _rubric_summary(rubric: "Rubric", findings: Iterable[Any]) -> dict[str, Any]:
    return {
        "question_id": rubric.question_id,
        "n_points": len(rubric.points),
        "findings": [
            {"kind": finding.kind, "point_id": finding.point_id, "message": finding.message} for finding in findings
        ],
    }


def _print_points(rubrics: "Iterable[Rubric]") -> None:
    for rubric in rubrics:
        typer.echo(f"{rubric.question_id} ({rubric.max_score:g})")
        for point in rubric.points:
            group = "" if point.group is None else f"  [any {rubric.groups[point.group].need} of {point.group}]"
            typer.echo(f"  {point.id:<4} {point.weight:5.2f}  {point.text}{group}")
