"""Probabilities and quantiles of the normal, Student's t and F distributions, for intervals and tests.

Nothing here knows about scores. Tails are computed directly, never as 1 minus something close to 1, so that small
p-values keep their digits. NaN in gives NaN out.
"""

import math
from collections.abc import Callable
from functools import lru_cache
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_MAX_TERMS = 20_000
_PRECISION = 1e-15
_NEXT_TO_NOTHING = 1e-300
_FAR = 1e300
# From here on Stirling's series for the logarithm of the gamma function is exact to rounding error.
_LARGE = 10.0
_STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)


def normal_cdf(x: float) -> float:
    """Return the probability that a standard normal variable is at most `x`: Phi(x) = erfc(-x / sqrt(2)) / 2.

    Returns:
        A number in 0..1; the lower tail is exact also where it is tiny.

    Undefined: NaN for NaN.
    Source: the definition.
    Checked against: the table value Phi(1.96) = .9750021.
    """
    return math.erfc(-x / math.sqrt(2)) / 2


def normal_quantile(p: float) -> float:
    """Return the value z that a standard normal variable stays below with probability `p`: Phi(z) = p.

    Args:
        p: between 0 and 1.

    Undefined: never.
    Raises: ValueError when `p` is not between 0 and 1.
    Source: Wichura (1988), algorithm AS 241, as in Python's `statistics.NormalDist`.
    Checked against: the table values z(.975) = 1.959964 and z(.995) = 2.575829.
    """
    _check_probability(p)
    return NormalDist().inv_cdf(p)


def student_t_cdf(t: npt.ArrayLike, df: npt.ArrayLike) -> Floats:
    """Return the probability that a variable of Student's t distribution is at most `t`, element by element.

    F(t) = I_x(df / 2, 1 / 2) / 2 for t <= 0 with x = df / (df + t^2), and 1 - F(-t) above; I is the regularised
    incomplete beta function.

    Args:
        t: any shape.
        df: degrees of freedom above 0, whole or not, a number or the shape of `t`.

    Returns:
        Numbers in 0..1 of the common shape (a 0-dimensional array for numbers: `float(...)` turns it into one).

    Undefined: NaN where `t` or `df` is NaN.
    Raises: ValueError when a `df` is 0 or less.
    Source: Abramowitz & Stegun (1964), 26.7.1 and 26.5.8.
    Checked against: the closed forms for 1, 2 and 4 degrees of freedom, and published quantiles.
    """
    values, freedom = _with_freedom(t, df)
    lower = student_t_tail(np.abs(values), freedom)
    return np.where(values <= 0, lower, 1 - lower)


def student_t_tail(t: npt.ArrayLike, df: npt.ArrayLike) -> Floats:
    """Return the probability that a variable of Student's t distribution is above `t`, element by element.

    1 - F(t) with F as in `student_t_cdf`; twice the tail of |t| is the two-sided p-value of a t-test.

    Args:
        t: any shape.
        df: degrees of freedom above 0, a number or the shape of `t`.

    Returns:
        Numbers in 0..1 of the common shape, exact also where they are tiny.

    Undefined: NaN where `t` or `df` is NaN.
    Raises: ValueError when a `df` is 0 or less.
    Source: as `student_t_cdf`.
    Checked against: as `student_t_cdf`.
    """
    values, freedom = _with_freedom(t, df)
    pairs = zip(values.ravel().tolist(), freedom.ravel().tolist(), strict=True)
    tails = [_incomplete_beta(df_one / 2, 0.5, df_one, t_one * t_one) for t_one, df_one in pairs]
    beyond = np.array(tails, dtype=float).reshape(values.shape) / 2
    return np.where(values >= 0, beyond, 1 - beyond)


# Whoever compares many raters asks for the same few numbers of degrees of freedom again and again.
@lru_cache(maxsize=4096)
def student_t_quantile(p: float, df: float) -> float:
    """Return the value that a variable of Student's t distribution stays below with probability `p`.

    Args:
        p: between 0 and 1.
        df: degrees of freedom above 0; `math.inf` gives the normal quantile.

    Undefined: never.
    Raises: ValueError when `p` is not between 0 and 1 or `df` not above 0.
    Source: the inverse of `student_t_cdf`.
    Checked against: published tables to ten digits.
    """
    _check_probability(p)
    if not df > 0:
        raise ValueError(f"df must be above 0, got {df}")
    if math.isinf(df):
        return normal_quantile(p)
    if p == 0.5:
        return 0.0
    size = _invert(lambda t: _incomplete_beta(df / 2, 0.5, df, t * t) / 2, min(p, 1 - p))
    return math.copysign(size, p - 0.5)


