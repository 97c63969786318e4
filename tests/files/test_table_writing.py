"""Tables out, read back."""

import random
import sys
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.errors import InputError
from grader.files.cells import number_text, safe_cell
from grader.files.tables import read_rows, write_rows
from grader.files.xlsx import CELL_LIMIT, SHEET_ROWS, check_sheet_rows

STEADY = settings(deadline=None, derandomize=True)
ROWS = [{"answer_id": "007", "answer": "Crème brûlée"}, {"answer_id": "1e5", "answer": "two\nlines"}]
PAYLOADS = [
    *("=cmd|' /C calc'!A0", '=HYPERLINK("http://x.invalid";"go")', "+1+1", "-2+3", "@SUM(1)"),
    *(
        "\t=1",
        "\r=1",
        "\n=1",
        "\tx",
        "\rx",
        "  =1",
        " \n=1",
        "\u00a0=1",
        "\u3000=1",
        "\ufeff=1",
        "\0=1",
        "\x01=1",
    ),
    *("\uff1d1", "\uff0b1", "\uff0d1", "\uff201"),
]


def put(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def values(path: Path) -> list[dict[str, Any]]:
    return [row.values for row in read_rows(path)]


@pytest.mark.parametrize("ending", ["jsonl", "csv", "tsv", "xlsx", "parquet"])
def test_what_is_written_is_read_back(tmp_path: Path, ending: Any) -> None:
    path = tmp_path / f"rows.{ending}"
    write_rows(path, ROWS, format=ending)
    assert values(path) == ROWS


@pytest.mark.parametrize(("number", "text"), [(7, "7"), (7.0, "7"), (-0.25, "-0.25"), (1e20, "100000000000000000000")])
def test_number_text(number: float, text: str) -> None:
    assert number_text(number) == text


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_cell_that_a_spreadsheet_would_run_becomes_text(tmp_path: Path, payload: str) -> None:
    assert safe_cell(payload) == "'" + payload.replace("\0", "")
    write_rows(tmp_path / "a.csv", [{"x": payload}], format="csv")
    assert values(tmp_path / "a.csv") == [{"x": safe_cell(payload)}]
    write_rows(tmp_path / "a.xlsx", [{"x": payload}], format="xlsx")
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    cell: Any = book.worksheets[0]["A2"]
    assert cell.data_type == "s"
    assert cell.value.startswith("'")
    book.close()
    write_rows(tmp_path / "a.jsonl", [{"x": payload}], format="jsonl")
    assert values(tmp_path / "a.jsonl") == [{"x": payload}]


@pytest.mark.parametrize("value", ["a=b", "plain", "", "'=1", -0.25, -3, None, True, "1-2"])
def test_other_cells_stay(value: Any) -> None:
    assert safe_cell(value) is value or safe_cell(value) == value


def test_excel_is_told_the_encoding_and_programs_are_not_disturbed(tmp_path: Path) -> None:
    for name, form, bom in (("a.csv", "csv", True), ("b.csv", "csv", False), ("c.tsv", "tsv", True)):
        write_rows(tmp_path / name, [{"name": "Müller"}], format=form, bom=bom)  # type: ignore[arg-type]
    begins = [(tmp_path / name).read_bytes()[:3] == b"\xef\xbb\xbf" for name in ("a.csv", "b.csv", "c.tsv")]
    assert begins == [True, False, False]
    assert values(tmp_path / "a.csv") == values(tmp_path / "b.csv") == [{"name": "Müller"}]


def test_csv_quotes_every_text_and_keeps_numbers(tmp_path: Path) -> None:
    rows = [{"a": 'say "hi"; =1', "b": -0.25, "c": None, "d": True, "e": ["x", 1]}]
    write_rows(tmp_path / "a.csv", rows, format="csv")
    assert (tmp_path / "a.csv").read_text() == (
        '\ufeff"a","b","c","d","e"\n"say ""hi""; =1",-0.25,"","true","[""x"", 1]"\n'
    )


def test_header_names_are_made_safe(tmp_path: Path) -> None:
    write_rows(tmp_path / "a.csv", [{"=1": "x"}], format="csv")
    assert (tmp_path / "a.csv").read_text().startswith('\ufeff"\'=1"\n')


@STEADY
@given(st.lists(st.fixed_dictionaries({"id": st.text(), "text": st.text()}), min_size=1, max_size=5))
def test_jsonl_keeps_any_text(tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, str]]) -> None:
    path = tmp_path_factory.mktemp("jsonl") / "a.jsonl"
    write_rows(path, rows, format="jsonl")
    assert values(path) == rows


