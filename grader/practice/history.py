"""What was answered, when, and what it was worth: one SQLite file a person.

An answer is on the disk before it is graded (WAL, synchronous=FULL), so a crash or a power cut loses none that was
sent. A damaged file is moved aside, whole; what can be read of it goes into the new one.
"""

import os
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import ValidationError

from grader.errors import SetupError
from grader.schema import Grade

Aid = Literal["none", "hint", "reference"]

# One script a version; a file of an older version gets those that it lacks.
_MIGRATIONS = (
    """
    CREATE TABLE attempts (
        attempt_id INTEGER PRIMARY KEY AUTOINCREMENT,
        question_id TEXT NOT NULL,
        answer TEXT NOT NULL,
        at TEXT NOT NULL,
        topic TEXT,
        aid TEXT NOT NULL,
        seconds REAL,
        grade TEXT
    );
    CREATE INDEX attempts_of_question ON attempts (question_id);
    """,
)
_COLUMNS = "attempt_id, question_id, answer, at, topic, aid, seconds, grade"
_LOCK_TIMEOUT = 30  # seconds to wait for another process that is writing
_WAY_OUT = "name another file with --history FILE (GRADER_HISTORY)"
_FILES = ("", "-wal", "-shm")  # what SQLite keeps beside a file belongs to it


@dataclass(frozen=True)
class Attempt:
    """One try at a question.

    Attributes:
        attempt_id: counts up in a history.
        question_id: of the question.
        answer: as it was sent.
        at: when, in UTC.
        topic: of the question at that time.
        aid: what was shown before: nothing, a hint, or the reference answer (or its points).
        seconds: how long it took, where that was measured.
        grade: `None` when it was sent but not graded yet.

    """

    attempt_id: int
    question_id: str
    answer: str
    at: datetime
    topic: str | None = None
    aid: Aid = "none"
    seconds: float | None = None
    grade: Grade | None = None

    @property
    def fraction(self) -> float | None:
        """The share of the full score, 0 to 1; `None` without a score."""
        return None if self.grade is None else self.grade.fraction

    @property
    def counts(self) -> bool:
        """Whether it shows what the person knows: it has a score, and the answer was not shown before."""
        return self.aid != "reference" and self.fraction is not None


def history_path() -> Path:
    """Where the history of this user is: `$GRADER_HISTORY`, else `practice.sqlite` in the user's data folder."""
    given = os.environ.get("GRADER_HISTORY")
    if given:
        return Path(given)
    from platformdirs import user_data_path

    return user_data_path("grader", appauthor=False) / "practice.sqlite"


