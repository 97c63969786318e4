"""Chance-corrected agreement of panels with its standard error: AC1, AC2, Fleiss, Conger, Krippendorff.

All have the form (p_a - p_e) / (1 - p_e) with the same observed agreement p_a; they differ in p_e, what chance would
give. Pure functions on numpy arrays; NaN means undefined.

Conventions. `ratings` has shape `(n_answers, n_raters)`, NaN = missing. An answer with one rating counts for the class
shares but not for agreement; an answer without a rating does not count. Scores closer than 1e-9 are
equal. r_ic is the number of ratings of answer i in class c, r_i their sum, pi_c = mean_i(r_ic / r_i), q the number of
classes, w_cd the credit for a pair of ratings in c and d (1 on the diagonal), T the sum of all w_cd.
"""

from typing import Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt

from grader.statistics.agreement import Floats
from grader.statistics.distributions import student_t_quantile
from grader.statistics.intervals import Estimate
from grader.statistics.rating_tables import Classes, as_classes, class_counts, rating_table

Weights = Literal["identity", "linear", "quadratic", "ordinal"]


class Kappa(NamedTuple):
    """A chance-corrected coefficient; NaN where undefined."""

    value: float
    standard_error: float
    agreement: float  # p_a
    by_chance: float  # p_e
    n: int  # answers with at least two ratings
    n_rated: int  # answers with at least one


def gwet(ratings: npt.ArrayLike, *, weights: Weights = "identity", classes: npt.ArrayLike | None = None) -> Kappa:
    """Return Gwet's AC1 (identity weights) or AC2: stable where nearly all answers are in one class.

    p_a = mean over answers with r_i >= 2 of sum_cd r_ic (w_cd r_id - [c = d]) / (r_i (r_i - 1));
    p_e = T / (q (q - 1)) sum_c pi_c (1 - pi_c).

    Args:
        ratings: see above.
        weights: credit for near misses: `identity` none; `linear` 1 - |x - y| / R and `quadratic`
            1 - ((x - y) / R)^2 by the distance of the scores on a scale of length R; `ordinal` by the number of
            classes from x to y, s: 1 - s (s - 1) / (q (q - 1)).
        classes: all scores of the scale, in any order; by default those that occur. Give them where one may not
            occur: (0, 1) for yes/no.

    Returns:
        1 full agreement, 0 chance, negative below chance. The variance is that of sampled answers.

    Undefined: NaN when no answer has two ratings or there are fewer than two classes; the error alone with one answer.
    Raises: ValueError on another shape, infinite values, unknown weights, or a rating that is not in `classes`.
    Source: Gwet (2008), British Journal of Mathematical and Statistical Psychology 61, 29-48; Gwet (2014),
        "Handbook of Inter-Rater Reliability", 4th edition, chapters 4 and 5.
    Checked against: value, error and interval of the packages irrCAC for R and Python.
    """
    panel = _panel(ratings, weights, classes)
    q = panel.credit.shape[0]
    if q < 2:
        return _undefined(panel)
    scale = panel.credit.sum() / (q * (q - 1))
    by_chance = float(scale * np.sum(panel.prevalence * (1 - panel.prevalence)))
    return _kappa(panel, by_chance, scale * panel.shares @ (1 - panel.prevalence))


def fleiss(ratings: npt.ArrayLike, *, weights: Weights = "identity", classes: npt.ArrayLike | None = None) -> Kappa:
    """Return Fleiss' kappa: chance is the agreement of two ratings drawn from all.

    p_a as in `gwet`; p_e = sum_cd w_cd pi_c pi_d.

    Args:
        ratings: see above.
        weights: as in `gwet`.
        classes: as in `gwet`.

    Returns:
        As `gwet`; low in spite of high agreement where nearly all answers are in one class.

    Undefined: NaN when no answer has two ratings or one class alone occurs; the error alone with one answer.
    Raises: as `gwet`.
    Source: Fleiss (1971), Psychological Bulletin 76, 378-382; variance and missing ratings: Gwet (2014), chapter 5.
    Checked against: value and error of irrCAC, and Fleiss' own example.
    """
    panel = _panel(ratings, weights, classes)
    if np.count_nonzero(panel.prevalence) < 2:
        return _undefined(panel)
    expected = panel.credit @ panel.prevalence
    return _kappa(panel, float(panel.prevalence @ expected), panel.shares @ expected)


