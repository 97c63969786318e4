"""Grade many answers in one run that can be interrupted: read them, grade chunks into a journal, read grades in order.

Memory use does not depend on the number of answers: a `Worklist` on disk has the answers and the positions of their
grades, a `Journal` has the grades. The key of a grade is a hash of question, answer and signature (encoder, settings,
judge, rubric, version). A second run therefore grades only what has changed, and equal answers are graded once.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from grader.batch.journal import Journal, JournalRecord
from grader.batch.worklist import Worklist
from grader.files import UNSTORED_FIELDS, grade_row, stored_grade_row, validate
from grader.grading import CHUNK_SIZE, Grader, chunks, flag_duplicate, flag_duplicate_row, words_digest
from grader.provider import content_key
from grader.schema import Answer, Grade

# Flags of grades that a later run makes again: a judge that failed may answer the next time.
_NOT_FINAL = frozenset({"judge_failed"})
_MAX_LISTED = 3  # duplicate answers that are listed by id


class Engine(Protocol):
    """Grades chunks of answers, in this process or on several machines."""

    def run(self, chunks: Iterator[list[Answer]]) -> Iterator[tuple[list[Answer], list[Grade]]]:
        """Yield each chunk with its grades; chunks return in any order."""


class LocalEngine:
    """Grades in this process, chunk by chunk; the encoder works on the next chunk meanwhile."""

    def __init__(self, grader: Grader) -> None:
        self._grader = grader

    def run(self, chunks: Iterator[list[Answer]]) -> Iterator[tuple[list[Answer], list[Grade]]]:
        """Grade the chunks in order."""
        return self._grader.grade_chunks(chunks)


class Batch:
    """The answers of one run; iterating gives their grades in input order, and can be repeated.

    Args:
        signature_of: gives the signature of a question: everything that determines its scores (`Grader.signature_of`).
        engine: grades the answers that are not in the journal.
        journal: has the grades of earlier runs; new grades are appended.
        worklist: an empty worklist.
        chunk_size: answers that are graded and stored together; a crash loses at most the unfinished chunks.
        step_of: gives the step of a question's rubric, which is not stored.

    """

    def __init__(
        self,
        signature_of: Callable[[str], str],
        engine: Engine,
        journal: Journal,
        worklist: Worklist,
        *,
        chunk_size: int = CHUNK_SIZE,
        step_of: Callable[[str], float | None] = lambda _: None,
    ) -> None:
        self._signature_of = signature_of
        self._step_of = step_of
        self._engine = engine
        self._chunk_size = chunk_size
        self._in_progress: set[str] = set()  # keys whose grades are being made
        self._journal = journal
        self._work = worklist
        self.n_reused = 0  # answers with a grade from an earlier run
        self.n_failed = 0  # new grades without a score, or for which a judge failed

    @property
    def n_answers(self) -> int:
        """Number of answers."""
        return self._work.n_answers

    @property
    def n_graded(self) -> int:
        """Number of answers that have a grade so far."""
        return self._work.n_graded

    def load(self, answers: Iterable[tuple[int | None, Answer]], *, source: str) -> None:
        """Read all answers, and find those that earlier runs have graded.

        Args:
            answers: each with its line in the source.
            source: the file, for error messages.

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
        """Grade the answers that have no grade, chunk by chunk; a chunk is on disk before the next one is processed.

        Yields:
            the number of answers done since the last yield; the first one includes those of earlier runs.

        Raises:
            InputError: the journal cannot be written.
            SetupError: no answer can be graded.

        """
        remaining, reused = self.n_answers, self._work.n_graded
        for chunk, grades in self._engine.run(self._chunks()):
            keys = [self._key(answer) for answer in chunk]
            for entry in self._journal.append([_record(*pair) for pair in zip(keys, grades, strict=True)]):
                self._work.mark_graded(entry)
            self._in_progress.difference_update(keys)
            self.n_failed += sum(map(is_failed, grades))
            done = reused + self._work.n_with(keys)
            yield done
            remaining, reused = remaining - done, 0
        yield remaining

    def _chunks(self) -> Iterator[list[Answer]]:
        """Answers without a grade, equal ones once; the chunks do not depend on the engine or its speed."""
        return chunks(self._ungraded(), size=self._chunk_size)

    def _ungraded(self) -> Iterator[Answer]:
        for item in self._work.in_order():
            if item.entry is None and item.key not in self._in_progress and not self._work.has_grade(item.key):
                self._in_progress.add(item.key)
                yield item.answer

    def __iter__(self) -> Iterator[Grade]:
        for item in self._work.in_order():
            if item.entry is not None:
                grade = self._grade_of(item.answer, item.key, *item.entry)
                yield flag_duplicate(grade) if item.is_duplicate else grade

    def rows(self) -> Iterator[dict[str, Any]]:
        """The rows of the grades (`grade_row`), in input order; most are made without building a `Grade`."""
        for item in self._work.in_order():
            if item.entry is not None:
                step = self._step_of(item.answer.question_id)
                row = stored_grade_row(self._journal.grade(item.key, *item.entry), item.answer, step)
                if row is None:  # written by another version
                    row = grade_row(self._grade_of(item.answer, item.key, *item.entry))
                yield flag_duplicate_row(row) if item.is_duplicate else row

    def _grade_of(self, answer: Answer, key: str, offset: int, length: int) -> Grade:
        stored = self._journal.grade(key, offset, length)
        values = {**stored, **dict(answer), "step": self._step_of(answer.question_id)}
        return validate(Grade, values, source=self._journal.source, line_of=lambda _: None)

    def compact_journal(self) -> None:
        """Remove grades that belong to no answer of a finished run, if they are more than half of the journal."""
        if self._work.n_unused > self._work.n_used:
            self._journal.rewrite(self._records())

    def _records(self) -> Iterator[JournalRecord]:
        for key, offset, length in self._work.used():
            grade = self._journal.grade(key, offset, length)
            yield JournalRecord(key, grade, not _NOT_FINAL.isdisjoint(grade["flags"]))


