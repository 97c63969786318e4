"""A journal gives back whole chunks, whatever a crash left of the last one, and never hides another damage."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from grader.batch.journal import Journal, JournalRecord
from grader.errors import InputError


def record(key: str, *, retry: bool = False) -> JournalRecord:
    return JournalRecord(key, {"score": 1.5, "text": f"words of {key} \ud800 é"}, retry)


def fill(path: Path, *chunks: list[str]) -> None:
    with Journal(path) as journal:
        list(journal.entries())
        for chunk in chunks:
            journal.append([record(key) for key in chunk])


def keys(path: Path) -> list[str]:
    with Journal(path) as journal:
        return [entry.key for entry in journal.entries()]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "grades.jsonl.journal"


@pytest.mark.parametrize("named", [True, False])
def test_grades_come_back_as_they_went_in(path: Path, named: bool) -> None:
    with Journal(path if named else None) as journal:
        assert list(journal.entries()) == []
        entries = journal.append([record("a"), record("b", retry=True)])
        assert [journal.grade(entry.key, entry.offset, entry.length) for entry in entries] == [
            record("a").grade,
            record("b").grade,
        ]
    if named:
        with Journal(path) as journal:
            found = list(journal.entries())
            assert found == entries
            assert [entry.retry for entry in found] == [False, True]
            assert journal.grade(found[1].key, found[1].offset, found[1].length) == record("b").grade


def test_a_first_chunk_stays_when_it_is_interrupted_while_the_disk_works(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), Journal(path) as journal:
        list(journal.entries())
        monkeypatch.setattr(os, "fsync", interrupted)
        journal.append([record("a"), record("b")])
    monkeypatch.undo()
    assert keys(path) == ["a", "b"]


def test_a_chunk_that_was_torn_at_any_byte_is_dropped_whole(path: Path) -> None:
    fill(path, ["a", "b"])
    kept = path.stat().st_size
    fill(path, ["c", "d"])
    whole = path.read_bytes()
    for size in range(kept, len(whole)):
        path.write_bytes(whole[:size])
        with Journal(path) as journal:
            assert [entry.key for entry in journal.entries()] == ["a", "b"]
            assert bool(journal.n_dropped) == (size > kept)
            journal.append([record("c"), record("d")])
        assert path.read_bytes() == whole


def test_a_first_line_that_was_torn_begins_anew(path: Path) -> None:
    fill(path, ["a"])
    head = path.read_bytes().splitlines(keepends=True)[0]
    for size in range(len(head)):
        path.write_bytes(head[:size])
        assert keys(path) == []


def test_a_tail_of_zeros_is_dropped(path: Path) -> None:
    fill(path, ["a"], ["b"])
    path.write_bytes(path.read_bytes() + b"\0" * 1000)
    assert keys(path) == ["a", "b"]


@pytest.mark.parametrize("damage", [b"\0" * 20, b"{}", b'{"key": 1', b"[1]"])
def test_a_damage_in_the_middle_is_an_error_with_its_line(path: Path, damage: bytes) -> None:
    fill(path, ["a"], ["b"], ["c"])
    lines = path.read_bytes().splitlines(keepends=True)
    lines[2] = damage + b"\n"
    path.write_bytes(b"".join(lines))
    before = path.read_bytes()
    with pytest.raises(InputError, match=r"journal:3: is damaged here: delete the file"):
        keys(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"my notes", b"my notes\n", b'{"answer_id": "a1"}\n', b"my\nnotes\n"])
def test_a_file_that_is_no_journal_is_refused_and_left_alone(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"journal:1: is damaged here"):
        keys(path)
    assert path.read_bytes() == content


def test_one_process_holds_it_at_a_time(path: Path) -> None:
    with Journal(path) as journal:
        list(journal.entries())
        with pytest.raises(InputError, match="another run is writing to this output"):
            Journal(path)
        journal.append([record("a")])
    assert keys(path) == ["a"]


def test_a_journal_without_a_grade_leaves_no_file(path: Path) -> None:
    assert keys(path) == []
    assert not path.exists()


def test_it_can_be_rewritten_to_what_is_needed(path: Path) -> None:
    fill(path, ["a", "b"], ["c"])
    with Journal(path) as journal:
        list(journal.entries())
        journal.rewrite(iter([record("c"), record("a")]))
    assert keys(path) == ["c", "a"]


def test_a_full_disk_is_one_line_and_costs_nothing_that_was_there(path: Path) -> None:
    fill(path, ["a"])
    before = path.read_bytes()
    limit = len(before) + 100
    code = f"""
from pathlib import Path
from grader.errors import InputError
from grader.batch.journal import Journal, JournalRecord
with Journal(Path({str(path)!r})) as journal:
    list(journal.entries())
    try:
        journal.append([JournalRecord("b", {{"text": "x" * 1000}}, False)])
    except InputError as error:
        print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert done.stdout.startswith(f"{path}: cannot be written: "), done.stderr
    assert path.read_bytes().startswith(before)
    assert keys(path) == ["a"]


def test_a_folder_that_is_closed_or_missing_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written: No such file"):
        Journal(tmp_path / "none" / "grades.journal")


@pytest.mark.parametrize("tail", [b"\0" * 50, b'{"key"' + b"\0" * 500, b"\0" * 20 + b"\n"])
def test_an_end_of_zeros_as_file_systems_leave_it_is_dropped(path: Path, tail: bytes) -> None:
    fill(path, ["a", "b"])
    whole = path.read_bytes()
    path.write_bytes(whole + tail)
    with Journal(path) as journal:
        assert [entry.key for entry in journal.entries()] == ["a", "b"]
        assert journal.n_dropped == 1
    assert path.read_bytes() == whole


def test_zeros_before_the_end_are_damage(path: Path) -> None:
    fill(path, ["a", "b"])
    with path.open("ab") as file:
        file.write(b"\0" * 20 + b"\n" + b"\0" * 20)
    with pytest.raises(InputError, match=":4: is damaged here"):
        keys(path)


def test_another_score_than_was_written_is_damage(path: Path) -> None:
    fill(path, ["a", "b"], ["c"])
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    path.write_bytes(whole.replace(b'"score":1.5', b'"score":9.5', 1))
    with pytest.raises(InputError, match=":2: is damaged here"):
        keys(path)
    path.write_bytes(b"".join([*lines[:-1], lines[-1].replace(b'"score":1.5', b'"score":9.5')]))
    assert keys(path) == ["a", "b"]  # as if the last one was torn


@pytest.mark.parametrize("bit", range(8))
def test_no_bit_of_a_line_can_turn_unseen(path: Path, bit: int) -> None:
    fill(path, ["a", "b"], ["c"])
    whole = path.read_bytes()
    begin = len(whole.splitlines(keepends=True)[0])
    end = begin + len(whole.splitlines(keepends=True)[1])
    for place in range(begin, end):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << bit]) + whole[place + 1 :])
        with pytest.raises(InputError, match="is damaged here"):
            keys(path)


def test_a_journal_of_another_version_is_not_taken_for_a_damaged_one(path: Path) -> None:
    path.write_text('{"journal_of":"grader","version":1}\n{"key":"a","end":true,"grade":{}}\n')
    with pytest.raises(InputError, match="another version of this program: delete the file"):
        keys(path)