def conger(ratings: npt.ArrayLike, *, weights: Weights = "identity", classes: npt.ArrayLike | None = None) -> Kappa:
    """Return Conger's kappa: Cohen's kappa for several raters, each with class shares of their own.

    p_a as in `gwet`; p_e = mean over pairs of raters g != h of sum_cd w_cd p_gc p_hd, with p_gc the share of rater
    g's ratings in class c. With two raters and no gaps it is Cohen's (weighted) kappa.

    Args:
        ratings: see above.
        weights: as in `gwet`.
        classes: as in `gwet`.

    Returns:
        As `fleiss`.

    Undefined: NaN when no answer has two ratings, there are fewer than two raters, or p_e is 1; the error alone
        with one answer.
    Raises: as `gwet`.
    Source: Conger (1980), Psychological Bulletin 88, 322-328; variance: Gwet (2014), chapter 5.
    Checked against: value and error of irrCAC, and `agreement.cohen_kappa`.
    """
    panel = _panel(ratings, weights, classes)
    codes = panel.classes.codes[:, (panel.classes.codes >= 0).any(axis=0)]
    rated = codes >= 0
    n_of_rater = rated.sum(axis=0)
    n, k = codes.shape
    if k < 2:
        return _undefined(panel)
    q = panel.credit.shape[0]
    cells = (codes + q * np.arange(k))[rated]
    habits = np.bincount(cells, minlength=k * q).reshape(k, q) / n_of_rater[:, None]
    others = habits.sum(axis=0) - habits
    credit_of_others = others @ panel.credit
    own = np.sum(credit_of_others * habits, axis=1)
    by_chance = float(own.sum() / (k * (k - 1)))
    if by_chance >= 1:
        return _undefined(panel)
    gained = np.where(rated, credit_of_others[np.arange(k), np.where(rated, codes, 0)] - own, 0.0) / n_of_rater * n
    return _kappa(panel, by_chance, (gained + own).sum(axis=1) / (k * (k - 1)))


def brennan_prediger(
    ratings: npt.ArrayLike, *, weights: Weights = "identity", classes: npt.ArrayLike | None = None
) -> Kappa:
    """Return the coefficient of Brennan and Prediger: chance is a class drawn at random.

    p_a as in `gwet`; p_e = T / q^2.

    Args:
        ratings: see above.
        weights: as in `gwet`.
        classes: as in `gwet`; the value depends on how many there are.

    Returns:
        As `gwet`.

    Undefined: as `gwet`.
    Raises: as `gwet`.
    Source: Brennan & Prediger (1981), Educational and Psychological Measurement 41, 687-699; Gwet (2014), chapter 4.
    Checked against: value and error of irrCAC.
    """
    panel = _panel(ratings, weights, classes)
    q = panel.credit.shape[0]
    if q < 2:
        return _undefined(panel)
    by_chance = float(panel.credit.sum() / q**2)
    return _kappa(panel, by_chance, np.full(len(panel.shares), by_chance))


def krippendorff(ratings: npt.ArrayLike, *, weights: Weights = "identity") -> Kappa:
    """Return Krippendorff's alpha for classes (identity weights) or an interval scale (quadratic), with its error.

    The value is that of `reliability.krippendorff_alpha` at those two levels of measurement; there is no such form for
    an ordinal scale, because Krippendorff's ordinal distance differs from the weights `ordinal` here. Answers with
    one rating do not count. With r = mean_i r_i and e = 1 / sum_i r_i: p_a = (1 - e) p + e, p = mean_i of
    sum_cd r_ic (w_cd r_id - [c = d]) / (r (r_i - 1)); p_e = sum_cd w_cd pi_c pi_d, here with pi_c = mean_i(r_ic) / r.

    Args:
        ratings: see above.
        weights: as in `gwet`.

    Returns:
        As `fleiss`.

    Undefined: as `fleiss`.
    Raises: as `gwet`.
    Source: Gwet (2014), chapter 5; Krippendorff (2011), "Computing Krippendorff's Alpha-Reliability".
    Checked against: value and error of irrCAC, and `reliability.krippendorff_alpha`.
    """
    table = rating_table(ratings)
    panel = _panel(table[np.isfinite(table).sum(axis=1) >= 2], weights, None)
    n = panel.n
    n_ratings = np.sum(panel.classes.codes >= 0, axis=1)
    if np.count_nonzero(panel.prevalence) < 2:
        return _undefined(panel)
    usual = float(n_ratings.mean())
    relative = n_ratings / usual
    counts = panel.shares * relative[:, None]
    prevalence = counts.mean(axis=0)
    expected = panel.credit @ prevalence
    by_chance = float(prevalence @ expected)
    in_answers = panel.agreement * relative
    raw = float(in_answers.mean())
    agreement = (1 - 1 / n_ratings.sum()) * raw + 1 / n_ratings.sum()
    raw_alpha = (raw - by_chance) / (1 - by_chance)
    gained = in_answers - agreement * (relative - 1) - by_chance
    chance = counts @ expected - by_chance * (relative - 1) - by_chance
    of_answer = (gained - 2 * (1 - raw_alpha) * chance) / (1 - by_chance)
    squares = float(np.sum((of_answer - raw_alpha) ** 2))
    error = float(np.sqrt(squares / (n * (n - 1)))) if n > 1 else float("nan")
    return Kappa((agreement - by_chance) / (1 - by_chance), error, agreement, by_chance, n, n)


