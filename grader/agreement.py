"""Statistics of agreement between people, and between people and the system: pure functions on numpy arrays.

Nothing here reads files, resamples or rounds results; `intervals.py` adds the intervals. NaN means undefined.

Conventions. `human` and `system` have shape `(n_answers,)`; `human` always comes first. `ratings` has shape
`(n_answers, n_raters)` with NaN where a rater gave no score. Scores may be any numbers on one common scale.
Where scores are compared for equality, those closer than 1e-9 count as equal, so that 0.1 + 0.2 is 0.3.
"""

from itertools import combinations
from typing import Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt

Level = Literal["nominal", "ordinal", "interval", "ratio"]
IccForm = Literal["A,1", "A,k", "C,1", "C,k", "1,1", "1,k"]
Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]

# Finer than any marking scale, coarser than the rounding error of a sum of marks.
_DECIMALS = 9
_SAME = 10.0**-_DECIMALS
# A smaller share of squared deviations in the squared values is rounding error (about 1e-32 in doubles).
_ROUNDING_SHARE = 1e-24
# What is left when mean squares cancel is rounding error below this share of the largest (1e-16 in doubles).
_CANCELLED_SHARE = 1e-12


def exact_agreement(human: npt.ArrayLike, system: npt.ArrayLike) -> float:
    """Return the share of answers with the same score.

    mean(h == m), with h the human and m the system scores.

    Args:
        human: shape `(n_answers,)`.
        system: shape `(n_answers,)`, same scale.

    Returns:
        A fraction in 0..1; chance agreement is not taken out.

    Undefined: NaN without answers.
    Raises: ValueError on unequal lengths or values that are not finite.
    Source: RSMTool documentation, "Exact agreement".
    Checked against: a case derived by hand.
    """
    return adjacent_agreement(human, system, tolerance=0.0)


def adjacent_agreement(human: npt.ArrayLike, system: npt.ArrayLike, *, tolerance: float = 1.0) -> float:
    """Return the share of answers whose scores differ by at most `tolerance`.

    mean(|h - m| <= tolerance), with h the human and m the system scores.

    Args:
        human: shape `(n_answers,)`.
        system: shape `(n_answers,)`, same scale.
        tolerance: in units of the scale, 0 or more.

    Returns:
        A fraction in 0..1.

    Undefined: NaN without answers.
    Raises: ValueError on unequal lengths, values that are not finite, or a negative tolerance.
    Source: RSMTool documentation, "Adjacent agreement".
    Checked against: a case derived by hand.
    """
    if tolerance < 0:
        raise ValueError(f"tolerance must be 0 or more, got {tolerance}")
    h, m = _paired(human, system)
    return _mean(np.abs(h - m) <= tolerance + _SAME)


def accuracy(human: npt.ArrayLike, system: npt.ArrayLike) -> float:
    """Return the share of answers that the system put in the human's class: `exact_agreement` of classes.

    mean(h == m), with h the human and m the system classes as numbers.

    Args:
        human: shape `(n_answers,)`.
        system: shape `(n_answers,)`, same classes.

    Returns:
        A fraction in 0..1; compare it with the share of the largest class.

    Undefined: NaN without answers.
    Raises: ValueError on unequal lengths or values that are not finite.
    Source: the definition; as used in SemEval-2013 task 7 (Dzikovska et al., 2013).
    Checked against: a case derived by hand.
    """
    return exact_agreement(human, system)


def mean_absolute_error(human: npt.ArrayLike, system: npt.ArrayLike) -> float:
    """Return how far the scores are apart on average: mean(|h - m|), in units of the scale.

    Args:
        human: shape `(n_answers,)`.
        system: shape `(n_answers,)`, same scale.

    Returns:
        0 when all scores are equal; no upper end.

    Undefined: NaN without answers.
    Raises: ValueError on unequal lengths or values that are not finite.
    Source: the definition.
    Checked against: a case derived by hand.
    """
    h, m = _paired(human, system)
    return _mean(np.abs(h - m))


