"""What variance components and reliabilities mean: how far a score can be trusted, and how many raters it takes.

Components come from `components.py`. Pure functions; NaN means undefined. Nothing here rounds.
"""

import math

import numpy as np
import numpy.typing as npt

from grader.statistics.agreement import Floats, varies
from grader.statistics.components import Components
from grader.statistics.distributions import f_quantile
from grader.statistics.intervals import Estimate
from grader.statistics.rating_tables import rating_table
from grader.statistics.reliability import IccForm, intraclass_correlation, mean_squares

# What is left when mean squares cancel is rounding error below this share of the largest.
_CANCELLED_SHARE = 1e-12


def icc_of(components: Components, *, form: IccForm = "A,1", n_raters: int = 1) -> float:
    """Return an intraclass correlation from variance components, which gaps do not hinder.

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

    Undefined: as `reliability.intraclass_correlation`; ends `None` when raters agree fully beyond strictness, or when
    the mean of k raters has no lower end.
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
        n_raters: k, above 0; below 1 it shortens.

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
        1 all parts say the same, 0 they have nothing in common; may be negative.

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
    # Both are 0 where answers and raters are equal on average; what is left over has these degrees of freedom.
    v = (of_raters + of_rest) ** 2 / parts if parts > 0 else float((n - 1) * (k - 1))
    if v <= 0:  # the two parts cancel out: there are no degrees of freedom to judge by
        return float("nan"), float("nan")
    mixed = k * ms.raters + (k * n - k - n) * ms.residual
    below, above = f_quantile(p, n - 1, v), f_quantile(p, v, n - 1)
    low = n * (ms.answers - below * ms.residual) / (below * mixed + n * ms.answers)
    high = n * (above * ms.answers - ms.residual) / (mixed + n * above * ms.answers)
    return low, high
