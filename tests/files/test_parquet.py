"""Parquet files in."""

import datetime
import sys
from pathlib import Path
from typing import Any

import pytest

from grader.errors import InputError, SetupError
from grader.files.tables import read_rows, write_rows


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


def test_parquet_values_and_faults(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    write_rows(path, [{"id": 1, "score": 0.5, "ok": True, "tags": ["a"]}, {"id": 2, "score": None}], format="parquet")
    assert values(path) == [
        {"id": 1, "score": 0.5, "ok": True, "tags": '["a"]'},
        {"id": 2, "score": None, "ok": None, "tags": None},
    ]
    write_rows(path, [{"id": 1, "n": 2**70}, {"id": "x", "n": "\ud800"}], format="parquet")
    assert values(path) == [{"id": "1", "n": str(2**70)}, {"id": "x", "n": "\\ud800"}]
    assert "not a Parquet file that can be read" in fault(put(tmp_path, "b.parquet", "id,answer"))


def test_missing_values_and_dates_of_parquet(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    import pyarrow.parquet

    table = arrow.table({"day": [datetime.date(2024, 2, 29)], "score": [float("nan")], "list": [[1, 2]]})
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet")
    assert values(tmp_path / "a.parquet") == [{"day": "2024-02-29", "score": None, "list": [1, 2]}]


def test_without_pyarrow_the_command_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(tmp_path, "a.parquet", "PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(SetupError, match=r'pip install "answer-grader\[parquet\]"'):
        list(read_rows(path))
