"""`grader columns`, `--layout`, and grading an export from the file that a platform wrote."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from grader.cli.app import app
from tests.support import exports
from tests.support.exports import ANSWERS, QUESTIONS


def run(*arguments: object, stdin: str | None = None) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)


@pytest.fixture
def rubrics(tmp_path: Path) -> Path:
    """Rubrics from the right answers of a Moodle export."""
    export = exports.moodle(ANSWERS).write(tmp_path)
    done = run("derive", export, "-o", tmp_path / "rubrics")
    assert done.exit_code == 0
    assert "each gets an equal part of the total, 4" in done.stderr
    return tmp_path / "rubrics"


def test_columns_of_an_export(tmp_path: Path, rubrics: Path) -> None:
    done = run("columns", exports.google_forms(ANSWERS).write(tmp_path), "--rubrics", rubrics, "--json")
    assert done.exit_code == 0
    data = json.loads(done.stdout)
    assert {key: data[key] for key in ("layout", "n_rows", "n_students", "n_questions", "n_answers", "n_blank")} == {
        "layout": "google-forms",
        "n_rows": 2,
        "n_students": 2,
        "n_questions": 3,
        "n_answers": 6,
        "n_blank": 2,
    }
    assert [(each["question"], each["matched_by"]) for each in data["questions"]] == [
        (text, "text") for text in QUESTIONS.values()
    ]
    assert data["ignored"][:2] == ["Timestamp", "Score"]


def test_columns_for_people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # where there are no rubrics
    done = run("columns", exports.canvas(ANSWERS).write(tmp_path))
    assert done.exit_code == 0
    assert "export.csv: read as canvas: one row a student, students in 'id'" in done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "canvas: 2 rows, 2 students, 6 answers (2 blank) to 3 questions"
    assert lines[1] == "  two-high-tides-day (by made): Why are there two high tides a day?"
    assert lines[-1].startswith("not needed: section, section_id, section_sis_id, submitted, 4.0, 4.0 (2), 4.0 (3), n")


def test_an_export_is_graded_with_its_right_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("grade", exports.moodle(ANSWERS).write(tmp_path), "-o", "grades.jsonl", "--encoder", "static")
    assert done.exit_code == 0
    assert "read as moodle: one row a student, students in 'Email address'" in done.stderr
    assert "there are no rubrics, so points come from the right answers in" in done.stderr
    grades = [json.loads(line) for line in Path("grades.jsonl").read_text().splitlines()]
    assert [grade["answer_id"] for grade in grades[:2]] == ["ann/two-high-tides-day", "ann/pahoehoe-aa-lava"]
    assert {grade["max_score"] for grade in grades} == {4.0}
    assert grades[0]["Last name"] == "Doe"


def test_exports_of_the_same_answers_get_the_same_grades(tmp_path: Path, rubrics: Path) -> None:
    found = []
    for make in (exports.moodle, exports.blackboard, exports.question_answer):
        out = tmp_path / f"{make.__name__}.jsonl"
        path = make(ANSWERS).write(tmp_path)
        assert run("grade", path, "--rubrics", rubrics, "-o", out, "--encoder", "static").exit_code == 0
        grades = [json.loads(line) for line in out.read_text().splitlines()]
        found.append({grade["answer_id"]: grade["score"] for grade in grades})
    assert found[0] == found[1] == found[2]


def test_faults_are_one_line(tmp_path: Path, rubrics: Path) -> None:
    path = exports.Export([["Student", "Why?"], ["ann", "x"]]).write(tmp_path)
    done = run("columns", path, "--rubrics", rubrics)
    assert done.exit_code == 1
    assert "and no column is called as a question of the rubrics is" in done.stderr
    assert run("columns", path, "--layout", "sheet").exit_code == 2
    row = ["ann", *ANSWERS["ann"].values()]
    twice = exports.Export([["Student", *QUESTIONS.values()], row, row]).write(tmp_path)
    done = run("grade", twice, "--rubrics", rubrics)
    assert done.exit_code == 1
    assert (
        "appears twice, the first time on line 2; a student has several rows: say with --attempt first, last, best"
        in done.stderr
    )


def test_standard_input(tmp_path: Path, rubrics: Path) -> None:
    text = exports.wide(ANSWERS).write(tmp_path).read_text()
    header = ",".join(["Student", "Class", *(f'"{each}"' for each in QUESTIONS.values())])
    done = run("columns", "-", "--rubrics", rubrics, "--json", stdin="\n".join([header, *text.splitlines()[1:]]))
    assert json.loads(done.stdout)["layout"] == "wide"
    done = run("columns", "-", "--rubrics", rubrics, "--json", stdin="Q: Why are there two high tides?\nA: The moon.\n")
    assert json.loads(done.stdout)["layout"] == "text"
    assert "is read as 'two-high-tides-day' (Why are there two high tides a day?)" in done.stderr


def test_a_workbook_with_a_cover_sheet(tmp_path: Path, rubrics: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    book.worksheets[0].append(["Test in May", "by Kim"])
    for name, student in (("Answers", "ann"), ("Resit", "bo")):
        sheet = book.create_sheet(name)
        sheet.append(["Student", *QUESTIONS.values()])
        sheet.append([student, *ANSWERS["ann"].values()])
    path = tmp_path / "book.xlsx"
    book.save(path)
    done = run("columns", path, "--rubrics", rubrics)
    assert "only the sheet 'Answers' is read; left out: 'Sheet', 'Resit' (--sheet names another)" in done.stderr
    for sheet, student in (("answers", "ann"), ("Resit", "bo")):
        done = run("grade", path, "--rubrics", rubrics, "--sheet", sheet, "--format", "csv", "--encoder", "static")
        assert done.exit_code == 0, done.stderr
        assert f'"{student}/' in done.stdout
    assert "no sheet 'May': found 'Sheet', 'Answers', 'Resit'" in run("columns", path, "--sheet", "May").stderr
    assert "only a workbook (.xlsx) has sheets" in run("columns", __file__, "--sheet", "May").stderr
