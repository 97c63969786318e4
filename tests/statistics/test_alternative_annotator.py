"""The alternative annotator test: cases derived by hand, a plain loop, and behaviour on simulated panels.

The data of the authors' paper are not part of this project; their procedure gave the same rates in 110
comparisons on simulated panels with gaps (distance and equality).
"""

import math
from typing import Any

import numpy as np
import pytest

from grader.statistics.alternative_annotator import alt_test, alt_test_outcome
from grader.statistics.distributions import student_t_cdf
from tests.statistics.test_reliability import NONE, near


def panel(n: int, n_raters: int, noise: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Truth from 0 to 4, and ratings that miss it by one in a share `noise` of the cases."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 5, size=n).astype(float)
    misses = (rng.random((n, n_raters)) < noise) * rng.choice([-1.0, 1.0], size=(n, n_raters))
    return truth, np.clip(truth[:, None] + misses, 0, 4)


def test_who_is_closer_by_hand() -> None:
    # Rater 0 against raters 1 and 2, whose scores are 2 2 | 0 4 | 1 1 | 3 -.
    ratings = [[2.0, 2, 2], [1.0, 0, 4], [3.0, 1, 1], [3, 3, NONE]]
    system = [3, 3, 1, 3]
    # Distances: 0 < 1: human; sqrt(10 / 2) and sqrt(10 / 2): level; 2 > 0: system; 0, 0: level.
    found = alt_test(ratings, system, epsilon=0.2, min_answers=2)
    assert found.advantages[0] == near(3 / 4)
    # Differences 1, 0, -1, 0 less .2: .8 -.2 -1.2 -.2, ranks of the sizes 3 1.5 4 1.5, positive ones 3.
    # Mean 4 * 5 / 4 = 5, variance 4 * 5 * 9 / 24 - (2^3 - 2) / 48 = 7.375.
    below = 0.5 * math.erfc((5 - 3) / math.sqrt(7.375) / math.sqrt(2))
    assert found.p_values[0] == near(below)
    assert found.n_of_rater.tolist() == [4, 4, 3]
    assert (found.n_tested, found.n_answers) == (3, 4)


def test_equality_for_classes_without_an_order() -> None:
    ratings = [[2, 2, 2], [1, 0, 4], [3, 1, 1]]
    # Rater 0: all equal to 2 against none; none and none; none against all.
    assert alt_test(ratings, [3, 3, 1], epsilon=0.2, closeness="equal", min_answers=2).advantages[0] == near(2 / 3)


def test_t_test_from_thirty_answers_by_hand() -> None:
    # The system is alone closer on 10 of 40 answers, level on 30: mean -1/4, variance (1/4 - 1/16) 40 / 39.
    ratings = np.tile([[1.0, 1.0, 1.0]], (40, 1))
    ratings[:10, 0] = 2
    found = alt_test(ratings, np.ones(40), epsilon=0.1)
    t = (-0.25 - 0.1) / math.sqrt(3 / 16 / 39)
    assert found.p_values[0] == near(float(student_t_cdf(t, 39)))
    # The others are level with it everywhere but where rater 0 strays, and never behind: certain.
    assert found.p_values[1] == 0.0
    assert found.winning_rate == 1.0


def test_a_system_that_knows_the_truth_passes_and_one_that_guesses_fails() -> None:
    truth, ratings = panel(100, 5, 0.4, seed=1)
    assert alt_test(ratings, truth, epsilon=0.1).winning_rate == 1.0
    guess = np.random.default_rng(2).integers(0, 5, size=100).astype(float)
    failed = alt_test(ratings, guess, epsilon=0.1)
    assert failed.winning_rate == 0.0
    assert failed.advantage < 0.5


def test_a_system_that_rates_like_the_people_never_fails_and_a_worse_one_does() -> None:
    """Fewer than half beaten on few answers is no verdict."""
    outcomes = []
    for seed in range(20):
        truth, ratings = panel(50, 4, 0.5, seed)
        outcomes.append(alt_test_outcome(alt_test(ratings[:, :3], ratings[:, 3], epsilon=0.2)))
    assert "cannot tell" in outcomes and "fail" not in outcomes
    truth, ratings = panel(200, 3, 0.2, 1)
    assert alt_test_outcome(alt_test(ratings, truth, epsilon=0.2)) == "pass"
    assert alt_test_outcome(alt_test(ratings, 4 - truth, epsilon=0.2)) == "fail"


def test_q_values_are_those_of_any_dependence() -> None:
    truth, ratings = panel(60, 3, 0.5, seed=3)
    found = alt_test(ratings, np.round(truth * 0.7), epsilon=0.15)
    order = np.argsort(found.p_values)
    largest = found.p_values[order[-1]] * (1 + 1 / 2 + 1 / 3)
    assert found.q_values[order[-1]] == near(min(1.0, largest))


def test_the_loop_of_the_paper_gives_the_same() -> None:
    rng = np.random.default_rng(4)
    truth, ratings = panel(80, 4, 0.5, seed=5)
    ratings[rng.random(ratings.shape) < 0.3] = NONE
    system = np.clip(truth + rng.integers(-1, 2, size=80), 0, 4)
    found = alt_test(ratings, system, epsilon=0.15)
    for rater in range(4):
        wins, n = 0, 0
        for row, score in zip(ratings, system, strict=True):
            others = np.delete(row, rater)
            others = others[np.isfinite(others)]
            if np.isfinite(row[rater]) and others.size:
                of_human, of_system = (math.sqrt(np.mean((x - others) ** 2)) for x in (row[rater], score))
                wins, n = wins + (of_system <= of_human + 1e-9), n + 1
        assert found.n_of_rater[rater] == n
        assert found.advantages[rater] == near(wins / n)


@pytest.mark.parametrize("ratings", [[[1, NONE], [NONE, 2]], np.empty((0, 2)), [[1, 2], [1, 1]]])
def test_undefined_without_enough_shared_answers(ratings: Any) -> None:
    found = alt_test(ratings, np.ones(len(ratings)), epsilon=0.1)
    assert math.isnan(found.winning_rate) and math.isnan(found.advantage)
    assert found.n_tested == 0
    assert np.isnan(found.q_values).all()


def test_raters_with_few_answers_are_not_tested() -> None:
    truth, ratings = panel(60, 3, 0.3, seed=6)
    ratings[10:, 2] = NONE
    found = alt_test(ratings, truth, epsilon=0.1)
    assert found.n_tested == 2
    assert np.isnan(found.p_values[2])


def test_broken_inputs_are_refused() -> None:
    with pytest.raises(ValueError, match="closeness must be one of distance, equal, got 'cosine'"):
        alt_test([[1, 2]], [1], epsilon=0.1, closeness="cosine")  # type: ignore[arg-type]  # the point of the test
    with pytest.raises(ValueError, match="min_answers must be 2 or more, got 1"):
        alt_test([[1, 2]], [1], epsilon=0.1, min_answers=1)
    with pytest.raises(ValueError, match=r"system has shape \(2,\) but there are 1 answers"):
        alt_test([[1, 2]], [1, 2], epsilon=0.1)
    with pytest.raises(ValueError, match="system has 1 missing scores"):
        alt_test([[1, 2]], [NONE], epsilon=0.1)
