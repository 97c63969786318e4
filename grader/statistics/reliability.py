"""Statistics of panels of raters: agreement of several people on the same answers; pure functions on numpy arrays.

NaN means undefined, and results are not rounded. `intervals.py` and `bootstrap.py` add the intervals.

Conventions. `ratings` has shape `(n_answers, n_raters)` with NaN where a rater gave no score. Scores may be any
numbers on one common scale. Scores closer than 1e-9 count as equal, as in `agreement.py`.
"""

from itertools import combinations
from typing import Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt

from grader.statistics.agreement import DECIMALS, Codes, Floats, average_ranks, varies
from grader.statistics.bootstrap import Statistic
from grader.statistics.kappas import gwet
from grader.statistics.pairwise import paired_rows
from grader.statistics.rating_tables import LongForm, as_classes, rating_table, ratings_per_answer

Level = Literal["nominal", "ordinal", "interval", "ratio"]
IccForm = Literal["A,1", "A,k", "C,1", "C,k", "1,1", "1,k"]
# When mean squares cancel, a remainder below this share of the largest is rounding error (1e-16 in doubles).
_CANCELLED_SHARE = 1e-12


def krippendorff_alpha(ratings: npt.ArrayLike, *, level: Level = "ordinal") -> float:
    """Return Krippendorff's alpha for any number of raters, with missing ratings allowed.

    alpha = 1 - D_o / D_e, with D_o the mean squared distance d^2 between ratings of the same answer and D_e
    that between all ratings. With m_u ratings x_ui of answer u and n ratings in all,
    D_o = sum_u sum_{i != j} d^2(x_ui, x_uj) / (m_u - 1) / n, and
    D_e = sum_{a != b} d^2(x_a, x_b) / (n (n - 1)).
    d^2 is 0 or 1 (nominal), (a - b)^2 (interval), ((a - b) / (a + b))^2 (ratio), or the squared difference of
    the average ranks among all ratings (ordinal), which is Krippendorff's sum over the levels in between.

    Args:
        ratings: shape `(n_answers, n_raters)`, NaN = missing. Answers with fewer than two ratings do not count.
        level: level of measurement of the scale.

    Returns:
        1 full agreement, 0 chance, negative below chance.

    Undefined: NaN when no answer has two ratings, or all the ratings that count are equal.
    Raises: ValueError on another shape, infinite values, an unknown level, or negative ratings (level ratio).
    Source: Krippendorff (2011), "Computing Krippendorff's Alpha-Reliability".
    Checked against: the worked example of that paper at all four levels, and cases derived by hand.
    """
    if level not in get_args(Level):
        raise ValueError(f"level must be one of {', '.join(get_args(Level))}, got '{level}'")
    table = rating_table(ratings)
    n_ratings = np.isfinite(table).sum(axis=1)
    table, n_ratings = table[n_ratings >= 2], n_ratings[n_ratings >= 2]
    rated = np.isfinite(table)
    values = table[rated]
    if values.size == 0 or values.min() == values.max():
        return float("nan")
    if level == "ratio" and values.min() < 0:
        raise ValueError(f"level ratio needs ratings of 0 or more, got {values.min():g}")
    if level == "ordinal":
        table[rated] = values = average_ranks(values)
    # Who gave a rating does not matter here: sorting moves the missing ones (NaN) to the end, out of the way.
    columns = np.sort(table, axis=1)[:, : n_ratings.max()].T
    pairs = sum(np.nansum(_squared_distance(a, b, level) / (n_ratings - 1)) for a, b in combinations(columns, 2))
    observed = 2 * pairs / values.size
    expected = _sum_of_squared_distances(values, level) / (values.size * (values.size - 1))
    return float(1 - observed / expected)


