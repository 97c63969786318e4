"""Statistics of agreement between two lists of scores, a person's and the system's or another person's.

Pure functions on numpy arrays. Nothing here reads files, resamples or rounds results; `intervals.py` adds the
intervals, `reliability.py` has the statistics of several raters. NaN means undefined.

Conventions. `human` (h in the formulas) comes first and `system` (m) second; both have shape `(n_answers,)`. They
hold scores on one scale or classes as numbers; the correlations take each on a scale of its own. Where scores are
compared for equality, those closer than 1e-9 count as equal, so that 0.1 + 0.2 is 0.3.

Own code, not `sklearn.metrics`: that takes 2.1 s to import, and scores that differ by rounding error are equal here.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]

# Finer than any marking scale, coarser than the rounding error of a sum of marks.
DECIMALS = 9
_SAME = 10.0**-DECIMALS
# A smaller share of squared deviations in the squared values is rounding error (about 1e-32 in doubles).
_ROUNDING_SHARE = 1e-24


def exact_agreement(human: npt.ArrayLike, system: npt.ArrayLike) -> float:
    """Return the share of answers with the same score, or class (then also called accuracy): mean(h == m).

    Returns:
        A fraction in 0..1, not corrected for chance: compare it with the share of the largest class.

    Undefined: NaN without answers.
    Raises: ValueError on unequal lengths or values that are not finite.
    Source: RSMTool documentation, "Exact agreement".
    Checked against: a case derived by hand.
    """
    return adjacent_agreement(human, system, tolerance=0.0)


def adjacent_agreement(human: npt.ArrayLike, system: npt.ArrayLike, *, tolerance: float = 1.0) -> float:
    """Return the share of answers whose scores differ by at most `tolerance`: mean(|h - m| <= tolerance).

    Args:
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


def mean_absolute_error(human: npt.ArrayLike, system: npt.ArrayLike) -> float:
    """Return the mean distance of the scores: mean(|h - m|), in units of the scale.

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
    """Return the typical error, in which large errors count more: sqrt(mean((h - m)^2)), in units of the scale.

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

    Returns:
        1 same order and spacing, 0 no linear relation, -1 reversed.

    Undefined: NaN when either does not vary (beyond rounding error).
    Raises: ValueError on unequal lengths or values that are not finite.
    Source: Pearson (1895).
    Checked against: a case derived by hand.
    """
    h, m = _paired(human, system)
    return float(_correlations(h, m, np.zeros(h.size, dtype=np.intp), n_groups=1)[0])


def spearman_rho(human: npt.ArrayLike, system: npt.ArrayLike) -> float:
    """Return Spearman's rank correlation: how well the order of the answers agrees.

    rho = pearson_r of the ranks, where equal scores share their average rank.

    Returns:
        1 same order, 0 no monotone relation, -1 reversed.

    Undefined: NaN when either does not vary (beyond rounding error).
    Raises: ValueError on unequal lengths or values that are not finite.
    Source: Spearman (1904); average ranks as in Kendall (1948), "Rank Correlation Methods", chapter 3.
    Checked against: a case with ties derived by hand.
    """
    h, m = _paired(human, system)
    if not (varies(h) and varies(m)):
        return float("nan")
    return pearson_r(average_ranks(h), average_ranks(m))


def within_group_pearson(
    human: npt.ArrayLike, system: npt.ArrayLike, groups: npt.ArrayLike, *, min_size: int = 8
) -> float:
    """Return the mean correlation inside groups (questions), so that easy and hard questions do not help.

    sum_g n_g r_g / sum_g n_g, with r_g Pearson's r and n_g the number of answers of group g.

    Args:
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
        raise ValueError(f"groups has shape {labels.shape} but there are {h.size} answers: give one label each")
    distinct, codes, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    r = _correlations(h, m, codes, n_groups=distinct.size)
    used = (sizes >= min_size) & np.isfinite(r)
    return float(np.average(r[used], weights=sizes[used])) if used.any() else float("nan")


