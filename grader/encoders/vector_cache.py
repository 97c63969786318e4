"""A cache of computed vectors in a SQLite file in the user's cache folder; the key is the sequence of pieces.

Each row holds a hash of its key and its vectors. A damaged row is computed again, a damaged file is set aside and made
again, and a line in the log says so. Cached vectors are equal to the computed ones to the last bit.
"""

import logging
import os
import re
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import closing, suppress
from hashlib import blake2b
from pathlib import Path
from typing import TypeGuard

import numpy as np
from numpy.typing import NDArray

from grader.errors import SetupError
from grader.files import cache_folder, set_aside

_log = logging.getLogger(__name__)

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

# The number changes with the schema of the table or the form of a row.
_FILE = "vectors-2.sqlite"
_EARLIER_FILE = "vectors-1.sqlite"  # removed: its rows may come from a damaged model
LIMIT_VARIABLE = "GRADER_VECTORS_MB"  # size of the file; 0 turns the cache off
_DEFAULT_MB = 256
# Share of the file that one process may fill, so that a long run does not evict everything else.
_SHARE = 0.25
_WAIT_SECONDS = 1  # timeout for another process that is writing
_MAX_KEYS = 500  # keys in one query
_KEY_BYTES, _CHECK_BYTES = 16, 16
_FAULTS = (sqlite3.Error, OSError, ValueError)


class VectorCache:
    """Vectors by model and pieces; safe for threads and for several processes.

    Only the owner can read the file (0600). When it is full, the older half is deleted.

    Args:
        model: identifies the weights and the runtime that compute the vectors.
        path: of the file; in the user's cache folder if left out.
        limit: maximum size of the file in bytes; `cache_limit_bytes()` if left out. 0 turns the cache off.

    """

    def __init__(self, model: str, path: Path | None = None, *, limit: int | None = None) -> None:
        self._model = blake2b(model.encode(), digest_size=32).digest()
        self._path = cache_folder() / _FILE if path is None else path
        self._limit = cache_limit_bytes() if limit is None else limit
        self._bytes_left = int(self._limit * _SHARE)
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._has_told = False
        if self._limit:
            try:
                self._connection = _open(self._path)
            except _FAULTS as error:
                self._close_after(error)
                with suppress(*_FAULTS):  # a broken file has been set aside; a read-only one can still be read
                    self._connection = _open(self._path) if _is_broken(error) else _open_read_only(self._path)

    def get(self, pieces: Sequence[Ints], dim: int) -> list[Floats | None]:
        """The cached vectors of each sequence of pieces, shape `(n_rows, dim)`; `None` if there are none."""
        keys = [self._key(ids) for ids in pieces]
        found: dict[bytes, bytes] = {}
        with self._lock:
            if self._connection is not None:
                try:
                    for start in range(0, len(keys), _MAX_KEYS):
                        found.update(_values(self._connection, keys[start : start + _MAX_KEYS]))
                except _FAULTS as error:
                    self._close_after(error)
        vectors = [_unpacked(key, found[key], dim) if key in found else None for key in keys]
        n_damaged = sum(one is None and key in found for one, key in zip(vectors, keys, strict=True))
        if n_damaged and not self._has_told:
            self._has_told = True
            _log.warning("%s has damaged rows: they are computed again", self._path)
        return vectors

    def put(self, pieces: Sequence[Ints], vectors: Sequence[Floats]) -> None:
        """Cache the vectors of sequences of pieces, as far as the share of this process allows."""
        rows = []
        for ids, its in zip(pieces, vectors, strict=True):
            self._bytes_left -= its.nbytes
            if self._bytes_left < 0:
                break
            key = self._key(ids)
            rows.append((key, _packed(key, its)))
        with self._lock:
            if self._connection is None or not rows:
                return
            try:
                with self._connection:  # one transaction
                    self._connection.executemany("INSERT OR REPLACE INTO vectors (key, value) VALUES (?, ?)", rows)
                    if _used_bytes(self._connection) > self._limit:
                        self._connection.execute(_OLDER_HALF)
            except _FAULTS as error:
                self._close_after(error)

    def close(self) -> None:
        """Close the file; nothing is found or kept afterwards."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _key(self, ids: Ints) -> bytes:
        return blake2b(ids.tobytes(), digest_size=_KEY_BYTES, key=self._model).digest()

    def _close_after(self, error: Exception) -> None:
        """Continue without the file; a corrupt one is set aside, so that it is created again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if not _is_broken(error):
            _log.info("vectors are not kept in %s: %s", self._path, error)
            return
        aside = set_aside(self._path)
        for end in ("-wal", "-shm"):  # they belong to the damaged file
            with suppress(OSError):
                self._path.with_name(self._path.name + end).unlink(missing_ok=True)
        _log.warning("%s is damaged (%s); it is kept as %s and made again", self._path, error, aside.name)


