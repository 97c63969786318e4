"""The command line: thin commands over the library. Data goes to stdout or a file, talk to stderr.

Everything heavy is imported inside the command that needs it, so that `--help` answers at once.
"""

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import typer
from typer.core import TyperGroup

from grader import PACKAGED_MODEL, __version__
from grader.console import drop_stdout, print_json, progress, say
from grader.errors import GraderError, InputError
from grader.options import AsJson, EncoderName, Rubrics, UseGuards, UseVerifier, chosen_settings
from grader.outputs import Outputs, check_outputs, grades_format, print_grades, write_grades, write_report
from grader.phrases import count, one_line, shorten

if TYPE_CHECKING:
    from grader.schema import Grade, Rubric

Item = TypeVar("Item")
UNGRADED = 3
INTERRUPTED = 130
READER_GONE = 141  # 128 + SIGPIPE, as of other tools whose output nobody reads any more
OUTPUTS = "grader.outputs"  # where a command notes what it is going to write
DETAILED = 5  # answers whose every point still fits on a screen or two


class _Commands(TyperGroup):
    """An error that the user can mend is one line on stderr and exit code 1; a bug keeps its traceback."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().main(*args, **kwargs)
        except OSError as error:
            from grader.writing import DISK_FAULTS

            if error.errno not in DISK_FAULTS or error.filename is not None:  # what is left is stdout
                raise
            drop_stdout()
            say(f"grader: <stdout>: cannot be written: {error.strerror or error}")
            sys.exit(1)

    def invoke(self, ctx: Any) -> Any:  # the type is typer's own copy of click.Context
        try:
            return super().invoke(ctx)
        except GraderError as error:
            say(f"grader: {one_line(str(error))}")
            raise typer.Exit(1) from error
        except BrokenPipeError as error:
            drop_stdout()
            raise typer.Exit(READER_GONE) from error
        except KeyboardInterrupt as error:
            written = ctx.meta.get(OUTPUTS, Outputs()).written
            what = f"{', '.join(map(str, written))} was written before" if written else "no file was written"
            say(f"grader: interrupted, {what}")
            raise typer.Exit(INTERRUPTED) from error


app = typer.Typer(
    name="grader",
    cls=_Commands,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "GRADER"},
)


def main() -> None:
    """Run the command line."""
    app()


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"grader {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Score written answers point by point, offline, with the words that show each point.

    \b
    A first run:
      grader import page.txt -o bank.yaml       questions and reference answers from a page
      grader derive bank.yaml -o rubrics/       rubric points from the reference answers
      grader grade answers.jsonl                a score, the points stated and the points missed
    """


@app.command("import", short_help="Questions and reference answers from a page or a table.")
def import_(
    ctx: typer.Context,
    source: Annotated[
        str, typer.Argument(help="Text, Markdown, CSV, TSV, XLSX, JSONL, JSON or YAML; '-' is stdin (any but XLSX).")
    ],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The bank to write (YAML).")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a bank that holds something else.")] = False,
    as_json: AsJson = False,
) -> None:
    """Read questions and reference answers from a page or a table into a question bank.

    Titles, footers and questions without an answer are dropped and reported; a placeholder such as "[This requires
    a personalized answer ...]" becomes an open question. A file that is there and holds something else is kept,
    unless --force says otherwise.

    \b
    Examples:
      grader import page.txt -o bank.yaml
      grader import questions.csv --json
      cat page.md | grader import - > bank.yaml
    """
    from grader.bank import import_questions, write_bank
    from grader.revise import save_imported

    ctx.meta[OUTPUTS] = check_outputs(output, inputs=[source])
    result = import_questions(source)
    n_open = sum(question.kind == "open" for question in result.bank.questions)
    if output is not None:
        save_imported(result.bank, output, force=force)
    elif not as_json:
        write_bank(result.bank, "-")
    for dropped in result.dropped:
        say(f"dropped line {dropped.line} ({dropped.why}): {shorten(dropped.text)}")
    say(f"{count(len(result.bank.questions), 'question')} ({n_open} open), {len(result.dropped)} dropped")
    if as_json:
        print_json(
            {
                "n_questions": len(result.bank.questions),
                "n_open": n_open,
                "dropped": [dropped.text for dropped in result.dropped],
                "questions": [question.model_dump(mode="json") for question in result.bank.questions],
            }
        )


