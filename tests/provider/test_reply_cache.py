"""One file of what was paid for: whole after crashes, safe for several processes, for its owner's eyes alone."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from grader.errors import SetupError
from grader.files.user_folders import cache_folder
from grader.provider.reply_cache import ReplyCache, content_key

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(exclude_categories=[]), max_size=8)  # halves of surrogate pairs among them
JSON = st.recursive(SCALARS | TEXTS, lambda some: st.lists(some, max_size=3) | st.dictionaries(TEXTS, some, max_size=3))


def integrity(path: Path) -> str:
    connection = sqlite3.connect(path)
    [(verdict,)] = connection.execute("PRAGMA integrity_check").fetchall()
    connection.close()
    return str(verdict)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def in_background(code: str, *args: object) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-c",
        f"import sys\nfrom grader.provider.reply_cache import ReplyCache\n{code}",
        *map(str, args),
    ]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True)


# --- what is kept


@given(st.dictionaries(TEXTS, JSON, max_size=5))
@example({"half a pair": "\ud800", "\udfff": {"\udfff": 1}})
@settings(derandomize=True, deadline=None, max_examples=40)
def test_what_is_put_is_got(values: dict[str, Any]) -> None:
    cache = ReplyCache(":memory:")
    keys = {name: content_key(name) for name in values}
    cache.put({keys[name]: value for name, value in values.items()})
    assert cache.get(list(keys.values())) == {keys[name]: value for name, value in values.items()}
    cache.close()


def test_a_value_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    cache = ReplyCache(tmp_path / "c.sqlite")
    cache.put({"a": 1, "b": 2})
    cache.put({"a": {"x": [None, "é\u2028"]}})
    assert cache.get(["a", "b", "c"]) == {"a": {"x": [None, "é\u2028"]}, "b": 2}
    cache.forget(["b", "c"])
    assert cache.get(["a", "b", "b"]) == {"a": {"x": [None, "é\u2028"]}}
    cache.close()
    again = ReplyCache(tmp_path / "c.sqlite")
    assert again.get(["a", "b"]) == {"a": {"x": [None, "é\u2028"]}}
    again.close()


def test_many_keys_are_asked_for_at_once() -> None:
    cache = ReplyCache(":memory:")
    cache.put({f"k{n}": n for n in range(0, 3000, 2)})
    found = cache.get({f"k{n}" for n in range(3000)})
    assert found == {f"k{n}": n for n in range(0, 3000, 2)}
    cache.close()


def test_a_write_that_fails_leaves_nothing_of_itself(tmp_path: Path) -> None:
    cache = ReplyCache(tmp_path / "c.sqlite")
    cache.put({"a": 1})
    with pytest.raises(TypeError):
        cache.put({"b": 2, "c": object()})
    cache._connection.execute("PRAGMA max_page_count=3")  # as on a disk that is full
    with pytest.raises(SetupError, match=r"c\.sqlite cannot be used \(database or disk is full\); name another file"):
        cache.put({"b": 2, "c": "x" * 100_000})
    assert cache.get(["a", "b", "c"]) == {"a": 1}
    cache.close()
    assert integrity(tmp_path / "c.sqlite") == "ok"


@given(JSON, JSON)
@settings(derandomize=True, deadline=None, max_examples=50)
def test_the_same_parts_and_only_they_have_the_same_key(one: Any, other: Any) -> None:
    assert content_key("verdict", one) == content_key("verdict", one)
    # repr tells 1 from 1.0 and from True, as JSON does.
    assert (content_key(one) == content_key(other)) == (repr(one) == repr(other)) or one == other
    assert content_key(one, other) != content_key([one, other])


def test_the_order_of_names_makes_no_other_key() -> None:
    assert content_key({"a": 1, "b": 2}) == content_key({"b": 2, "a": 1})
    assert content_key("ab", "c") != content_key("a", "bc")


# --- whose it is


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "c.sqlite"
    os.umask(before := os.umask(0))
    try:
        os.umask(0)
        cache = ReplyCache(path)
        cache.put({"a": "an answer"})
        assert mode(path.parent) == 0o700
        files = sorted(path.parent.iterdir())
        assert len(files) == 3  # with what SQLite writes beside it
        assert [oct(mode(file)) for file in files] == [oct(0o600)] * 3
        cache.close()
    finally:
        os.umask(before)


def test_a_file_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    path.touch(0o644)
    path.chmod(0o644)
    ReplyCache(path).close()
    assert mode(path) == 0o600


def test_the_folder_is_this_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    monkeypatch.setenv("GRADER_CACHE", str(tmp_path / "g"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    assert cache_folder() == tmp_path / "g"
    cache = ReplyCache()
    assert cache.path == tmp_path / "g" / "grader.sqlite"
    cache.close()
    monkeypatch.delenv("GRADER_CACHE")
    assert cache_folder() == tmp_path / "x" / "grader"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == Path.home() / ".cache" / "grader"


def test_after_a_purge_no_byte_of_an_answer_is_left(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    cache = ReplyCache(path)
    cache.put({f"k{n}": {"quote": f"what Mallory wrote {n}"} for n in range(500)})
    reader = ReplyCache(path)  # of another process, which is idle
    assert b"Mallory" in b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert cache.purge() == 500
    assert b"Mallory" not in b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert reader.get(["k1"]) == cache.get(["k1"]) == {}
    assert cache.purge() == 0
    reader.close()
    cache.close()


# --- files that are none


def test_a_file_that_is_no_cache_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("These are my notes, and no database at all.\n" * 50)
    before = path.read_bytes()
    with pytest.raises(SetupError, match=r"notes\.txt cannot be used \(file is not a database\); name another file"):
        ReplyCache(path)
    assert path.read_bytes() == before


def test_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    ReplyCache(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version=99")
    connection.close()
    with pytest.raises(SetupError, match="it is of version 99, expected 2"):
        ReplyCache(path)


@pytest.mark.parametrize("name", ["", "file/below.sqlite", "nul\0.sqlite"])
def test_a_place_where_no_file_can_be_is_said_in_one_line(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SetupError, match="cannot be used") as failed:
        ReplyCache(tmp_path / name)
    assert "\n" not in str(failed.value)


# --- threads, processes, crashes


def test_threads_share_one_connection(tmp_path: Path) -> None:
    cache = ReplyCache(tmp_path / "c.sqlite")

    def work(number: int) -> int:
        for n in range(20):
            cache.put({f"{number}-{n}": n, "all": number})
        return len(cache.get([f"{number}-{n}" for n in range(20)]))

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(16))) == [20] * 16
    assert len(cache.get([f"{number}-{n}" for number in range(16) for n in range(20)])) == 320
    cache.close()


MANY = """
sys.stdin.readline()  # so that all open a new file in one moment
cache = ReplyCache(sys.argv[1])
for n in range(60):
    cache.put({f"{sys.argv[2]}-{n}": n, "all": sys.argv[2] * 1000})
    assert cache.get([f"{sys.argv[2]}-{n}"])
