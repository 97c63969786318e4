"""Results by student in a terminal."""

from typing import TYPE_CHECKING

from grader.phrases import number, percent
from grader.reports.grades.wording import shown_score
from grader.reports.students.results import StudentResults
from grader.reports.untrusted_text import terminal_line

if TYPE_CHECKING:
    from rich.table import Table

_QUESTIONS_SHOWN = 6  # of more than these, only totals have room on a line


def students_table(results: StudentResults, *, width: int | None = None) -> "Table":
    """One line a student, to print with `rich`: the scores of few questions, the total and its share.

    Args:
        results: of `group_by_student`.
        width: in columns; that of the console if left out.

    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    shown = results.questions if len(results.questions) <= _QUESTIONS_SHOWN else ()
    table = Table(box=box.SIMPLE_HEAD, width=width, pad_edge=False, collapse_padding=True)
    table.add_column("student", no_wrap=True, max_width=32)
    for name in (*(terminal_line(name) for name in shown), "total", "share"):
        table.add_column(Text(name), justify="right", no_wrap=name in ("total", "share"))
    for each in results.students:
        total = results.total(each, rounded=True)
        scores = [each.grades[name].rounded_score if name in each.grades else None for name in shown]
        sum_ = shown_score(total.score) + ("" if total.score is None else f"/{number(total.max_score)}")
        cells = (each.student, *map(shown_score, scores), sum_, percent(total.share))
        table.add_row(*(Text(terminal_line(cell), no_wrap=True, overflow="ellipsis") for cell in cells))
    return table
