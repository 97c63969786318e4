"""Blind marking without a server: sheets out, marks back."""

import csv
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from grader.calibration.blind_sheets import BlindKey, plan_blind_marking, read_blind_sheets, write_key
from grader.calibration.ratings.reading import Rating
from grader.cli.app import app
from grader.errors import InputError
from grader.reports.blind_sheets import blind_page, write_blind_sheets
from grader.schema import Answer, Rubric
from tests.support.sample_grades import HOSTILE

CHROMIUM = shutil.which("chromium")
browser_test = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (apt install chromium)")
RUBRICS = {
    "tides": Rubric(
        question_id="tides",
        question="Why are there tides?",
        max_score=4,
        points=({"text": "The moon pulls"}, {"id": "m", "text": "The wind does it", "weight": -1}),  # type: ignore[arg-type]
    ),
    "salt": Rubric(question_id="salt", question="Why salt?", points=({"text": "Rain washes it out"},)),  # type: ignore[arg-type]
}
ANSWERS = [
    Answer(answer_id=f"{who}/{question}", question_id=question, answer=f"{who[::-1]} says {question}.", candidate=who)
    for question in RUBRICS
    for who in ("alma", "boris", "clara", "dmitri", "elena", "farid")
]
Fill = Callable[[str, str], dict[str, Any]]  # answer id and rater -> what is written into the row, by column


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def sheets(folder: Path, *, answers: list[Answer] = ANSWERS, raters: dict[str, str] | None = None) -> BlindKey:
    key = plan_blind_marking(answers, RUBRICS, raters or {"kim": "Kim", "lee": "=Lee"}, seed=7)
    folder.mkdir(exist_ok=True)
    write_key(key, folder)
    write_blind_sheets(key, folder, html=False)
    return key


def fill(path: Path, rater: str, key: BlindKey, written: Fill) -> None:
    """Fill a workbook in as a person does."""
    book = openpyxl.load_workbook(path)
    for sheet in book.worksheets:
        columns = {str(cell.value): cell.column for cell in sheet[5]}
        for row in sheet.iter_rows(min_row=6):
            answer = key.answers[str(row[0].value)]
            for name, value in written(answer.answer_id, rater).items():
                if name in columns:
                    sheet.cell(row[0].row or 0, columns[name] or 0, value)
    book.save(path)


def score(answer: str, rater: str) -> int:
    return (len(answer) + len(rater)) % 4


def plain(answer: str, rater: str) -> dict[str, Any]:
    return {"score": score(answer, rater), "1": "x" if score(answer, rater) > 1 else None, "remark": "=1+1"}


def key_of(rating: Rating) -> tuple[str, str, str | None]:
    return rating.answer_id, rating.rater, rating.point_id


def test_a_round_trip_brings_ids_raters_scores_and_boxes_back(tmp_path: Path) -> None:
    key = sheets(tmp_path / "s")
    for name, rater in key.raters.items():
        fill(tmp_path / "s" / f"{name}.xlsx", rater, key, plain)
    (tmp_path / "s" / "~$kim.xlsx").write_text("open in a spreadsheet")
    found = read_blind_sheets(sorted((tmp_path / "s").glob("*.xlsx")))
    got = {key_of(rating): (rating.score, rating.max_score) for rating in found.rows}
    assert len(got) == len(found.rows)
    for answer in ANSWERS:
        for rater in ("Kim", "=Lee"):
            given = score(answer.answer_id, rater)
            full = RUBRICS[answer.question_id].max_score
            assert got.pop((answer.answer_id, rater, None)) == (given, full)
            assert got.pop((answer.answer_id, rater, "p1")) == (float(given > 1), 1)
            if answer.question_id == "tides":
                assert got.pop((answer.answer_id, rater, "m")) == (0, 1)
    assert not got and not found.notes
    assert {rating.question_id for rating in found.rows} == {"tides", "salt"}
    assert found.texts["alma/tides"] == "amla says tides."


