"""Statistics of agreement against published numbers, cases derived by hand, and properties."""

import math
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.statistics.agreement import (
    adjacent_agreement,
    auc,
    cohen_kappa,
    exact_agreement,
    f1,
    macro_f1,
    mean_absolute_error,
    pearson_r,
    quadratic_weighted_kappa,
    root_mean_squared_error,
    spearman_rho,
    standardized_mean_difference,
    within_group_pearson,
)

# Hand-derived values and identities hold to rounding error, published ones to half a unit of the last digit.
TOLERANCE = 1e-9

PAIRED = (
    exact_agreement,
    adjacent_agreement,
    mean_absolute_error,
    root_mean_squared_error,
    pearson_r,
    spearman_rho,
    cohen_kappa,
    quadratic_weighted_kappa,
    standardized_mean_difference,
    auc,
    f1,
    macro_f1,
)

same_every_run = settings(derandomize=True, deadline=None, max_examples=40)


def near(expected: float) -> Any:
    return pytest.approx(expected, abs=TOLERANCE)


def published(expected: float, *, digits: int) -> Any:
    return pytest.approx(expected, abs=0.5 * 10**-digits)


def same(a: float, b: float) -> bool:
    """Equal, or undefined both."""
    return (math.isnan(a) and math.isnan(b)) or a == near(b)


def pairs_of_scores(*, min_size: int = 2) -> st.SearchStrategy[tuple[np.ndarray, np.ndarray]]:
    """Two people's scores of the same answers, in half points from 0 to 10."""
    score = st.integers(0, 20)
    pairs = st.lists(st.tuples(score, score), min_size=min_size, max_size=30)
    return pairs.map(lambda rows: (np.array(rows)[:, 0] / 2, np.array(rows)[:, 1] / 2))


def two_by_two(both: int, human_only: int, system_only: int, neither: int) -> tuple[list[int], list[int]]:
    human = [1] * (both + human_only) + [0] * (system_only + neither)
    system = [1] * both + [0] * human_only + [1] * system_only + [0] * neither
    return human, system


# Published numbers


def test_cohen_kappa_of_a_two_by_two_table() -> None:
    # p_o = 35/50 = .7; p_e = .5 * .6 + .5 * .4 = .5; kappa = .2 / .5
    assert cohen_kappa(*two_by_two(20, 5, 10, 15)) == near(0.4)


@pytest.mark.parametrize(
    ("table", "agreement", "kappa"),
    [((118, 5, 2, 0), 0.944, -0.0234), ((40, 9, 6, 45), 0.85, 0.6995), ((80, 10, 5, 5), 0.85, 0.3182)],
)
def test_kappa_paradox(table: tuple[int, int, int, int], agreement: float, kappa: float) -> None:
    human, system = two_by_two(*table)
    assert exact_agreement(human, system) == published(agreement, digits=3)
    assert cohen_kappa(human, system) == published(kappa, digits=4)


def test_quadratic_weighted_kappa_has_the_published_value() -> None:
    assert quadratic_weighted_kappa([8, 4, 6, 3], [9, 4, 5, 12]) == near(-0.09210526315789469)


def test_quadratic_weighted_kappa_counts_levels_that_never_occur() -> None:
    # Level 3 does not occur. Both have sum 14 and sum of squares 42, so mean 14/6 and squared deviations
    # 42 - 14^2/6 = 56/6; products 1 + 8 + 16 + 8 + 4 + 1 = 38, so 38 - 14^2/6 = 32/6. QWK = 32/56.
    # Taking the levels that occur for 1, 2, 3 would give 0.750.
    assert quadratic_weighted_kappa([1, 2, 4, 4, 2, 1], [1, 4, 4, 2, 2, 1]) == near(4 / 7)


@pytest.mark.parametrize(("pooled", "expected"), [(True, 0.8523247), (False, 1.1717002)])
def test_standardized_mean_difference_has_the_published_value(pooled: bool, expected: float) -> None:
    found = standardized_mean_difference([8, 4, 6, 3], [9, 4, 5, 12], pooled=pooled, ddof=0)
    assert found == published(expected, digits=7)


