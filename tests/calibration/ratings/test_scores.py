"""Scores as people write them."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.calibration.ratings.scores import Score, parse_score, read_scale
from grader.errors import InputError


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("1.5", Score(1.5)),
        ("1,5", Score(1.5)),
        (" 4 ", Score(4)),
        (4, Score(4)),
        (",5", Score(0.5)),
        ("\u22121", Score(-1)),
        ("3/5", Score(3, 5, "fraction")),
        ("3,5 / 5", Score(3.5, 5, "fraction")),
        ("4 von 5", Score(4, 5, "fraction")),
        ("4 out of 5", Score(4, 5, "fraction")),
        ("80 %", Score(80, 100, "percent")),
        ("62,5\u00a0%", Score(62.5, 100, "percent")),
        ("n/a", None),
        ("—", None),
        (None, None),
    ],
)
def test_scores(text: Any, score: Score | None) -> None:
    assert parse_score(text) == score


@pytest.mark.parametrize(
    "text", ["2024-05-03", "03. Mai", "3-May", "May-03", "05-Mar", "3/5/2024", "03.05.2024", "3.5.", "5. März"]
)
def test_dates_that_were_fractions(text: str) -> None:
    with pytest.raises(
        ValueError, match="spreadsheets make dates of fractions such as 3/5; give the column the format"
    ):
        parse_score(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1,250", "may be 1.250 or 1250: write it with a decimal point"),
        ("B+", "what grades such as B\\+ are worth is said by a file: --scale scale.csv"),
        ("3/0", "expected a full score above 0 after the stroke"),
        ("=AVERAGE(B2:C2)", "found a formula without a stored result"),
        ("#DIV/0!", "found an error of a spreadsheet"),
        ("1.2.3", "expected a number or nothing"),
        (True, "expected a number or nothing, found 'True'"),
    ],
)
def test_what_is_no_score(text: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_score(text)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10_000), st.sampled_from([",", "."]), st.sampled_from(["", "/100", " %"]))
def test_a_number_is_read_as_it_was_written(hundredths: int, mark: str, after: str) -> None:
    text = f"{hundredths / 100:.2f}".replace(".", mark) + after
    score = parse_score(text)
    assert score is not None and score.points == pytest.approx(hundredths / 100)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("scale.csv", "Grade;Points\nA;4,0\nB+;3,3\nB;3,0\n"),
        ("scale.yaml", "A: 4\nB+: 3.3\nB: 3\n"),
        ("scale.json", '{"A": 4, "B+": 3.3, "B": 3}'),
    ],
)
def test_a_scale_says_what_grades_are_worth(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    scale = read_scale(tmp_path / name)
    assert scale.max_score == 4
    assert parse_score(" b+ ", scale) == Score(3.3, 4, "label")
    with pytest.raises(ValueError, match="found 'C'"):
        parse_score("C", scale)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("grade,points\nA,4\na,3\n", ":3: field 'grade': 'a' appears twice, the first time on line 2"),
        ("grade,points\nA,good\n", ":2: field 'points': expected a number or nothing, found 'good'"),
        ("grade,points\nA,\n", ":2: expected a grade and its points, found 'A' and ''"),
        ("grade,worth\nA,4\n", ":1: field 'points': no such column"),
        ("grade,points\nF,0\n", ": expected grades with their points, the best of them more than 0"),
    ],
)
def test_faults_of_scales(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "scale.csv"
    path.write_text(text)
    with pytest.raises(InputError) as raised:
        read_scale(path)
    assert str(raised.value).removeprefix(str(path)).startswith(said)
