"""Who is strict: rater effects from the additive model score = answer + rater, on any incomplete design.

score_ir = a_i + b_r + e_ir for answer i and rater r, by least squares. b_r is the severity of a rater in score points;
positive = gives more than the panel. It needs no complete table: raters are compared through the answers that they
share, directly or through other raters. Raters who are not linked are in different components, and severities of
different components must not be compared. Pure functions on `LongForm`; NaN means undefined. Nothing here rounds.

Own code for linked components, not `scipy.sparse.csgraph`: that takes .14 s more to import, for ten lines.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from grader.calibration.raters.effects import Effect, against_steady, t_effect, unknown
from grader.statistics import (
    PIECE,
    Codes,
    Estimate,
    Floats,
    LongForm,
    Mask,
    pieces,
    ratings_per_answer,
    repeated_pairs,
    student_t_quantile,
)

# Smaller values of information are rounding error: the answer alone decides, and leaves no residual.
_NO_RESIDUAL = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class AdditiveModel:
    """The estimates of the additive model for each rater, answer and rating.

    Attributes:
        severity: shape `(n_raters,)`, b_r in score points, sums to 0 in each component. NaN for raters who share no
            answer with anyone.
        covariance: shape `(n_raters, n_raters)`, of the severities; NaN where no degrees of freedom are left.
        n_common: same shape, how many answers each rater shares with someone.
        components: same shape, a number for each group of raters who are linked by shared answers, from 0 up, in
            the order of their first rater.
        raw: shape `(n_answers,)`, mean score as given, NaN without ratings.
        fair: same shape, fair average: mean of score minus severity, on the scale of the component's mean rater;
            NaN where a rater has no severity.
        residuals: shape `(n_ratings,)`, score minus fair average minus severity; NaN for answers with one rating.
        residual_variance: mean square of the residuals with the degrees of freedom that are left; NaN without any.
    """

    severity: Floats
    covariance: Floats
    n_common: Codes
    components: Codes
    raw: Floats
    fair: Floats
    residuals: Floats
    residual_variance: float

    @property
    def standard_error(self) -> Floats:
        """Standard errors of the severities in score points, shape `(n_raters,)`; NaN without degrees of freedom."""
        errors: Floats = np.sqrt(np.diagonal(self.covariance))
        return errors


def fit_additive(form: LongForm) -> AdditiveModel:
    """Return severities, fair averages and residuals of the additive model score = answer + rater.

    Answers are eliminated first: A b = g with A = sum_i (D_i - m_i m_i^T / k_i) and g_r = sum_i (y_ir - mean_i), over
    answers with k_i >= 2 raters m_i (D_i is diag(m_i)); b = A^+ g sums to 0 in each component. Standard errors are
    cluster-robust by answer with the CR2 correction for leverage: Var(b) = A^+ (sum_i u_i u_i^T) A^+ with
    u_i = (Q_i - H_i)^(-1/2) e_i, Q_i = I - 1 1^T / k_i, H_i = Q_i A^+ Q_i. On complete data that is
    SD_i(y_ir - mean_i) / sqrt(n), as in a paired t-test. Directions that one answer alone determines have no residual;
    they get the overall residual variance.

    Args:
        form: totals, each rater at most once for an answer (`first_ratings`).

    Returns:
        See `AdditiveModel`. If everyone rates everything, a rater who differs by d from the k - 1 others has
        severity d (1 - 1 / k).

    Undefined: NaN as described there; no ratings, one rater or no shared answer raise no error.
    Raises: ValueError when a rater rated an answer twice.
    Source: two-way analysis of variance without interaction, Searle (1987), "Linear Models for Unbalanced Data",
        chapter 4; CR2: Bell & McCaffrey (2002), Survey Methodology 28, 169-181; Pustejovsky & Tipton (2018), Journal
        of Business & Economic Statistics 36, 672-683.
    Checked against: the example of Shrout & Fleiss; dense least squares and dense CR2; a paired t-test; error rates in
        simulated teams (docs/calibration.md).
    """
    if len(repeated_pairs(form)):
        raise ValueError("a rater rated an answer twice: take the first ratings alone (first_ratings)")
    counts = ratings_per_answer(form)
    means = _mean_by(form.answers, form.scores, form.n_answers)
    shared = counts[form.answers] >= 2
    both = form.take(shared)
    n_common = np.bincount(both.raters, minlength=form.n_raters)
    information = _information(both, counts)
    components = _linked(information)
    inverse = _pseudo_inverse(information, components)
    deviations = both.scores - means[both.answers]
    severity = inverse @ np.bincount(both.raters, weights=deviations, minlength=form.n_raters)
    severity[n_common == 0] = np.nan
    residuals = np.full(form.n_ratings, np.nan)
    strictness = _mean_by(both.answers, severity[both.raters], form.n_answers)
    residuals[shared] = deviations - severity[both.raters] + strictness[both.answers]
    n_linked = np.unique(components[n_common > 0]).size
    freedom = both.n_ratings - np.unique(both.answers).size - int((n_common > 0).sum()) + n_linked
    variance = float(np.sum(residuals[shared] ** 2) / freedom) if freedom > 0 else float("nan")
    covariance = np.full(information.shape, np.nan)
    judged = n_common > (1 if freedom > 0 else both.n_ratings)
    if judged.any():
        robust = _robust_covariance(both, residuals[shared], inverse, variance)
        covariance[np.ix_(judged, judged)] = robust[np.ix_(judged, judged)]
    fair = means - _mean_by(form.answers, severity[form.raters], form.n_answers)
    return AdditiveModel(severity, covariance, n_common, components, means, fair, residuals, variance)


def severity_estimates(model: AdditiveModel, *, confidence: float = 0.95) -> tuple[Estimate, ...]:
    """Return the severity of each rater with its interval b_r -+ t SE, in score points.

    t is the quantile of Student's distribution with n_common - 1 degrees of freedom: percentile intervals of so few
    answers would call an even-handed rater strict too often.

    Args:
        model: from `fit_additive`.
        confidence: between 0 and 1.

    Undefined: value `None` for a rater who shares no answer; interval `None` where no degrees of freedom are left.
    Raises: ValueError when `confidence` is not between 0 and 1.
    Source: as `fit_additive`.
    Checked against: the interval of a paired t-test.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1, got {confidence}")
    return tuple(_estimate(model, rater, confidence) for rater in range(model.severity.size))


