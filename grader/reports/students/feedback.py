"""What a student reads: a page each as HTML or Markdown, or a few words for a gradebook.

The words of points are those of the reference answer, so they are shown only where the reference may be revealed;
otherwise students see their own words that earned something, and how many points they did not state.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from grader.files import atomic_writer, make_folder
from grader.phrases import count, number, one_line
from grader.reports.grades.page import cut_into_runs, extend_over_punctuation, is_within
from grader.reports.grades.wording import (
    STATUS_LABELS,
    exact_score,
    feedback_parts,
    point_scores,
    point_status,
    shown_score,
    unstated_score,
)
from grader.reports.html_page import page_templates
from grader.reports.students.results import StudentResult, StudentResults
from grader.reports.untrusted_text import markdown_text, plain_text
from grader.schema import Grade, PointGrade

PageFormat = Literal["html", "md"]


class FeedbackPoint(NamedTuple):
    """A point as a student sees it: its number, status and worth, the student's words, and, if revealed, its text."""

    number: int
    status: str
    earns: str
    words: str
    text: str


class WordsRun(NamedTuple):
    """A stretch of an answer, the status of the first point that it shows (or ""), and the numbers that begin here."""

    text: str
    status: str
    begins: tuple[int, ...]


@dataclass(frozen=True)
class FeedbackAnswer:
    """An answer as a student sees it.

    Attributes:
        score: with the full score, or why there is none.
        exact: the score before rounding, where it differs.
        runs: the answer cut where words begin or end that show a point.
        opening: paragraphs of feedback.
        points: those that are shown one by one.
        unstated: how many points the answer does not state, in words, where they are not shown.

    """

    grade: Grade
    score: str
    exact: str
    runs: tuple[WordsRun, ...]
    opening: tuple[str, ...]
    points: tuple[FeedbackPoint, ...]
    unstated: str


_UNSTATED = ("missing", "avoided", "not_judged")


def feedback_answer(grade: Grade, *, reveal: bool) -> FeedbackAnswer:
    """What a student reads about one answer.

    Args:
        grade: with its points.
        reveal: show the words of the points, too.

    """
    points: list[FeedbackPoint] = []
    marks: list[tuple[tuple[int, int], int, str]] = []
    for place, (point, earns) in enumerate(zip(grade.points, point_scores(grade), strict=True), 1):
        status = point_status(point)
        words = "" if status in _UNSTATED else _words(point, grade.answer)
        if words and point.evidence is not None:
            marks.append(((point.evidence.start, _end(point, grade.answer)), place, status))
        if grade.score is not None and (words or (reveal and status != "avoided")):
            points.append(FeedbackPoint(place, status, earns, words, point.text if reveal else ""))
    feedback = feedback_parts(grade)
    wanted = [point for point in grade.points if point.weight > 0 and point.status == "missing"]
    return FeedbackAnswer(
        grade=grade,
        score=_score(grade),
        exact=exact_score(grade),
        runs=tuple(
            WordsRun(
                run.text, marks[run.holders[0]][2] if run.holders else "", tuple(marks[at][1] for at in run.begins)
            )
            for run in cut_into_runs(grade.answer, [span for span, _, _ in marks])
        ),
        opening=tuple(line for line in re.split(r"[\r\n]+", feedback.opening) if line.strip()),
        points=tuple(points),
        unstated="" if reveal or grade.score is None or not wanted else _not_stated(len(wanted), unstated_score(grade)),
    )


def _words(point: PointGrade, answer: str) -> str:
    found = point.evidence
    return "" if found is None or not is_within(found, answer) else one_line(answer[found.start : _end(point, answer)])


def _end(point: PointGrade, answer: str) -> int:
    return 0 if point.evidence is None else extend_over_punctuation(min(point.evidence.end, len(answer)), answer)


def short_feedback(result: StudentResult, *, reveal: bool) -> str:
    """A line an answer, as the feedback of a gradebook has room for."""
    return "\n".join(_short(name, grade, reveal=reveal) for name, grade in result.grades.items())


def _short(question_id: str, grade: Grade, *, reveal: bool) -> str:
    if grade.score is None:
        return f"{question_id}: not graded yet."
    feedback = feedback_parts(grade)
    missed = f" Missed: {'; '.join(feedback.missed)}" if reveal and feedback.missed else ""
    exact = exact_score(grade)
    score = _score(grade) + (f" ({exact})" if exact else "")
    earned = unstated_score(grade)
    near = f" What comes near to points that are not stated earns {earned}." if earned else ""
    return f"{question_id}: {score}. {one_line(feedback.opening)}{near}{missed}".rstrip()