def alpha_by_weights(form: LongForm, *, level: Level = "ordinal") -> Statistic:
    """Return `krippendorff_alpha` as a function of weights.

    alpha = 1 - D_o / D_e over answers i with m_i >= 2 ratings that count w_i times: D_o = sum_i w_i o_i / n with o_i
    the sum of d^2 over ordered pairs of its ratings, divided by m_i - 1, n = sum_i w_i m_i, and
    D_e = sum_cd n_c n_d d^2(c, d) / (n (n - 1)) with n_c the ratings in class c. On an ordinal scale d is the
    difference of average ranks, which depend on the weights; then o_i = 2 (m_i sum R^2 - (sum R)^2) / (m_i - 1).

    Args:
        form: totals, each rater at most once for an answer.
        level: level of measurement of the scale.

    Returns:
        A function of weights `(n_draws, n_answers)` that returns shape `(n_draws,)`.

    Undefined: NaN when no answer that counts has two ratings, or all their ratings are equal.
    Raises: ValueError on negative scores (level ratio).
    Source: as `krippendorff_alpha`.
    Checked against: `krippendorff_alpha` of the repeated rows.
    """
    several = form.take(ratings_per_answer(form)[form.answers] >= 2)
    levels, codes = np.unique(np.round(several.scores, DECIMALS), return_inverse=True)
    if level == "ratio" and levels.size and levels[0] < 0:
        raise ValueError(f"level ratio needs scores of 0 or more, got {levels[0]:g}")
    if level == "ordinal":
        return _ordinal(several, codes, levels.size)
    distance = _squared_distance(levels[:, None], levels, level)
    observed = _within_answers(several, codes, distance)

    def of_weights(weights: Floats) -> Floats:
        counts = _class_counts(several, codes, levels.size, weights)
        expected = np.sum((counts @ distance) * counts, axis=1)
        return _alpha(weights @ observed, expected, counts.sum(axis=1))

    return of_weights


def fleiss_kappa(counts: npt.ArrayLike) -> float:
    """Return Fleiss' kappa for several raters and classes without an order.

    kappa = (p_a - p_e) / (1 - p_e). p_a is the mean over answers of sum_c n_c (n_c - 1) / (r (r - 1)), with
    n_c of an answer's r ratings in class c; p_e = sum_c pi_c^2, with pi_c the mean over answers of n_c / r.

    Args:
        counts: shape `(n_answers, n_classes)`, how many raters chose each class. The rows may have different
            sums; answers with a single rating count in pi_c only (Gwet's rule for missing ratings).

    Returns:
        1 full agreement, 0 chance, negative below chance.

    Undefined: NaN when no answer has two ratings, or only one class was ever chosen (p_e = 1).
    Raises: ValueError on another shape or anything but whole numbers of 0 or more.
    Source: Fleiss (1971), Psychological Bulletin 76, 378-382; missing ratings: Gwet (2014), "Handbook of
        Inter-Rater Reliability".
    Checked against: the example of Wikipedia's article (10 answers, 14 raters), and with missing ratings the
        value of the package irrCAC.
    """
    table = np.asarray(counts, dtype=float)
    if table.ndim != 2:
        raise ValueError(f"counts must have shape (n_answers, n_classes), got shape {table.shape}")
    if not np.all((table >= 0) & (table == np.floor(table)) & np.isfinite(table)):
        raise ValueError("counts must be whole numbers of 0 or more")
    shares = _class_shares(table)
    if np.count_nonzero(shares.prevalence) < 2:
        return float("nan")
    by_chance = float(shares.prevalence @ shares.prevalence)
    return (shares.agreement - by_chance) / (1 - by_chance)


def gwet_ac1(ratings: npt.ArrayLike, *, n_classes: int | None = None) -> float:
    """Return Gwet's AC1 for classes without an order: stable where nearly all answers are in one class.

    AC1 = (p_a - p_e) / (1 - p_e), with p_a and pi_c as in `fleiss_kappa` and
    p_e = sum_c pi_c (1 - pi_c) / (q - 1) over q classes.

    Args:
        ratings: shape `(n_answers, n_raters)`, classes as numbers, NaN = missing.
        n_classes: q, by default the classes that occur. Give it (2 for yes/no) where a class may not occur.

    Returns:
        1 full agreement, 0 chance, negative below chance.

    Undefined: NaN when no answer has two ratings, or one class occurs and `n_classes` is not given.
    Raises: ValueError on another shape, infinite values, or `n_classes` below 2 or below those that occur.
    Source: Gwet (2008), British Journal of Mathematical and Statistical Psychology 61, 29-48.
    Checked against: the value of the package irrCAC, and the tables of the kappa paradox as in `agreement.cohen_kappa`.
    """
    levels = as_classes(ratings).levels
    n_seen = levels.size
    if n_classes is not None and n_classes < max(2, n_seen):
        raise ValueError(f"n_classes must be at least {max(2, n_seen)} ({n_seen} occur), got {n_classes}")
    # The scores of classes that do not occur make no difference.
    unseen = np.arange((n_classes or n_seen) - n_seen) + levels.max(initial=0.0) + 1
    return gwet(ratings, classes=np.concatenate([levels, unseen])).value