def is_failed(grade: Grade) -> bool:
    """Whether a grade has no score, or a judge failed."""
    return grade.score is None or not _NOT_FINAL.isdisjoint(grade.flags)


def _record(key: str, grade: Grade) -> JournalRecord:
    row = grade_row(grade.model_copy(update={"extra": {}}))
    stored = {name: value for name, value in row.items() if name not in UNSTORED_FIELDS}
    return JournalRecord(key, stored, not _NOT_FINAL.isdisjoint(grade.flags))


@dataclass
class BatchTotals:
    """Totals of a run, added up grade by grade.

    Attributes:
        seconds: duration of grading.
        n_reused: answers with a grade from an earlier run.
        n_failed: answers that are ungraded, or for which a judge failed.
        reasons: number of ungraded answers by reason.
        duplicates: ids of the first answers that equal an answer of another candidate; `n_duplicates` counts all.

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
            if len(self.duplicates) < _MAX_LISTED:
                self.duplicates.append(grade.answer_id)

    @property
    def n_ungraded(self) -> int:
        """Answers without a score."""
        return self.n_answers - self.n_graded

    @property
    def mean_fraction(self) -> float | None:
        """Mean fraction of the graded answers, 0..1; `None` if there are none."""
        return self._fractions / self.n_graded if self.n_graded else None

    def as_json(self) -> dict[str, Any]:
        """The totals as `grader grade --json` prints them."""
        return {
            "n_answers": self.n_answers,
            "n_graded": self.n_graded,
            "n_ungraded": self.n_ungraded,
            "n_needs_review": self.n_needs_review,
            "n_duplicates": self.n_duplicates,
            "n_reused": self.n_reused,
            "mean_fraction": self.mean_fraction,
            "seconds": round(self.seconds, 3),
            "answers_per_second": round(self.n_answers / self.seconds, 2) if self.seconds else None,
        }
