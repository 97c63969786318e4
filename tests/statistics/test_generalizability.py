"""Variance components and what follows from them, against published tables, dense algebra, simulations, properties."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.statistics.generalizability import (
    Components,
    components_by_weights,
    cronbach_alpha,
    disattenuated_r,
    icc_from_components,
    icc_interval,
    rater_share,
    raters_needed,
    severity_share,
    spearman_brown,
    standard_error_of_measurement,
    variance_components,
)
from grader.statistics.reliability import intraclass_correlation
from tests.statistics.test_reliability import (
    FORMS,
    NONE,
    SHROUT_FLEISS,
    near,
    published,
    rating_tables,
    same,
    same_every_run,
)

UNKNOWN = Components(math.nan, math.nan, math.nan)


def by_dense_projections(ratings: np.ndarray) -> Components:
    """Henderson's third method as in the books: projections, and expected squares as traces."""
    rows, columns = np.nonzero(np.isfinite(ratings))
    y = ratings[rows, columns]
    of_answers = (rows[:, None] == np.unique(rows)).astype(float)
    of_raters = (columns[:, None] == np.unique(columns)).astype(float)
    both = np.hstack([of_answers, of_raters])

    def onto(z: np.ndarray) -> np.ndarray:
        return z @ np.linalg.pinv(z)

    p, rank = onto(both), np.linalg.matrix_rank(both)
    if rank >= y.size:
        return UNKNOWN
    residual = y @ (np.eye(y.size) - p) @ y / (y.size - rank)
    found = []
    for mine, other in ((of_answers, of_raters), (of_raters, of_answers)):
        rest = p - onto(other)
        trace = np.trace(mine.T @ (np.eye(y.size) - onto(other)) @ mine)
        if trace < 1e-9:
            return UNKNOWN
        found.append((y @ rest @ y - (rank - other.shape[1]) * residual) / trace)
    return Components(found[0], found[1], residual)


# Published: the example of Shrout & Fleiss


def test_components_of_the_published_table() -> None:
    found = variance_components(SHROUT_FLEISS)
    assert found.answer == published(2.5556, digits=4)
    assert found.rater == published(5.2444, digits=4)
    assert found.residual == published(1.0194, digits=4)
    assert severity_share(found) == published(5.2444 / 6.2639, digits=4)
    assert rater_share(found) == published(5.2444 / 8.8194, digits=4)
    assert standard_error_of_measurement(found) == published(math.sqrt(6.2639), digits=4)
    assert standard_error_of_measurement(found, relative=True) == published(math.sqrt(1.0194), digits=4)
    assert standard_error_of_measurement(found, n_raters=4) == published(math.sqrt(6.2639) / 2, digits=4)


@pytest.mark.parametrize(
    ("form", "low", "high"),
    [
        ("1,1", -0.13, 0.72),
        ("A,1", 0.02, 0.76),
        ("C,1", 0.34, 0.95),
        ("1,k", -0.88, 0.91),
        ("A,k", 0.07, 0.93),
        ("C,k", 0.68, 0.99),
    ],
)
def test_icc_intervals_of_the_published_table(form: Any, low: float, high: float) -> None:
    found = icc_interval(SHROUT_FLEISS, form=form)
    assert found.value == near(intraclass_correlation(SHROUT_FLEISS, form=form))
    assert (found.low, found.high, found.n) == (published(low, digits=2), published(high, digits=2), 6)


def test_spearman_brown_of_the_published_table() -> None:
    assert spearman_brown(0.28976, 4) == published(0.62005, digits=5)


def test_cronbach_alpha_is_the_consistency_of_the_published_table() -> None:
    assert cronbach_alpha(SHROUT_FLEISS) == near(intraclass_correlation(SHROUT_FLEISS, form="C,k"))
    assert cronbach_alpha([*SHROUT_FLEISS, [1, NONE, 2, 3]]) == cronbach_alpha(SHROUT_FLEISS)


# By hand


