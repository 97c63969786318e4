"""Rater fit: how consistently a rater scores, and how much of the scale the rater uses.

Every effect compares a rater with the colleagues who rated the same answers. Severities are removed first: a strict
rater is not noisy. Pure functions on `LongForm`; `drift.py` and `halo.py` have the other effects, `profiles.py` the
verdicts.
"""

import math
from typing import NamedTuple

import numpy as np

from grader.calibration.raters.effects import Effect, ratio_effect, slope, t_effect, unknown
from grader.calibration.raters.severity import AdditiveModel
from grader.statistics import Codes, Estimate, Floats, LongForm, Mask, pieces, varies

# An error variance below this share of the panel's counts as none.
_LEAST_SHARE = 0.05
# Combinations of raters with a smaller eigenvalue (of the equations scaled to a diagonal of ones) are undetermined.
_LEAST_EIGENVALUE = 0.1
# A rater with more than this share in such combinations gets no error variance.
_MOST_LOST = 0.4


def consistency(form: LongForm, model: AdditiveModel, *, confidence: float = 0.95) -> tuple[Effect, ...]:
    """Return the error variance of each rater over the panel's: how unpredictable a rater is.

    A residual e_ir of the additive model mixes the errors of all k_i raters of answer i:
    E e_ir^2 = (1 - 2 / k_i) v_r + sum_j v_j / k_i^2 over the raters j of i. The error variances v solve these
    equations, summed over answers: M v = q. Where the equations do not determine them (raters in pairs without an odd
    cycle) they are taken to be equal. The panel's is the mean of v in the rater's component, weighted by number of
    ratings. The standard error is that of v_r minus the panel's, by the delta method over answers; an interval of the
    logarithm would call every tenth even-handed rater noisy, with three raters and 20 answers.

    Args:
        form: totals, as given to `fit_additive`.
        model: the fitted model.
        confidence: between 0 and 1.

    Returns:
        An effect for each rater: 1 as the panel, above 1 less predictable, below 1 more; the floor is .05.

    Undefined: `None` for raters without two shared answers, where the design does not show whose error it is (a panel
        of two), and where nobody differs from the model.
    Raises: ValueError when `confidence` is not between 0 and 1.
    Source: Grubbs (1948), Journal of the American Statistical Association 43, 243-264, for incomplete data; read
        with the range .5 to 1.5 of Linacre (2002), Rasch Measurement Transactions 16, 878.
    Checked against: Grubbs' closed form for three raters, and error rates in simulated teams (docs/calibration.md).
    """
    rows = np.flatnonzero(np.isfinite(model.residuals))
    both = form.take(rows)
    n = np.bincount(both.raters, minlength=form.n_raters)
    # A severity was fitted to n residuals, which are smaller than the errors by one degree of freedom.
    squares = model.residuals[rows] ** 2 * (n / np.maximum(n - 1, 1))[both.raters]
    errors = _error_variances(both, squares, model.components)
    standard_errors = _standard_errors(both, squares, errors)
    # Below this the residuals are rounding error.
    least = 1e-24 * (1.0 + float(np.max(np.abs(form.scores), initial=0.0)) ** 2)
    effects = []
    for rater in range(form.n_raters):
        if n[rater] < 2:
            effects.append(unknown(int(n[rater]), "fewer than two shared answers"))
        elif errors.lost[rater] > _MOST_LOST:
            effects.append(unknown(int(n[rater]), "who rated with whom does not tell whose error it is"))
        elif not errors.panel[rater] > least:
            effects.append(unknown(int(n[rater]), "nobody differs from the model"))
        else:
            value, error = (float(x[rater] / errors.panel[rater]) for x in (errors.variances, standard_errors))
            df = int(n[rater]) - 1
            effects.append(t_effect(value, error, df + 1, df=df, null=1.0, confidence=confidence, low=0.0))
    return tuple(effects)


