"""Pages of feedback: what students may read, and that nothing in them runs."""

from pathlib import Path

import pytest

from grader.reports.students.feedback import (
    PageFormat,
    feedback_files,
    feedback_page,
    short_feedback,
    write_feedback,
)
from grader.reports.students.results import group_by_student
from grader.schema import Grade
from tests.support.sample_grades import HOSTILE, grade, hostile_grade, point, quote

ANSWER = "It turns units off. It stays on while predicting."


def graded(**changes: object) -> Grade:
    points = [
        point(1, text="secret one", evidence=quote(ANSWER, "It turns units off.")),
        point(2, "partial", text="secret two", credit=0.5, evidence=quote(ANSWER, "turns units")),
        point(3, "missing", text="secret three"),
        point(4, "contradicted", text="secret four", evidence=quote(ANSWER, "It stays on while predicting.")),
    ]
    told = "Stated 1 of 4 points, 1 more in part. Missed: only in part: secret two | secret three"
    return grade("a", 0.375, *points, answer=ANSWER, candidate="kim", feedback=told, **changes)


def page(*grades: Grade, reveal: bool = False, page_format: PageFormat = "html") -> str:
    results = group_by_student(grades)
    return feedback_page(results, results.students[0], title="Quiz", reveal=reveal, page_format=page_format)


@pytest.mark.parametrize("page_format", ["html", "md"])
def test_the_reference_is_shown_only_when_asked(page_format: PageFormat) -> None:
    hidden = page(graded(), page_format=page_format)
    assert "secret" not in hidden
    for shown in ("turns units", "4 of 10", "3.75 before rounding", "1 point is not stated", "Stated 1 of 4 points"):
        assert shown in hidden
    revealed = page(graded(), reveal=True, page_format=page_format)
    assert all(f"secret {number}" in revealed for number in ("one", "two", "three", "four"))
    results = group_by_student([graded()])
    assert "secret" not in short_feedback(results.students[0], reveal=False)
    assert "secret three" in short_feedback(results.students[0], reveal=True)


def test_what_points_earn_adds_up_to_the_score() -> None:
    text = page(graded())
    assert text.count("earns 2.5 of 2.5") == 1 and text.count("earns 1.25 of 2.5") == 1
    by_marks = page(graded().model_copy(update={"score": 6.0, "fraction": 0.6}))
    assert "earns 100%" in by_marks and "earns 50%" in by_marks and "of 2.5" not in by_marks


@pytest.mark.parametrize("page_format", ["html", "md"])
def test_an_ungraded_answer_is_no_zero(page_format: PageFormat) -> None:
    text = page(grade("a", None, point(1, "not_judged"), candidate="kim"), page_format=page_format)
    assert "ot graded yet" in text and "0 of" not in text


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_in_a_page_runs(text: str) -> None:
    html = page(hostile_grade(text), reveal=True)
    body = html[html.index("<body") :]
    assert "<script" not in body and "<img" not in body and "<svg" not in body and "\x1b" not in body
    assert "\u202e" not in html
    markdown = page(hostile_grade(text), reveal=True, page_format="md")
    assert "<script" not in markdown.replace("\\<script", "") and "\u202e" not in markdown


def test_every_student_has_a_file_of_a_safe_name(tmp_path: Path) -> None:
    names = ["s1@uni.edu", "../../x", "a/b", "a\\b", "A-B", "con", "Jürgen Müller", "...", "n" * 200]
    results = group_by_student(grade(f"a{i}", 0.5, candidate=name, answer=name) for i, name in enumerate(names))
    files = feedback_files(results, "html")
    assert list(files) == names
    assert len({file.casefold() for file in files.values()}) == len(names)
    assert files["s1@uni.edu"] == "s1@uni.edu.html" and files["Jürgen Müller"] == "Jürgen-Müller.html"
    assert all("/" not in file and not file.startswith(".") and len(file) < 100 for file in files.values())
    assert files["con"] == "student-con.html"
    write_feedback(results, tmp_path / "pages", files, title="Quiz", reveal=False)
    assert {file.name for file in (tmp_path / "pages").iterdir()} == set(files.values())
    first = (tmp_path / "pages" / files["a/b"]).read_text()
    assert ">a/b<" in first and "s1@uni.edu" not in first


def test_what_comes_near_to_a_point_is_no_riddle() -> None:
    """Beside "0 of 2 points" no score stands unexplained."""
    points = [point(1, "missing", credit=0.3), point(2, "missing", credit=0.1)]
    near = grade("a", 0.2, *points, candidate="kim", feedback="Stated 0 of 2 points.")
    assert "2 points are not stated; what comes near to them earns 2" in page(near)
    assert "What comes near to points that are not stated earns 2." in short_feedback(
        group_by_student([near]).students[0], reveal=False
    )
    nothing = grade("a", 0.0, point(1, "missing"), candidate="kim")
    assert "1 point is not stated<" in page(nothing)