def test_components_with_a_gap_by_hand() -> None:
    # Answers 1 2, 3 4, 5 -: rater 2 gives one more where both rate, so V_e = 0. N = 5, n = 3, d = 1, k = 2.
    # SS_a = .5 + .5 = 1, V_r = 1 / (5 - 3); SS_r = 8 + 2 = 10, V_a = 10 / (5 - 2).
    found = variance_components([[1.0, 2], [3.0, 4], [5, NONE]])
    assert found == Components(near(10 / 3), near(1 / 2), near(0))


def test_how_many_raters_by_hand() -> None:
    # .8 * .5 / (.5 * .2) = 4
    assert raters_needed(0.5, 0.8) == near(4)
    assert spearman_brown(0.5, 4) == near(0.8)
    assert math.isnan(raters_needed(0.0, 0.8))
    assert math.isnan(raters_needed(-0.2, 0.8))
    assert math.isnan(spearman_brown(-0.5, 3))


def test_disattenuated_r_by_hand() -> None:
    assert disattenuated_r(0.6, 0.64) == near(0.75)
    assert math.isnan(disattenuated_r(0.6, 0.0))


def test_negative_estimates_count_as_none() -> None:
    found = Components(2.0, -0.5, 1.0)
    assert severity_share(found) == 0.0
    assert rater_share(found) == 0.0
    assert standard_error_of_measurement(found) == 1.0
    # The intraclass correlations keep them, as their closed forms do: 2 / (2 - .5 + 1).
    assert icc_from_components(found, form="A,1") == near(0.8)


# Undefined cases


@pytest.mark.parametrize(
    "ratings", [[[1, NONE], [NONE, 2]], [[1], [2]], [[1, 2]], [[NONE, NONE]], np.empty((0, 2)), [[1, 2], [3, NONE]]]
)
def test_components_are_undefined_without_enough_pairs(ratings: Any) -> None:
    found = variance_components(ratings)
    assert all(math.isnan(part) for part in found)
    for statistic in (severity_share, rater_share, standard_error_of_measurement, icc_from_components):
        assert math.isnan(statistic(found))


def test_shares_are_undefined_when_nothing_differs() -> None:
    assert math.isnan(severity_share(variance_components([[1, 1], [2, 2], [3, 3]])))
    assert math.isnan(rater_share(variance_components([[2, 2], [2, 2], [2, 2]])))


@pytest.mark.parametrize(
    ("ratings", "form", "value"),
    [
        ([[1, 2, 3], [2, 3, 1], [3, 1, 2]], "A,1", -1.0),  # a Latin square: nothing but what is left over
        ([[3, 0, 0], [0, 3, 0]], "A,1", -1.0),
        ([[3, 0, 0], [0, 3, 0]], "C,1", -0.5),
        ([[1, 4], [4, 1], [2, 3], [3, 2]], "A,1", -2.0),
        ([[1, 4], [4, 1], [2, 3], [3, 2]], "1,1", -1.0),
    ],
)
def test_no_icc_interval_where_answers_have_equal_means(ratings: Any, form: Any, value: float) -> None:
    """Both ends would be the value itself, whatever the number of answers."""
    found = icc_interval(ratings, form=form)
    assert (found.value, found.low, found.high) == (near(value), None, None)
    assert found.note == "no interval: all answers have the same mean"


def test_icc_intervals_say_why_there_is_none() -> None:
    undefined = icc_interval([[3, 3], [3, 3]])
    assert (undefined.value, undefined.n) == (None, 2)
    assert undefined.note == "undefined: too few complete answers or raters, or no variation in them"
    exact = icc_interval([[1, 2], [2, 3], [3, 4]], form="C,1")
    assert (exact.value, exact.low, exact.note) == (1.0, None, "no interval: nothing is left over to judge it by")


def test_a_mean_of_raters_may_have_no_lower_end() -> None:
    found = icc_interval([[2, 1], [0, 1]], form="A,k")
    assert (found.value, found.low) == (near(0), None)
    assert found.note == "no interval: too few answers, it has no lower end"


