"""Many tests at once: p-values adjusted so that the share of false alarms among the alarms stays small.

Among a hundred cells five are "significant" by chance. An adjusted p-value is called q here: report the cells with q
below, say, .10, and on average at most 10 % of those are false alarms.

Own code, not `scipy.stats.false_discovery_control`: that takes .8 s to import (a calibration takes 2.6 s), refuses
NaN, and gives the same numbers to 4e-16.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def benjamini_hochberg(p_values: npt.ArrayLike) -> Floats:
    """Return q-values that hold for independent or positively dependent tests.

    q_(i) = min over j >= i of m p_(j) / j, at most 1, with p_(1) <= ... <= p_(m) the sorted p-values.

    Args:
        p_values: any shape, each in 0..1, or NaN for a test that was not made, which does not count in m.

    Returns:
        The q-values in the shape and order of `p_values`, NaN where those are NaN.

    Undefined: NaN where the p-value is NaN.
    Raises: ValueError on a p-value outside 0..1.
    Source: Benjamini & Hochberg (1995), Journal of the Royal Statistical Society B 57, 289-300.
    Checked against: the 15 p-values of that paper, of which it rejects four at .05, and scipy.
    """
    return _adjusted(p_values, any_dependence=False)


def benjamini_yekutieli(p_values: npt.ArrayLike) -> Floats:
    """Return q-values that hold under any dependence between the tests.

    q_(i) = min over j >= i of m c p_(j) / j, at most 1, with c = 1 + 1/2 + ... + 1/m: stricter by the factor c.

    Args:
        p_values: as in `benjamini_hochberg`.

    Returns:
        As `benjamini_hochberg`.

    Undefined: NaN where the p-value is NaN.
    Raises: ValueError on a p-value outside 0..1.
    Source: Benjamini & Yekutieli (2001), Annals of Statistics 29, 1165-1188.
    Checked against: cases derived by hand, and scipy.
    """
    return _adjusted(p_values, any_dependence=True)


def _adjusted(p_values: npt.ArrayLike, *, any_dependence: bool) -> Floats:
    p = np.asarray(p_values, dtype=float)
    outside = p[(p < 0) | (p > 1)]
    if outside.size:
        raise ValueError(f"p-values must be in 0..1, got {outside[0]:g}")
    q = np.full(p.shape, np.nan)
    made = np.isfinite(p)
    m = int(made.sum())
    if m == 0:
        return q
    order = np.argsort(p[made], kind="stable")
    ranks = np.arange(1, m + 1)
    factor = float(np.sum(1 / ranks)) if any_dependence else 1.0
    steps = p[made][order] * m * factor / ranks
    falling = np.minimum.accumulate(steps[::-1])[::-1]
    found = np.empty(m)
    found[order] = np.minimum(falling, 1.0)
    q[made] = found
    return q
