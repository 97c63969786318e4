"""Generalizability: variance components of scores, and what follows from them for reliability and the number of raters.

Score of rater r on answer i = mean + answer i + rater r + rest, with variances V_a, V_r and V_e. V_a is the variance
that scores should show. Adjusting for strictness removes V_r; averaging more raters reduces V_e.

Pure functions on numpy arrays; NaN means undefined, and results are not rounded.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from grader.statistics.agreement import Codes, Floats, varies
from grader.statistics.bootstrap import Statistic
from grader.statistics.distributions import f_quantile
from grader.statistics.intervals import Estimate
from grader.statistics.rating_tables import rating_table
from grader.statistics.reliability import IccForm, intraclass_correlation, mean_squares

# Raters with less information in common than this are not linked: it is rounding error.
_NO_INFORMATION = 1e-9
# When mean squares cancel, a remainder below this share of the largest is rounding error.
_CANCELLED_SHARE = 1e-12


class Components(NamedTuple):
    """Variances in squared score points; an estimate may be below 0, which means 0. NaN where undefined."""

    answer: float  # V_a
    rater: float  # V_r
    residual: float  # V_e


def variance_components(ratings: npt.ArrayLike) -> Components:
    """Return the variances of answers, raters and the rest, also for incomplete tables.

    Henderson's third method. With N ratings of n answers by k raters, SS_a and SS_r the sums of squares within answers
    and within raters, and SS_e the residual sum of squares of the additive model answer + rater of rank n + d
    (d = k - 1 if all are linked): V_e = SS_e / (N - n - d), V_r = (SS_a - SS_e - d V_e) / (N - n),
    V_a = (SS_r - SS_e - (n + d - k) V_e) / (N - k). Without gaps this is the analysis of variance:
    V_a = (MSR - MSE) / k, V_r = (MSC - MSE) / n, V_e = MSE.

    Args:
        ratings: shape `(n_answers, n_raters)`, NaN = missing.

    Undefined: NaN when no answer has two ratings, or the additive model leaves no degrees of freedom.
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


def icc_from_components(components: Components, *, form: IccForm = "A,1", n_raters: int = 1) -> float:
    """Return an intraclass correlation from variance components, also for incomplete tables.

    V_a / (V_a + E / k) with E = V_r + V_e for absolute agreement (`A,...`), V_e for consistency (`C,...`), and k = 1
    for a single rater (`...,1`) or `n_raters` for their mean (`...,k`).

    Args:
        components: from `variance_components`.
        form: `A,1`, `A,k`, `C,1` or `C,k`, as in `reliability.intraclass_correlation`.
        n_raters: k, how many raters are averaged in the forms `...,k`.

    Returns:
        1 answers alone explain the scores, 0 or less: they explain nothing. Without gaps it equals
        `reliability.intraclass_correlation` for k raters.

    Undefined: NaN when the components are, or the denominator is not above 0.
    Raises: ValueError on another form.
    Source: McGraw & Wong (1996), Psychological Methods 1, 30-46.
    Checked against: `reliability.intraclass_correlation`.
    """
    if form not in ("A,1", "A,k", "C,1", "C,k"):
        raise ValueError(f"form must be one of A,1; A,k; C,1; C,k, got '{form}'")
    error = components.residual + (components.rater if form.startswith("A") else 0.0)
    total = components.answer + error / (n_raters if form.endswith("k") else 1)
    return components.answer / total if total > 0 else float("nan")


