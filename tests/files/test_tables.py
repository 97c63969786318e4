import csv
import io
import json
import sys
import tempfile
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.errors import InputError, InputWarning
from grader.files.tables import FORMATS, pick_columns, read_rows
from grader.files.text_input import parse_json, text_lines

ROWS = [{"answer_id": "007", "answer": "Crème brûlée"}, {"answer_id": "1e5", "answer": "two\nlines"}]


ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]


def put(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def values(path: Path) -> list[dict[str, Any]]:
    return [row.values for row in read_rows(path)]


def fault(path: str | Path) -> str:
    with pytest.raises(InputError) as raised:
        list(read_rows(path))
    return str(raised.value)


def give_stdin(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


def test_json_table_and_ndjson(tmp_path: Path) -> None:
    text = json.dumps(ROWS, indent=1)
    path = put(tmp_path, "rows.json", text)
    assert values(path) == ROWS
    assert [text.split("\n")[row.line - 1].strip() for row in read_rows(path)] == ["{", "{"]
    assert values(put(tmp_path, "rows.ndjson", "\n".join(map(json.dumps, ROWS)))) == ROWS


def test_lines_are_those_of_the_file(tmp_path: Path) -> None:
    path = put(tmp_path, "rows.csv", '\nid,answer\n1,"a\nb"\n\n2,c\n')
    assert [(row.line, row.values["id"]) for row in read_rows(path)] == [(3, "1"), (6, "2")]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_byte_order_mark_and_line_ends(tmp_path: Path, mark: bytes, end: str) -> None:
    table = end.join(["id,answer", "1,x", "2,y", ""]).encode()
    assert values(put(tmp_path, "a.csv", mark + table)) == [
        {"id": "1", "answer": "x"},
        {"id": "2", "answer": "y"},
    ]
    lines = end.join(['{"id": 1}', '{"id": 2}']).encode()
    assert values(put(tmp_path, "a.jsonl", mark + lines)) == [{"id": 1}, {"id": 2}]


@pytest.mark.parametrize("encoding", [*ENCODINGS, "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_encodings(tmp_path: Path, encoding: str, end: str) -> None:
    text = end.join(["id,answer", "007,Crème – “brûlée”", '8,"two\nlines"', ""])
    path = put(tmp_path, "a.csv", text.encode(encoding))
    expected = [{"id": "007", "answer": "Crème – “brûlée”"}, {"id": "8", "answer": "two\nlines"}]
    if encoding == "cp1252":
        with pytest.warns(InputWarning, match=r"a\.csv:2: not UTF-8, so it is read as Windows-1252"):
            assert values(path) == expected
    else:
        assert values(path) == expected


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("id\nх это кириллица\n".encode("cp1251"), "a.csv:2: not UTF-8 text: save the file as UTF-8"),
        ("id\nこれは水です\n".encode("shift-jis"), "a.csv:2: not UTF-8 text"),
        (b"id\n\x81\n", "a.csv:2: not UTF-8 text"),
        (b"id\n\0\n", "a.csv:2: not UTF-8 text"),
        ("id\nü\n".encode() + b"\xfc\n", "a.csv:3: UTF-8 on line 2, another encoding on line 3: save the whole file"),
        ("id\nx\n".encode("utf-32"), "a.csv: is UTF-32 text, expected text: save the file as UTF-8"),
        ("id\nx\n".encode("utf-16")[:-1], "a.csv:2: damaged UTF-16 text"),
        (b"\xd0\xcf\x11\xe0", "is an old .xls or .doc file, expected text: save it as .xlsx or .docx"),
    ],
)
def test_other_encodings_are_refused_with_the_line(tmp_path: Path, content: bytes, problem: str) -> None:
    assert problem in fault(put(tmp_path, "a.csv", content))


@pytest.mark.filterwarnings("ignore::grader.errors.InputWarning")
def test_a_file_in_two_encodings_is_refused(tmp_path: Path) -> None:
    message = fault(put(tmp_path, "a.csv", b"id\n\xfc\n" + "ü\n".encode()))
    assert "a.csv:3: UTF-8 on line 3, another encoding on line 2" in message


def test_missing_folder_unknown_and_empty(tmp_path: Path) -> None:
    assert fault(tmp_path / "no.csv") == f"{tmp_path}/no.csv: cannot be read: there is no such file"
    (tmp_path / "dir.csv").mkdir()
    assert "it is a folder, expected a file" in fault(tmp_path / "dir.csv")
    assert "'.doc' is not a known table format: use .jsonl, .ndjson, .csv" in fault(tmp_path / "a.doc")
    assert "cannot be read" in fault("a\0b.csv")
    for ending in FORMATS:
        if ending not in (".xlsx", ".parquet"):
            assert "a" + ending + ": is empty" in fault(put(tmp_path, "a" + ending, ""))
    assert "is empty" in fault(put(tmp_path, "header.csv", "id,answer\n"))


def test_a_missing_file_is_told_before_the_first_row(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_rows(tmp_path / "no.jsonl")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('{"id": 1,}', "not valid JSON: Illegal trailing comma|not valid JSON: Expecting property name"),
        ('{"id": "a', r"not valid JSON: Unterminated string starting at \(column 8\)"),
        ("[1]", r"expected one JSON object like .*, found \[1\]"),
        ('"text"', 'found "text"'),
        ('{"id": NaN}', "NaN is not a JSON number"),
        ('{"id": -Infinity}', "-Infinity is not a JSON number"),
        ('{"id": 1e999}', "the number 1e999 is too large"),
        ('{"id": ' + "1" * 5000 + "}", "not valid JSON: Exceeds the limit"),
        ('{"id": 1, "id": 2}', "the key 'id' appears twice"),
        ('{"x": {"id": 1, "id": 2}}', "the key 'id' appears twice"),
        ("[" * 100_000, "nested too deeply"),
        ('{"id": "a\tb"}', "Invalid control character"),
    ],
)
def test_broken_json_lines(tmp_path: Path, line: str, problem: str) -> None:
    path = put(tmp_path, "a.jsonl", '{"id": 0}\n' * 6 + line + "\n")
    with pytest.raises(InputError, match=f"a.jsonl:7: .*(?:{problem})"):
        list(read_rows(path))


def test_broken_json_tables(tmp_path: Path) -> None:
    assert "a.json:3: not valid JSON" in fault(put(tmp_path, "a.json", '[\n{"a": 1},\n{"a" 2}]'))
    assert "a.json:3: expected one JSON object" in fault(put(tmp_path, "a.json", '[\n{"a": 1},\n2]'))
    assert "expected a list of objects" in fault(put(tmp_path, "a.json", '{"a": 1}'))
    assert "appears twice" in fault(put(tmp_path, "a.json", '[\n{"a": 1, "a": 2}]'))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.tsv", 'id\tanswer\n1\t"no idea\n2\tit is 12"\n3\t"all of it"\n'),
        ("a.tsv", 'sep=\t\nid\tanswer\n1\t"no idea\n2\tit is 12"\n3\t"all of it"\n'),
    ],
)
def test_quotes_between_tabs_are_text(tmp_path: Path, name: str, text: str) -> None:
    assert [row["answer"] for row in values(put(tmp_path, name, text))] == ['"no idea', 'it is 12"', '"all of it"']