def test_mean_difference_by_the_spread_of_everybody_has_the_published_value() -> None:
    found = standardized_mean_difference([8, 4, 6, 3], [9, 4, 5, 12], population_sd=2.3)
    assert found == published(0.9782609, digits=7)
    assert math.isnan(standardized_mean_difference([], [], population_sd=2.3))


# Four answers, by hand
#
# h = 1 2 3 4, mean 2.5, deviations -1.5 -.5 .5 1.5, squares 5
# m = 1 3 3 6, mean 3.25, deviations -2.25 -.25 -.25 2.75, squares 12.75; products 7.5; m - h = 0 1 0 2

H, M = [1, 2, 3, 4], [1, 3, 3, 6]


@pytest.mark.parametrize(
    ("statistic", "expected"),
    [
        (exact_agreement, 2 / 4),
        (adjacent_agreement, 3 / 4),
        (mean_absolute_error, 3 / 4),
        (root_mean_squared_error, math.sqrt(5 / 4)),
        (pearson_r, 7.5 / math.sqrt(5 * 12.75)),
        # ranks of m: 1 2.5 2.5 4, squared deviations 4.5, products with the ranks of h 4.5
        (spearman_rho, 4.5 / math.sqrt(5 * 4.5)),
        # 2 * 7.5/4 / (5/4 + 12.75/4 + .75^2) = 3.75 / 5
        (quadratic_weighted_kappa, 0.75),
        # var(h) with ddof 1 = 5/3
        (standardized_mean_difference, 0.75 / math.sqrt(5 / 3)),
    ],
)
def test_scores_of_four_answers(statistic: Any, expected: float) -> None:
    assert statistic(H, M) == near(expected)


def test_adjacent_agreement_with_another_tolerance() -> None:
    assert adjacent_agreement(H, M, tolerance=2) == 1.0


def test_pooled_mean_difference_of_four_answers() -> None:
    # (5/3 + 12.75/3) / 2 = 17.75/6
    assert standardized_mean_difference(H, M, pooled=True) == near(0.75 / math.sqrt(17.75 / 6))


@pytest.mark.parametrize(
    ("statistic", "expected"),
    [
        (exact_agreement, 3 / 4),
        # p_e = (2 * 1 + 2 * 3) / 16 = .5
        (cohen_kappa, 0.5),
        # class 1: 2 * 2 / (2 + 3)
        (f1, 0.8),
        # class 0: 2 * 1 / (2 + 1)
        (macro_f1, (0.8 + 2 / 3) / 2),
    ],
)
def test_classes_of_four_answers(statistic: Any, expected: float) -> None:
    assert statistic([0, 0, 1, 1], [0, 1, 1, 1]) == near(expected)


def test_auc_of_four_answers() -> None:
    # Right .4 and .8 against wrong .1 and .4: above, level (half), above, above.
    assert auc([0, 0, 1, 1], [0.1, 0.4, 0.4, 0.8]) == near(3.5 / 4)


def test_f1_of_another_class() -> None:
    assert f1([0, 0, 1, 1], [0, 1, 1, 1], positive=0) == near(2 / 3)


def test_macro_f1_counts_a_class_that_only_the_system_uses() -> None:
    # class 0: 1, class 1: 2 / 3, class 2: 0
    assert macro_f1([0, 1, 1], [0, 1, 2]) == near((1 + 2 / 3 + 0) / 3)


def test_within_group_pearson_weights_groups_by_size() -> None:
    # q1: r of the four answers above; q2: r = -1 on two answers; q3: one answer; q4: no variation.
    human = [*H, 1, 2, 5, 3, 3]
    system = [*M, 2, 1, 5, 1, 2]
    questions = ["q1"] * 4 + ["q2"] * 2 + ["q3"] + ["q4"] * 2
    r = 7.5 / math.sqrt(5 * 12.75)
    assert within_group_pearson(human, system, questions, min_size=2) == near((4 * r - 2) / 6)
    assert within_group_pearson(human, system, questions, min_size=4) == near(r)
    assert math.isnan(within_group_pearson(human, system, questions))


# Rounding error is not disagreement, and not variation


def test_scores_that_differ_by_rounding_error_are_equal() -> None:
    human, system = [0.1 + 0.2, 0.7, 0.1], [0.3, 0.7, 0.7]
    assert exact_agreement(human, system) == near(2 / 3)
    assert adjacent_agreement([0.4], [0.3], tolerance=0.1) == 1.0
    assert cohen_kappa(human, system) == cohen_kappa([3, 7, 1], [3, 7, 7])
    assert macro_f1(human, system) == macro_f1([3, 7, 1], [3, 7, 7])
    assert f1(human, system, positive=0.3) == 1.0