def test_alpha_is_undefined_without_parts_or_variation() -> None:
    for items in ([[1], [2]], [[1, 2]], [[1, 2], [2, 1]], np.empty((0, 2))):
        assert math.isnan(cronbach_alpha(items))


def test_options_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match=r"form must be one of A,1; A,k; C,1; C,k, got '1,1'"):
        icc_from_components(UNKNOWN, form="1,1")
    with pytest.raises(ValueError, match="confidence must be between 0 and 1, got 95"):
        icc_interval(SHROUT_FLEISS, confidence=95)
    with pytest.raises(ValueError, match="target must be between 0 and 1, got 1"):
        raters_needed(0.5, 1)
    with pytest.raises(ValueError, match=r"ratings must have shape \(n_answers, n_raters\)"):
        variance_components([1, 2])


# Properties


@same_every_run
@given(rating_tables())
def test_components_equal_dense_projections(ratings: np.ndarray) -> None:
    found, expected = variance_components(ratings), by_dense_projections(ratings)
    assert all(same(a, b) for a, b in zip(found, expected, strict=True))


def test_a_table_without_gaps_is_no_special_case() -> None:
    # With an answer that nobody rated there are gaps, and a system of equations takes the place of closed forms.
    table = np.round(np.random.default_rng(1).normal(5, 2, (12, 4)))
    with_gap = np.vstack([table, np.full((1, 4), np.nan)])
    weights = np.random.default_rng(2).multinomial(12, np.full(12, 1 / 12), 5).astype(float)
    of_whole = components_by_weights(table)(weights)
    assert of_whole == pytest.approx(components_by_weights(with_gap)(np.hstack([weights, np.ones((5, 1))])))


@same_every_run
@given(rating_tables(), st.integers(0, 99))
def test_weights_repeat_answers(ratings: np.ndarray, seed: int) -> None:
    times = np.random.default_rng(seed).integers(0, 3, size=len(ratings))
    [weighted] = components_by_weights(ratings)(times[None, :].astype(float))
    repeated = variance_components(np.repeat(ratings, times, axis=0))
    assert all(same(a, b) for a, b in zip(weighted, repeated, strict=True))


@same_every_run
@given(rating_tables())
@pytest.mark.parametrize("form", ["A,1", "A,k", "C,1", "C,k"])
def test_icc_from_components_equals_the_closed_form(form: Any, ratings: np.ndarray) -> None:
    complete = np.nan_to_num(ratings, nan=2.0)
    closed = intraclass_correlation(complete, form=form)
    if math.isfinite(closed):
        assert icc_from_components(variance_components(complete), form=form, n_raters=complete.shape[1]) == near(closed)


@same_every_run
@given(rating_tables())
@pytest.mark.parametrize("form", FORMS)
def test_icc_intervals_hold_the_value(form: Any, ratings: np.ndarray) -> None:
    found = icc_interval(np.nan_to_num(ratings, nan=2.0), form=form)
    if found.value is not None and found.low is not None and found.high is not None:
        assert found.low <= found.value + 1e-9 and found.value <= found.high + 1e-9


@same_every_run
@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_raters_needed_inverts_spearman_brown(reliability: float, target: float) -> None:
    assert spearman_brown(reliability, raters_needed(reliability, target)) == near(target)


def test_panels_with_gaps_give_the_true_variances_on_average() -> None:
    # 120 panels of 40 answers and 8 raters, 6 of 10 ratings missing; variances 1, .25 and .49.
    rng = np.random.default_rng(3)
    found = []
    for _ in range(120):
        scores = rng.normal(0, 1, (40, 1)) + rng.normal(0, 0.5, (1, 8)) + rng.normal(0, 0.7, (40, 8))
        scores[rng.random((40, 8)) < 0.6] = NONE
        found.append(variance_components(scores))
    means, errors = np.mean(found, axis=0), np.std(found, axis=0) / math.sqrt(120)
    assert np.all(np.abs(means - [1.0, 0.25, 0.49]) < 3 * errors)