def test_sheets_hide_names_and_differ_in_order_and_are_the_same_again(tmp_path: Path) -> None:
    orders = {}
    for folder in ("a", "b"):
        sheets(tmp_path / folder)
    for name in ("kim", "lee"):
        assert (tmp_path / "a" / f"{name}.xlsx").read_bytes() == (tmp_path / "b" / f"{name}.xlsx").read_bytes()
        book = openpyxl.load_workbook(tmp_path / "a" / f"{name}.xlsx")
        cells = [str(cell) for sheet in book.worksheets for row in sheet.values for cell in row if cell is not None]
        assert not any("alma" in cell or "/tides" in cell for cell in cells)
        orders[name] = [str(row[0]) for row in book.worksheets[0].iter_rows(min_row=6, values_only=True)]
    assert orders["kim"] != orders["lee"] and sorted(orders["kim"]) == sorted(orders["lee"])


def test_the_commands(tmp_path: Path) -> None:
    answers = tmp_path / "answers.jsonl"
    rows = [{**answer.model_dump(include={"answer_id", "question_id", "answer"})} for answer in ANSWERS]
    rows.append({"answer_id": "gita/tides", "question_id": "tides", "answer": " "})
    answers.write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "rubrics").mkdir()
    for name, rubric in RUBRICS.items():
        (tmp_path / "rubrics" / f"{name}.json").write_text(rubric.model_dump_json())
    folder = tmp_path / "marking"
    out = ("calibrate", "--blind-sheets", folder, "--answers", answers, "--rubrics", tmp_path / "rubrics")
    done = run(*out, "--raters", "Kim,Lee,李")
    assert (
        done.exit_code == 0 and "12 answers (1 blank one left out) for kim.xlsx, lee.xlsx, rater-3.xlsx" in done.stderr
    )
    key = BlindKey.model_validate_json((folder / "key.json").read_text())
    again = run(*out, "--raters", "Kim,Lee")
    assert again.exit_code == 1 and "is there already, so sheets were handed out" in again.stderr
    for name, rater in key.raters.items():
        fill(folder / f"{name}.xlsx", rater, key, plain)
    done = run("calibrate", *sorted(folder.glob("*.xlsx")), "--json")
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["n_answers"], found["n_raters"], found["connected"]) == (12, 3, True)
    assert [each["rater"] for each in found["raters"]] == ["Kim", "Lee", "李"] and found["points"]
    one = run("calibrate", folder / "kim.xlsx")
    assert one.exit_code == 1 and "all ratings are by 'Kim'" in one.stderr
    assert f"{folder}: no sheet of Lee, 李" in one.stderr
    pages = run(*out[:2], tmp_path / "pages", *out[3:], "--raters", "Kim", "--html")
    assert pages.exit_code == 0 and (tmp_path / "pages" / "kim.html").is_file()


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--html", "x.csv"),
        ("--blind-sheets", "f"),
        ("--blind-sheets", "f", "--answers", "a.csv"),
        ("--blind-sheets", "f", "--answers", "a.csv", "--raters", "a,a"),
        ("x.csv", "--blind-sheets", "f", "--answers", "a.csv", "--raters", "a"),
    ],
)
def test_options_that_do_not_go_together(arguments: tuple[str, ...], tmp_path: Path) -> None:
    assert run("calibrate", *arguments).exit_code == 2


# --- bad input --------------------------------------------------------------------------------------


def one_sheet(folder: Path) -> tuple[Path, BlindKey]:
    key = sheets(folder)
    fill(folder / "kim.xlsx", "Kim", key, plain)
    return folder / "kim.xlsx", key


