"""Checks of ratings and options before a calibration; each error says what to do.

The values of single rows are checked where they are read (`reading.py`).
"""

from typing import Final

import numpy as np

from grader.calibration.ratings.arrays import RatingArrays
from grader.calibration.ratings.reading import Ratings
from grader.errors import InputError
from grader.phrases import count
from grader.statistics import Level

_OTHER_SCALE: Final = 4.0  # times the highest score, where the file names no full score


def check_raters(arrays: RatingArrays, ratings: Ratings) -> None:
    """Check that there are two raters to compare.

    Raises:
        InputError: all ratings are by one person, and there is no machine to compare with.
    """
    if len(arrays.raters) >= 2 or (arrays.raters and arrays.systems):
        return
    if arrays.raters:
        problem = (
            f"all ratings are by '{arrays.raters[0][:40]}': to compare, add ratings of the same answers by a second "
        )
        problem += "person, or --grades"
    else:
        problem = "all ratings are by machines: to compare, add ratings of the same answers by people"
    left_out = sum(ratings.n_not_blind.values())
    if left_out:
        problem += f"; {count(left_out, 'rating')} not given blind were left out"
    raise InputError(problem, source=ratings.source)


def check_choices(arrays: RatingArrays, source: str, *, level: Level, cut: float | None) -> None:
    """Check that a cut is on the scale, and that scores suit the level of measurement.

    Raises:
        InputError: the cut is outside the scale, or the level needs scores of 0 or more.
    """
    scores, full = arrays.totals.scores, arrays.max_scores[np.unique(arrays.totals.answers)]
    if level == "ratio" and scores.min(initial=0.0) < 0:
        problem = f"--level ratio needs scores of 0 or more, found {scores.min():g}: choose interval or ordinal"
        raise InputError(problem, source=source, field="score")
    if cut is not None and np.isfinite(full).all() and not 0 <= cut <= full.max(initial=0.0):
        problem = f"--cut {cut:g} is not on the scale: expected 0 to {full.max(initial=0.0):g}"
        raise InputError(problem, source=source, field="max_score")


def check_earlier(now: RatingArrays, then: RatingArrays, source: str) -> None:
    """Check that earlier ratings are on the scale of these.

    Args:
        now: the ratings.
        then: earlier ones.
        source: the file of the earlier ones.

    Raises:
        InputError: the full scores differ; where they are not known, the highest scores differ fourfold.
    """
    scales = [np.unique(arrays.max_scores[np.unique(arrays.totals.answers)]) for arrays in (now, then)]
    if all(scale.size == 1 and np.isfinite(scale).all() for scale in scales):
        full, full_then = (float(scale[0]) for scale in scales)
        differ = full != full_then
    else:
        full, full_then = (float(arrays.totals.scores.max(initial=0.0)) for arrays in (now, then))
        differ = max(full, full_then) >= _OTHER_SCALE * min(full, full_then) > 0
    if differ:
        problem = (
            f"scores go up to {full_then:g} here and up to {full:g} in the new ratings: a change would be one of the "
            "scale. Bring both files to one scale"
        )
        raise InputError(problem, source=source, field="score")
