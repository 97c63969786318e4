"""Files that appear whole or not at all, and faults of the disk."""

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from grader.errors import InputError
from grader.files.output_files import atomic_writer
from grader.files.tables import write_rows

ROWS = [{"answer_id": "007", "answer": "Crème brûlée"}, {"answer_id": "1e5", "answer": "two\nlines"}]


def put(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    path = put(tmp_path, "a.txt", "old")
    with pytest.raises(KeyError), atomic_writer(path) as out:
        out.write("half")
        raise KeyError
    assert path.read_text() == "old"
    with pytest.raises(KeyboardInterrupt), atomic_writer(path) as out:
        raise KeyboardInterrupt
    with atomic_writer(path) as out:
        out.write("new\r\n")
        assert path.read_text() == "old"
    assert path.read_bytes() == b"new\r\n"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_permissions_and_links_stay(tmp_path: Path) -> None:
    path = put(tmp_path, "a.txt", "old")
    path.chmod(0o640)
    link = tmp_path / "link.txt"
    link.symlink_to(path)
    with atomic_writer(link) as out:
        out.write("new")
    assert link.is_symlink() and path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    plain = tmp_path / "plain.txt"
    plain.write_text("x")
    with atomic_writer(tmp_path / "fresh.txt") as out:
        out.write("x")
    assert (tmp_path / "fresh.txt").stat().st_mode == plain.stat().st_mode


def test_writing_faults_are_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no/a.csv: cannot be written: the folder '.*/no' does not exist, create it"):
        write_rows(tmp_path / "no" / "a.csv", ROWS, format="csv")
    with pytest.raises(InputError, match="cannot be written: it is a folder, expected a file"):
        write_rows(tmp_path, ROWS, format="csv")
    with pytest.raises(InputError, match="cannot be written: File name too long"):
        write_rows(tmp_path / ("a" * 300), ROWS, format="csv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("form", ["jsonl", "csv", "xlsx"])
def test_a_full_disk(form: Any) -> None:
    with pytest.raises(InputError, match="/dev/full: cannot be written: No space left on device"):
        write_rows("/dev/full", [{"x": "y" * 100_000}], format=form)


def test_a_device_is_written_directly() -> None:
    write_rows(os.devnull, ROWS, format="jsonl")
    assert Path(os.devnull).is_char_device()


def test_faults_of_the_rows_keep_their_kind(tmp_path: Path) -> None:
    def rows() -> Any:
        yield {"x": 1}
        raise ConnectionRefusedError(111, "Connection refused")

    with pytest.raises(ConnectionRefusedError):
        write_rows(tmp_path / "a.jsonl", rows(), format="jsonl")
    assert list(tmp_path.iterdir()) == []