def root_mean_squared_error(human: npt.ArrayLike, system: npt.ArrayLike) -> float:
    """Return the typical error with large ones counting more: sqrt(mean((h - m)^2)), in units of the scale.

    Args:
        human: shape `(n_answers,)`.
        system: shape `(n_answers,)`, same scale.

    Returns:
        0 when all scores are equal; never below the mean absolute error.

    Undefined: NaN without answers.
    Raises: ValueError on unequal lengths or values that are not finite.
    Source: the definition.
    Checked against: a case derived by hand.
    """
    h, m = _paired(human, system)
    return float(np.sqrt(_mean((h - m) ** 2)))


def pearson_r(human: npt.ArrayLike, system: npt.ArrayLike) -> float:
    """Return Pearson's correlation: how well a straight line maps one score onto the other.

    r = cov(h, m) / (SD(h) SD(m)). A system that is too strict throughout can still have r = 1.

    Args:
        human: shape `(n_answers,)`.
        system: shape `(n_answers,)`, any scale.

    Returns:
        1 same order and spacing, 0 no linear relation, -1 reversed.

    Undefined: NaN when either does not vary (beyond rounding error).
    Raises: ValueError on unequal lengths or values that are not finite.
    Source: Pearson (1895).
    Checked against: a case derived by hand.
    """
    h, m = _paired(human, system)
    one_group = np.zeros(h.size, dtype=np.intp)
    return float(_correlations(h, m, one_group, n_groups=1)[0])


def spearman_rho(human: npt.ArrayLike, system: npt.ArrayLike) -> float:
    """Return Spearman's rank correlation: how well the order of the answers agrees.

    rho = pearson_r of the ranks, where equal scores share their average rank.

    Args:
        human: shape `(n_answers,)`.
        system: shape `(n_answers,)`, any scale.

    Returns:
        1 same order, 0 no monotone relation, -1 reversed.

    Undefined: NaN when either does not vary (beyond rounding error).
    Raises: ValueError on unequal lengths or values that are not finite.
    Source: Spearman (1904); average ranks as in Kendall (1948), "Rank Correlation Methods", chapter 3.
    Checked against: a case with ties derived by hand.
    """
    h, m = _paired(human, system)
    if not (_varies(h) and _varies(m)):
        return float("nan")
    return pearson_r(_average_ranks(h), _average_ranks(m))


def within_group_pearson(
    human: npt.ArrayLike, system: npt.ArrayLike, groups: npt.ArrayLike, *, min_size: int = 8
) -> float:
    """Return the mean correlation inside groups (questions), so that easy and hard questions do not help.

    sum_g n_g r_g / sum_g n_g, with r_g Pearson's r and n_g the number of answers of group g.

    Args:
        human: shape `(n_answers,)`.
        system: shape `(n_answers,)`, any scale.
        groups: shape `(n_answers,)`, the group's label (text or number) of each answer.
        min_size: groups with fewer answers are left out. When resampling groups with replacement, leave out
            the small ones first: a group that is drawn twice counts as one of double size.

    Returns:
        As `pearson_r`.

    Undefined: NaN when no group has `min_size` answers and variation in both scores.
    Raises: ValueError on unequal lengths or scores that are not finite.
    Source: the definition.
    Checked against: the weighted mean of `pearson_r` computed group by group.
    """
    h, m = _paired(human, system)
    labels = np.asarray(groups)
    if labels.shape != h.shape:
        raise ValueError(
            f"groups has shape {labels.shape} but there are {h.size} answers: give one label each"
        )
    distinct, codes, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    r = _correlations(h, m, codes, n_groups=distinct.size)
    used = (sizes >= min_size) & np.isfinite(r)
    return float(np.average(r[used], weights=sizes[used])) if used.any() else float("nan")


