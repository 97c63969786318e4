"""What the spread of scores is made of: answers, strictness of raters, and the rest.

Score of rater r on answer i = mean + answer i + rater r + rest, with variances V_a, V_r and V_e. V_a is what the
scores should show; V_r goes away when strictness is adjusted; V_e is what one more rater averages out. What follows
from them is in `measurement.py`. Pure functions on numpy arrays; NaN means undefined. Nothing here rounds.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from grader.statistics.agreement import Codes, Floats
from grader.statistics.bootstrap import Statistic
from grader.statistics.rating_tables import rating_table

# Raters with less information in common than this are not linked: it is rounding error.
_NO_INFORMATION = 1e-9


class Components(NamedTuple):
    """Variances in squared score points; an estimate may be below 0, which means 0. NaN where undefined."""

    answer: float  # V_a
    rater: float  # V_r
    residual: float  # V_e


def variance_components(ratings: npt.ArrayLike) -> Components:
    """Return the variances of answers, raters and the rest, also where not everybody rated everything.

    Henderson's third method. With N ratings of n answers by k raters, SS_a and SS_r the squares within answers and
    within raters, and SS_e what the additive model answer + rater of rank n + d leaves over (d = k - 1 if all are
    linked): V_e = SS_e / (N - n - d), V_r = (SS_a - SS_e - d V_e) / (N - n),
    V_a = (SS_r - SS_e - (n + d - k) V_e) / (N - k). Without gaps this is the analysis of variance:
    V_a = (MSR - MSE) / k, V_r = (MSC - MSE) / n, V_e = MSE.

    Args:
        ratings: shape `(n_answers, n_raters)`, NaN = missing.

    Undefined: NaN when no answer has two ratings, or nothing is left over after the additive model.
    Raises: ValueError on another shape or infinite values.
    Source: Henderson (1953), Biometrics 9, 226-252; Searle, Casella & McCulloch (1992), "Variance Components",
        chapter 5; without gaps: Shrout & Fleiss (1979), Psychological Bulletin 86, 420-428.
    Checked against: the example of Shrout & Fleiss, dense projections, and the mean over simulated panels with gaps.
    """
    statistic = components_by_weights(ratings)
    return Components(*(float(part) for part in statistic(np.ones((1, len(np.asarray(ratings)))))[0]))


def components_by_weights(ratings: npt.ArrayLike) -> Statistic:
    """Return `variance_components` as a function of how often each answer counts, for `bootstrap.resample_many`.

    Args:
        ratings: shape `(n_answers, n_raters)`, NaN = missing.

    Returns:
        A function of weights `(n_draws, n_answers)` that returns `(n_draws, 3)`: V_a, V_r, V_e.

    Undefined: NaN as `variance_components`.
    Raises: as `variance_components`.
    Source: as `variance_components`.
    Checked against: `variance_components` of the repeated rows.
    """
    table = rating_table(ratings)
    rated = np.isfinite(table)
    if rated.all() and min(table.shape) > 0:
        return _without_gaps(table)
    scores = np.where(rated, table - (table[rated].mean() if rated.any() else 0.0), 0.0)
    n_ratings = rated.sum(axis=1)
    means = scores.sum(axis=1) / np.maximum(n_ratings, 1)
    deviations = np.where(rated, scores - means[:, None], 0.0)
    rows, columns = np.nonzero(rated)
    entries = _Entries(rows, columns, scores[rated], deviations[rated], n_ratings, table.shape[1], _pairs(rated))

    def of_weights(weights: Floats) -> Floats:
        return np.array([_henderson(entries, drawn) for drawn in weights]).reshape(len(weights), 3)

    return of_weights


def _without_gaps(table: Floats) -> Statistic:
    """Return the analysis of variance: the same numbers, without a system of equations for each draw."""
    k = table.shape[1]
    scores = table - table.mean()
    means, squares = scores.mean(axis=1), np.sum(scores**2, axis=1)

    def of_weights(weights: Floats) -> Floats:
        n_answers = weights.sum(axis=1)
        n = np.where((n_answers > 1) & (k > 1), n_answers, np.nan)
        grand = weights @ means / n
        of_raters = n * np.sum((weights @ scores / n[:, None] - grand[:, None]) ** 2, axis=1)
        of_answers = k * (weights @ means**2 - n * grand**2)
        left = np.maximum(weights @ squares - n * k * grand**2 - of_raters - of_answers, 0.0)
        residual = left / (n - 1) / max(k - 1, 1)
        answer, rater = (of_answers / (n - 1) - residual) / k, (of_raters / max(k - 1, 1) - residual) / n
        return np.column_stack([answer, rater, residual])

    return of_weights


class _Entries(NamedTuple):
    rows: Codes  # of each rating: its answer
    columns: Codes  # its rater
    scores: Floats
    deviations: Floats  # from the mean of the answer
    n_ratings: Codes  # of each answer
    n_raters: int
    pairs: tuple[Codes, Codes, Floats]  # of each ordered pair of ratings of an answer: see `_pairs`


def _pairs(rated: npt.NDArray[np.bool_]) -> tuple[Codes, Codes, Floats]:
    """Return all ordered pairs of ratings of one answer, a rating with itself included: answer, raters, 1 / c."""
    n_ratings = rated.sum(axis=1)
    n_raters = rated.shape[1]
    answers, cells = [np.zeros(0, dtype=np.intp)], [np.zeros(0, dtype=np.intp)]
    for times in np.unique(n_ratings[n_ratings > 0]):
        which = np.flatnonzero(n_ratings == times)
        raters = np.nonzero(rated[which])[1].reshape(-1, times)
        answers.append(np.repeat(which, times * times))
        cells.append((raters[:, :, None] * n_raters + raters[:, None, :]).ravel())
    of_pair = np.concatenate(answers)
    return of_pair, np.concatenate(cells), 1 / n_ratings[of_pair]


def _explained(information: Floats, pulls: Floats, present: npt.NDArray[np.bool_]) -> tuple[float, int]:
    """Return what strictness explains of the squares within answers, and with how many degrees of freedom.

    One constant is free in each group of raters who are linked by common answers: it is filled up before solving.
    """
    k = present.size
    linked, labels = information < -_NO_INFORMATION, np.arange(k)
    while True:
        lowest = np.minimum(labels, np.where(linked, labels, k).min(axis=1, initial=k))
        if np.array_equal(lowest, labels):
            break
        labels = lowest
    filled = information + (labels[:, None] == labels) / np.bincount(labels, minlength=k)[labels]
    explained = float(pulls @ np.linalg.solve(filled, pulls)) if k else 0.0
    return explained, int(present.sum()) - np.unique(labels[present]).size


def _henderson(entries: _Entries, drawn: Floats) -> tuple[float, float, float]:
    """Return V_a, V_r and V_e where answer i counts `drawn[i]` times, as so many different answers."""
    k, weight = entries.n_raters, drawn[entries.rows]
    n_of_rater = np.bincount(entries.columns, weights=weight, minlength=k)
    n_ratings, n_present = float(weight.sum()), int(np.count_nonzero(n_of_rater))
    n_answers = float(drawn[entries.n_ratings > 0].sum())
    answers, cells, parts = entries.pairs
    shared = np.bincount(cells, weights=drawn[answers] * parts, minlength=k * k).reshape(k, k)
    pulls = np.bincount(entries.columns, weights=weight * entries.deviations, minlength=k).astype(float)
    information = np.asarray(np.diag(n_of_rater) - shared, dtype=float)
    explained, d = _explained(information, pulls, n_of_rater > 0)
    within_answers = float(np.sum(weight * entries.deviations**2))
    sums = np.bincount(entries.columns, weights=weight * entries.scores, minlength=k)
    of_raters = float(np.sum(sums**2 / np.maximum(n_of_rater, 1)))
    within_raters = float(np.sum(weight * entries.scores**2)) - of_raters
    left, freedom = max(within_answers - explained, 0.0), n_ratings - n_answers - d
    if freedom <= 0 or n_ratings <= n_present:
        return math.nan, math.nan, math.nan
    residual = left / freedom
    rater = (explained - d * residual) / (n_ratings - n_answers)
    answer = (within_raters - left - (n_answers + d - n_present) * residual) / (n_ratings - n_present)
    return answer, rater, residual
