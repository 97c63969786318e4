"""Fairness: how much higher or lower than people the system scores a group, relative to all candidates.

Differences of standardized means (DSM): both scores are first put on one scale, in standard deviations from their mean
over everybody, so that a system that is strict with everybody does not look unfair to a group.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from grader.statistics.agreement import Codes, Floats
from grader.statistics.bootstrap import Statistic

# Variances below this share of the squares are rounding error.
_NO_VARIANCE = 1e-12


class Moments(NamedTuple):
    """Mean and standard deviation of scores over everybody."""

    mean: float
    deviation: float


def difference_of_standardized_means(
    human: npt.ArrayLike,
    system: npt.ArrayLike,
    *,
    of_human: Moments | None = None,
    of_system: Moments | None = None,
) -> float:
    """Return by how many standard deviations the system favours a group, compared with people.

    mean(z_m - z_h) over the group, with z = (score - mean) / SD over everybody.

    Args:
        human: shape `(n_answers,)`, of the group.
        system: shape `(n_answers,)`, of the group.
        of_human: mean and SD of the human scores of everybody; by default those of the answers given.
        of_system: the same for the system.

    Returns:
        0 treated as by people, positive favoured by the system. Over everybody it is 0.

    Undefined: NaN without answers or when an SD is 0.
    Raises: ValueError on unequal lengths or values that are not finite.
    Source: RSMTool documentation, "Differences between standardized means (DSM)".
    Checked against: the value in RSMTool's tests.
    """
    h, m = np.asarray(human, dtype=float), np.asarray(system, dtype=float)
    if h.ndim != 1 or h.shape != m.shape:
        raise ValueError(f"human has shape {h.shape} and system {m.shape}: they must be of the same answers")
    if not (np.isfinite(h).all() and np.isfinite(m).all()):
        raise ValueError("human and system must be finite: leave out answers without a score")
    if h.size == 0:
        return float("nan")
    z = [_standardized(scores, moments) for scores, moments in ((h, of_human), (m, of_system))]
    return float(np.mean(z[1] - z[0]))


def dsm_by_weights(human: Floats, squares: Floats, system: Floats, groups: Codes, n_groups: int) -> Statistic:
    """Return `difference_of_standardized_means` of each group as a function of how often each answer counts.

    Args:
        human: shape `(n_answers,)`, mean rating of each answer.
        squares: shape `(n_answers,)`, mean of the squares of its ratings, so that SD is that of single ratings.
        system: shape `(n_answers,)`.
        groups: shape `(n_answers,)`, from 0 up, -1 where not known (such answers count only for mean and SD).
        n_groups: how many groups there are.

    Returns:
        A function of weights `(n_draws, n_answers)` that returns shape `(n_draws, n_groups)`.

    Undefined: NaN for a group that was not drawn, or when an SD is 0.
    Source: as `difference_of_standardized_means`.
    Checked against: `difference_of_standardized_means` group by group.
    """
    centre_h, centre_m = (values.mean() if values.size else 0.0 for values in (human, system))
    h, m = human - centre_h, system - centre_m
    # E (x - c)^2 = E x^2 - 2 c E x + c^2
    everybody = np.column_stack([np.ones(h.size), h, squares - 2 * centre_h * human + centre_h**2, m, m**2])
    of_group = (groups[:, None] == np.arange(n_groups)).astype(float)
    within = np.hstack([of_group, of_group * h[:, None], of_group * m[:, None]])

    def of_weights(weights: Floats) -> Floats:
        n, sum_h, sum_hh, sum_m, sum_mm = (weights @ everybody).T
        size, group_h, group_m = np.hsplit(weights @ within, 3)
        size = np.where(size > 0, size, np.nan)
        z = []
        for total, square, part in ((sum_h, sum_hh, group_h), (sum_m, sum_mm, group_m)):
            variance = square / n - (total / n) ** 2
            varied = (variance > _NO_VARIANCE * square / n) & (n > 1)
            deviation = np.sqrt(np.where(varied, variance, np.nan) * n / np.maximum(n - 1, 1))
            z.append((part / size - (total / n)[:, None]) / deviation[:, None])
        return np.asarray(z[1] - z[0], dtype=float)

    return of_weights


def _standardized(scores: Floats, moments: Moments | None) -> Floats:
    if moments is None:
        spread = float(scores.std(ddof=1)) if scores.size > 1 else 0.0
        moments = Moments(float(scores.mean()), spread)
    if not moments.deviation > 0:
        return np.full(scores.shape, np.nan)
    return (scores - moments.mean) / moments.deviation
