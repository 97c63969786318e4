"""What people marked, in SQLite: each mark and each undoing is a row of its own, and no row is ever changed.

A mark is on the disk before the page says so (WAL, `synchronous=FULL`).
"""

import json
import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from threading import RLock
from typing import NamedTuple

from grader.errors import InputError

_VERSION = 1
_SCHEMA = """
CREATE TABLE sessions (secret TEXT PRIMARY KEY, rater TEXT NOT NULL, at TEXT NOT NULL);
CREATE TABLE marks (
  id INTEGER PRIMARY KEY AUTOINCREMENT, batch TEXT NOT NULL, answer_id TEXT NOT NULL, text_hash TEXT NOT NULL,
  rater TEXT NOT NULL, at TEXT NOT NULL, score REAL NOT NULL, credits TEXT NOT NULL, why TEXT NOT NULL,
  grader_score REAL, shown_score REAL, signature TEXT NOT NULL);
CREATE TABLE undone (batch TEXT PRIMARY KEY, rater TEXT NOT NULL, at TEXT NOT NULL);
CREATE INDEX marks_of_answer ON marks (answer_id, rater);
"""


class Mark(NamedTuple):
    """What one person gave one answer, once.

    Attributes:
        id: grows with time; 0 before it is stored.
        batch: the same for answers that were marked together.
        answer_id, text_hash: the answer, and a hash of its words.
        rater, at: who, and when (ISO 8601, UTC).
        score: in points of the question's scale.
        credits: of the points that the person decided, 0..1, by point id.
        why: the person's reason, or nothing.
        grader_score: of the grader alone, `None` where it has none.
        shown_score: what the page proposed.
        signature: of the grade that was shown.

    """

    id: int
    batch: str
    answer_id: str
    text_hash: str
    rater: str
    at: str
    score: float
    credits: Mapping[str, float]
    why: str
    grader_score: float | None
    shown_score: float | None
    signature: str


class ConflictError(Exception):
    """Another window has marked an answer meanwhile; nothing was stored."""


def text_hash(text: str) -> str:
    """Sixteen hex digits for the words of an answer, so that a mark is known to be of these words."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def now() -> str:
    """The time for a row."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class MarkStore:
    """The marks and sessions of one file.

    Args:
        path: made if it is not there; only its owner may read it.

    Raises:
        InputError: it cannot be opened, is no such file, or is of a newer version.

    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._lock = RLock()
        try:
            if not self.path.exists():
                self.path.touch(mode=0o600)
            self._db = sqlite3.connect(self.path, check_same_thread=False, isolation_level=None, timeout=10)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._migrate()
        except (sqlite3.Error, OSError) as error:
            raise InputError(f"cannot be used for marks: {error}", source=path) from error

    def _migrate(self) -> None:
        with self._transaction() as db:
            (version,) = db.execute("PRAGMA user_version").fetchone()
            if version > _VERSION:
                raise InputError("was written by a newer grader: update this one", source=self.path)
            if version == 0:
                for statement in filter(str.strip, _SCHEMA.split(";")):
                    db.execute(statement)
                db.execute(f"PRAGMA user_version={_VERSION}")

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def sign_in(self, rater: str) -> str:
        """A new session for a rater: the secret that their browser keeps."""
        secret = secrets.token_urlsafe(24)
        with self._transaction() as db:
            db.execute("INSERT INTO sessions VALUES (?, ?, ?)", (_hashed(secret), rater, now()))
        return secret

    def rater_of(self, secret: str | None) -> str | None:
        """Whose session it is."""
        if not secret:
            return None
        with self._lock:
            row = self._db.execute("SELECT rater FROM sessions WHERE secret = ?", (_hashed(secret),)).fetchone()
        return None if row is None else str(row[0])

    def is_known(self, rater: str) -> bool:
        """Whether a name is taken, whatever its case."""
        with self._lock:
            names = [str(row[0]) for row in self._db.execute("SELECT DISTINCT rater FROM sessions")]
        return rater.casefold() in map(str.casefold, names)

    def add(self, marks: Iterable[Mark], *, seen: Mapping[str, int]) -> None:
        """Store marks of one person together, or none of them.

        Args:
            marks: their `id` does not matter.
            seen: by answer id, the id of that person's mark that the page showed, 0 for none.

        Raises:
            ConflictError: the person has marked one of them in another window since.

        """
        with self._transaction() as db:
            for mark in marks:
                latest = self._latest(mark.answer_id, mark.rater)
                if latest != seen.get(mark.answer_id, 0):
                    raise ConflictError(mark.answer_id)
                row = mark._replace(credits=json.dumps(mark.credits, sort_keys=True))[1:]  # type: ignore[arg-type]
                db.execute(f"INSERT INTO marks VALUES (NULL{', ?' * len(row)})", row)  # noqa: S608  # question marks

    def _latest(self, answer_id: str, rater: str) -> int:
        (found,) = self._db.execute(
            "SELECT MAX(id) FROM marks WHERE answer_id = ? AND rater = ? AND batch NOT IN (SELECT batch FROM undone)",
            (answer_id, rater),
        ).fetchone()
        return int(found or 0)

    def undo(self, rater: str) -> list[str]:
        """Take back what a person marked last; the answers' ids, none where there is nothing left to undo."""
        with self._transaction() as db:
            row = db.execute(
                "SELECT batch FROM marks WHERE rater = ? AND batch NOT IN (SELECT batch FROM undone) "
                "ORDER BY id DESC LIMIT 1",
                (rater,),
            ).fetchone()
            if row is None:
                return []
            db.execute("INSERT INTO undone VALUES (?, ?, ?)", (row[0], rater, now()))
            found = db.execute("SELECT answer_id FROM marks WHERE batch = ? ORDER BY id", (row[0],)).fetchall()
            return [str(each[0]) for each in found]

    def marks(self) -> list[Mark]:
        """The marks that count: of each answer and rater the last one that was not undone, in order of time."""
        with self._lock:
            rows = self._db.execute(
                "SELECT * FROM marks WHERE id IN (SELECT MAX(id) FROM marks WHERE batch NOT IN "
                "(SELECT batch FROM undone) GROUP BY answer_id, rater) ORDER BY id"
            ).fetchall()
        found = [Mark(*row) for row in rows]
        return [mark._replace(credits=json.loads(str(mark.credits))) for mark in found]


def _hashed(secret: str) -> str:
    """What is kept of a secret: whoever reads the file cannot sign in with it."""
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
