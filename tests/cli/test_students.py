"""What is handed on by student, as commands write it."""

import csv
import json
from pathlib import Path

import openpyxl
import pytest
from typer.testing import CliRunner, Result

from grader.cli.app import app
from grader.files.grades import grade_row
from grader.files.tables import write_rows
from grader.rubrics.rubric_files import read_rubric, rubric_hash, write_rubric
from grader.rubrics.saving import is_edited, save_derived
from grader.schema import Rubric
from tests.support.rubrics import as_points
from tests.support.sample_grades import grade, point

SCORES = {("kim", "q1"): 0.521, ("kim", "q2"): 1.0, ("lee", "q1"): 0.333, ("lee", "q2"): 0.0}


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def grades(tmp_path: Path) -> Path:
    path = tmp_path / "grades.jsonl"
    rows = [
        grade(
            f"{who}/{name}",
            score,
            point(1, text="secret"),
            candidate=who,
            question_id=name,
            extra={"Email": f"{who}@x.org"},
        )
        for (who, name), score in SCORES.items()
    ]
    write_rows(path, map(grade_row, rows), format="jsonl")
    return path


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def test_a_table_by_student_in_every_form(grades: Path, tmp_path: Path) -> None:
    assert run("report", grades, "--by", "student", "-o", tmp_path / "a.csv", "--step", "1").exit_code == 0
    [kim, lee] = table(tmp_path / "a.csv")
    assert (kim["candidate"], kim["q1"], kim["total"], kim["share"], lee["total"]) == (
        "kim",
        "5.0",
        "15.0",
        "0.75",
        "3.0",
    )
    assert (tmp_path / "a.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert run("report", grades, "--by", "student", "-o", tmp_path / "a.jsonl").exit_code == 0
    exact = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert exact[0]["total"] == pytest.approx(15.21) and exact[1]["total"] == pytest.approx(3.33)
    assert run("report", grades, "--by", "student", "-o", tmp_path / "a.xlsx").exit_code == 0
    assert openpyxl.load_workbook(tmp_path / "a.xlsx").worksheets[0]["A2"].value == "kim"
    shown = run("report", grades, "--by", "student").stdout
    assert "15/20" in shown and "75%" in shown


def test_an_upload_goes_to_a_file_or_stdout_without_a_mark(grades: Path, tmp_path: Path) -> None:
    done = run("report", grades, "--for", "moodle", "--title", "Quiz 1", "-o", tmp_path / "up.csv")
    assert done.exit_code == 0
    assert (
        (tmp_path / "up.csv").read_bytes().startswith(b'"Email","Quiz 1 (Real)","Quiz 1 (Feedback)"\n"kim@x.org",15.0,')
    )
    assert run("report", grades, "--for", "canvas").stdout.startswith('"Student","ID","SIS User ID"')


def test_the_words_in_an_upload_are_the_same_with_pages_beside_it_and_without(tmp_path: Path) -> None:
    near = grade("kim", 0.05, point(1, "missing", credit=0.05), candidate="kim", extra={"Email": "kim@x.org"})
    write_rows(tmp_path / "grades.jsonl", [grade_row(near)], format="jsonl")
    command = ("report", tmp_path / "grades.jsonl", "--for", "moodle")
    alone = run(*command).stdout
    assert "What comes near to points that are not stated earns 0.5." in alone
    assert run(*command, "--feedback", tmp_path / "pages").stdout == alone


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--for", "moodle", "--by", "answer"), "leave --by answer out"),
        (("--for", "canvas", "-o", "up.xlsx"), "canvas takes CSV, not xlsx"),
        (("--mail-merge", "mail.txt"), "does not end in .csv or .xlsx"),
        (("--feedback", "pages", "-o", "a.csv"), "add --by student or --for"),
    ],
)
def test_what_does_not_go_together_is_told(grades: Path, arguments: tuple[str, ...], problem: str) -> None:
    done = run("report", grades, *arguments)
    assert done.exit_code == 2 and problem in " ".join(done.stderr.split())


def test_pages_and_mail_merge(grades: Path, tmp_path: Path) -> None:
    pages, mail = tmp_path / "pages", tmp_path / "mail.csv"
    assert run("report", grades, "--feedback", pages, "--mail-merge", mail).exit_code == 0
    assert sorted(file.name for file in pages.iterdir()) == ["kim.html", "lee.html"]
    assert "secret" not in (pages / "kim.html").read_text()
    assert [(row["Email"], row["feedback_file"]) for row in table(mail)] == [
        ("kim@x.org", "kim.html"),
        ("lee@x.org", "lee.html"),
    ]
    assert run("report", grades, "--feedback", pages, "--reveal").exit_code == 0
    assert "secret" in (pages / "kim.html").read_text()
    (tmp_path / "file").write_text("x")
    assert "is a file, expected a folder" in run("report", grades, "--feedback", tmp_path / "file").stderr


def test_a_step_is_the_rubrics_or_that_of_the_command_and_grades_nothing_anew(tmp_path: Path) -> None:
    rubric = Rubric(
        question_id="q",
        max_score=10,
        step=2,
        points=as_points([{"id": "p1", "text": "Dropout disables random units."}]),
    )
    write_rubric(rubric, tmp_path / "q.yaml")
    answers = tmp_path / "answers.csv"
    answers.write_text("answer_id,question_id,answer,candidate\na,q,Random units are disabled.,kim\n")
    out = tmp_path / "grades.jsonl"
    command = ("grade", answers, "--rubrics", tmp_path / "q.yaml", "--encoder", "static", "-o", out, "--json")
    first, second = run(*command), run(*command, "--step", ".5")
    assert [json.loads(done.stdout)["n_reused"] for done in (first, second)] == [0, 1]
    exact = json.loads(out.read_text())
    assert exact["step"] == 0.5 and exact["score"] % 0.5 != 0
    shown = run("report", out, "--by", "student").stdout
    assert f"{round(exact['score'] * 2) / 2:g}/10" in shown
    by_student = run(*command[:-3], "--by", "student", "--format", "csv", "--mail-merge", tmp_path / "m.csv")
    assert float(next(csv.DictReader(by_student.stdout.splitlines()))["total"]) % 2 == 0


def test_a_step_in_a_rubric_is_an_edit_that_moves_no_score(tmp_path: Path) -> None:
    derived = Rubric(question_id="q", points=as_points([{"id": "p1", "text": "x"}]), derived_by="grader 1 clauses")
    save_derived(derived, tmp_path)
    [path] = tmp_path.iterdir()
    written = read_rubric(path)
    assert not is_edited(written) and "step" not in path.read_text()
    write_rubric(written.model_copy(update={"step": 0.5}), path)
    assert is_edited(read_rubric(path)) and rubric_hash(read_rubric(path)) == rubric_hash(written)
    assert save_derived(derived, tmp_path).outcome == "kept" and read_rubric(path).step == 0.5
