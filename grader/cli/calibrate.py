"""`grader calibrate`: interviewers against each other and against the grader."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from grader.cli.blind_sheets import BlindSheetOptions
from grader.cli.console import print_json, progress, say
from grader.cli.options import AsJson, EncoderOptions, LayoutOption, Rubrics, with_options
from grader.cli.outputs import OUTPUTS, check_outputs
from grader.errors import InputError

if TYPE_CHECKING:
    from grader.calibration import Calibration, Fitting, Ratings
    from grader.reports import Section
    from grader.schema import Answer, Rubric

_MOST_POINTS = 1e9  # as in `rating_cells`


@dataclass(frozen=True)
class FitOptions:
    """Whether marks are learned from, and where what was learned goes."""

    fit_file: Annotated[
        Path | None,
        typer.Option(
            "--fit",
            envvar="GRADER_FIT",
            help="Learn from the marks given so far, with --answers and --rubrics, and write it to this file for "
            "`grader grade --calibration`.",
        ),
    ] = None
    n_next: Annotated[
        int,
        typer.Option("--next", envvar="GRADER_NEXT", min=0, help="With --fit: name so many answers to mark next."),
    ] = 0

    def check(self, answers: str | None) -> None:
        """Refuse --fit without --answers, and --next without --fit."""
        if self.fit_file is not None and answers is None:
            problem = "marks are learned from the texts of the answers: give --answers"
            raise typer.BadParameter(problem, param_hint="--fit")
        if self.fit_file is None and self.n_next:
            raise typer.BadParameter("which answers to mark next is learned by --fit", param_hint="--next")


@dataclass(frozen=True)
class ScaleOptions:
    """What scores mean: who passes, what one level is, and how far apart scores may be."""

    cut: Annotated[
        float | None,
        typer.Option(
            "--cut",
            envvar="GRADER_CUT",
            min=-_MOST_POINTS,
            max=_MOST_POINTS,
            help="From this score on a candidate passes: who would change side?",
        ),
    ] = None
    level: Annotated[
        Literal["ordinal", "nominal", "interval", "ratio"],
        typer.Option("--level", envvar="GRADER_LEVEL", help="Level of measurement, for Krippendorff's alpha."),
    ] = "ordinal"
    step: Annotated[
        float | None,
        typer.Option(
            "--step",
            envvar="GRADER_STEP",
            min=1e-6,
            max=_MOST_POINTS,
            help="What one level is, in points; by default 1, on scales above 20 a tenth.",
        ),
    ] = None
    tolerance: Annotated[
        float | None,
        typer.Option(
            "--tolerance",
            envvar="GRADER_TOLERANCE",
            min=0.0,
            max=_MOST_POINTS,
            help="How far a rating may be from a gold score, in points; by default one level.",
        ),
    ] = None


@dataclass(frozen=True)
class PageOptions:
    """What is passed on to others, and whether raters are named there."""

    report: Annotated[
        Path | None, typer.Option("--report", envvar="GRADER_REPORT", help="Write the whole as one HTML page.")
    ] = None
    tables: Annotated[
        Path | None, typer.Option("--tables", envvar="GRADER_TABLES", help="Write every table as CSV into this folder.")
    ] = None
    names: Annotated[
        bool | None,
        typer.Option(
            "--names/--no-names",
            envvar="GRADER_NAMES",
            help="Name raters everywhere, or nowhere; by default on this screen and in --json, but not on the page and "
            "in the tables, which are passed on.",
        ),
    ] = None

    @property
    def are_wanted(self) -> bool:
        """Whether anything is written."""
        return self.report is not None or self.tables is not None


@dataclass(frozen=True)
class BootstrapOptions:
    """How intervals are resampled."""

    seed: Annotated[
        int, typer.Option("--seed", envvar="GRADER_SEED", min=0, help="Seed of the bootstrap and of --blind-sheets.")
    ] = 12345
    resamples: Annotated[
        int | None,
        typer.Option(
            "--resamples",
            envvar="GRADER_RESAMPLES",
            min=100,
            help="Resamples of the bootstrap; by default 2,000, and fewer for very many ratings.",
        ),
    ] = None


@with_options
def calibrate(
    ctx: typer.Context,
    *,
    ratings: Annotated[
        list[str] | None,
        typer.Argument(
            help="Who gave which answer how many points (a table); '-' is stdin. Several are sheets of blind marking."
        ),
    ] = None,
    raters: Annotated[
        str,
        typer.Option(
            "--raters",
            envvar="GRADER_RATERS",
            help="For a table with one column a rater: these columns, such as a,b,c; by default those of numbers. With "
            "--blind-sheets: who marks.",
        ),
    ] = "",
    sheets: Annotated[
        list[str] | None,
        typer.Option(
            "--sheet",
            envvar="GRADER_SHEET",
            help="Of a workbook this sheet, more than once for several; by default all with ratings.",
        ),
    ] = None,
    scale_file: Annotated[
        Path | None,
        typer.Option(
            "--scale", envvar="GRADER_SCALE", help="What grades such as B+ are worth: a table with grade and points."
        ),
    ] = None,
    grades: Annotated[
        str | None,
        typer.Option("--grades", envvar="GRADER_GRADES", help="Grades (JSONL): the grader as one more rater."),
    ] = None,
    answers: Annotated[
        str | None,
        typer.Option(
            "--answers", envvar="GRADER_ANSWERS", help="The answers, for the agenda, --fit and --blind-sheets."
        ),
    ] = None,
    layout: LayoutOption = None,
    blind: BlindSheetOptions,
    fit: FitOptions,
    rubrics: Rubrics = Path("rubrics"),
    encoder: EncoderOptions,
    since: Annotated[
        str | None,
        typer.Option(
            "--since", envvar="GRADER_SINCE", help="Earlier ratings of the same form, to say what has changed."
        ),
    ] = None,
    scale: ScaleOptions,
    pages: PageOptions,
    bootstrap: BootstrapOptions,
    as_json: AsJson = False,
) -> None:
    """Say how far ratings can be trusted, who is strict, which questions and points cause disagreement, and what to do.

    Every figure has a 95 % interval, and a word only where the interval supports it: below 20 answers with two or more
    raters there is none. Ratings need answer_id, rater and score; question_id, point_id, max_score, time, phase, gold
    and group make more sections possible (docs/formats.md). Only ratings given blind count.

    With --fit the grader learns how people mark: `grader grade --calibration` then gives scores on their scale. Answers
    without marks among --answers tell where more marks would help. --rubrics, --encoder, --guards and --verifier are
    those of `grader grade` and matter to --fit alone (docs/marks.md); --blind-sheets takes its points from --rubrics.

    --blind-sheets writes a workbook (or --html page) for each rater: answers in a random order, without names, with
    boxes for the points. The files that come back are read together; the names come from the key in that folder.

    On the page and in the tables raters are called "rater 1" and so on; --names shows their names there, too.

    \b
    Examples:
      grader calibrate data/ratings.csv
      grader calibrate interviews.xlsx --report calibration.html
      grader calibrate interviews.xlsx --sheet SQL --raters Kim,Lee --scale scale.csv
      grader calibrate ratings.csv --answers answers.jsonl --grades grades.jsonl --cut 6 --tables out/
      grader calibrate ratings.csv --since last-quarter.csv --json > agreement.json
      grader calibrate ratings.csv --answers answers.jsonl --fit marks.json --next 10
      grader calibrate --blind-sheets marking/ --answers answers.jsonl --raters kim,lee
      grader calibrate marking/*.xlsx --report calibration.html
    """
    columns = [name.strip() for name in raters.split(",") if name.strip()]
    given_files = ratings or []
    blind.check(given_files, columns, answers)
    if blind.blind_sheets is not None and answers is not None:
        blind.write(columns, answers, rubrics, layout=layout, seed=bootstrap.seed)
        return
    if fit.fit_file is None:
        _one_thread()
    from grader.calibration import (
        CalibrationOptions,
        add_grades,
        has_key,
        read_blind_sheets,
        read_ratings,
        read_scale,
    )
    from grader.calibration import calibrate as compare
    from grader.files import make_folder, read_answers, read_grades
    from grader.reports import calibration_json, calibration_lines, calibration_sections, fitting_lines
    from grader.rubrics import read_rubrics

    fit.check(answers)
    files: list[str | Path] = [file for file in (*given_files, grades, answers, since, scale_file) if file]
    read_too = files if fit.fit_file is None else [*files, rubrics]
    ctx.meta[OUTPUTS] = check_outputs(pages.report, fit.fit_file, inputs=read_too)
    if pages.tables is not None:
        make_folder(pages.tables)  # what is in its way is reported before the work
    worth = None if scale_file is None else read_scale(scale_file)

    def read_and_tell(*paths: str) -> "Ratings":
        if len(paths) > 1 or has_key(paths[0]):
            if columns or sheets or worth:
                raise typer.BadParameter("--raters, --sheet and --scale are not for the sheets of blind marking")
            found = read_blind_sheets(paths)
        else:
            found = read_ratings(paths[0], raters=columns, sheets=sheets or (), scale=worth)
        for note in found.notes:
            say(f"{found.source}: {note}")
        return found

    read = read_and_tell(*given_files)
    known = read_rubrics(rubrics) if fit.fit_file is not None or (answers and rubrics.is_dir()) else {}
    questions = {name: rubric.question for name, rubric in known.items()} or None
    given = [] if answers is None else list(read_answers(answers, questions=questions, layout=layout))
    if fit.fit_file is not None and grades is None and len({rating.rater for rating in read.rows}) == 1:
        _fit_alone(fit.fit_file, fit.n_next, read, given, known, encoder, pages, as_json=as_json)
        return
    found = compare(
        read,
        CalibrationOptions(**asdict(scale), **asdict(bootstrap)),
        graded=None if grades is None else add_grades(read, read_grades(grades), source=grades),
        earlier=None if since is None else read_and_tell(since),
        texts={answer.answer_id: answer.answer for answer in given},
    )
    fitted = None if fit.fit_file is None else _fit(fit.fit_file, fit.n_next, read, given, known, encoder)
    shown = found.pseudonyms if pages.names is False else found.arrays.raters
    passed_on = found.arrays.raters if pages.names else found.pseudonyms
    sections = calibration_sections(found, passed_on) if pages.are_wanted else ()
    if pages.tables is not None:
        _write_tables(sections, pages.tables, inputs=files)
    if pages.report is not None:
        _write_page(found, sections, pages.report)
    called = dict(zip(found.arrays.raters, shown, strict=True))
    if as_json:
        marks = {} if fitted is None else {"marks": fitted.as_dict(called)}
        print_json({**calibration_json(found, shown), **marks})
    else:
        typer.echo("\n".join(calibration_lines(found, shown)))
        if fitted is not None:
            typer.echo("\n".join(fitting_lines(fitted, called)))
        if not pages.are_wanted:
            say("The page has all sections with pictures: --report calibration.html")


def _one_thread() -> None:
    """Let numpy multiply matrices in one thread, unless the user says otherwise; works before it is imported.

    The matrices are small: more threads wait for each other. 200 raters and 100,000 ratings took 68 processor seconds
    with two threads and 18 with one.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def _fit(
    path: Path,
    n_next: int,
    ratings: "Ratings",
    answers: "Sequence[Answer]",
    rubrics: "Mapping[str, Rubric]",
    encoder: EncoderOptions,
) -> "Fitting":
    """Learn from the marks and write the file; answers are graded for it as `grader grade` does later."""
    from grader.calibration import fit_marks
    from grader.grading import Grader

    found = fit_marks(
        ratings,
        answers,
        Grader(rubrics, settings=encoder.settings()),
        n_next=n_next,
        progress=lambda read: progress(read, "reading", total=len(answers)),
    )
    found.fitted.write(path)
    return found


def _fit_alone(
    path: Path,
    n_next: int,
    ratings: "Ratings",
    answers: "Sequence[Answer]",
    rubrics: "Mapping[str, Rubric]",
    encoder: EncoderOptions,
    pages: PageOptions,
    *,
    as_json: bool,
) -> None:
    """Learn from the marks of one person, who cannot be compared with anybody."""
    from grader.reports import fitting_lines

    if pages.are_wanted:
        problem = "all ratings are by one person, so there is nothing to compare: leave --report and --tables out"
        raise InputError(problem, source=ratings.source)
    fitted = _fit(path, n_next, ratings, answers, rubrics, encoder)
    rater = ratings.rows[0].rater
    called = {rater: "rater 1" if pages.names is False else rater}
    if as_json:
        print_json({"n_raters": 1, "n_ratings": len(ratings.rows), "marks": fitted.as_dict(called)})
        return
    typer.echo("\n".join(fitting_lines(fitted, called)))
    say("All ratings are by one person: marks are learned, and nobody is compared")


def _write_page(found: "Calibration", sections: "Sequence[Section]", path: Path) -> None:
    """The HTML page to a file; `sections` have the names that it shows."""
    from grader.files import atomic_writer
    from grader.reports import calibration_signature, render_sections_page, verdict_sentences

    page = render_sections_page(
        sections,
        title=f"Calibration of {Path(found.source).name}",
        lead=verdict_sentences(found)[:2],
        footer=calibration_signature(found),
    )
    with atomic_writer(path) as file:
        file.write(page)


def _write_tables(sections: "Sequence[Section]", folder: Path, *, inputs: Sequence[str | Path]) -> None:
    """Every table of the page as a CSV that is safe to open in a spreadsheet and to print on a terminal.

    Args:
        sections: with the names that the tables show.
        folder: made if it is not there.
        inputs: files that were read and must not be written to.
    """
    from grader.files import make_folder, write_rows
    from grader.reports import report_tables

    make_folder(folder)
    files = {folder / f"{table.name}.csv": table for table in report_tables(sections)}
    check_outputs(*files, inputs=inputs)
    for path, table in files.items():
        names = _clean_names(table.csv_columns())
        rows = ({names[name]: _clean(value) for name, value in row.items()} for row in table.csv_rows())
        write_rows(path, rows, columns=list(names.values()), format="csv")


def _clean(value: Any) -> Any:
    from grader.reports import clean_for_terminal

    return clean_for_terminal(value) if isinstance(value, str) else value


def _clean_names(columns: Sequence[str]) -> dict[str, str]:
    """What columns are called in the file: names of raters are among them, and no two may become one."""
    names: dict[str, str] = {}
    for column in columns:
        name = _clean(column)
        alike = sum(_clean(other) == name for other in names)
        names[column] = f"{name} ({alike + 1})" if alike else name
    return names
