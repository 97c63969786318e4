"""Adjusted p-values against a published example, cases derived by hand, and properties."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from grader.statistics.false_discovery import benjamini_hochberg, benjamini_yekutieli

# Benjamini & Hochberg (1995), section 3.2.
PUBLISHED = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459]
PUBLISHED += [0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000]

same_every_run = settings(derandomize=True, deadline=None, max_examples=60)


def test_published_example_rejects_four() -> None:
    q = benjamini_hochberg(PUBLISHED)
    assert np.flatnonzero(q <= 0.05).tolist() == [0, 1, 2, 3]
    # The fourth: .0095 * 15 / 4
    assert q[3] == pytest.approx(0.035625)


@pytest.mark.parametrize("n", [1, 2, 7, 50])
def test_q_values_are_those_of_scipy(n: int) -> None:
    from scipy.stats import false_discovery_control

    p = np.random.default_rng(n).random(n) ** 3
    assert benjamini_hochberg(p) == pytest.approx(false_discovery_control(p), rel=1e-14)
    assert benjamini_yekutieli(p) == pytest.approx(false_discovery_control(p, method="by"), rel=1e-14)


def test_any_dependence_is_stricter() -> None:
    c = math.fsum(1 / i for i in range(1, 16))
    q = benjamini_yekutieli(PUBLISHED)
    assert q[2] == pytest.approx(0.0019 * 15 / 3 * c)
    assert np.flatnonzero(q <= 0.05).tolist() == [0, 1, 2]


def test_three_tests_by_hand() -> None:
    # Sorted .01 .03 .04: 3 * .01 / 1 = .03; 3 * .03 / 2 = .045, but the next is 3 * .04 / 3 = .04.
    assert benjamini_hochberg([0.03, 0.01, 0.04]).tolist() == pytest.approx([0.04, 0.03, 0.04])
    # 1 + 1/2 + 1/3 = 11/6
    assert benjamini_yekutieli([0.03, 0.01, 0.04]).tolist() == pytest.approx([0.04 * 11 / 6, 0.055, 0.04 * 11 / 6])
    assert benjamini_yekutieli([0.9, 0.8]).tolist() == [1.0, 1.0]


def test_tests_that_were_not_made_do_not_count() -> None:
    q = benjamini_hochberg([[0.03, math.nan], [0.01, 0.04]])
    assert q.shape == (2, 2)
    assert math.isnan(q[0, 1])
    assert q[[0, 1, 1], [0, 0, 1]].tolist() == pytest.approx([0.04, 0.03, 0.04])
    assert benjamini_hochberg([]).size == 0
    assert np.isnan(benjamini_yekutieli([math.nan])).all()


@pytest.mark.parametrize("p", [-0.1, 1.1, math.inf])
def test_p_values_outside_are_refused(p: float) -> None:
    with pytest.raises(ValueError, match=r"p-values must be in 0\.\.1"):
        benjamini_hochberg([0.5, p])


@same_every_run
@given(st_numpy.arrays(float, st.integers(1, 30), elements=st.floats(0, 1)))
def test_adjusting_keeps_the_order_and_never_helps(p: np.ndarray) -> None:
    q, strict = benjamini_hochberg(p), benjamini_yekutieli(p)
    assert np.all(q >= p - 1e-12)
    assert np.all(strict >= q - 1e-12)
    order = np.argsort(p, kind="stable")
    assert np.all(np.diff(q[order]) >= 0)
    assert q.max() <= 1
    # The rule itself: at level .1 reject the i smallest, i the last rank with p_(i) <= .1 i / m.
    below = np.flatnonzero(np.sort(p) <= 0.1 * np.arange(1, p.size + 1) / p.size)
    n_rejected = below[-1] + 1 if below.size else 0
    assert np.count_nonzero(q <= 0.1 * (1 + 1e-9)) == n_rejected
