"""`grader grade`: the main job."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from grader import PACKAGED_MODEL
from grader.console import print_json, progress, say
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
