"""Change between two samples against Welch's interval, and its undefined cases."""

import math

import numpy as np
import pytest

from grader.statistics.bootstrap import resample
from grader.statistics.change import change_between
from grader.statistics.distributions import student_t_quantile
from grader.statistics.intervals import Estimate
from tests.statistics.test_bootstrap import ends, mean_of


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


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
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
