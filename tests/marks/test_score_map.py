"""The score map: from the grader's fractions to the people's scale."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.marks.score_map import FEWEST_MARKS, IDENTITY, fit_score_map, pool_adjacent

FRACTIONS = st.floats(0, 1, allow_nan=False, width=32)


def test_out_of_order_neighbours_share_their_mean() -> None:
    # 3 > 1: both become 2; 2 > 1.7 again: (3 + 1 + 1.7) / 3 = 1.9; 5 stays (by hand)
    assert pool_adjacent(np.array([0.5, 3, 1, 1.7, 5])) == pytest.approx([0.5, 1.9, 1.9, 1.9, 5])
    assert pool_adjacent(np.array([3.0, 2, 1])) == pytest.approx([2, 2, 2])


def test_too_few_marks_leave_the_identity() -> None:
    n = FEWEST_MARKS - 1
    assert fit_score_map(np.zeros(n), np.ones(n)) == IDENTITY
    assert IDENTITY([0, 0.03, 0.5, 1]) == pytest.approx([0, 0.03, 0.5, 1])
    parameters = fit_score_map(np.zeros(n + 1), np.ones(n + 1))
    assert parameters.n == n + 1 and parameters(0) > 0.3


def test_many_marks_give_the_line_they_lie_on() -> None:
    rng = np.random.default_rng(3)
    x = rng.uniform(0, 1, 3000)
    y = 0.4 + 0.5 * x + rng.normal(0, 0.1, x.size)
    assert fit_score_map(x, y)([0, 0.25, 0.5, 1]) == pytest.approx([0.4, 0.525, 0.65, 0.9], abs=0.015)


def test_many_marks_bend_the_line_and_few_do_not() -> None:
    rng = np.random.default_rng(5)
    x = rng.uniform(0, 1, 4000)
    y = np.sqrt(x) + rng.normal(0, 0.15, x.size)
    many, few = fit_score_map(x, y), fit_score_map(x[:12], y[:12])
    assert many([0.1, 0.5, 0.9]) == pytest.approx(np.sqrt([0.1, 0.5, 0.9]), abs=0.03)
    bends = [np.ptp(np.diff(found.heights)[2:12]) for found in (many, few)]
    assert bends[0] > 0.02 and bends[1] < 1e-9


def test_a_system_that_is_upside_down_learns_a_constant() -> None:
    x = np.linspace(0, 1, 60)
    parameters = fit_score_map(x, 1 - x)
    assert np.ptp(parameters.heights) < 1e-9 and parameters(0.5) == pytest.approx(0.5, abs=0.01)


def test_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match="3 fractions for 2 marks"):
        fit_score_map([0, 1, 1], [1, 1])


@given(st.lists(st.tuples(FRACTIONS, FRACTIONS), min_size=10, max_size=40), st.randoms(use_true_random=False))
def test_it_never_falls_stays_on_the_scale_and_knows_no_order(pairs: list[tuple[float, float]], random) -> None:  # type: ignore[no-untyped-def]
    shuffled = random.sample(pairs, len(pairs))
    one, other = (fit_score_map([x for x, _ in some], [y for _, y in some]) for some in (pairs, shuffled))
    heights = np.array(one.heights)
    assert (np.diff(heights) >= -1e-12).all() and heights.min() >= 0 and heights.max() <= 1
    assert heights == pytest.approx(np.array(other.heights), abs=1e-9)
