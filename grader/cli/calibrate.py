"""`grader calibrate`: interviewers against each other and against the grader."""

import os
from pathlib import Path
from typing import Annotated, Literal

import typer

from grader.__about__ import PACKAGED_MODEL
from grader.cli.calibration_outputs import write_page, write_tables
from grader.cli.console import print_json, say
from grader.cli.fit_marks import FitOptions, check_fit, fit
from grader.cli.options import AsJson, EncoderName, Rubrics, UseGuards, UseVerifier
from grader.cli.outputs import OUTPUTS, check_outputs

_MOST_POINTS = 1e9  # as in `rating_cells`


def calibrate(
    ctx: typer.Context,
    ratings: Annotated[str, typer.Argument(help="Who gave which answer how many points (a table); '-' is stdin.")],
    raters: Annotated[
        str,
        typer.Option(
            "--raters",
            envvar="GRADER_RATERS",
            help="For a table with one column a rater: these columns, such as a,b,c.",
        ),
    ] = "",
    grades: Annotated[
        str | None,
        typer.Option("--grades", envvar="GRADER_GRADES", help="Grades (JSONL): the grader as one more rater."),
    ] = None,
    answers: Annotated[
        str | None,
        typer.Option("--answers", envvar="GRADER_ANSWERS", help="The answers, for the agenda and for --fit."),
    ] = None,
    fit_file: Annotated[
        Path | None,
        typer.Option(
            "--fit",
            envvar="GRADER_FIT",
            help="Learn from the marks given so far, with --answers and --rubrics, and write it to this file for "
            "`grader grade --calibration`.",
        ),
    ] = None,
    n_next: Annotated[
        int,
        typer.Option("--next", envvar="GRADER_NEXT", min=0, help="With --fit: name so many answers to mark next."),
    ] = 0,
    rubrics: Rubrics = Path("rubrics"),
    encoder: EncoderName = PACKAGED_MODEL,
    guards: UseGuards = None,
    verifier: UseVerifier = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since", envvar="GRADER_SINCE", help="Earlier ratings of the same form, to say what has changed."
        ),
    ] = None,
    cut: Annotated[
        float | None,
        typer.Option(
            "--cut",
            envvar="GRADER_CUT",
            min=-_MOST_POINTS,
            max=_MOST_POINTS,
            help="From this score on a candidate passes: who would change side?",
        ),
    ] = None,
    level: Annotated[
        Literal["ordinal", "nominal", "interval", "ratio"],
        typer.Option("--level", envvar="GRADER_LEVEL", help="Level of measurement, for Krippendorff's alpha."),
    ] = "ordinal",
    step: Annotated[
        float | None,
        typer.Option(
            "--step",
            envvar="GRADER_STEP",
            min=1e-6,
            max=_MOST_POINTS,
            help="What one level is, in points; by default 1, on scales above 20 a tenth.",
        ),
    ] = None,
    tolerance: Annotated[
        float | None,
        typer.Option(
            "--tolerance",
            envvar="GRADER_TOLERANCE",
            min=0.0,
            max=_MOST_POINTS,
            help="How far a rating may be from a gold score, in points; by default one level.",
        ),
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", envvar="GRADER_REPORT", help="Write the whole as one HTML page.")
    ] = None,
    tables: Annotated[
        Path | None, typer.Option("--tables", envvar="GRADER_TABLES", help="Write every table as CSV into this folder.")
    ] = None,
    names: Annotated[
        bool | None,
        typer.Option(
            "--names/--no-names",
            envvar="GRADER_NAMES",
            help="Name raters everywhere, or nowhere; by default on this screen and in --json, but not on the page and "
            "in the tables, which are passed on.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", envvar="GRADER_SEED", min=0, help="Seed of the bootstrap.")] = 12345,
    resamples: Annotated[
        int | None,
        typer.Option(
            "--resamples",
            envvar="GRADER_RESAMPLES",
            min=100,
            help="Resamples of the bootstrap; by default 2,000, and fewer for very many ratings.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say how far ratings can be trusted, who is strict, which questions and points cause disagreement, and what to do.

    Every figure has a 95 % interval, and a word only where the interval supports it: below 20 answers with two or more
    raters there is none. Ratings need answer_id, rater and score; question_id, point_id, max_score, time, phase, gold
    and group make more sections possible (docs/formats.md). Only ratings given blind count.

    With --fit the grader learns how people mark: `grader grade --calibration` then gives scores on their scale. Answers
    without marks among --answers tell where more marks would help. --rubrics, --encoder, --guards and --verifier are
    those of `grader grade` and matter to --fit alone (docs/marks.md).

    On the page and in the tables raters are called "rater 1" and so on; --names shows their names there, too.

    \b
    Examples:
      grader calibrate data/ratings.csv
      grader calibrate ratings.xlsx --raters kim,lee,max --report calibration.html
      grader calibrate ratings.csv --answers answers.jsonl --grades grades.jsonl --cut 6 --tables out/
      grader calibrate ratings.csv --since last-quarter.csv --json > agreement.json
      grader calibrate ratings.csv --answers answers.jsonl --fit marks.json --next 10
    """
    if fit_file is None:
        _one_thread()
    from grader.calibration import CalibrationOptions, add_grades, read_ratings
    from grader.calibration import calibrate as compare
    from grader.files import make_folder, read_answers, read_grades
    from grader.reports import calibration_json, calibration_lines, calibration_sections, fitting_lines
    from grader.rubrics import read_rubrics

    check_fit(fit_file, answers, n_next)
    files: list[str | Path] = [file for file in (ratings, grades, answers, since) if file]
    ctx.meta[OUTPUTS] = check_outputs(report, fit_file, inputs=files if fit_file is None else [*files, rubrics])
    if tables is not None:
        make_folder(tables)  # what is in its way is reported before the work
    columns = [name.strip() for name in raters.split(",") if name.strip()]
    read = read_ratings(ratings, raters=columns)
    known = {} if fit_file is None else read_rubrics(rubrics)
    questions = {name: rubric.question for name, rubric in known.items()} or None
    given = [] if answers is None else list(read_answers(answers, questions=questions))
    found = compare(
        read,
        CalibrationOptions(level=level, cut=cut, step=step, tolerance=tolerance, seed=seed, resamples=resamples),
        graded=None if grades is None else add_grades(read, read_grades(grades), source=grades),
        earlier=None if since is None else read_ratings(since, raters=columns),
        texts={answer.answer_id: answer.answer for answer in given},
    )
    fitted = None
    if fit_file is not None:
        fitted = fit(FitOptions(fit_file, n_next, encoder, guards, verifier), read, given, known)
    here = found.pseudonyms if names is False else found.arrays.raters
    passed_on = found.arrays.raters if names else found.pseudonyms
    sections = () if report is None and tables is None else calibration_sections(found, passed_on)
    if tables is not None:
        write_tables(sections, tables, inputs=files)
    if report is not None:
        write_page(found, sections, report)
    if as_json:
        called = dict(zip(found.arrays.raters, here, strict=True))
        more = {} if fitted is None else {"marks": fitted.as_dict(called)}
        print_json({**calibration_json(found, here), **more})
    else:
        typer.echo("\n".join(calibration_lines(found, here)))
        if fitted is not None:
            typer.echo("\n".join(fitting_lines(fitted, dict(zip(found.arrays.raters, here, strict=True)))))
        if report is None and tables is None:
            say("The page has all sections with pictures: --report calibration.html")


def _one_thread() -> None:
    """Let numpy multiply matrices in one thread, unless the user says otherwise; works before it is imported.

    The matrices are small: more threads wait for each other. 200 raters and 100,000 ratings took 68 processor seconds
    with two threads and 18 with one.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