def cohen_kappa(human: npt.ArrayLike, system: npt.ArrayLike) -> float:
    """Return Cohen's kappa for classes without an order: agreement beyond chance.

    kappa = (p_o - p_e) / (1 - p_e), with p_o the share of equal classes and p_e = sum_c P_h(c) P_m(c) the
    share expected if both kept their own class frequencies but classified independently.

    Args:
        human: shape `(n_answers,)`.
        system: shape `(n_answers,)`, same classes as numbers.

    Returns:
        1 full agreement, 0 chance, negative below chance. Low in spite of high agreement when nearly all
        answers are in one class; then see `gwet_ac1`.

    Undefined: NaN without answers, or when both put every answer into the same class (p_e = 1).
    Raises: ValueError on unequal lengths or values that are not finite.
    Source: Cohen (1960), Educational and Psychological Measurement 20, 37-46.
    Checked against: the tables of the kappa paradox (Feinstein & Cicchetti, 1990; Gwet), and cases derived by
        hand.
    """
    h, m = _paired(human, system)
    if h.size == 0:
        return float("nan")
    h_codes, m_codes, n_classes = _shared_classes(h, m)
    h_share = np.bincount(h_codes, minlength=n_classes) / h.size
    m_share = np.bincount(m_codes, minlength=n_classes) / m.size
    if n_classes == 1:
        return float("nan")
    by_chance = float(h_share @ m_share)
    return (_mean(h_codes == m_codes) - by_chance) / (1 - by_chance)


def quadratic_weighted_kappa(human: npt.ArrayLike, system: npt.ArrayLike) -> float:
    """Return quadratic weighted kappa (QWK) in its continuous form: agreement beyond chance on a scale.

    QWK = 2 cov(h, m) / (var(h) + var(m) + (mean(h) - mean(m))^2), with moments that divide by n_answers.
    The usual table of weights (i - j)^2 / (K - 1)^2 gives the same number on K levels: the scale's length
    cancels out, so no scale is asked for and a level that never occurs changes nothing. Equals Lin's
    concordance correlation coefficient; scores need not be whole numbers.

    Args:
        human: shape `(n_answers,)`, in rubric points.
        system: shape `(n_answers,)`, same scale.

    Returns:
        1 identical, 0 chance, negative below chance. Never further from 0 than `pearson_r`, because
        strictness and spread count too.

    Undefined: NaN when neither varies (beyond rounding error).
    Raises: ValueError on unequal lengths or values that are not finite.
    Source: Cohen (1968), Psychological Bulletin 70, 213-220; continuous form: Haberman (2019), ETS RR-19-20;
        Lin (1989), Biometrics 45, 255-268.
    Checked against: the value in RSMTool's tests, the table form on all levels, and a case derived by hand.
    """
    h, m = _paired(human, system)
    if not (_varies(h) or _varies(m)):
        return float("nan")
    covariance = np.mean((h - h.mean()) * (m - m.mean()))
    return float(2 * covariance / (h.var() + m.var() + (h.mean() - m.mean()) ** 2))


def standardized_mean_difference(
    human: npt.ArrayLike, system: npt.ArrayLike, *, pooled: bool = False, ddof: int = 1
) -> float:
    """Return how much higher the system scores than the human, in standard deviations (SMD).

    (mean(m) - mean(h)) / SD, with SD = SD(h), or sqrt((var(h) + var(m)) / 2) if `pooled`.

    Args:
        human: shape `(n_answers,)`.
        system: shape `(n_answers,)`, same scale.
        pooled: use both spreads; meant for two humans, neither of whom is the standard.
        ddof: variances divide by `n_answers - ddof`.

    Returns:
        0 no bias, positive when the system is more lenient.

    Undefined: NaN when the SD is 0 (beyond rounding error) or there are no more than `ddof` answers.
    Raises: ValueError on unequal lengths or values that are not finite.
    Source: RSMTool documentation, "Standardized mean difference"; pooled: Williamson, Xi & Breyer (2012),
        Educational Measurement: Issues and Practice 31, 2-13.
    Checked against: the values in RSMTool's tests.
    """
    h, m = _paired(human, system)
    if h.size <= ddof or not (_varies(h) or (pooled and _varies(m))):
        return float("nan")
    variance = (h.var(ddof=ddof) + m.var(ddof=ddof)) / 2 if pooled else h.var(ddof=ddof)
    return float((m.mean() - h.mean()) / np.sqrt(variance))