@pytest.mark.parametrize("statistic", [pearson_r, spearman_rho])
def test_rounding_error_does_not_count_as_variation(statistic: Any) -> None:
    assert math.isnan(statistic([1, 2, 3], [0.1 + 0.2, 0.3, 0.3]))


# Undefined cases


@pytest.mark.parametrize("statistic", PAIRED)
def test_nothing_is_defined_without_answers(statistic: Any) -> None:
    assert math.isnan(statistic([], []))


@pytest.mark.parametrize("statistic", [pearson_r, spearman_rho])
@pytest.mark.parametrize(("human", "system"), [([2, 2, 2], H[:3]), (H[:3], [2, 2, 2]), ([1], [1])])
def test_correlation_is_undefined_without_variation(statistic: Any, human: Any, system: Any) -> None:
    assert math.isnan(statistic(human, system))


def test_quadratic_weighted_kappa_is_undefined_when_neither_varies() -> None:
    assert math.isnan(quadratic_weighted_kappa([2, 2, 2], [2, 2, 2]))
    assert math.isnan(quadratic_weighted_kappa([2, 2, 2], [3, 3, 3]))
    assert quadratic_weighted_kappa([1, 2, 3], [2, 2, 2]) == near(0)


def test_cohen_kappa_is_undefined_when_all_are_in_one_class() -> None:
    assert math.isnan(cohen_kappa([1, 1, 1], [1, 1, 1]))
    assert cohen_kappa([1, 1, 1], [1, 1, 2]) == near(0)


def test_mean_difference_is_undefined_without_spread() -> None:
    assert math.isnan(standardized_mean_difference([2, 2, 2], [1, 2, 3]))
    assert math.isnan(standardized_mean_difference([2], [3]))
    # SD = sqrt((0 + 1) / 2), difference 1
    assert standardized_mean_difference([2, 2, 2], [2, 3, 4], pooled=True) == near(math.sqrt(2))


def test_auc_and_f1_are_undefined_with_one_class() -> None:
    assert math.isnan(auc([1, 1], [0.2, 0.4]))
    assert math.isnan(auc([0, 0], [0.2, 0.4]))
    assert math.isnan(f1([0, 0], [0, 0]))
    assert f1([0, 0], [0, 1]) == 0.0


# Broken inputs


@pytest.mark.parametrize("statistic", PAIRED)
def test_unequal_lengths_are_refused_with_both_lengths(statistic: Any) -> None:
    with pytest.raises(ValueError, match="human has 2 scores but system has 3"):
        statistic([0, 1], [0, 1, 1])


@pytest.mark.parametrize("statistic", PAIRED)
def test_missing_and_infinite_scores_are_refused(statistic: Any) -> None:
    with pytest.raises(ValueError, match="system has 2 values that are not finite: leave those answers out"):
        statistic([0, 1, 1], [math.nan, 1, math.inf])


def test_tables_are_refused_as_scores() -> None:
    with pytest.raises(ValueError, match=r"human must have shape \(n_answers,\), got shape \(2, 1\)"):
        pearson_r([[1], [2]], [1, 2])


def test_groups_must_match_the_answers() -> None:
    with pytest.raises(ValueError, match=r"groups has shape \(2,\) but there are 3 answers"):
        within_group_pearson([1, 2, 3], [1, 2, 3], ["a", "b"])


def test_options_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="tolerance must be 0 or more, got -1"):
        adjacent_agreement([1], [1], tolerance=-1)
    with pytest.raises(ValueError, match="human must be 0 or 1 everywhere, got 2"):
        auc([0, 1, 2], [1, 2, 3])


# Properties


@same_every_run
@given(pairs_of_scores())
@pytest.mark.parametrize(
    "statistic",
    [
        exact_agreement,
        adjacent_agreement,
        mean_absolute_error,
        root_mean_squared_error,
        pearson_r,
        spearman_rho,
        cohen_kappa,
        quadratic_weighted_kappa,
        macro_f1,
    ],
)
def test_human_and_system_can_change_places(statistic: Any, scores: tuple[np.ndarray, np.ndarray]) -> None:
    human, system = scores
    assert same(statistic(human, system), statistic(system, human))


