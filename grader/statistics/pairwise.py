"""Pairs of raters: how far apart the two are, and the agreement of a panel as the mean over its pairs.

Pure functions on `LongForm`. Functions of weights (how often each answer counts) are for `bootstrap.resample_many`. NaN
means undefined; `severity.py` in `calibration` separates strictness from disagreement.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np

from grader.statistics.agreement import DECIMALS, Codes, Floats
from grader.statistics.bootstrap import Statistic
from grader.statistics.rating_tables import LongForm, ratings_per_answer, repeated_pairs, to_matrix

_PAIRS_AT_ONCE = 1_000_000
PAIR_STATISTICS: Final = ("quadratic_weighted_kappa", "pearson_r")
LEAST_COMMON: Final = 10  # answers that a pair of raters must share for a coefficient of its own
# Cost of a number in a matrix product, relative to one that is looked up and added.
_PRODUCT = 0.1
# Variances below this share of the squares are rounding error.
_NO_VARIANCE = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class RaterPairs:
    """Comparison of each two raters on their common answers; shape `(n_raters, n_raters)` each.

    Attributes:
        common: number of answers that both rated; on the diagonal, all that the rater rated.
        exact: share of them with the same score; NaN without any, and on the diagonal.
        distance: mean absolute difference, in score points; NaN likewise.
        difference: mean of the row's score minus the column's, in score points; NaN likewise.
    """

    common: Codes
    exact: Floats
    distance: Floats
    difference: Floats


def rater_pairs(form: LongForm) -> RaterPairs:
    """Compare every two raters on the answers that both rated.

    With scores y_ir and y_is of raters r and s on their n common answers: exact = mean(y_ir == y_is), distance =
    mean |y_ir - y_is|, difference = mean(y_ir - y_is).

    Args:
        form: totals, each rater at most once for an answer (`first_ratings`).

    Undefined: NaN for raters without a common answer.
    Raises: ValueError when a rater rated an answer twice.
    Source: the definition.
    Checked against: a case derived by hand, and a loop over all pairs.
    """
    if len(repeated_pairs(form)):
        raise ValueError("a rater rated an answer twice: take the first ratings alone (first_ratings)")
    n_cells = form.n_raters**2
    common, same, absolute, signed = np.zeros((4, n_cells))
    for one, other in paired_rows(form):
        cells = form.raters[one] * form.n_raters + form.raters[other]
        apart = np.round(form.scores[one] - form.scores[other], DECIMALS)
        common += np.bincount(cells, minlength=n_cells)
        same += np.bincount(cells, weights=apart == 0, minlength=n_cells)
        absolute += np.bincount(cells, weights=np.abs(apart), minlength=n_cells)
        signed += np.bincount(cells, weights=apart, minlength=n_cells)
    common, same, absolute, signed = (sums.reshape(form.n_raters, -1) for sums in (common, same, absolute, signed))
    counts = common + common.T
    known = np.where(counts > 0, counts, np.nan)
    exact, distance, difference = (same + same.T) / known, (absolute + absolute.T) / known, (signed - signed.T) / known
    whole = counts.astype(np.intp)
    whole[np.diag_indices(form.n_raters)] = np.bincount(form.raters, minlength=form.n_raters)
    return RaterPairs(whole, exact, distance, difference)


def paired_rows(form: LongForm, *, size: int = _PAIRS_AT_ONCE) -> Iterator[tuple[Codes, Codes]]:
    """Yield the row numbers of all pairs of ratings of the same answer, once each, in chunks.

    Args:
        form: the ratings.
        size: about how many pairs in a chunk.

    Undefined: never; an answer with one rating gives none.
    Source: the definition.
    Checked against: `itertools.combinations`.
    """
    order = np.argsort(form.answers, kind="stable")
    counts = np.bincount(form.answers, minlength=form.n_answers)
    begins = np.cumsum(counts) - counts
    for k in np.unique(counts[counts > 1]):
        first, second = np.triu_indices(int(k), 1)
        starts = begins[counts == k]
        step = max(1, size // first.size)
        for begin in range(0, starts.size, step):
            some = starts[begin : begin + step, None]
            yield order[(some + first).ravel()], order[(some + second).ravel()]


def agreeing_shares(form: LongForm, *, tolerance: float = 0.0) -> Floats:
    """Return for each answer the share of its pairs of ratings that differ by `tolerance` at most.

    Args:
        form: totals, each rater at most once for an answer.
        tolerance: in score points; 0 for exact agreement.

    Returns:
        Shape `(n_answers,)`.

    Undefined: NaN for answers with one rating.
    Source: the definition, p_a of Gwet (2014) with full credit within the tolerance.
    Checked against: a case derived by hand, and `agreement.exact_agreement`.
    """
    agreeing, pairs = np.zeros((2, form.n_answers))
    for one, other in paired_rows(form):
        apart = np.round(np.abs(form.scores[one] - form.scores[other]), DECIMALS)
        agreeing += np.bincount(form.answers[one], weights=apart <= tolerance, minlength=form.n_answers)
        pairs += np.bincount(form.answers[one], minlength=form.n_answers)
    shares: Floats = agreeing / np.where(pairs > 0, pairs, np.nan)
    return shares


def means_by_weights(columns: Floats) -> Statistic:
    """Return the mean of each column over the answers that have a value, shape `(n_draws, n_columns)`.

    Args:
        columns: shape `(n_answers, n_columns)`, NaN where an answer has none.

    Undefined: NaN where no answer that counts has a value.
    Source: the definition.
    Checked against: the mean of the repeated rows.
    """
    known = np.isfinite(columns)
    values, counted = np.where(known, columns, 0.0), known.astype(float)

    def of_weights(weights: Floats) -> Floats:
        n = weights @ counted
        means: Floats = np.divide(weights @ values, n, out=np.full_like(n, np.nan), where=n > 0)
        return means

    return of_weights


def mean_over_pairs(form: LongForm) -> Statistic:
    """Return quadratic-weighted kappa and Pearson's r, each as the mean over pairs of raters: `PAIR_STATISTICS`.

    For raters r and s and the answers that both rated: kappa = 2 cov / (var_r + var_s + (mean_r - mean_s)^2), r = cov /
    sqrt(var_r var_s), with moments that divide by n. Only pairs with 10 answers in common count; if no pair has 10,
    those with 2.

    Args:
        form: totals, each rater at most once for an answer.

    Returns:
        A function of weights `(n_draws, n_answers)` that returns shape `(n_draws, 2)`.

    Undefined: a pair does not count where its coefficient is undefined (nobody varies; for r, one of the two does not);
    NaN when no pair counts.
    Source: as `agreement.quadratic_weighted_kappa` and `agreement.pearson_r`; the mean over pairs: Light (1971),
        Psychological Bulletin 76, 365-377.
    Checked against: a loop over all pairs with these functions.
    """
    n_rated = ratings_per_answer(form)
    n_pairs = int((n_rated * (n_rated - 1)).sum()) // 2
    centred = form.scores - (form.scores.mean() if form.n_ratings else 0.0)
    by_product = form.n_answers * form.n_raters**2 * _PRODUCT < n_pairs
    moments = _moments_by_product(form, centred) if by_product else _moments_by_pair(form, centred)
    n_common = next(moments(np.ones((1, form.n_answers)))).n
    counted = n_common >= (LEAST_COMMON if np.any(n_common >= LEAST_COMMON) else 2)

    def of_weights(weights: Floats) -> Floats:
        means = [[_mean(values[counted]) for values in _coefficients(sums)] for sums in moments(weights)]
        return np.asarray(means, dtype=float).reshape(len(weights), len(PAIR_STATISTICS))

    return of_weights


def few_in_common(form: LongForm) -> bool:
    """Return whether several pairs of raters share answers, but no pair shares 10.

    The mean over pairs is then no estimate of agreement: with 4 answers a pair, kappa is .15 too low on average, and r
    of two answers is always 1 or -1. With only two raters the interval shows how uncertain the value is.

    Args:
        form: totals, each rater at most once for an answer.

    Undefined: never.
    Source: simulated teams in rotating pairs; a moment that divides by n is on average (n - 1) / n of the true one.
    Checked against: cases derived by hand.
    """
    rated = np.isfinite(to_matrix(form)).astype(float)
    common = (rated.T @ rated)[np.triu_indices(form.n_raters, 1)]
    return bool(np.count_nonzero(common) > 1 and common.max() < LEAST_COMMON)


class _Moments(NamedTuple):
    """Weighted sums over the answers in common, for each pair of raters."""

    n: Floats
    one: Floats
    other: Floats
    one_squared: Floats
    other_squared: Floats
    product: Floats


def _moments_by_pair(form: LongForm, scores: Floats) -> Callable[[Floats], Iterator[_Moments]]:
    """Add up pairs of ratings: fast where few of all possible pairs exist."""
    chunks = list(paired_rows(form))
    one, other = (np.concatenate([chunk[side] for chunk in chunks] or [np.zeros(0, np.intp)]) for side in (0, 1))
    swapped = form.raters[one] > form.raters[other]
    one, other = np.where(swapped, other, one), np.where(swapped, one, other)
    _, cells = np.unique(form.raters[one] * form.n_raters + form.raters[other], return_inverse=True)
    n_cells, answers, x, y = int(cells.max(initial=-1)) + 1, form.answers[one], scores[one], scores[other]
    columns = [np.ones(x.size), x, y, x * x, y * y, x * y]

    def moments(weights: Floats) -> Iterator[_Moments]:
        for drawn in weights:
            of_pair = drawn[answers]
            sums = (np.bincount(cells, weights=of_pair * column, minlength=n_cells) for column in columns)
            yield _Moments(*(of_cells.astype(float) for of_cells in sums))

    return moments


def _moments_by_product(form: LongForm, scores: Floats) -> Callable[[Floats], Iterator[_Moments]]:
    """Multiply matrices: fast where nearly everybody rated nearly everything."""
    table = to_matrix(replace(form, scores=scores))
    rated = np.isfinite(table)
    table, present = np.where(rated, table, 0.0), rated.astype(float)
    squared, upper = table**2, np.triu_indices(form.n_raters, 1)

    def moments(weights: Floats) -> Iterator[_Moments]:
        for drawn in weights:
            counted = present * drawn[:, None]
            n, sums, squares = present.T @ counted, table.T @ counted, squared.T @ counted
            product = table.T @ (table * drawn[:, None])
            yield _Moments(n[upper], sums[upper], sums.T[upper], squares[upper], squares.T[upper], product[upper])

    return moments


def _coefficients(sums: _Moments) -> tuple[Floats, Floats]:
    """Return kappa and r of each pair, NaN where undefined."""
    n = np.where(sums.n > 0, sums.n, np.nan)
    one, other = sums.one / n, sums.other / n
    floor = _NO_VARIANCE * (sums.one_squared + sums.other_squared) / n
    var_one, var_other = sums.one_squared / n - one**2, sums.other_squared / n - other**2
    covariance = sums.product / n - one * other
    with np.errstate(invalid="ignore", divide="ignore"):
        apart = var_one + var_other + (one - other) ** 2
        kappa = np.where(var_one + var_other > floor, 2 * covariance / apart, np.nan)
        both_vary = (var_one > floor) & (var_other > floor)
        r = np.where(both_vary, covariance / np.sqrt(var_one * var_other), np.nan)
    return kappa, r


def _mean(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")