def change(path: Path, column: str, value: Any, *, row: int = 6) -> None:
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    sheet.cell(row, next(cell.column for cell in sheet[5] if cell.value == column)).value = value
    book.save(path)


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("code", "A99", "'A99' is no code of these sheets"),
        ("code", None, "'' is no code of these sheets"),
        ("answer", "Something else.", "is not the answer of the code"),
        ("score", 4.5, "found '4.5', expected 0 to 4"),
        ("score", -1, "found '-1', expected 0 to 4"),
        ("score", "3/4", "found '3/4', expected 0 to 4"),
        ("score", "good", "found 'good'"),
        ("1", "perhaps", "found 'perhaps', expected x or nothing"),
    ],
)
def test_a_changed_cell_is_named(column: str, value: object, said: str, tmp_path: Path) -> None:
    path, _ = one_sheet(tmp_path / "s")
    change(path, column, value)
    with pytest.raises(InputError) as caught:
        read_blind_sheets([path])
    assert said in str(caught.value)
    assert f"{path}, sheet 'Question 1'" in str(caught.value) and caught.value.line == 6
    assert caught.value.field == column


def test_a_code_that_is_there_twice_and_boxes_without_a_score(tmp_path: Path) -> None:
    path, _ = one_sheet(tmp_path / "s")
    book = openpyxl.load_workbook(path)
    first, second = (cell.value for cell in book.worksheets[0]["A"][5:7])
    change(path, "code", second)
    with pytest.raises(InputError, match="is not the answer of the code"):
        read_blind_sheets([path])
    change(path, "answer", book.worksheets[0]["B7"].value)
    with pytest.raises(InputError, match=f"'{second}' is there twice, the first time on line 6"):
        read_blind_sheets([path])
    change(path, "code", first)
    change(path, "answer", book.worksheets[0]["B6"].value)
    change(path, "score", None)
    change(path, "1", "x")
    with pytest.raises(InputError, match="is blank, but boxes are ticked"):
        read_blind_sheets([path])


def test_raters_and_files_that_do_not_belong(tmp_path: Path) -> None:
    path, _ = one_sheet(tmp_path / "s")
    shutil.copy(path, path.with_name("kim (1).xlsx"))
    with pytest.raises(InputError, match="is a second sheet of the rater 'Kim'"):
        read_blind_sheets([path, path.with_name("kim (1).xlsx")])
    shutil.copy(path, tmp_path / "kim.xlsx")
    with pytest.raises(InputError, match=r"only as sheets of blind marking, with one key\.json beside them"):
        read_blind_sheets([tmp_path / "kim.xlsx", path])
    (tmp_path / "s" / "other.csv").write_text("answer_id,rater,score\na,Kim,3\n")
    with pytest.raises(InputError, match="found no columns 'code', 'answer' and 'score'"):
        read_blind_sheets([tmp_path / "s" / "other.csv"])
    book = openpyxl.load_workbook(path)
    book.worksheets[0]["B1"] = "Mallory"
    book.save(path)
    with pytest.raises(InputError, match="'Mallory' is no rater of these sheets: expected Kim, =Lee"):
        read_blind_sheets([path])


def test_what_is_not_marked_is_said(tmp_path: Path) -> None:
    path, key = one_sheet(tmp_path / "s")
    change(path, "score", None)
    change(path, "1", None)
    found = read_blind_sheets([path])
    assert found.notes == ("kim.xlsx: 1 answer of 12 without a score", "no sheet of =Lee")
    assert len({rating.answer_id for rating in found.rows}) == len(key.answers) - 1


def test_boxes_that_nobody_ticks_are_no_ratings(tmp_path: Path) -> None:
    key = sheets(tmp_path / "s")
    fill(tmp_path / "s" / "kim.xlsx", "Kim", key, lambda answer, rater: {"score": "2,5"})
    found = read_blind_sheets([tmp_path / "s" / "kim.xlsx"])
    assert {(rating.point_id, rating.score) for rating in found.rows} == {(None, 2.5)}


