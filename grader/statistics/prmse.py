"""Machine scores against true scores: the proportional reduction in mean squared error (PRMSE).

People err as well. Answers that two people scored show by how much, and this error is subtracted first. Pure
functions on numpy arrays; NaN means undefined. A few answers scored twice are enough: the others need one rating.

Symbols: answer i has c_i ratings with mean H_i, variance V_i (divided by c_i - 1) and system score M_i; N answers have
a rating, c is the sum of c_i, H the mean of all ratings.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from grader.statistics.agreement import Floats
from grader.statistics.bootstrap import Statistic
from grader.statistics.rating_tables import rating_table

# A true variance below this share of the squared scores is rounding error.
_NO_VARIANCE = 1e-12


class TrueScore(NamedTuple):
    """How system scores predict true scores; NaN where undefined."""

    prmse: float
    error_variance: float  # s_e^2, of one rating, in squared score points
    true_variance: float  # of true scores
    mean_squared_error: float  # of the system against true scores
    n: int  # answers with a rating
    n_double: int  # with two or more


def true_score_accuracy(
    ratings: npt.ArrayLike, system: npt.ArrayLike, *, error_variance: float | None = None
) -> TrueScore:
    """Return the proportional reduction in mean squared error (PRMSE) when true scores are predicted by the system.

    PRMSE = 1 - MSE / var_T, with s_e^2 = sum_i (c_i - 1) V_i / sum_i (c_i - 1),
    var_T = (sum_i c_i (H_i - H)^2 - (N - 1) s_e^2) / (c - sum_i c_i^2 / c) and
    MSE = (sum_i c_i (H_i - M_i)^2 - N s_e^2) / c.

    Args:
        ratings: shape `(n_answers, n_raters)`, NaN = missing. Answers without a rating do not count.
        system: shape `(n_answers,)`, on the scale of the ratings.
        error_variance: s_e^2, if it is known; by default from the answers with two ratings.

    Returns:
        1 perfect, 0 no better than the mean; may be below 0, and above 1 in small samples.

    Undefined: NaN when `error_variance` is not given and no answer has two ratings, or var_T is not above 0.
    Raises: ValueError on another shape, infinite ratings, or system scores that are missing or infinite.
    Source: Loukina et al. (2020), Proceedings of the BEA Workshop, 18-29; RSMTool documentation, "PRMSE"; Haberman
        (2008), Journal of Educational and Behavioral Statistics 33, 204-229.
    Checked against: the case with a known error variance in RSMTool's tests, cases derived by hand, and
        RSMTool's function on simulated panels, full and sparse.
    """
    table, m = _checked(ratings, system)
    n_ratings = np.isfinite(table).sum(axis=1)
    sums = np.array([_terms(table, m).sum(axis=0)])
    prmse, error, variance, mse = (float(part) for part in _from_sums(sums, error_variance)[0])
    return TrueScore(prmse, error, variance, mse, int((n_ratings > 0).sum()), int((n_ratings > 1).sum()))


def prmse_by_weights(ratings: npt.ArrayLike, system: npt.ArrayLike) -> Statistic:
    """Return PRMSE as a function of how often each answer counts, for `bootstrap.resample`.

    Args:
        ratings: as in `true_score_accuracy`.
        system: as in `true_score_accuracy`.

    Returns:
        A function of weights `(n_draws, n_answers)` that returns `(n_draws,)`.

    Undefined: NaN as `true_score_accuracy`.
    Raises: as `true_score_accuracy`.
    Source: as `true_score_accuracy`.
    Checked against: `true_score_accuracy` of the repeated rows.
    """
    terms = _terms(*_checked(ratings, system))

    def of_weights(weights: Floats) -> Floats:
        return _from_sums(weights @ terms, None)[:, 0]

    return of_weights


def _checked(ratings: npt.ArrayLike, system: npt.ArrayLike) -> tuple[Floats, Floats]:
    table, m = rating_table(ratings), np.asarray(system, dtype=float)
    if m.shape != (len(table),):
        raise ValueError(f"system has shape {m.shape} but there are {len(table)} answers: give one score each")
    if not np.isfinite(m).all():
        raise ValueError(f"system has {np.count_nonzero(~np.isfinite(m))} missing scores: leave those answers out")
    return table, m


def _terms(table: Floats, m: Floats) -> Floats:
    """Return each answer's terms of the sums, shape `(n_answers, 8)`."""
    rated = np.isfinite(table)
    # Scores are centred, because large squares would cancel.
    centre = table[rated].mean() if rated.any() else 0.0
    scores = np.where(rated, table - centre, 0.0)
    c = rated.sum(axis=1).astype(float)
    h = scores.sum(axis=1) / np.maximum(c, 1)
    within = np.sum(np.where(rated, scores - h[:, None], 0.0) ** 2, axis=1)
    once = (c > 0).astype(float)
    apart = c * (h - (m - centre)) ** 2
    return np.column_stack([once, c, c**2, np.maximum(c - 1, 0), within, c * h, c * h**2, apart])


def _from_sums(sums: Floats, error_variance: float | None) -> Floats:
    """Return PRMSE, s_e^2, var_T and MSE, shape `(n_draws, 4)`."""
    n, c, squared, more, within, total, squares, apart = sums.T
    nan = np.full(n.shape, np.nan)
    if error_variance is None:
        error = np.divide(within, more, out=nan.copy(), where=more > 0)
    else:
        error = np.full(n.shape, float(error_variance))
    known = c > 0
    safe = np.where(known, c, 1.0)
    between = squares - total**2 / safe
    spread = safe - squared / safe
    variance = np.divide(between - (n - 1) * error, spread, out=nan.copy(), where=known & (spread > 0))
    mse = np.where(known, (apart - n * error) / safe, np.nan)
    useful = variance > _NO_VARIANCE * (squares + within) / safe
    prmse = 1 - np.divide(mse, variance, out=nan.copy(), where=useful)
    return np.column_stack([prmse, error, variance, mse])
