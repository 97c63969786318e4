"""What was marked, as files: ratings, the learned marks, grades, and grades in the form of a learning platform."""

import csv
import io
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, NamedTuple

from grader.calibration import fit_marks, read_ratings
from grader.errors import InputError
from grader.files import grade_row, safe_cell, write_rows
from grader.grading import Grader
from grader.marks import FEWEST_MARKS, FittedMarks
from grader.reports import group_by_student, short_feedback, upload_table
from grader.schema import Grade
from grader.web.pile import Pile
from grader.web.store import Mark

Export = Literal["ratings", "marks", "grades", "plain", "moodle", "canvas", "gradescope"]
# What each is, for the page.
FORMS: Mapping[Export, str] = {
    "ratings": "Ratings (CSV): who gave what, when and why, beside the grader's score; for grader calibrate",
    "marks": "Learned marks (marks.json): for grader grade --calibration",
    "grades": "Grades (JSONL): your score where you marked, else the grader's on your scale",
    "plain": "A row a student (CSV)",
    "moodle": "Moodle's grade import (CSV)",
    "canvas": "Canvas's gradebook import (CSV)",
    "gradescope": "The form of Gradescope's exports (CSV)",
}
Attempts = Literal["first", "last", "best"]
_RATINGS = (
    "answer_id",
    "question_id",
    "rater",
    "score",
    "max_score",
    "time",
    "phase",
    "why",
    "grader_score",
    "shown_score",
)


class File(NamedTuple):
    """A file to be saved, and what a person should know of it first."""

    name: str
    content: bytes
    media_type: str
    notes: tuple[str, ...] = ()


def export(form: Export, pile: Pile, marks: Sequence[Mark], *, attempts: Attempts | None = None) -> File:
    """Make one of the files.

    Args:
        form: which.
        pile: with the machine's grades.
        marks: those that count.
        attempts: which one counts where a student has several.

    Raises:
        InputError: fewer than ten marks for what is learned; students cannot be told apart.

    """
    stem = pile.name.partition(".")[0] or "answers"
    if form == "ratings":
        return File(f"{stem}-ratings.csv", _ratings(pile, marks).encode(), "text/csv")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        if form == "marks":
            _fitted(pile, marks, path).write(path)
            return File("marks.json", path.read_bytes(), "application/json")
        grades = final_grades(pile, marks)
        if form == "grades":
            write_rows(path, map(grade_row, grades), format="jsonl")
            return File(f"{stem}-grades.jsonl", path.read_bytes(), "application/x-ndjson")
        try:
            results = group_by_student(grades, attempts=attempts)
        except InputError as error:
            if "--attempt" not in error.problem:
                raise
            raise InputError(error.problem.replace(" with --attempt first, last or best", " below")) from error
        words: Callable[..., str] = partial(short_feedback, reveal=False)
        table = upload_table(results, form, title=stem, feedback=words)
        write_rows(path, table.rows, columns=table.columns, format="csv", bom=form == "plain")
        return File(f"{stem}-{form}.csv", path.read_bytes(), "text/csv", table.notes)


def _ratings(pile: Pile, marks: Sequence[Mark]) -> str:
    """The marks as ratings. They were given blind to other people's."""
    text = io.StringIO()
    rows = csv.DictWriter(text, _RATINGS, lineterminator="\n")
    rows.writeheader()
    for mark in marks:
        answer = pile.by_id[mark.answer_id]
        row: dict[str, Any] = {
            "answer_id": mark.answer_id,
            "question_id": answer.answer.question_id,
            "rater": mark.rater,
            "score": mark.score,
            "max_score": answer.grade.max_score,
            "time": mark.at,
            "phase": "blind",
            "why": mark.why,
            "grader_score": mark.grader_score,
            "shown_score": mark.shown_score,
        }
        rows.writerow({name: safe_cell(value) if isinstance(value, str) else value for name, value in row.items()})
    return text.getvalue()


def _fitted(pile: Pile, marks: Sequence[Mark], path: Path) -> FittedMarks:
    """What `grader calibrate --fit` learns from the same ratings."""
    path.with_suffix(".csv").write_text(_ratings(pile, marks))
    if len(marks) < FEWEST_MARKS:
        raise InputError(f"{FEWEST_MARKS} marks are needed to learn from, there are {len(marks)}")
    ratings = read_ratings(path.with_suffix(".csv"))
    return fit_marks(ratings, [each.answer for each in pile.answers], pile.grader, read=pile.read).fitted


def final_grades(pile: Pile, marks: Sequence[Mark]) -> list[Grade]:
    """The people's score where there is one (the mean of several), else the grader's, on their scale from ten marks on.

    `grader_score` and `marked_by` stand beside the scores, so the machine's number is never lost.
    """
    given: defaultdict[str, list[Mark]] = defaultdict(list)
    for mark in marks:
        given[mark.answer_id].append(mark)
    graded = _on_peoples_scale(pile, marks)
    return [
        _final(grade, given[grade.answer_id], machine) for grade, (machine, _) in zip(graded, pile.read, strict=True)
    ]


def _on_peoples_scale(pile: Pile, marks: Sequence[Mark]) -> list[Grade]:
    machine = [grade for grade, _ in pile.read]
    try:
        with TemporaryDirectory() as folder:
            fitted = _fitted(pile, marks, Path(folder) / "marks")
    except InputError:  # too few marks
        return machine
    grader = Grader(
        pile.grader.rubrics, encoder=pile.grader.encoder, reader=pile.grader.reader,
        settings=pile.grader.settings, marks=fitted,
    )  # fmt: skip
    return list(grader.grade_many(each.answer for each in pile.answers))


def _final(grade: Grade, marks: Sequence[Mark], machine: Grade) -> Grade:
    beside = {"grader_score": machine.score, "marked_by": "; ".join(mark.rater for mark in marks)}
    if not marks or grade.max_score is None:
        return grade.model_copy(update={"extra": {**grade.extra, **beside}})
    score = sum(mark.score for mark in marks) / len(marks)
    why = "; ".join(mark.why for mark in marks if mark.why)
    return grade.model_copy(
        update={
            "score": score,
            "fraction": score / grade.max_score,
            "marks": None,
            "ungraded_reason": None,
            "needs_review": False,
            "feedback": why or grade.feedback,
            "extra": {**grade.extra, **beside},
        }
    )
