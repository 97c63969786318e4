"""What a batch has to do, on disk: the answers in order, what is graded already, who said the same words.

An SQLite file in the system's temporary folder, so that memory does not grow with the answers. What a key is and how
an answer is graded is for `batch` to know.
"""

import json
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, Self

from grader.batch.journal import JournalEntry
from grader.errors import InputError
from grader.files import duplicate_error
from grader.schema import Answer

_TABLES = """
CREATE TABLE answers (position INTEGER PRIMARY KEY, key TEXT, words BLOB, answer TEXT);
CREATE TABLE ids (id BLOB PRIMARY KEY, line INTEGER) WITHOUT ROWID;
CREATE TABLE wordings (words BLOB PRIMARY KEY, candidate BLOB, is_duplicate INTEGER) WITHOUT ROWID;
CREATE TABLE graded (key TEXT PRIMARY KEY, offset INTEGER, length INTEGER) WITHOUT ROWID;
"""
# The file is of no use after a crash; 2 MB of it are held in memory.
_PRAGMAS = "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE; PRAGMA cache_size=-2000;"


class WorklistItem(NamedTuple):
    """An answer in its place: its key, whether other candidates said the same, where its grade lies if it has one."""

    answer: Answer
    key: str
    is_duplicate: bool
    entry: tuple[int, int] | None


class Worklist:
    """The answers of one batch and where their grades lie; gone when it is closed."""

    def __init__(self) -> None:
        # Without a name it is a file in the temporary folder that nobody sees and that ends with the process.
        self._open = sqlite3.connect("", isolation_level=None)
        with _database_errors():
            self._open.executescript(_PRAGMAS + _TABLES)
        self.n_answers = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def add(self, answer: Answer, *, key: str, words: bytes | None, line: int | None, source: str) -> None:
        """Note an answer.

        Args:
            answer: as it was read.
            key: of its grade.
            words: a digest of its question and words; `None` when others may well say the same by chance.
            line: where it stands in `source`.
            source: the file.

        Raises:
            InputError: its id was there before, with both lines; or the temporary folder is full.

        """
        with _database_errors():
            try:
                self._open.execute("INSERT INTO ids VALUES (?, ?)", (_blob(answer.answer_id), line))
            except sqlite3.IntegrityError:
                where = (_blob(answer.answer_id),)
                (first,) = self._open.execute("SELECT line FROM ids WHERE id = ?", where).fetchone()
                raise duplicate_error(answer.answer_id, first, line=line, field="answer_id", source=source) from None
            text = json.dumps([answer.answer_id, answer.question_id, answer.answer, answer.candidate, answer.extra])
            self._open.execute("INSERT INTO answers VALUES (?, ?, ?, ?)", (self.n_answers, key, words, text))
            if words is not None:
                self._open.execute(
                    "INSERT INTO wordings VALUES (?, ?, 0) ON CONFLICT (words)"
                    " DO UPDATE SET is_duplicate = is_duplicate OR candidate != excluded.candidate",
                    (words, _blob(answer.candidate or f"\0{self.n_answers}")),
                )
            self.n_answers += 1

    def build_index(self) -> None:
        """Make answers quick to find by their key, once all were added."""
        with _database_errors():
            self._open.execute("CREATE INDEX IF NOT EXISTS keys ON answers (key)")

    def n_with(self, keys: Iterable[str]) -> int:
        """How many answers have one of these keys."""
        query = "SELECT COUNT(*) FROM answers WHERE key = ?"
        return sum(int(self._open.execute(query, (key,)).fetchone()[0]) for key in set(keys))

    def mark_graded(self, entry: JournalEntry) -> None:
        """Note where the grade of a key lies; a later one takes the place of an earlier one."""
        with _database_errors():
            values = (entry.key, entry.offset, entry.length)
            self._open.execute("INSERT OR REPLACE INTO graded VALUES (?, ?, ?)", values)

    def has_grade(self, key: str) -> bool:
        """Whether the grade of a key was noted."""
        return self._open.execute("SELECT 1 FROM graded WHERE key = ?", (key,)).fetchone() is not None

    @property
    def n_graded(self) -> int:
        """How many answers have a grade."""
        return self._count("SELECT COUNT(*) FROM answers WHERE key IN (SELECT key FROM graded)")

    @property
    def n_unused(self) -> int:
        """How many grades belong to no answer."""
        return self._count("SELECT COUNT(*) FROM graded WHERE key NOT IN (SELECT key FROM answers)")

    @property
    def n_used(self) -> int:
        """How many grades belong to an answer or to several."""
        return self._count("SELECT COUNT(*) FROM graded WHERE key IN (SELECT key FROM answers)")

    def _count(self, query: str) -> int:
        return int(self._open.execute(query).fetchone()[0])

    def used(self) -> Iterator[tuple[str, int, int]]:
        """Key, offset and length of the grades that belong to answers, as they lie in the journal."""
        yield from self._open.execute(
            "SELECT key, offset, length FROM graded WHERE key IN (SELECT key FROM answers) ORDER BY offset"
        )

    def in_order(self) -> Iterator[WorklistItem]:
        """The answers in input order; grades that are noted meanwhile are seen."""
        last = -1
        while True:  # by pages: an open query would not see what is noted while it runs
            rows = self._open.execute(
                "SELECT position, a.key, answer, is_duplicate, offset, length FROM answers a"
                " LEFT JOIN wordings ON wordings.words = a.words LEFT JOIN graded g ON g.key = a.key"
                " WHERE position > ? ORDER BY position LIMIT 256",
                (last,),
            ).fetchall()
            for position, key, text, is_duplicate, offset, length in rows:
                answer_id, question_id, answer, candidate, extra = json.loads(text)
                # What was read was checked then.
                asked = Answer.model_construct(
                    answer_id=answer_id, question_id=question_id, answer=answer, candidate=candidate, extra=extra
                )
                yield WorklistItem(asked, key, bool(is_duplicate), None if offset is None else (offset, length))
                last = position
            if not rows:
                return


@contextmanager
def _database_errors() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        problem = f"cannot be written: {error}; set TMPDIR to a folder with more room"
        raise InputError(problem, source=tempfile.gettempdir()) from error


def _blob(text: str) -> bytes:
    """An id as bytes: SQLite's text holds no half surrogate pairs."""
    return text.encode("utf-8", "surrogatepass")
