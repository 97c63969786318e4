"""Tables by student, as people and platforms take them."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.errors import InputError
from grader.files.tables import read_rows, write_rows
from grader.reports.students.feedback import short_feedback
from grader.reports.students.results import StudentResults, group_by_student
from grader.reports.students.tables import Platform, StudentTable, mail_merge_table, student_table, upload_table
from tests.support.sample_grades import grade

KIM = {"Surname": "Doe", "First name": "Kim", "Email address": "kim@uni.edu", "Status": "Finished"}
LEE = {"Surname": "Ünal", "First name": "Lee", "Email address": "lee@uni.edu", "Status": "Finished"}
WORDS = partial(short_feedback, reveal=False)


def results(*about: dict[str, Any], fractions: tuple[float | None, ...] = (0.521, 1.0)) -> StudentResults:
    return group_by_student(
        grade(
            f"s{i}/{name}", fraction, candidate=f"s{i}", question_id=name, extra=each, feedback="Stated 1 of 2 points."
        )
        for i, each in enumerate(about)
        for name, fraction in zip(("osmosis", "enzymes"), fractions, strict=True)
    )


def upload(platform: Platform, found: StudentResults, title: str = "Quiz 1") -> StudentTable:
    return upload_table(found, platform, title=title, feedback=WORDS)


def test_a_row_a_student_with_a_column_a_question() -> None:
    table = student_table(results(KIM, LEE), rounded=True)
    assert table.columns == (
        *("candidate", "First name", "Surname", "Email address"),
        *("osmosis", "enzymes", "total", "max_total", "share", "ungraded", "needs_review"),
    )
    first = table.rows[0]
    assert [first[name] for name in ("osmosis", "enzymes", "total", "max_total", "share")] == [
        5.0,
        10.0,
        15.0,
        20.0,
        0.75,
    ]
    exact = student_table(results(KIM), rounded=False).rows[0]
    assert (exact["osmosis"], exact["total"]) == (5.21, 15.21)


def test_questions_never_replace_our_columns() -> None:
    ids = ["total", "question_total", "candidate", "Email address", "osmosis"]
    grades = [grade(f"a{i}", i / 10, candidate="kim", question_id=name, extra=KIM) for i, name in enumerate(ids)]
    table = student_table(group_by_student(grades), rounded=True)
    assert len(set(table.columns)) == len(table.columns)
    shown = [value for name, value in table.rows[0].items() if name.startswith("question_") or name == "osmosis"]
    assert shown == [0, 1, 2, 3, 4]


def test_what_moodle_imports() -> None:
    table = upload("moodle", results(KIM, LEE))
    assert table.columns == ("First name", "Surname", "Email address", "Quiz 1 (Real)", "Quiz 1 (Feedback)")
    assert table.rows[1]["Email address"] == "lee@uni.edu" and table.rows[1]["Quiz 1 (Real)"] == 15.0
    assert table.rows[0]["Quiz 1 (Feedback)"].split("\n")[0] == (
        "osmosis: 5 of 10 (5.21 before rounding). Stated 1 of 2 points."
    )


@pytest.mark.parametrize(
    ("about", "problem"),
    [
        ([KIM, KIM], "the students 's0' and 's1' both have 'kim@uni.edu'"),
        ([KIM, LEE | {"Email address": " "}], "field 'Email address': student 's1' has nothing in this column"),
        ([KIM | {"Email address": "+kim@uni.edu"}], "begins like a formula"),
    ],
)
def test_moodle_gives_no_grade_to_another_student(about: list[dict[str, Any]], problem: str) -> None:
    with pytest.raises(InputError, match=problem.replace("+", r"\+")):
        upload("moodle", results(*about))


def test_moodle_without_columns_of_students_gets_what_the_answers_call_them() -> None:
    table = upload("moodle", results({}, {}))
    assert table.columns[0] == "Candidate" and [row["Candidate"] for row in table.rows] == ["s0", "s1"]
    assert any("map 'Candidate' to what it is" in note for note in table.notes)


def test_what_canvas_imports() -> None:
    """The first columns in this order, then a row of full scores: `gradebook_importer.rb` looks at both."""
    about = {"name": "Kim Doe", "id": "4711", "sis_id": "S1", "section": "Bio 1", "section_id": "9"}
    table = upload("canvas", results(about), title="Quiz 1 (77)")
    assert table.columns == ("Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Quiz 1 (77)")
    assert [[row.get(name, "") for name in table.columns] for row in table.rows] == [
        ["    Points Possible", "", "", "", "", 20.0],
        ["Kim Doe", "4711", "S1", "", "Bio 1", 15.0],
    ]
    table = upload("canvas", results({"name": "Kim Doe", "email": "kim@x.org"}))
    assert table.rows[1]["SIS Login ID"] == "kim@x.org"
    for title in ("Final Score", "Section"):
        with pytest.raises(InputError, match="another --title"):
            upload("canvas", results(about), title=title)


def test_what_gradescope_exports() -> None:
    about = {"First Name": "Kim", "Last Name": "Doe", "SID": "007", "Email": "kim@uni.edu", "Sections": "A"}
    table = upload("gradescope", results(about))
    assert table.rows[0] == {
        "Name": "Kim Doe",
        "SID": "007",
        "Email": "kim@uni.edu",
        "Sections": "A",
        "Total Score": 15.0,
        "Max Points": 20.0,
        "Status": "Graded",
        "1: osmosis (10 pts)": 5.0,
        "2: enzymes (10 pts)": 10.0,
    }


@pytest.mark.parametrize("platform", ["moodle", "canvas"])
def test_a_gradebook_gets_no_total_of_a_part(platform: Platform) -> None:
    """An ungraded answer is no 0, and a total out of less is not one out of the full score."""
    grades = [
        grade(f"{who}/{name}", fraction, candidate=who, question_id=name, extra={"Email": f"{who}@x.org"})
        for who, name, fraction in (
            ("a", "q1", 0.5),
            ("a", "q2", 0.5),
            ("b", "q1", 0.5),
            ("c", "q1", 1.0),
            ("c", "q2", None),
        )
    ]
    table = upload(platform, group_by_student(grades))
    column = next(name for name in table.columns if name.startswith("Quiz 1"))
    assert [row[column] for row in table.rows][-3:] == [10.0, None, None]
    assert any(
        "without a total out of 20, for an answer is ungraded or not there: b, c" in note for note in table.notes
    )


def test_a_mail_merge_has_address_scores_words_and_file() -> None:
    table = mail_merge_table(results(KIM, LEE), WORDS, {"s0": "s0.html", "s1": "s1.html"})
    row = table.rows[0]
    assert (row["Email address"], row["total"], row["percent"], row["feedback_file"]) == (
        *("kim@uni.edu", 15.0, "75%"),
        "s0.html",
    )
    by_name = group_by_student([grade("a", 0.5, candidate="kim@uni.edu")])
    assert mail_merge_table(by_name, WORDS, {}).rows[0]["email"] == "kim@uni.edu"


names = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=8).filter(lambda t: t[0].isalnum())


@settings(max_examples=25, deadline=None)
@given(
    st.dictionaries(names, st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=5),
    st.sampled_from(["plain", "moodle", "canvas", "gradescope"]),
)
def test_every_total_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, students: dict[str, tuple[float, float]], platform: Platform
) -> None:
    found = group_by_student(
        grade(f"{who}/{name}", fraction, candidate=who, question_id=name)
        for who, fractions in students.items()
        for name, fraction in zip(("q1", "q2"), fractions, strict=True)
    )
    table = upload(platform, found)
    path: Path = tmp_path_factory.mktemp("upload") / "a.csv"
    write_rows(path, table.rows, columns=table.columns, format="csv", bom=False)
    rows = [row.values for row in read_rows(path)][platform == "canvas" :]
    who = {"plain": "candidate", "moodle": "Candidate", "canvas": "Student", "gradescope": "Name"}[platform]
    total = {"plain": "total", "moodle": "Quiz 1 (Real)", "canvas": "Quiz 1", "gradescope": "Total Score"}[platform]
    expected = {each.student: found.total(each, rounded=True).score for each in found.students}
    assert {row[who]: float(row[total]) for row in rows} == expected
