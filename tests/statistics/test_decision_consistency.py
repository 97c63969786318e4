"""Decisions at a cut against published tables, cases derived by hand, simulations and properties."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.statistics.decision_consistency import (
    agreeing_pairs,
    cohen_kappa_interval,
    decision_agreement,
    decision_kappa,
    expected_flips,
    mcnemar,
    panel_decision_agreement,
    passes,
)
from grader.statistics.generalizability import Components
from grader.statistics.intervals import wilson_interval
from tests.statistics.test_agreement import two_by_two
from tests.statistics.test_reliability import NONE, near, published, rating_tables, same, same_every_run

H, M = [1, 2, 3, 4], [3, 1, 3, 2]


def test_kappa_with_its_published_error() -> None:
    found = cohen_kappa_interval(*two_by_two(20, 5, 10, 15))
    assert found.value == near(0.4)
    assert found.low is not None and found.high is not None
    assert (found.high - found.low) / 2 / 1.959964 == published(0.1270, digits=4)
    assert (found.low, found.high) == (published(0.151, digits=3), published(0.649, digits=3))
    assert found.n == 50


def test_mcnemar_has_the_published_value() -> None:
    found = mcnemar(*two_by_two(101, 121, 59, 33), 1)
    assert found.chi_squared == published(21.356, digits=3)
    assert (found.human_only, found.system_only) == (121, 59)
    # Twice the normal tail beyond sqrt(21.3556) = 4.6212.
    assert found.p_value == pytest.approx(3.815e-6, rel=0.01)


def test_mcnemar_of_few_answers_is_exact() -> None:
    found = mcnemar(*two_by_two(3, 1, 4, 2), 1)
    # 5 trials: 2 (1 + 5) / 32
    assert found.chi_squared == near(9 / 5)
    assert found.p_value == near(0.375)
    assert mcnemar(*two_by_two(3, 2, 2, 2), 1).p_value == 1.0


def test_decisions_of_four_answers() -> None:
    # Cut 2: human 0 1 1 1, system 1 0 1 1.
    assert passes(M, 2).tolist() == [True, False, True, True]
    assert decision_agreement(H, M, 2) == near(2 / 4)
    # p_e = 3/4 * 3/4 + 1/4 * 1/4 = 10/16
    assert decision_kappa(H, M, 2) == near((8 - 10) / 6)
    assert passes([0.1 + 0.2, NONE], 0.3).tolist() == [True, False]


def test_decisions_of_a_panel_by_hand() -> None:
    # Passed by 2 of 3: 2 of 6 ordered pairs agree; by 0 of 2: all; by 1 of 2: none; one rating: does not count.
    ratings = [[3.0, 3, 1], [1, 0, NONE], [NONE, 3, 1], [NONE, 3, NONE]]
    np.testing.assert_allclose(agreeing_pairs(ratings, 2), [1 / 3, 1, 0, NONE])
    assert panel_decision_agreement(ratings, 2) == near((1 / 3 + 1) / 3)


def test_flips_at_the_mean_follow_sheppard() -> None:
    for answer, rater, residual, k in (
        (1.0, 0.2, 0.3, 1),
        (1.0, 0.2, 0.3, 3),
        (4.0, 0.0, 0.001, 1),
        (0.0, 1.0, 1.0, 2),
    ):
        rho = answer / (answer + (rater + residual) / k)
        found = expected_flips(Components(answer, rater, residual), mean=3.0, cut=3.0, n_raters=k)
        assert found == near(100 * math.acos(rho) / math.pi)


def test_flips_of_simulated_candidates() -> None:
    rng = np.random.default_rng(4)
    truth = rng.normal(2.0, 1.0, size=400_000)
    first, second = (truth + rng.normal(0, math.sqrt(0.6), size=truth.size) for _ in range(2))
    simulated = 100 * np.mean((first >= 3.2) != (second >= 3.2))
    # Its standard error is .05 of 100.
    assert expected_flips(Components(1.0, 0.2, 0.4), mean=2.0, cut=3.2) == pytest.approx(simulated, abs=0.2)


def test_undefined_cases() -> None:
    assert math.isnan(decision_agreement([], [], 1))
    assert math.isnan(decision_kappa([1, 1], [1, 1], 1))
    assert math.isnan(panel_decision_agreement([[1, NONE]], 1))
    nothing = mcnemar([1, 0], [1, 0], 1)
    assert math.isnan(nothing.chi_squared) and math.isnan(nothing.p_value)
    assert math.isnan(expected_flips(Components(NONE, NONE, NONE), mean=1, cut=1))
    assert math.isnan(expected_flips(Components(0, 0, 0), mean=1, cut=1))
    assert expected_flips(Components(1, 0, 0), mean=1, cut=1) == 0
    undefined = cohen_kappa_interval([1, 1], [1, 1])
    assert (undefined.value, undefined.note) == (None, "undefined: no answers, or all in one class")
    full = cohen_kappa_interval([1, 0, 1], [1, 0, 1])
    assert (full.value, full.low, full.note) == (1.0, None, "no interval: nothing varies from answer to answer")


@pytest.mark.parametrize("statistic", [decision_agreement, decision_kappa, mcnemar])
def test_what_cannot_be_compared_is_refused(statistic: Any) -> None:
    with pytest.raises(ValueError, match="human has 2 scores but system has 3"):
        statistic([0, 1], [0, 1, 1], 1)
    with pytest.raises(ValueError, match="system has 1 values that are not finite"):
        statistic([0, 1], [0, NONE], 1)


def test_confidence_must_be_a_share() -> None:
    with pytest.raises(ValueError, match="confidence must be between 0 and 1, got 95"):
        cohen_kappa_interval([0, 1], [0, 1], confidence=95)


@same_every_run
@given(rating_tables(), st.sampled_from([0.5, 1.0, 2.0, 3.5]))
def test_a_panel_of_two_decides_like_a_pair(ratings: np.ndarray, cut: float) -> None:
    pair = ratings[:, :2]
    both = pair[np.isfinite(pair).all(axis=1)]
    assert same(panel_decision_agreement(pair, cut), decision_agreement(both[:, 0], both[:, 1], cut))


@same_every_run
@given(rating_tables(), st.sampled_from([0.5, 1.0, 2.0, 3.5]))
def test_who_is_called_the_system_does_not_matter(ratings: np.ndarray, cut: float) -> None:
    h, m = np.nan_to_num(ratings[:, :2], nan=1.0).T
    there, back = mcnemar(h, m, cut), mcnemar(m, h, cut)
    assert same(there.chi_squared, back.chi_squared) and same(there.p_value, back.p_value)
    assert (there.human_only, there.system_only) == (back.system_only, back.human_only)
    # What agrees and what does not are all the answers.
    n_flips = there.human_only + there.system_only
    assert wilson_interval(h.size - n_flips, h.size).value == near(decision_agreement(h, m, cut))
