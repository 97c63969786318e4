import multiprocessing
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grader.errors import SetupError
from grader.practice.history import History, history_path
from tests.practice.support import exercise, grade

DROPOUT = exercise("dropout")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "practice.sqlite"


def fill(path: Path, n: int) -> None:
    with History(path) as history:
        for number in range(n):
            attempt = history.save_answer("dropout", f"answer {number} " + "x" * 500, topic="regularization")
            history.save_grade(attempt, grade(DROPOUT, 1, 0.5))


def test_what_is_kept_comes_back(path: Path) -> None:
    at = datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    with History(path) as history:
        sent = history.save_answer("dropout", "So it is.", topic="t", aid="hint", seconds=4.5, at=at)
        assert sent.grade is None and not sent.counts and sent.at == at and sent.at.tzinfo is UTC
        graded = history.save_grade(sent, grade(DROPOUT, 1, 0.5))
        other = history.save_answer("pooling", "Max.")
    with History(path) as history:
        assert history.attempts() == [graded, other]
        assert history.attempts("dropout") == [graded] and history.attempts("none") == []
        assert graded.fraction == 0.75 and graded.counts
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
@given(st.text(st.characters(exclude_categories=[])), st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_is_kept(path: Path, answer: str, name: str) -> None:
    with History(path) as history:
        sent = history.save_answer(name, answer)
        assert history.attempts(name)[-1] == sent
    assert not _has_surrogates(sent.answer) and (_has_surrogates(answer) or sent.answer == answer)


def _has_surrogates(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def test_deleted_words_are_not_left_in_the_file(path: Path) -> None:
    with History(path) as history:
        history.save_answer("dropout", "a very private sentence")
        history.save_answer("pooling", "another one")
        assert history.delete("dropout") == 1
        assert [attempt.answer for attempt in history.attempts()] == ["another one"]
        assert history.delete() == 1 and history.delete() == 0
    assert all(b"private" not in file.read_bytes() for file in path.parent.iterdir())


@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_a_damaged_file_is_set_aside_and_read_as_far_as_it_can_be(path: Path, place: int) -> None:
    fill(path, 60)
    whole = bytearray(path.read_bytes())
    start = 4096 * (3 + 4 * place)
    whole[start : start + 4096] = b"\xff" * 4096
    path.write_bytes(whole)
    with History(path) as history:
        assert history.set_aside is not None and history.set_aside.read_bytes() == whole
        answers = [attempt.answer for attempt in history.attempts()]
        assert history.n_rescued == len(answers) and set(answers) <= {f"answer {n} " + "x" * 500 for n in range(60)}
        assert len(answers) > 0
        history.save_answer("dropout", "the next one")
    with History(path) as history:
        assert history.set_aside is None and history.attempts()[-1].answer == "the next one"


def test_a_file_that_is_no_history_is_set_aside_whole(path: Path) -> None:
    path.parent.mkdir()
    for text in (b"dear diary, " * 500, b"dear diary again, " * 500):
        path.write_bytes(text)
        with History(path) as history:
            assert history.n_rescued == 0 and history.attempts() == []
            assert history.set_aside is not None and history.set_aside.read_bytes() == text
    assert len(list(path.parent.glob("*.damaged-*"))) == 2


def test_a_file_of_a_newer_program_is_left_alone(path: Path) -> None:
    fill(path, 1)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version=99")
    connection.close()
    with pytest.raises(
        SetupError, match=r"newer grader has written it \(version 99\): update this one.*--history FILE"
    ):
        History(path)
    assert [file.name for file in path.parent.glob("*.damaged-*")] == []


def test_an_empty_file_of_version_0_is_migrated(path: Path) -> None:
    path.parent.mkdir()
    sqlite3.connect(path).close()
    fill(path, 1)
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA user_version").fetchone() == (1,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_a_grade_of_another_version_is_made_again(path: Path) -> None:
    fill(path, 1)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE attempts SET grade = '{\"mark\": 3}'")
    connection.close()
    with History(path) as history:
        [attempt] = history.attempts()
        assert attempt.grade is None and attempt.answer.startswith("answer 0")


def test_what_cannot_be_used_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in (tmp_path, tmp_path / "file" / "practice.sqlite", Path("nul\0")):
        with pytest.raises(SetupError, match=r"the history .* cannot be used \(.*\); name another file with --history"):
            History(place)


def test_where_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.delenv("GRADER_HISTORY", raising=False)
    if sys.platform == "linux":
        assert history_path() == tmp_path / "grader" / "practice.sqlite"
    monkeypatch.setenv("GRADER_HISTORY", "mine.sqlite")
    assert history_path() == Path("mine.sqlite")


def _save(path: Path, n: int) -> None:
    with History(path) as history:
        for number in range(n):
            history.save_answer(str(os.getpid()), str(number))


def test_several_processes_and_threads_write_at_once(path: Path) -> None:
    processes = [multiprocessing.get_context("spawn").Process(target=_save, args=(path, 20)) for _ in range(2)]
    for process in processes:
        process.start()
    with History(path) as history:
        threads = [
            threading.Thread(target=lambda: [history.save_answer("thread", "x") for _ in range(10)]) for _ in range(3)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for process in processes:
            process.join()
        assert len(history.attempts()) == 70


def test_a_kill_loses_no_answer_that_was_saved(path: Path) -> None:
    code = """
import sys
from grader.practice.history import History
history = History(sys.argv[1])
for number in range(100_000):
    history.save_answer("dropout", str(number))
    print(number, flush=True)
"""
    for _ in range(3):
        with History(path) as history:
            before = len(history.attempts())
        with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            said = [process.stdout.readline() for _ in range(30)]
            process.send_signal(signal.SIGKILL)
            said += process.stdout.readlines()
        last = int([line for line in said if line.endswith("\n")][-1])
        with History(path) as history:
            assert history.set_aside is None
            kept = [attempt.answer for attempt in history.attempts()][before:]
            assert kept[: last + 1] == [str(number) for number in range(last + 1)] and len(kept) <= last + 2
