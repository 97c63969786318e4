"""Decisions at a cut (hire or not, pass or fail): how often two scores fall on different sides of it.

Pure functions on numpy arrays; NaN means undefined. A score that equals the cut (within 1e-9) passes.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from grader.statistics.agreement import DECIMALS, Floats, cohen_kappa, exact_agreement, shared_classes
from grader.statistics.distributions import normal_cdf, normal_quantile
from grader.statistics.generalizability import Components
from grader.statistics.intervals import Estimate
from grader.statistics.rating_tables import rating_table

_SAME = 10.0**-DECIMALS
# With fewer discordant answers chi-squared is too rough, and the exact test is used.
_FEW = 25


class McNemar(NamedTuple):
    """McNemar's test of whether human and system pass equally often; NaN where undefined."""

    chi_squared: float  # 1 degree of freedom, no correction
    p_value: float  # two-sided; exact with fewer than 25 discordant answers
    human_only: int  # b: passed by the human alone
    system_only: int  # c


def passes(scores: npt.ArrayLike, cut: float) -> npt.NDArray[np.bool_]:
    """Return whether each score reaches the cut, True or False, in the shape of `scores`; NaN does not.

    Undefined: never.
    Source: the definition.
    Checked against: a case derived by hand.
    """
    reached: npt.NDArray[np.bool_] = np.asarray(scores, dtype=float) >= cut - _SAME
    return reached


def decision_agreement(human: npt.ArrayLike, system: npt.ArrayLike, cut: float) -> float:
    """Return the share of answers on the same side of the cut: mean((h >= cut) == (m >= cut)).

    Returns:
        A fraction in 0..1; `100 * (1 - share)` decisions of 100 change with the rater.

    Undefined: NaN without answers.
    Raises: ValueError on unequal lengths or values that are not finite.
    Source: the definition; decision consistency, Livingston & Lewis (1995), Journal of Educational Measurement 32,
        179-197.
    Checked against: a case derived by hand.
    """
    exact_agreement(human, system)  # raises where the two cannot be compared
    return exact_agreement(passes(human, cut), passes(system, cut))


def decision_kappa(human: npt.ArrayLike, system: npt.ArrayLike, cut: float) -> float:
    """Return Cohen's kappa of the decisions at the cut: agreement beyond what the pass rates alone would give.

    Returns:
        As `agreement.cohen_kappa`.

    Undefined: NaN without answers, or when both pass everybody or nobody.
    Raises: as `decision_agreement`.
    Source: as `agreement.cohen_kappa`.
    Checked against: a case derived by hand.
    """
    exact_agreement(human, system)
    return cohen_kappa(passes(human, cut), passes(system, cut))


def panel_decision_agreement(ratings: npt.ArrayLike, cut: float) -> float:
    """Return how often two raters of an answer decide alike: mean over answers of the share of agreeing pairs.

    An answer passed by p of its r raters has (p (p - 1) + (r - p) (r - p - 1)) / (r (r - 1)) agreeing pairs.

    Args:
        ratings: shape `(n_answers, n_raters)`, NaN = missing. Answers with fewer than two ratings do not count.
        cut: in score points.

    Returns:
        A fraction in 0..1; `100 * (1 - share)` of 100 candidates would change sides with another rater.

    Undefined: NaN when no answer has two ratings.
    Raises: ValueError on another shape or infinite values.
    Source: as p_a in `kappas.py`.
    Checked against: a case derived by hand, and `decision_agreement` for two raters.
    """
    shares = agreeing_pairs(ratings, cut)
    counted = np.isfinite(shares)
    return float(shares[counted].mean()) if counted.any() else float("nan")


def agreeing_pairs(ratings: npt.ArrayLike, cut: float) -> Floats:
    """Return for each answer the share of pairs of raters on the same side of the cut, NaN with fewer than two.

    Args:
        ratings: as in `panel_decision_agreement`.
        cut: in score points.

    Undefined: NaN as above.
    Raises: as `panel_decision_agreement`.
    Source: as `panel_decision_agreement`.
    Checked against: as `panel_decision_agreement`.
    """
    table = rating_table(ratings)
    r = np.isfinite(table).sum(axis=1)
    p = passes(table, cut).sum(axis=1)
    alike = p * (p - 1) + (r - p) * (r - p - 1)
    shares: Floats = np.divide(alike, r * (r - 1), out=np.full(r.size, np.nan), where=r >= 2)
    return shares