def test_quotes_between_tabs_enclose_cells_where_the_names_have_some(tmp_path: Path) -> None:
    text = '"id"\t"answer"\n"1"\t"no ""idea"", or\ntwo"\n'
    expected = [{"id": "1", "answer": 'no "idea", or\ntwo'}]
    assert values(put(tmp_path, "a.tsv", text)) == expected
    assert values(put(tmp_path, "a.xls", text.encode("utf-16"))) == expected  # as Blackboard writes it
    assert values(put(tmp_path, "a.csv", text.replace('"id"\t"answer"', "id\tanswer"))) == expected


def test_cells_in_quotes_between_tabs_are_told(tmp_path: Path) -> None:
    path = put(tmp_path, "a.tsv", 'id\tanswer\n1\t"no ""idea"""\n')
    with pytest.warns(InputWarning, match=r"a\.tsv:2: quotes between tabs are text"):
        assert values(path) == [{"id": "1", "answer": '"no ""idea"""'}]


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("id;Say, in short, why\n1;a, b\n2;c\n", [["1", "a, b"], ["2", "c"]]),
        ("id,Why; and how\n1,x\n2,y; z\n", [["1", "x"], ["2", "y; z"]]),
        ("id|answer\n1|a, b; c\n", [["1", "a, b; c"]]),
        ("sep=;\nid;answer\n1;a,b\n", [["1", "a,b"]]),
        ('"sep=,"\r\nid,answer\r\n1,"a;b"\r\n', [["1", "a;b"]]),
        ("SEP=|\n\nid|a,b\n1|x\n", [["1", "x"]]),
        ('id;answer\n1;"a\nb; c"\n', [["1", "a\nb; c"]]),
        ("answer\na\n", [["a"]]),
    ],
)
def test_the_separator_fits_header_and_rows(tmp_path: Path, text: str, cells: list[list[str]]) -> None:
    assert [list(row.values()) for row in values(put(tmp_path, "a.csv", text))] == cells


def test_lines_after_a_separator_line(tmp_path: Path) -> None:
    path = put(tmp_path, "a.csv", 'sep=;\n\nid;answer\n1;"a\nb"\n2;c\n')
    assert [(row.line, row.header) for row in read_rows(path)] == [(4, 3), (6, 3)]