def intraclass_correlation(ratings: npt.ArrayLike, *, form: IccForm = "A,1") -> float:
    """Return an intraclass correlation: the share of variance in scores that is due to the answers.

    From the mean squares of answers (MSR), raters (MSC), residual (MSE) and within answers (MSW) of n answers
    and k raters. One rater: (MSR - E) / (MSR + (k - 1) E + k (MSC - MSE) / n). Mean of k raters:
    (MSR - E) / (MSR + (MSC - MSE) / n). E is MSW in the forms `1,...`, else MSE; the term with MSC is in the
    forms `A,...` alone.

    Args:
        ratings: shape `(n_answers, n_raters)`. Answers with a missing rating (NaN) are left out.
        form: McGraw & Wong's names. First `A` absolute agreement (strictness counts), `C` consistency (it
            does not) or `1` other raters for each answer; then `1` a single rater or `k` the mean of all.
            Shrout & Fleiss call `A,1` ICC(2,1), `C,1` ICC(3,1) and `1,1` ICC(1,1).

    Returns:
        1 answers alone explain the scores, 0 or less: they explain nothing.

    Undefined: NaN with fewer than two complete answers or raters, or when the denominator, the variance to be
        explained, is not positive (beyond rounding error).
    Raises: ValueError on another shape, infinite values or an unknown form.
    Source: Shrout & Fleiss (1979), Psychological Bulletin 86, 420-428; McGraw & Wong (1996), Psychological
        Methods 1, 30-46.
    Checked against: the example of Shrout & Fleiss, all six forms, and a case derived by hand.
    """
    if form not in get_args(IccForm):
        raise ValueError(f"form must be one of {'; '.join(get_args(IccForm))}, got '{form}'")
    table = rating_table(ratings)
    table = table[np.isfinite(table).all(axis=1)]
    n, k = table.shape
    if n < 2 or k < 2 or not varies(table.ravel()):
        return float("nan")
    kind, unit = form.split(",")
    ms = mean_squares(table)
    error = ms.within if kind == "1" else ms.residual
    strictness = (ms.raters - ms.residual) / n if kind == "A" else 0.0
    single = unit == "1"
    denominator = ms.answers + (k - 1) * error + k * strictness if single else ms.answers + strictness
    if denominator <= _CANCELLED_SHARE * max(ms):
        return float("nan")
    return (ms.answers - error) / denominator


class MeanSquares(NamedTuple):
    """Mean squares of a complete table, as in an analysis of variance with one rating a cell."""

    answers: float
    raters: float
    residual: float
    within: float


class _ClassShares(NamedTuple):
    agreement: float  # p_a: share of pairs of ratings of the same answer that are equal
    prevalence: Floats  # pi_c: share of each class


def _squared_distance(a: Floats, b: Floats, level: Level) -> Floats:
    """Return Krippendorff's squared distance element by element (NaN stays NaN); ordinal takes ranks."""
    if level == "nominal":
        return np.sign(a - b) ** 2
    if level == "ratio":
        total = a + b
        return np.divide(a - b, total, out=np.zeros_like(total), where=total != 0) ** 2
    return (a - b) ** 2


