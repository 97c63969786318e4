"""The worklist of a batch, on disk: the answers in order, which of them have a grade, and duplicates.

It is an SQLite file in the system's temporary folder, so that memory use does not depend on the number of answers.
Each answer has a hash, and an answer that cannot be read back as it was written stops the run. `run` defines the keys
and grades the answers.
"""

import json
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from typing import NamedTuple, Self

from grader.batch.journal import JournalEntry
from grader.errors import InputError
from grader.files import duplicate_error
from grader.schema import Answer

_TABLES = """
CREATE TABLE answers (position INTEGER PRIMARY KEY, key TEXT, words BLOB, answer TEXT, sum BLOB);
CREATE TABLE ids (id BLOB PRIMARY KEY, line INTEGER) WITHOUT ROWID;
CREATE TABLE wordings (words BLOB PRIMARY KEY, candidate BLOB, is_duplicate INTEGER) WITHOUT ROWID;
CREATE TABLE graded (key TEXT PRIMARY KEY, offset INTEGER, length INTEGER) WITHOUT ROWID;
"""
# The file is not needed after a crash, so it is written without a journal; the cache in memory is 2 MB.
_PRAGMAS = "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE; PRAGMA cache_size=-2000;"


class WorklistItem(NamedTuple):
    """An answer, in input order.

    `is_duplicate`: another candidate gave the same answer. `entry`: offset and length of its grade in the journal, if
    it has one.
    """

    answer: Answer
    key: str
    is_duplicate: bool
    entry: tuple[int, int] | None


class Worklist:
    """The answers of one batch and the positions of their grades in the journal; deleted when it is closed."""

    def __init__(self) -> None:
        # An empty name makes a private temporary file, which SQLite deletes when it is closed.
        self._connection = sqlite3.connect("", isolation_level=None)
        with _database_errors():
            self._connection.executescript(_PRAGMAS + _TABLES)
        self.n_answers = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def add(self, answer: Answer, *, key: str, words: bytes | None, line: int | None, source: str) -> None:
        """Add an answer.

        Args:
            answer: the answer.
            key: the key of its grade.
            words: a digest of its question and words; `None` if equal answers are likely by chance.
            line: its line in `source`.
            source: the file, for error messages.

        Raises:
            InputError: its id repeats an earlier one (with both lines), or the temporary folder is full.

        """
        with _database_errors():
            try:
                self._connection.execute("INSERT INTO ids VALUES (?, ?)", (_blob(answer.answer_id), line))
            except sqlite3.IntegrityError:
                where = (_blob(answer.answer_id),)
                (first,) = self._connection.execute("SELECT line FROM ids WHERE id = ?", where).fetchone()
                raise duplicate_error(answer.answer_id, first, line=line, field="answer_id", source=source) from None
            text = json.dumps([answer.answer_id, answer.question_id, answer.answer, answer.candidate, answer.extra])
            row = (self.n_answers, key, words, text)
            self._connection.execute("INSERT INTO answers VALUES (?, ?, ?, ?, ?)", (*row, _sum(*row)))
            if words is not None:
                self._connection.execute(
                    "INSERT INTO wordings VALUES (?, ?, 0) ON CONFLICT (words)"
                    " DO UPDATE SET is_duplicate = is_duplicate OR candidate != excluded.candidate",
                    (words, _blob(answer.candidate or f"\0{self.n_answers}")),
                )
            self.n_answers += 1

    def build_index(self) -> None:
        """Index the answers by key; call it after all answers are added."""
        with _database_errors():
            self._connection.execute("CREATE INDEX IF NOT EXISTS keys ON answers (key)")

    def n_with(self, keys: Iterable[str]) -> int:
        """Number of answers that have one of these keys."""
        query = "SELECT COUNT(*) FROM answers WHERE key = ?"
        return sum(int(self._connection.execute(query, (key,)).fetchone()[0]) for key in set(keys))

    def mark_graded(self, entry: JournalEntry) -> None:
        """Record the position of a key's grade in the journal; it replaces an earlier one."""
        with _database_errors():
            values = (entry.key, entry.offset, entry.length)
            self._connection.execute("INSERT OR REPLACE INTO graded VALUES (?, ?, ?)", values)

    def has_grade(self, key: str) -> bool:
        """Whether a grade is recorded for a key."""
        return self._connection.execute("SELECT 1 FROM graded WHERE key = ?", (key,)).fetchone() is not None

    @property
    def n_graded(self) -> int:
        """Number of answers that have a grade."""
        return self._count("SELECT COUNT(*) FROM answers WHERE key IN (SELECT key FROM graded)")

    @property
    def n_unused(self) -> int:
        """Number of grades that belong to no answer."""
        return self._count("SELECT COUNT(*) FROM graded WHERE key NOT IN (SELECT key FROM answers)")

    @property
    def n_used(self) -> int:
        """Number of grades that belong to one or more answers."""
        return self._count("SELECT COUNT(*) FROM graded WHERE key IN (SELECT key FROM answers)")

    def _count(self, query: str) -> int:
        return int(self._connection.execute(query).fetchone()[0])

    def used(self) -> Iterator[tuple[str, int, int]]:
        """Key, offset and length of the grades that belong to answers, in the order of the journal."""
        yield from self._connection.execute(
            "SELECT key, offset, length FROM graded WHERE key IN (SELECT key FROM answers) ORDER BY offset"
        )

    def in_order(self) -> Iterator[WorklistItem]:
        """The answers in input order; includes grades that are recorded during the iteration.

        Raises:
            InputError: an answer is missing or is not as it was added.

        """
        last = -1
        while True:  # in pages, because an open query does not see grades that are recorded meanwhile
            with _read_errors():
                rows = self._connection.execute(
                    "SELECT position, a.key, a.words, answer, sum, is_duplicate, offset, length FROM answers a"
                    " LEFT JOIN wordings ON wordings.words = a.words LEFT JOIN graded g ON g.key = a.key"
                    " WHERE position > ? ORDER BY position LIMIT 256",
                    (last,),
                ).fetchall()
            for position, key, words, text, check, is_duplicate, offset, length in rows:
                if position != last + 1 or check != _sum(position, key, words, text):
                    raise _damaged()
                answer_id, question_id, answer, candidate, extra = json.loads(text)
                # Without validation, because the answer was validated when it was read.
                restored = Answer.model_construct(
                    answer_id=answer_id, question_id=question_id, answer=answer, candidate=candidate, extra=extra
                )
                yield WorklistItem(restored, key, bool(is_duplicate), None if offset is None else (offset, length))
                last = position
            if not rows:
                if last + 1 != self.n_answers:
                    raise _damaged()
                return


@contextmanager
def _database_errors() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        problem = f"cannot be written: {error}; set TMPDIR to a folder with more room"
        raise InputError(problem, source=tempfile.gettempdir()) from error


@contextmanager
def _read_errors() -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise _damaged() from error


def _damaged() -> InputError:
    problem = "a temporary file of this run was damaged: run the same command again"
    return InputError(problem, source=tempfile.gettempdir())


def _sum(*row: object) -> bytes:
    """A hash of a row; damage may have turned a value into another type."""
    return blake2b(repr(row).encode("utf-8", "surrogatepass"), digest_size=8).digest()


def _blob(text: str) -> bytes:
    """An id as bytes, because SQLite's text cannot hold lone surrogates."""
    return text.encode("utf-8", "surrogatepass")