@same_every_run
@given(pairs_of_scores(), st.randoms(use_true_random=False))
@pytest.mark.parametrize("statistic", [statistic for statistic in PAIRED if statistic is not auc])
def test_order_of_answers_does_not_matter(statistic: Any, scores: Any, random: Any) -> None:
    human, system = scores
    order = random.sample(range(human.size), human.size)
    assert same(statistic(human, system), statistic(human[order], system[order]))


@same_every_run
@given(pairs_of_scores())
def test_quadratic_weighted_kappa_is_never_further_from_zero_than_pearson(scores: Any) -> None:
    human, system = scores
    kappa, r = quadratic_weighted_kappa(human, system), pearson_r(human, system)
    assert math.isnan(r) or abs(kappa) <= abs(r) + TOLERANCE


@same_every_run
@given(pairs_of_scores())
def test_quadratic_weighted_kappa_is_one_for_identical_varied_scores_alone(scores: Any) -> None:
    human, system = scores
    same_score_twice = quadratic_weighted_kappa(human, human)
    assert same_score_twice == near(1) if np.ptp(human) > 0 else math.isnan(same_score_twice)
    if not np.array_equal(human, system):
        assert quadratic_weighted_kappa(human, system) != near(1)


@same_every_run
@given(pairs_of_scores())
def test_quadratic_weighted_kappa_equals_the_table_form_on_the_whole_scale(scores: Any) -> None:
    human, system = scores
    levels = np.arange(0, 10.5, 0.5)
    weights = (levels[:, None] - levels) ** 2 / 10**2
    observed = np.array([[np.mean((human == a) & (system == b)) for b in levels] for a in levels])
    expected = observed.sum(axis=1)[:, None] * observed.sum(axis=0)
    if np.ptp(human) > 0 or np.ptp(system) > 0:
        table_form = 1 - np.sum(weights * observed) / np.sum(weights * expected)
        assert quadratic_weighted_kappa(human, system) == near(table_form)


@same_every_run
@given(pairs_of_scores(), st.integers(-50, 50), st.integers(1, 9))
def test_shift_and_unit_of_the_scale_do_not_matter(scores: Any, shift: int, unit: int) -> None:
    human, system = scores
    moved = (human * unit + shift, system * unit + shift)
    for statistic in (
        pearson_r,
        spearman_rho,
        quadratic_weighted_kappa,
        cohen_kappa,
        standardized_mean_difference,
    ):
        assert same(statistic(human, system), statistic(*moved))


@same_every_run
@given(pairs_of_scores(), st.integers(1, 9))
def test_strictness_lowers_kappa_but_not_the_correlation(scores: Any, shift: int) -> None:
    human, system = scores[0], scores[1] - scores[1].mean() + scores[0].mean()
    before, after = (quadratic_weighted_kappa(human, moved) for moved in (system, system + shift))
    assert not before > TOLERANCE or after < before
    assert same(pearson_r(human, system), pearson_r(human, system + shift))


@same_every_run
@given(pairs_of_scores())
def test_auc_is_the_share_of_pairs_in_the_right_order(scores: Any) -> None:
    human, system = (scores[0] > 5).astype(float), scores[1]
    right, wrong = system[human == 1], system[human == 0]
    wins = [(a > b) + (a == b) / 2 for a, b in product(right, wrong)]
    assert same(auc(human, system), float(np.mean(wins)) if wins else math.nan)
    assert same(auc(human, -system), 1 - auc(human, system))


@same_every_run
@given(pairs_of_scores(min_size=9), st.integers(1, 3))
def test_within_group_pearson_is_the_weighted_mean_of_pearson(scores: Any, n_groups: int) -> None:
    human, system = scores
    groups = np.arange(human.size) % n_groups
    each = [(pearson_r(human[groups == g], system[groups == g]), np.sum(groups == g)) for g in range(n_groups)]
    defined = [(r, size) for r, size in each if not math.isnan(r) and size >= 3]
    total = sum(size for r, size in defined)
    expected = sum(r * size for r, size in defined) / total if defined else math.nan
    assert same(within_group_pearson(human, system, groups, min_size=3), expected)