_TABLE = "CREATE TABLE IF NOT EXISTS vectors (number INTEGER PRIMARY KEY, key BLOB UNIQUE, value BLOB)"
_OLDER_HALF = "DELETE FROM vectors WHERE number <= (SELECT (min(number) + max(number)) / 2 FROM vectors)"


def cache_limit_bytes() -> int:
    """Maximum size of the file in bytes: from `$GRADER_VECTORS_MB`, else 256 MB; 0 turns the cache off.

    Raises:
        SetupError: the variable is not a whole number of megabytes.

    """
    given = os.environ.get(LIMIT_VARIABLE, "").strip()
    if not given:
        return _DEFAULT_MB * 10**6
    if not re.fullmatch(r"[0-9]{1,9}", given):
        raise SetupError(f"{LIMIT_VARIABLE}={given!r}: expected a whole number of megabytes, 0 to keep nothing")
    return int(given) * 10**6


def purge_vector_cache() -> Path | None:
    """Delete the file in the user's cache folder, also a damaged one. Returns its path, `None` if there was none.

    Raises:
        SetupError: it cannot be deleted.

    """
    path = cache_folder() / _FILE
    there = path.exists()
    for one in _files_of(path):
        try:
            one.unlink(missing_ok=True)
        except OSError as error:
            raise SetupError(f"{one} cannot be removed: {error.strerror or error}") from error
    return path if there else None


def vector_cache_damage() -> tuple[Path | None, str | None]:
    """The file in the user's cache folder (`None` if there is none) and what is wrong with it; it is read whole."""
    path = cache_folder() / _FILE
    if not path.is_file():
        return None, None
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=_WAIT_SECONDS)) as found:
            verdicts = [str(verdict) for (verdict,) in found.execute("PRAGMA integrity_check(1)") if verdict != "ok"]
            rows = found.execute("SELECT key, value FROM vectors")
            n_damaged = sum(not _is_whole(value, key) for key, value in rows)
    except sqlite3.Error as error:
        return path, str(error)
    if n_damaged:
        verdicts.append(f"{n_damaged:,} damaged rows, which are computed again when they are needed")
    return path, "; ".join(verdicts) or None


def _files_of(path: Path) -> list[Path]:
    ends = ("", "-wal", "-shm", ".damaged")
    return [path.with_name(name + end) for name in (path.name, _EARLIER_FILE) for end in ends]


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    for end in ("", "-wal", "-shm"):
        with suppress(OSError):
            path.with_name(_EARLIER_FILE + end).unlink(missing_ok=True)
    connection = sqlite3.connect(path, timeout=_WAIT_SECONDS, check_same_thread=False)
    # A cache may be lost in a power cut.
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute(_TABLE)
    except BaseException:
        connection.close()
        raise
    return connection


def _open_read_only(path: Path) -> sqlite3.Connection:
    """Open a file in a read-only place, such as a container image."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False)


def _is_broken(error: Exception) -> bool:
    """Whether the error means that the file is corrupt."""
    return isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError)


def _values(connection: sqlite3.Connection, keys: list[bytes]) -> list[tuple[bytes, bytes]]:
    marks = ",".join("?" * len(keys))
    query = f"SELECT key, value FROM vectors WHERE key IN ({marks})"  # noqa: S608  # only marks
    return connection.execute(query, keys).fetchall()


def _used_bytes(connection: sqlite3.Connection) -> int:
    pages, free, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


def _packed(key: bytes, vectors: Floats) -> bytes:
    """The bytes, after a hash of key and bytes that reveals rows that are damaged or stand under another key."""
    value = np.ascontiguousarray(vectors, "<f4").tobytes()
    return _check(key, value) + value


def _unpacked(key: bytes, value: object, dim: int) -> Floats | None:
    if not _is_whole(value, key) or (len(value) - _CHECK_BYTES) % (4 * dim):
        return None
    return np.frombuffer(value[_CHECK_BYTES:], "<f4").reshape(-1, dim)


def _is_whole(value: object, key: object) -> TypeGuard[bytes]:
    """Whether a row is as it was written; damage may also turn a value into another type."""
    return (
        isinstance(key, bytes)
        and isinstance(value, bytes)
        and len(key) == _KEY_BYTES
        and value[:_CHECK_BYTES] == _check(key, value[_CHECK_BYTES:])
    )


def _check(key: bytes, value: bytes) -> bytes:
    return blake2b(value, digest_size=_CHECK_BYTES, key=key).digest()
