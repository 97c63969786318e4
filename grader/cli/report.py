"""`grader report`: the HTML page again."""

from pathlib import Path
from typing import Annotated

import typer

from grader.cli.outputs import OUTPUTS, check_outputs


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
    from grader.files import read_grades
    from grader.reports import write_report

    ctx.meta[OUTPUTS] = check_outputs(output, inputs=[grades])
    write_report(read_grades(grades), output, title=f"Grades in {Path(grades).name}")