def _sum_of_squared_distances(values: Floats, level: Level) -> float:
    """Return the sum of squared distances over all ordered pairs of values, without a table of all pairs."""
    if level in ("interval", "ordinal"):
        # sum_{i != j} (a - b)^2 = 2 n sum (x - mean)^2
        return float(2 * values.size * np.sum((values - values.mean()) ** 2))
    distinct, counts = np.unique(values, return_counts=True)
    if level == "nominal":
        return float(values.size**2 - np.sum(counts**2))
    rows = (
        count * (counts @ _squared_distance(value, distinct, level))
        for value, count in zip(distinct, counts, strict=True)
    )
    return float(sum(rows))


def _class_shares(counts: Floats) -> _ClassShares:
    """Return observed agreement and class shares; answers without ratings do not count."""
    counts = counts[counts.sum(axis=1) > 0]
    n_ratings = counts.sum(axis=1)
    shared = np.sum(counts * (counts - 1), axis=1)[n_ratings >= 2]
    possible = (n_ratings * (n_ratings - 1))[n_ratings >= 2]
    agreement = float(np.mean(shared / possible)) if shared.size else float("nan")
    prevalence = np.sum(counts / n_ratings[:, None], axis=0) / max(n_ratings.size, 1)
    return _ClassShares(agreement, prevalence)


def mean_squares(table: Floats) -> MeanSquares:
    """Return the mean squares of a complete table, as in an analysis of variance with one rating a cell."""
    n, k = table.shape
    grand = table.mean()
    of_answers, of_raters = table.mean(axis=1, keepdims=True), table.mean(axis=0, keepdims=True)
    residual = table - of_answers - of_raters + grand
    return MeanSquares(
        answers=float(k * np.sum((of_answers - grand) ** 2) / (n - 1)),
        raters=float(n * np.sum((of_raters - grand) ** 2) / (k - 1)),
        residual=float(np.sum(residual**2) / ((n - 1) * (k - 1))),
        within=float(np.sum((table - of_answers) ** 2) / (n * (k - 1))),
    )


def _ordinal(several: LongForm, codes: Codes, n_classes: int) -> Statistic:
    m = ratings_per_answer(several)
    others = np.maximum(m - 1, 1)

    def of_weights(weights: Floats) -> Floats:
        counts = _class_counts(several, codes, n_classes, weights)
        ranks = np.cumsum(counts, axis=1) - counts / 2
        n = counts.sum(axis=1)
        expected = 2 * (n * np.sum(counts * ranks**2, axis=1) - np.sum(counts * ranks, axis=1) ** 2)
        observed = np.zeros(len(weights))
        for draw, (drawn, of_class) in enumerate(zip(weights, ranks, strict=True)):
            values = of_class[codes]
            sums = np.bincount(several.answers, weights=values, minlength=several.n_answers)
            squares = np.bincount(several.answers, weights=values**2, minlength=several.n_answers)
            observed[draw] = 2 * float(drawn @ ((m * squares - sums**2) / others))
        return _alpha(observed, expected, n)

    return of_weights


def _alpha(observed: Floats, expected: Floats, n: Floats) -> Floats:
    """Return 1 - (observed / n) / (expected / (n (n - 1))); NaN where the expected disagreement is rounding error."""
    alpha: Floats = np.full(n.shape, np.nan)
    known = (n > 1) & (expected > 1e-12 * n**2)
    alpha[known] = 1 - observed[known] * (n[known] - 1) / expected[known]
    return alpha


def _class_counts(several: LongForm, codes: Codes, n_classes: int, weights: Floats) -> Floats:
    """Return how many ratings of each class count, shape `(n_draws, n_classes)`."""
    counts = [np.bincount(codes, weights=drawn[several.answers], minlength=n_classes) for drawn in weights]
    return np.asarray(counts, dtype=float).reshape(len(weights), n_classes)


def _within_answers(several: LongForm, codes: Codes, distance: Floats) -> Floats:
    """Return for each answer the sum of squared distances over ordered pairs, divided by its ratings less one."""
    sums = np.zeros(several.n_answers)
    for one, other in paired_rows(several):
        apart = 2 * distance[codes[one], codes[other]]
        sums += np.bincount(several.answers[one], weights=apart, minlength=several.n_answers)
    others = np.maximum(ratings_per_answer(several) - 1, 1)
    return np.asarray(sums / others, dtype=float)