MARKS = st.sampled_from([",", ";", "\t", "|"])
CELLS = st.text(st.sampled_from('ab é,;|"\n'), max_size=8)


@settings(derandomize=True, deadline=None)
@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=80), MARKS, st.sampled_from(ENCODINGS))
def test_a_written_table_is_read_back(rows: list[list[str]], mark: str, encoding: str) -> None:
    """Whatever the separator and the encoding are, where all cells are in quotes."""
    rows = [row for row in rows if any(cell.strip() for cell in row)] or [["a", "b", "c"]]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        with path.open("w", encoding=encoding, newline="") as file:
            csv.writer(file, delimiter=mark, quoting=csv.QUOTE_ALL).writerows([["x", "y", "z"], *rows])
        assert [list(row.values()) for row in values(path)] == rows


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("id,answer\n1,a\n2,b,c\n", ":3: found 3 fields, the header has 2 columns (id, answer): put quotes"),
        ('id,answer\n1,"a\nb"\n2\n', ":4: found 1 fields"),
        ('id,answer\n1,a\n2,"b\n3,c\n', ":3: a quoted field that starts in this record is never closed"),
        ('id,answer\n1,"a"b\n', ":2: not valid CSV: ',' expected after '\"'"),
        ('id\tanswer\n1\t"a\n', ":2: a quoted field"),
        ("id,answer,id\n1,a,2\n", ":1: field 'id': this column appears twice in the header"),
        ("id,,answer\n1,,a\n2,x,b\n", ":3: column 2 has no name in the header, but holds 'x'"),
        ("id,answer\n1," + "a" * 10_000_001 + "\n", ":2: a field has more than 10,000,000 characters"),
    ],
)
def test_broken_csv(tmp_path: Path, text: str, problem: str) -> None:
    assert problem in fault(put(tmp_path, "a.csv", text))


def test_longest_csv_field_and_separators(tmp_path: Path) -> None:
    long = "a" * 200_001
    assert values(put(tmp_path, "a.csv", f"id,answer\n007,{long}\n")) == [{"id": "007", "answer": long}]
    assert values(put(tmp_path, "b.csv", "id;answer\n1;a, b\n")) == [{"id": "1", "answer": "a, b"}]
    assert values(put(tmp_path, "c.csv", "id,a;b\n1,x\n")) == [{"id": "1", "a;b": "x"}]
    assert values(put(tmp_path, "d.csv", "id,answer,,\n1,a,,\n,,,\n")) == [{"id": "1", "answer": "a"}]
    assert values(put(tmp_path, "e.tsv", "id\tanswer\n1\ta; b, c\n")) == [{"id": "1", "answer": "a; b, c"}]


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    give_stdin(monkeypatch, b'\n{"id": 1}\n')
    assert [row.values for row in read_rows("-")] == [{"id": 1}]
    give_stdin(monkeypatch, b'"id";answer\n1;x\n')
    assert [row.values for row in read_rows("-")] == [{"id": "1", "answer": "x"}]
    give_stdin(monkeypatch, b'{"id": 1}\n{"id" 1}\n')
    assert "<stdin>:2: not valid JSON" in fault("-")
    give_stdin(monkeypatch, b"")
    assert fault("-") == "<stdin>: is empty: expected at least one row"


def test_a_large_file_is_read_in_constant_memory(tmp_path: Path) -> None:
    line = json.dumps({"answer_id": "a", "answer": "x" * 200}) + "\n"
    path = put(tmp_path, "large.jsonl", line * 100_000)
    tracemalloc.start()
    assert sum(1 for _ in read_rows(path)) == 100_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


def test_lines_of_a_text_with_a_limit(tmp_path: Path) -> None:
    path = put(tmp_path, "a.txt", "ab\ncd")
    assert list(text_lines(path, limit=5)) == [(1, "ab\n"), (2, "cd")]
    with pytest.raises(InputError, match=r"a.txt: larger than 4 bytes"):
        list(text_lines(path, limit=4))


def test_parse_json_names_the_line() -> None:
    with pytest.raises(InputError, match=r"^f.json:12: not valid JSON"):
        parse_json('{"a": 1,\n\n"b" 2}', source="f.json", line=10)


def test_pick_columns() -> None:
    aliases = {"answer": ("answer", "response"), "note": ("note",)}
    assert pick_columns(["Response", " ANSWER "], aliases, required=[], source="f") == {"answer": " ANSWER "}
    with pytest.raises(InputError) as raised:
        pick_columns(["id", "text"], aliases, required=["answer"], source="f.csv", line=1)
    assert (
        str(raised.value) == "f.csv:1: field 'answer': no such column: found id, text; expected one of answer, response"
    )
