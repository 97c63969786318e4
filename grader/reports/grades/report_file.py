"""The HTML page of grades, written to a file."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.argument_types import is_frame, wrong_type
from grader.files import atomic_writer
from grader.reports.grades.page import render_grades_page
from grader.reports.grades.summary import summarise_grades
from grader.schema import Grade

if TYPE_CHECKING:
    from grader.grading import SimilarAnswers


def write_report(
    grades: Iterable[Grade],
    path: str | Path,
    *,
    title: str = "Grades",
    groups: "Sequence[SimilarAnswers] | None" = None,
) -> None:
    """Write grades as one self-contained HTML page.

    Args:
        grades: in the order in which they are shown; of very many, only the first have a card each.
        path: the file; it is replaced when the new one is complete.
        title: any text.
        groups: similar answers, if they were searched for.

    Raises:
        InputError: the file cannot be written.
        TypeError: `grades` does not hold grades.

    >>> from grader import Answer, Grader, Rubric, write_report
    >>> rubric = Rubric(question_id="q1", points=[{"text": "Dropout disables random units."}])
    >>> answers = [Answer(answer_id=1, question_id="q1", answer="Random units are disabled.")]
    >>> write_report(Grader([rubric]).grade_many(answers), "report.html")
    """
    page = render_grades_page(summarise_grades(_grades_only(grades)), title=title, groups=groups)
    with atomic_writer(path) as file:
        file.write(page)


def _grades_only(grades: Any) -> Iterable[Grade]:
    if isinstance(grades, Grade):
        raise wrong_type("grades", grades, "a list of grades", "write_report([grade], path)")
    if isinstance(grades, str | Path):
        raise wrong_type("grades", grades, "a list of grades", "write_report(read_grades(file), path)")
    if not isinstance(grades, Iterable) or is_frame(grades):
        raise wrong_type("grades", grades, "a list of grades", "write_report(grader.grade_many(answers), path)")
    return _each_checked(grades)


def _each_checked(grades: Iterable[Any]) -> Iterator[Grade]:
    for number, grade in enumerate(grades):
        if not isinstance(grade, Grade):
            raise wrong_type(f"grades[{number}]", grade, "a Grade", "write_report(grader.grade_many(answers), path)")
        yield grade
