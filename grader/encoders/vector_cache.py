"""A cache of computed vectors in a SQLite file in the user's cache folder; the key is the sequence of pieces.

If anything is wrong with the file, vectors are computed again, without a message to the user. Cached vectors are equal
to the computed ones to the last bit.
"""

import logging
import os
import re
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from grader.errors import SetupError
from grader.files import cache_folder

_log = logging.getLogger(__name__)

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

# The number changes with the schema of the table.
_FILE = "vectors-1.sqlite"
LIMIT_VARIABLE = "GRADER_VECTORS_MB"  # size of the file; 0 turns the cache off
_DEFAULT_MB = 256
# Share of the file that one process may fill, so that a long run does not evict everything else.
_SHARE = 0.25
_WAIT_SECONDS = 1  # timeout for another process that is writing
_MAX_KEYS = 500  # keys in one query
_CHECK_BYTES = 8
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
        if self._limit:
            try:
                self._connection = _open(self._path)
            except _FAULTS as error:
                self._close_after(error)
                with suppress(*_FAULTS):  # a broken file has been deleted; a read-only one can still be read
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
        return [_unpacked(found[key], dim) if key in found else None for key in keys]

    def put(self, pieces: Sequence[Ints], vectors: Sequence[Floats]) -> None:
        """Cache the vectors of sequences of pieces, as far as the share of this process allows."""
        rows = []
        for ids, its in zip(pieces, vectors, strict=True):
            self._bytes_left -= its.nbytes
            if self._bytes_left < 0:
                break
            rows.append((self._key(ids), _packed(its)))
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

    def _key(self, ids: Ints) -> bytes:
        return blake2b(ids.tobytes(), digest_size=16, key=self._model).digest()

    def _close_after(self, error: Exception) -> None:
        """Continue without the file; a corrupt one is deleted, so that it is created again."""
        _log.info("vectors are not kept in %s: %s", self._path, error)
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if _is_broken(error):
            with suppress(OSError):
                self._path.unlink(missing_ok=True)


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
    """Delete the file in the user's cache folder. Returns its path, `None` if there was none.

    Raises:
        SetupError: it cannot be deleted.

    """
    path = cache_folder() / _FILE
    there = path.exists()
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        try:
            path.with_name(name).unlink(missing_ok=True)
        except OSError as error:
            raise SetupError(f"{path.with_name(name)} cannot be removed: {error.strerror or error}") from error
    return path if there else None


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    connection = sqlite3.connect(path, timeout=_WAIT_SECONDS, check_same_thread=False)
    # A cache may be lost in a power cut.
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("CREATE TABLE IF NOT EXISTS vectors (number INTEGER PRIMARY KEY, key BLOB UNIQUE, value BLOB)")
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


def _packed(vectors: Floats) -> bytes:
    """The bytes, after a hash of them that reveals damaged rows."""
    value = np.ascontiguousarray(vectors, "<f4").tobytes()
    return blake2b(value, digest_size=_CHECK_BYTES).digest() + value


def _unpacked(value: bytes, dim: int) -> Floats | None:
    check, rest = value[:_CHECK_BYTES], value[_CHECK_BYTES:]
    if blake2b(rest, digest_size=_CHECK_BYTES).digest() != check or len(rest) % (4 * dim):
        return None
    return np.frombuffer(rest, "<f4").reshape(-1, dim)