def severity_against_colleagues(model: AdditiveModel, *, confidence: float = 0.95) -> tuple[Effect, ...]:
    """Return how much more each rater gives than the mean of the colleagues, in score points.

    b_r minus the mean of b_s over the other raters s of the component, with the standard error from the covariance
    of the severities and n_common - 1 degrees of freedom. Colleagues who stand out themselves are left out of that mean
    (`against_steady`).

    Args:
        model: from `fit_additive`.
        confidence: between 0 and 1.

    Undefined: `None` for a rater whose severity has no standard error, or without a colleague who has one.
    Raises: ValueError when `confidence` is not between 0 and 1.
    Source: the definition.
    Checked against: a paired t-test; error rates in simulated teams (docs/calibration.md).
    """
    known = np.isfinite(model.standard_error)
    return against_steady(lambda counted: _against(model, counted, known, confidence), known, model.components)


def linked_components(form: LongForm) -> Codes:
    """Return a number for each group of raters who are linked by shared answers, shape `(n_raters,)`.

    Two raters with the same number can be compared, directly or through others; numbers are from 0 up in the order of
    the first rater. A rater who shares no answer is alone.

    Undefined: never.
    Source: subset connectedness, Linacre (1994), "Many-Facet Rasch Measurement".
    Checked against: cases derived by hand.
    """
    counts = np.bincount(form.answers, minlength=form.n_answers)
    return _linked(_information(form.take(counts[form.answers] >= 2), counts))


def _estimate(model: AdditiveModel, rater: int, confidence: float) -> Estimate:
    n = int(model.n_common[rater])
    if n == 0:
        return Estimate(None, None, None, 0, "undefined: shares no answer with another rater")
    value, error = float(model.severity[rater]), float(model.standard_error[rater])
    if not np.isfinite(error):
        return Estimate(value, None, None, n, "no interval: too few shared answers")
    reach = student_t_quantile((1 + confidence) / 2, n - 1) * error
    return Estimate(value, value - reach, value + reach, n)


def _against(model: AdditiveModel, counted: Mask, known: Mask, confidence: float) -> tuple[Effect, ...]:
    linked = (model.components[:, None] == model.components) & counted
    np.fill_diagonal(linked, False)
    n_others = linked.sum(axis=1)
    contrasts = np.eye(counted.size) - linked / np.maximum(n_others, 1)[:, None]
    contrasts[:, ~known] = 0.0
    severity, covariance = np.where(known, model.severity, 0.0), np.where(known & known[:, None], model.covariance, 0.0)
    values = contrasts @ severity
    errors = np.sqrt(np.maximum(np.sum(contrasts @ covariance * contrasts, axis=1), 0.0))
    return tuple(
        t_effect(float(values[r]), float(errors[r]), n, df=n - 1, null=0.0, confidence=confidence)
        if known[r] and n_others[r]
        else unknown(n, "too few shared answers")
        for r, n in enumerate(int(n) for n in model.n_common)
    )


