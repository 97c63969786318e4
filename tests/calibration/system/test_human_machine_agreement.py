"""A system against people: by hand, against the statistics of pairs, and by weights."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.calibration.system.human_machine_agreement import (
    COMPARED_STATISTICS,
    SYSTEM_STATISTICS,
    compared_statistics,
    confusion,
    nearest_levels,
    same_side_shares,
    system_statistics,
)
from grader.statistics import agreement
from grader.statistics.decision_consistency import decision_agreement
from grader.statistics.generalizability import disattenuated_r
from grader.statistics.kappas import fleiss
from grader.statistics.prmse import true_score_accuracy
from grader.statistics.rating_tables import from_matrix
from tests.statistics.test_reliability import NONE, near, rating_tables, same, same_every_run

LEVELS = np.arange(5.0)


def by_name(names: tuple[str, ...], statistic: Any, n: int) -> dict[str, float]:
    [values] = statistic(np.ones((1, n)))
    return dict(zip(names, values.tolist(), strict=True))


def test_one_person_is_a_pair() -> None:
    h, m = [1, 2, 3, 4], np.array([1.0, 3, 3, 4.6])
    form = from_matrix(np.array([h]).T)
    found = by_name(SYSTEM_STATISTICS, system_statistics(form, m, levels=LEVELS), 4)
    assert found["quadratic_weighted_kappa"] == near(agreement.quadratic_weighted_kappa(h, m))
    assert found["pearson_r"] == near(agreement.pearson_r(h, m))
    assert found["standardized_mean_difference"] == near(agreement.standardized_mean_difference(h, m))
    assert found["mean_difference"] == near(0.4)
    assert found["root_mean_squared_error"] == near(agreement.root_mean_squared_error(h, m))
    # 4.6 goes to the nearest level on the scale, 4.
    assert (found["exact"], found["adjacent"]) == (near(3 / 4), near(1))
    assert math.isnan(found["prmse"])


def test_three_people_with_gaps_by_hand() -> None:
    # Answer 2 was rated by one person, answer 3 by nobody of importance: it counts once, however many rated it.
    ratings = [[1.0, 2, 3], [2, NONE, NONE], [4, 4, NONE]]
    m = np.array([2.0, 3.0, 4.0])
    found = by_name(SYSTEM_STATISTICS, system_statistics(from_matrix(ratings), m, levels=LEVELS), 3)
    assert found["exact"] == near((1 / 3 + 0 + 1) / 3)
    assert found["adjacent"] == near(1)
    assert found["mean_difference"] == near((0 + 1 + 0) / 3)
    # E h = (2 + 2 + 4) / 3, E h^2 = (14/3 + 4 + 16) / 3, SD^2 = (E h^2 - (E h)^2) 3 / 2
    deviation = math.sqrt(((14 / 3 + 20) / 3 - (8 / 3) ** 2) * 3 / 2)
    assert found["standardized_mean_difference"] == near(1 / 3 / deviation)
    assert found["root_mean_squared_error"] == near(math.sqrt((2 / 3 + 1 + 0) / 3))
    assert found["prmse"] == near(true_score_accuracy(ratings, m).prmse)


def test_two_people_in_random_order() -> None:
    rng = np.random.default_rng(0)
    ratings = rng.integers(0, 5, size=(30, 1)) + rng.integers(-1, 2, size=(30, 2))
    m = ratings.mean(axis=1) + rng.normal(size=30)
    found = by_name(COMPARED_STATISTICS, compared_statistics(from_matrix(ratings), m), 30)
    # Each pair of ratings in both orders, and the system beside each of the two.
    first, second, twice = ratings.T.ravel(), ratings[:, ::-1].T.ravel(), np.tile(m, 2)
    people = agreement.quadratic_weighted_kappa(first, second)
    assert found["human_quadratic_weighted_kappa"] == near(people)
    assert found["degradation"] == near(agreement.quadratic_weighted_kappa(first, twice) - people)
    r = agreement.pearson_r(first, twice)
    assert found["degradation_r"] == near(r - agreement.pearson_r(first, second))
    assert found["disattenuated_r"] == near(disattenuated_r(r, people))
    # Equally strict raters: the order does not matter.
    ratings = np.array([[1, 2], [2, 1], [4, 4], [3, 3]])
    equal = by_name(COMPARED_STATISTICS, compared_statistics(from_matrix(ratings), m[:4]), 4)
    assert equal["human_quadratic_weighted_kappa"] == near(agreement.quadratic_weighted_kappa(*ratings.T))


@same_every_run
@given(rating_tables())
def test_people_agree_as_fleiss_says(ratings: np.ndarray) -> None:
    shared = ratings[np.isfinite(ratings).sum(axis=1) >= 2]
    found = by_name(COMPARED_STATISTICS, compared_statistics(from_matrix(ratings), np.ones(len(ratings))), len(ratings))
    assert same(found["human_quadratic_weighted_kappa"], fleiss(shared, weights="quadratic").value)


def test_levels_and_confusion_by_hand() -> None:
    assert nearest_levels([-3, 0.49, 0.5, 1.2, 9], [0, 1, 3]).tolist() == [0, 0, 1, 1, 2]
    assert nearest_levels([0.1 + 0.2], [0.25, 0.35]).tolist() == [1]
    ratings = [[0.0, 1], [1.0, 1], [3, NONE]]
    found = confusion(from_matrix(ratings), np.array([0.2, 3.0, 1.9]), levels=np.array([0.0, 1, 3]))
    # Answer 1: half in (0, 0), half in (1, 0); answer 2 in (1, 3); answer 3 in (3, 1).
    assert found.counts.tolist() == [[0.5, 0, 0], [0.5, 0, 1], [0, 1, 0]]


def test_sides_of_the_cut_by_hand() -> None:
    form = from_matrix([[3.0, 1, 3], [1, 0, NONE], [NONE, NONE, NONE]])
    np.testing.assert_allclose(same_side_shares(form, np.array([2.0, 2.0, 2.0]), 2), [2 / 3, 0, NONE])
    h, m = np.array([1.0, 2, 3]), np.array([2.0, 2, 1])
    assert same_side_shares(from_matrix(h[:, None]), m, 2).mean() == near(decision_agreement(h, m, 2))


def test_undefined_cases() -> None:
    none = by_name(SYSTEM_STATISTICS, system_statistics(from_matrix([[NONE], [NONE]]), np.ones(2), levels=LEVELS), 2)
    assert all(math.isnan(value) for value in none.values())
    same_score = by_name(
        SYSTEM_STATISTICS, system_statistics(from_matrix([[2], [2]]), np.array([2.0, 2]), levels=LEVELS), 2
    )
    assert same_score["exact"] == 1
    for name in ("quadratic_weighted_kappa", "pearson_r", "standardized_mean_difference", "prmse"):
        assert math.isnan(same_score[name])
    apart = by_name(COMPARED_STATISTICS, compared_statistics(from_matrix([[1, NONE], [NONE, 2]]), np.ones(2)), 2)
    assert all(math.isnan(value) for value in apart.values())
    # People who contradict each other: nothing to correct by.
    crossed = by_name(
        COMPARED_STATISTICS, compared_statistics(from_matrix([[1, 3], [2, 2], [3, 1]]), np.arange(3.0)), 3
    )
    assert crossed["human_quadratic_weighted_kappa"] == near(-1) and math.isnan(crossed["disattenuated_r"])


def test_broken_inputs_are_refused() -> None:
    form = from_matrix([[1, 2], [2, 3]])
    with pytest.raises(ValueError, match=r"system has shape \(3,\) but there are 2 answers"):
        system_statistics(form, np.ones(3), levels=LEVELS)
    with pytest.raises(ValueError, match="system has 1 missing scores"):
        compared_statistics(form, np.array([1.0, NONE]))


@same_every_run
@given(rating_tables(), st.integers(0, 99))
def test_weights_repeat_answers(ratings: np.ndarray, seed: int) -> None:
    rng = np.random.default_rng(seed)
    m = rng.integers(0, 9, size=len(ratings)) / 2
    times = rng.integers(0, 3, size=len(ratings))
    again, m_again = from_matrix(np.repeat(ratings, times, axis=0)), np.repeat(m, times)
    all_of_them = np.ones((1, int(times.sum())))
    for made, repeated in (
        (system_statistics(from_matrix(ratings), m, levels=LEVELS), system_statistics(again, m_again, levels=LEVELS)),
        (compared_statistics(from_matrix(ratings), m), compared_statistics(again, m_again)),
    ):
        weighted, plain = made(times[None, :].astype(float))[0], repeated(all_of_them)[0]
        assert all(same(a, b) for a, b in zip(weighted, plain, strict=True))
