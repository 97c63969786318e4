"""The command line as a user meets it: exit codes, stdout as data, stderr as talk, one-line errors."""

import csv
import fcntl
import io
import json
import os
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import openpyxl
import pytest
from typer.testing import CliRunner, Result

from grader.cli.app import app
from grader.files.tables import read_rows
from grader.rubrics.rubric_files import read_rubric

PAGE = """Ten questions about nets
-
What does dropout do?
- Answer: Dropout disables random units. It is active only during training, and it reduces overfitting.
-
Describe your last project.
- Answer: [This requires a personalized answer. Name the data, your part in it and the result.]
Thank you for reading our page.
"""
ANSWERS = [
    {"answer_id": "007", "question_id": "what-does-dropout-do", "answer": "It disables units at random.", "level": "x"},
    {"answer_id": "no", "question_id": "what-does-dropout-do", "answer": "", "level": "=1+1"},
]


def run(*arguments: object, stdin: str | None = None, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin, env=env)


@pytest.fixture
def bank(tmp_path: Path) -> Path:
    """A bank and its rubrics, made by the commands themselves."""
    (tmp_path / "page.txt").write_text(PAGE)
    assert run("import", tmp_path / "page.txt", "-o", tmp_path / "bank.yaml").exit_code == 0
    assert run("derive", tmp_path / "bank.yaml", "-o", tmp_path / "rubrics").exit_code == 0
    return tmp_path / "bank.yaml"


@pytest.fixture
def rubrics(bank: Path) -> Path:
    return bank.parent / "rubrics"


@pytest.fixture
def question(rubrics: Path) -> str:
    """The id of the knowledge question."""
    return next(r.question_id for r in map(read_rubric, sorted(rubrics.iterdir())) if r.kind == "knowledge")


@pytest.fixture
def answers(tmp_path: Path, question: str) -> Path:
    path = tmp_path / "answers.jsonl"
    path.write_text("".join(json.dumps({**row, "question_id": question}) + "\n" for row in ANSWERS))
    return path


def test_import_reports_what_it_kept_and_dropped(tmp_path: Path) -> None:
    (tmp_path / "page.txt").write_text(PAGE)
    done = run("import", tmp_path / "page.txt", "--json")
    assert done.exit_code == 0
    data = json.loads(done.stdout)
    assert (data["n_questions"], data["n_open"]) == (2, 1)
    assert data["dropped"] == ["Ten questions about nets", "Thank you for reading our page."]
    assert [question["kind"] for question in data["questions"]] == ["knowledge", "open"]
    assert "2 questions (1 open), 2 dropped" in done.stderr


def test_import_warns_of_gaps_with_their_line(tmp_path: Path) -> None:
    (tmp_path / "page.txt").write_text("1. What is wax?\nA fat.\n3. Who makes it?\nBees.\n")
    done = run("import", tmp_path / "page.txt", "--json")
    warning = "no question 2 was found between 1 (line 1) and 3"
    assert json.loads(done.stdout)["warnings"] == [{"line": 3, "text": warning}]
    assert f"warning line 3: {warning}" in done.stderr


def test_importing_what_import_wrote_gives_the_same_bank(bank: Path) -> None:
    again = bank.with_name("again.yaml")
    assert run("import", bank, "-o", again).exit_code == 0
    assert again.read_bytes() == bank.read_bytes()


