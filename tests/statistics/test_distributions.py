"""Distributions against closed forms, published tables, and properties."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.statistics.distributions import (
    f_quantile,
    f_tail,
    normal_cdf,
    normal_quantile,
    student_t_cdf,
    student_t_quantile,
    student_t_tail,
)

TOLERANCE = 1e-12

same_every_run = settings(derandomize=True, deadline=None, max_examples=60)


def test_normal_table() -> None:
    assert normal_cdf(1.96) == pytest.approx(0.9750021, abs=5e-8)
    assert normal_quantile(0.975) == pytest.approx(1.959964, abs=5e-7)
    assert normal_quantile(0.995) == pytest.approx(2.575829, abs=5e-7)
    # Mills' ratio brackets the far tail: phi(10) (1/10 - 1/1000) < Phi(-10) < phi(10) / 10.
    density = math.exp(-50) / math.sqrt(2 * math.pi)
    assert density * 0.099 < normal_cdf(-10) < density * 0.1


@pytest.mark.parametrize(
    ("p", "df", "expected"),
    [
        (0.975, 1, 12.7062047362),
        (0.975, 2, 4.3026527297),
        (0.995, 5, 4.0321429836),
        (0.975, 10, 2.2281388520),
        (0.95, 10, 1.8124611228),
        (0.975, 29, 2.0452296421),
        (0.9995, 30, 3.6459586350),
        (0.975, 100, 1.9839715185),
        (0.975, 1000, 1.9623390808),
        (0.025, 10, -2.2281388520),
    ],
)
def test_student_t_table(p: float, df: float, expected: float) -> None:
    assert student_t_quantile(p, df) == pytest.approx(expected, abs=5e-10)
    assert float(student_t_cdf(expected, df)) == pytest.approx(p, abs=1e-10)


@pytest.mark.parametrize("t", [-30.0, -1.5, -1e-3, 0.0, 0.2, 1.0, 2.5, 400.0])
def test_student_t_closed_forms(t: float) -> None:
    assert float(student_t_cdf(t, 1)) == pytest.approx(0.5 + math.atan(t) / math.pi, abs=TOLERANCE)
    two = 0.5 + t / (2 * math.sqrt(2 + t * t))
    assert float(student_t_cdf(t, 2)) == pytest.approx(two, abs=TOLERANCE)
    s = t / math.sqrt(1 + t * t / 4)
    four = 0.5 + 3 / 8 * s * (1 - s * s / 12)
    assert float(student_t_cdf(t, 4)) == pytest.approx(four, abs=TOLERANCE)


def test_student_t_far_tails_keep_their_digits() -> None:
    # df 2: 1 - F(t) = 1 / (2 sqrt(2 + t^2) (sqrt(2 + t^2) + t)), which does not cancel.
    t = 1e6
    root = math.sqrt(2 + t * t)
    assert float(student_t_tail(t, 2)) == pytest.approx(1 / (2 * root * (root + t)), rel=1e-10)
    assert float(student_t_cdf(-t, 2)) == pytest.approx(1 / (2 * root * (root + t)), rel=1e-10)


@pytest.mark.parametrize("p", [0.6, 0.9, 0.975, 0.9999])
def test_student_t_becomes_normal(p: float) -> None:
    # Cornish-Fisher: the next term of the quantile is (z^3 + z) / (4 df).
    z, df = normal_quantile(p), 2e6
    assert student_t_quantile(p, df) == pytest.approx(z + (z**3 + z) / (4 * df), abs=1e-10)
    assert student_t_quantile(p, math.inf) == z


def test_student_t_of_arrays_is_that_of_its_elements() -> None:
    t, df = np.array([[-1.0, 0.5, math.nan], [3.0, math.inf, -math.inf]]), np.array([3.0, 7.5, 40.0])
    found = student_t_cdf(t, df)
    assert found.shape == (2, 3)
    for row, column in ((0, 0), (0, 1), (1, 0)):
        assert found[row, column] == float(student_t_cdf(t[row, column], df[column]))
    assert math.isnan(found[0, 2])
    assert found[1, 1:].tolist() == [1.0, 0.0]
    assert math.isnan(float(student_t_tail(1.0, math.nan)))


@pytest.mark.parametrize(
    ("p", "above", "below", "expected"),
    [(0.95, 1, 10, 4.9646), (0.95, 5, 15, 2.9013), (0.99, 3, 20, 4.9382), (0.975, 10, 10, 3.7168)],
)
def test_f_table(p: float, above: float, below: float, expected: float) -> None:
    assert f_quantile(p, above, below) == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize("x", [0.0, 0.01, 1.0, 7.0, 500.0])
def test_f_closed_forms(x: float) -> None:
    # d1 = 2: 1 - F = (1 + 2 x / d2)^(-d2 / 2); d1 = 1: the square of a t variable.
    assert f_tail(x, 2, 9) == pytest.approx((1 + 2 * x / 9) ** -4.5, rel=1e-11)
    assert f_tail(x, 1, 9) == pytest.approx(2 * float(student_t_tail(math.sqrt(x), 9)), rel=1e-11)


@same_every_run
@given(st.floats(1e-6, 1 - 1e-6), st.floats(0.6, 1e5))
def test_quantiles_invert_probabilities(p: float, df: float) -> None:
    assert float(student_t_cdf(student_t_quantile(p, df), df)) == pytest.approx(p, rel=1e-9)
    assert f_tail(f_quantile(p, df, 7), df, 7) == pytest.approx(1 - p, rel=1e-8)


@same_every_run
@given(st.floats(-50, 50), st.floats(0.5, 1e6))
def test_student_t_is_symmetric_and_rises(t: float, df: float) -> None:
    assert float(student_t_cdf(t, df)) + float(student_t_cdf(-t, df)) == pytest.approx(1, abs=TOLERANCE)
    assert float(student_t_cdf(t, df)) <= float(student_t_cdf(t + 0.01, df)) + TOLERANCE


def test_values_out_of_range_are_refused() -> None:
    for p in (0.0, 1.0, -0.1, math.nan):
        with pytest.raises(ValueError, match="p must be between 0 and 1"):
            normal_quantile(p)
        with pytest.raises(ValueError, match="p must be between 0 and 1"):
            student_t_quantile(p, 3)
    with pytest.raises(ValueError, match="df must be above 0, got 0"):
        student_t_cdf([1.0, 2.0], [3.0, 0.0])
    with pytest.raises(ValueError, match="df must be above 0, got -1"):
        student_t_quantile(0.9, -1)
    with pytest.raises(ValueError, match="degrees of freedom must be above 0, got 0 and 3"):
        f_quantile(0.9, 0, 3)
    with pytest.raises(ValueError, match="x must be 0 or more, got -1"):
        f_tail(-1, 2, 3)
