"""Options and outputs by student: tables, what learning platforms take, pages of feedback, mail merge."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from grader.cli.outputs import check_outputs

if TYPE_CHECKING:
    from grader.cli.outputs import Form
    from grader.reports import StudentResults
    from grader.schema import Grade


@dataclass(frozen=True)
class StudentOptions:
    """What is made by student."""

    by: Annotated[
        Literal["answer", "student"] | None,
        typer.Option(
            "--by", help="A row an answer (default), or a row a student: a column a question, total and share."
        ),
    ] = None
    for_: Annotated[
        Literal["plain", "moodle", "canvas", "gradescope"] | None,
        typer.Option(
            "--for",
            help="A row a student as a platform has it: Moodle's grade import, Canvas's gradebook import, the form of "
            "Gradescope's exports, or plain.",
        ),
    ] = None
    attempt: Annotated[
        Literal["first", "last", "best", "all"] | None,
        typer.Option(
            "--attempt",
            help="Which attempt of a student counts; `all` grades each. Several rows of one student are attempts in "
            "their order, unless a column numbers them; without this they are refused.",
        ),
    ] = None
    title: Annotated[
        str | None,
        typer.Option("--title", help="What the work is called in gradebooks and feedback; by default as the file."),
    ] = None
    feedback: Annotated[
        Path | None,
        typer.Option("--feedback", help="A folder for a page of feedback for each student."),
    ] = None
    feedback_format: Annotated[
        Literal["html", "md"], typer.Option("--feedback-format", help="Of the pages: HTML, or Markdown.")
    ] = "html"
    mail_merge: Annotated[
        Path | None,
        typer.Option(
            "--mail-merge",
            help="A table (CSV, XLSX) with address, scores and feedback of each student for a mail merge.",
        ),
    ] = None

    @property
    def by_student(self) -> bool:
        """Whether the table has a row a student."""
        return self.by == "student" or self.for_ is not None

    @property
    def needed(self) -> bool:
        """Whether anything is made by student."""
        return self.by_student or self.feedback is not None or self.mail_merge is not None

    def form(self, given: "Form", asked: "Form | None") -> "Form":
        """The form of the table, which platforms take as CSV alone.

        Args:
            given: by --format, the ending of the output, or `table`.
            asked: by --format.

        """
        if self.for_ is not None and self.by == "answer":
            raise typer.BadParameter("a platform's form has a row a student: leave --by answer out", param_hint="--for")
        if self.mail_merge is not None and self.mail_merge.suffix.lower() not in (".csv", ".xlsx"):
            problem = f"'{self.mail_merge.name}' does not end in .csv or .xlsx: rename it"
            raise typer.BadParameter(problem, param_hint="--mail-merge")
        if given == "markdown" and self.by_student:
            raise typer.BadParameter("the Markdown summary is by answer: choose another format", param_hint="--format")
        if self.for_ in (None, "plain"):
            return given
        if given == "csv" or (given == "table" and asked is None):
            return "csv"
        raise typer.BadParameter(f"{self.for_} takes CSV, not {given}", param_hint="--for")

    def prepare(self) -> None:
        """Make the folder for feedback before the work, so that a fault costs none."""
        from grader.files import make_folder

        if self.feedback is not None:
            make_folder(self.feedback)


def write_by_student(
    grades: "Iterable[Grade]",
    options: StudentOptions,
    *,
    form: "Form | None",
    output: Path | None,
    reveal: bool,
    name: str,
    inputs: Sequence[str | Path],
) -> None:
    """Write what is asked for by student; a table goes to stdout without an output.

    Args:
        grades: any order.
        options: what is asked for.
        form: of the table; `None` writes none, as does a table by answer.
        output: of the table.
        reveal: show students the words of the points.
        name: of the file of answers or grades, after which the work is called if it has no title.
        inputs: files that pages of feedback must not overwrite.

    """
    from grader.cli.console import say
    from grader.files import write_rows
    from grader.reports import (
        feedback_files,
        group_by_student,
        mail_merge_table,
        short_feedback,
        student_table,
        upload_table,
        write_feedback,
    )

    # Words say what points earn, so pages, mail and Moodle's feedback need them; plain tables do not.
    texts = options.feedback is not None or options.mail_merge is not None or options.for_ == "moodle"
    results = group_by_student(grades, attempts=None if options.attempt == "all" else options.attempt, texts=texts)
    title = options.title or (Path(name).name.partition(".")[0] if name != "-" else "Grades")
    words = partial(short_feedback, reveal=reveal)
    files: dict[str, str] = {}
    form = form if options.by_student else None
    table = student_table(results, rounded=form not in ("jsonl", "parquet"))
    if options.feedback is not None:
        files = feedback_files(results, options.feedback_format)
        check_outputs(*(options.feedback / file for file in files.values()), inputs=inputs)
        write_feedback(results, options.feedback, files, title=title, reveal=reveal)
    if options.mail_merge is not None:
        merged = mail_merge_table(results, words, files)
        ending: Literal["csv", "xlsx"] = "xlsx" if options.mail_merge.suffix.lower() == ".xlsx" else "csv"
        write_rows(options.mail_merge, merged.rows, columns=merged.columns, format=ending)
    if form == "table":
        print_students(results)
    elif form is not None and form != "markdown":  # refused before
        if options.for_ is not None:
            table = upload_table(results, options.for_, title=title, feedback=words)
        excel = options.for_ in (None, "plain")
        write_rows("-" if output is None else output, table.rows, columns=table.columns, format=form, bom=excel)
    for note in table.notes:
        say(note)


def print_students(results: "StudentResults") -> None:
    """A line a student on stdout for people."""
    from rich.console import Console

    from grader.reports import students_table

    console = Console()
    with console.capture() as shown:  # rich has its own way to end when nobody reads
        console.print(students_table(results, width=console.width))
    typer.echo(shown.get(), nl=False)