@app.command(short_help="Rubric points from reference answers.")
def derive(
    ctx: typer.Context,
    bank: Annotated[str, typer.Argument(help="A question bank (YAML or JSON); with --check also a folder of rubrics.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The folder to write rubrics to.")] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Only lint: the rubrics in the folder, else new ones.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite rubrics that a person has edited.")] = False,
    as_json: AsJson = False,
) -> None:
    """Derive rubric points from reference answers, without an LLM; the same answer always gives the same points.

    One file a question. A file that a person has edited is kept, and the difference is shown. --check writes nothing
    and says which points are compound, vague, double or unreachable and which reference text no point covers.

    \b
    Examples:
      grader derive bank.yaml -o rubrics/
      grader derive bank.yaml -o rubrics/ --check
      grader derive rubrics/ --check --json
    """
    from grader.derive import derive as derive_rubric
    from grader.lint import lint
    from grader.revise import save_derived
    from grader.rubric import read_rubrics, rubric_path

    if check and Path(bank).is_dir():
        rubrics = list(read_rubrics(bank).values())
    else:
        from grader.bank import read_bank
        from grader.writing import make_folder

        if Path(bank).is_dir():
            problem = "is a folder, expected a question bank; to look rubrics through, add --check"
            raise InputError(problem, source=bank)
        questions = read_bank(bank).questions
        if output is not None and not check:
            make_folder(output)
            files = [rubric_path(output, question.id) for question in questions]
            ctx.meta[OUTPUTS] = check_outputs(*files, inputs=[bank])
        rubrics = [derive_rubric(question) for question in questions]
        if check and output is not None and output.is_dir():
            present = read_rubrics(output)
            rubrics = [present.get(rubric.question_id, rubric) for rubric in rubrics]
    if output is not None and not check:
        saved = [save_derived(rubric, output, force=force) for rubric in rubrics]
        for difference in filter(None, (one.difference for one in saved)):
            say(difference)
        numbers = Counter(one.outcome for one in saved)
        say(f"{count(len(saved), 'rubric')} in {output}: {', '.join(f'{n} {what}' for what, n in numbers.items())}")
        if numbers["kept"]:
            say("kept are those that a person has edited; --force overwrites them too")
    found = {rubric.question_id: lint(rubric) for rubric in rubrics}
    for question_id, findings in found.items():
        for finding in findings:
            place = question_id if finding.point_id is None else f"{question_id}: {finding.point_id}"
            say(f"{place}: {finding.kind}: {finding.message}")
    if as_json:
        print_json({"rubrics": [_rubric_summary(rubric, found[rubric.question_id]) for rubric in rubrics]})
    elif output is None and not check:
        _print_points(rubrics)
    elif check:
        say(f"{count(sum(map(len, found.values())), 'finding')} in {count(len(rubrics), 'rubric')}")


@app.command(short_help="Score answers; the main job.")
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
    as_json: AsJson = False,
) -> None:
    """Score every answer: the points it states, the words that show them, and what is missing.

    Exit code 3 means that some answers are ungraded (an unknown or an open question); each says why.

    \b
    Examples:
      grader grade answers.jsonl
      grader grade answers.jsonl --details
      grader grade answers.csv --rubrics rubrics/ -o grades.jsonl --report report.html
      grader grade answers.md --format csv > grades.csv
      cat answers.jsonl | grader grade - --json
    """
    import time

    from grader.answers import read_answers
    from grader.duplicates import mark_duplicates
    from grader.grading import Grader
    from grader.rubric import read_rubrics

    form = grades_format(format_, output)
    ctx.meta[OUTPUTS] = check_outputs(output, report, inputs=[answers, rubrics])
    known = read_rubrics(rubrics)
    grader = Grader(known, settings=chosen_settings(encoder, guards=guards, verifier=verifier))
    grader.prepare()
    # All answers are read before the first is graded: a fault in the last line costs no work.
    asked = list(read_answers(answers, questions={name: rubric.question for name, rubric in known.items()}))
    begin = time.perf_counter()
    grades = mark_duplicates(list(progress(grader.grade_many(asked), "grading", total=len(asked))))
    seconds = time.perf_counter() - begin
    if report is not None:  # before stdout, whose reader may have seen enough
        write_report(grades, report, title=f"Grades of {Path(answers).name}")
    write_grades(grades, form, output, as_json=as_json)
    if (form == "table" or show) and not as_json:
        print_grades(grades, details=len(grades) <= DETAILED if details is None else details)
    totals = _totals(grades, seconds)
    if as_json:
        print_json({**totals, "signature": grader.signature, "output": None if output is None else str(output)})
    mean = "" if totals["mean_fraction"] is None else f", mean {totals['mean_fraction']:.0%}"
    say(f"{count(len(grades), 'answer')}, {totals['n_ungraded']} ungraded{mean}, {seconds:.1f} s")
    for reason, n in Counter(grade.ungraded_reason for grade in grades if grade.ungraded_reason).items():
        say(f"ungraded: {n} x {reason}")
    alike = [grade.answer_id for grade in grades if "duplicate" in grade.flags]
    if alike:
        say(f"the same words from different candidates: {', '.join(alike)}")
    if totals["n_ungraded"]:
        raise typer.Exit(UNGRADED)