def auc(human: npt.ArrayLike, system: npt.ArrayLike) -> float:
    """Return the area under the ROC curve: how often a right answer scores above a wrong one, ties half.

    AUC = (R - p (p + 1) / 2) / (p q), with p right and q wrong answers and R the rank sum of the right ones.

    Args:
        human: shape `(n_answers,)`, 1 right or 0 wrong.
        system: shape `(n_answers,)`, any scale.

    Returns:
        1 perfect separation, 0.5 chance, 0 reversed.

    Undefined: NaN when `human` holds one class only.
    Raises: ValueError on unequal lengths, values that are not finite, or a human value other than 0 and 1.
    Source: Mann & Whitney (1947); Hanley & McNeil (1982), Radiology 143, 29-36.
    Checked against: a case with a tie derived by hand, and the count over all pairs.
    """
    h, m = _paired(human, system)
    strange = h[(h != 0) & (h != 1)]
    if strange.size:
        raise ValueError(f"human must be 0 or 1 everywhere, got {strange[0]:g}")
    right = h == 1
    p, q = int(right.sum()), int((~right).sum())
    if p == 0 or q == 0:
        return float("nan")
    return float((_average_ranks(m)[right].sum() - p * (p + 1) / 2) / (p * q))


def f1(human: npt.ArrayLike, system: npt.ArrayLike, *, positive: float = 1.0) -> float:
    """Return F1 of one class: the harmonic mean of precision and recall.

    F1 = 2 b / (p_h + p_m), with b the answers that both put into the class, p_h and p_m those that each did.

    Args:
        human: shape `(n_answers,)`.
        system: shape `(n_answers,)`, same classes as numbers.
        positive: the class.

    Returns:
        1 the same answers, 0 no answer in common.

    Undefined: NaN when neither puts an answer into the class.
    Raises: ValueError on unequal lengths or values that are not finite.
    Source: van Rijsbergen (1979), "Information Retrieval", chapter 7.
    Checked against: a case derived by hand.
    """
    h, m = _paired(human, system)
    in_h, in_m = np.abs(h - positive) <= _SAME, np.abs(m - positive) <= _SAME
    either = int(in_h.sum() + in_m.sum())
    return 2 * int((in_h & in_m).sum()) / either if either else float("nan")


def macro_f1(human: npt.ArrayLike, system: npt.ArrayLike) -> float:
    """Return the plain mean of F1 over the classes that occur in `human` or `system`.

    sum_c F1(c) / C, with C the number of such classes; small classes count as much as large ones.

    Args:
        human: shape `(n_answers,)`.
        system: shape `(n_answers,)`, same classes as numbers.

    Returns:
        A number in 0..1; 1 when all classes are equal.

    Undefined: NaN without answers.
    Raises: ValueError on unequal lengths or values that are not finite.
    Source: the definition; as used in SemEval-2013 task 7 (Dzikovska et al., 2013).
    Checked against: a case derived by hand.
    """
    h_codes, m_codes, n_classes = _shared_classes(*_paired(human, system))
    both = np.bincount(h_codes[h_codes == m_codes], minlength=n_classes)
    either = np.bincount(h_codes, minlength=n_classes) + np.bincount(m_codes, minlength=n_classes)
    return _mean(2 * both / either)


