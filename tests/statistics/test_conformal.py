"""Conformal intervals: cases derived by hand, coverage over simulated draws, and properties."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.statistics.conformal import abstention, answers_needed, conformal_quantile, covered
from tests.statistics.test_reliability import near, same_every_run


def test_quantile_by_hand() -> None:
    # 9 residuals, alpha .2: the ceil(10 * .8) = 8th smallest.
    assert conformal_quantile([9, 1, 8, 2, 7, 3, 6, 4, 5], alpha=0.2) == 8
    # ceil(10 * .9) = 9th; at alpha .05 the 10th of 9: nothing is promised.
    assert conformal_quantile(np.arange(1, 10), alpha=0.1) == 9
    assert conformal_quantile(np.arange(1, 10), alpha=0.05) == math.inf
    assert conformal_quantile([], alpha=0.1) == math.inf


@pytest.mark.parametrize(("alpha", "needed"), [(0.1, 9), (0.05, 19), (0.2, 4), (0.5, 1)])
def test_how_many_answers_a_promise_needs(alpha: float, needed: int) -> None:
    assert answers_needed(alpha) == needed
    assert conformal_quantile(np.ones(needed), alpha=alpha) == 1
    assert conformal_quantile(np.ones(needed - 1), alpha=alpha) == math.inf


def test_abstention_by_hand() -> None:
    # Cut 3, reach 1: 1.9 reaches 2.9 and fails for sure, 2 reaches 3; 4 reaches down to 3 and passes, 3.9 does not.
    found = abstention([1.9, 2, 3.9, 4], 1.0, 3.0, human=[4, 4, 1, 3])
    assert found.abstains.tolist() == [False, True, True, False]
    assert found.share == near(0.5)
    # Of the two decided ones the first is wrong.
    assert found.errors == near(0.5)


def test_reach_may_differ_from_answer_to_answer() -> None:
    assert abstention([2, 2], [0.5, math.inf], 3.0).abstains.tolist() == [False, True]
    everything = abstention([2, 2], math.inf, 3.0, human=[1, 1])
    assert everything.share == 1.0 and math.isnan(everything.errors)


def test_covered_by_hand() -> None:
    assert covered([1, 2, 3.5], [2, 2, 2], 1.0).tolist() == [1, 1, 0]
    assert covered([0.4], [0.3], 0.1).tolist() == [1]


def test_coverage_is_what_was_promised() -> None:
    # 2,000 draws of 40 scored answers and 25 new ones; errors are skewed. At alpha .1 the exact mean is 37/41 = .9024.
    rng = np.random.default_rng(0)
    hits = []
    for _ in range(2000):
        truth, system = rng.normal(size=65), rng.gamma(1.0, size=65)
        system = truth + system * rng.choice([-0.3, 1.0], size=65)
        reach = conformal_quantile(np.abs(truth - system)[:40], alpha=0.1)
        hits.append(covered(truth[40:], system[40:], reach).mean())
    assert 0.895 <= np.mean(hits) <= 0.91


@same_every_run
@given(st.lists(st.floats(0, 5), min_size=1, max_size=40), st.floats(0.01, 0.98), st.floats(0.001, 0.01))
def test_asking_for_more_certainty_never_asks_people_less(sizes: Any, alpha: float, less: float) -> None:
    wide, narrow = conformal_quantile(sizes, alpha=alpha), conformal_quantile(sizes, alpha=alpha + less)
    assert wide >= narrow
    system = np.linspace(0, 5, 21)
    assert np.all(abstention(system, wide, 2.5).abstains >= abstention(system, narrow, 2.5).abstains)


def test_broken_inputs_are_refused() -> None:
    for alpha in (0, 1, 5):
        with pytest.raises(ValueError, match=f"alpha must be between 0 and 1, got {alpha}"):
            conformal_quantile([1], alpha=alpha)
        with pytest.raises(ValueError, match=f"alpha must be between 0 and 1, got {alpha}"):
            answers_needed(alpha)
    for residuals in ([-1.0], [math.nan], [math.inf]):
        with pytest.raises(ValueError, match="residuals must be numbers of 0 or more"):
            conformal_quantile(residuals, alpha=0.1)
    with pytest.raises(ValueError, match=r"residuals must have shape \(n,\), got shape \(1, 1\)"):
        conformal_quantile([[1]], alpha=0.1)
    with pytest.raises(ValueError, match="reach must be 0 or more"):
        abstention([1], -1.0, 1)
    with pytest.raises(ValueError, match="reach must be one number or have shape"):
        abstention([1, 2], [1.0, 2.0, 3.0], 1)
    with pytest.raises(ValueError, match=r"human has shape \(1,\) but there are 2 answers"):
        abstention([1, 2], 1.0, 1, human=[1])
