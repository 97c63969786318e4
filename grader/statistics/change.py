"""How a statistic changed from one sample of answers to another: this month's calibration against last month's."""

import math

import numpy as np

from grader.statistics.bootstrap import Resampled
from grader.statistics.distributions import student_t_quantile
from grader.statistics.intervals import Estimate


def change_between(
    later: Resampled,
    earlier: Resampled,
    *,
    confidence: float = 0.95,
    undefined: str = "undefined: one of the two is undefined",
) -> Estimate:
    """Return how a statistic changed from one sample of answers to another that shares none with it.

    later - earlier -+ t sqrt(s_1^2 + s_2^2), with s the standard deviations of the draws and the degrees of freedom of
    Welch, (s_1^2 + s_2^2)^2 / (s_1^4 / (n_1 - 1) + s_2^4 / (n_2 - 1)) for n units. For two statistics of the same
    answers take their difference (`later - earlier`) and `bootstrap.interval`: it is
    narrower.

    Args:
        later: from `bootstrap.resample`.
        earlier: from `bootstrap.resample`, of other answers.
        confidence: between 0 and 1.
        undefined: the note when one of the two is.

    Undefined: value `None` with the note when one is NaN; ends `None` when nothing varies in either.
    Raises: ValueError when `confidence` is not between 0 and 1.
    Source: Welch (1947), Biometrika 34, 28-35; Efron & Tibshirani (1993), chapter 8 (two samples).
    Checked against: Welch's t interval of two means, and coverage in simulations.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1, got {confidence}")
    value, n = later.value - earlier.value, later.n + earlier.n
    if not math.isfinite(value):
        return Estimate(None, None, None, n, undefined)
    squares = [_squared_error(each) for each in (later, earlier)]
    if not sum(squares) > 0 or min(later.n_units, earlier.n_units) < 2:
        return Estimate(value, None, None, n, "no interval: nothing varies, or one answer alone")
    parts = [s**2 / (each.n_units - 1) for s, each in zip(squares, (later, earlier), strict=True)]
    half_width = student_t_quantile((1 + confidence) / 2, sum(squares) ** 2 / sum(parts)) * math.sqrt(sum(squares))
    return Estimate(value, value - half_width, value + half_width, n)


def _squared_error(resampled: Resampled) -> float:
    defined = resampled.draws[np.isfinite(resampled.draws)]
    return float(defined.var(ddof=1)) if defined.size > 1 else 0.0