@STEADY
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1))
def test_csv_keeps_any_text_but_for_the_quote(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    write_rows(path, [{"id": "x", "text": text}], format="csv")
    assert values(path) == [{"id": "x", "text": safe_cell(text)}]


@STEADY
@given(st.text())
def test_xlsx_takes_any_text(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("xlsx") / "a.xlsx"
    write_rows(path, [{"id": "x", "text": text}], format="xlsx")
    assert [row.values["id"] for row in read_rows(path)] == ["x"]


def test_half_a_surrogate_pair_is_escaped(tmp_path: Path) -> None:
    write_rows(tmp_path / "a.jsonl", [{"x": "a\ud800b é"}], format="jsonl")
    assert (tmp_path / "a.jsonl").read_bytes() == '{"x": "a\\ud800b é"}\n'.encode()
    assert values(tmp_path / "a.jsonl") == [{"x": "a\ud800b é"}]


def test_xlsx_drops_what_it_cannot_hold_and_says_what_it_cuts(tmp_path: Path) -> None:
    long, emoji = "a" * (CELL_LIMIT + 1), "😀" * CELL_LIMIT
    rows = [{"x": "a\x0b\x00\uffffb"}, {"x": long}, {"x": emoji}, {"x": "b" * CELL_LIMIT}, {"x": "#N/A"}]
    write_rows(tmp_path / "a.xlsx", rows, format="xlsx")
    found = [row.values["x"] for row in read_rows(tmp_path / "a.xlsx")]
    assert found[0] == "ab"
    assert found[1].endswith("… [cut: 41 characters, see the JSONL]") and len(found[1]) <= CELL_LIMIT
    kept, note = found[2].split("…")
    assert len(found[2].encode("utf-16-le")) <= 2 * CELL_LIMIT
    assert note == f" [cut: {CELL_LIMIT - len(kept)} characters, see the JSONL]"
    assert found[3:] == ["b" * CELL_LIMIT, "#N/A"]


def test_memory_does_not_grow_with_the_rows_of_a_workbook(tmp_path: Path) -> None:
    def rows(n: int) -> Any:
        texts = (random.Random(number).randbytes(1000).hex() for number in range(n))
        return ({"id": f"a{number}", "text": text, "p1": number / 7} for number, text in enumerate(texts))

    def peaks(n: int) -> tuple[int, int]:
        path = tmp_path / f"{n}.xlsx"
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        write_rows(path, rows(n), columns=["id", "text", "p1"], format="xlsx")
        written = tracemalloc.get_traced_memory()[1] - before
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        assert sum(1 for _ in read_rows(path)) == n
        return written, tracemalloc.get_traced_memory()[1] - before

    tracemalloc.start()
    try:
        peaks(10)  # openpyxl itself
        few, many = peaks(200), peaks(2_000)
    finally:
        tracemalloc.stop()
    # 2,000 bytes a row, 1,000 packed; what openpyxl notes of each row that it reads is a tenth of that.
    grown = [(more - less) / 1_800 for less, more in zip(few, many, strict=True)]
    assert grown[0] < 50 and grown[1] < 600


def test_equal_rows_give_equal_workbooks(tmp_path: Path) -> None:
    """A run that was broken off and resumed gives the same bytes, whatever the time."""
    for name in ("a.xlsx", "b.xlsx"):
        write_rows(tmp_path / name, ROWS, format="xlsx")
    with zipfile.ZipFile(tmp_path / "a.xlsx") as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert archive.read("docProps/core.xml").count(b"1980-01-01T00:00:00Z") == 2
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


def test_a_sheet_has_room_for_a_million_rows_and_16384_columns(tmp_path: Path) -> None:
    check_sheet_rows(SHEET_ROWS - 1, "a.xlsx")
    with pytest.raises(
        InputError, match=r"a.xlsx: a sheet has room for 1,048,575 rows and a header, not for 1,048,576"
    ):
        check_sheet_rows(SHEET_ROWS, "a.xlsx")
    wide = {f"c{number}": 1 for number in range(16_385)}
    with pytest.raises(InputError, match=r"a.xlsx: a sheet has room for 16,384 columns, not for 16,385"):
        write_rows(tmp_path / "a.xlsx", [wide], format="xlsx")
    assert list(tmp_path.iterdir()) == []


def test_columns_choose_and_order(tmp_path: Path) -> None:
    rows = [{"a": 1, "b": 2}, {"c": 3, "a": 4}]
    write_rows(tmp_path / "a.csv", rows, format="csv")
    assert values(tmp_path / "a.csv") == [{"a": "1", "b": "2", "c": ""}, {"a": "4", "b": "", "c": "3"}]
    write_rows(tmp_path / "b.csv", iter(rows), columns=["c", "a"], format="csv")
    assert (tmp_path / "b.csv").read_text() == '\ufeff"c","a"\n"",1\n3,4\n'

    write_rows(tmp_path / "b.jsonl", rows, columns=["c", "a"], format="jsonl")
    assert (tmp_path / "b.jsonl").read_text() == '{"a": 1}\n{"c": 3, "a": 4}\n'


@pytest.mark.parametrize("form", ["jsonl", "csv", "xlsx", "parquet"])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), {"deep": [float("nan")]}])
def test_nan_is_never_written(tmp_path: Path, form: Any, value: Any) -> None:
    path = tmp_path / "a"
    with pytest.raises(InputError, match=r"a: field .x.: row 2: found NaN"):
        write_rows(path, [{"x": 1}, {"x": value}], format=form)
    assert list(tmp_path.iterdir()) == []


def test_standard_output(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    write_rows("-", [{"x": "é\ud800"}], format="jsonl")
    print("after")
    sys.stdout.flush()
    assert capfdbinary.readouterr().out == '{"x": "é\\ud800"}\nafter\n'.encode()
    with pytest.raises(InputError, match="<stdout>: xlsx cannot go to standard output"):
        write_rows("-", [{"x": 1}], format="xlsx")