class History:
    """Attempts in a file; safe for threads and for several processes on one machine. Only the owner can read it.

    Attributes:
        path: the file.
        set_aside: where a damaged file was moved to when this was opened; else `None`.
        n_rescued: how many attempts of the damaged file could be read and are in the new one.

    Args:
        path: created with its folder if it does not exist; `history_path()` if left out.

    Raises:
        SetupError: the file cannot be used, or a newer version of the program has written it.

    >>> from grader.practice import History
    >>> with History("practice.sqlite") as history:
    ...     attempt = history.save_answer("dropout", "It turns units off.")
    ...     [attempt.answer for attempt in history.attempts("dropout")]
    ['It turns units off.']
    """

    def __init__(self, path: str | Path | None = None) -> None:
        self.path = history_path() if path is None else Path(path)
        self.set_aside: Path | None = None
        self.n_rescued = 0
        self._lock = threading.RLock()
        with self._errors():
            try:
                self._connection = _open(self.path)
            except sqlite3.DatabaseError as error:
                if not _is_damage(error):
                    raise
                self.set_aside = _move_aside(self.path)
                self._connection = _open(self.path)
                self.n_rescued = self._rescue(self.set_aside)

    def save_answer(
        self,
        question_id: str,
        answer: str,
        *,
        topic: str | None = None,
        aid: Aid = "none",
        seconds: float | None = None,
        at: datetime | None = None,
    ) -> Attempt:
        """Keep an answer that is not graded yet; it is on the disk when this returns.

        Args:
            question_id, answer, topic, aid, seconds: as in `Attempt`. Lone surrogates, which are no characters, become
                replacement characters.
            at: an aware time; now if left out.

        """
        answer = answer.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        at = (at or datetime.now(UTC)).astimezone(UTC)
        with self._transaction() as connection:
            cursor = connection.execute(
                "INSERT INTO attempts (question_id, answer, at, topic, aid, seconds) VALUES (?, ?, ?, ?, ?, ?)",
                (question_id, answer, at.isoformat(), topic, aid, seconds),
            )
        return Attempt(int(cursor.lastrowid or 0), question_id, answer, at, topic, aid, seconds)

    def save_grade(self, attempt: Attempt, grade: Grade) -> Attempt:
        """Keep the grade of an attempt, and return the attempt with it."""
        with self._transaction() as connection:
            connection.execute(
                "UPDATE attempts SET grade = ? WHERE attempt_id = ?", (grade.model_dump_json(), attempt.attempt_id)
            )
        return replace(attempt, grade=grade)

    def attempts(self, question_id: str | None = None) -> list[Attempt]:
        """The attempts at a question (or at all), oldest first, graded or not."""
        which, values = ("", []) if question_id is None else (" WHERE question_id = ?", [question_id])
        query = f"SELECT {_COLUMNS} FROM attempts{which} ORDER BY attempt_id"  # noqa: S608  # fixed texts
        with self._lock, self._errors():
            return [_attempt(row) for row in self._connection.execute(query, values)]

    def delete(self, question_id: str | None = None) -> int:
        """Remove the attempts at a question (or all), also from the free space of the file; returns their number."""
        which, values = ("", []) if question_id is None else (" WHERE question_id = ?", [question_id])
        with self._lock, self._errors():
            with self._transaction() as connection:
                n = connection.execute(f"DELETE FROM attempts{which}", values).rowcount  # noqa: S608  # fixed texts
            self._connection.execute("VACUUM")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return n

    def before(self, attempt: Attempt) -> Attempt | None:
        """The last try at the same question before this one that has a score."""
        earlier = [
            each
            for each in self.attempts(attempt.question_id)
            if each.attempt_id < attempt.attempt_id and each.fraction is not None
        ]
        return earlier[-1] if earlier else None

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _rescue(self, damaged: Path) -> int:
        """Copy what can be read of a damaged file, from both ends; returns the number of attempts."""
        rows: dict[int, tuple[Any, ...]] = {}
        with suppress(sqlite3.Error), closing(sqlite3.connect(f"{damaged.as_uri()}?mode=ro", uri=True)) as source:
            for order in ("", " DESC"):
                with suppress(sqlite3.Error, OverflowError):
                    query = f"SELECT {_COLUMNS} FROM attempts ORDER BY attempt_id{order}"  # noqa: S608  # fixed texts
                    for row in source.execute(query):
                        if _is_whole(row):
                            rows[row[0]] = row
        with self._transaction() as connection:
            marks = ",".join("?" * len(_COLUMNS.split(",")))
            connection.executemany(
                f"INSERT INTO attempts ({_COLUMNS}) VALUES ({marks})",  # noqa: S608  # fixed texts
                [rows[number] for number in sorted(rows)],
            )
        return len(rows)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing, on the disk at the end."""
        with self._lock, self._errors():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                if self._connection.in_transaction:  # a full disk has already rolled it back
                    self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """An error of the database in one line."""
        try:
            yield
        except (OSError, ValueError, sqlite3.Error) as error:
            raise SetupError(f"the history {self.path} cannot be used ({error}); {_WAY_OUT}") from error


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    connection = sqlite3.connect(path, timeout=_LOCK_TIMEOUT, check_same_thread=False, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        [(found,), *_] = connection.execute("PRAGMA quick_check").fetchall()
        if found != "ok":
            raise sqlite3.DatabaseError(f"database disk image is malformed: {found}")
        _migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _migrate(connection: sqlite3.Connection) -> None:
    """Bring the tables to this version, all steps or none."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        [(version,)] = connection.execute("PRAGMA user_version").fetchall()
        if version > len(_MIGRATIONS):
            raise sqlite3.NotSupportedError(f"a newer grader has written it (version {version}): update this one")
        for script in _MIGRATIONS[version:]:
            for statement in filter(str.strip, script.split(";")):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version={len(_MIGRATIONS)}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    """Whether the file itself is broken, and not locked, forbidden or newer."""
    return str(error).startswith(("file is not a database", "database disk image is malformed"))


def _move_aside(path: Path) -> Path:
    """Rename a file with what SQLite keeps beside it; returns the new name, which was free."""
    stem = f"{path}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%S}"
    aside = Path(stem)
    number = 1
    while aside.exists():
        number += 1
        aside = Path(f"{stem}-{number}")
    for ending in _FILES:
        if os.path.exists(f"{path}{ending}"):
            shutil.move(f"{path}{ending}", f"{aside}{ending}")
    return aside.absolute()


def _attempt(row: tuple[Any, ...]) -> Attempt:
    *fields, grade = row
    number, question_id, answer, at, topic, aid, seconds = fields
    try:
        read = None if grade is None else Grade.model_validate_json(grade)
    except ValidationError:  # of another version: the answer is here, and can be graded again
        read = None
    return Attempt(number, question_id, answer, datetime.fromisoformat(at), topic, aid, seconds, read)


def _is_whole(row: tuple[Any, ...]) -> bool:
    """Whether a row of a damaged file is an attempt."""
    try:
        attempt = _attempt(row)
    except (TypeError, ValueError):
        return False
    return isinstance(attempt.question_id, str) and isinstance(attempt.answer, str) and attempt.at.tzinfo is not None
