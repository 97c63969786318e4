"""Differences of standardized means against RSMTool's published value, by hand, and properties."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.statistics.subgroups import Moments, difference_of_standardized_means, dsm_by_weights
from tests.statistics.test_reliability import NONE, near, published, same, same_every_run


def test_dsm_has_the_published_value() -> None:
    found = difference_of_standardized_means(
        [8, 4, 6, 3], [9, 4, 5, 12], of_human=Moments(4.5, 1.2), of_system=Moments(5.1, 1.8)
    )
    assert found == published(0.7083333, digits=7)


def test_groups_by_hand() -> None:
    # h = 1 3 | 2 2, mean 2, SD sqrt(2/3); m = 2 6 | 2 2, mean 3, SD sqrt(12/3) = 2. Group 0: (4 - 3) / 2 - 0.
    h, m = np.array([1.0, 3, 2, 2]), np.array([2.0, 6, 2, 2])
    [found] = dsm_by_weights(h, h**2, m, np.array([0, 0, 1, -1]), 2)(np.ones((1, 4)))
    assert found.tolist() == [near(0.5), near(-0.5)]


def test_undefined_cases() -> None:
    assert math.isnan(difference_of_standardized_means([], []))
    assert math.isnan(difference_of_standardized_means([1, 1], [1, 2]))
    assert math.isnan(difference_of_standardized_means([1], [2]))
    assert math.isnan(difference_of_standardized_means([1], [2], of_human=Moments(0, 1), of_system=Moments(0, 0)))
    h = np.array([1.0, 2, 3])
    [[there, absent]] = dsm_by_weights(h, h**2, h, np.zeros(3, dtype=np.intp), 2)(np.ones((1, 3)))
    assert there == near(0) and math.isnan(absent)
    assert np.isnan(dsm_by_weights(h, h**2, np.ones(3), np.zeros(3, dtype=np.intp), 1)(np.ones((1, 3)))).all()


@pytest.mark.parametrize(("human", "system"), [([1, 2], [1]), ([[1]], [[1]])])
def test_unequal_shapes_are_refused(human: Any, system: Any) -> None:
    with pytest.raises(ValueError, match="they must be of the same answers"):
        difference_of_standardized_means(human, system)


def test_missing_scores_are_refused() -> None:
    with pytest.raises(ValueError, match="human and system must be finite"):
        difference_of_standardized_means([1, NONE], [1, 2])


scores = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8), st.integers(0, 2)), min_size=2, max_size=20)


@same_every_run
@given(scores, st.integers(0, 99))
def test_weights_repeat_answers(rows: list[tuple[int, int, int]], seed: int) -> None:
    h, m, groups = np.array(rows).T
    times = np.random.default_rng(seed).integers(0, 3, size=h.size)
    [found] = dsm_by_weights(h.astype(float), h**2.0, m.astype(float), groups, 3)(times[None, :].astype(float))
    h, m, groups = (np.repeat(column, times) for column in (h, m, groups))
    moments = [Moments(each.mean(), each.std(ddof=1)) if each.size > 1 else Moments(0, 0) for each in (h, m)]
    for group in range(3):
        inside = groups == group
        expected = difference_of_standardized_means(h[inside], m[inside], of_human=moments[0], of_system=moments[1])
        assert same(found[group], expected)


@same_every_run
@given(scores)
def test_groups_cancel_over_everybody(rows: list[tuple[int, int, int]]) -> None:
    h, m, groups = np.array(rows).T
    [found] = dsm_by_weights(h.astype(float), h**2.0, m.astype(float), groups, 3)(np.ones((1, h.size)))
    sizes = np.bincount(groups, minlength=3)
    if np.ptp(h) > 0 and np.ptp(m) > 0:
        assert float(np.nansum(found * sizes)) == near(0)
