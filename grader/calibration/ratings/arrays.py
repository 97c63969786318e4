"""Ratings as arrays with their labels: people apart from machines, totals apart from rubric points.

Totals that the file does not hold are added up from points here.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from grader.calibration.ratings.reading import Rating, Ratings
from grader.statistics import Codes, Floats, LongForm

SYSTEM: Final = "system:"  # how the name of a machine begins

PointName = tuple[str, str]  # question (empty where the file names none) and point


@dataclass(frozen=True, slots=True, eq=False)
class RatingArrays:
    """Ratings as arrays; the numbers in them are indices into the tuples of labels.

    Attributes:
        answer_ids, raters, question_ids, group_names, points: the labels, sorted. `raters` are people. `question_ids`
            is empty where no question is named; an answer without one has the question "" otherwise.
        totals: scores of whole answers in points, of people, with repeats.
        point_ratings: shares (0..1) of rubric points, of people, with repeats; `None` where none were rated.
        questions, groups: shape `(n_answers,)`, of each answer; -1 where not known.
        max_scores: shape `(n_answers,)`, the scale of each answer; NaN where not known.
        gold: shape `(n_answers,)`, definitive scores; NaN where there is none.
        systems: for each machine its scores of whole answers, shape `(n_answers,)`; NaN where it gave none.
        system_points: for each machine that rated points its shares of them, as the ratings of one rater.
        n_summed: how many totals were added up from points.
        n_incomplete: how many answers a person rated in part: without a total, and without some of the points.

    """

    answer_ids: tuple[str, ...]
    raters: tuple[str, ...]
    question_ids: tuple[str, ...]
    group_names: tuple[str, ...]
    points: tuple[PointName, ...]
    totals: LongForm
    point_ratings: LongForm | None
    questions: Codes
    groups: Codes
    max_scores: Floats
    gold: Floats
    systems: Mapping[str, Floats]
    system_points: Mapping[str, LongForm]
    n_summed: int
    n_incomplete: int


def is_machine(rater: str) -> bool:
    """Whether a rater is a machine, by its name; `System:` is read as `system:`."""
    return rater.casefold().startswith(SYSTEM)


def rating_arrays(ratings: Ratings) -> RatingArrays:
    """Turn ratings into arrays.

    The total of an answer is what its rater gave it as a whole; otherwise the sum over all points that anybody rated of
    the question, if this rater rated them all. A point's share is its score divided by its scale; where the file states
    no scale, by the highest score that anybody gave for it, if that is above 1.
    """
    parts = [row for row in ratings.rows if row.point_id is not None]
    whole = [row for row in ratings.rows if row.point_id is None]
    stated = {(row.answer_id, row.rater) for row in whole}
    summed = list(_summed(parts, stated))
    stated |= {(row.answer_id, row.rater) for row in summed}
    labels = _labels(ratings.rows)
    people = [row for row in (*whole, *summed) if not is_machine(row.rater)]
    machines = [row for row in (*whole, *summed) if is_machine(row.rater)]
    max_scores = np.full(len(labels.answers), np.nan)
    for row in (*whole, *summed):
        if row.max_score is not None:
            max_scores[labels.answers[row.answer_id]] = row.max_score
    return RatingArrays(
        answer_ids=tuple(labels.answers),
        raters=tuple(labels.raters),
        question_ids=tuple(labels.questions),
        group_names=tuple(labels.groups),
        points=tuple(labels.points),
        totals=_long_form(people, labels),
        point_ratings=_point_ratings([row for row in parts if not is_machine(row.rater)], parts, labels),
        questions=labels.question_of,
        groups=labels.group_of,
        max_scores=max_scores,
        gold=_gold(ratings.gold, labels),
        systems=_systems(machines, labels),
        system_points=_system_points(parts, labels),
        n_summed=len(summed),
        n_incomplete=len({(row.answer_id, row.rater) for row in parts if not is_machine(row.rater)} - stated),
    )


# --- labels ----------------------------------------------------------------------------------------


class _Labels(NamedTuple):
    """Each label with its number, and what each answer belongs to."""

    answers: dict[str, int]
    raters: dict[str, int]
    questions: dict[str, int]
    groups: dict[str, int]
    points: dict[PointName, int]
    question_of: Codes
    group_of: Codes


def _labels(rows: Iterable[Rating]) -> _Labels:
    raters: set[str] = set()
    points: set[PointName] = set()
    questions: dict[str, str] = {}
    groups: dict[str, str] = {}
    for row in rows:
        questions[row.answer_id] = row.question_id or questions.get(row.answer_id, "")
        groups[row.answer_id] = row.group or groups.get(row.answer_id, "")
        if not is_machine(row.rater):
            raters.add(row.rater)
        if row.point_id is not None:
            points.add(_point(row))
    answers = _numbered(questions)
    known_questions = _numbered(questions.values()) if any(questions.values()) else {}
    known_groups = _numbered(filter(None, groups.values()))
    return _Labels(
        answers=answers,
        raters=_numbered(raters),
        questions=known_questions,
        groups=known_groups,
        points={name: number for number, name in enumerate(sorted(points))},
        question_of=np.array([known_questions.get(questions[answer], -1) for answer in answers]),
        group_of=np.array([known_groups.get(groups[answer], -1) for answer in answers]),
    )


def _numbered(labels: Iterable[str]) -> dict[str, int]:
    return {label: number for number, label in enumerate(sorted(set(labels)))}


def _point(row: Rating) -> PointName:
    return row.question_id or "", row.point_id or ""


# --- arrays ----------------------------------------------------------------------------------------


def _long_form(
    rows: Sequence[Rating], labels: _Labels, *, scores: Sequence[float] | None = None, points: Codes | None = None
) -> LongForm:
    answers = np.array([labels.answers[row.answer_id] for row in rows], dtype=np.intp)
    times = np.array([np.nan if row.time is None else row.time for row in rows], dtype=float)
    return LongForm(
        answers=answers,
        raters=np.array([labels.raters[row.rater] for row in rows], dtype=np.intp),
        scores=np.array([row.score for row in rows] if scores is None else scores, dtype=float),
        n_answers=len(labels.answers),
        n_raters=len(labels.raters),
        questions=labels.question_of[answers] if labels.questions else None,
        points=points,
        times=None if np.isnan(times).all() else times,
        groups=labels.group_of[answers] if labels.groups else None,
    )


def _point_ratings(rows: Sequence[Rating], parts: Sequence[Rating], labels: _Labels) -> LongForm | None:
    """Ratings of points as shares; a point without a scale is scaled by its highest score in `parts`."""
    if not rows:
        return None
    highest: defaultdict[PointName, float] = defaultdict(lambda: 1.0)
    for row in parts:
        highest[_point(row)] = max(highest[_point(row)], row.score)
    return _long_form(
        rows,
        labels,
        scores=[row.score / (row.max_score or highest[_point(row)]) for row in rows],
        points=np.array([labels.points[_point(row)] for row in rows], dtype=np.intp),
    )


def _system_points(parts: Sequence[Rating], labels: _Labels) -> dict[str, LongForm]:
    found = {}
    for name in sorted({row.rater for row in parts if is_machine(row.rater)}):
        own = [row for row in parts if row.rater == name]
        form = _point_ratings(own, parts, labels._replace(raters={name: 0}))
        if form is not None:
            found[name] = form
    return found


def _summed(parts: Sequence[Rating], stated: set[tuple[str, str]]) -> Iterator[Rating]:
    """Totals from points, one for each time that a rater rated all points of an answer."""
    wanted: defaultdict[str, set[str]] = defaultdict(set)
    rated: defaultdict[tuple[str, str], defaultdict[str, list[Rating]]] = defaultdict(lambda: defaultdict(list))
    for row in parts:
        question, point = _point(row)
        wanted[question].add(point)
        if (row.answer_id, row.rater) not in stated:
            rated[row.answer_id, row.rater][point].append(row)
    for by_point in rated.values():
        first = next(iter(by_point.values()))[0]
        if by_point.keys() == wanted[_point(first)[0]]:
            for rows in zip(*by_point.values(), strict=False):  # surplus ratings of one point make no total
                scales = [row.max_score for row in rows if row.max_score is not None]
                yield first._replace(
                    score=float(sum(row.score for row in rows)),
                    point_id=None,
                    max_score=float(sum(scales)) if len(scales) == len(rows) else None,
                    time=max((row.time for row in rows if row.time is not None), default=None),
                )


def _gold(given: Mapping[tuple[str, str | None], float], labels: _Labels) -> Floats:
    """The definitive score of each answer as a whole."""
    gold = np.full(len(labels.answers), np.nan)
    for (answer, point), score in given.items():
        if point is None and answer in labels.answers:
            gold[labels.answers[answer]] = score
    return gold


def _systems(rows: Sequence[Rating], labels: _Labels) -> dict[str, Floats]:
    systems = {name: np.full(len(labels.answers), np.nan) for name in sorted({row.rater for row in rows})}
    for row in rows:
        systems[row.rater][labels.answers[row.answer_id]] = row.score
    return systems
