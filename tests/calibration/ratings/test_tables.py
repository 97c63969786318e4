"""Tables of ratings as people keep them: titles, sheets, merged cells, no ids, computed columns."""

import csv
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.calibration.ratings.reading import Ratings, read_ratings
from grader.calibration.ratings.scores import Scale
from grader.errors import InputError

HEADER = ["Applicant", "Skill", "Ines Ødegård", "Jo O'Hara", "Max"]
ROWS = [
    ["Ann", "SQL", "1,5", "2", "2,5"],
    ["Ann", "Design", "4", "", "3,5"],
    ["Ben", "SQL", "3", "3,5", "4"],
    ["Ben", "Design", "5", "4,5", "4"],
    ["Cem", "SQL", "2", "2", "1,5"],
]
GIVEN = {
    (f"{row[0]}/{row[1]}", rater): float(cell.replace(",", "."))
    for row in ROWS
    for rater, cell in zip(HEADER[2:], row[2:], strict=True)
    if cell
}


def put(folder: Path, text: str, name: str = "r.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def lines(*rows: list[str], mark: str = ";") -> str:
    return "".join(mark.join(row) + "\n" for row in rows)


def workbook(path: Path, **sheets: list[list[Any]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def numbers(rows: list[list[str]]) -> list[list[Any]]:
    return [[*row[:2], *(float(cell.replace(",", ".")) if cell else None for cell in row[2:])] for row in rows]


def given_in(ratings: Ratings) -> dict[tuple[str, str], float]:
    return {(row.answer_id, row.rater): row.score for row in ratings.rows}


def fault(path: Path, **more: Any) -> str:
    with pytest.raises(InputError) as raised:
        read_ratings(path, **more)
    return str(raised.value).removeprefix(str(path))


# --- one table in many forms -----------------------------------------------------------------------


@pytest.mark.parametrize("above", ["", "Scores of May\n\n", "Scores of May;;;;\n;;;;\n", "Scores, May;;;;\nby;HR;;;\n"])
@pytest.mark.parametrize("mark", [";", "\t"])
def test_titles_and_decimal_commas(tmp_path: Path, above: str, mark: str) -> None:
    path = put(tmp_path, above.replace(";", mark) + lines(HEADER, *ROWS, mark=mark))
    read = read_ratings(path)
    assert given_in(read) == GIVEN
    assert {row.question_id for row in read.rows} == {"SQL", "Design"}
    assert "columns of numbers are taken as raters: Ines Ødegård, Jo O'Hara, Max (--raters names others)" in read.notes
    assert "answers are told apart by Applicant and Skill" in read.notes
    assert bool(above) == any("above it stands 'Scores" in note for note in read.notes)


def test_the_same_in_a_sheet_behind_a_cover_and_in_a_sheet_a_topic(tmp_path: Path) -> None:
    cover: list[list[Any]] = [["All scores are confidential", None], ["Contact", "HR"]]
    one = workbook(tmp_path / "one.xlsx", Info=cover, Scores=[["Scores"], [], HEADER, *numbers(ROWS)])
    read = read_ratings(one)
    assert given_in(read) == GIVEN
    assert read.notes[0] == "read from sheet 'Scores'; left out: 'Info' (--sheet names others)"
    topics = {
        topic: [
            ["Notes on " + topic],
            [HEADER[0], *HEADER[2:]],
            *[[r[0], *r[2:]] for r in numbers(ROWS) if r[1] == topic],
        ]
        for topic in ("SQL", "Design")
    }
    several = workbook(tmp_path / "several.xlsx", Info=cover, **topics)
    read = read_ratings(several)
    assert given_in(read) == GIVEN
    assert {row.question_id for row in read.rows} == {"SQL", "Design"}
    assert read.notes[0].startswith("read from 2 sheets 'SQL', 'Design', each as a question; left out: 'Info'")
    assert {row.answer_id for row in read_ratings(several, sheets=["sql"]).rows} == {"Ann", "Ben", "Cem"}


def test_long_tables_without_ids(tmp_path: Path) -> None:
    rows = [[a.partition("/")[0], a.partition("/")[2], r, str(s).replace(".", ",")] for (a, r), s in GIVEN.items()]
    path = put(tmp_path, lines(["Candidate", "Topic", "Interviewer", "Points"], *rows))
    assert given_in(read_ratings(path)) == GIVEN


def test_json_rows_with_a_value_a_rater(tmp_path: Path) -> None:
    rows = [{name: cell for name, cell in zip(HEADER, row, strict=True) if cell != ""} for row in numbers(ROWS)]
    path = put(tmp_path, "".join(json.dumps(row) + "\n" for row in rows), "r.jsonl")
    assert given_in(read_ratings(path)) == GIVEN


names = st.text("abcdeéü XYZ", min_size=3, max_size=8).map(lambda text: "P" + " ".join(text.split()))
scores = st.integers(0, 20).map(lambda n: n / 4)


@settings(deadline=None, max_examples=25)
@given(
    st.lists(names, min_size=2, max_size=4, unique_by=str.casefold),
    st.lists(st.lists(scores, min_size=4, max_size=4), min_size=4, max_size=8, unique_by=tuple),
    st.sampled_from([("csv", ";", ","), ("csv", ",", "."), ("tsv", "\t", ","), ("xlsx", "", "")]),
    st.booleans(),
)
def test_a_random_table_is_read_back(
    tmp_path_factory: Any, raters: list[str], table: list[list[float]], form: tuple[str, str, str], titled: bool
) -> None:
    """Raters named by hand, because random columns may happen to be means of others."""
    ending, mark, comma = form
    path = tmp_path_factory.mktemp("r") / f"r.{ending}"
    rows: list[list[Any]] = [["Candidate", "Topic", *raters]]
    rows += [[f"c{n // 2}", f"t{n % 2}", *values[: len(raters)]] for n, values in enumerate(table)]
    rows = [["Scores"], [], *rows] if titled else rows
    if ending == "xlsx":
        workbook(path, S=rows)
    else:
        with path.open("w", newline="") as file:
            written = [[str(c).replace(".", comma) if isinstance(c, float) else c for c in row] for row in rows]
            csv.writer(file, delimiter=mark).writerows(written)
    wanted = {
        (f"c{n // 2}/t{n % 2}", rater): values[place]
        for n, values in enumerate(table)
        for place, rater in enumerate(raters)
    }
    assert given_in(read_ratings(path, raters=raters)) == wanted


# --- which columns are raters' -----------------------------------------------------------------------


def test_computed_columns_and_rows_are_left_out(tmp_path: Path) -> None:
    path = put(
        tmp_path,
        "No,Candidate,Kim,Lee,Panel view,AVERAGE,Years of experience,Comment\n"
        "1,Ann,1,2,1.5,1.5,7,ok\n2,Ben,4,3,3.5,3.5,12,\n3,Cem,5,3,4,4,3,good\n4,Dan,2,2,2,2,1,\nAverage,,3,2.5,2.75,2.75,,\n",
    )
    read = read_ratings(path)
    assert {row.rater for row in read.rows} == {"Kim", "Lee"} and len(read.rows) == 8
    left_out = next(note for note in read.notes if note.startswith("left out: AVERAGE"))
    assert "AVERAGE (computed from others, by its name)" in left_out
    assert "Years of experience (no score, by its name)" in left_out
    assert "Panel view (the mean of the others)" in left_out
    assert "left out: line 6 (computed from the rows above)" in read.notes


def test_raters_who_agree_are_not_taken_for_a_mean(tmp_path: Path) -> None:
    read = read_ratings(put(tmp_path, "id,Kim,Lee,Ola\na,1,1,1\nb,2,2,2\nc,3,3,3\nd,4,4,4\n"))
    assert {row.rater for row in read.rows} == {"Kim", "Lee", "Ola"}


@pytest.mark.parametrize(("full", "is_scale"), [("5,5,5", True), ("4,3,5", False)])
def test_max_is_the_full_score_or_a_person(tmp_path: Path, full: str, is_scale: bool) -> None:
    one, two, three = full.split(",")
    read = read_ratings(put(tmp_path, f"id,Kim,Lee,Max\na,1,2,{one}\nb,4,3,{two}\nc,5,4,{three}\n"))
    assert ({row.rater for row in read.rows} == {"Kim", "Lee"}) is is_scale
    assert {row.max_score for row in read.rows} == ({5.0} if is_scale else {None})


def test_a_column_that_makes_candidates_differ_is_the_question(tmp_path: Path) -> None:
    read = read_ratings(put(tmp_path, "Candidate,Round of talks,Kim,Lee\nAnn,A,1,2\nAnn,B,3,4\nBen,A,2,2\nBen,B,5,4\n"))
    assert {row.answer_id for row in read.rows} == {"Ann/A", "Ann/B", "Ben/A", "Ben/B"}


def test_fractions_shares_and_grades(tmp_path: Path) -> None:
    read = read_ratings(put(tmp_path, "id,Kim,Lee\na,3/5,4/5\nb,1/5,\nc,5/5,2/5\n"))
    assert [(row.score, row.max_score) for row in read.rows[:3]] == [(3, 5), (4, 5), (1, 5)]
    read = read_ratings(put(tmp_path, "id;Kim;Lee\na;80 %;65,5 %\nb;10%;20%\n"))
    assert [(row.score, row.max_score) for row in read.rows[:2]] == [(80, 100), (65.5, 100)]
    scale = Scale({"a": 4.0, "b+": 3.3, "b": 3.0}, 4.0)
    read = read_ratings(put(tmp_path, "id,Kim,Lee\na,B+,A\nb,b,B\n"), scale=scale)
    assert [(row.score, row.max_score) for row in read.rows] == [(3.3, 4), (4, 4), (3, 4), (3, 4)]


# --- refused, with the way out -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,rater,score\n1.23E+11,Kim,3\n1.23E+11,Lee,4\n", ":2: field 'id': '1.23E+11' is an id that a spreadsheet"),
        ("Candidate,Kim,Lee\n4,71E+12,3,4\n", ":2: found 4 fields"),
        ("Candidate;Kim;Lee\nA 1;3;3-May\nA 2;4;5\nA 3;4;5\n", ":2: field 'Lee': found the date '3-May': spreadsheets"),
        ("Candidate,Kim,Lee\nA,3/5,03. Mai\nB,4/5,05. Apr\n", ":2: field 'Lee': found the date '03. Mai'"),
        ("Candidate,Kim,Lee,Ola\nA,3,2,1\nB,4,four,1\nC,4,4,1\n", ":3: field 'Lee': expected a number or nothing"),
        (
            "Candidate,Kim,Lee\nA,3/5,4/5\nB,4/5,2\n",
            ":3: field 'Lee': found '2', but '3/5' on line 2: write all in the",
        ),
        ("Candidate,Kim,Lee\nA,3/5,4/10\n", ":2: field 'Lee': answer 'A' has '5' on line 2, found '10': correct one"),
        ("Candidate;Kim;Lee\nA;1,5;2\nB;1.250;3\n", ":3: field 'Kim': found '1.250', which may be a thousand times"),
        (
            "Candidate,Kim,Lee,Pay\nA,1,2,40000\nB,3,2,50000\n",
            ":1: field 'Pay': holds 40000 to 50000, but other columns",
        ),
        ("Candidate,Kim,Lee\nAnn,1,2\nAnn,3,4\n", ":3: field 'Candidate': 'Ann' stands here and on line 2: call"),
        ("Candidate,Kim,Lee\n,1,2\nBen,3,4\n", ":2: field 'Candidate': is blank, expected a name or an id"),
        (
            "Candidate,Interviewer,Coding,Design\nA,Kim,1,2\nB,Lee,2,1\n",
            ":1: field 'score': 'Interviewer' names a rater",
        ),
        ("Candidate,Kim,Lee\nA,B+,A\nB,C,A\n", ":1: field 'rater': no such column"),
        ("Scores\nCandidate,Kim,Lee\nA,B+,A\nB,C,A\n", ":2: field 'rater': no such column: found Candidate, Kim, Lee"),
        ("Candidate,Points\nA,1\nB,2\n", ":1: field 'rater': no such column"),
    ],
)
def test_refusals(tmp_path: Path, text: str, said: str) -> None:
    assert fault(put(tmp_path, text)).startswith(said)


# --- workbooks ---------------------------------------------------------------------------------------


def test_merged_names_hold_for_all_their_rows_but_a_merged_score_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.xlsx"
    book = openpyxl.Workbook()
    sheet: Any = book.worksheets[0]
    above: list[list[Any]] = [["Interviews"], ["Candidate", "Topic", "Given by"], [None, None, "Kim", "Lee"]]
    for row in (*above, ["Ann", "SQL", 1, 2], [None, "Design", 3, 4], ["Ben", "SQL", 2, 2], [None, "Design", 5, 4]):
        sheet.append(row)
    for cells in ("A1:D1", "A2:A3", "B2:B3", "C2:D2", "A4:A5", "A6:A7"):
        sheet.merge_cells(cells)
    book.save(path)
    assert given_in(read_ratings(path))["Ann/Design", "Lee"] == 4
    sheet.merge_cells("C6:C7")
    book.save(path)
    assert fault(path).startswith(":7: field 'Kim': is merged with the cell above or beside it")


def test_shares_dates_and_errors_in_cells(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        ["id", "Kim", "Lee", "Average"],
        ["a", 0.8, 0.5, "#DIV/0!"],
        ["b", 0.25, 1, "=AVERAGE(B3:C3)"],
    ]
    path = workbook(tmp_path / "p.xlsx", S=rows)
    book = openpyxl.load_workbook(path)
    for cells in book.worksheets[0].iter_rows(min_row=2, min_col=2, max_col=3):
        for cell in cells:
            cell.number_format = "0%"
    book.save(path)
    assert [(row.score, row.max_score) for row in read_ratings(path).rows[:2]] == [(80, 100), (50, 100)]
    rows[1][1] = datetime(2024, 5, 3)
    assert ":2: field 'Kim': found the date '2024-05-03'" in fault(workbook(tmp_path / "d.xlsx", S=rows))


def test_ids_that_a_workbook_has_rounded_are_refused(tmp_path: Path) -> None:
    rows: list[list[Any]] = [["id", "Kim", "Lee"], [1.2345678901234568e17, 1, 2], [1.2345678901234568e17, 3, 4]]
    assert ":2: field 'id': '1.23456789012346E+17' is an id that" in fault(workbook(tmp_path / "i.xlsx", S=rows))


def test_hidden_sheets_are_read_only_by_name(tmp_path: Path) -> None:
    table: list[list[Any]] = [["id", "Kim", "Lee"], ["a", 1, 2], ["b", 3, 4]]
    path = workbook(tmp_path / "h.xlsx", Scores=table, Old=[table[0], ["a", 5, 5], ["b", 5, 5]])
    book = openpyxl.load_workbook(path)
    book["Old"].sheet_state = "hidden"
    book["Scores"].row_dimensions[3].hidden = True
    book["Scores"].column_dimensions["C"].hidden = True
    book.save(path)
    read = read_ratings(path)
    assert given_in(read)["a", "Lee"] == 2
    assert read.notes[0] == "read from sheet 'Scores'; left out: 'Old' (hidden) (--sheet names others)"
    assert "1 hidden row and 1 hidden column read, too" in read.notes
    assert given_in(read_ratings(path, sheets=["Old"]))["a", "Lee"] == 5
    book["Scores"].sheet_state, book["Old"].sheet_state = "hidden", "hidden"
    book.create_sheet("Cover")
    book.active = 2
    book.save(path)
    assert "'Scores', 'Old' may, but a spreadsheet hides it: name it with --sheet" in fault(path)


def test_sheets_that_cannot_be_read_together(tmp_path: Path) -> None:
    table: list[list[Any]] = [["id", "Kim", "Lee"], ["a", 1, 2], ["b", 3, 4]]
    path = workbook(tmp_path / "s.xlsx", A=table, B=table)
    assert fault(path) == ": the sheets 'A' and 'B' hold ratings, with the same rows: name those to read with --sheet"
    path = workbook(tmp_path / "s.xlsx", A=table, B=[["id", "Max", "Ola"], ["c", 1, 2]])
    assert "with different columns: name those to read with --sheet" in fault(path)
    assert fault(path, sheets=["C"]) == ": no sheet 'C': found 'A', 'B'"
    assert fault(put(tmp_path, "id,K,L\na,1,2\n"), sheets=["C"]) == ": no sheet 'C': only a workbook (.xlsx) has sheets"
    path = workbook(tmp_path / "s.xlsx", A=table, B=[["id", "Kim", "Lee"], ["c", 1, "x"], ["d", 1, 2], ["e", 1, 2]])
    assert fault(path).startswith(", sheet 'B':2: field 'Lee': expected a number or nothing")
