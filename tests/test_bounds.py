"""What is long or large is bounded, and says so: answers, weights, ids, aliases, sheets (docs/limits.md)."""

import zipfile
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.worksheet.worksheet import Worksheet
from pydantic import ValidationError

from grader import Answer, Grader, Rubric, Settings
from grader.errors import GraderError
from grader.files import read_rows
from grader.files.sheets import Sheet, read_sheets
from grader.grading.coverage import PointTokens, blocks, cover, overlap_with_other_points
from grader.rubrics import import_questions, read_bank, read_rubrics
from grader.schema import RubricPoint

RUBRIC = Rubric(
    question_id="q1", question="What does dropout do?", points=(RubricPoint(id="p1", text="It disables random units."),)
)
STATIC = Settings(encoder="static", max_answer_chars=1_000)


def test_an_answer_beyond_the_limit_is_ungraded_with_the_reason() -> None:
    grader = Grader([RUBRIC], settings=STATIC)
    text = "It disables random units. "
    within, beyond = grader.grade_many(
        Answer(answer_id=str(n), question_id="q1", answer=(text * 50)[:n]) for n in (1_000, 1_001)
    )
    assert within.score is not None
    assert beyond.score is None
    assert beyond.ungraded_reason is not None and "more than 1,000 characters" in beyond.ungraded_reason
    assert beyond.answer == (text * 50)[:1_001]
    assert {point.status for point in beyond.points} == {"not_judged"}
    assert grader.signature != Grader([RUBRIC], settings=Settings(encoder="static")).signature


def points_of(rng: np.random.Generator, lengths: list[int]) -> PointTokens:
    """Random wordings, one a point."""
    vectors = rng.normal(size=(sum(lengths), 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    starts = np.cumsum([0, *lengths[:-1]])
    weights = np.concatenate([np.full(n, 1 / n, np.float32) for n in lengths])
    return PointTokens(vectors, weights, starts, np.arange(len(lengths)), np.zeros(len(lengths), np.float32))


def test_blocks_give_what_the_whole_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    points = points_of(rng, [3, 5, 2, 9, 4])
    answer = rng.normal(size=(40, 8)).astype(np.float32)
    answer /= np.linalg.norm(answer, axis=1, keepdims=True)
    starts = np.array([0, 3, 11, 12, 30])
    whole = cover(points, answer, starts, center=0.4, slope=8.0)
    monkeypatch.setattr("grader.grading.coverage._MOST_CELLS", 60)  # sizes, not functions
    monkeypatch.setattr("grader.grading.coverage._WINDOW", 12)
    assert len(list(blocks(points, len(answer), starts))) > 2
    for one, other in zip(whole, cover(points, answer, starts, center=0.4, slope=8.0), strict=True):
        assert one.coverage == pytest.approx(other.coverage, abs=1e-6)
        assert one[1:3] == other[1:3]
        assert np.allclose(one.by_segment, other.by_segment, atol=1e-6)


def test_many_points_are_compared_with_some_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    points = points_of(np.random.default_rng(2), [4] * 60)
    whole = overlap_with_other_points(points, center=0.4, slope=8.0)
    monkeypatch.setattr("grader.grading.coverage._MOST_OTHERS", 30)
    assert np.abs(overlap_with_other_points(points, center=0.4, slope=8.0) - whole).mean() < 0.05


@pytest.mark.parametrize("weight", [1e308, -1e308, 1e-300, float("inf")])
def test_weights_whose_sum_is_no_number_are_refused(weight: float) -> None:
    with pytest.raises(ValidationError):
        Rubric.model_validate({"question_id": "q", "points": [{"text": "One.", "weight": weight}, {"text": "Two."}]})


def test_a_thousand_aliases_are_the_most() -> None:
    with pytest.raises(ValidationError, match="at most 1000"):
        Rubric.model_validate({"question_id": "q", "points": [{"text": "One.", "aliases": ["Another."] * 1_001}]})


def test_half_a_character_in_an_id_is_refused() -> None:
    with pytest.raises(ValidationError, match="half of a character"):
        Answer(answer_id="a\ud800", question_id="q", answer="x")


def test_empty_cells_of_a_sheet_are_not_held(tmp_path: Path) -> None:
    plain, wide = tmp_path / "plain.xlsx", tmp_path / "wide.xlsx"
    book = openpyxl.Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.append(["answer_id", "answer"])
    sheet.append(["1", "yes"])
    book.save(plain)
    with zipfile.ZipFile(plain) as before, zipfile.ZipFile(wide, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            content = before.read(name)
            if name == "xl/worksheets/sheet1.xml":
                empty = "".join(f'<row r="{n}"><c r="XFD{n}"/></row>' for n in range(3, 20))
                content = content.replace(b"</sheetData>", empty.encode() + b"</sheetData>")
            after.writestr(name, content)
    assert [row.values for row in read_rows(wide)] == [{"answer_id": "1", "answer": "yes"}]
    [found] = read_sheets(wide)
    assert isinstance(found, Sheet) and found.records == ((1, ["answer_id", "answer"]), (2, ["1", "yes"]))


TEXT = st.text(st.characters(codec="utf-8"), max_size=120) | st.sampled_from(
    [
        "id,answer\n1,x\n",
        '{"id": 1}\n',
        "Q: What?\n- Answer: That.\n",
        "## q1\nIt is.\n",
        'a\t"b\n',
        "title: [\n",
        "<p>",
    ]
)
READERS = [
    (read_bank, "bank.yaml"),
    (read_rubrics, "rubric.yaml"),
    (lambda path: list(read_rows(path)), "rows.csv"),
    (lambda path: list(read_rows(path)), "rows.tsv"),
    (lambda path: list(read_rows(path)), "rows.jsonl"),
    (import_questions, "page.md"),
    (import_questions, "page.html"),
    (import_questions, "page.txt"),
]


@pytest.mark.parametrize(("read", "name"), READERS)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    content=st.lists(TEXT, max_size=6).map("\n".join) | st.binary(max_size=200).map(lambda raw: raw.decode("latin-1"))
)
@pytest.mark.filterwarnings("ignore")
def test_readers_read_or_say_why_not(read, name: str, content: str, tmp_path_factory: pytest.TempPathFactory) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes(content.encode())
    try:
        read(path)
    except GraderError as error:
        assert str(error).strip()


def test_a_field_may_be_as_long_as_an_answer(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"id,answer\n1,{'a' * 200_000}\n")
    [row] = read_rows(path)
    assert len(row.values["answer"]) == 200_000