@pytest.mark.parametrize(
    ("answers", "raters", "said"),
    [
        (
            [Answer(answer_id="a", question_id="other", answer="x")],
            {"kim": "Kim"},
            "no rubric for the question 'other'",
        ),
        ([Answer(answer_id="a", question_id="salt", answer=" ")], {"kim": "Kim"}, "all are blank"),
        (ANSWERS, {"m": "system:grader"}, "is the name of a machine"),
    ],
)
def test_what_cannot_be_planned(answers: list[Answer], raters: dict[str, str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        plan_blind_marking(answers, RUBRICS, raters, seed=1)


@given(st.lists(st.text(min_size=1, max_size=40).filter(str.strip), min_size=1, max_size=6), st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_any_texts_come_back(tmp_path_factory: pytest.TempPathFactory, texts: list[str], seed: int) -> None:
    folder = tmp_path_factory.mktemp("sheets")
    answers = [Answer(answer_id=f"a{n}", question_id="salt", answer=text) for n, text in enumerate(texts)]
    key = sheets(folder, answers=answers)
    draw = random.Random(seed)
    given_scores = {answer.answer_id: draw.randint(0, 10) for answer in answers}
    fill(folder / "kim.xlsx", "Kim", key, lambda answer, rater: {"score": given_scores[answer]})
    found = read_blind_sheets([folder / "kim.xlsx"])
    assert {rating.answer_id: rating.score for rating in found.rows} == given_scores


# --- untrusted text ---------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["=1+1", "+1", "@SUM(A1)", "\t=1", "-2+3", *HOSTILE])
def test_no_text_is_a_formula_or_markup(text: str, tmp_path: Path) -> None:
    rubric = Rubric(question_id="q", question=text, points=({"text": text},))  # type: ignore[arg-type]
    key = plan_blind_marking(
        [Answer(answer_id="a", question_id="q", answer=text)], {"q": rubric}, {"kim": f"x{text}"}, seed=1
    )
    write_key(key, tmp_path)
    write_blind_sheets(key, tmp_path, html=False)
    book = openpyxl.load_workbook(tmp_path / "kim.xlsx")
    assert not [cell for row in book.worksheets[0].iter_rows() for cell in row if cell.data_type == "f"]
    page = blind_page(key, key.raters["kim"], "kim")
    assert page.count("<script") == 1 and "<img" not in page and "<svg" not in page
    assert "script-src 'sha256-" in page


# --- the page ---------------------------------------------------------------------------------------


@browser_test
def test_the_page_saves_a_csv_that_is_read(tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright

    answers = [
        *ANSWERS,
        Answer(answer_id="x", question_id="tides", answer='=cmd|"x"\n<b onclick=alert(1)>two</b>, lines'),
    ]
    key = plan_blind_marking(answers, RUBRICS, {"kim": "Kim"}, seed=3)
    write_key(key, tmp_path)
    [page_file] = write_blind_sheets(key, tmp_path, html=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 380, "height": 700})
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        page.goto(page_file.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        for code, answer in key.answers.items():
            article = page.locator(f'article[data-code="{code}"]')
            article.locator("[data-score]").fill(str(score(answer.answer_id, "Kim") + 0.5))
            article.locator('[data-box="1"]').check()
        page.reload()  # marks are kept
        assert page.locator("#left").inner_text() == "all have a score"
        with page.expect_download() as waiting:
            page.get_by_role("button", name="Save as CSV").click()
        waiting.value.save_as(tmp_path / "kim.csv")
        page.locator("[data-score]").first.fill("99")
        page.get_by_role("button", name="Save as CSV").click()
        assert not page.evaluate("document.getElementById('sheet').checkValidity()")
        browser.close()
    assert not faults
    found = read_blind_sheets([tmp_path / "kim.csv"])
    scores = {rating.answer_id: rating.score for rating in found.rows if rating.point_id is None}
    assert scores == {answer.answer_id: score(answer.answer_id, "Kim") + 0.5 for answer in answers}
    assert all(rating.score == 1 for rating in found.rows if rating.point_id == "p1")
    with (tmp_path / "kim.csv").open(encoding="utf-8-sig", newline="") as file:
        assert any(cell.startswith("'=cmd") for row in csv.reader(file) for cell in row)
