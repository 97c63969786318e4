"""Halo: the impression of the whole answer decides how a rater scores each point of it."""

import math

import numpy as np

from grader.calibration.raters.effects import Effect, t_effect, unknown
from grader.statistics import Floats, LongForm


def halo(points: LongForm, *, confidence: float = 0.95) -> tuple[Effect, ...]:
    """Return how much less each rater tells the points of an answer apart than colleagues do on the same answers.

    sum_i d_ir / sum_i o_ir with d_ir the SD (dividing by n) of the rater's scores over the points of answer i, and o_ir
    the mean SD of the colleagues who rated the points of that answer. SE by the delta method over answers:
    sqrt(n / (n - 1) sum_i (d_ir - ratio o_ir)^2) / sum_i o_ir; Student's t with n - 1 degrees of freedom.

    Args:
        points: ratings of points as shares of the point (0..1), each point of an answer once per rater.
        confidence: between 0 and 1.

    Returns:
        An effect for each rater: 1 as colleagues, towards 0 all points of an answer alike; its p-value tests 1.

    Undefined: `None` with fewer than two answers of which the rater and a colleague rated two points or more, or
        when the colleagues gave all points of each answer the same.
    Raises: ValueError when the ratings are not of points or `confidence` is not between 0 and 1.
    Source: halo as restricted variation within the rated object, Saal, Downey & Lahey (1980), Psychological Bulletin
        88, 413-428.
    Checked against: a case derived by hand, and error rates in simulated teams (docs/calibration.md).
    """
    if points.points is None:
        raise ValueError("halo shows in ratings of points only, and these are of whole answers")
    cells, codes = np.unique(points.answers * points.n_raters + points.raters, return_inverse=True)
    counts = np.bincount(codes, minlength=cells.size)
    means = np.bincount(codes, weights=points.scores, minlength=cells.size) / np.maximum(counts, 1)
    squares = np.bincount(codes, weights=(points.scores - means[codes]) ** 2, minlength=cells.size)
    several = counts >= 2
    answers, raters = np.divmod(cells[several], max(points.n_raters, 1))
    apart = np.sqrt(squares[several] / counts[several])
    n_others = np.bincount(answers, minlength=points.n_answers)[answers] - 1
    of_all = np.bincount(answers, weights=apart, minlength=points.n_answers)[answers]
    others = (of_all - apart) / np.maximum(n_others, 1)
    beside = n_others > 0
    return tuple(
        _halo_of(apart[mine], others[mine], confidence)
        for mine in (beside & (raters == rater) for rater in range(points.n_raters))
    )


def _halo_of(own: Floats, others: Floats, confidence: float) -> Effect:
    n = own.size
    if n < 2:
        return unknown(n, "fewer than two answers whose points a colleague rated as well")
    total = float(others.sum())
    if total <= 1e-9 * n:
        return unknown(n, "colleagues gave all points of each answer the same")
    value = float(own.sum()) / total
    error = math.sqrt(n / (n - 1) * float(np.sum((own - value * others) ** 2))) / total
    return t_effect(value, error, n, df=n - 1, null=1.0, confidence=confidence, low=0.0)