def spread(form: LongForm, model: AdditiveModel, *, confidence: float = 0.95) -> tuple[Effect, ...]:
    """Return how widely each rater spreads scores: SD of the rater's over SD of colleagues' on the same answers.

    sqrt(V_r / V_o) with V_r the variance of the rater's scores y_ir over the shared answers, and V_o the mean of
    (y_is - b_s - m)^2 over the colleagues s of each answer and then over answers, m the mean of y_is - b_s likewise.
    The interval is symmetric in the logarithm, by the delta method over answers.

    Args:
        form: totals, as given to `fit_additive`.
        model: the fitted model.
        confidence: between 0 and 1.

    Returns:
        An effect for each rater: 1 as colleagues, below 1 keeps to the middle, above 1 goes to the ends. A rater who
        gave the same score everywhere has 0 without an interval, and the p-value 0.

    Undefined: `None` with fewer than two shared answers, or when colleagues gave the same score everywhere.
    Raises: ValueError when `confidence` is not between 0 and 1.
    Source: central tendency and extremism as standard deviations, Myford & Wolfe (2004), Journal of Applied
        Measurement 5, 189-227.
    Checked against: a case derived by hand, and error rates in simulated teams (docs/calibration.md).
    """
    others = colleagues(form, model)
    return tuple(
        _spread_of(form.scores[rows], others.means[rows], others.squares[rows], confidence)
        for rows in rows_by_rater(form, np.isfinite(others.means))
    )


def slope_on_colleagues(form: LongForm, model: AdditiveModel, *, confidence: float = 0.95) -> tuple[Effect, ...]:
    """Return by how much each rater's score rises when the colleagues' mean on the answer rises by 1.

    The least-squares slope of y_ir on the mean of y_is - b_s over the colleagues s of answer i. The error in that mean
    flattens it: compare it with the slopes of other raters, not with 1.

    Args:
        form: totals, as given to `fit_additive`.
        model: the fitted model.
        confidence: between 0 and 1.

    Returns:
        An effect for each rater, whose p-value tests 0; for a typical rater about the reliability of the mean.

    Undefined: `None` with fewer than three shared answers or when the colleagues' means do not vary.
    Raises: ValueError when `confidence` is not between 0 and 1.
    Source: the definition; rater against the mean of the others as in Wolfe (2004), Psychology Science 46, 35-51.
    Checked against: a case derived by hand.
    """
    means = colleagues(form, model).means
    return tuple(
        slope(means[rows], form.scores[rows], confidence=confidence) for rows in rows_by_rater(form, np.isfinite(means))
    )


class Colleagues(NamedTuple):
    """For each rating, the scores of the answer's other raters less their severity; NaN where there are none.

    Attributes:
        means: shape `(n_ratings,)`, their mean, in score points.
        squares: same shape, the mean of their squares.
    """

    means: Floats
    squares: Floats


def colleagues(form: LongForm, model: AdditiveModel, counted: Mask | None = None) -> Colleagues:
    """Return for each rating the mean of y_is - b_s over the answer's other raters s.

    Args:
        form: totals, as given to `fit_additive`.
        model: the fitted model.
        counted: shape `(n_raters,)`, who counts as a colleague; all by default.

    Undefined: NaN for answers that no counted colleague rated.
    Source: the definition.
    Checked against: a case derived by hand.
    """
    weights = np.ones(form.n_ratings) if counted is None else counted[form.raters].astype(float)
    fair = np.where(weights > 0, form.scores - model.severity[form.raters], 0.0)
    counts = np.bincount(form.answers, weights=weights, minlength=form.n_answers)[form.answers] - weights

    def of_others(values: Floats) -> Floats:
        left = np.bincount(form.answers, weights=values, minlength=form.n_answers)[form.answers] - values
        means: Floats = np.divide(left, counts, out=np.full(values.size, np.nan), where=counts > 0)
        return means

    return Colleagues(of_others(fair), of_others(fair**2))