def _score(grade: Grade) -> str:
    return f"{shown_score(grade.rounded_score)} of {number(grade.max_score or 0.0)}"


# --- pages ------------------------------------------------------------------------------------------------------


def feedback_page(
    results: StudentResults, result: StudentResult, *, title: str, reveal: bool, page_format: PageFormat
) -> str:
    """The page of one student; equal grades give equal bytes.

    Args:
        results: of all students, which say what counts.
        result: of this one, with texts and points.
        title: of the work.
        reveal: show the words of the points, too.
        page_format: HTML without scripts, or Markdown.

    """
    answers = [feedback_answer(grade, reveal=reveal) for grade in result.grades.values()]
    total = results.total(result, rounded=True)
    sum_ = "" if total.score is None else f"{shown_score(total.score)} of {number(total.max_score)}"
    if page_format == "md":
        return _markdown(result.student, title, sum_, answers)
    template = page_templates().get_template("feedback.html.jinja")
    return template.render(
        title=title,
        student=result.student,
        total=sum_,
        answers=answers,
        labels=STATUS_LABELS,
        used=sorted({point.status for answer in answers for point in answer.points}, key=list(STATUS_LABELS).index),
    )


def _markdown(student: str, title: str, total: str, answers: Iterable[FeedbackAnswer]) -> str:
    lines = [
        f"# {markdown_text(title)}",
        "",
        f"**{markdown_text(student)}**" + (f": {total} points" if total else ""),
        "",
    ]
    for answer in answers:
        grade = answer.grade
        lines += [f"## {markdown_text(grade.question or grade.question_id)}", ""]
        lines += ["Not graded yet." if grade.score is None else f"**{answer.score} points**{_exact(answer)}", ""]
        quoted = plain_text(grade.answer).strip().splitlines() or ["(nothing was written)"]
        lines += [*(f"> {markdown_text(line)}" if line.strip() else ">" for line in quoted), ""]
        lines += [line for told in answer.opening for line in (markdown_text(told), "")]
        lines += [_markdown_point(point) for point in answer.points]
        if answer.unstated:
            lines.append(f"- {STATUS_LABELS['missing'].sign} {answer.unstated}")
        lines.append("")
    text = "\n".join(lines).rstrip("\n")
    return re.sub(r"\n{3,}", "\n\n", text) + "\n"


def _exact(answer: FeedbackAnswer) -> str:
    return f" ({answer.exact})" if answer.exact else ""


def _markdown_point(point: FeedbackPoint) -> str:
    label = STATUS_LABELS[point.status]
    parts = [f"{label.sign} {label.word}", f"earns {point.earns}" if point.earns else ""]
    said = ", ".join(filter(None, parts))
    text = f": {markdown_text(point.text)}" if point.text else ""
    return f"- {said}{text}" + (f" “{markdown_text(point.words)}”" if point.words else "")


def _not_stated(n: int, earned: str) -> str:
    near = f"; what comes near to {'it' if n == 1 else 'them'} earns {earned}" if earned else ""
    return f"{count(n, 'point')} {'is' if n == 1 else 'are'} not stated{near}"


# --- files ------------------------------------------------------------------------------------------------------


def feedback_files(results: StudentResults, page_format: PageFormat) -> dict[str, str]:
    """By student the name of the file with the feedback: safe on every file system, and different for each."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for each in results.students:
        base = _safe_name(each.student)
        name, number_ = base, 2
        while name.casefold() in taken:
            name, number_ = f"{base}-{number_}", number_ + 1
        taken.add(name.casefold())
        names[each.student] = f"{name}.{page_format}"
    return names


_DEVICE = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)", re.IGNORECASE)  # reserved names on Windows
_NAME_LENGTH = 80


def _safe_name(student: str) -> str:
    name = re.sub(r"[^\w@.+-]+", "-", student).strip(".-")[:_NAME_LENGTH].rstrip(".-")
    return f"student-{name}".rstrip("-") if not name or _DEVICE.match(name) else name


def write_feedback(
    results: StudentResults, folder: Path, files: Mapping[str, str], *, title: str, reveal: bool
) -> None:
    """Write a page for each student.

    Args:
        results: with texts and points.
        folder: made if it does not exist; files of the same names are replaced, others stay.
        files: by student, from `feedback_files`.
        title: of the work.
        reveal: show the words of the points, too.

    Raises:
        InputError: a file cannot be written.

    """
    make_folder(folder)
    for each in results.students:
        name = files[each.student]
        page_format: PageFormat = "md" if name.endswith(".md") else "html"
        page = feedback_page(results, each, title=title, reveal=reveal, page_format=page_format)
        with atomic_writer(folder / name) as file:
            file.write(page)