def cohen_kappa(human: npt.ArrayLike, system: npt.ArrayLike) -> float:
    """Return Cohen's kappa for classes without an order: agreement beyond chance.

    kappa = (p_o - p_e) / (1 - p_e), with p_o the share of equal classes and p_e = sum_c P_h(c) P_m(c) the
    share expected if both kept their own class frequencies but classified independently.

    Returns:
        1 full agreement, 0 chance, negative below chance. Low in spite of high agreement when nearly all
        answers are in one class; then see `reliability.gwet_ac1`.

    Undefined: NaN without answers, or when both put every answer into the same class (p_e = 1).
    Raises: ValueError on unequal lengths or values that are not finite.
    Source: Cohen (1960), Educational and Psychological Measurement 20, 37-46.
    Checked against: the tables of the kappa paradox (Feinstein & Cicchetti, 1990; Gwet), and hand-derived cases.
    """
    h_codes, m_codes, n_classes = shared_classes(human, system)
    if n_classes < 2:
        return float("nan")
    h_share = np.bincount(h_codes, minlength=n_classes) / h_codes.size
    m_share = np.bincount(m_codes, minlength=n_classes) / m_codes.size
    by_chance = float(h_share @ m_share)
    return (_mean(h_codes == m_codes) - by_chance) / (1 - by_chance)


def quadratic_weighted_kappa(human: npt.ArrayLike, system: npt.ArrayLike) -> float:
    """Return quadratic weighted kappa (QWK) in its continuous form: agreement beyond chance on a scale.

    QWK = 2 cov(h, m) / (var(h) + var(m) + (mean(h) - mean(m))^2), with moments that divide by n_answers.
    The usual table of weights (i - j)^2 / (K - 1)^2 gives the same number on K levels: the scale's length cancels out.
    So the scale need not be given, and a level that never occurs changes nothing. Equals Lin's concordance correlation
    coefficient; scores need not be whole numbers.

    Returns:
        1 identical, 0 chance, negative below chance. Never further from 0 than `pearson_r`: different means lower it.

    Undefined: NaN when neither varies (beyond rounding error).
    Raises: ValueError on unequal lengths or values that are not finite.
    Source: Cohen (1968), Psychological Bulletin 70, 213-220; continuous form: Haberman (2019), ETS RR-19-20;
        Lin (1989), Biometrics 45, 255-268.
    Checked against: the value in RSMTool's tests, the table form on all levels, and a case derived by hand.
    """
    h, m = _paired(human, system)
    if not (varies(h) or varies(m)):
        return float("nan")
    covariance = np.mean((h - h.mean()) * (m - m.mean()))
    return float(2 * covariance / (h.var() + m.var() + (h.mean() - m.mean()) ** 2))


def standardized_mean_difference(
    human: npt.ArrayLike,
    system: npt.ArrayLike,
    *,
    pooled: bool = False,
    ddof: int = 1,
    population_sd: float | None = None,
) -> float:
    """Return how much higher the system scores than the human, in standard deviations (SMD).

    (mean(m) - mean(h)) / SD, with SD = SD(h), sqrt((var(h) + var(m)) / 2) if `pooled`, or `population_sd`.

    Args:
        pooled: use both spreads; meant for two humans, neither of whom is the standard.
        ddof: variances divide by `n_answers - ddof`.
        population_sd: SD of the human scores of all answers, above 0, where only a part of them is compared.

    Returns:
        0 no bias, positive when the system is more lenient.

    Undefined: NaN when the SD is 0 (beyond rounding error) or there are no more than `ddof` answers.
    Raises: ValueError on unequal lengths or values that are not finite.
    Source: RSMTool documentation, "Standardized mean difference"; pooled: Williamson, Xi & Breyer (2012),
        Educational Measurement: Issues and Practice 31, 2-13.
    Checked against: the values in RSMTool's tests.
    """
    h, m = _paired(human, system)
    if population_sd is not None:
        return _mean(m - h) / population_sd
    if h.size <= ddof or not (varies(h) or (pooled and varies(m))):
        return float("nan")
    variance = (h.var(ddof=ddof) + m.var(ddof=ddof)) / 2 if pooled else h.var(ddof=ddof)
    return float((m.mean() - h.mean()) / np.sqrt(variance))


