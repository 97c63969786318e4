"""What attempts show: better or worse by question and topic, points that keep being missed, and what to study."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean

from grader.practice.exercises import Exercise
from grader.practice.history import Attempt
from grader.schema import Grade, PointGrade, Rubric, Status


@dataclass(frozen=True)
class QuestionProgress:
    """The tries at one question that count; fractions of the full score, 0 to 1.

    Attributes:
        change: the last minus the one before; `None` with one try.

    """

    question_id: str
    question: str
    topic: str | None
    n_attempts: int
    first: float
    last: float
    best: float
    change: float | None
    last_at: datetime


@dataclass(frozen=True)
class TopicProgress:
    """The questions of one topic; `first` and `last` are means over those that were tried, `None` without any.

    Attributes:
        topic: `None`: questions without one.
        change: the mean of last minus first try over questions that were tried more than once; `None` without any.

    """

    topic: str | None
    n_questions: int
    n_tried: int
    first: float | None
    last: float | None
    change: float | None


@dataclass(frozen=True)
class MissedPoint:
    """A point that was not stated (`points_missed`), or a mistake that was made.

    Attributes:
        n_missed: in how many tries.
        n_tries: of so many in which it was judged.
        status: in the last of them.
        is_missed: whether it was missed in the last of them.

    """

    question_id: str
    point_id: str
    text: str
    n_missed: int
    n_tries: int
    status: Status
    is_missed: bool


@dataclass(frozen=True)
class StudyItem:
    """A question to study: its last fraction (0 to 1) and the points that its last try missed, heaviest first."""

    question_id: str
    question: str
    topic: str | None
    last: float
    points: tuple[MissedPoint, ...]
    reference_answer: str


# From this credit on a point was stated: what lacks is wording, and nothing to study.
_STATED = 0.7


def points_missed(rubric: Rubric, grade: Grade) -> list[PointGrade]:
    """The points to study, heaviest first: those that earn less than .7 of their weight, and mistakes that were made.

    A group that has what it needs misses nothing, and what was not judged was not missed.
    """
    group_of = {point.id: point.group for point in rubric.points}
    stated = Counter(group_of.get(point.point_id) for point in grade.points if (point.credit or 0.0) >= _STATED)
    full = {name for name, group in rubric.groups.items() if stated[name] >= group.need}
    missed = [
        point
        for point in grade.points
        if point.credit is not None
        and group_of.get(point.point_id) not in full
        and (point.status == "covered" if point.weight < 0 else point.credit < _STATED)
    ]
    return sorted(missed, key=lambda point: -abs(point.weight))


def question_progress(exercises: Mapping[str, Exercise], attempts: Iterable[Attempt]) -> list[QuestionProgress]:
    """Each question that was tried, in the order of `exercises`."""
    tries = _by_question(exercises, attempts)
    found = []
    for name, several in tries.items():
        fractions = [attempt.fraction or 0.0 for attempt in several]
        found.append(
            QuestionProgress(
                question_id=name,
                question=exercises[name].question,
                topic=exercises[name].topic,
                n_attempts=len(several),
                first=fractions[0],
                last=fractions[-1],
                best=max(fractions),
                change=fractions[-1] - fractions[-2] if len(several) > 1 else None,
                last_at=several[-1].at,
            )
        )
    return found


def topic_progress(exercises: Mapping[str, Exercise], attempts: Iterable[Attempt]) -> list[TopicProgress]:
    """Each topic, in the order in which `exercises` have them."""
    tried = {row.question_id: row for row in question_progress(exercises, attempts)}
    topics: dict[str | None, list[str]] = {}
    for name, exercise in exercises.items():
        topics.setdefault(exercise.topic, []).append(name)
    found = []
    for topic, names in topics.items():
        rows = [tried[name] for name in names if name in tried]
        again = [row.last - row.first for row in rows if row.n_attempts > 1]
        found.append(
            TopicProgress(
                topic=topic,
                n_questions=len(names),
                n_tried=len(rows),
                first=fmean(row.first for row in rows) if rows else None,
                last=fmean(row.last for row in rows) if rows else None,
                change=fmean(again) if again else None,
            )
        )
    return found


def never_tried(exercises: Mapping[str, Exercise], attempts: Iterable[Attempt]) -> list[Exercise]:
    """The questions without a try that counts, in the order of `exercises`."""
    tried = _by_question(exercises, attempts)
    return [exercise for name, exercise in exercises.items() if name not in tried]


def missed_points(exercises: Mapping[str, Exercise], attempts: Iterable[Attempt]) -> list[MissedPoint]:
    """Points that were missed at least once: first those missed in the last try, then by how often.

    Only points that the rubrics still have, with the same text.
    """
    found = [point for several in _missed_by_question(exercises, attempts).values() for point in several]
    return sorted(found, key=lambda point: (not point.is_missed, -point.n_missed))


def study_list(exercises: Mapping[str, Exercise], attempts: Sequence[Attempt]) -> list[StudyItem]:
    """Questions whose last try missed something, worst first, each with the points that it missed."""
    missed = _missed_by_question(exercises, attempts)
    found = []
    for row in question_progress(exercises, attempts):
        points = tuple(point for point in missed[row.question_id] if point.is_missed)
        if points:
            reference = exercises[row.question_id].rubric.reference_answer
            found.append(StudyItem(row.question_id, row.question, row.topic, row.last, points, reference))
    return sorted(found, key=lambda item: item.last)


def _by_question(exercises: Mapping[str, Exercise], attempts: Iterable[Attempt]) -> dict[str, list[Attempt]]:
    """The attempts that count, by question, in the order of `exercises`."""
    found: dict[str, list[Attempt]] = {name: [] for name in exercises}
    for attempt in attempts:
        if attempt.counts and attempt.question_id in found:
            found[attempt.question_id].append(attempt)
    return {name: several for name, several in found.items() if several}


def _missed_by_question(exercises: Mapping[str, Exercise], attempts: Iterable[Attempt]) -> dict[str, list[MissedPoint]]:
    """The points of each question that were missed at least once, heaviest first."""
    found: dict[str, list[MissedPoint]] = {}
    for name, several in _by_question(exercises, attempts).items():
        rubric = exercises[name].rubric
        grades = [attempt.grade for attempt in several if attempt.grade is not None]
        missed = [{(point.point_id, point.text) for point in points_missed(rubric, grade)} for grade in grades]
        found[name] = []
        for point in sorted(rubric.points, key=lambda point: -abs(point.weight)):
            key = (point.id, point.text)
            tries = [
                (graded.status, key in missed_in)
                for grade, missed_in in zip(grades, missed, strict=True)
                for graded in grade.points
                if (graded.point_id, graded.text) == key and graded.status != "not_judged"
            ]
            n_missed = sum(was_missed for _, was_missed in tries)
            if n_missed:
                status, was_missed = tries[-1]
                found[name].append(MissedPoint(name, *key, n_missed, len(tries), status, was_missed))
    return found
