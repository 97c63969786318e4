"""Grades added to ratings: the grader as one more rater of the same answers, on the scale of the people."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from grader.calibration.ratings.arrays import SYSTEM, PointName, rating_arrays
from grader.calibration.ratings.reading import Rating, Ratings
from grader.errors import InputError
from grader.schema import Grade
from grader.statistics import Floats

GRADER_NAME: Final = f"{SYSTEM}grader"


@dataclass(frozen=True, slots=True, eq=False)
class GradedRatings:
    """Ratings with the grades of the same answers.

    Attributes:
        ratings: with the grades of rated answers among them, by the rater `GRADER_NAME`.
        batch: scores of the graded answers that nobody rated, shape `(n_batch,)`, on the scale of the ratings.
        n_ungraded: grades without a score, which are left out.
        confidences: of rated answers, where the grader says how sure it is.
        texts: the texts of the answers.
        point_texts: the texts of rubric points, by question (empty where the ratings name none) and point.
        quotes: by answer and point, the words that show it.
        signatures: what reproduces the grades.
    """

    ratings: Ratings
    batch: Floats = field(default_factory=lambda: np.zeros(0))
    n_ungraded: int = 0
    confidences: Mapping[str, float] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    point_texts: Mapping[PointName, str] = field(default_factory=dict)
    quotes: Mapping[tuple[str, str], str] = field(default_factory=dict)
    signatures: tuple[str, ...] = ()


def add_grades(ratings: Ratings, grades: Iterable[Grade], *, source: str) -> GradedRatings:
    """Add grades to ratings, as those of one more rater.

    A grade is converted to the scale of the ratings, by its share of the full score. Where the ratings name no full
    score, the scales must be the same: people's highest score is above half of the grader's full score. Points count
    where people rated points of the same ids.

    Args:
        ratings: of people.
        grades: any, also of other answers.
        source: the file of the grades, for messages.

    Raises:
        InputError: no graded answer was rated, an answer has two grades, the ratings have a rater of the grader's name,
            or the scales cannot be brought together.
    """
    rated = _Rated(ratings)
    if any(row.rater.casefold() == GRADER_NAME for row in ratings.rows):
        problem = f"has a rater '{GRADER_NAME}' already: rename it, or leave --grades out"
        raise InputError(problem, source=ratings.source, field="rater")
    seen: set[str] = set()
    rows, batch = [], []
    confidences: dict[str, float] = {}
    texts: dict[str, str] = {}
    point_texts: dict[PointName, str] = {}
    quotes: dict[tuple[str, str], str] = {}
    signatures: dict[str, None] = {}
    n_ungraded = 0
    for grade in grades:
        if grade.answer_id in seen:
            problem = f"answer '{grade.answer_id[:40]}' has two grades: keep one of them"
            raise InputError(problem, source=source, field="answer_id")
        seen.add(grade.answer_id)
        if grade.score is None or grade.max_score is None:
            n_ungraded += 1
            continue
        signatures[grade.signature] = None
        known = rated.answers.get(grade.answer_id)
        score = rated.on_scale(grade.score, grade.max_score, known, source)
        if known is None:
            batch.append(score)
            continue
        base = known._replace(rater=GRADER_NAME, time=None, line=0)
        rows.append(base._replace(score=score, point_id=None, max_score=rated.scales.get(grade.answer_id)))
        texts[grade.answer_id] = grade.answer
        if grade.confidence is not None:
            confidences[grade.answer_id] = grade.confidence
        for point in grade.points:
            place = (known.question_id or "", point.point_id)
            point_texts[place] = point.text
            if point.evidence is not None:
                quotes[grade.answer_id, point.point_id] = point.evidence.text
            if place in rated.points and point.credit is not None:
                rows.append(base._replace(score=point.credit, point_id=point.point_id, max_score=1.0))
    if not rows:
        if any(answer in rated.answers for answer in seen):
            problem = "all answers of this file that were rated are ungraded: their ungraded_reason says why"
            raise InputError(problem, source=source, field="score")
        problem = f"no answer of this file was rated in {ratings.source}: answer ids must be the same in both"
        raise InputError(problem, source=source, field="answer_id")
    joined = replace(ratings, rows=(*ratings.rows, *rows))
    return GradedRatings(
        joined, np.array(batch, dtype=float), n_ungraded, confidences, texts, point_texts, quotes, tuple(signatures)
    )


class _Rated:
    """The answers, points and scales of the ratings."""

    def __init__(self, ratings: Ratings) -> None:
        arrays = rating_arrays(ratings)
        self.answers: dict[str, Rating] = {}
        for row in ratings.rows:
            self.answers.setdefault(row.answer_id, row)
        self.points = set(arrays.points)
        known = zip(arrays.answer_ids, arrays.max_scores, strict=True)
        self.scales = {answer: float(full) for answer, full in known if np.isfinite(full)}
        self._highest = float(arrays.totals.scores.max(initial=0.0))
        scales = set(self.scales.values())
        self._common = scales.pop() if len(scales) == 1 else None

    def on_scale(self, score: float, full: float, known: Rating | None, source: str) -> float:
        """A grade in points of the people's scale."""
        scale = self._common if known is None else self.scales.get(known.answer_id)
        if scale is not None:
            return score * scale / full
        if self._highest > full or self._highest <= full / 2:
            problem = (
                f"people gave up to {self._highest:g} points and the grader's full score is {full:g}: add a column "
                "max_score to the ratings, so that both can be compared"
            )
            raise InputError(problem, source=source, field="max_score")
        return score
