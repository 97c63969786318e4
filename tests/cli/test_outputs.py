"""Outputs are checked before the work, and an interruption can say what was written."""

import os
from pathlib import Path

import pytest

from grader.cli.outputs import check_outputs
from grader.errors import InputError
from grader.files.output_files import atomic_writer, make_folder


def test_what_cannot_be_written_is_found_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for path, problem in (
        (tmp_path, "it is a folder, expected a file"),
        (tmp_path / "nowhere" / "x.jsonl", f"there is no folder '{tmp_path / 'nowhere'}'"),
        (tmp_path / "file" / "x.jsonl", f"there is no folder '{tmp_path / 'file'}'"),
    ):
        with pytest.raises(InputError, match=problem):
            check_outputs(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to root")
def test_a_closed_folder_is_found_before_the_work(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(InputError, match="is closed to you"):
            check_outputs(tmp_path / "x.jsonl")
        with pytest.raises(InputError, match="the folder cannot be made: Permission denied"):
            make_folder(tmp_path / "rubrics")
    finally:
        tmp_path.chmod(0o700)


def test_a_folder_is_made_unless_a_file_is_in_the_way(tmp_path: Path) -> None:
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b")
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="is a file, expected a folder"):
        make_folder(tmp_path / "file")
    with pytest.raises(InputError, match="the folder cannot be made: Not a directory"):
        make_folder(tmp_path / "file" / "x")


def test_what_was_written_is_known(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("x")
    names = ("new", "old", "later")
    outputs = check_outputs(*(tmp_path / name for name in names), None, Path("-"), Path("/dev/null"))
    assert outputs.written == []
    for name in ("new", "old"):
        with atomic_writer(tmp_path / name) as file:
            file.write("y")
    assert outputs.written == [tmp_path / "new", tmp_path / "old"]