def _mean_by(codes: Codes, values: Floats, n: int) -> Floats:
    """Return the mean of the values of each code, NaN where there is none."""
    counts = np.bincount(codes, minlength=n)
    sums = np.bincount(codes, weights=values, minlength=n)
    means: Floats = np.divide(sums, counts, out=np.full(n, np.nan), where=counts > 0)
    return means


def _information(both: LongForm, counts: Codes) -> Floats:
    """Return A, shape `(n_raters, n_raters)`: off the diagonal minus the sum of 1 / k_i over shared answers."""
    a = np.zeros((both.n_raters, both.n_raters))
    for rows, answers, width in pieces(both):
        present = np.zeros((width, both.n_raters))
        present[answers, both.raters[rows]] = 1 / np.sqrt(counts[both.answers[rows]])
        a -= present.T @ present
    a[np.diag_indices_from(a)] += np.bincount(both.raters, minlength=both.n_raters)
    return a


def _linked(information: Floats) -> Codes:
    """Return the component of each rater; raters are neighbours where A has an entry off the diagonal."""
    neighbours = information < -_NO_RESIDUAL
    components = np.full(information.shape[0], -1, dtype=np.intp)
    n_components = 0
    for rater in range(components.size):
        if components[rater] >= 0:
            continue
        reached = np.zeros(components.size, dtype=bool)
        reached[rater] = True
        while (more := neighbours[reached].any(axis=0) & ~reached).any():
            reached |= more
        components[reached] = n_components
        n_components += 1
    return components


def _pseudo_inverse(information: Floats, components: Codes) -> Floats:
    """Return A^+; its null space, one constant per component, is added before inverting and subtracted after."""
    together = (components[:, None] == components) / np.bincount(components)[components] if components.size else 0.0
    inverse: Floats = np.linalg.inv(information + together) - together
    return inverse


def _robust_covariance(both: LongForm, residuals: Floats, inverse: Floats, variance: float) -> Floats:
    """Return A^+ (sum_i u_i u_i^T) A^+, shape `(n_raters, n_raters)`."""
    corrected = residuals.copy()
    total = np.zeros_like(inverse)
    for rows, patterns, which in _patterns(both):
        k = patterns.shape[1]
        centre = np.eye(k) - 1 / k
        blocks = centre @ inverse[patterns[:, :, None], patterns[:, None, :]] @ centre
        # Adding 2 in the mean's direction tells it from directions without a residual; residuals have no part in it.
        values, vectors = np.linalg.eigh(centre - blocks + 2 / k)
        lost = values <= _NO_RESIDUAL
        roots = np.where(lost, 0.0, 1 / np.sqrt(np.where(lost, 1.0, values)))
        factors = vectors * roots[:, None, :] @ vectors.transpose(0, 2, 1)
        corrected[rows] = np.einsum("nij,nj->ni", factors[which], residuals[rows])
        for pattern, direction in zip(*np.nonzero(lost), strict=True):
            times = int((which == pattern).sum())
            reach = inverse[:, patterns[pattern]] @ vectors[pattern, :, direction]
            total += times * variance * np.outer(reach, reach)
    for rows, answers, width in pieces(both):
        scores = np.zeros((width, both.n_raters))
        scores[answers, both.raters[rows]] = corrected[rows]
        moves = scores @ inverse
        total += moves.T @ moves
    return total


def _patterns(both: LongForm) -> Iterator[tuple[Codes, Codes, Codes]]:
    """Yield answers by their set of raters: rows `(n, k)`, the sets `(n_sets, k)`, the set of each answer."""
    order = np.lexsort((both.raters, both.answers))
    counts = np.bincount(both.answers, minlength=both.n_answers)
    begins = np.cumsum(counts) - counts
    for k in np.unique(counts[counts > 0]):
        rows = order[begins[counts == k][:, None] + np.arange(k)]
        patterns, which = np.unique(both.raters[rows], axis=0, return_inverse=True)
        which = which.ravel()
        by_pattern = np.argsort(which, kind="stable")
        step = max(1, PIECE // int(k) ** 2)
        for first in range(0, len(patterns), step):
            begin, end = np.searchsorted(which[by_pattern], [first, first + step])
            chosen = by_pattern[begin:end]
            yield rows[chosen], patterns[first : first + step], which[chosen] - first
