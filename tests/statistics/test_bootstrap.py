"""Resampling against known standard errors and intervals, against another program's interval, and properties."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.statistics.agreement import pearson_r
from grader.statistics.bootstrap import (
    Resampled,
    by_rows,
    change_between,
    interval,
    resample,
    resample_many,
    resamples_for,
)
from grader.statistics.distributions import student_t_quantile
from grader.statistics.intervals import Estimate

same_every_run = settings(derandomize=True, deadline=None, max_examples=25)


def mean_of(values: np.ndarray) -> Any:
    return lambda weights: weights @ values / weights.sum(axis=1)


def ends(estimate: Estimate) -> tuple[float, float]:
    assert estimate.low is not None and estimate.high is not None
    return estimate.low, estimate.high


def test_draws_have_the_standard_error_of_a_mean() -> None:
    values = np.random.default_rng(0).normal(size=300)
    found = resample(mean_of(values), 300, n_resamples=8000)
    assert found.value == pytest.approx(values.mean())
    # Divided by n, as the resamples draw from the n values themselves; 8,000 draws are off by 1 / sqrt(16000).
    assert found.draws.std() == pytest.approx(values.std() / math.sqrt(300), rel=0.03)
    assert (found.n, found.n_units, found.draws.size) == (300, 300, 8000)


def test_t_interval_of_a_mean() -> None:
    values = np.random.default_rng(1).normal(size=12)
    low, high = ends(interval(resample(mean_of(values), 12, n_resamples=8000)))
    half_width = student_t_quantile(0.975, 11) * values.std() / math.sqrt(12)
    assert high - values.mean() == pytest.approx(half_width, rel=0.03)
    assert values.mean() - low == pytest.approx(half_width, rel=0.03)


def test_z_interval_is_the_t_interval_on_fishers_scale() -> None:
    draws = np.tanh(np.random.default_rng(2).normal(1.0, 0.2, size=4000))
    found = interval(Resampled(math.tanh(1.0), draws, np.zeros(0), 30, 30), method="z")
    half_width = student_t_quantile(0.975, 29) * 0.2
    assert ends(found) == pytest.approx((math.tanh(1 - half_width), math.tanh(1 + half_width)), abs=0.01)


def test_z_interval_never_leaves_the_scale() -> None:
    draws = np.array([1.0, 0.9, 1.0, 0.95, 0.8])
    low, high = ends(interval(Resampled(1.0, draws, np.zeros(0), 5, 5), method="z"))
    assert low < 0.8 < high == 1.0


def test_bca_interval_agrees_with_another_program() -> None:
    # scipy.stats.bootstrap of the variance of these, 400,000 resamples: BCa [3.996, 32.46], percentile [1.602, 25.69].
    expected, percentile = (3.996, 32.46), (1.602, 25.69)
    values = np.array([0.5, 1.0, 1.2, 2.0, 2.1, 3.3, 4.0, 5.5, 8.0, 13.0])

    def variance(weights: np.ndarray) -> np.ndarray:
        return weights @ values**2 / 10 - (weights @ values / 10) ** 2

    resampled = resample(lambda w: variance(w * 10 / w.sum(axis=1, keepdims=True)), 10, n_resamples=200_000)
    bca, plain = interval(resampled, method="bca"), interval(resampled, method="percentile")
    assert ends(bca) == pytest.approx(expected, rel=0.03)
    assert ends(plain) == pytest.approx(percentile, rel=0.03)


def test_statistics_of_one_call_share_their_draws() -> None:
    a = np.random.default_rng(3).normal(size=50)
    both = np.column_stack([a, a + 1])
    first, second = resample_many(lambda w: w @ both / 50, 50)
    difference = second - first
    assert difference.value == pytest.approx(1)
    np.testing.assert_allclose(difference.draws, 1)
    # The same answers and seed give the same draws in another call, too.
    np.testing.assert_allclose(resample(mean_of(a), 50).draws, first.draws)
    assert abs(resample(mean_of(a), 50, seed=1).draws - first.draws).max() > 0.01


def test_differences_of_other_answers_are_refused() -> None:
    a, b = resample(mean_of(np.arange(5.0)), 5), resample(mean_of(np.arange(6.0)), 6)
    with pytest.raises(ValueError, match="a paired difference needs two statistics of the same answers"):
        a - b


def test_groups_are_drawn_as_a_whole() -> None:
    groups = np.array(["b", "a", "c", "b", "d", "c", "b"])
    seen: list[np.ndarray] = []

    def remember(weights: np.ndarray) -> np.ndarray:
        seen.append(weights)
        return weights.sum(axis=1)

    found = resample(remember, 7, groups=groups, n_resamples=40)
    assert (found.n, found.n_units) == (7, 4)
    for weights in np.concatenate(seen):
        for label in "abcd":
            assert np.ptp(weights[groups == label]) == 0
    # Left out are whole groups: 7 answers less those of a, b, c, d.
    assert sorted(found.left_out.tolist()) == [4, 5, 6, 6]


@same_every_run
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=2, max_size=15), st.integers(0, 99))
def test_weights_do_what_row_numbers_do(rows: list[tuple[int, int]], seed: int) -> None:
    h, m = np.array(rows, dtype=float).T

    def r_of_rows(i: np.ndarray) -> float:
        return pearson_r(h[i], m[i])

    terms = np.column_stack([np.ones_like(h), h, m, h * h, m * m, h * m])

    def r_of_weights(weights: np.ndarray) -> np.ndarray:
        n, sh, sm, shh, smm, shm = (weights @ terms).T
        spread = np.maximum((n * shh - sh**2) * (n * smm - sm**2), 0)
        return np.where(spread > 1e-6, (n * shm - sh * sm) / np.sqrt(np.where(spread > 1e-6, spread, 1)), np.nan)

    slow = resample(by_rows(r_of_rows), h.size, n_resamples=30, seed=seed)
    fast = resample(r_of_weights, h.size, n_resamples=30, seed=seed)
    np.testing.assert_allclose(fast.draws, slow.draws, atol=1e-9)
    np.testing.assert_allclose(fast.left_out, slow.left_out, atol=1e-9)


def test_undefined_values_have_a_reason() -> None:
    nothing = resample(lambda w: np.full(len(w), math.nan), 9)
    assert interval(nothing) == Estimate(None, None, None, 9, "undefined: too few answers, or no variation in them")
    assert interval(nothing, undefined="undefined: one rater").note == "undefined: one rater"


def test_no_interval_where_draws_say_nothing() -> None:
    constant = interval(resample(mean_of(np.ones(9)), 9))
    assert constant == Estimate(1.0, None, None, 9, "no interval: every resample gives the same value")
    single = interval(resample(mean_of(np.array([2.0])), 1))
    assert (single.value, single.low, single.note) == (2.0, None, "no interval: one answer alone")


def test_undefined_draws_are_left_out_and_counted() -> None:
    # Defined only where answer 0 was drawn: (1 - 1/4)^4 of the resamples lack it.
    def first_only(weights: np.ndarray) -> np.ndarray:
        return np.where(weights[:, 0] > 0, weights[:, 1], np.nan)

    found = interval(resample(first_only, 4, n_resamples=2000))
    assert found.note is not None
    n_left_out = int(found.note.split()[2])
    assert found.note == f"undefined on {n_left_out} of 2000 resamples, which were left out"
    assert n_left_out / 2000 == pytest.approx(0.75**4, abs=0.04)


def test_many_answers_get_fewer_resamples_and_the_note_says_so() -> None:
    assert [resamples_for(n) for n in (0, 10, 20_000, 50_000, 10**7)] == [2000, 2000, 2000, 800, 400]
    found = interval(resample(mean_of(np.arange(40_000) % 2.0), 40_000))
    assert found.note == "1000 resamples, because there are many answers"
    assert found.n == 40_000


def test_an_interval_is_cut_at_the_bounds() -> None:
    found = interval(resample(mean_of(np.array([1.0, 1.0, 0.0])), 3), bounds=(0, 1))
    assert ends(found) == (0.0, 1.0)


def test_options_out_of_range_are_refused() -> None:
    resampled = resample(mean_of(np.arange(4.0)), 4)
    with pytest.raises(ValueError, match="method must be one of t, z, bca, percentile, got 'basic'"):
        interval(resampled, method="basic")  # type: ignore[arg-type]  # the point of the test
    with pytest.raises(ValueError, match="confidence must be between 0 and 1, got 95"):
        interval(resampled, confidence=95)
    with pytest.raises(ValueError, match="there are no answers to resample"):
        resample(mean_of(np.zeros(0)), 0)
    with pytest.raises(ValueError, match="n_resamples must be 1 or more, got 0"):
        resample(mean_of(np.arange(4.0)), 4, n_resamples=0)
    with pytest.raises(ValueError, match=r"groups has shape \(3,\) but there are 4 answers"):
        resample(mean_of(np.arange(4.0)), 4, groups=[1, 2, 3])


@pytest.mark.parametrize("method", ["t", "z", "bca", "percentile"])
def test_intervals_hold_the_truth_about_as_often_as_they_say(method: Any) -> None:
    # Correlation .6 of 30 normal pairs; 200 trials at 95 % have a standard error of 1.5 points.
    rng = np.random.default_rng(5)
    hits = 0
    for trial in range(200):
        x = rng.normal(size=30)
        y = 0.6 * x + 0.8 * rng.normal(size=30)
        terms = np.column_stack([x, y, x * x, y * y, x * y])

        def r(weights: np.ndarray, terms: np.ndarray = terms) -> np.ndarray:
            mx, my, xx, yy, xy = (weights @ terms / weights.sum(axis=1, keepdims=True)).T
            return (xy - mx * my) / np.sqrt((xx - mx**2) * (yy - my**2))

        low, high = ends(interval(resample(r, 30, n_resamples=400, seed=trial), method=method))
        hits += low <= 0.6 <= high
    assert 0.89 <= hits / 200 <= 0.99


def test_change_between_samples_is_welchs_interval() -> None:
    rng = np.random.default_rng(6)
    before, after = rng.normal(0, 1, size=15), rng.normal(1, 3, size=40)
    found = change_between(
        resample(mean_of(after), 40, n_resamples=8000), resample(mean_of(before), 15, n_resamples=8000, seed=1)
    )
    squares = [after.var() / 40, before.var() / 15]
    df = sum(squares) ** 2 / (squares[0] ** 2 / 39 + squares[1] ** 2 / 14)
    half_width = student_t_quantile(0.975, df) * math.sqrt(sum(squares))
    assert found.value == pytest.approx(after.mean() - before.mean())
    low, high = ends(found)
    assert (high - low) / 2 == pytest.approx(half_width, rel=0.03)
    assert found.n == 55


def test_change_is_undefined_with_a_reason() -> None:
    fine, constant = resample(mean_of(np.arange(9.0)), 9), resample(mean_of(np.ones(8)), 8)
    nothing = resample(lambda w: np.full(len(w), math.nan), 8)
    assert change_between(fine, nothing) == Estimate(None, None, None, 17, "undefined: one of the two is undefined")
    assert change_between(constant, constant).note == "no interval: nothing varies, or one answer alone"
    assert change_between(fine, constant).low is not None
    with pytest.raises(ValueError, match="confidence must be between 0 and 1, got 95"):
        change_between(fine, fine, confidence=95)


def test_change_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    # Means that differ by 1; 200 trials at 95 % have a standard error of 1.5 points.
    rng, hits = np.random.default_rng(7), 0
    for trial in range(200):
        before, after = rng.normal(0, 1, size=12), rng.normal(1, 2, size=25)
        found = change_between(
            resample(mean_of(after), 25, n_resamples=400, seed=trial),
            resample(mean_of(before), 12, n_resamples=400, seed=trial + 1000),
        )
        low, high = ends(found)
        hits += low <= 1 <= high
    assert 0.90 <= hits / 200 <= 0.99
