"""`grader report`: the HTML page again, a Markdown summary, and what is made by student, from a grades file."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from grader.cli.options import with_options
from grader.cli.outputs import OUTPUTS, check_outputs, grades_format, write_grades
from grader.cli.students import StudentOptions, write_by_student


@with_options
def report(
    ctx: typer.Context,
    *,
    grades: Annotated[str, typer.Argument(help="Grades that `grader grade` wrote (JSONL).")],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="The HTML page to write, by default report.html; with --by student or --for the table (CSV, TSV, "
            "XLSX, JSONL, Parquet) and with --format markdown the summary, by default stdout.",
        ),
    ] = None,
    format_: Annotated[
        Literal["html", "markdown"] | None,
        typer.Option(
            "--format", help="An HTML page, or a Markdown summary for a pull request or a wiki (also by `-o NAME.md`)."
        ),
    ] = None,
    students: StudentOptions,
    step: Annotated[
        float | None,
        typer.Option(
            "--step", min=0, help="What scores are rounded to, in points; by default as when they were graded."
        ),
    ] = None,
    reveal: Annotated[bool, typer.Option("--reveal", help="Let feedback quote the points.")] = False,
) -> None:
    """Render the HTML page again from a grades file, or a Markdown summary, or hand grades out by student.

    Nothing is graded again.

    \b
    Examples:
      grader report grades.jsonl -o report.html
      grader report grades.jsonl --format markdown > summary.md
      grader report grades.jsonl --by student -o class.xlsx
      grader report grades.jsonl --for canvas --title "Quiz 1 (4711)" -o upload.csv
      grader report grades.jsonl --feedback pages/ --mail-merge mail.csv
    """
    from grader.files import read_grades
    from grader.reports import write_report

    read = read_grades(grades)
    if step is not None:
        read = (grade.model_copy(update={"step": step}) for grade in read)
    if students.needed:
        if format_ is not None:
            raise typer.BadParameter("is for grades by answer: leave it out", param_hint="--format")
        form = students.form(grades_format(None, output), None) if students.by_student or output is None else None
        if form is None:
            raise typer.BadParameter("what is --output for? add --by student or --for", param_hint="--output")
        students.prepare()
        ctx.meta[OUTPUTS] = check_outputs(output, students.mail_merge, inputs=[grades])
        write_by_student(read, students, form=form, output=output, reveal=reveal, name=grades, inputs=[grades])
        return
    title = f"Grades in {Path(grades).name}"
    if format_ == "markdown" or (format_ is None and output is not None and output.suffix.lower() == ".md"):
        ctx.meta[OUTPUTS] = check_outputs(output, inputs=[grades])
        write_grades(read, "markdown", output, title=title)
        return
    page = output or Path("report.html")
    ctx.meta[OUTPUTS] = check_outputs(page, inputs=[grades])
    write_report(read, page, title=title)
