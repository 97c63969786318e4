"""Compressed tables are read like others; what is no gzip file, or would fill the disk, is told in one line."""

import gzip
import json
from pathlib import Path

import pytest

from grader.errors import InputError
from grader.files.answer_files.answers import read_answers
from grader.files.tables import read_rows

ROWS = [{"answer_id": f"a{number}", "question_id": "q", "answer": f"Text {number} é"} for number in range(5)]
JSONL = "".join(json.dumps(row) + "\n" for row in ROWS).encode()
CSV = b"answer_id,question_id,answer\n" + "".join(f"{r['answer_id']},q,{r['answer']}\n" for r in ROWS).encode()


@pytest.mark.parametrize(
    ("name", "content"), [("a.jsonl.gz", JSONL), ("a.CSV.GZ", CSV), ("a.tsv.gz", CSV.replace(b",", b"\t"))]
)
def test_it_is_read_like_the_text_in_it(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(gzip.compress(content))
    assert [answer.model_dump(include=set(ROWS[0])) for answer in read_answers(tmp_path / name)] == ROWS


def test_an_error_names_the_line_of_the_text(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(JSONL + b"{broken\n"))
    with pytest.raises(InputError, match=r"a.jsonl.gz:6: not valid JSON"):
        list(read_rows(path))


@pytest.mark.parametrize("content", [JSONL, gzip.compress(JSONL)[:-9], gzip.compress(JSONL)[:20] + b"\xff" * 30])
def test_what_is_no_whole_gzip_file_is_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"a.jsonl.gz: cannot be unpacked \(.*: pack it again"):
        list(read_rows(path))


@pytest.mark.parametrize("row", [b" " * 1000, b'{"a": 1}\n'])
def test_a_bomb_is_refused_before_it_fills_anything(tmp_path: Path, row: bytes) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(row * (20_000_000 // len(row))))
    with pytest.raises(InputError, match="unpacks to more than 10,000,000 bytes, 200 times its size"):
        for _ in read_rows(path):
            pass


def test_other_tables_are_not_unpacked(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx.gz").write_bytes(gzip.compress(b"x"))
    with pytest.raises(InputError, match=r"the ending '.gz' is not a known table format"):
        read_rows(tmp_path / "a.xlsx.gz")