@app.command(short_help="How far grades agree with people.")
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


@app.command(short_help="How hard the grader is to fool.")
def attack(
    rubrics: Rubrics = Path("rubrics"),
    answers: Annotated[
        str | None,
        typer.Option(help="Good answers to attack: rows with level 'strong', else the best-scored of each question."),
    ] = None,
    pairs: Annotated[
        str | None,
        typer.Option(help="Instead of attacks: a table of pairs with point, statement, relation (contradicts, same)."),
    ] = None,
    only: Annotated[str, typer.Option(help="Ids of attacks, such as C10,C11; by default all.")] = "",
    examples: Annotated[int, typer.Option(min=0, help="Show so many successful cases of each attack.")] = 0,
    seed: Annotated[int, typer.Option("--seed", envvar="GRADER_SEED", help="Seed of the attacks.")] = 12345,
    encoder: EncoderName = PACKAGED_MODEL,
    guards: UseGuards = None,
    verifier: UseVerifier = None,
    as_json: AsJson = False,
) -> None:
    """Attack the grader as configured, and say how often each attack succeeds.

    The attacks C01 to C35 are built from the rubrics and from good answers to them: texts without content, echoes and
    keyword lists, single facts changed, padding, other letters, faulty files. Without --answers the reference answers
    stand for good ones. Intervals are 95 % (Wilson). Bare pairs of a point and a statement go to --pairs.

    \b
    Examples:
      grader attack --answers data/practice_answers.jsonl
      grader attack --only C10,C11,C12 --examples 3
      grader attack --pairs refutations.tsv --json
    """
    from grader.terminal_attacks import attack_table, pair_lines

    if pairs is not None:
        from grader.pairs import judge_pairs, read_pairs

        read = read_pairs(pairs)
        report = judge_pairs(
            read,
            settings=chosen_settings(encoder, guards=guards, verifier=verifier),
            progress=lambda verdicts: progress(verdicts, "grading", total=len(read)),
        ).as_dict()
        if as_json:
            print_json(report)
        else:
            typer.echo("\n".join([*pair_lines(report), report["signature"]]))
        return

    from rich.console import Console

    from grader.answers import read_answers
    from grader.grading import Grader
    from grader.robustness import attack as attack_grader
    from grader.robustness import attack_ids
    from grader.rubric import read_rubrics

    wanted = attack_ids(only)
    known = read_rubrics(rubrics)
    questions = {name: rubric.question for name, rubric in known.items()}
    result = attack_grader(
        Grader(known, settings=chosen_settings(encoder, guards=guards, verifier=verifier)),
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


@app.command(short_help="The HTML page again, from a grades file.")
def report(
    ctx: typer.Context,
    grades: Annotated[str, typer.Argument(help="Grades that `grader grade` wrote (JSONL).")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The HTML page to write.")] = Path("report.html"),
) -> None:
    """Render the HTML page again from a grades file, without grading.

    \b
    Example:
      grader report grades.jsonl -o report.html
    """
    from grader.grades import read_grades

    ctx.meta[OUTPUTS] = check_outputs(output, inputs=[grades])
    write_report(read_grades(grades), output, title=f"Grades in {Path(grades).name}")


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
