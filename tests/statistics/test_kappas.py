"""Chance-corrected coefficients against published values and errors, cases derived by hand, and properties."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from grader.statistics.agreement import cohen_kappa
from grader.statistics.kappas import Kappa, brennan_prediger, conger, fleiss, gwet, kappa_interval, krippendorff
from grader.statistics.reliability import fleiss_kappa, gwet_ac1, krippendorff_alpha
from tests.statistics.test_reliability import (
    FLEISS,
    KRIPPENDORFF,
    NONE,
    near,
    published,
    rating_tables,
    same,
    same_every_run,
)

ALL = (gwet, fleiss, conger, brennan_prediger, krippendorff)


# Published: Krippendorff's table (cac.raw4raters) in the R package irrCAC, its vignette and its Python port


@pytest.mark.parametrize(
    ("coefficient", "value", "error"),
    [
        (gwet, 0.77544, 0.14295),
        (fleiss, 0.76117, 0.15302),
        (conger, 0.76282, 0.14917),
        (brennan_prediger, 0.77273, 0.14472),
        (krippendorff, 0.74342, 0.14557),
    ],
)
def test_values_and_errors_of_the_published_table(coefficient: Any, value: float, error: float) -> None:
    found = coefficient(KRIPPENDORFF)
    assert found.value == published(value, digits=5)
    assert found.standard_error == published(error, digits=5)


def test_parts_and_interval_of_ac1_of_the_published_table() -> None:
    found = gwet(KRIPPENDORFF)
    assert found.agreement == published(0.81818, digits=5)
    assert found.by_chance == published(0.19032, digits=5)
    # 12 answers are rated, 11 of them twice.
    assert (found.n, found.n_rated) == (11, 12)
    estimate = kappa_interval(found)
    assert (estimate.low, estimate.high, estimate.n) == (published(0.461, digits=3), 1.0, 11)


@pytest.mark.parametrize(("weights", "expected"), [("linear", 0.85874), ("quadratic", 0.91400), ("ordinal", 0.89894)])
def test_ac2_of_the_published_table(weights: Any, expected: float) -> None:
    assert gwet(KRIPPENDORFF, weights=weights).value == published(expected, digits=5)


# Four answers, by hand: classes 0 and 1, p_a = 3/4, share of class 1: 5/8

FOUR = [[0, 0], [0, 1], [1, 1], [1, 1]]


def test_coefficients_of_four_answers() -> None:
    assert gwet(FOUR).value == near(9 / 17)
    assert fleiss(FOUR).value == near(14 / 30)
    # Conger: p_e = 1/2 * 1/4 + 1/2 * 3/4 = 1/2
    assert conger(FOUR).value == near(1 / 2)
    # Brennan-Prediger: p_e = 1/2
    assert brennan_prediger(FOUR).value == near(1 / 2)
    # A third class that does not occur: p_e = 1/3
    assert brennan_prediger(FOUR, classes=[0, 1, 2]).value == near(5 / 8)
    # Answers add (3/4 - 1/2 terms) 1, -1, 1, 1 to p_a: (1 or 0 - 1/2) / (1/2); the squares are 1/4, 9/4, 1/4, 1/4.
    assert brennan_prediger(FOUR).standard_error == near(math.sqrt(3 / (4 * 3)))


def test_credit_for_near_misses_by_hand() -> None:
    # One pair 0-1 and one pair 2-2 on the scale 0, 1, 2, 4.
    table, scale = [[0, 1], [2, 2]], [4, 2, 1, 0]
    credit = {"identity": 0, "linear": 1 - 1 / 4, "quadratic": 1 - 1 / 16, "ordinal": 1 - 2 / 12}
    for weights, near_miss in credit.items():
        assert gwet(table, weights=weights, classes=scale).agreement == near((near_miss + 1) / 2)  # type: ignore[arg-type]


def test_interval_by_hand() -> None:
    # t(.975) with 3 degrees of freedom is 3.1824463.
    found = kappa_interval(Kappa(0.5, 0.1, 0.8, 0.6, 3, 4))
    assert (found.low, found.high) == (near(0.5 - 0.31824463052842), near(0.5 + 0.31824463052842))


def test_an_interval_ends_where_the_coefficient_does() -> None:
    """Two answers, one agreed: no coefficient of agreement is below -1."""
    found = kappa_interval(gwet([[3, 2], [2, 2]]))
    assert (found.low, found.high) == (-1.0, 1.0)


# Undefined cases


@pytest.mark.parametrize("coefficient", ALL)
@pytest.mark.parametrize("ratings", [[[3, 3], [3, 3]], [[1, NONE], [NONE, 2]], [[NONE, NONE]], np.empty((0, 3))])
def test_undefined_without_variation_or_pairs(coefficient: Any, ratings: Any) -> None:
    found = coefficient(ratings)
    assert math.isnan(found.value) and math.isnan(found.standard_error)
    estimate = kappa_interval(found)
    assert (estimate.value, estimate.low) == (None, None)
    assert estimate.note == "undefined: no answer with two ratings, or one class"
    assert kappa_interval(found, undefined="undefined: all equal").note == "undefined: all equal"


def test_yes_everywhere_is_full_agreement_where_the_scale_is_known() -> None:
    everywhere = [[1, 1], [1, 1], [1, 1]]
    for coefficient in (gwet, brennan_prediger):
        found = coefficient(everywhere, classes=[0, 1])
        assert found.value == 1.0
        assert kappa_interval(found).note == "no interval: nothing varies from answer to answer"
    for coefficient in (fleiss, conger):
        assert math.isnan(coefficient(everywhere, classes=[0, 1]).value)


def test_one_answer_has_a_value_but_no_error() -> None:
    for coefficient in (gwet, brennan_prediger):
        found = coefficient([[0, 1, 1]])
        assert math.isfinite(found.value) and math.isnan(found.standard_error)


def test_broken_inputs_are_refused() -> None:
    with pytest.raises(ValueError, match="weights must be one of identity, linear, quadratic, ordinal, got 'cubic'"):
        gwet(FOUR, weights="cubic")  # type: ignore[arg-type]  # the point of the test
    with pytest.raises(ValueError, match="rating 1 is not on the scale 0, 2"):
        fleiss(FOUR, classes=[0, 2])
    with pytest.raises(ValueError, match=r"ratings must have shape \(n_answers, n_raters\), got shape \(2,\)"):
        conger([1, 2])
    with pytest.raises(ValueError, match="confidence must be between 0 and 1, got 95"):
        kappa_interval(gwet(FOUR), confidence=95)


# Properties


@same_every_run
@given(rating_tables())
def test_values_equal_those_of_other_modules(ratings: np.ndarray) -> None:
    assert same(gwet(ratings).value, gwet_ac1(ratings))
    counts = [[int(np.sum(row == c)) for c in range(5)] for row in ratings]
    assert same(fleiss(ratings).value, fleiss_kappa(counts))
    assert same(krippendorff(ratings).value, krippendorff_alpha(ratings, level="nominal"))
    assert same(krippendorff(ratings, weights="quadratic").value, krippendorff_alpha(ratings, level="interval"))


@same_every_run
@given(rating_tables())
def test_conger_of_two_complete_raters_is_cohen(ratings: np.ndarray) -> None:
    pair = ratings[:, :2][np.isfinite(ratings[:, :2]).all(axis=1)]
    if len(pair) > 1:
        assert same(conger(pair).value, cohen_kappa(pair[:, 0], pair[:, 1]))


@same_every_run
@given(rating_tables())
@pytest.mark.parametrize("coefficient", ALL)
def test_order_of_raters_and_answers_does_not_matter(coefficient: Any, ratings: np.ndarray) -> None:
    a, b = coefficient(ratings), coefficient(ratings[::-1, ::-1])
    assert same(a.value, b.value) and same(a.standard_error, b.standard_error)


@pytest.mark.parametrize("weights", ["identity", "linear", "quadratic", "ordinal"])
def test_fleiss_own_example_with_any_credit_is_at_most_one(weights: Any) -> None:
    ratings = [[c for c, times in enumerate(row) for _ in range(times)] for row in FLEISS]
    values = [coefficient(ratings, weights=weights) for coefficient in ALL]
    assert all(0 < found.value < 1 and found.standard_error > 0 for found in values)
    assert fleiss(ratings).value == published(0.20993, digits=5)


@pytest.mark.parametrize("coefficient", ALL)
def test_errors_are_the_spread_of_values_over_samples(coefficient: Any) -> None:
    # 300 samples of 60 answers by 3 raters on 4 classes, one rating in ten missing; the spread itself is known to 4 %.
    rng = np.random.default_rng(8)
    found = []
    for _ in range(300):
        truth = rng.integers(0, 4, size=(60, 1))
        ratings = np.where(rng.random((60, 3)) < 0.6, truth, rng.integers(0, 4, size=(60, 3))).astype(float)
        ratings[rng.random((60, 3)) < 0.1] = NONE
        found.append(coefficient(ratings))
    spread = np.std([each.value for each in found])
    assert np.mean([each.standard_error for each in found]) == pytest.approx(spread, rel=0.12)
