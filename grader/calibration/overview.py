"""Overview of the data: size, rows that were left out, links between raters, and how strong a conclusion is possible.

Section 1 of a calibration. Agreement is in section 2.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from grader.calibration.ratings.arrays import RatingArrays
from grader.calibration.ratings.reading import Ratings
from grader.files import number_text
from grader.phrases import count
from grader.statistics import (
    DECIMALS,
    Codes,
    Estimate,
    Floats,
    LongForm,
    RaterPairs,
    ratings_per_answer,
    repeated_pairs,
    wilson_interval,
)

Strength = Literal["none", "early", "bands", "claims"]

# How many answers with two or more raters a conclusion needs; measured by simulation (docs/calibration.md).
EARLY: Final = 20  # an indication, named as such
BANDS: Final = 50  # words such as moderate and good, decided on the interval
CLAIMS: Final = 100  # anything about single people or groups of candidates
_MANY_POINTS: Final = 20  # on scales up to this one level is one point
_ENOUGH: Final = 10  # common answers that make a link worth having


@dataclass(frozen=True, slots=True)
class RepeatedRatings:
    """Agreement of raters with their own earlier ratings of the same answer.

    Attributes:
        exact: share of repeats with the same score.
        distance: mean absolute change, in score points.
    """

    exact: Estimate
    distance: float


@dataclass(frozen=True, slots=True, eq=False)
class Overview:
    """Size and design of the data; raters are numbers here, as in `RatingArrays`.

    Attributes:
        n_answers, n_raters, n_ratings, n_questions: of people; `n_ratings` with repeats, without rubric points.
        n_double_marked: answers that two or more people rated.
        n_point_ratings, n_points: ratings of single rubric points, and how many points there are.
        n_rows, n_blank, n_not_blind, n_summed, n_incomplete: as in `Ratings` and `RatingArrays`.
        n_gold: answers with a definitive score.
        constant: raters who always gave the same score, to two answers or more.
        repeats: of the same rater on the same answer; `None` without any.
        pairs: answers in common and how far apart, by pair of raters.
        components: the raters who are linked by common answers; a rater who shares none is alone.
        scale: the lowest and the highest full score of an answer; `None` where the file has none.
        step: the size of one level, in points.
        strength: how strong a conclusion this much double marking allows.
        notes: what a reader must know, one sentence each, without names.
    """

    n_answers: int
    n_raters: int
    n_ratings: int
    n_questions: int
    n_double_marked: int
    n_point_ratings: int
    n_points: int
    n_rows: int
    n_blank: int
    n_not_blind: Mapping[str, int]
    n_summed: int
    n_incomplete: int
    n_gold: int
    constant: tuple[int, ...]
    repeats: RepeatedRatings | None
    pairs: RaterPairs
    components: tuple[tuple[int, ...], ...]
    scale: tuple[float, float] | None
    step: float
    strength: Strength
    notes: tuple[str, ...]

    @property
    def connected(self) -> bool:
        """Whether all raters can be compared with each other, directly or over others."""
        return len(self.components) == 1


def strength_of(n_double_marked: int) -> Strength:
    """How strong a conclusion is possible with so many answers that two or more people rated."""
    if n_double_marked < EARLY:
        return "none"
    return "early" if n_double_marked < BANDS else "bands" if n_double_marked < CLAIMS else "claims"


def level_step(scores: Floats, max_scores: Floats) -> float:
    """The size of one level in points, where the options do not name it.

    One point, also where halves are given; a tenth of the full score on scales above 20 points, and on a scale of one
    point with values in between.

    Args:
        scores: the scores given.
        max_scores: the scales of the answers, NaN where not known; their median counts, or else the highest score.
    """
    known = max_scores[np.isfinite(max_scores)]
    full = float(np.median(known)) if known.size else float(scores.max(initial=0.0))
    in_between = bool(np.any(np.abs(scores - np.round(scores)) > 10.0**-DECIMALS))
    return full / 10 if full > _MANY_POINTS or (0 < full <= 1 and in_between) else 1.0


def overview(
    ratings: Ratings, arrays: RatingArrays, *, first_totals: LongForm, pairs: RaterPairs, components: Codes, step: float
) -> Overview:
    """Describe the data.

    Args:
        ratings: as read.
        arrays: of the same.
        first_totals: totals without repeats.
        pairs: of `first_totals`.
        components: the component of each rater, from `severity.linked_components`.
        step: the size of one level, in points.
    """
    form, points = arrays.totals, arrays.point_ratings
    scales = arrays.max_scores[np.isfinite(arrays.max_scores)]
    n_double = int(np.sum(ratings_per_answer(first_totals) >= 2))
    rated = np.unique(form.answers)
    found = Overview(
        n_answers=rated.size,
        n_raters=len(arrays.raters),
        n_ratings=form.n_ratings,
        n_questions=np.unique(arrays.questions[rated]).size if arrays.question_ids else 0,
        n_double_marked=n_double,
        n_point_ratings=0 if points is None else points.n_ratings,
        n_points=len(arrays.points),
        n_rows=ratings.n_rows,
        n_blank=ratings.n_blank,
        n_not_blind=ratings.n_not_blind,
        n_summed=arrays.n_summed,
        n_incomplete=arrays.n_incomplete,
        n_gold=int(np.isfinite(arrays.gold).sum()),
        constant=_constant(first_totals),
        repeats=_repeats(form),
        pairs=pairs,
        components=tuple(tuple(map(int, np.flatnonzero(components == c))) for c in np.unique(components)),
        scale=(float(scales.min()), float(scales.max())) if scales.size else None,
        step=step,
        strength=strength_of(n_double),
        notes=(),
    )
    return replace(found, notes=(*_notes(found), *_notes_on_files(arrays, first_totals)))


def _constant(first_totals: LongForm) -> tuple[int, ...]:
    n = np.bincount(first_totals.raters, minlength=first_totals.n_raters)
    lowest, highest = np.full(first_totals.n_raters, np.inf), np.full(first_totals.n_raters, -np.inf)
    np.minimum.at(lowest, first_totals.raters, first_totals.scores)
    np.maximum.at(highest, first_totals.raters, first_totals.scores)
    return tuple(map(int, np.flatnonzero((n > 1) & (lowest == highest))))


def _repeats(form: LongForm) -> RepeatedRatings | None:
    rows = repeated_pairs(form)
    if not len(rows):
        return None
    apart = np.round(np.abs(form.scores[rows[:, 0]] - form.scores[rows[:, 1]]), DECIMALS)
    return RepeatedRatings(wilson_interval(int(np.sum(apart == 0)), len(rows)), float(apart.mean()))


def _notes(found: Overview) -> Iterator[str]:
    """What a reader must know before reading any figure."""
    if found.n_raters == 1:
        yield "There is one rater: nobody to compare with."
    if found.strength == "none":
        have = f"{count(found.n_double_marked, 'answer')} with two or more raters"
        yield f"{have}: too few for a verdict; {EARLY} allow an early indication, {BANDS} a verdict."
    if not found.connected:
        yield (
            f"The raters fall into {len(found.components)} groups that have no answer in common: between groups nobody "
            "is strict or lenient, and Krippendorff's alpha takes such a difference for one between answers. Let one "
            f"rater of each group mark {_ENOUGH} answers of another."
        )
    for phase, n in found.n_not_blind.items():
        yield f"{count(n, 'rating')} of phase '{phase}' left out: only ratings given blind say how far raters agree."
    if found.scale is not None and found.scale[0] < found.scale[1]:
        low, high = (number_text(end) for end in found.scale)
        yield (
            f"Full scores go from {low} to {high} points: over all questions, long ones weigh more and raise "
            "correlations. The figures of each question do not have that."
        )
    if found.constant:
        yield f"{count(len(found.constant), 'rater')} always gave the same score, which says nothing about answers."
    if found.n_summed:
        yield f"{count(found.n_summed, 'score')} added up from rubric points."
    if found.n_incomplete:
        yield (
            f"{count(found.n_incomplete, 'time')} a rater rated some points of an answer and not all that others "
            "rated, and gave no total: there is no score to compare. Add the missing points, or a total."
        )


def _notes_on_files(arrays: RatingArrays, first_totals: LongForm) -> Iterator[str]:
    """Probable mistakes in the file."""
    n_again = arrays.totals.n_ratings - first_totals.n_ratings
    if n_again:
        yield (
            f"{count(n_again, 'rating')} of an answer that the same rater had rated before: the first one counts, the "
            "others show how well raters agree with themselves."
        )
    n_negative = int(np.sum(first_totals.scores < 0))
    if n_negative:
        yield f"{count(n_negative, 'score')} below 0: where that stands for no score, leave the cell blank."
    n_alike = len(arrays.raters) - len({" ".join(name.split()).casefold() for name in arrays.raters})
    if n_alike:
        yield f"{count(n_alike, 'name')} of raters like another but for capitals or blanks: one person counts as two."