def expected_flips(components: Components, *, mean: float, cut: float, n_raters: int = 1) -> float:
    """Return how many of 100 candidates two panels of `n_raters` would put on different sides of the cut.

    400 T(a, sqrt((1 - rho) / (1 + rho))) with Owen's function T, E = (V_r + V_e) / k, rho = V_a / (V_a + E) and
    a = (cut - mean) / sqrt(V_a + E): the chance that two normal scores with correlation rho are on different sides.

    Args:
        components: from `generalizability.variance_components`; below 0 counts as 0.
        mean: mean score of the candidates.
        cut: in score points.
        n_raters: k, raters in a panel.

    Returns:
        0..50. Assumes normal scores, which coarse scales do not give: a guide to the effect of more raters.

    Undefined: NaN when the components are, or nothing varies.
    Source: Sheppard (1899) for a cut at the mean, 100 arccos(rho) / pi; Owen (1956), Annals of Mathematical Statistics
        27, 1075-1090, as `scipy.special.owens_t`.
    Checked against: Sheppard's formula, and simulated panels.
    """
    from scipy.special import owens_t

    if not all(math.isfinite(part) for part in components):
        return float("nan")
    answer, rater, residual = (max(part, 0.0) for part in components)
    total = answer + (rater + residual) / n_raters
    if total == 0:
        return float("nan")
    rho = answer / total
    return 400 * float(owens_t((cut - mean) / math.sqrt(total), math.sqrt((1 - rho) / (1 + rho))))


def cohen_kappa_interval(human: npt.ArrayLike, system: npt.ArrayLike, *, confidence: float = 0.95) -> Estimate:
    """Return Cohen's kappa with the interval kappa -+ z ASE from its large-sample standard error.

    ASE^2 = (sum_c p_cc ((1 - p_e) - (p_c. + p_.c) (1 - p_o))^2 + (1 - p_o)^2 sum_{c != d} p_cd (p_.c + p_d.)^2
    - (p_o p_e - 2 p_e + p_o)^2) / (n (1 - p_e)^4), with p_cd the share of answers in class c for the human and d for
    the system.

    Args:
        human: shape `(n_answers,)`.
        system: shape `(n_answers,)`.
        confidence: between 0 and 1.

    Undefined: as `agreement.cohen_kappa`; ends `None` when the error is 0 (full agreement).
    Raises: as `agreement.cohen_kappa`; ValueError when `confidence` is not between 0 and 1.
    Source: Fleiss, Cohen & Everitt (1969), Psychological Bulletin 72, 323-327.
    Checked against: the table 20, 5, 10, 15: .40, ASE .1270, interval [.151, .649].
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1, got {confidence}")
    kappa = cohen_kappa(human, system)
    h, m, q = shared_classes(human, system)
    n = h.size
    if not math.isfinite(kappa):
        return Estimate(None, None, None, n, "undefined: no answers, or all in one class")
    p = np.bincount(h * q + m, minlength=q * q).reshape(q, q) / n
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    agreed, chance = float(np.trace(p)), float(rows @ columns)
    diagonal = np.diag(p) @ ((1 - chance) - (rows + columns) * (1 - agreed)) ** 2
    cross = (columns[:, None] + rows) ** 2 * p
    off_diagonal = (1 - agreed) ** 2 * (cross.sum() - np.trace(cross))
    variance = (diagonal + off_diagonal - (agreed * chance - 2 * chance + agreed) ** 2) / (n * (1 - chance) ** 4)
    if variance <= _SAME**2:
        return Estimate(kappa, None, None, n, "no interval: nothing varies from answer to answer")
    half_width = normal_quantile((1 + confidence) / 2) * math.sqrt(variance)
    return Estimate(kappa, kappa - half_width, min(1.0, kappa + half_width), n)


def mcnemar(human: npt.ArrayLike, system: npt.ArrayLike, cut: float) -> McNemar:
    """Return McNemar's test of whether human and system pass equally many.

    chi^2 = (b - c)^2 / (b + c), with b answers passed by the human alone and c by the system alone. The exact p-value
    is twice the smaller tail of a binomial with b + c trials and probability 1/2, at most 1.

    Args:
        human: shape `(n_answers,)`.
        system: shape `(n_answers,)`.
        cut: in score points.

    Undefined: NaN when both pass the same answers (b + c = 0): nothing to test.
    Raises: as `decision_agreement`.
    Source: McNemar (1947), Psychometrika 12, 153-157.
    Checked against: the table 101, 121, 59, 33 of Wikipedia's article (chi^2 21.35), and a case derived by hand.
    """
    exact_agreement(human, system)
    h, m = passes(human, cut), passes(system, cut)
    b, c = int(np.count_nonzero(h & ~m)), int(np.count_nonzero(m & ~h))
    if b + c == 0:
        return McNemar(float("nan"), float("nan"), 0, 0)
    chi_squared = (b - c) ** 2 / (b + c)
    if b + c < _FEW:
        tail = sum(math.comb(b + c, i) for i in range(min(b, c) + 1)) / 2 ** (b + c)
        p_value = min(1.0, 2 * tail)
    else:
        p_value = 2 * normal_cdf(-math.sqrt(chi_squared))
    return McNemar(chi_squared, p_value, b, c)
