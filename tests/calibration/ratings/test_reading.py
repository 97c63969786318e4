import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from grader.calibration.ratings.reading import Rating, read_ratings
from grader.errors import InputError
from grader.files.tables import write_rows

LONG = [
    {"answer_id": "007", "question_id": "q1", "rater": "kim", "score": 3, "max_score": 5},
    {"answer_id": "007", "question_id": "q1", "rater": "lee", "score": 4.5, "max_score": 5},
]


def put(folder: Path, text: str, name: str = "r.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def fault(path: Path, raters: Sequence[str] = ()) -> str:
    with pytest.raises(InputError) as raised:
        read_ratings(path, raters=raters)
    return str(raised.value).removeprefix(str(path))


@pytest.mark.parametrize("ending", ["jsonl", "csv", "tsv", "xlsx", "parquet"])
def test_long_tables(tmp_path: Path, ending: Any) -> None:
    path = tmp_path / f"r.{ending}"
    write_rows(path, LONG, format=ending)
    first, second = (rating._replace(line=0) for rating in read_ratings(path).rows)
    assert first == Rating("007", "kim", 3.0, "q1", None, 5.0)
    assert second == Rating("007", "lee", 4.5, "q1", None, 5.0)


def test_wide_tables(tmp_path: Path) -> None:
    path = put(tmp_path, "id,question_id,Kim,Lee,note\na1,q1,3,,ok\na2,q1,NA,4,\n")
    read = read_ratings(path, raters=["Kim", "Lee"])
    assert read.rows == (Rating("a1", "Kim", 3.0, "q1", line=2), Rating("a2", "Lee", 4.0, "q1", line=3))
    assert (read.n_rows, read.n_blank) == (2, 2)


def test_a_column_of_a_wide_table_is_a_rater_whatever_its_name(tmp_path: Path) -> None:
    path = put(tmp_path, "id,group,order\na1,3,4\na2,1,2\n")
    rows = read_ratings(path, raters=["group", "order"]).rows
    assert [(rating.rater, rating.score, rating.group, rating.time) for rating in rows[:2]] == [
        ("group", 3.0, None, None),
        ("order", 4.0, None, None),
    ]


def test_a_labelled_set_holds_ratings_and_texts(tmp_path: Path) -> None:
    row = {"question_id": "q", "answer_id": "a1", "answer": "Yeast.", "human_score": 2, "max_score": 4}
    path = put(tmp_path, json.dumps(row | {"human_scores": {"r1": 1, "r2": 3}}), "set.jsonl")
    read = read_ratings(path)
    assert read.rows == (
        Rating("a1", "r1", 1.0, "q", None, 4.0, line=1),
        Rating("a1", "r2", 3.0, "q", None, 4.0, line=1),
    )
    assert read.texts == {"a1": "Yeast."}


@pytest.mark.parametrize(
    ("answer", "rater", "score"),
    [("Answer ID", "Rater", "Score"), ("submission_id", "rater_id", "rating"), ("id", "interviewer", "mark")],
)
def test_other_names_of_columns(tmp_path: Path, answer: str, rater: str, score: str) -> None:
    assert read_ratings(put(tmp_path, f"{answer},{rater},{score}\n1,kim,2\n")).rows[0][:3] == ("1", "kim", 2.0)


def test_points_times_and_groups(tmp_path: Path) -> None:
    path = put(
        tmp_path,
        "answer_id,point_id,rater,score,time,group\n"
        "a1,p1,kim,1,2026-01-31T10:00,x\na1,p2,kim,0,2026-01-31T11:00+01:00,x\na1,,kim,7,,\n",
    )
    first, second, total = read_ratings(path).rows
    assert (first.point_id, second.point_id, total.point_id) == ("p1", "p2", None)
    assert first.time == second.time == 1769853600.0 and total.time is None
    assert (first.group, total.group) == ("x", None)


def test_only_blind_ratings_count(tmp_path: Path) -> None:
    path = put(tmp_path, "answer_id,rater,score,phase\na1,kim,2,blind\na1,lee,3,\na1,kim,3,After\na1,lee,3,after\n")
    read = read_ratings(path)
    assert [rating.score for rating in read.rows] == [2, 3]
    assert read.n_not_blind == {"after": 2}


def test_the_same_rater_may_rate_again(tmp_path: Path) -> None:
    path = put(tmp_path, "answer_id,rater,score,time\na1,kim,2,1\na1,kim,3,2\na1,kim,2,3\n")
    assert [rating.score for rating in read_ratings(path).rows] == [2, 3, 2]


def test_differences_that_no_rater_means_do_not_count(tmp_path: Path) -> None:
    path = put(tmp_path, "answer_id,rater,score\na1,kim,0.30000000000000004\na1,lee,0.3\na2,kim,1e-200\n")
    assert [rating.score for rating in read_ratings(path).rows] == [0.3, 0.3, 0.0]


# --- gold ------------------------------------------------------------------------------------------


def test_a_row_marked_gold_is_the_definitive_score(tmp_path: Path) -> None:
    path = put(tmp_path, "answer_id,rater,score,gold\na1,kim,2,\na1,chief,3,yes\na2,kim,1,no\n")
    read = read_ratings(path)
    assert [(rating.answer_id, rating.rater) for rating in read.rows] == [("a1", "kim"), ("a2", "kim")]
    assert read.gold == {("a1", None): 3.0}


@pytest.mark.parametrize(("name", "value"), [("gold", "2.5"), ("gold_score", "1")])
def test_a_number_in_the_column_is_the_definitive_score(tmp_path: Path, name: str, value: str) -> None:
    path = put(tmp_path, f"answer_id,rater,score,{name}\na1,kim,2,{value}\na1,lee,3,{value}\na2,lee,3,\n")
    read = read_ratings(path)
    assert [rating.line for rating in read.rows] == [2, 3, 4]
    assert read.gold == {("a1", None): float(value)}


def test_gold_of_a_wide_table(tmp_path: Path) -> None:
    read = read_ratings(put(tmp_path, "id,kim,lee,gold\na1,1,0,1\na2,1,1,0\na3,1,1,\n"), raters=["kim", "lee"])
    assert read.gold == {("a1", None): 1.0, ("a2", None): 0.0}
    assert len(read.rows) == 6


# --- faults ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("answer_id,rater,score\na1,kim,good\n", ":2: field 'score': expected a number or nothing, found 'good'"),
        (
            'answer_id,rater,score\na1,kim,"2,500"\n',
            ":2: field 'score': found '2,500', which may be 2.500 or 2500: write it with a decimal point",
        ),
        ("answer_id,rater,score\na1,kim,inf\n", ":2: field 'score': expected a number or nothing, found 'inf'"),
        ("answer_id,rater,score\na1,kim,1_0\n", ":2: field 'score': expected a number or nothing, found '1_0'"),
        ("answer_id,rater,score,max\na1,kim,7,5\n", ":2: field 'score': found 7, expected 0 to max_score 5"),
        ("answer_id,rater,score,max\na1,kim,-1,5\n", ":2: field 'score': found -1, expected 0 to max_score 5"),
        ("answer_id,rater,score,max\na1,kim,0,0\n", ":2: field 'max': expected more than 0, found 0"),
        ("answer_id,rater,score\na1,,1\n", ":2: field 'rater': is blank, expected a name or an id"),
        ("answer_id,rater,score\n,kim,1\n", ":2: field 'answer_id': is blank, expected a name or an id"),
        (
            "answer_id,rater,score\n007,kim,1\n4.56E+12,kim,1\n4.56E+12,kim,2\n",
            ":3: field 'answer_id': '4.56E+12' is an id that a spreadsheet has shortened",
        ),
        (
            "answer_id,rater,score,time\na1,kim,1,noon\n",
            ":2: field 'time': expected a number or a date such as 2026-01-31 or 2026-01-31T14:30, found 'noon'",
        ),
        (
            "answer_id,rater,score,max\na1,kim,1,5\na1,lee,1,6\n",
            ":3: field 'max': answer 'a1' has '5' on line 2, found '6': correct one",
        ),
        (
            "answer_id,question_id,rater,score\nc1,q1,kim,1\nc1,q2,kim,1\n",
            ":3: field 'question_id': answer 'c1' has 'q1' on line 2, found 'q2': "
            "give each answer an id of its own, such as q2-c01",
        ),
        (
            "answer_id,rater,score\na1,kim,1\na2,kim,1\na1,kim,1\n",
            ":4: the row is the same as on line 2 in every column: delete one of them, or give both a `time` "
            "if the answer was really rated twice",
        ),
        (
            "answer_id,rater,score,gold\na1,kim,1,yes\na1,lee,2,yes\n",
            ":3: field 'gold': answer 'a1' has '1' on line 2, found '2': correct one",
        ),
        (
            "answer_id,rater,score,max_score,gold\na1,kim,1,5,6\n",
            ":2: field 'gold': found 6, expected 0 to max_score 5",
        ),
        (
            "answer_id,rater,score,phase\na1,kim,,\na1,lee,3,after\n",
            ": holds no rating that counts: 2 rows, 1 without a score, 1 not blind, 0 gold; "
            "what was given blind has the phase 'blind' or none",
        ),
        (
            "answer_id,rater,score,gold\na1,kim,1,yes\n",
            ": holds no rating that counts: 1 row, 0 without a score, 0 not blind, 1 gold; "
            "a row marked gold says what is right, others say what a rater gave",
        ),
        (
            "answer_id,rater,score\na1,kim,1e300\n",
            ":2: field 'score': found 1e+300, expected at most 1,000,000,000 points",
        ),
        (
            "answer_id,rater,score,time\na1,kim,1,2026-01-31\na2,kim,1,\na3,kim,1,7\n",
            ":4: field 'time': found a number, but a date on line 2: write all of them in the same way",
        ),
        ("answer_id,rater,score\n", ": is empty: expected at least one row"),
        ("", ": is empty: expected at least one row"),
        ("rater,score\nkim,1\n", ":1: field 'answer_id': no such column: found rater, score; "),
        (
            "answer_id,kim,lee\na1,1,good\n",
            ":1: field 'rater': no such column: found answer_id, kim, lee; expected one of rater, rater_id, "
            "rater_name, interviewer, interviewer_name, ...; "
            "for a table with one column a rater name these columns: --raters kim,lee",
        ),
    ],
)
def test_faults_say_where_and_what_to_do(tmp_path: Path, text: str, said: str) -> None:
    assert fault(put(tmp_path, text)).startswith(said)


def test_faults_of_wide_tables_and_labelled_sets(tmp_path: Path) -> None:
    wide = put(tmp_path, "id,kim,lee\na1,1,x\n")
    assert fault(wide, ["kim", "max"]).startswith(
        ":1: field 'max': no such column: found id, kim, lee; name the columns"
    )
    assert (
        fault(wide, ["kim", "lee", "kim"]) == ": field 'kim': is named twice in --raters: name each rater's column once"
    )
    assert fault(wide, ["kim", "id"]).startswith(":1: field 'id': holds the ids of the answers")
    assert fault(wide, ["kim", "lee"]).startswith(":2: field 'lee': expected a number or nothing, found 'x'")
    labelled = put(tmp_path, '{"answer_id": "a1", "human_scores": [1, 2]}', "set.jsonl")
    assert fault(labelled) == (
        ":1: field 'human_scores': expected an object with the score of each rater, such as {\"r1\": 2}"
    )
    labelled.write_text('{"answer_id": "a1", "human_scores": {"r1": true}}')
    assert fault(labelled).startswith(":1: field 'human_scores.r1': expected a number or nothing, found 'True'")
