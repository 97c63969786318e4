"""Vectors that were computed before: the same bits, and never a reason to fail."""

import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.encoders.onnx import OnnxEncoder
from grader.encoders.vector_cache import (
    LIMIT_VARIABLE,
    VectorCache,
    _open_read_only,
    cache_limit_bytes,
    purge_vector_cache,
)
from grader.errors import SetupError

DIM = 4


def ids(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.int64)


def vectors(seed: int, rows: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(rows, DIM)).astype(np.float32)


@given(st.lists(st.lists(st.integers(0, 30_000), min_size=1, max_size=9), max_size=8, unique_by=tuple))
def test_what_was_put_in_comes_out(tmp_path_factory: pytest.TempPathFactory, texts: list[list[int]]) -> None:
    path = tmp_path_factory.mktemp("store") / "v.sqlite"
    pieces = [ids(*text) for text in texts]
    given_ = [vectors(number, rows=len(text)) for number, text in enumerate(texts)]
    VectorCache("m", path).put(pieces, given_)
    found = VectorCache("m", path).get(pieces, DIM)
    assert all(one is not None and np.array_equal(one, other) for one, other in zip(found, given_, strict=True))
    assert VectorCache("another", path).get(pieces, DIM) == [None] * len(pieces)
    assert VectorCache("m", path).get([ids(40_000)], DIM) == [None]


def test_it_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "cache" / "v.sqlite"
    VectorCache("m", path).put([ids(1)], [vectors(1)])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_damaged_row_is_no_row(tmp_path: Path) -> None:
    path = tmp_path / "v.sqlite"
    VectorCache("m", path).put([ids(1), ids(2)], [vectors(1), vectors(2)])
    with sqlite3.connect(path) as connection:
        [(value,)] = connection.execute("SELECT value FROM vectors WHERE number = 1").fetchall()
        connection.execute("UPDATE vectors SET value = ? WHERE number = 1", (value[:-1] + bytes([value[-1] ^ 1]),))
    found = VectorCache("m", path).get([ids(1), ids(2)], DIM)
    assert found[0] is None
    assert found[1] is not None and np.array_equal(found[1], vectors(2))


def test_a_damaged_row_is_mended_when_it_is_computed_again(tmp_path: Path) -> None:
    path = tmp_path / "v.sqlite"
    VectorCache("m", path).put([ids(1)], [vectors(1)])
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE vectors SET value = x'00'")
    VectorCache("m", path).put([ids(1)], [vectors(1)])
    [found] = VectorCache("m", path).get([ids(1)], DIM)
    assert found is not None and np.array_equal(found, vectors(1))


def test_a_file_in_a_place_where_nothing_can_be_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "v.sqlite"
    store = VectorCache("m", path)
    store.put([ids(1)], [vectors(1)])
    assert store._connection is not None
    store._connection.close()
    found = _open_read_only(path)
    assert found.execute("SELECT count(*) FROM vectors").fetchone() == (1,)
    with pytest.raises(sqlite3.OperationalError):
        found.execute("DELETE FROM vectors")


@pytest.mark.parametrize("given", ["abc", "-5", "1e3", "0MB", "9" * 20])
def test_a_limit_that_is_no_number_is_an_error(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LIMIT_VARIABLE, given)
    with pytest.raises(SetupError, match="expected a whole number of megabytes"):
        cache_limit_bytes()


def test_what_cannot_be_removed_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADER_CACHE", str(tmp_path))
    (tmp_path / "vectors-2.sqlite").mkdir()
    with pytest.raises(SetupError, match="cannot be removed"):
        purge_vector_cache()


@pytest.mark.parametrize("content", [b"this is no database, but a text of some length " * 50, b""])
def test_a_file_that_is_no_database_is_made_anew(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "v.sqlite"
    path.write_bytes(content)
    store = VectorCache("m", path)
    assert store.get([ids(1)], DIM) == [None]
    store.put([ids(1)], [vectors(1)])
    [found] = VectorCache("m", path).get([ids(1)], DIM)
    assert found is not None and np.array_equal(found, vectors(1))


def test_a_folder_that_cannot_be_made_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    store = VectorCache("m", tmp_path / "file" / "v.sqlite")
    store.put([ids(1)], [vectors(1)])
    assert store.get([ids(1)], DIM) == [None]


def test_it_stays_within_its_limit_and_keeps_the_newest(tmp_path: Path) -> None:
    path, limit = tmp_path / "v.sqlite", 400_000
    for number in range(60):  # a process each, as it were: each may add a quarter
        VectorCache("m", path, limit=limit).put([ids(number)], [vectors(number, rows=1000)])
        assert path.stat().st_size < limit + 50_000
    assert VectorCache("m", path, limit=limit).get([ids(0)], DIM) == [None]
    [found] = VectorCache("m", path, limit=limit).get([ids(59)], DIM)
    assert found is not None and np.array_equal(found, vectors(59, rows=1000))


def test_one_process_fills_a_quarter_at_most(tmp_path: Path) -> None:
    store = VectorCache("m", tmp_path / "v.sqlite", limit=400_000)
    for number in range(60):
        store.put([ids(number)], [vectors(number, rows=1000)])
    kept = [found is not None for found in store.get([ids(number) for number in range(60)], DIM)]
    assert kept == [True] * 6 + [False] * 54


def test_nothing_is_kept_with_a_limit_of_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LIMIT_VARIABLE, "0")
    assert cache_limit_bytes() == 0
    store = VectorCache("m", tmp_path / "v.sqlite")
    store.put([ids(1)], [vectors(1)])
    assert store.get([ids(1)], DIM) == [None]
    assert list(tmp_path.iterdir()) == []


def test_several_processes_write_at_once(tmp_path: Path) -> None:
    path = tmp_path / "v.sqlite"
    code = (
        "import sys, numpy as np\nfrom pathlib import Path\nfrom grader.encoders.vector_cache import VectorCache\n"
        "first = int(sys.argv[2])\nstore = VectorCache('m', Path(sys.argv[1]))\n"
        "for n in range(first, first + 50):\n"
        "    store.put([np.array([n])], [np.full((2, 4), n, np.float32)])\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", code, str(path), str(first)]) for first in (0, 25, 100)]
    assert [process.wait(timeout=120) for process in running] == [0, 0, 0]
    numbers = [*range(75), *range(100, 150)]
    found = VectorCache("m", path).get([ids(n) for n in numbers], DIM)
    assert [None if one is None else one[0, 0] for one in found] == numbers


def test_the_encoder_gives_the_same_bits_from_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["Dropout turns random units off.", "", "Gradients vanish in deep networks. " * 60, "x"]
    fresh = OnnxEncoder(keeps=False).encode(texts)
    monkeypatch.setenv("GRADER_CACHE", str(tmp_path))
    for _ in range(2):
        encoder = OnnxEncoder()
        for one, other in zip(encoder.encode(texts), fresh, strict=True):
            assert np.array_equal(one.vectors, other.vectors)
            assert np.array_equal(one.mean, other.mean)
    assert "_compiled" not in vars(encoder)  # the second had nothing to compute
