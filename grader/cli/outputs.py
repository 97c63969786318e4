"""Where and in what form a command writes: files checked before the work, grades to files, pages and the terminal."""

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from grader.errors import InputError
from grader.phrases import count

if TYPE_CHECKING:
    from grader.files import Format
    from grader.grading import SimilarAnswers
    from grader.schema import Grade

    Form = Literal["table", "markdown"] | Format

OUTPUTS = "grader.outputs"  # where a command notes, in its context, what it is going to write
_GROUPS_NAMED = 10
KEPT = "grader.kept"  # and what of its work is kept when it is interrupted, in words
_RUBRIC_ENDINGS = (".yaml", ".yml", ".json")


# --- files -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outputs:
    """The files that a command is going to write, each with its inode before the work (`None`: not there)."""

    before: tuple[tuple[Path, int | None], ...] = ()

    @property
    def written(self) -> list[Path]:
        """Those that were written since; each is whole, for a file is put in its place in one step."""
        return [path for path, inode in self.before if _inode(path) != inode]


def check_outputs(*files: Path | None, inputs: Sequence[str | Path] = ()) -> Outputs:
    """Find out before the work that a file cannot be written, or that writing it would destroy something.

    Args:
        files: what is going to be written; `None` is left out, `-` is standard output, devices are not looked at.
        inputs: what is read, `-` is standard input; of a folder the documents in it.

    Raises:
        InputError: an output is also an input or named twice, is a folder, or its folder is missing or closed.

    """
    outputs = [path for path in files if path is not None]
    read = [file for given in inputs for file in _files_of(given)]
    for number, path in enumerate(outputs):
        if any(_same(path, other) for other in outputs[:number]):
            raise InputError("is named for two outputs: each needs a file of its own", source=path)
        if str(path) == "-" or _is_device(path):
            continue
        same = next((other for other in read if _same(path, other)), None)
        if same is not None:
            raise InputError(f"would overwrite what is read ({same}): write to another file", source=path)
        _check_writable(path)
    return Outputs(tuple((path, _inode(path)) for path in outputs if str(path) != "-"))


def _files_of(given: str | Path) -> list[Path]:
    if os.path.isdir(given):
        return [file for file in Path(given).iterdir() if file.suffix.lower() in _RUBRIC_ENDINGS]
    return [] if str(given) == "-" else [Path(given)]


def _same(path: Path, other: Path) -> bool:
    """Whether two names are for one file, also through links; a device may be named twice."""
    if _is_device(path) or _is_device(other):
        return False
    if os.path.exists(path) and os.path.exists(other):
        return os.path.samefile(path, other)
    return os.path.realpath(path) == os.path.realpath(other)


def _is_device(path: Path) -> bool:
    return os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)


def _check_writable(path: Path) -> None:
    folder = os.path.dirname(os.path.realpath(path))
    if os.path.isdir(path):
        raise InputError("cannot be written: it is a folder, expected a file", source=path)
    if not os.path.isdir(folder):
        link = " (it is a link to there)" if os.path.islink(path) else ""
        named = folder if link else path.parent
        raise InputError(f"there is no folder '{named}'{link}: make it, or write elsewhere", source=path)
    if not os.access(folder, os.W_OK | os.X_OK):
        problem = f"cannot be written: the folder '{path.parent}' is closed to you, write elsewhere"
        raise InputError(problem, source=path)


def _inode(path: Path) -> int | None:
    return os.stat(path).st_ino if os.path.isfile(path) else None


# --- grades ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class OutputOptions:
    """Where grades go, and how much of them is shown."""

    output: Annotated[Path | None, typer.Option("--output", "-o", help="The file to write grades to.")] = None
    format_: Annotated[
        Literal["table", "markdown", "jsonl", "csv", "tsv", "xlsx", "parquet"] | None,
        typer.Option(
            "--format",
            help="What to write; by default what --output ends in, else a table. Markdown is a summary for a pull "
            "request or a wiki.",
        ),
    ] = None
    report: Annotated[Path | None, typer.Option("--report", help="Also write one self-contained HTML page.")] = None
    show: Annotated[bool, typer.Option("--show", help="Show the grades even when they go to a file.")] = False
    step: Annotated[
        float | None,
        typer.Option(
            "--step",
            min=0,
            help="What scores are rounded to where people read them, in points (.5); 0 rounds nothing. By default the "
            "rubric's step, else what fits the scale. JSONL and Parquet have scores in full.",
        ),
    ] = None
    details: Annotated[
        bool | None,
        typer.Option(
            "--details/--no-details",
            help="Show every point with the words that state it; by default for up to 5 answers.",
        ),
    ] = None


