"""Corrected means and rates against other programs, cases derived by hand, and coverage in simulations."""

import math

import numpy as np
import pytest

from grader.statistics.intervals import Estimate
from grader.statistics.prevalence import ppi_mean, rogan_gladen
from tests.statistics.test_reliability import near, published

HUMAN = [3, 4, 2, 5, 1, 4, 3, 2]
SYSTEM = [4, 4, 3, 5, 2, 5, 3, 3]
BATCH = [4, 4, 5, 3, 2, 5, 4, 3, 4, 5, 2, 3, 4, 4, 3, 5, 4, 3, 2, 4]


def ends(estimate: Estimate) -> tuple[float, float]:
    assert estimate.low is not None and estimate.high is not None
    return estimate.low, estimate.high


def test_ppi_mean_has_the_published_value() -> None:
    found = ppi_mean(HUMAN, SYSTEM, BATCH)
    assert found.value == near(3.025)
    assert ends(found) == (published(2.48584, digits=5), published(3.56416, digits=5))
    assert found.n == 8


def test_tuned_ppi_mean_has_the_published_value() -> None:
    found = ppi_mean(HUMAN, SYSTEM, BATCH, tuned=True)
    assert found.value == published(3.02052, digits=5)
    assert ends(found) == (published(2.49904, digits=5), published(3.54200, digits=5))


def test_a_useless_system_changes_nothing_when_tuned() -> None:
    found = ppi_mean(HUMAN, [1] * 8, [1] * 5, tuned=True)
    assert found.value == near(3.0)
    # No weight on the system: var(h) = 1.5, z sqrt(1.5 / 8).
    assert ends(found)[1] - 3 == near(1.959963984540054 * math.sqrt(1.5 / 8))


def test_rogan_gladen_has_the_published_value() -> None:
    # TPR = TNR = 2/3, p = 3/5: (3/5 + 2/3 - 1) / (1/3).
    found = rogan_gladen([1, 1, 0, 0, 1, 0], [1, 0, 0, 1, 1, 0], [1, 1, 0, 1, 0])
    assert found.value == near(0.8)
    assert (found.low, found.high) == (0.0, 1.0)
    assert found.note is not None and "right no more often than by chance" in found.note


def test_a_perfect_system_needs_no_correction() -> None:
    found = rogan_gladen([1, 0] * 50, [1, 0] * 50, [1, 0, 0, 0] * 100)
    assert found.value == near(0.25)
    low, high = ends(found)
    # The batch alone gives z sqrt(.25 * .75 / 400) = .042 each way; the rest is doubt about the rates.
    assert 0.19 < low < 0.21 and 0.29 < high < 0.32


def test_corrected_shares_stay_in_range() -> None:
    # p = 0 with TNR = 3/4 gives -1/4 / (3/4 + 3/4 - 1).
    assert rogan_gladen([1, 1, 1, 1, 0, 0, 0, 0], [1, 1, 1, 0, 0, 0, 0, 1], [0, 0]).value == 0.0


def test_undefined_cases_say_why() -> None:
    no_batch = ppi_mean([1, 2], [1, 2], [])
    assert (no_batch.value, no_batch.note) == (None, "undefined: it needs answers scored by people, and a batch")
    single = ppi_mean([1], [2], [3, 3])
    assert (single.value, single.low, single.note) == (2.0, None, "no interval: one answer scored by people")
    for human, batch in (([1, 1], [1]), ([0, 0], [1]), ([1, 0], []), ([], [1])):
        found = rogan_gladen(human, [1] * len(human), batch)
        assert found.value is None and found.note is not None and found.note.startswith("undefined: people must have")
    chance = rogan_gladen([1, 0, 1, 0], [1, 1, 0, 0], [1, 0])
    assert (chance.value, chance.note) == (None, "undefined: the system is right no more often than by chance")


def test_broken_inputs_are_refused() -> None:
    with pytest.raises(ValueError, match="human has 2 scores but system has 1"):
        ppi_mean([1, 2], [1], [1])
    with pytest.raises(ValueError, match="batch has 1 values that are not finite"):
        ppi_mean([1], [1], [math.nan])
    with pytest.raises(ValueError, match="human must be 0 or 1 everywhere, got 2"):
        rogan_gladen([2], [1], [1])
    with pytest.raises(ValueError, match="human has 2 decisions but system has 1"):
        rogan_gladen([1, 0], [1], [1])
    with pytest.raises(ValueError, match="n_resamples must be 1 or more, got 0"):
        rogan_gladen([1, 0], [1, 0], [1], n_resamples=0)
    for statistic in (ppi_mean, rogan_gladen):
        with pytest.raises(ValueError, match="confidence must be between 0 and 1, got 95"):
            statistic([1, 0], [1, 0], [1], confidence=95)
        with pytest.raises(ValueError, match=r"human must have shape \(n_answers,\), got shape \(1, 1\)"):
            statistic([[1]], [1], [1])


def test_the_same_seed_gives_the_same_interval() -> None:
    human, system, batch = [1, 0] * 20, [1, 0, 1, 1] * 10, [1, 0, 1] * 30
    assert rogan_gladen(human, system, batch) == rogan_gladen(human, system, batch)
    assert rogan_gladen(human, system, batch) != rogan_gladen(human, system, batch, seed=1)


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    # 200 trials at 95 % have a standard error of 1.5 points.
    rng = np.random.default_rng(0)
    of_rates = of_means = 0
    for trial in range(200):
        truth = rng.random(400) < 0.4
        seen = np.where(truth, rng.random(400) < 0.85, rng.random(400) < 0.2)
        low, high = ends(rogan_gladen(truth[:80], seen[:80], seen[80:], n_resamples=400, seed=trial))
        of_rates += low <= 0.4 <= high
        score = rng.normal(3, 1, size=400)
        by_system = score + 0.3 + rng.normal(0, 0.5, size=400)
        low, high = ends(ppi_mean(score[:80], by_system[:80], by_system[80:]))
        of_means += low <= 3 <= high
    assert 0.90 <= of_rates / 200 <= 0.99
    assert 0.90 <= of_means / 200 <= 0.99