def auc(human: npt.ArrayLike, system: npt.ArrayLike) -> float:
    """Return the area under the ROC curve: how often a right answer scores above a wrong one, ties half.

    AUC = (R - p (p + 1) / 2) / (p q), with p right and q wrong answers and R the rank sum of the right ones.

    Args:
        human: 1 right or 0 wrong.
        system: any scale.

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
    return float((average_ranks(m)[right].sum() - p * (p + 1) / 2) / (p * q))


def f1(human: npt.ArrayLike, system: npt.ArrayLike, *, positive: float = 1.0) -> float:
    """Return F1 of one class: the harmonic mean of precision and recall.

    F1 = 2 b / (p_h + p_m), with b the number of answers that both put into the class, p_h and p_m those of each.

    Args:
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

    Returns:
        A number in 0..1; 1 when all classes are equal.

    Undefined: NaN without answers.
    Raises: ValueError on unequal lengths or values that are not finite.
    Source: the definition; as used in SemEval-2013 task 7 (Dzikovska et al., 2013).
    Checked against: a case derived by hand.
    """
    h_codes, m_codes, n_classes = shared_classes(human, system)
    both = np.bincount(h_codes[h_codes == m_codes], minlength=n_classes)
    either = np.bincount(h_codes, minlength=n_classes) + np.bincount(m_codes, minlength=n_classes)
    return _mean(2 * both / either)


def _paired(human: npt.ArrayLike, system: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Return both as float arrays after checking that they can be compared answer by answer."""
    h, m = np.asarray(human, dtype=float), np.asarray(system, dtype=float)
    for name, scores in (("human", h), ("system", m)):
        if scores.ndim != 1:
            raise ValueError(f"{name} must have shape (n_answers,), got shape {scores.shape}")
    if h.size != m.size:
        raise ValueError(f"human has {h.size} scores but system has {m.size}: they must be of the same answers")
    for name, scores in (("human", h), ("system", m)):
        n_strange = int(np.count_nonzero(~np.isfinite(scores)))
        if n_strange:
            raise ValueError(f"{name} has {n_strange} values that are not finite: leave those answers out")
    return h, m


def _mean(values: npt.NDArray[np.floating] | npt.NDArray[np.bool_]) -> float:
    return float(values.mean()) if values.size else float("nan")


def varies(values: Floats) -> bool:
    """Say whether the values differ by more than rounding error."""
    if values.size < 2:
        return False
    deviations = values - values.mean()
    return bool(deviations @ deviations > _ROUNDING_SHARE * (values @ values))


def average_ranks(values: Floats) -> Floats:
    """Return ranks from 1 up; equal values share the average of their ranks."""
    _, codes, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Floats = np.cumsum(counts) - (counts - 1) / 2
    return ranks[codes]


def _correlations(h: Floats, m: Floats, codes: Codes, *, n_groups: int) -> Floats:
    """Return Pearson's r of each group, NaN where either score does not vary; `codes` is the group of each answer."""

    def total(values: Floats) -> Floats:
        return np.bincount(codes, weights=values, minlength=n_groups).astype(float, copy=False)

    sizes = np.maximum(np.bincount(codes, minlength=n_groups), 1)
    h_dev, m_dev = h - (total(h) / sizes)[codes], m - (total(m) / sizes)[codes]
    h_squares, m_squares = total(h_dev**2), total(m_dev**2)
    varied = (h_squares > _ROUNDING_SHARE * total(h**2)) & (m_squares > _ROUNDING_SHARE * total(m**2))
    r = np.full(n_groups, np.nan)
    r[varied] = total(h_dev * m_dev)[varied] / np.sqrt(h_squares[varied]) / np.sqrt(m_squares[varied])
    return np.clip(r, -1.0, 1.0, out=r)


def shared_classes(human: npt.ArrayLike, system: npt.ArrayLike) -> tuple[Codes, Codes, int]:
    """Return both as class numbers from 0 up, and how many classes there are; raises as the statistics here do."""
    h, m = _paired(human, system)
    classes, codes = np.unique(np.round(np.concatenate([h, m]), DECIMALS), return_inverse=True)
    return codes[: h.size], codes[h.size :], classes.size
