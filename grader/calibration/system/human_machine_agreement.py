"""Agreement of a system's scores with people's, compared with the agreement of people with each other.

Functions of weights (how often each answer counts), for `bootstrap.resample_many`. As usual in automated scoring, the
system is compared with one person, not with the mean of several: with one rating drawn at random from those of an
answer. People are compared by two ratings drawn at random. So both sides of the comparison mean the same in every
design, also where two people share few answers. Every answer counts equally, however many people rated it.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from grader.statistics import (
    DECIMALS,
    Codes,
    Floats,
    LongForm,
    Statistic,
    passes,
    prmse_by_weights,
    ratings_per_answer,
    to_matrix,
    without_gaps,
)

# Variances below this share of the squares are rounding error.
_NO_VARIANCE = 1e-12

SYSTEM_STATISTICS: Final = (
    "quadratic_weighted_kappa",
    "pearson_r",
    "standardized_mean_difference",
    "mean_difference",
    "root_mean_squared_error",
    "exact",
    "adjacent",
    "prmse",
)
COMPARED_STATISTICS: Final = ("human_quadratic_weighted_kappa", "degradation", "degradation_r", "disattenuated_r")


class Confusion(NamedTuple):
    """What people gave (rows) against what the system gave (columns)."""

    levels: Floats  # (n_levels,), rising
    counts: Floats  # (n_levels, n_levels), answers; one with several ratings is shared out among them


def system_statistics(form: LongForm, system: Floats, *, levels: Floats, step: float = 1.0) -> Statistic:
    """Return everything in `SYSTEM_STATISTICS`: the system against a person.

    E is the mean over answers with a rating, and within an answer over its ratings h; m is the system's score.
    var(h) = E h^2 - (E h)^2, cov = E hm - E h E m. quadratic_weighted_kappa: 2 cov / (var(h) + var(m) + (E h - E m)^2).
    pearson_r: cov / sqrt(var(h) var(m)). mean_difference: E m - E h; standardized_mean_difference: that divided by
    sqrt(var(h) n / (n - 1)). root_mean_squared_error: sqrt(E (m - h)^2). exact, adjacent: shares of ratings that equal
    the system's score taken to the nearest level, or differ from it by `step` at most. prmse: see
    `prmse.true_score_accuracy`.

    Args:
        form: totals, each rater at most once for an answer.
        system: shape `(n_answers,)`, finite, on the scale of the ratings.
        levels: scores that people can give, rising.
        step: what counts as adjacent, in score points.

    Returns:
        A function of weights `(n_draws, n_answers)` that returns shape `(n_draws, len(SYSTEM_STATISTICS))`. Where one
        person rated each answer these are the statistics of `agreement.py`.

    Undefined: NaN where `agreement.py` and `prmse.py` say so.
    Raises: ValueError on another shape or missing system scores.
    Source: RSMTool documentation, "Evaluation metrics"; Williamson, Xi & Breyer (2012), Educational Measurement: Issues
        and Practice 31, 2-13.
    Checked against: `agreement.py` for one person, a case derived by hand, and RSMTool.
    """
    m = _checked(form, system)
    terms = np.hstack([_moments(form, m), _shares(form, m, levels, step)])
    prmse = prmse_by_weights(without_gaps(to_matrix(form)), m)

    def of_weights(weights: Floats) -> Floats:
        sums = weights @ terms
        n = np.where(sums[:, 0] > 0, sums[:, 0], np.nan)
        means = sums / n[:, None]
        of_pair = _Pair.from_means(means[:, :-2].T)
        difference = of_pair.m - of_pair.h
        deviation = np.sqrt(of_pair.var_h * n / np.where(n > 1, n - 1, np.nan))
        error = np.sqrt(np.maximum(of_pair.apart, 0.0))
        coefficients = [of_pair.kappa(), of_pair.r(), difference / deviation, difference, error]
        return np.column_stack([*coefficients, means[:, -2:], prmse(weights)])

    return of_weights


def compared_statistics(form: LongForm, system: Floats) -> Statistic:
    """Return everything in `COMPARED_STATISTICS`: whether the system agrees with people as they do with each other.

    human_quadratic_weighted_kappa: (E hh' - (E h)^2) / var(h) for two ratings h and h' of an answer, E hh' the mean
    over its pairs. That is also Fleiss' kappa with quadratic weights, and the correlation of two ratings in random
    order; the kappa of two raters' columns, if both are equally strict, else a little lower. degradation,
    degradation_r: kappa and r of system and person (`system_statistics`) less that. disattenuated_r: r / sqrt(that).

    Args:
        form: totals, each rater at most once for an answer. Answers with one rating do not count, so that both sides of
            a difference rest on the same answers.
        system: shape `(n_answers,)`, finite, on the scale of the ratings.

    Returns:
        A function of weights `(n_draws, n_answers)` that returns shape `(n_draws, len(COMPARED_STATISTICS))`.

    Undefined: NaN when no answer has two ratings or they do not vary; disattenuated_r also where the kappa of people is
    0 or less.
    Raises: ValueError on another shape or missing system scores.
    Source: Williamson, Xi & Breyer (2012); Fleiss (1971), Psychological Bulletin 76, 378-382, with the weights of Cohen
        (1968); disattenuated_r: Spearman (1904), as `generalizability.disattenuated_r`.
    Checked against: `kappas.fleiss`, `agreement.py` for one person, and RSMTool.
    """
    m = _checked(form, system)
    n_ratings = ratings_per_answer(form)
    twice = n_ratings >= 2
    centred = _moments(form, m) * twice[:, None]
    scores = form.scores - (form.scores.mean() if form.n_ratings else 0.0)
    sums_h, squares = (np.bincount(form.answers, weights=w, minlength=form.n_answers) for w in (scores, scores**2))
    pairs = np.where(twice, (sums_h**2 - squares) / np.maximum(n_ratings * (n_ratings - 1), 1), 0.0)

    terms = np.column_stack([centred, pairs])

    def of_weights(weights: Floats) -> Floats:
        sums = weights @ terms
        means = sums / np.where(sums[:, :1] > 0, sums[:, :1], np.nan)
        of_pair = _Pair.from_means(means[:, :-1].T)
        human = (means[:, -1] - of_pair.h**2) / of_pair.var_h
        positive = np.where(human > 0, human, np.nan)
        of_system = [of_pair.kappa() - human, of_pair.r() - human, of_pair.r() / np.sqrt(positive)]
        return np.column_stack([human, *of_system])

    return of_weights


def nearest_levels(scores: npt.ArrayLike, levels: npt.ArrayLike) -> Codes:
    """Return the number of the level that each score is nearest to; halfway between two, the upper one.

    Args:
        scores: any shape, finite.
        levels: rising, at least one.

    Undefined: never.
    Source: RSMTool's `trim_round` scores.
    Checked against: a case derived by hand.
    """
    known = np.asarray(levels, dtype=float)
    values = np.round(np.asarray(scores, dtype=float), DECIMALS)
    found: Codes = np.searchsorted((known[:-1] + known[1:]) / 2, values, side="right")
    return found


def confusion(form: LongForm, system: Floats, *, levels: Floats) -> Confusion:
    """Return how often people gave one level where the system gave another; the sum is the number of answers.

    Args:
        form: totals, each rater at most once for an answer.
        system: shape `(n_answers,)`, finite, on the scale of the ratings.
        levels: scores that people can give, rising; other scores go to the nearest.

    Undefined: zeros without ratings.
    Raises: as `system_statistics`.
    Source: the definition.
    Checked against: a case derived by hand.
    """
    m, q = _checked(form, system), len(levels)
    cells = nearest_levels(form.scores, levels) * q + nearest_levels(m, levels)[form.answers]
    shares = 1 / ratings_per_answer(form)[form.answers]
    counts = np.bincount(cells, weights=shares, minlength=q * q).astype(float)
    return Confusion(np.asarray(levels), counts.reshape(q, q))


def same_side_shares(form: LongForm, system: Floats, cut: float) -> Floats:
    """Return for each answer the share of its ratings on the system's side of the cut, NaN without ratings.

    Args:
        form: totals, each rater at most once for an answer.
        system: shape `(n_answers,)`, finite.
        cut: in score points.

    Undefined: NaN as above.
    Raises: as `system_statistics`.
    Source: as `decision_consistency.decision_agreement`.
    Checked against: `decision_consistency.decision_agreement` for one person.
    """
    m = _checked(form, system)
    alike = passes(form.scores, cut) == passes(m, cut)[form.answers]
    n_ratings = ratings_per_answer(form)
    held = np.bincount(form.answers, weights=alike, minlength=form.n_answers)
    shares: Floats = held / np.where(n_ratings > 0, n_ratings, np.nan)
    return shares


def _checked(form: LongForm, system: Floats) -> Floats:
    m = np.asarray(system, dtype=float)
    if m.shape != (form.n_answers,):
        raise ValueError(f"system has shape {m.shape} but there are {form.n_answers} answers: give one score each")
    if not np.isfinite(m).all():
        raise ValueError(f"system has {np.count_nonzero(~np.isfinite(m))} missing scores: leave those answers out")
    return m


class _Pair(NamedTuple):
    """Moments of one rating and the system's score, each of shape `(n_draws,)`; a variance of 0 is NaN."""

    h: Floats
    m: Floats
    var_h: Floats
    var_m: Floats
    covariance: Floats
    apart: Floats  # mean square of m - h

    @classmethod
    def from_means(cls, means: Floats) -> "_Pair":
        """Take the means of the columns of `_moments`."""
        _, h, m, hh, mm, hm = means
        of_h, of_m = hh - h**2, mm - m**2
        varied = [np.where(var > _NO_VARIANCE * square, var, np.nan) for var, square in ((of_h, hh), (of_m, mm))]
        return cls(h, m, varied[0], varied[1], hm - h * m, hh + mm - 2 * hm)

    def kappa(self) -> Floats:
        """Quadratic-weighted kappa; one of the two may be constant."""
        of_h, of_m = np.nan_to_num(self.var_h), np.nan_to_num(self.var_m)
        spread = of_h + of_m
        return 2 * self.covariance / np.where(spread > 0, spread + (self.h - self.m) ** 2, np.nan)

    def r(self) -> Floats:
        """Pearson's correlation."""
        return self.covariance / np.sqrt(self.var_h * self.var_m)


def _moments(form: LongForm, m: Floats) -> Floats:
    """Return what each answer with a rating adds: 1, h, m, h^2, m^2, hm, shape `(n_answers, 6)`."""
    # Scores are centred, because large squares would cancel.
    centre = form.scores.mean() if form.n_ratings else 0.0
    h, given = form.scores - centre, (m - centre)[form.answers]
    return _mean_by_answer(form, (np.ones(h.size), h, given, h**2, given**2, h * given))


def _shares(form: LongForm, m: Floats, levels: Floats, step: float) -> Floats:
    """Return the shares of exact and adjacent ratings of each answer, shape `(n_answers, 2)`."""
    to_level = np.asarray(levels)[nearest_levels(m, levels)] if len(levels) else m
    apart = np.round(np.abs(form.scores - to_level[form.answers]), DECIMALS)
    return _mean_by_answer(form, ((apart <= 0).astype(float), (apart <= step).astype(float)))


def _mean_by_answer(form: LongForm, columns: Sequence[Floats]) -> Floats:
    shares = 1 / np.maximum(ratings_per_answer(form), 1)[form.answers]
    sums = [np.bincount(form.answers, weights=column * shares, minlength=form.n_answers) for column in columns]
    return np.column_stack(sums)