def krippendorff_alpha(ratings: npt.ArrayLike, *, level: Level = "ordinal") -> float:
    """Return Krippendorff's alpha for any number of raters, with missing ratings allowed.

    alpha = 1 - D_o / D_e, with D_o the mean squared distance d^2 between ratings of the same answer and D_e
    that between all ratings. With m_u ratings x_ui of answer u and n ratings in all,
    D_o = sum_u sum_{i != j} d^2(x_ui, x_uj) / (m_u - 1) / n, and
    D_e = sum_{a != b} d^2(x_a, x_b) / (n (n - 1)).
    d^2 is 0 or 1 (nominal), (a - b)^2 (interval), ((a - b) / (a + b))^2 (ratio), or the squared difference of
    the average ranks among all ratings (ordinal), which is Krippendorff's sum over the levels in between.

    Args:
        ratings: shape `(n_answers, n_raters)`, NaN = missing. Answers with fewer than two
            ratings do not count.
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
    table = np.round(_rating_table(ratings), _DECIMALS)
    n_ratings = np.isfinite(table).sum(axis=1)
    table, n_ratings = table[n_ratings >= 2], n_ratings[n_ratings >= 2]
    rated = np.isfinite(table)
    values = table[rated]
    if values.size == 0 or values.min() == values.max():
        return float("nan")
    if level == "ratio" and values.min() < 0:
        raise ValueError(f"level ratio needs ratings of 0 or more, got {values.min():g}")
    if level == "ordinal":
        table[rated] = values = _average_ranks(values)
    # Who gave a rating does not matter here: sorting moves the missing ones (NaN) to the end, out of the way.
    columns = np.sort(table, axis=1)[:, : n_ratings.max()].T
    pairs = sum(
        np.nansum(_squared_distance(a, b, level) / (n_ratings - 1)) for a, b in combinations(columns, 2)
    )
    observed = 2 * pairs / values.size
    expected = _sum_of_squared_distances(values, level) / (values.size * (values.size - 1))
    return float(1 - observed / expected)


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
    """Return Gwet's AC1 for classes without an order: steady where nearly all answers are in one class.

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
    Checked against: the value of the package irrCAC, and the tables of the kappa paradox as in `cohen_kappa`.
    """
    counts = _class_counts(_rating_table(ratings))
    n_seen = counts.shape[1]
    if n_classes is not None and n_classes < max(2, n_seen):
        raise ValueError(f"n_classes must be at least {max(2, n_seen)} ({n_seen} occur), got {n_classes}")
    q = n_seen if n_classes is None else n_classes
    if q < 2:
        return float("nan")
    shares = _class_shares(counts)
    by_chance = float(shares.prevalence @ (1 - shares.prevalence)) / (q - 1)
    return (shares.agreement - by_chance) / (1 - by_chance)


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
    table = _rating_table(ratings)
    table = table[np.isfinite(table).all(axis=1)]
    n, k = table.shape
    if n < 2 or k < 2 or not _varies(table.ravel()):
        return float("nan")
    kind, unit = form.split(",")
    ms = _mean_squares(table)
    error = ms.within if kind == "1" else ms.residual
    strictness = (ms.raters - ms.residual) / n if kind == "A" else 0.0
    single = unit == "1"
    denominator = ms.answers + (k - 1) * error + k * strictness if single else ms.answers + strictness
    if denominator <= _CANCELLED_SHARE * max(ms):
        return float("nan")
    return (ms.answers - error) / denominator


class _MeanSquares(NamedTuple):
    answers: float
    raters: float
    residual: float
    within: float


class _ClassShares(NamedTuple):
    agreement: float  # p_a: share of pairs of ratings of the same answer that are equal
    prevalence: Floats  # pi_c: share of each class


def _paired(human: npt.ArrayLike, system: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Return both as float arrays after checking that they can be compared answer by answer."""
    h, m = np.asarray(human, dtype=float), np.asarray(system, dtype=float)
    for name, scores in (("human", h), ("system", m)):
        if scores.ndim != 1:
            raise ValueError(f"{name} must have shape (n_answers,), got shape {scores.shape}")
    if h.size != m.size:
        raise ValueError(
            f"human has {h.size} scores but system has {m.size}: they must be of the same answers"
        )
    for name, scores in (("human", h), ("system", m)):
        n_strange = int(np.count_nonzero(~np.isfinite(scores)))
        if n_strange:
            raise ValueError(f"{name} has {n_strange} values that are not finite: leave those answers out")
    return h, m


