"""`grader calibrate`: interviewers against each other and against the grader."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from grader.calibration_outputs import write_page, write_tables
from grader.console import print_json, say
from grader.options import AsJson
from grader.outputs import OUTPUTS, check_outputs


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
        typer.Option("--answers", envvar="GRADER_ANSWERS", help="The answers, so that the agenda shows their texts."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since", envvar="GRADER_SINCE", help="Earlier ratings of the same form, to say what has changed."
        ),
    ] = None,
    cut: Annotated[
        float | None,
        typer.Option(
            "--cut", envvar="GRADER_CUT", help="From this score on a candidate passes: who would change side?"
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
            help="What one level is, in points; by default 1, on scales above 20 a tenth.",
        ),
    ] = None,
    tolerance: Annotated[
        float | None,
        typer.Option(
            "--tolerance",
            envvar="GRADER_TOLERANCE",
            min=0.0,
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
    seed: Annotated[int, typer.Option("--seed", envvar="GRADER_SEED", help="Seed of the bootstrap.")] = 12345,
    as_json: AsJson = False,
) -> None:
    """Say how far ratings can be trusted, who is strict, which questions and points cause disagreement, and what to do.

    Every figure has a 95 % interval, and a word only where the interval supports it: below 20 answers with two or more
    raters there is none. Ratings need answer_id, rater and score; question_id, point_id, max_score, time, phase, gold
    and group make more sections possible (docs/formats.md). Only ratings given blind count.

    On the page and in the tables raters are called "rater 1" and so on; --names shows their names there, too.

    \b
    Examples:
      grader calibrate data/ratings.csv
      grader calibrate ratings.xlsx --raters kim,lee,max --report calibration.html
      grader calibrate ratings.csv --answers answers.jsonl --grades grades.jsonl --cut 6 --tables out/
      grader calibrate ratings.csv --since last-quarter.csv --json > agreement.json
    """
    from grader.answers import read_answers
    from grader.calibration import Choices
    from grader.calibration import calibrate as compare
    from grader.calibration_json import calibration_json
    from grader.grades import read_grades
    from grader.grades_beside import grades_beside
    from grader.ratings import read_ratings
    from grader.terminal_calibration import calibration_lines

    ctx.meta[OUTPUTS] = check_outputs(report, inputs=[file for file in (ratings, grades, answers, since) if file])
    columns = [name.strip() for name in raters.split(",") if name.strip()]
    read = read_ratings(ratings, raters=columns)
    texts = {} if answers is None else {answer.answer_id: answer.answer for answer in read_answers(answers)}
    found = compare(
        read,
        Choices(level=level, cut=cut, step=step, tolerance=tolerance, seed=seed),
        graded=None if grades is None else grades_beside(read, read_grades(grades), source=grades),
        earlier=None if since is None else read_ratings(since, raters=columns),
        texts=texts,
    )
    here = found.pseudonyms if names is False else found.arrays.raters
    passed_on = found.arrays.raters if names else found.pseudonyms
    if tables is not None:
        write_tables(found, passed_on, tables)
    if report is not None:
        write_page(found, passed_on, report)
    if as_json:
        print_json(calibration_json(found, here))
    else:
        typer.echo("\n".join(calibration_lines(found, here)))
        if report is None and tables is None:
            say("The page has all sections with pictures: --report calibration.html")
