"""A cache in one SQLite file for everything that costs money: replies of judges and vectors of remote encoders.

Keys are hashes of requests; callers choose the parts that are hashed. Each row holds a hash of its key and value: a
damaged one is asked for again, with a line in the log, unless it records what is open at a server (`change`).

Own code, not diskcache: it evicts above 1 GB, makes files that others can read (0644), pickles values and reads keys
one by one (300 keys: 24 ms, here 4 ms); at the same durability it writes no faster (300 values: 2.1 s, here 2.3 s).
"""

import json
import logging
import os
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from hashlib import blake2b, sha256
from pathlib import Path
from typing import Any

from grader.errors import SetupError
from grader.files import cache_folder

_log = logging.getLogger(__name__)

# Raise it when the tables change; a file of another version is an error. Version 1 had no hashes: they are added.
_VERSION = 2
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
        """The values of those keys that are in the cache and whole, by key."""
        found: dict[str, Any] = {}
        wanted = list(dict.fromkeys(keys))
        for start in range(0, len(wanted), _KEYS_PER_QUERY):
            page = wanted[start : start + _KEYS_PER_QUERY]
            marks = ",".join("?" * len(page))
            query = f"SELECT key, value, sum FROM items WHERE key IN ({marks})"  # noqa: S608  # only marks
            for key, value, check in self._run(query, page):
                if check == _sum(key, value):
                    found[key] = json.loads(value)
                else:
                    _log.warning("%s has a damaged row (%.12s...): it is asked for again", self.path, key)
        return found

    def record(self, key: str) -> Any:
        """The value of a key that cannot be asked for again, `None` if there is none.

        Raises:
            SetupError: it is damaged.

        """
        rows = self._run("SELECT key, value, sum FROM items WHERE key = ?", [key])
        return self._checked_record(rows[0] if rows else None)

    def _checked_record(self, row: tuple[Any, ...] | None) -> Any:
        if row is None:
            return None
        key, value, check = row
        if check != _sum(key, value):
            problem = f"the cache {self.path} is damaged: its record of open batches cannot be read"
            raise SetupError(f"{problem}; {_WAY_OUT}")
        return json.loads(value)

    def damage(self) -> list[str]:
        """What is wrong with the file; all of it is read."""
        verdicts = [str(verdict) for (verdict,) in self._run("PRAGMA integrity_check(5)", []) if verdict != "ok"]
        rows = self._run("SELECT key, value, sum FROM items", [])
        n_damaged = sum(check != _sum(key, value) for key, value, check in rows)
        return [*verdicts, *([f"{n_damaged:,} damaged rows"] if n_damaged else [])]

    @classmethod
    def check(cls) -> tuple[Path | None, str | None]:
        """The file in the user's cache folder (`None` if there is none) and what is wrong with it."""
        path = cache_folder() / _FILE
        if not path.is_file():
            return None, None
        try:
            cache = cls(path)
            try:
                return path, "; ".join(cache.damage()) or None
            finally:
                cache.close()
        except SetupError as error:
            return path, str(error)

    def put(self, values: Mapping[str, Any]) -> None:
        """Store values by key; they replace earlier values."""
        texts = {key: json.dumps(value) for key, value in values.items()}  # ASCII: SQLite rejects lone surrogates
        self._write(_PUT, [(key, text, _sum(key, text)) for key, text in texts.items()])

    def change(self, key: str, how: Callable[[Any], Any]) -> Any:
        """Replace a value with `how(value)` in one transaction.

        Args:
            key: the key.
            how: returns the new value for the present one (`None` if there is none); if it raises, nothing changes.

        Returns:
            the new value.

        Raises:
            SetupError: the present value is damaged; nothing is changed.

        """
        with self._lock, _database_errors(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                query = "SELECT key, value, sum FROM items WHERE key = ?"
                value = how(self._checked_record(self._connection.execute(query, (key,)).fetchone()))
                text = json.dumps(value, ensure_ascii=False)
                self._connection.execute(_PUT, (key, text, _sum(key, text)))
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

    def _write(self, statement: str, rows: Sequence[tuple[str | bytes, ...]]) -> None:
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


_PUT = "INSERT OR REPLACE INTO items (key, value, sum) VALUES (?, ?, ?)"


def _sum(key: object, value: object) -> bytes:
    """A hash of a row; damage may have turned a value into another type."""
    return blake2b(f"{key!r}{value!r}".encode(), digest_size=16).digest()


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
    try:
        _prepare(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("BEGIN IMMEDIATE")
    [(version,)] = connection.execute("PRAGMA user_version").fetchall()
    if version not in (0, 1, _VERSION):
        raise sqlite3.DatabaseError(f"it is of version {version}, expected {_VERSION}")
    if version == 1:
        connection.execute("ALTER TABLE items ADD COLUMN sum BLOB")
        rows = connection.execute("SELECT key, value FROM items").fetchall()
        connection.executemany(_PUT, [(key, value, _sum(key, value)) for key, value in rows])
    columns = "(key TEXT PRIMARY KEY, value TEXT NOT NULL, sum BLOB)"
    connection.execute(f"CREATE TABLE IF NOT EXISTS items {columns} WITHOUT ROWID")
    connection.execute(f"PRAGMA user_version={_VERSION}")
    connection.execute("COMMIT")