def _rating_table(ratings: npt.ArrayLike) -> Floats:
    """Return the ratings as a float table after checking its shape and values."""
    table = np.array(ratings, dtype=float)
    if table.ndim != 2:
        raise ValueError(f"ratings must have shape (n_answers, n_raters), got shape {table.shape}")
    if np.isinf(table).any():
        raise ValueError("ratings must be numbers, or NaN where missing; got an infinite value")
    return table


def _mean(values: npt.NDArray[np.floating] | npt.NDArray[np.bool_]) -> float:
    return float(values.mean()) if values.size else float("nan")


def _varies(values: Floats) -> bool:
    """Say whether the values differ by more than rounding error."""
    if values.size < 2:
        return False
    deviations = values - values.mean()
    return bool(deviations @ deviations > _ROUNDING_SHARE * (values @ values))


def _average_ranks(values: Floats) -> Floats:
    """Return ranks from 1 up; equal values share the average of their ranks."""
    _, codes, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Floats = np.cumsum(counts) - (counts - 1) / 2
    return ranks[codes]


def _correlations(h: Floats, m: Floats, codes: Codes, *, n_groups: int) -> Floats:
    """Return Pearson's r of each group, NaN where either score does not vary; `codes` says who is where."""

    def total(values: Floats) -> Floats:
        return np.bincount(codes, weights=values, minlength=n_groups).astype(float, copy=False)

    sizes = np.maximum(np.bincount(codes, minlength=n_groups), 1)
    h_dev, m_dev = h - (total(h) / sizes)[codes], m - (total(m) / sizes)[codes]
    h_squares, m_squares = total(h_dev**2), total(m_dev**2)
    varied = (h_squares > _ROUNDING_SHARE * total(h**2)) & (m_squares > _ROUNDING_SHARE * total(m**2))
    r = np.full(n_groups, np.nan)
    r[varied] = total(h_dev * m_dev)[varied] / np.sqrt(h_squares[varied]) / np.sqrt(m_squares[varied])
    bounded: Floats = np.clip(r, -1.0, 1.0)
    return bounded


def _shared_classes(h: Floats, m: Floats) -> tuple[Codes, Codes, int]:
    """Return both as class numbers from 0 up, and how many classes there are."""
    classes, codes = np.unique(np.round(np.concatenate([h, m]), _DECIMALS), return_inverse=True)
    return codes[: h.size], codes[h.size :], classes.size


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


def _class_counts(table: Floats) -> Floats:
    """Return how many raters chose each class that occurs, shape `(n_answers, n_classes)`."""
    rated = np.isfinite(table)
    classes, codes = np.unique(np.round(table[rated], _DECIMALS), return_inverse=True)
    cells = np.nonzero(rated)[0] * classes.size + codes
    counts = np.bincount(cells, minlength=table.shape[0] * classes.size).astype(float)
    return counts.reshape(table.shape[0], classes.size)


def _class_shares(counts: Floats) -> _ClassShares:
    """Return observed agreement and class shares; answers without ratings do not count."""
    counts = counts[counts.sum(axis=1) > 0]
    n_ratings = counts.sum(axis=1)
    shared = np.sum(counts * (counts - 1), axis=1)[n_ratings >= 2]
    possible = (n_ratings * (n_ratings - 1))[n_ratings >= 2]
    prevalence = np.sum(counts / n_ratings[:, None], axis=0) / max(n_ratings.size, 1)
    return _ClassShares(agreement=_mean(shared / possible), prevalence=prevalence)


def _mean_squares(table: Floats) -> _MeanSquares:
    """Return the mean squares of a complete table, as in an analysis of variance with one rating a cell."""
    n, k = table.shape
    grand = table.mean()
    of_answers, of_raters = table.mean(axis=1, keepdims=True), table.mean(axis=0, keepdims=True)
    residual = table - of_answers - of_raters + grand
    return _MeanSquares(
        answers=float(k * np.sum((of_answers - grand) ** 2) / (n - 1)),
        raters=float(n * np.sum((of_raters - grand) ** 2) / (k - 1)),
        residual=float(np.sum(residual**2) / ((n - 1) * (k - 1))),
        within=float(np.sum((table - of_answers) ** 2) / (n * (k - 1))),
    )
