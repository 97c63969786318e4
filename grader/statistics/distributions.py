"""Probabilities and quantiles of the normal, Student's t and F distributions, for intervals and tests.

Student's t and F come from `scipy.special`, which is loaded at first use: `grader grade` needs neither. The normal
distribution comes from the standard library, which gives the same digits without loading anything. Tails are computed
directly, never as 1 minus something close to 1, so that small p-values keep their digits. NaN in gives NaN out.
"""

import math
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


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
    Source: `scipy.special.stdtr`; Abramowitz & Stegun (1964), 26.7.1.
    Checked against: the closed forms for 1, 2 and 4 degrees of freedom, and published quantiles.
    """
    from scipy.special import stdtr

    values, freedom = _with_freedom(t, df)
    return np.asarray(stdtr(freedom, values), dtype=float)


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
    from scipy.special import stdtr

    values, freedom = _with_freedom(t, df)
    return np.asarray(stdtr(freedom, -values), dtype=float)


def student_t_quantile(p: float, df: float) -> float:
    """Return the value that a variable of Student's t distribution stays below with probability `p`.

    Args:
        p: between 0 and 1.
        df: degrees of freedom above 0; `math.inf` gives the normal quantile.

    Undefined: never.
    Raises: ValueError when `p` is not between 0 and 1 or `df` not above 0.
    Source: `scipy.special.stdtrit`.
    Checked against: published tables to ten digits.
    """
    from scipy.special import stdtrit

    _check_probability(p)
    if not df > 0:
        raise ValueError(f"df must be above 0, got {df}")
    if math.isinf(df):
        return normal_quantile(p)
    return float(stdtrit(df, p))


def f_tail(x: float, df_above: float, df_below: float) -> float:
    """Return the probability that a variable of the F distribution is above `x`, a ratio of two mean squares.

    1 - F(x) = I_y(d2 / 2, d1 / 2) with y = d2 / (d2 + d1 x); I is the regularised incomplete beta function.

    Args:
        x: 0 or more.
        df_above: d1, degrees of freedom of the numerator, above 0.
        df_below: d2, those of the denominator.

    Returns:
        A number in 0..1.

    Undefined: NaN for NaN.
    Raises: ValueError when `x` is negative or a number of degrees of freedom is not above 0.
    Source: `scipy.special.fdtrc`; Abramowitz & Stegun (1964), 26.6.2.
    Checked against: the closed form for 2 degrees of freedom, and published quantiles.
    """
    from scipy.special import fdtrc

    if x < 0:
        raise ValueError(f"x must be 0 or more, got {x}")
    if not (df_above > 0 and df_below > 0):
        raise ValueError(f"degrees of freedom must be above 0, got {df_above} and {df_below}")
    return float(fdtrc(df_above, df_below, x))


def f_quantile(p: float, df_above: float, df_below: float) -> float:
    """Return the value that a variable of the F distribution stays below with probability `p`.

    Args:
        p: between 0 and 1.
        df_above: degrees of freedom of the numerator, above 0.
        df_below: those of the denominator.

    Undefined: never.
    Raises: ValueError when `p` is not between 0 and 1 or a number of degrees of freedom not above 0.
    Source: `scipy.special.fdtri`.
    Checked against: published tables.
    """
    from scipy.special import fdtri

    _check_probability(p)
    if not (df_above > 0 and df_below > 0):
        raise ValueError(f"degrees of freedom must be above 0, got {df_above} and {df_below}")
    return float(fdtri(df_above, df_below, p))


def _check_probability(p: float) -> None:
    if not 0 < p < 1:
        raise ValueError(f"p must be between 0 and 1, got {p}")


def _with_freedom(t: npt.ArrayLike, df: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Return both as float arrays of one shape."""
    values, freedom = np.broadcast_arrays(np.asarray(t, dtype=float), np.asarray(df, dtype=float))
    if np.any(freedom <= 0):
        raise ValueError(f"df must be above 0, got {freedom[freedom <= 0].flat[0]:g}")
    return values, freedom