def rows_by_rater(form: LongForm, chosen: Mask) -> list[Codes]:
    """Return for each rater the numbers of the chosen rows, in the order of the rows."""
    rows = np.flatnonzero(chosen)
    rows = rows[np.argsort(form.raters[rows], kind="stable")]
    return np.split(rows, np.searchsorted(form.raters[rows], np.arange(1, form.n_raters))) if form.n_raters else []


def _spread_of(own: Floats, means: Floats, squares: Floats, confidence: float) -> Effect:
    n = own.size
    if n < 2:
        return unknown(n, "fewer than two shared answers")
    centre = float(means.mean())
    apart = squares - 2 * centre * means + centre**2
    if not float(apart.mean()) > 1e-12 * (1.0 + centre**2):
        return unknown(n, "colleagues gave the same score everywhere")
    if not varies(own):
        return Effect(Estimate(0.0, None, None, n, "gave the same score everywhere"), 0.0)
    mine = (own - own.mean()) ** 2
    value = math.sqrt(float(mine.mean() / apart.mean()))
    influence = (mine / mine.mean() - apart / apart.mean()) / 2
    error = math.sqrt(float(influence @ influence) / (n * (n - 1)))
    return ratio_effect(value, error, n, confidence=confidence)


class _Errors(NamedTuple):
    """Error variances of raters, each shape `(n_raters,)` or `(n_raters, n_raters)`."""

    variances: Floats
    panel: Floats  # the panel's, for each rater
    lost: Floats  # share of each rater that the equations do not determine
    inverse: Floats  # of the equations, on the combinations that they determine
    shares: Floats  # row r: weight of each rater in the panel of rater r


def _error_variances(both: LongForm, squares: Floats, components: Codes) -> _Errors:
    """Solve M v = q; see `consistency`."""
    mixing = np.zeros((both.n_raters, both.n_raters))
    counts = np.bincount(both.answers, minlength=both.n_answers)
    for rows, answers, width in pieces(both):
        present = np.zeros((width, both.n_raters))
        present[answers, both.raters[rows]] = 1 / counts[both.answers[rows]]
        mixing += present.T @ present
    alone = np.bincount(both.raters, weights=1 - 2 / counts[both.answers], minlength=both.n_raters)
    mixing[np.diag_indices_from(mixing)] += alone
    diagonal = np.diagonal(mixing)
    scale = 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    values, vectors = np.linalg.eigh(mixing * scale * scale[:, None])
    determined = values > _LEAST_EIGENVALUE
    kept = vectors[:, determined]
    inverse = (scale[:, None] * kept / values[determined]) @ (kept.T * scale)
    weights = np.bincount(both.raters, minlength=both.n_raters) * (components[:, None] == components)
    shares = weights / np.maximum(weights.sum(axis=1, keepdims=True), 1)
    total = np.bincount(both.raters, weights=squares, minlength=both.n_raters)
    together = (components[:, None] == components).astype(float)
    pooled = (together @ total) / np.maximum(together @ mixing.sum(axis=1), np.finfo(float).tiny)
    variances = pooled + inverse @ (total - mixing @ pooled)
    panel = shares @ variances
    return _Errors(np.maximum(variances, _LEAST_SHARE * panel), panel, 1 - np.sum(kept**2, axis=1), inverse, shares)


def _standard_errors(both: LongForm, squares: Floats, errors: _Errors) -> Floats:
    """Return the standard error of v_r minus the panel's by the delta method over answers, shape `(n_raters,)`."""
    k = np.bincount(both.answers, minlength=both.n_answers)[both.answers]
    of_all = np.bincount(both.answers, weights=errors.variances[both.raters], minlength=both.n_answers)
    expected = (1 - 2 / k) * errors.variances[both.raters] + of_all[both.answers] / k**2
    squared = np.zeros(both.n_raters)
    for rows, answers, width in pieces(both):
        surprise = np.zeros((width, both.n_raters))
        surprise[answers, both.raters[rows]] = (squares - expected)[rows]
        moves = surprise @ errors.inverse
        squared += np.sum((moves - moves @ errors.shares.T) ** 2, axis=0)
    return np.sqrt(squared)
