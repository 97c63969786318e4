import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from grader.cli.app import app
from grader.files.grades import grade_row
from grader.files.tables import write_rows
from grader.schema import Evidence, Grade, PointGrade

ROOT = Path(__file__).parents[2]
SAMPLE = str(ROOT / "data" / "ratings.csv")
NAMES = ("rater-a", "rater-b", "rater-c", "rater-d")
SMALL = "answer_id,rater,score\n" + "".join(
    f"a{i},{name},{(i * (2 if name == 'kim' else 3)) % 6}\n" for i in range(25) for name in ("kim", "<b>=lee</b>")
)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["calibrate", *arguments], env={"COLUMNS": "200"})


def small(folder: Path, text: str = SMALL) -> str:
    path = folder / "ratings.csv"
    path.write_text(text)
    return str(path)


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything that a run on the sample ratings writes; its stdout in `out.json`."""
    folder = tmp_path_factory.mktemp("calibrate")
    done = run(
        SAMPLE, "--json", "--cut", "6", "--report", str(folder / "page.html"), "--tables", str(folder / "tables")
    )
    assert done.exit_code == 0, done.stderr
    (folder / "out.json").write_text(done.stdout)
    return folder


def test_what_was_planted_in_the_sample_is_found(outputs: Path) -> None:
    result = json.loads((outputs / "out.json").read_text())
    assert {rater["rater"]: rater["label"] for rater in result["raters"]} == {
        "rater-a": "strict",
        "rater-b": "halo",
        "rater-c": "noisy",
        "rater-d": "drifting",
    }
    assert result["data"]["n_not_blind"] == {"after": 24} and result["data"]["n_gold"] == 12
    assert result["connected"] and result["agreement"]["krippendorff_alpha"]["n"] == 114


def test_what_is_passed_on_names_nobody(outputs: Path) -> None:
    page = (outputs / "page.html").read_text()
    passed_on = page + "".join(path.read_text() for path in (outputs / "tables").iterdir())
    assert not any(name in passed_on for name in NAMES)
    assert all(f"rater {number}" in passed_on for number in range(1, 5))


def test_names_are_shown_where_that_is_asked(tmp_path: Path) -> None:
    path, page = small(tmp_path), tmp_path / "page.html"
    named = run(path, "--names", "--report", str(page))
    assert "kim" in named.stdout and "kim" in page.read_text()
    nameless = run(path, "--no-names", "--json")
    assert "kim" not in nameless.stdout and "rater 1" in nameless.stdout


def test_names_that_are_markup_or_formulas_are_harmless(tmp_path: Path) -> None:
    page, tables = tmp_path / "page.html", tmp_path / "tables"
    text = SMALL.replace("kim", '"=HYPERLINK(""x"")"')
    assert run(small(tmp_path, text), "--names", "--report", str(page), "--tables", str(tables)).exit_code == 0
    assert "<b>" not in re.sub(r"<b>\d", "", page.read_text())
    assert {row["rater"] for row in read_table(tmp_path, "raters")} == {'\'=HYPERLINK("x")', "<b>=lee</b>"}
    assert "'=HYPERLINK" in (tables / "who_disagrees_with_whom.csv").read_text()


def test_names_in_tables_cannot_steer_a_terminal(tmp_path: Path) -> None:
    text = SMALL.replace("kim", "ki\x1b[2J\x1b]0;title\x07m\x08\u202e")
    assert run(small(tmp_path, text), "--names", "--tables", str(tmp_path / "tables")).exit_code == 0
    assert "kim" in {row["rater"] for row in read_table(tmp_path, "raters")}
    for table in (tmp_path / "tables").iterdir():
        assert not set(table.read_text()) & {"\x1b", "\x07", "\x08", "\u202e"}
    both = SMALL.replace("kim", "a\x07").replace("<b>=lee</b>", "a")
    assert run(small(tmp_path, both), "--names", "--tables", str(tmp_path / "tables")).exit_code == 0
    assert [*read_table(tmp_path, "answers_in_common")[0]] == ["rater", "with_a", "with_a (2)"]


def test_the_page_has_the_sections_in_order(outputs: Path) -> None:
    page = (outputs / "page.html").read_text()
    headings = re.findall(r'<h2 id="(\w+)"><span class="no">(\d+)</span>', page)
    assert [name for name, _ in headings] == [
        *("data", "agreement", "raters", "questions", "points", "agenda", "pairing", "plan", "appendix")
    ]
    assert [int(number) for _, number in headings] == list(range(1, 10))
    assert "<script" not in page and "src=" not in page and "url(" not in page
    assert "Content-Security-Policy" in page


def read_table(folder: Path, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader((folder / "tables" / f"{name}.csv").read_text(encoding="utf-8-sig").splitlines()))


def test_every_table_is_a_csv(outputs: Path) -> None:
    names = {path.stem for path in (outputs / "tables").iterdir()}
    assert {"agreement_coefficients", "raters", "questions", "points", "agenda", "teams", "fair_averages"} <= names
    rows = read_table(outputs, "raters")
    assert len(rows) == 4 and {"severity", "severity_low", "severity_high", "label"} <= rows[0].keys()
    assert len(read_table(outputs, "fair_averages")) == 114


def test_a_wide_table_and_earlier_ratings(tmp_path: Path) -> None:
    wide = tmp_path / "wide.csv"
    wide.write_text("answer_id,kim,lee\n" + "".join(f"a{i},{i % 5},{(i + i // 7) % 5}\n" for i in range(40)))
    done = run(str(wide), "--raters", "kim, lee", "--since", str(wide), "--json")
    result = json.loads(done.stdout)
    assert (result["n_raters"], result["n_double_marked"]) == (2, 40)
    assert result["change"]["krippendorff_alpha"]["difference"]["value"] == pytest.approx(0)


def test_options_come_from_the_environment_too(tmp_path: Path) -> None:
    environment = {"GRADER_CUT": "3", "GRADER_LEVEL": "nominal"}
    done = CliRunner().invoke(app, ["calibrate", small(tmp_path), "--json"], env=environment)
    result = json.loads(done.stdout)
    assert result["settings"]["cut"] == 3 and result["settings"]["level"] == "nominal"
    assert "flips" in result["agreement"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "answer_id,rater,score\na1,kim,1\na2,kim,2\n",
            "all ratings are by 'kim': to compare, add",
        ),
        ("answer_id,rater,score\na1,kim,x\n", "ratings.csv:2: field 'score': expected a number or nothing, found 'x'"),
        ("answer_id,score\na1,1\n", "ratings.csv:1: field 'rater': no such column"),
        ("", "ratings.csv: is empty: expected at least one row"),
        ("answer_id,rater,score,max_score\na1,kim,6,5\n", "ratings.csv:2: field 'score': found 6, expected 0 to max"),
    ],
)
def test_faults_are_one_line_and_exit_1(tmp_path: Path, text: str, said: str) -> None:
    done = run(small(tmp_path, text))
    assert done.exit_code == 1 and done.stdout == ""
    assert said in done.stderr and done.stderr.count("\n") == 1


def test_outputs_never_overwrite_what_is_read(tmp_path: Path) -> None:
    path = small(tmp_path)
    done = run(path, "--report", path)
    assert done.exit_code == 1 and "would overwrite what is read" in done.stderr
    table = tmp_path / "raters.csv"
    table.write_text(SMALL)
    done = run(str(table), "--tables", str(tmp_path))
    assert done.exit_code == 1 and "would overwrite what is read" in done.stderr
    assert table.read_text() == SMALL and not (tmp_path / "questions.csv").exists()
    done = run(path, "--tables", path)
    assert done.exit_code == 1 and "is a file, expected a folder" in done.stderr
    assert run(path, "--level", "none").exit_code == 2


# --- the grader beside people ----------------------------------------------------------------------


def grades(folder: Path, n: int) -> str:
    """Grades of answers a0, a1, ... that are near what the people of `rated` gave, on a scale of 10."""
    path = folder / "grades.jsonl"
    rows = []
    for i in range(n):
        point = PointGrade(
            point_id="p1",
            text="It relaxes",
            status="covered",
            coverage=0.9,
            credit=1.0,
            weight=1.0,
            evidence=Evidence(text="It relaxes.", start=0, end=11),
            decided_by="embedding",
            rationale="",
        )
        score = float((i * 7) % 11)
        rows.append(
            Grade(
                answer_id=f"a{i}",
                question_id="dough",
                score=score,
                max_score=10.0,
                fraction=score / 10,
                points=(point,),
                confidence=(i % 10) / 10,
                signature="s",
                answer="It relaxes.",
            )
        )
    write_rows(path, map(grade_row, rows), format="jsonl")
    return str(path)


def rated(folder: Path, n: int) -> str:
    """Three people who rate totals on a scale of 5 and one point."""
    lines = ["answer_id,question_id,rater,point_id,score,max_score,group"]
    for i in range(n):
        for number, rater in enumerate(("kim", "lee", "max")):
            total = min(5.0, max(0.0, ((i * 7) % 11) / 2 + ((i + number) % 3 - 1) / 2))
            lines.append(f"a{i},dough,{rater},,{total},5,g{i % 2}")
            lines.append(f"a{i},dough,{rater},p1,{(i + number) % 2},1,g{i % 2}")
    return small(folder, "\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str]:
    """The JSON and the page of 60 rated answers of 100 graded ones."""
    folder = tmp_path_factory.mktemp("beside")
    page = folder / "page.html"
    files = ("--grades", grades(folder, 100), "--report", str(page))
    done = run(rated(folder, 60), *files, "--cut", "3", "--json")
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout), page.read_text()


def test_the_grader_is_held_against_people(beside: tuple[dict[str, Any], str]) -> None:
    system = beside[0]["system"]
    assert (system["name"], system["n"], system["n_batch"]) == ("system:grader", 60, 40)
    assert system["statistics"]["quadratic_weighted_kappa"]["value"] > 0.9
    assert [rule["outcome"] for rule in system["rules"]] == ["pass", "pass", "pass"]
    assert system["stand_in"]["outcome"] in ("pass", "fail")
    assert beside[0]["n_raters"] == 3


def test_what_people_would_give_to_the_batch(beside: tuple[dict[str, Any], str]) -> None:
    system = beside[0]["system"]
    assert system["batch_mean"]["low"] < system["batch_mean"]["value"] < system["batch_mean"]["high"]
    assert system["at_cut"]["system_passes"]["n"] == 40
    assert system["at_cut"]["corrected"]["value"] is not None
    assert [group["name"] for group in system["groups"]] == ["g0", "g1"]
    assert system["kept"][0]["share_sent"] == 0


def test_the_page_shows_the_grader_and_its_quotes(beside: tuple[dict[str, Any], str]) -> None:
    page = beside[1]
    assert '<h2 id="system">' in page and "People (rows) against the machine (columns)" in page
    assert "kappa of the rest by share sent to people" in page
    assert "p1: It relaxes" in page and "Words that the grader found" in page


def test_grades_of_other_answers_are_refused(tmp_path: Path) -> None:
    ratings = Path(rated(tmp_path, 20))
    ratings.write_text(ratings.read_text().replace("\na", "\nb"))
    done = run(str(ratings), "--grades", grades(tmp_path, 3))
    assert done.exit_code == 1 and "no answer of this file was rated in" in done.stderr


@pytest.mark.parametrize(
    ("option", "value"),
    [("--cut", "nan"), ("--cut", "inf"), ("--step", "inf"), ("--tolerance", "nan"), ("--seed", "-1")],
)
def test_options_that_are_no_number_of_points_are_wrong_usage(tmp_path: Path, option: str, value: str) -> None:
    done = run(small(tmp_path), option, value, "--json")
    assert done.exit_code == 2 and option in done.stderr


def test_marks_of_one_person_are_learned_without_a_comparison(tmp_path: Path) -> None:
    texts = ["Dropout disables random units and so reduces overfitting.", "It switches units off.", "No idea.", "Less."]
    ids = [f"a{number}" for number in range(16)]
    answers, marks, out = tmp_path / "answers.csv", tmp_path / "marks.csv", tmp_path / "marks.json"
    write_rows(
        answers,
        [{"id": name, "question_id": "dropout", "answer": f"{texts[i % 4]} {i}"} for i, name in enumerate(ids)],
        format="csv",
    )
    write_rows(
        marks,
        [
            {"answer_id": name, "rater": "me", "score": (6, 3, 0, 1)[i % 4], "max_score": 6}
            for i, name in enumerate(ids)
        ],
        format="csv",
    )
    (tmp_path / "rubric.yaml").write_text(
        "question_id: dropout\nquestion: What does dropout do?\nmax_score: 6\n"
        "reference_answer: Dropout disables random units. It reduces overfitting.\n"
        "points:\n- {id: p1, text: Dropout disables random units}\n- {id: p2, text: Dropout reduces overfitting}\n"
    )
    fit = [str(marks), "--answers", str(answers), "--rubrics", str(tmp_path / "rubric.yaml"), "--fit", str(out)]
    done = run(*fit, "--encoder", "static")
    assert done.exit_code == 0, done.stderr
    assert out.exists()
    assert "learned from" in done.stdout
    assert "nobody is compared" in done.stderr
    assert "leave --report and --tables out" in run(*fit, "--report", str(tmp_path / "page.html")).stderr
    assert "add ratings of the same answers by a second person" in run(str(marks)).stderr


def test_columns_of_text_are_told(tmp_path: Path) -> None:
    rows = "".join(f"c{i},{i % 5},{(i + 1) % 5},{{}},ok\n" for i in range(24))
    table = f"Candidate,Kim,Lee,Max,Remark\n{rows}"
    done = run(small(tmp_path, table.replace("{}", "rather good")), "--resamples", "100")
    assert "left out: Max (text), Remark (text)" in done.stderr
    done = run(small(tmp_path, table.replace("{}", "B+")), "--resamples", "100")
    assert done.exit_code == 1
    assert "field 'Max': holds grades such as 'B+': give what they are worth, --scale" in done.stderr
