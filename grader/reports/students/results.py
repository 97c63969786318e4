"""Grades grouped by student, one grade a question, and what they add up to."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from grader.errors import InputError
from grader.schema import Grade

Attempts = Literal["first", "last", "best"]


@dataclass(frozen=True)
class StudentResult:
    """One student.

    Attributes:
        student: the `candidate` of the answers, else what stands before `/<question id>` in their ids.
        about: the further columns of the student's first answer.
        grades: by question id.

    """

    student: str
    about: Mapping[str, Any]
    grades: Mapping[str, Grade]


@dataclass(frozen=True)
class Total:
    """What a student's answers add up to: `score` is `None` where an answer that counts is ungraded."""

    score: float | None
    max_score: float

    @property
    def share(self) -> float | None:
        """The score as a share of the full score, 0..1; `None` without a score."""
        return None if self.score is None or self.max_score == 0 else self.score / self.max_score


@dataclass(frozen=True)
class StudentResults:
    """All students, in order of first appearance.

    Attributes:
        questions: ids in order of first appearance.
        uncounted: questions for which no answer was graded: they count in no total.
        students: one result each.

    """

    questions: tuple[str, ...]
    uncounted: frozenset[str]
    students: tuple[StudentResult, ...]

    def total(self, result: StudentResult, *, rounded: bool) -> Total:
        """The sum over the questions to which there is an answer of the student; those of nobody's grade do not count.

        Args:
            result: of one student.
            rounded: add the scores up as people read them, so that the columns of a table give its total.

        """
        counted = [grade for name, grade in result.grades.items() if name not in self.uncounted]
        scores = [grade.rounded_score if rounded else grade.score for grade in counted]
        known = [score for score in scores if score is not None]
        complete = bool(counted) and len(known) == len(scores)
        return Total(round(sum(known), 9) if complete else None, sum(grade.max_score or 0.0 for grade in counted))

    @cached_property
    def max_score(self) -> float:
        """The full score of all questions that count."""
        full = {name: grade.max_score or 0.0 for each in self.students for name, grade in each.grades.items()}
        return sum(score for name, score in full.items() if name not in self.uncounted)

    def without_total(self) -> list[str]:
        """The students whose totals are not out of the full score, or who have none."""
        totals = [(each.student, self.total(each, rounded=True)) for each in self.students]
        return [name for name, total in totals if total.score is None or total.max_score != self.max_score]


def group_by_student(
    grades: Iterable[Grade], *, attempts: Attempts | None = None, texts: bool = True
) -> StudentResults:
    """Group grades by student. Memory grows with the grades.

    Args:
        grades: any order.
        attempts: which one counts where a student has several answers to a question. `best` is the attempt with the
            highest sum of scores, of equal ones the first.
        texts: keep answers and points; tables need none.

    Raises:
        InputError: an answer tells no student, a student has several answers to a question and `attempts` is not
            given, or a question has two full scores.

    """
    students: dict[str, _Attempts] = {}
    questions: dict[str, float | None] = {}
    for grade in grades:
        student = student_of(grade)
        if student is None:
            problem = (
                f"answer '{grade.answer_id}' tells no student: give the answers a column 'candidate', "
                f"or ids such as <student>/{grade.question_id}"
            )
            raise InputError(problem, field="candidate")
        if questions.setdefault(grade.question_id, grade.max_score) != grade.max_score:
            problem = f"question '{grade.question_id}' has two full scores, in answer '{grade.answer_id}' another one"
            raise InputError(f"{problem}: grade all answers with the same rubrics", field="max_score")
        students.setdefault(student, _Attempts(grade.extra)).add(
            grade if texts else grade.model_copy(update={"points": (), "answer": "", "question": "", "extra": {}}),
            student,
        )
    results = tuple(
        StudentResult(student, found.about, found.chosen(attempts, student)) for student, found in students.items()
    )
    graded = {name for each in results for name, grade in each.grades.items() if grade.score is not None}
    return StudentResults(tuple(questions), frozenset(questions).difference(graded), results)


def student_of(grade: Grade) -> str | None:
    """The student who wrote an answer; `None` where neither `candidate` nor the id tells."""
    if grade.candidate is not None:
        return grade.candidate
    match = re.fullmatch(rf"(.+)/{re.escape(grade.question_id)}(?:-\d+)?", grade.answer_id, re.DOTALL)
    return None if match is None else match[1]


@dataclass
class _Attempts:
    """The grades of one student by attempt and question."""

    about: Mapping[str, Any]
    grades: dict[int, dict[str, Grade]] = field(default_factory=dict)

    def add(self, grade: Grade, student: str) -> None:
        told = re.fullmatch(rf"{re.escape(f'{student}/{grade.question_id}')}-(\d+)", grade.answer_id)
        attempt = 1 if told is None else int(told[1])
        while grade.question_id in self.grades.setdefault(attempt, {}):
            attempt += 1
        self.grades[attempt][grade.question_id] = grade

    def chosen(self, attempts: Attempts | None, student: str) -> Mapping[str, Grade]:
        numbers = sorted(self.grades)
        if len(numbers) == 1 or attempts == "first":
            return self.grades[numbers[0]]
        if attempts == "last":
            return self.grades[numbers[-1]]
        if attempts == "best":
            return max((self.grades[number] for number in numbers), key=_sum)
        names: dict[str, list[str]] = {}
        for number in numbers:
            for question_id, grade in self.grades[number].items():
                names.setdefault(question_id, []).append(grade.answer_id)
        question_id, ids = max(names.items(), key=lambda item: len(item[1]))
        several = (
            f"has several answers to '{question_id}' ({', '.join(ids[:3])})" if len(ids) > 1 else "has several attempts"
        )
        raise InputError(f"student '{student}' {several}: say which counts with --attempt first, last or best")


def _sum(grades: Mapping[str, Grade]) -> float:
    return sum(grade.score or 0.0 for grade in grades.values())