# What a grades file may end in, and the format that it then has.
_ENDINGS: dict[str, "Form"] = {
    "md": "markdown",
    "jsonl": "jsonl",
    "ndjson": "jsonl",
    "csv": "csv",
    "tsv": "tsv",
    "xlsx": "xlsx",
    "parquet": "parquet",
}


def grades_format(given: "Form | None", output: Path | None) -> "Form":
    """The form of the output: as asked, else by the file's ending, else a table for people."""
    if given is not None:
        if given in ("xlsx", "parquet") and (output is None or str(output) == "-"):
            raise typer.BadParameter(f"{given} needs a file: add --output grades.{given}", param_hint="--format")
        if given == "table" and output is not None:
            raise typer.BadParameter("a table is for the terminal: leave --output out, or choose another format")
        return given
    if output is None:
        return "table"
    ending = output.suffix.lower().lstrip(".")
    if ending not in _ENDINGS:
        problem = (
            f"'{output.name}' does not end in {', '.join(f'.{name}' for name in _ENDINGS)}: rename it or add --format"
        )
        raise typer.BadParameter(problem, param_hint="--output")
    return _ENDINGS[ending]


def journal_of(output: Path | None) -> Path | None:
    """Where grades are kept while an output is in work, and afterwards; `None` for what is no file."""
    if output is None or str(output) == "-" or _is_device(output):
        return None
    target = Path(os.path.realpath(output))
    return target.with_name(f"{target.name}.journal")


def write_grades(
    grades: "Iterable[Grade]", form: "Form", output: Path | None, *, as_json: bool = False, title: str = "Grades"
) -> None:
    """Grades to the file or stdout; with --json stdout belongs to the JSON object.

    `grades` must give them again each time it is iterated; `title` is of the Markdown page.
    """
    from grader.batch import Batch
    from grader.files import atomic_writer, flat_columns, grade_row, point_columns, write_rows
    from grader.reports import grades_markdown, summarise_grades

    if form != "table" and (output is not None or not as_json):
        target = "-" if output is None else output
        if form == "jsonl":
            rows = grades.rows() if isinstance(grades, Batch) else map(grade_row, grades)
            write_rows(target, rows, format="jsonl")
        elif form == "markdown":
            page = grades_markdown(summarise_grades(grades), title=title)
            with atomic_writer(target) as file:
                file.write(page)
        else:
            points = {name for grade in grades for name in point_columns(grade)}
            columns = flat_columns(grades)
            rows_ = _FlatRows(grades, points, rounded=form != "parquet")
            write_rows(target, rows_, columns=columns, format=form)


class _FlatRows:
    """Grades as flat rows, as often as they are asked for."""

    def __init__(self, grades: "Iterable[Grade]", points: Collection[str], *, rounded: bool) -> None:
        self._grades = grades
        self._points = points
        self._rounded = rounded

    def __iter__(self) -> Iterator[dict[str, Any]]:
        from grader.files import flat_row

        return (flat_row(grade, points=self._points, rounded=self._rounded) for grade in self._grades)


def print_grades(grades: "list[Grade]", *, details: bool) -> None:
    """Grades on stdout for people: every point, or one line an answer."""
    from rich.console import Console

    from grader.reports import grade_details, grades_table, summarise_grades

    console = Console()
    with console.capture() as shown:  # rich has its own way to end when nobody reads
        if details:
            console.print(grade_details(grades, width=console.width))
        else:
            console.print(grades_table(summarise_grades(grades, keep=len(grades)), width=console.width))
    typer.echo(shown.get(), nl=False)


def say_groups(groups: "Sequence[SimilarAnswers]") -> None:
    """How many answers are like others, and which of those have unequal scores."""
    from grader.cli.console import say

    n_answers = sum(len(group.answer_ids) for group in groups)
    unequal = [group for group in groups if not group.has_equal_scores]
    say(f"{count(len(groups), 'group')} of like answers ({n_answers} answers), {len(unequal)} with unequal scores")
    for group in unequal[:_GROUPS_NAMED]:
        ids = ", ".join(group.answer_ids[:5]) + (", ..." if len(group.answer_ids) > 5 else "")
        say(f"  {group.question_id}: {group.low:g} to {group.high:g} of {group.max_score:g}: {ids}")
