"""Krippendorff's alpha as a function of how often each answer counts, so that thousands of resamples are affordable.

`reliability.krippendorff_alpha` is the definition; this is the same number from sums over answers.
"""

import numpy as np

from grader.statistics.agreement import DECIMALS, Codes, Floats
from grader.statistics.bootstrap import Statistic
from grader.statistics.long_form import LongForm, ratings_per_answer
from grader.statistics.pairs_of_raters import paired_rows
from grader.statistics.reliability import Level


def alpha_by_weights(form: LongForm, *, level: Level = "ordinal") -> Statistic:
    """Return `reliability.krippendorff_alpha` as a function of weights.

    alpha = 1 - D_o / D_e over answers i with m_i >= 2 ratings that count w_i times: D_o = sum_i w_i o_i / n with o_i
    the sum of d^2 over ordered pairs of its ratings by m_i - 1, n = sum_i w_i m_i, and
    D_e = sum_cd n_c n_d d^2(c, d) / (n (n - 1)) with n_c the ratings in class c. On an ordinal scale d is the
    difference of average ranks, which depend on the weights; then o_i = 2 (m_i sum R^2 - (sum R)^2) / (m_i - 1).

    Args:
        form: totals, each rater at most once for an answer.
        level: level of measurement of the scale.

    Returns:
        A function of weights `(n_draws, n_answers)` that returns shape `(n_draws,)`.

    Undefined: NaN when no answer that counts has two ratings, or all their ratings are equal.
    Raises: ValueError on negative scores (level ratio).
    Source: as `reliability.krippendorff_alpha`.
    Checked against: `reliability.krippendorff_alpha` of the repeated rows.
    """
    several = form.take(ratings_per_answer(form)[form.answers] >= 2)
    levels, codes = np.unique(np.round(several.scores, DECIMALS), return_inverse=True)
    if level == "ratio" and levels.size and levels[0] < 0:
        raise ValueError(f"level ratio needs scores of 0 or more, got {levels[0]:g}")
    if level == "ordinal":
        return _ordinal(several, codes, levels.size)
    distance = _squared_distances(levels, level)
    observed = _within_answers(several, codes, distance)

    def of_weights(weights: Floats) -> Floats:
        counts = _class_counts(several, codes, levels.size, weights)
        expected = np.sum((counts @ distance) * counts, axis=1)
        return _alpha(weights @ observed, expected, counts.sum(axis=1))

    return of_weights


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
    """Return 1 - (observed / n) / (expected / (n (n - 1))); rounding error of no disagreement is none."""
    alpha: Floats = np.full(n.shape, np.nan)
    known = (n > 1) & (expected > 1e-12 * n**2)
    alpha[known] = 1 - observed[known] * (n[known] - 1) / expected[known]
    return alpha


def _class_counts(several: LongForm, codes: Codes, n_classes: int, weights: Floats) -> Floats:
    """Return how many ratings of each class count, shape `(n_draws, n_classes)`."""
    counts = [np.bincount(codes, weights=drawn[several.answers], minlength=n_classes) for drawn in weights]
    return np.asarray(counts, dtype=float).reshape(len(weights), n_classes)


def _squared_distances(levels: Floats, level: Level) -> Floats:
    apart = levels[:, None] - levels
    if level == "nominal":
        return np.asarray(apart != 0, dtype=float)
    if level == "interval":
        return np.asarray(apart**2.0, dtype=float)
    total = levels[:, None] + levels
    shares = np.divide(apart, total, out=np.zeros_like(apart), where=total != 0)
    return np.asarray(shares**2, dtype=float)


def _within_answers(several: LongForm, codes: Codes, distance: Floats) -> Floats:
    """Return for each answer the sum of squared distances over ordered pairs, by one less than its ratings."""
    sums = np.zeros(several.n_answers)
    for one, other in paired_rows(several):
        apart = 2 * distance[codes[one], codes[other]]
        sums += np.bincount(several.answers[one], weights=apart, minlength=several.n_answers)
    others = np.maximum(ratings_per_answer(several) - 1, 1)
    return np.asarray(sums / others, dtype=float)