"""


def test_processes_share_one_file(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    workers = [in_background(MANY, path, number) for number in range(4)]
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("\n")
        worker.stdin.flush()
    for worker in workers:
        worker.communicate()
    assert [worker.returncode for worker in workers] == [0] * 4
    assert integrity(path) == "ok"
    cache = ReplyCache(path)
    assert len(cache.get([f"{number}-{n}" for number in range(4) for n in range(60)])) == 240
    assert cache.get(["all"])["all"] in {str(number) * 1000 for number in range(4)}
    cache.close()


UNTIL_KILLED = """
cache = ReplyCache(sys.argv[1])
n = 0
while True:
    cache.put({f"k{n}": "x" * 500})
    print(n, flush=True)
    n += 1
"""


def test_what_was_written_survives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    worker = in_background(UNTIL_KILLED, path)
    assert worker.stdout is not None
    written = [int(worker.stdout.readline()) for _ in range(25)]
    worker.send_signal(signal.SIGKILL)
    written += [int(line) for line in worker.communicate()[0].split()]
    assert integrity(path) == "ok"
    cache = ReplyCache(path)
    assert set(cache.get([f"k{n}" for n in written])) == {f"k{n}" for n in range(len(written))}
    cache.close()


def test_replies_of_the_version_without_hashes_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE items (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID")
    connection.execute("INSERT INTO items VALUES ('paid', '{\"credit\": 0.5}')")
    connection.execute("PRAGMA user_version=1")
    connection.commit()
    connection.close()
    for _ in range(2):
        cache = ReplyCache(path)
        assert cache.get(["paid"]) == {"paid": {"credit": 0.5}}
        assert cache.damage() == []
        cache.close()


def test_a_changed_value_is_no_value_and_a_changed_record_an_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cache = ReplyCache(tmp_path / "c.sqlite")
    cache.put({"a": {"credit": 0.5}, "b": {"credit": 1}})
    cache._connection.execute("UPDATE items SET value = '{\"credit\": 1}' WHERE key = 'a'")
    assert cache.get(["a", "b"]) == {"b": {"credit": 1}}
    assert "has a damaged row (a...): it is asked for again" in caplog.text
    with pytest.raises(SetupError, match="its record of open batches cannot be read"):
        cache.record("a")
    with pytest.raises(SetupError, match="its record of open batches cannot be read"):
        cache.change("a", lambda _: {})
    assert cache.record("b") == {"credit": 1} and cache.record("c") is None
    cache.close()
