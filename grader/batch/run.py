"""Many answers in one run that can be broken off: read, graded in chunks into a journal, and read back in order.

Memory does not grow with the answers: they and where their grades lie stand in a `Worklist` on disk, the grades in a
`Journal`. A grade is found again by its content: question, answer and signature (encoder, settings, judge, rubric,
version), so that a second run grades exactly what has changed, and equal answers once.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from grader.batch.journal import Journal, JournalRecord
from grader.batch.worklist import Worklist
from grader.files import ANSWER_FIELDS, grade_row, stored_grade_row, validate
from grader.grading import CHUNK_SIZE, Grader, chunks, flag_duplicate, flag_duplicate_row, words_digest
from grader.provider import content_key
from grader.schema import Answer, Grade

# A judge that failed may answer the next time.
_NOT_FINAL = frozenset({"judge_failed"})
_NAMED = 20  # answers with the words of another one that are told by name


class Engine(Protocol):
    """Who grades: this process, or many machines."""

    def run(self, chunks: Iterator[list[Answer]]) -> Iterator[tuple[list[Answer], list[Grade]]]:
        """Grade chunks of answers; each comes back with its grades, in any order."""


class LocalEngine:
    """Grades in this process, one chunk after the other; the encoder reads the next one meanwhile."""

    def __init__(self, grader: Grader) -> None:
        self._grader = grader

    def run(self, chunks: Iterator[list[Answer]]) -> Iterator[tuple[list[Answer], list[Grade]]]:
        """Grade the chunks in order."""
        return self._grader.grade_chunks(chunks)


class Batch:
    """The answers of one run; iterating gives their grades in input order, as often as one likes.

    Args:
        signature_of: what reproduces the number of an answer to a question (`Grader.signature_of`).
        engine: grades what is not in the journal.
        journal: what earlier runs left, and where grades go.
        worklist: an empty one.
        chunk_size: answers that are graded together and then kept: what a crash can cost.

    """

    def __init__(
        self,
        signature_of: Callable[[str], str],
        engine: Engine,
        journal: Journal,
        worklist: Worklist,
        *,
        chunk_size: int = CHUNK_SIZE,
    ) -> None:
        self._signature_of = signature_of
        self._engine = engine
        self._chunk_size = chunk_size
        self._in_progress: set[str] = set()  # keys whose grades are being made
        self._journal = journal
        self._work = worklist
        self.n_reused = 0  # answers whose grade an earlier run has left
        self.n_failed = 0  # new grades without a score, or of which a judge had to be asked in vain

    @property
    def n_answers(self) -> int:
        """How many answers were taken."""
        return self._work.n_answers

    @property
    def n_graded(self) -> int:
        """How many of them have a grade so far."""
        return self._work.n_graded

    def load(self, answers: Iterable[tuple[int | None, Answer]], *, source: str) -> None:
        """Read all answers, and find out which of them earlier runs have graded.

        Args:
            answers: each with its line in the source.
            source: their file, for error messages.

        Raises:
            InputError: an `answer_id` appears twice, an answer cannot be read, or the journal is damaged.

        """
        for entry in self._journal.entries():
            if not entry.retry:
                self._work.mark_graded(entry)
        for line, answer in answers:
            words = words_digest(answer)
            self._work.add(answer, key=self._key(answer), words=words, line=line, source=source)
        self._work.build_index()
        self.n_reused = self._work.n_graded

    def _key(self, answer: Answer) -> str:
        return content_key(answer.question_id, answer.answer, self._signature_of(answer.question_id))

    def grade(self) -> Iterator[int]:
        """Grade what is left, chunk by chunk; each chunk is on the disk before the next one begins.

        Yields:
            how many answers have been dealt with since the last time, those of earlier runs among them.

        Raises:
            InputError: the journal cannot be written.
            SetupError: no answer can be graded.

        """
        left, kept = self.n_answers, self._work.n_graded
        for chunk, grades in self._engine.run(self._chunks()):
            keys = [self._key(answer) for answer in chunk]
            for entry in self._journal.append([_record(*pair) for pair in zip(keys, grades, strict=True)]):
                self._work.mark_graded(entry)
            self._in_progress.difference_update(keys)
            self.n_failed += sum(map(is_failed, grades))
            dealt = kept + self._work.n_with(keys)
            yield dealt
            left, kept = left - dealt, 0
        yield left

    def _chunks(self) -> Iterator[list[Answer]]:
        """Answers without a grade, equal ones once, in chunks that do not depend on who grades them or how fast."""
        return chunks(self._ungraded(), size=self._chunk_size)

    def _ungraded(self) -> Iterator[Answer]:
        for item in self._work.in_order():
            if item.entry is None and item.key not in self._in_progress and not self._work.has_grade(item.key):
                self._in_progress.add(item.key)
                yield item.answer

    def __iter__(self) -> Iterator[Grade]:
        for item in self._work.in_order():
            if item.entry is not None:
                grade = self._grade_of(item.answer, *item.entry)
                yield flag_duplicate(grade) if item.is_duplicate else grade

    def rows(self) -> Iterator[dict[str, Any]]:
        """The rows of the grades (`grade_row`), in input order; most need no grade to be built."""
        for item in self._work.in_order():
            if item.entry is not None:
                row = stored_grade_row(self._journal.grade(*item.entry), item.answer)
                if row is None:  # not as this version writes it
                    row = grade_row(self._grade_of(item.answer, *item.entry))
                yield flag_duplicate_row(row) if item.is_duplicate else row

    def _grade_of(self, answer: Answer, offset: int, length: int) -> Grade:
        stored = self._journal.grade(offset, length)
        values = {**stored, **{name: getattr(answer, name) for name in ANSWER_FIELDS}}
        return validate(Grade, values, source=self._journal.source, line_of=lambda _: None)

    def compact_journal(self) -> None:
        """Leave out of the journal what no answer of a finished run needs, where that is most of it."""
        if self._work.n_unused > self._work.n_used:
            self._journal.rewrite(self._records())

    def _records(self) -> Iterator[JournalRecord]:
        for key, offset, length in self._work.used():
            grade = self._journal.grade(offset, length)
            yield JournalRecord(key, grade, not _NOT_FINAL.isdisjoint(grade["flags"]))


def is_failed(grade: Grade) -> bool:
    """Whether a grade has no score, or a judge was asked in vain."""
    return grade.score is None or not _NOT_FINAL.isdisjoint(grade.flags)


def _record(key: str, grade: Grade) -> JournalRecord:
    row = grade_row(grade.model_copy(update={"extra": {}}))
    kept = {name: value for name, value in row.items() if name not in ANSWER_FIELDS}
    return JournalRecord(key, kept, not _NOT_FINAL.isdisjoint(grade.flags))


@dataclass
class BatchTotals:
    """The figures of a run, added up grade by grade.

    Attributes:
        seconds: how long grading took.
        n_reused: answers that an earlier run had graded.
        n_failed: answers that are ungraded, or of which a judge was asked in vain.
        reasons: why answers are ungraded, and how many each.
        duplicates: the first answers whose words another candidate has, too; `n_duplicates` counts all of them.

    """

    seconds: float
    n_reused: int
    n_answers: int = 0
    n_graded: int = 0
    n_needs_review: int = 0
    n_judge_failed: int = 0
    n_failed: int = 0
    n_duplicates: int = 0
    duplicates: list[str] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    _fractions: float = 0.0

    def add(self, grade: Grade) -> None:
        """Count one grade."""
        self.n_answers += 1
        self.n_needs_review += grade.needs_review
        self.n_judge_failed += "judge_failed" in grade.flags
        self.n_failed += is_failed(grade)
        if grade.fraction is not None:
            self.n_graded += 1
            self._fractions += grade.fraction
        if grade.ungraded_reason is not None:
            self.reasons[grade.ungraded_reason] += 1
        if "duplicate" in grade.flags:
            self.n_duplicates += 1
            if len(self.duplicates) < _NAMED:
                self.duplicates.append(grade.answer_id)

    @property
    def n_ungraded(self) -> int:
        """Answers without a score."""
        return self.n_answers - self.n_graded

    @property
    def mean_fraction(self) -> float | None:
        """Over graded answers, 0..1; `None` when there are none."""
        return self._fractions / self.n_graded if self.n_graded else None

    def as_json(self) -> dict[str, Any]:
        """As `grader grade --json` prints them."""
        return {
            "n_answers": self.n_answers,
            "n_graded": self.n_graded,
            "n_ungraded": self.n_ungraded,
            "n_needs_review": self.n_needs_review,
            "n_reused": self.n_reused,
            "mean_fraction": self.mean_fraction,
            "seconds": round(self.seconds, 3),
            "answers_per_second": round(self.n_answers / self.seconds, 2) if self.seconds else None,
        }
