"""A cache in one SQLite file for everything that costs money: replies of judges and vectors of remote encoders.

Keys are hashes of requests; callers choose the parts that are hashed.

Own code, not diskcache: it evicts above 1 GB, makes files that others can read (0644), pickles values and reads keys
one by one (300 keys: 24 ms, here 4 ms); at the same durability it writes no faster (300 values: 2.1 s, here 2.3 s).
"""

import json
import os
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from grader.errors import SetupError
from grader.files import cache_folder

# Raise it when the tables change; a file of another version is an error.
_VERSION = 1
_FILE = "grader.sqlite"
_LOCK_TIMEOUT = 30  # seconds to wait for another process that is writing
_KEYS_PER_QUERY = 500  # old builds of SQLite allow 999
_WAY_OUT = "name another file with --cache, or go on without one: --no-cache"


def content_key(*parts: object) -> str:
    """A hash of JSON values as 64 hex digits; equal parts give equal keys."""
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class ReplyCache:
    """A file of values by key; safe for threads and for several processes on one machine.

    Every write is on disk when it returns (WAL, synchronous=FULL), so that paid replies survive a power cut.
    Only the owner can read the file (0600).

    Args:
        path: the file, created with its folder if it does not exist; `:memory:` keeps everything in memory.

    Raises:
        SetupError: the file cannot be used.

    """

    def __init__(self, path: str | Path | None = None) -> None:
        self.path = cache_folder() / _FILE if path is None else path
        self._lock = threading.Lock()
        try:
            self._connection = _open(self.path)
        except (OSError, ValueError, sqlite3.Error) as error:  # a name with a NUL is a ValueError
            raise SetupError(f"the cache {self.path} cannot be used ({error}); {_WAY_OUT}") from error

    def get(self, keys: Collection[str]) -> dict[str, Any]:
        """The values of those keys that are in the cache, by key."""
        found: dict[str, Any] = {}
        wanted = list(dict.fromkeys(keys))
        for start in range(0, len(wanted), _KEYS_PER_QUERY):
            page = wanted[start : start + _KEYS_PER_QUERY]
            marks = ",".join("?" * len(page))
            rows = self._run(f"SELECT key, value FROM items WHERE key IN ({marks})", page)  # noqa: S608  # only marks
            found.update((key, json.loads(value)) for key, value in rows)
        return found

    def put(self, values: Mapping[str, Any]) -> None:
        """Store values by key; they replace earlier values."""
        rows = [(key, json.dumps(value)) for key, value in values.items()]  # ASCII: SQLite rejects lone surrogates
        self._write("INSERT OR REPLACE INTO items (key, value) VALUES (?, ?)", rows)

    def change(self, key: str, how: Callable[[Any], Any]) -> Any:
        """Replace a value with `how(value)` in one transaction.

        Args:
            key: the key.
            how: returns the new value for the present one (`None` if there is none); if it raises, nothing changes.

        Returns:
            the new value.

        """
        with self._lock, _database_errors(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                found = self._connection.execute("SELECT value FROM items WHERE key = ?", (key,)).fetchone()
                value = how(None if found is None else json.loads(found[0]))
                row = (key, json.dumps(value, ensure_ascii=False))
                self._connection.execute("INSERT OR REPLACE INTO items (key, value) VALUES (?, ?)", row)
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        return value

    def forget(self, keys: Iterable[str]) -> None:
        """Remove the values of these keys; missing keys are ignored."""
        self._write("DELETE FROM items WHERE key = ?", [(key,) for key in keys])

    def purge(self) -> int:
        """Remove all values, also from the free space of the file; returns their number."""
        [(n,)] = self._run("SELECT count(*) FROM items", [])
        with self._lock, _database_errors(self.path):
            self._connection.execute("DELETE FROM items")
            self._connection.execute("VACUUM")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return int(n)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _write(self, statement: str, rows: Sequence[tuple[str, ...]]) -> None:
        """Write all rows in one transaction, which is on disk when this returns."""
        with self._lock, _database_errors(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._connection.executemany(statement, rows)
            except BaseException:
                if self._connection.in_transaction:  # a full disk has already rolled it back
                    self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def _run(self, query: str, values: list[str]) -> list[tuple[Any, ...]]:
        with self._lock, _database_errors(self.path):
            return self._connection.execute(query, values).fetchall()


class _database_errors:  # noqa: N801  # reads like a function
    """Turns an error of the database into a `SetupError` of one line."""

    def __init__(self, path: str | Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, sqlite3.Error):
            raise SetupError(f"the cache {self._path} cannot be used ({error}); {_WAY_OUT}") from error


def _open(path: str | Path) -> sqlite3.Connection:
    if str(path) != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        os.chmod(path, 0o600)
    connection = sqlite3.connect(path, timeout=_LOCK_TIMEOUT, check_same_thread=False, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    [(version,)] = connection.execute("PRAGMA user_version").fetchall()
    if version not in (0, _VERSION):
        raise sqlite3.DatabaseError(f"it is of version {version}, expected {_VERSION}")
    connection.execute("CREATE TABLE IF NOT EXISTS items (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID")
    connection.execute(f"PRAGMA user_version={_VERSION}")
    return connection