def kappa_interval(kappa: Kappa, *, confidence: float = 0.95, undefined: str | None = None) -> Estimate:
    """Return a coefficient with the interval value -+ t SE, cut at -1 and 1; t has n_rated - 1 degrees of freedom.

    Args:
        kappa: from a function of this module.
        confidence: between 0 and 1.
        undefined: the note when the value is undefined; best that of `rating_tables.why_undefined`.

    Undefined: value `None` when it is NaN; ends `None` when the error is NaN or 0 (then nothing varied).
    Raises: ValueError when `confidence` is not between 0 and 1.
    Source: Gwet (2014), section 5.3.
    Checked against: the interval of irrCAC.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1, got {confidence}")
    if not np.isfinite(kappa.value):
        return Estimate(None, None, None, kappa.n, undefined or "undefined: no answer with two ratings, or one class")
    if not kappa.standard_error > 0:
        return Estimate(kappa.value, None, None, kappa.n, "no interval: nothing varies from answer to answer")
    half_width = student_t_quantile((1 + confidence) / 2, kappa.n_rated - 1) * kappa.standard_error
    low, high = max(min(-1.0, kappa.value), kappa.value - half_width), min(1.0, kappa.value + half_width)
    return Estimate(kappa.value, low, high, kappa.n)


class _Panel(NamedTuple):
    classes: Classes  # of the answers with a rating
    shares: Floats  # (n_rated, q): r_ic / r_i
    prevalence: Floats  # (q,): pi_c
    credit: Floats  # (q, q): w_cd
    agreement: Floats  # (n_rated,): contribution of each answer to p_a, 0 with one rating
    n: int  # answers with two ratings or more


def _panel(ratings: npt.ArrayLike, weights: Weights, classes: npt.ArrayLike | None) -> _Panel:
    if weights not in get_args(Weights):
        raise ValueError(f"weights must be one of {', '.join(get_args(Weights))}, got '{weights}'")
    table = rating_table(ratings)
    found = as_classes(table[np.isfinite(table).any(axis=1)], classes)
    credit = _credit(found.levels, weights)
    counts = class_counts(found)
    n_ratings = counts.sum(axis=1)
    shares = counts / n_ratings[:, None]
    # The sum of credit over ordered pairs of different ratings: each rating earns 1 with itself, which is subtracted.
    credited = np.sum(counts * (counts @ credit), axis=1) - n_ratings
    agreement = credited / np.maximum(n_ratings * (n_ratings - 1), 1)
    prevalence = shares.mean(axis=0) if len(shares) else np.zeros(found.levels.size)
    return _Panel(found, shares, prevalence, credit, agreement, int(np.count_nonzero(n_ratings >= 2)))


def _kappa(panel: _Panel, by_chance: float, chance_of_answer: Floats) -> Kappa:
    """Return the coefficient with its standard error; `chance_of_answer` is each answer's contribution to p_e."""
    n_rated = len(panel.shares)
    if panel.n == 0:
        return _undefined(panel)
    agreement = float(panel.agreement.sum() / panel.n)
    value = (agreement - by_chance) / (1 - by_chance)
    twice = np.sum(panel.classes.codes >= 0, axis=1) >= 2
    of_answer = n_rated / panel.n * (panel.agreement - by_chance * twice) / (1 - by_chance)
    of_answer = of_answer - 2 * (1 - value) * (chance_of_answer - by_chance) / (1 - by_chance)
    squares = float(np.sum((of_answer - value) ** 2))
    error = float(np.sqrt(squares / (n_rated * (n_rated - 1)))) if n_rated > 1 else float("nan")
    return Kappa(value, error, agreement, by_chance, panel.n, n_rated)


def _undefined(panel: _Panel) -> Kappa:
    agreement = float(panel.agreement.sum() / panel.n) if panel.n else float("nan")
    return Kappa(float("nan"), float("nan"), agreement, float("nan"), panel.n, len(panel.shares))


def _credit(levels: Floats, weights: Weights) -> Floats:
    q = levels.size
    if weights == "identity" or q < 2:
        return np.eye(q)
    steps, distance = (
        np.abs(np.arange(q)[:, None] - np.arange(q)) + 1,
        np.abs(levels[:, None] - levels) / np.ptp(levels),
    )
    lost: dict[str, Floats] = {
        "ordinal": steps * (steps - 1) / (q * (q - 1)),
        "linear": distance,
        "quadratic": distance**2,
    }
    return np.asarray(1 - lost[weights], dtype=float)
