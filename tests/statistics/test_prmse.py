"""PRMSE against RSMTool's published case, cases derived by hand, and properties."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.statistics.prmse import prmse_by_weights, true_score_accuracy
from tests.statistics.test_reliability import NONE, near, rating_tables, same, same_every_run


def test_known_error_variance_has_the_published_value() -> None:
    found = true_score_accuracy([[2], [3], [5]], [1, 2, 5], error_variance=0.5)
    assert found.prmse == near(0.9090909090909091)
    assert (found.n, found.n_double) == (3, 0)


def test_four_answers_by_hand() -> None:
    # Ratings 1 3 | 2 2 | 4 - | 6 8, system 2 1 4 7. V = 2, 0, -, 2; s_e^2 = 4 / 3.
    # H_i = 2, 2, 4, 7, c = 7, H = 26 / 7; sum c (H_i - H)^2 = 8 + 8 + 16 + 98 - 26^2 / 7 = 234 / 7.
    # var_T = (234 / 7 - 3 * 4 / 3) / (7 - 13 / 7) = (206 / 7) / (36 / 7) = 206 / 36.
    # Squares from the system: 0 + 2 * 1 + 0 + 0 = 2; MSE = (2 - 4 * 4 / 3) / 7 = -10 / 21.
    found = true_score_accuracy([[1.0, 3], [2.0, 2], [4, NONE], [6.0, 8]], [2, 1, 4, 7])
    assert found.error_variance == near(4 / 3)
    assert found.true_variance == near(206 / 36)
    assert found.mean_squared_error == near(-10 / 21)
    assert found.prmse == near(1 + (10 / 21) / (206 / 36))
    assert (found.n, found.n_double) == (4, 3)


def test_undefined_without_double_scoring() -> None:
    found = true_score_accuracy([[1, NONE], [NONE, 2], [3, NONE]], [1, 2, 3])
    assert math.isnan(found.prmse) and math.isnan(found.error_variance)
    assert (found.n, found.n_double) == (3, 0)
    assert math.isnan(true_score_accuracy(np.empty((0, 2)), []).prmse)


def test_undefined_without_true_variance() -> None:
    # All the spread is error: H_i are equal, so var_T is below 0.
    found = true_score_accuracy([[1, 3], [3, 1]], [1, 2])
    assert found.true_variance < 0
    assert math.isnan(found.prmse)
    assert math.isnan(true_score_accuracy([[2, 2], [2, 2]], [1, 2]).prmse)


def test_noise_of_people_is_not_held_against_the_system() -> None:
    # Truth of variance 1, ratings with error variance 1, a system that knows the truth up to variance .2: PRMSE .8.
    rng = np.random.default_rng(0)
    truth = rng.normal(size=60_000)
    ratings = truth[:, None] + rng.normal(size=(60_000, 2))
    ratings[3000:, 1] = NONE
    found = true_score_accuracy(ratings, truth + math.sqrt(0.2) * rng.normal(size=60_000))
    assert found.prmse == pytest.approx(0.8, abs=0.05)
    assert found.error_variance == pytest.approx(1, abs=0.08)


def test_broken_inputs_are_refused() -> None:
    with pytest.raises(ValueError, match=r"system has shape \(3,\) but there are 2 answers"):
        true_score_accuracy([[1, 2], [2, 3]], [1, 2, 3])
    with pytest.raises(ValueError, match="system has 1 missing scores: leave those answers out"):
        prmse_by_weights([[1, 2], [2, 3]], [1, NONE])


@same_every_run
@given(rating_tables(), st.integers(0, 99))
def test_weights_repeat_answers(ratings: np.ndarray, seed: int) -> None:
    rng = np.random.default_rng(seed)
    system = rng.integers(0, 5, size=len(ratings)).astype(float)
    times = rng.integers(0, 3, size=len(ratings))
    [weighted] = prmse_by_weights(ratings, system)(times[None, :].astype(float))
    repeated = true_score_accuracy(np.repeat(ratings, times, axis=0), np.repeat(system, times))
    assert same(weighted, repeated.prmse)


@same_every_run
@given(rating_tables(), st.integers(-20, 20), st.integers(1, 9))
def test_shift_and_unit_of_the_scale_do_not_matter(ratings: Any, shift: int, unit: int) -> None:
    system = np.arange(len(ratings)) % 5.0
    there = true_score_accuracy(ratings, system).prmse
    assert same(there, true_score_accuracy(ratings * unit + shift, system * unit + shift).prmse)