def icc_interval(ratings: npt.ArrayLike, *, form: IccForm = "A,1", confidence: float = 0.95) -> Estimate:
    """Return an intraclass correlation with the interval of McGraw and Wong, from the F distribution.

    The forms `C` and `1`, with F = MSR / E (E as in `reliability.intraclass_correlation`) and f the F quantile, below
    and above: (F / f - 1) / (F / f + k - 1). For `A,1` with a = k R / (n (1 - R)), b = 1 + a (n - 1), R the value, and
    v = (a MSC + b MSE)^2 / ((a MSC)^2 / (k - 1) + (b MSE)^2 / ((n - 1) (k - 1))) degrees of freedom below the line:
    low = n (MSR - f MSE) / (f (k MSC + (k n - k - n) MSE) + n MSR), high with f' = F(v, n - 1) above the line. The ends
    of the forms `k` follow by the Spearman-Brown formula.

    Args:
        ratings: shape `(n_answers, n_raters)`. Answers with a missing rating (NaN) are left out.
        form: as in `reliability.intraclass_correlation`.
        confidence: between 0 and 1.

    Undefined: as `reliability.intraclass_correlation`; ends `None` when raters agree fully apart from strictness, when
    the means of the answers do not vary, or when the mean of k raters has no lower end.
    Raises: as `reliability.intraclass_correlation`; ValueError when `confidence` is not between 0 and 1.
    Source: McGraw & Wong (1996), Psychological Methods 1, 30-46, table 7.
    Checked against: the intervals of pingouin for the example of Shrout & Fleiss, and coverage in simulations.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1, got {confidence}")
    value = intraclass_correlation(ratings, form=form)
    table = rating_table(ratings)
    table = table[np.isfinite(table).all(axis=1)]
    n, k = table.shape
    if not math.isfinite(value):
        return Estimate(None, None, None, n, "undefined: too few complete answers or raters, or no variation in them")
    ms = mean_squares(table)
    error, df = (ms.within, n * (k - 1)) if form.startswith("1") else (ms.residual, (n - 1) * (k - 1))
    if error <= _CANCELLED_SHARE * ms.answers:
        return Estimate(value, None, None, n, "no interval: nothing is left over to judge it by")
    if ms.answers <= _CANCELLED_SHARE * error:
        return Estimate(value, None, None, n, "no interval: all answers have the same mean")
    p = (1 + confidence) / 2
    if form.startswith("A"):
        low, high = _absolute_ends(table, p)
    else:
        f = ms.answers / error
        below, above = f / f_quantile(p, n - 1, df), f * f_quantile(p, df, n - 1)
        low, high = (below - 1) / (below + k - 1), (above - 1) / (above + k - 1)
    if form.endswith("k"):
        low, high = spearman_brown(low, k), spearman_brown(high, k)
    if not (math.isfinite(low) and math.isfinite(high)):
        return Estimate(value, None, None, n, "no interval: too few answers, it has no lower end")
    return Estimate(value, low, high, n)


def severity_share(components: Components) -> float:
    """Return the share of the disagreement that adjusting strictness would remove: V_r / (V_r + V_e).

    Args:
        components: from `variance_components`; below 0 counts as 0.

    Returns:
        A fraction in 0..1.

    Undefined: NaN when the components are, or the raters agree fully.
    Source: the definition; generalisability theory, Brennan (2001), "Generalizability Theory", chapter 2.
    Checked against: the example of Shrout & Fleiss, 5.2444 / 6.2639.
    """
    rater, residual = max(components.rater, 0.0), max(components.residual, 0.0)
    return rater / (rater + residual) if rater + residual > 0 else float("nan")


def rater_share(components: Components) -> float:
    """Return the share of all variance that comes from who rated: V_r / (V_a + V_r + V_e).

    Args:
        components: from `variance_components`; below 0 counts as 0.

    Returns:
        A fraction in 0..1.

    Undefined: NaN when the components are, or nothing varies.
    Source: as `severity_share`.
    Checked against: the example of Shrout & Fleiss, 5.2444 / 8.8194.
    """
    parts = [max(part, 0.0) if math.isfinite(part) else part for part in components]
    return parts[1] / sum(parts) if sum(parts) > 0 else float("nan")


def standard_error_of_measurement(components: Components, *, relative: bool = False, n_raters: int = 1) -> float:
    """Return by how much another rater would typically move a score, in score points (SEM).

    sqrt((V_r + V_e) / k): absolute, who rates counts; `relative`: sqrt(V_e / k), as if strictness had been adjusted.
    95 % of the scores are within 1.96 SEM of what all raters together would give.

    Args:
        components: from `variance_components`; below 0 counts as 0.
        relative: see above.
        n_raters: k, how many raters are averaged.

    Returns:
        0 or more, in score points.

    Undefined: NaN when the components are.
    Source: Brennan (2001), chapter 2; Shrout & Fleiss (1979).
    Checked against: the example of Shrout & Fleiss, sqrt(6.2639) and sqrt(1.0194).
    """
    parts = (components.residual,) if relative else (components.rater, components.residual)
    if not all(math.isfinite(part) for part in parts):
        return float("nan")
    return math.sqrt(sum(max(part, 0.0) for part in parts) / n_raters)


def spearman_brown(reliability: float, n_raters: float) -> float:
    """Return the reliability of the mean of k raters from that of one: k r / (1 + (k - 1) r).

    Args:
        reliability: r, of a single rater.
        n_raters: k, above 0; a k below 1 gives a lower reliability.

    Undefined: NaN for NaN, or where 1 + (k - 1) r is not above 0.
    Source: Spearman (1910) and Brown (1910), British Journal of Psychology 3, 271-295 and 296-322.
    Checked against: ICC(2,1) and ICC(2,4) of Shrout & Fleiss.
    """
    below = 1 + (n_raters - 1) * reliability
    return n_raters * reliability / below if below > 0 else float("nan")


def raters_needed(reliability: float, target: float) -> float:
    """Return how many raters must be averaged for a reliability of `target`: t (1 - r) / (r (1 - t)).

    Args:
        reliability: r, of a single rater.
        target: t, between 0 and 1; .7, .8 and .9 are usual.

    Returns:
        A number above 0, not rounded: round up, and not below 1.

    Undefined: NaN when r is 0 or less: no number of raters is enough.
    Raises: ValueError when `target` is not between 0 and 1.
    Source: the inverse of `spearman_brown`.
    Checked against: `spearman_brown`.
    """
    if not 0 < target < 1:
        raise ValueError(f"target must be between 0 and 1, got {target}")
    return target * (1 - reliability) / (reliability * (1 - target)) if reliability > 0 else float("nan")


def cronbach_alpha(items: npt.ArrayLike) -> float:
    """Return Cronbach's alpha: how far the parts of a score (rubric points, questions) go together.

    q / (q - 1) (1 - sum_j var(x_j) / var(sum_j x_j)) for q parts.

    Args:
        items: shape `(n_answers, n_parts)`. Answers with a missing part (NaN) are left out.

    Returns:
        1 all parts agree, 0 they have nothing in common; may be negative.

    Undefined: NaN with fewer than two parts or complete answers, or when the sums do not vary.
    Raises: ValueError on another shape or infinite values.
    Source: Cronbach (1951), Psychometrika 16, 297-334.
    Checked against: ICC(C,k) of the same table, to which it is equal.
    """
    table = rating_table(items)
    table = table[np.isfinite(table).all(axis=1)]
    n, q = table.shape
    if n < 2 or q < 2 or not varies(table.sum(axis=1)):
        return float("nan")
    return float(q / (q - 1) * (1 - table.var(axis=0, ddof=1).sum() / table.sum(axis=1).var(ddof=1)))


def disattenuated_r(human_system: float, human_human: float) -> float:
    """Return what a correlation with people would be if people made no errors: r_HM / sqrt(r_HH).

    Args:
        human_system: r_HM, between one person's scores and the system's.
        human_human: r_HH, between the scores of two people.

    Returns:
        May be above 1 in small samples.

    Undefined: NaN when r_HH is 0 or less.
    Source: Spearman (1904), American Journal of Psychology 15, 72-101; RSMTool documentation.
    Checked against: a case derived by hand.
    """
    return human_system / math.sqrt(human_human) if human_human > 0 else float("nan")


def _absolute_ends(table: Floats, p: float) -> tuple[float, float]:
    """Return the ends of the interval of ICC(A,1)."""
    ms = mean_squares(table)
    n, k = table.shape
    value = intraclass_correlation(table, form="A,1")
    a = k * value / (n * (1 - value))
    of_raters, of_rest = a * ms.raters, (1 + a * (n - 1)) * ms.residual
    parts = of_raters**2 / (k - 1) + of_rest**2 / ((n - 1) * (k - 1))
    # Both are 0 where neither answers nor raters differ on average; the residual has these degrees of freedom.
    v = (of_raters + of_rest) ** 2 / parts if parts > 0 else float((n - 1) * (k - 1))
    if v <= 0:  # the two parts cancel out: there are no degrees of freedom to judge by
        return float("nan"), float("nan")
    mixed = k * ms.raters + (k * n - k - n) * ms.residual
    below, above = f_quantile(p, n - 1, v), f_quantile(p, v, n - 1)
    low = n * (ms.answers - below * ms.residual) / (below * mixed + n * ms.answers)
    high = n * (above * ms.answers - ms.residual) / (mixed + n * above * ms.answers)
    return low, high


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


def _explained(information: Floats, deviation_sums: Floats, present: npt.NDArray[np.bool_]) -> tuple[float, int]:
    """Return the sum of squares within answers that strictness explains, and its degrees of freedom.

    The equations leave one constant free in each group of linked raters; it is fixed before solving.
    """
    k = present.size
    linked, labels = information < -_NO_INFORMATION, np.arange(k)
    while True:
        lowest = np.minimum(labels, np.where(linked, labels, k).min(axis=1, initial=k))
        if np.array_equal(lowest, labels):
            break
        labels = lowest
    filled = information + (labels[:, None] == labels) / np.bincount(labels, minlength=k)[labels]
    explained = float(deviation_sums @ np.linalg.solve(filled, deviation_sums)) if k else 0.0
    return explained, int(present.sum()) - np.unique(labels[present]).size


def _henderson(entries: _Entries, drawn: Floats) -> tuple[float, float, float]:
    """Return V_a, V_r and V_e where answer i counts as `drawn[i]` different answers."""
    k, weight = entries.n_raters, drawn[entries.rows]
    n_of_rater = np.bincount(entries.columns, weights=weight, minlength=k)
    n_ratings, n_present = float(weight.sum()), int(np.count_nonzero(n_of_rater))
    n_answers = float(drawn[entries.n_ratings > 0].sum())
    answers, cells, parts = entries.pairs
    shared = np.bincount(cells, weights=drawn[answers] * parts, minlength=k * k).reshape(k, k)
    deviation_sums = np.bincount(entries.columns, weights=weight * entries.deviations, minlength=k).astype(float)
    information = np.asarray(np.diag(n_of_rater) - shared, dtype=float)
    explained, d = _explained(information, deviation_sums, n_of_rater > 0)
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