def f_tail(x: float, df_above: float, df_below: float) -> float:
    """Return the probability that a variable of the F distribution is above `x`, a ratio of two mean squares.

    1 - F(x) = I_y(d2 / 2, d1 / 2) with y = d2 / (d2 + d1 x); I is the regularised incomplete beta function.

    Args:
        x: 0 or more.
        df_above: d1, degrees of freedom of the mean square above the line, above 0.
        df_below: d2, those of the mean square below.

    Returns:
        A number in 0..1.

    Undefined: NaN for NaN.
    Raises: ValueError when `x` is negative or a number of degrees of freedom is not above 0.
    Source: Abramowitz & Stegun (1964), 26.6.2.
    Checked against: the closed form for 2 degrees of freedom, and published quantiles.
    """
    if x < 0:
        raise ValueError(f"x must be 0 or more, got {x}")
    if not (df_above > 0 and df_below > 0):
        raise ValueError(f"degrees of freedom must be above 0, got {df_above} and {df_below}")
    return _incomplete_beta(df_below / 2, df_above / 2, df_below, df_above * x)


def f_quantile(p: float, df_above: float, df_below: float) -> float:
    """Return the value that a variable of the F distribution stays below with probability `p`.

    Args:
        p: between 0 and 1.
        df_above: degrees of freedom of the mean square above the line, above 0.
        df_below: those of the mean square below.

    Undefined: never.
    Raises: ValueError when `p` is not between 0 and 1 or a number of degrees of freedom not above 0.
    Source: the inverse of `f_tail`; F_p(d1, d2) = 1 / F_{1-p}(d2, d1).
    Checked against: published tables.
    """
    _check_probability(p)
    if p < 0.5:
        return 1 / f_quantile(1 - p, df_below, df_above)
    return _invert(lambda x: f_tail(x, df_above, df_below), 1 - p)


def _check_probability(p: float) -> None:
    if not 0 < p < 1:
        raise ValueError(f"p must be between 0 and 1, got {p}")


def _with_freedom(t: npt.ArrayLike, df: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Return both as float arrays of one shape."""
    values, freedom = np.broadcast_arrays(np.asarray(t, dtype=float), np.asarray(df, dtype=float))
    if np.any(freedom <= 0):
        raise ValueError(f"df must be above 0, got {freedom[freedom <= 0].flat[0]:g}")
    return values, freedom


def _invert(tail: Callable[[float], float], p: float) -> float:
    """Return the x above 0 whose falling upper tail is `p`, by halving an interval that holds it."""
    high = 1.0
    while tail(high) > p and high < _FAR:
        high *= 2
    low = 0.0
    while (middle := (low + high) / 2) not in (low, high):
        low, high = (middle, high) if tail(middle) > p else (low, middle)
    return middle


def _incomplete_beta(a: float, b: float, part: float, rest: float) -> float:
    """Return I_x(a, b) with x = part / (part + rest): both parts, so that neither x nor 1 - x loses digits."""
    if math.isnan(a + b + part + rest):
        return math.nan
    if part == 0 or math.isinf(rest):
        return 0.0
    if rest == 0 or math.isinf(part):
        return 1.0
    if part / rest > (a + 1) / (b + 1):
        # The continued fraction converges fast on the other side of the mean only.
        return 1 - _incomplete_beta(b, a, rest, part)
    front = math.exp(-a * math.log1p(rest / part) - b * math.log1p(part / rest) - _log_beta(a, b)) / a
    return min(1.0, front * _continued_fraction(a, b, part / (part + rest)))


def _continued_fraction(a: float, b: float, x: float) -> float:
    """Return the continued fraction of the incomplete beta function (Abramowitz & Stegun 26.5.8, Lentz's method)."""
    c, d = 1.0, 1 / _not_zero(1 - (a + b) * x / (a + 1))
    found = d
    for m in range(1, _MAX_TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / _not_zero(1 + term * d)
            c = _not_zero(1 + term / c)
            found *= c * d
        if abs(c * d - 1) < _PRECISION:
            break
    return found


def _not_zero(value: float) -> float:
    return value if abs(value) > _NEXT_TO_NOTHING else _NEXT_TO_NOTHING


def _log_beta(a: float, b: float) -> float:
    """Return log B(a, b); large arguments do not cancel, unlike in the difference of three log gammas."""
    small, large = min(a, b), max(a, b)
    if large < _LARGE:
        return math.lgamma(small) + math.lgamma(large) - math.lgamma(small + large)
    share = small / (small + large)
    rest = _stirling_rest(large) - _stirling_rest(small + large)
    if small < _LARGE:
        logs = small - small * math.log(small + large) + (large - 0.5) * math.log1p(-share)
        return math.lgamma(small) + rest + logs
    logs = (small - 0.5) * math.log(share) + large * math.log1p(-share) - math.log(large) / 2
    return math.log(2 * math.pi) / 2 + rest + _stirling_rest(small) + logs


def _stirling_rest(a: float) -> float:
    """Return log Gamma(a) - ((a - 1/2) log a - a + log(2 pi) / 2) for a of 10 or more."""
    return math.fsum(factor / a ** (2 * k + 1) for k, factor in enumerate(_STIRLING))
