"""Predictions with a guarantee: intervals that contain the human score in a stated share of cases, and when to abstain.

Split conformal prediction measures the system's errors on answers that people scored and that it was not trained on.
Errors on new answers of the same kind will be as large. No normal distribution is assumed. Pure functions on numpy
arrays.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from grader.statistics.agreement import DECIMALS, Floats

_SAME = 10.0**-DECIMALS


class Abstention(NamedTuple):
    """What happens when unsure decisions go to a person; NaN where undefined."""

    abstains: npt.NDArray[np.bool_]  # (n_answers,)
    share: float  # of the answers that go to a person
    errors: float  # share of wrong decisions among the rest, NaN without human scores or without a rest


def conformal_quantile(residuals: npt.ArrayLike, *, alpha: float) -> float:
    """Return how far a prediction is off at most, in all but a share `alpha` of new answers of the same kind.

    The ceil((n + 1) (1 - alpha))-th smallest of n residuals; infinite if that is more than n.

    Args:
        residuals: shape `(n,)`, |human - system| on answers that the system did not learn from.
        alpha: between 0 and 1, the share of misses.

    Returns:
        0 or more, in the units of the residuals; infinite when n < 1 / alpha - 1, because so few residuals guarantee
        nothing.

    Undefined: never.
    Raises: ValueError on another shape, negative or missing residuals, or `alpha` out of range.
    Source: Lei, G'Sell, Rinaldo, Tibshirani & Wasserman (2018), Journal of the American Statistical Association 113,
        1094-1111.
    Checked against: a case derived by hand, and coverage over 2,000 simulated draws.
    """
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must be between 0 and 1, got {alpha}")
    sizes = np.asarray(residuals, dtype=float)
    if sizes.ndim != 1:
        raise ValueError(f"residuals must have shape (n,), got shape {sizes.shape}")
    if not (np.isfinite(sizes).all() and (sizes >= 0).all()):
        raise ValueError("residuals must be numbers of 0 or more")
    # Without the rounding, (n + 1) (1 - alpha) = 19.000000000000004 would ask for the 20th.
    rank = math.ceil(round((sizes.size + 1) * (1 - alpha), DECIMALS))
    return float(np.sort(sizes)[rank - 1]) if rank <= sizes.size else math.inf


def answers_needed(alpha: float) -> int:
    """Return how many scored answers an interval with a share `alpha` of misses needs at least: ceil(1 / alpha) - 1.

    Undefined: never.
    Raises: ValueError when `alpha` is not between 0 and 1.
    Source: the definition of `conformal_quantile`.
    Checked against: `conformal_quantile` with this number of answers and with one fewer.
    """
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must be between 0 and 1, got {alpha}")
    return math.ceil(round(1 / alpha, DECIMALS)) - 1


def abstention(
    system: npt.ArrayLike, reach: npt.ArrayLike, cut: float, *, human: npt.ArrayLike | None = None
) -> Abstention:
    """Return the decisions that go to a person: those where system -+ reach holds scores on both sides of the cut.

    Args:
        system: shape `(n_answers,)`, predicted scores.
        reach: one number, or shape `(n_answers,)`: from `conformal_quantile`.
        cut: in score points; a score that equals it passes.
        human: shape `(n_answers,)`, to count wrong decisions among the rest.

    Returns:
        See `Abstention`. A smaller `alpha` means a larger reach and more answers for people, never fewer.

    Undefined: share NaN without answers; errors NaN as described in `Abstention`.
    Raises: ValueError on unequal shapes or a negative reach.
    Source: split conformal intervals as in `conformal_quantile`; El-Yaniv & Wiener (2010), Journal of Machine Learning
        Research 11, 1605-1641 (abstaining).
    Checked against: a case derived by hand, and a property.
    """
    m, q = np.asarray(system, dtype=float), np.asarray(reach, dtype=float)
    if np.any(q < 0) or np.isnan(q).any():
        raise ValueError("reach must be 0 or more")
    if m.ndim != 1 or q.shape not in ((), m.shape):
        raise ValueError(f"reach must be one number or have shape {m.shape}, got shape {q.shape}")
    unsure = (m - q < cut - _SAME) & (m + q >= cut - _SAME)
    share = float(unsure.mean()) if m.size else float("nan")
    errors = float("nan")
    if human is not None:
        h = np.asarray(human, dtype=float)
        if h.shape != m.shape:
            raise ValueError(f"human has shape {h.shape} but there are {m.size} answers")
        wrong = (h >= cut - _SAME) != (m >= cut - _SAME)
        errors = float(wrong[~unsure].mean()) if not unsure.all() else float("nan")
    return Abstention(unsure, share, errors)


def covered(human: npt.ArrayLike, system: npt.ArrayLike, reach: npt.ArrayLike) -> Floats:
    """Return 1 where the human score lies within the interval system -+ reach, else 0; its mean is the coverage.

    Undefined: never.
    Source: the definition.
    Checked against: the nominal share over 2,000 simulated draws.
    """
    apart = np.abs(np.asarray(human, dtype=float) - np.asarray(system, dtype=float))
    return np.asarray(apart <= np.asarray(reach, dtype=float) + _SAME, dtype=float)
