"""How rubric points go together: each with the rest of its answer, and in pairs."""

import math
from typing import NamedTuple

import numpy as np

from grader.statistics import Estimate, Floats, LongForm, normal_quantile, pearson_r

LEAST_FOR_CORRELATION = 5


class Relation(NamedTuple):
    """The point that another goes with most, and their correlation over answers."""

    point: int
    phi: Estimate


def rest_correlations(points: LongForm, *, confidence: float = 0.95) -> dict[int, Estimate]:
    """Return for each point its correlation with the rest of the answer: how well it tells good answers from bad.

    Pearson's r over answers of the mean share given for the point with the mean share of the answer's other points.
    Interval by Fisher's z.

    Args:
        points: ratings of points as shares.
        confidence: between 0 and 1.

    Returns:
        By point; 1 as the rest, 0 unrelated, negative the other way round.

    Undefined: `None` with fewer than five answers that have other points, or when either does not vary.
    Raises: ValueError when the ratings are not of points or `confidence` is not between 0 and 1.
    Source: corrected item-total correlation, Henrysson (1963), Psychometrika 28, 211-218.
    Checked against: a case derived by hand.
    """
    cells = _Cells.of(points)
    sums = np.bincount(cells.answers, weights=cells.means, minlength=points.n_answers)[cells.answers]
    others = np.bincount(cells.answers, minlength=points.n_answers)[cells.answers] - 1
    found = {}
    for point in np.unique(cells.points):
        own = (cells.points == point) & (others > 0)
        rest = (sums[own] - cells.means[own]) / others[own]
        found[int(point)] = correlation(cells.means[own], rest, confidence=confidence)
    return found


def twins(points: LongForm, *, confidence: float = 0.95) -> dict[int, Relation]:
    """Return for each point the one that it goes with most, by their correlation phi over answers.

    phi is Pearson's r of the mean shares given for both, over the answers that have both; of 0 and 1 that is the phi
    coefficient. Interval by Fisher's z.

    Args:
        points: ratings of points as shares.
        confidence: between 0 and 1.

    Returns:
        By point; points without a partner that varies on five answers are not in it.

    Undefined: see there.
    Raises: ValueError when the ratings are not of points or `confidence` is not between 0 and 1.
    Source: Pearson (1900); Yule (1912).
    Checked against: a case derived by hand.
    """
    cells = _Cells.of(points)
    by_point = {
        int(point): dict(zip(cells.answers[cells.points == point], cells.means[cells.points == point], strict=True))
        for point in np.unique(cells.points)
    }
    by_answer: dict[int, set[int]] = {}
    for point, means in by_point.items():
        for answer in means:
            by_answer.setdefault(int(answer), set()).add(point)
    found: dict[int, Relation] = {}
    for point, means in by_point.items():
        neighbours = sorted(set().union(*(by_answer[int(answer)] for answer in means)) - {point})
        for other in neighbours:
            shared = sorted(means.keys() & by_point[other].keys())
            phi = correlation(
                np.array([means[a] for a in shared]),
                np.array([by_point[other][a] for a in shared]),
                confidence=confidence,
            )
            best = found.get(point)
            if phi.value is not None and (best is None or phi.value > (best.phi.value or 0)):
                found[point] = Relation(other, phi)
    return found


def correlation(x: Floats, y: Floats, *, confidence: float) -> Estimate:
    """Return Pearson's r with Fisher's interval tanh(atanh r -+ z / sqrt(n - 3)).

    Args:
        x: shape `(n,)`.
        y: shape `(n,)`.
        confidence: between 0 and 1.

    Undefined: `None` with fewer than five pairs or when either does not vary; no interval where r is 1 or -1.
    Raises: ValueError when `confidence` is not between 0 and 1.
    Source: Fisher (1921), Metron 1, 3-32.
    Checked against: a case derived by hand.
    """
    n = x.size
    z = normal_quantile((1 + confidence) / 2)
    if n < LEAST_FOR_CORRELATION:
        return Estimate(None, None, None, n, f"undefined: fewer than {LEAST_FOR_CORRELATION} answers")
    r = pearson_r(x, y)
    if not math.isfinite(r):
        return Estimate(None, None, None, n, "undefined: nothing varies")
    if abs(r) >= 1 - 1e-12:
        return Estimate(r, r, r, n)
    low, high = (math.tanh(math.atanh(r) + sign * z / math.sqrt(n - 3)) for sign in (-1, 1))
    return Estimate(r, low, high, n)


class _Cells(NamedTuple):
    """Points of answers, one entry each."""

    answers: np.ndarray
    points: np.ndarray
    means: Floats  # mean share over raters

    @classmethod
    def of(cls, points: LongForm) -> "_Cells":
        if points.points is None:
            raise ValueError("the ratings are of whole answers, not of points")
        width = int(points.points.max(initial=0)) + 1
        cells, codes = np.unique(points.answers * width + points.points, return_inverse=True)
        means = np.bincount(codes, weights=points.scores, minlength=cells.size) / np.maximum(np.bincount(codes), 1)
        return cls(cells // width, cells % width, means)