def test_import_never_overwrites_another_bank(bank: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.txt"
    bank.write_text(f"# looked through by hand\n{bank.read_text()}")
    before = bank.read_bytes()
    assert run("import", page, "-o", bank).exit_code == 0
    assert bank.read_bytes() == before
    page.write_text(PAGE.replace("random units", "some units"))
    check_one_line(run("import", page, "-o", bank), "bank.yaml: is there already")
    assert bank.read_bytes() == before
    notes = tmp_path / "notes.yaml"
    notes.write_text("something: else\n")
    check_one_line(run("import", page, "-o", notes), "notes.yaml: is there already")
    assert run("import", page, "-o", bank, "--force").exit_code == 0
    assert "some units" in bank.read_text()


def test_no_output_destroys_what_is_read(answers: Path, rubrics: Path, question: str, tmp_path: Path) -> None:
    (tmp_path / "link.jsonl").symlink_to(answers)
    (tmp_path / "hard.jsonl").hardlink_to(answers)
    rubric = next(rubrics.iterdir())
    page, bank, grades = tmp_path / "page.txt", tmp_path / "bank.yaml", tmp_path / "grades.jsonl"
    assert run("grade", answers, "--rubrics", rubrics, "-o", grades).exit_code == 0
    before = {file: file.read_bytes() for file in (answers, rubric, page, bank, grades)}
    grade = ("grade", answers, "--rubrics", rubrics)
    for arguments in (
        (*grade, "-o", answers),
        (*grade, "-o", tmp_path / "rubrics" / ".." / "answers.jsonl"),
        (*grade, "-o", tmp_path / "link.jsonl"),
        (*grade, "-o", tmp_path / "hard.jsonl"),
        (*grade, "--report", answers),
        (*grade, "--report", rubric),
        ("grade", answers, "--rubrics", rubric, "-o", rubric, "--format", "jsonl"),
        ("report", grades, "-o", grades),
        ("import", page, "-o", page, "--force"),
        ("import", bank, "-o", bank, "--force"),
    ):
        check_one_line(run(*arguments), "would overwrite what is read")
    bank.rename(tmp_path / f"{question}.yaml")
    named = run("derive", tmp_path / f"{question}.yaml", "-o", tmp_path, "--force")
    check_one_line(named, "would overwrite what is read")
    (tmp_path / f"{question}.yaml").rename(bank)
    assert {file: file.read_bytes() for file in before} == before


def test_two_outputs_need_two_files(answers: Path, rubrics: Path, tmp_path: Path) -> None:
    grade = ("grade", answers, "--rubrics", rubrics)
    out = tmp_path / "out.jsonl"
    check_one_line(run(*grade, "-o", out, "--report", out), "named for two outputs")
    check_one_line(run(*grade, "-o", "-", "--format", "jsonl", "--report", "-"), "named for two outputs")
    assert not out.exists()
    assert run(*grade, "-o", "/dev/null", "--format", "jsonl", "--report", "/dev/null").exit_code == 0


def test_import_reads_stdin_and_writes_stdout() -> None:
    done = run("import", "-", stdin=PAGE)
    assert done.exit_code == 0
    assert "questions:" in done.stdout


def test_derive_writes_one_file_a_question(rubrics: Path) -> None:
    found = [read_rubric(path) for path in sorted(rubrics.iterdir())]
    assert sorted(rubric.kind for rubric in found) == ["knowledge", "open"]
    for rubric in found:
        assert sum(point.weight for point in rubric.points) == pytest.approx(rubric.max_score)


def test_derive_never_overwrites_an_edit(bank: Path, rubrics: Path, question: str) -> None:
    path = next(path for path in rubrics.iterdir() if read_rubric(path).question_id == question)
    edited = path.read_text().replace("random units", "some units, at random,")
    path.write_text(edited)
    kept = run("derive", bank, "-o", rubrics)
    assert f"2 rubrics in {rubrics}: " in kept.stderr and "1 kept" in kept.stderr and "1 unchanged" in kept.stderr
    assert kept.exit_code == 0
    assert path.read_text() == edited
    assert "some units, at random," in kept.stderr and "--force" in kept.stderr
    assert run("derive", bank, "-o", rubrics, "--force").exit_code == 0
    assert "some units, at random," not in path.read_text()


def test_derive_again_is_quiet(bank: Path, rubrics: Path) -> None:
    before = {path: path.read_bytes() for path in rubrics.iterdir()}
    done = run("derive", bank, "-o", rubrics)
    assert f"2 rubrics in {rubrics}: 2 unchanged" in done.stderr
    assert {path: path.read_bytes() for path in rubrics.iterdir()} == before


def test_derive_with_equal_weights(bank: Path) -> None:
    for question in json.loads(run("derive", bank, "--equal-weights", "--json").stdout)["rubrics"]:
        assert question["findings"] == []
    lines = run("derive", bank, "--equal-weights").stdout.splitlines()
    weights: list[set[str]] = []
    for line in lines:
        if not line.startswith(" "):
            weights.append(set())
        else:
            weights[-1].add(line.split()[1])
    assert all(len(found) == 1 for found in weights)


def test_derive_json_and_check(bank: Path, rubrics: Path) -> None:
    done = run("derive", bank, "--json")
    data = json.loads(done.stdout)
    assert [set(rubric) for rubric in data["rubrics"]] == [{"question_id", "n_points", "findings"}] * 2
    path = sorted(rubrics.iterdir())[0]
    path.write_text(path.read_text().replace("weight: ", "weight: 1", 1))
    checked = run("derive", rubrics, "--check", "--json")
    assert checked.exit_code == 0
    kinds = {finding["kind"] for rubric in json.loads(checked.stdout)["rubrics"] for finding in rubric["findings"]}
    assert "weights" in kinds


def test_grade_shows_a_table(answers: Path, rubrics: Path) -> None:
    done = run("grade", answers, "--rubrics", rubrics, "--no-details")
    assert done.exit_code == 0
    assert "007" in done.stdout and "most missed" in done.stdout
    assert "2 answers, 0 ungraded" in done.stderr


def test_a_few_answers_are_shown_point_by_point(rubrics: Path, question: str) -> None:
    def shown(n_answers: int, *options: str) -> str:
        rows = [{"answer_id": f"a{i}", "question_id": question, "answer": "It is random."} for i in range(n_answers)]
        stdin = "".join(json.dumps(row) + "\n" for row in rows)
        return run("grade", "-", "--rubrics", rubrics, *options, stdin=stdin).stdout

    details, table = shown(5), shown(6)
    assert "a4  " in details and "\n  - " in details and "most missed" not in details
    assert "most missed" in table and "\n  - " not in table
    assert shown(6, "--details").count("\n\n") == 6
    assert shown(2, "--details") == shown(2) != shown(2, "--no-details")


def test_details_name_the_words_and_keep_to_the_terminal(answers: Path, rubrics: Path, tmp_path: Path) -> None:
    done = run("grade", answers, "--rubrics", rubrics, "-o", tmp_path / "grades.jsonl", "--show", "--details")
    assert "“It disables units at random.”" in done.stdout
    assert len((tmp_path / "grades.jsonl").read_text().splitlines()) == 2
    for options in (["--json"], ["--format", "jsonl"], ["-o", tmp_path / "grades.csv"]):
        assert "“It" not in run("grade", answers, "--rubrics", rubrics, "--details", *options).stdout


def test_grade_writes_jsonl_with_the_further_columns(answers: Path, rubrics: Path, tmp_path: Path) -> None:
    out = tmp_path / "out" / "grades.jsonl"
    out.parent.mkdir()
    done = run("grade", answers, "--rubrics", rubrics, "-o", out, "--json")
    assert done.exit_code == 0
    data = json.loads(done.stdout)
    assert (data["n_answers"], data["n_graded"], data["n_ungraded"]) == (2, 2, 0)
    assert data["output"] == str(out)
    for name in "n_needs_review n_reused mean_fraction seconds answers_per_second signature".split():
        assert name in data
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert [row["answer_id"] for row in rows] == ["007", "no"]
    assert [row["level"] for row in rows] == ["x", "=1+1"]
    assert rows[0]["points"][0]["evidence"]["text"] == "It disables units at random."
    assert rows[1]["score"] == 0


def test_grading_twice_gives_identical_bytes(answers: Path, rubrics: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "1.jsonl", tmp_path / "2.jsonl"
    for path in (first, second):
        assert run("grade", answers, "--rubrics", rubrics, "-o", path).exit_code == 0
    assert first.read_bytes() == second.read_bytes()


def test_grade_to_csv_and_xlsx_is_safe_to_open(answers: Path, rubrics: Path, question: str, tmp_path: Path) -> None:
    done = run("grade", answers, "--rubrics", rubrics, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [row["answer_id"] for row in rows] == ["007", "no"]
    assert rows[1]["level"] == "'=1+1"
    assert float(rows[0][f"{question}.p1"]) > 0
    out = tmp_path / "grades.xlsx"
    assert run("grade", answers, "--rubrics", rubrics, "-o", out).exit_code == 0
    cells = [cell for row in openpyxl.load_workbook(out).worksheets[0].iter_rows() for cell in row]
    assert all(cell.data_type != "f" for cell in cells)


@pytest.mark.parametrize("name", ["grades.tsv", "grades.parquet", "grades.ndjson"])
def test_grades_go_to_every_kind_of_table(name: str, answers: Path, rubrics: Path, tmp_path: Path) -> None:
    assert run("grade", answers, "--rubrics", rubrics, "-o", tmp_path / name).exit_code == 0
    rows = [row.values for row in read_rows(tmp_path / name)]
    assert [row["answer_id"] for row in rows] == ["007", "no"]
    assert float(rows[1]["score"]) == 0


def test_a_workbook_needs_a_file(answers: Path, rubrics: Path) -> None:
    for form in ("xlsx", "parquet"):
        for more in ((), ("-o", "-")):
            done = run("grade", answers, "--rubrics", rubrics, "--format", form, *more)
            assert done.exit_code == 2
            assert f"add --output grades.{form}" in " ".join(done.stderr.split())


def test_grade_reads_stdin_and_markdown(answers: Path, rubrics: Path, question: str, tmp_path: Path) -> None:
    assert run("grade", "-", "--rubrics", rubrics, "--json", stdin=answers.read_text()).exit_code == 0
    markdown = tmp_path / "answers.md"
    markdown.write_text("## What does dropout do?\nIt disables units.\n")
    done = run("grade", markdown, "--rubrics", rubrics, "--format", "jsonl")
    assert json.loads(done.stdout)["question_id"] == question


def test_every_text_can_come_from_stdin(rubrics: Path, question: str) -> None:
    row = {"answer_id": "1", "question_id": question, "answer": "It disables units."}
    for text in (
        json.dumps(row),
        json.dumps([row], indent=1),
        f"\nanswer_id,question_id,answer\n1,{question},It disables units.\n",
        f"answer_id\tquestion_id\tanswer\n1\t{question}\tIt disables units.\n",
        f"# Mine\n\n## {question}\nIt disables units.\n",
    ):
        done = run("grade", "-", "--rubrics", rubrics, "--format", "jsonl", stdin=text)
        assert json.loads(done.stdout)["answer"] == "It disables units."
    workbook = run("grade", "-", "--rubrics", rubrics, stdin="PK\x03\x04...")
    check_one_line(workbook, "<stdin>: is an XLSX workbook or another ZIP archive, expected text")


def test_report_is_one_page_and_can_be_rendered_again(answers: Path, rubrics: Path, tmp_path: Path) -> None:
    page, grades, again = tmp_path / "r.html", tmp_path / "grades.jsonl", tmp_path / "again.html"
    assert run("grade", answers, "--rubrics", rubrics, "-o", grades, "--report", page).exit_code == 0
    assert "Content-Security-Policy" in page.read_text()
    assert run("report", grades, "-o", again).exit_code == 0
    assert "It disables units at random." in again.read_text()


def test_unknown_questions_do_not_stop_the_rest(rubrics: Path, question: str, tmp_path: Path) -> None:
    path = tmp_path / "mixed.jsonl"
    rows = [
        {"answer_id": "1", "question_id": "nobody-asked", "answer": "text"},
        {"answer_id": "2", "question_id": question, "answer": "It disables units."},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = run("grade", path, "--rubrics", rubrics, "--format", "jsonl")
    assert done.exit_code == 3
    grades = [json.loads(line) for line in done.stdout.splitlines()]
    assert grades[0]["score"] is None and "nobody-asked" in grades[0]["ungraded_reason"]
    assert grades[1]["score"] > 0
    assert "unknown question 'nobody-asked'" in done.stderr


def test_evaluate_prints_json_and_text(tmp_path: Path) -> None:
    path = tmp_path / "scored.jsonl"
    rows = [
        {"question_id": q, "question": "Why?", "reference_answers": ["Because of gravity."], "max_score": 2}
        | {"answer_id": f"{q}{i}", "answer": text, "human_score": score}
        for q in "abc"
        for i, (text, score) in enumerate([("Gravity.", 2), ("No idea.", 0), ("It is heavy.", 1)])
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    data = json.loads(run("evaluate", path, "--json", "--resamples", 100, "--no-guards").stdout)
    assert "|guards:none|" in data["signature"]
    assert data["n_answers"] == 9 and data["pearson"]["value"] > 0.5
    text = run("evaluate", path, "--resamples", 100).stdout
    assert "pearson" in text and "9 answers to 3 questions" in text
    assert "pearson of the rest when the least sure answers go to people" in text and "20% sent" in text


def test_guards_and_verifier_are_chosen_on_the_command_line(answers: Path, rubrics: Path) -> None:
    grade = ("grade", answers, "--rubrics", rubrics, "--json")

    def signature(*more: str, env: dict[str, str] | None = None) -> str:
        return json.loads(run(*grade, *more, env=env).stdout)["signature"]

    assert "|guards:none|" in signature("--no-guards")
    assert "|guards:none|" in signature(env={"GRADER_GUARDS": "0"})
    assert "+verifier@" in signature("--verifier")
    assert "|guards:rules." in signature("--no-verifier") and "+verifier@" not in signature("--no-verifier")
    attacked = run("attack", "--rubrics", rubrics, "--only", "C01", "--no-guards", "--json")
    assert "|guards:none|" in json.loads(attacked.stdout)["signature"]


BAD_ANSWERS = {
    "empty.jsonl": (b"", "empty.jsonl"),
    "columns.jsonl": (b'{"answer_id": "1", "text": "x"}\n', "columns.jsonl:1"),
    "broken.jsonl": (b'{"a": \n', "broken.jsonl:1"),
    "twice.jsonl": (
        b'{"answer_id": "1", "question_id": "q", "answer": "x"}\n' * 2,
        "twice.jsonl:2",
    ),
    "ragged.csv": (b"answer_id,question_id,answer\n1,q,x\n2,q\n", "ragged.csv:3"),
    "long.csv": (b"answer_id,question_id,answer\n1,q," + b"x" * 10_000_001 + b"\n", "long.csv:2"),
    "wide.jsonl": ('{"answer_id": "1"}\n'.encode("utf-16"), "wide.jsonl"),
    "latin.csv": (b"answer_id,question_id,answer\n1,q,caf\x81\n", "latin.csv:2"),
    "what.docx": (b"x", "what.docx"),
}


@pytest.mark.parametrize("name", BAD_ANSWERS)
def test_bad_answers_get_one_line(name: str, rubrics: Path, tmp_path: Path) -> None:
    content, place = BAD_ANSWERS[name]
    (tmp_path / name).write_bytes(content)
    check_one_line(run("grade", tmp_path / name, "--rubrics", rubrics), place)


def test_broken_json_names_its_line(rubrics: Path, question: str, tmp_path: Path) -> None:
    good = [json.dumps({"answer_id": str(i), "question_id": question, "answer": "x"}) for i in range(6)]
    (tmp_path / "seven.jsonl").write_text("\n".join([*good, '{"answer_id": "7", ']))
    check_one_line(run("grade", tmp_path / "seven.jsonl", "--rubrics", rubrics), "seven.jsonl:7")


BAD_RUBRICS = {
    "no points": ("question_id: q\npoints: []\n", "points"),
    "nan weight": ("question_id: q\npoints:\n- {id: p1, text: x, weight: .nan}\n", "weight"),
    "bomb": ("a: &a [x]\nb: &b [*a, *a]\nquestion_id: q\npoints: []\n", "q.yaml:1"),
    "python tag": ("question_id: !!python/object/apply:os.system [ls]\npoints: []\n", "q.yaml:1"),
    "one number": ("question_id: q\npoints:\n- {id: p1, text: x, source_span: 3}\n", "span': expected a list"),
    "three numbers": (
        "question_id: q\npoints:\n- {text: x, source_span: [1, 2, 3]}\n",
        "expected 2 values, found a list",
    ),
    "unknown field": ("question_id: q\npoints:\n- {id: p1, text: x, wieght: 2}\n", "wieght"),
}


@pytest.mark.parametrize("name", BAD_RUBRICS)
def test_bad_rubrics_get_one_line(name: str, answers: Path, tmp_path: Path) -> None:
    content, place = BAD_RUBRICS[name]
    folder = tmp_path / "bad"
    folder.mkdir()
    (folder / "q.yaml").write_text(content)
    check_one_line(run("grade", answers, "--rubrics", folder), place)


@pytest.mark.parametrize(
    "arguments",
    [
        ("grade", "missing.jsonl"),
        ("import", "missing.txt"),
        ("derive", "missing.yaml"),
        ("evaluate", "missing.jsonl"),
        ("report", "missing.jsonl"),
    ],
)
def test_a_missing_file_is_named(arguments: tuple[str, str], rubrics: Path) -> None:
    more = ("--rubrics", rubrics) if arguments[0] == "grade" else ()
    check_one_line(run(*arguments, *more), arguments[1])


def test_missing_rubrics_say_how_to_make_them(answers: Path, tmp_path: Path) -> None:
    done = run("grade", answers, "--rubrics", tmp_path / "nowhere")
    check_one_line(done, "nowhere")
    assert "grader derive" in done.stderr


def test_ids_stay_as_typed(rubrics: Path, question: str, tmp_path: Path) -> None:
    path = tmp_path / "answers.csv"
    path.write_text(f"answer_id,question_id,answer\n007,{question},x\nno,{question},y\n1e5,{question},z\n")
    out = tmp_path / "grades.jsonl"
    run("grade", path, "--rubrics", rubrics, "-o", out)
    assert [row.values["answer_id"] for row in read_rows(out)] == ["007", "no", "1e5"]


@pytest.mark.parametrize(
    "arguments", [("grade",), ("grade", "x", "--format", "pdf"), ("nonsense",), ("grade", "x", "--no")]
)
def test_wrong_usage_exits_with_2(arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2


def test_options_come_from_the_environment_too(answers: Path, rubrics: Path) -> None:
    assert run("grade", answers, "--json", env={"GRADER_RUBRICS": str(rubrics)}).exit_code == 0


def test_every_command_has_help_with_an_example() -> None:
    for name in ("import", "derive", "grade", "evaluate", "report"):
        done = run(name, "--help")
        assert done.exit_code == 0
        assert f"grader {name}" in done.stdout.partition("Example")[2]


def test_an_interruption_says_what_was_written(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "grader", "import", "-", "-o", str(tmp_path / "bank.yaml")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=hear_interrupts
    ) as process:
        assert process.stdin is not None and process.stderr is not None
        process.stdin.write(b"What is dropout?\n")
        process.stdin.flush()
        while unread(process.stdin.fileno()):  # once it has read this, it waits for more
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        assert process.stderr.read().decode().strip() == "grader: interrupted, no file was written"
    assert process.returncode == 130
    assert list(tmp_path.iterdir()) == []


def test_a_second_run_reuses_the_grades_beside_the_output(answers: Path, rubrics: Path, tmp_path: Path) -> None:
    command = ("grade", answers, "--rubrics", rubrics, "-o", tmp_path / "grades.csv", "--json")
    first, second = run(*command), run(*command)
    assert [json.loads(done.stdout)["n_reused"] for done in (first, second)] == [0, 2]
    assert f"2 of 2 answers were graded before: {tmp_path / 'grades.csv.journal'}" in second.stderr


def test_a_journal_that_is_damaged_is_told_with_the_way_out(answers: Path, rubrics: Path, tmp_path: Path) -> None:
    (tmp_path / "grades.jsonl.journal").write_text("my notes\n")
    done = run("grade", answers, "--rubrics", rubrics, "-o", tmp_path / "grades.jsonl")
    check_one_line(done, "grades.jsonl.journal:1: is damaged here: delete the file to grade everything again")
    assert not (tmp_path / "grades.jsonl").exists()


@pytest.mark.parametrize(("limit", "stops"), [("0", True), ("1", False), ("0.4", True), ("0.5", False)])
def test_too_many_failures_stop_a_run(limit: str, stops: bool, answers: Path, rubrics: Path, tmp_path: Path) -> None:
    lost = {"answer_id": "lost", "question_id": "nobody-knows", "answer": "Yes."}
    right = json.loads(answers.read_text().splitlines()[0])
    answers.write_text("".join(json.dumps(row) + "\n" for row in (right, lost)))
    done = run("grade", answers, "--rubrics", rubrics, "-o", tmp_path / "grades.jsonl", "--max-errors", limit)
    assert done.exit_code == (1 if stops else 3)
    assert (f"stopped: 1 answer failed, --max-errors is {limit}; 2 of 2 answers" in done.stderr) == stops
    assert (tmp_path / "grades.jsonl").exists() != stops


def test_an_interrupted_run_says_how_to_go_on_and_does(
    answers: Path, rubrics: Path, question: str, tmp_path: Path
) -> None:
    rows = [
        {"answer_id": str(n), "question_id": question, "answer": f"Dropout disables {n} random units."}
        for n in range(520)
    ]
    answers.write_text("".join(json.dumps(row) + "\n" for row in rows))
    kept = tmp_path / "grades.jsonl.journal"
    command = ["grade", str(answers), "--rubrics", str(rubrics), "-o", str(tmp_path / "grades.jsonl"), "--json"]
    started = [sys.executable, "-m", "grader", *command]
    with subprocess.Popen(started, stderr=subprocess.PIPE, preexec_fn=hear_interrupts) as process:
        while not kept.exists() or kept.read_bytes().count(b"\n") < 1 + 256:  # the first chunk is there
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        said = process.stderr.read().decode()
    assert process.returncode == 130
    assert f"of 520 answers are kept in {kept}: run the same command again to go on" in said
    assert not (tmp_path / "grades.jsonl").exists()
    done = run(*command)
    assert (done.exit_code, json.loads(done.stdout)["n_answers"]) == (0, 520)
    assert json.loads(done.stdout)["n_reused"] in (256, 512)


def hear_interrupts() -> None:
    """Undo what a shell does to commands in the background: they are deaf to SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def unread(pipe: int) -> int:
    """How many bytes of a pipe nobody has read yet."""
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


def test_a_report_of_a_flat_table_says_what_it_needs(answers: Path, rubrics: Path, tmp_path: Path) -> None:
    grades = tmp_path / "grades.csv"
    assert run("grade", answers, "--rubrics", rubrics, "-o", grades).exit_code == 0
    done = run("report", grades, "-o", tmp_path / "r.html")
    check_one_line(done, "grades.csv:2: field 'points': holds each point's credit alone")
    assert "grader grade -o grades.jsonl" in done.stderr


def test_derive_of_a_folder_names_check(rubrics: Path) -> None:
    check_one_line(
        run("derive", rubrics), "is a folder, expected a question bank; to look rubrics through, add --check"
    )


@pytest.mark.parametrize("name", ["a-folder", "no-folder/x", "page.txt/x"])
def test_an_output_that_cannot_be_written_is_found_before_the_work(
    name: str, answers: Path, rubrics: Path, tmp_path: Path
) -> None:
    (tmp_path / "a-folder").mkdir()
    place = tmp_path / name
    missing = tmp_path / "missing"  # had the work begun, this would be what is told
    check_one_line(run("grade", missing, "--rubrics", rubrics, "-o", place, "--format", "csv"), str(place))
    check_one_line(run("grade", missing, "--rubrics", rubrics, "--report", place), str(place))
    check_one_line(run("import", missing, "-o", place), str(place))
    check_one_line(run("report", missing, "-o", place), str(place))


@pytest.mark.parametrize("name", ["page.txt", "page.txt/x"])
def test_derive_needs_a_folder(name: str, bank: Path, tmp_path: Path) -> None:
    check_one_line(run("derive", bank, "-o", tmp_path / name), str(tmp_path / name))


def started(*arguments: object, out: int) -> subprocess.CompletedProcess[str]:
    """The program as a process of its own, whose stdout is a file descriptor."""
    command = [sys.executable, "-m", "grader", *map(str, arguments)]
    return subprocess.run(command, stdout=out, stderr=subprocess.PIPE, text=True, check=False)


def unread_output(*arguments: object) -> subprocess.CompletedProcess[str]:
    """What becomes of a run whose stdout nobody reads any more."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        return started(*arguments, out=writer)
    finally:
        os.close(writer)


def test_a_closed_pipe_ends_the_program_quietly(bank: Path, answers: Path, rubrics: Path, tmp_path: Path) -> None:
    page = tmp_path / "r.html"
    for arguments in (
        ("derive", bank),
        ("grade", answers, "--rubrics", rubrics, "--format", "csv", "--report", page),
    ):
        done = unread_output(*arguments)
        assert (done.returncode, done.stderr.count("Traceback")) == (141, 0)
        assert "cannot be written" not in done.stderr
    assert done.stderr == ""
    assert page.is_file()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no disk that is always full")
@pytest.mark.parametrize("arguments", [("derive", "bank.yaml"), ("import", "bank.yaml"), ("--help",)])
def test_a_full_disk_behind_stdout_gets_one_line(arguments: tuple[str, ...], bank: Path) -> None:
    with open("/dev/full", "wb") as full:
        done = started(*(bank if name == bank.name else name for name in arguments), out=full.fileno())
    assert done.returncode == 1
    assert done.stderr == "grader: <stdout>: cannot be written: No space left on device\n"


def check_one_line(done: Result, place: str) -> None:
    assert done.exit_code == 1
    assert done.stdout == ""
    [line] = done.stderr.strip().splitlines()
    assert line.startswith("grader: ")
    assert place in line
