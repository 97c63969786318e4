"""Statistics of panels of raters against published numbers, cases derived by hand, and properties."""

import math
import time
from itertools import product
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from grader.statistics.bootstrap import by_rows
from grader.statistics.rating_tables import from_matrix
from grader.statistics.reliability import (
    IccForm,
    Level,
    alpha_by_weights,
    fleiss_kappa,
    gwet_ac1,
    intraclass_correlation,
    krippendorff_alpha,
)

# Hand-derived values and identities hold to rounding error, published ones to half a unit of the last digit.
TOLERANCE = 1e-9
NONE = math.nan
# Krippendorff (2011): 12 units, 4 observers.
KRIPPENDORFF: list[list[float]] = [
    [1, 1, NONE, 1],
    [2, 2, 3, 2],
    [3, 3, 3, 3],
    [3, 3, 3, 3],
    [2, 2, 2, 2],
    [1, 2, 3, 4],
    [4, 4, 4, 4],
    [1, 1, 2, 1],
    [2, 2, 2, 2],
    [NONE, 5, 5, 5],
    [NONE, NONE, 1, 1],
    [NONE, NONE, 3, NONE],
]
# Shrout & Fleiss (1979): 6 targets, 4 judges.
SHROUT_FLEISS: list[list[float]] = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
# The worked example of Wikipedia's article on Fleiss' kappa: 10 answers, 14 raters, 5 classes.
FLEISS = [
    [0, 0, 0, 0, 14],
    [0, 2, 6, 4, 2],
    [0, 0, 3, 5, 6],
    [0, 3, 9, 2, 0],
    [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0],
    [3, 2, 6, 3, 0],
    [2, 5, 3, 2, 2],
    [6, 5, 2, 1, 0],
    [0, 2, 2, 3, 7],
]
FORMS: tuple[IccForm, ...] = get_args(IccForm)
LEVELS: tuple[Level, ...] = get_args(Level)
same_every_run = settings(derandomize=True, deadline=None, max_examples=40)
NAN = float("nan")
# Krippendorff (2011): 4 observers, 12 units.
PUBLISHED: list[list[float]] = [
    [1, 1, NAN, 1],
    [2, 2, 3, 2],
    [3, 3, 3, 3],
    [3, 3, 3, 3],
    [2, 2, 2, 2],
    [1, 2, 3, 4],
    [4, 4, 4, 4],
    [1, 1, 2, 1],
    [2, 2, 2, 2],
    [NAN, 5, 5, 5],
    [NAN, NAN, 1, 1],
    [NAN, NAN, 3, NAN],
]


def near(expected: float) -> Any:
    return pytest.approx(expected, abs=TOLERANCE)


def published(expected: float, *, digits: int) -> Any:
    return pytest.approx(expected, abs=0.5 * 10**-digits)


def same(a: float, b: float) -> bool:
    """Equal, or undefined both."""
    return (math.isnan(a) and math.isnan(b)) or a == near(b)


def rating_tables() -> st.SearchStrategy[np.ndarray]:
    """Ratings from 0 to 4 by two to four raters, about one in six missing."""
    shape = st.tuples(st.integers(2, 12), st.integers(2, 4))
    rating = st.sampled_from([0.0, 1.0, 2.0, 3.0, 4.0, math.nan])
    return shape.flatmap(lambda size: st_numpy.arrays(float, size, elements=rating))


# Published numbers


@pytest.mark.parametrize(
    ("level", "expected"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849), ("ratio", 0.797)]
)
def test_krippendorff_alpha_of_the_published_table(level: Any, expected: float) -> None:
    assert krippendorff_alpha(KRIPPENDORFF, level=level) == published(expected, digits=3)


def test_gwet_ac1_of_the_published_table() -> None:
    assert gwet_ac1(KRIPPENDORFF) == published(0.77544, digits=5)


def test_fleiss_kappa_with_missing_ratings_of_the_published_table() -> None:
    counts = [[row.count(label) for label in (1, 2, 3, 4, 5)] for row in KRIPPENDORFF]
    assert fleiss_kappa(counts) == published(0.76117, digits=5)


def test_fleiss_kappa_of_the_published_table() -> None:
    assert fleiss_kappa(FLEISS) == published(0.20993, digits=5)


@pytest.mark.parametrize(
    ("form", "expected"),
    [("1,1", 0.17), ("A,1", 0.29), ("C,1", 0.71), ("1,k", 0.44), ("A,k", 0.62), ("C,k", 0.91)],
)
def test_intraclass_correlation_of_the_published_table(form: Any, expected: float) -> None:
    assert intraclass_correlation(SHROUT_FLEISS, form=form) == published(expected, digits=2)


def test_mean_of_raters_follows_the_spearman_brown_formula() -> None:
    single = intraclass_correlation(SHROUT_FLEISS, form="A,1")
    assert intraclass_correlation(SHROUT_FLEISS, form="A,k") == near(4 * single / (1 + 3 * single))


@pytest.mark.parametrize(
    ("table", "ac1"), [((118, 5, 2, 0), 0.9408), ((40, 9, 6, 45), 0.7007), ((80, 10, 5, 5), 0.8080)]
)
def test_gwet_ac1_of_the_kappa_paradox(table: tuple[int, int, int, int], ac1: float) -> None:
    both, human_only, system_only, neither = table
    ratings = [[1, 1]] * both + [[1, 0]] * human_only + [[0, 1]] * system_only + [[0, 0]] * neither
    assert gwet_ac1(ratings) == published(ac1, digits=4)


# Four answers, by hand


def test_chance_corrections_of_four_answers_differ() -> None:
    ratings = [[0, 0], [0, 1], [1, 1], [1, 1]]
    # Share of class 1: 5/8. AC1: p_e = 2 * 5/8 * 3/8 = 15/32, (24/32 - 15/32) / (17/32).
    assert gwet_ac1(ratings) == near(9 / 17)
    # Fleiss: p_e = 25/64 + 9/64 = 34/64, (48/64 - 34/64) / (30/64).
    assert fleiss_kappa([[2, 0], [1, 1], [0, 2], [0, 2]]) == near(14 / 30)
    # Alpha: D_o = 2/8; D_e = 2 * 3 * 5 / (8 * 7) = 30/56; 1 - 14/30.
    assert krippendorff_alpha(ratings, level="nominal") == near(16 / 30)


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        # Ratings 1 five times, 2 twice, 4 once. With distances d12, d14, d24 squared:
        # D_o = 2 (d12 + d24) / 8; D_e = 2 (10 d12 + 5 d14 + 2 d24) / 56.
        # 1, 1, 1: D_o = 4/8, D_e = 34/56
        ("nominal", 1 - 28 / 34),
        # average ranks 3, 6.5, 8: 12.25, 25, 2.25: D_o = 29/8, D_e = 504/56
        ("ordinal", 1 - 29 / 72),
        # 1, 9, 4: D_o = 10/8, D_e = 126/56
        ("interval", 1 - 560 / 1008),
        # 1/9, 9/25, 1/9: D_o = 1/18, D_e = 2 (47/15) / 56 = 94/840
        ("ratio", 1 - 840 / 1692),
    ],
)
def test_krippendorff_alpha_of_four_answers(level: Any, expected: float) -> None:
    assert krippendorff_alpha([[1, 1], [1, 2], [1, 1], [2, 4]], level=level) == near(expected)


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        # Rater 2 gives one more throughout: MSR = 2 * 5 / 3, MSC = 4 * .5 = 2, MSE = 0, MSW = 2 / 4 = 1/2.
        ("C,1", 1.0),
        ("C,k", 1.0),
        ("A,1", (10 / 3) / (10 / 3 + 2 * 2 / 4)),
        ("A,k", (10 / 3) / (10 / 3 + 2 / 4)),
        ("1,1", (10 / 3 - 1 / 2) / (10 / 3 + 1 / 2)),
        ("1,k", (10 / 3 - 1 / 2) / (10 / 3)),
    ],
)
def test_intraclass_correlation_of_four_answers(form: Any, expected: float) -> None:
    ratings = [[1, 2], [2, 3], [3, 4], [4, 5]]
    assert intraclass_correlation(ratings, form=form) == near(expected)
    with_a_gap = np.vstack([ratings, [5, NONE]])
    assert intraclass_correlation(with_a_gap, form=form) == near(expected)


# Rounding error is not disagreement


@pytest.mark.parametrize("level", LEVELS)
def test_ratings_that_differ_by_rounding_error_are_equal(level: Any) -> None:
    assert krippendorff_alpha([[0.1 + 0.2, 0.3], [0.7, 0.7], [0.1, 0.7]], level=level) == near(
        krippendorff_alpha([[0.3, 0.3], [0.7, 0.7], [0.1, 0.7]], level=level)
    )


# Undefined cases


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("ratings", [[[3, 3], [3, 3]], [[1, NONE], [NONE, 2]], [[NONE, NONE]], np.empty((0, 3))])
def test_alpha_is_undefined_without_variation_or_pairs(level: Any, ratings: Any) -> None:
    assert math.isnan(krippendorff_alpha(ratings, level=level))


def test_ac1_needs_the_number_of_classes_when_one_occurs() -> None:
    assert math.isnan(gwet_ac1([[1, 1], [1, 1]]))
    assert gwet_ac1([[1, 1], [1, 1]], n_classes=2) == 1.0
    assert math.isnan(gwet_ac1([[1, NONE], [NONE, 0]]))
    assert math.isnan(gwet_ac1([[NONE, NONE]], n_classes=2))


def test_fleiss_kappa_is_undefined_with_one_class_or_single_ratings() -> None:
    assert math.isnan(fleiss_kappa([[3, 0], [3, 0]]))
    assert math.isnan(fleiss_kappa([[1, 0], [0, 1]]))
    assert math.isnan(fleiss_kappa(np.empty((0, 2))))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("ratings", [[[1, 2]], [[1], [2]], [[3, 3], [3, 3]], [[1, 2], [3, NONE]]])
def test_intraclass_correlation_is_undefined_without_enough_data(form: Any, ratings: Any) -> None:
    assert math.isnan(intraclass_correlation(ratings, form=form))


def test_consistency_is_undefined_when_only_the_raters_differ() -> None:
    ratings = [[1.1, 2.3], [1.1, 2.3], [1.1, 2.3]]
    assert math.isnan(intraclass_correlation(ratings, form="C,1"))
    assert intraclass_correlation(ratings, form="A,1") == near(0)


def test_panel_mean_is_undefined_when_no_variance_is_left_to_explain() -> None:
    # Rows and columns have equal means: MSR = MSC = 0 < MSE, so MSR + (MSC - MSE) / n is negative.
    assert math.isnan(intraclass_correlation([[1, 2], [2, 1]], form="A,k"))
    # MSR = 1/6, MSC = 0, MSE = 1/2: the variance 1/6 - (1/2) / 3 is 0, up to rounding error.
    assert math.isnan(intraclass_correlation([[1, 0], [0, 1], [0, 0]], form="A,k"))


# Broken inputs


def test_options_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="level must be one of nominal, ordinal, interval, ratio, got 'linear'"):
        krippendorff_alpha([[1, 2]], level="linear")  # type: ignore[arg-type]  # the point of the test
    with pytest.raises(ValueError, match="level ratio needs ratings of 0 or more, got -1"):
        krippendorff_alpha([[1, -1]], level="ratio")
    with pytest.raises(ValueError, match=r"form must be one of A,1; A,k; .*, got '2,1'"):
        intraclass_correlation([[1, 2]], form="2,1")  # type: ignore[arg-type]  # the point of the test
    with pytest.raises(ValueError, match=r"n_classes must be at least 3 \(3 occur\), got 2"):
        gwet_ac1([[1, 2], [3, 3]], n_classes=2)


@pytest.mark.parametrize("statistic", [krippendorff_alpha, gwet_ac1, intraclass_correlation])
def test_ratings_must_be_a_table_of_numbers(statistic: Any) -> None:
    with pytest.raises(ValueError, match=r"ratings must have shape \(n_answers, n_raters\), got shape \(3,\)"):
        statistic([1, 2, 3])
    with pytest.raises(ValueError, match="got an infinite value"):
        statistic([[1, math.inf]])


@pytest.mark.parametrize("count", [-1, 0.5, math.nan, math.inf])
def test_counts_must_be_whole_numbers(count: float) -> None:
    with pytest.raises(ValueError, match="counts must be whole numbers of 0 or more"):
        fleiss_kappa([[2, count]])
    with pytest.raises(ValueError, match=r"counts must have shape \(n_answers, n_classes\), got shape \(2,\)"):
        fleiss_kappa([2, count])


def test_ratings_are_left_as_they_were() -> None:
    ratings = np.array(KRIPPENDORFF)
    for level in LEVELS:
        krippendorff_alpha(ratings, level=level)
    np.testing.assert_array_equal(ratings, KRIPPENDORFF)


# Properties


@same_every_run
@given(rating_tables(), st.randoms(use_true_random=False))
def test_raters_and_answers_may_come_in_any_order(ratings: np.ndarray, random: Any) -> None:
    rows = random.sample(range(ratings.shape[0]), ratings.shape[0])
    columns = random.sample(range(ratings.shape[1]), ratings.shape[1])
    shuffled = ratings[rows][:, columns]
    for level in LEVELS:
        assert same(krippendorff_alpha(ratings, level=level), krippendorff_alpha(shuffled, level=level))
    for form in FORMS:
        assert same(intraclass_correlation(ratings, form=form), intraclass_correlation(shuffled, form=form))
    assert same(gwet_ac1(ratings), gwet_ac1(shuffled))


@same_every_run
@given(rating_tables())
def test_an_answer_that_nobody_rated_changes_nothing(ratings: np.ndarray) -> None:
    longer = np.vstack([ratings, np.full(ratings.shape[1], math.nan)])
    for level in LEVELS:
        assert same(krippendorff_alpha(ratings, level=level), krippendorff_alpha(longer, level=level))
    for form in FORMS:
        assert same(intraclass_correlation(ratings, form=form), intraclass_correlation(longer, form=form))
    assert same(gwet_ac1(ratings), gwet_ac1(longer))


def alpha_by_definition(ratings: np.ndarray, level: str) -> float:
    """Krippendorff's own way: a table of coincidences, and his ordinal distance as a sum over levels."""
    units = [row[~np.isnan(row)] for row in ratings]
    units = [unit for unit in units if unit.size >= 2]
    levels = sorted({value for unit in units for value in unit})
    counts = {a: sum(int(np.sum(unit == a)) for unit in units) for a in levels}
    n = sum(counts.values())

    def distance(a: float, b: float) -> float:
        if a == b:
            return 0.0
        between = sum(counts[c] for c in levels if min(a, b) <= c <= max(a, b)) - (counts[a] + counts[b]) / 2
        return {"nominal": 1.0, "ordinal": between, "interval": a - b, "ratio": (a - b) / (a + b)}[level] ** 2

    coincidences = {(a, b): 0.0 for a in levels for b in levels}
    for unit in units:
        for i, j in product(range(unit.size), repeat=2):
            if i != j:
                coincidences[unit[i], unit[j]] += 1 / (unit.size - 1)
    observed = sum(share * distance(a, b) for (a, b), share in coincidences.items())
    expected = sum(counts[a] * counts[b] * distance(a, b) for a in levels for b in levels) / max(n - 1, 1)
    return 1 - observed / expected if expected else math.nan


@same_every_run
@given(rating_tables())
def test_krippendorff_alpha_equals_its_definition(ratings: np.ndarray) -> None:
    for level in LEVELS:
        assert same(krippendorff_alpha(ratings, level=level), alpha_by_definition(ratings, level))


@same_every_run
@given(rating_tables(), st.integers(1, 5))
def test_a_strict_rater_lowers_absolute_agreement_but_not_consistency(ratings: np.ndarray, shift: int) -> None:
    complete = np.nan_to_num(ratings, nan=2.0)
    equally_strict = complete - complete.mean(axis=0)
    shifted = equally_strict.copy()
    shifted[:, 0] += shift
    before, after = (intraclass_correlation(table, form="C,1") for table in (equally_strict, shifted))
    assert same(before, after)
    before, after = (intraclass_correlation(table, form="A,1") for table in (equally_strict, shifted))
    assert not before > TOLERANCE or after < before


def test_alpha_of_a_large_panel_is_quick() -> None:
    rng = np.random.default_rng(0)
    ratings = rng.normal(size=(100_000, 3))
    started = time.perf_counter()
    assert krippendorff_alpha(ratings) == pytest.approx(0, abs=0.02)
    # About 0.05 s; a table of all pairs of its 300,000 different ratings would not fit in memory.
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize(
    ("level", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849), ("ratio", 0.797)]
)
def test_the_published_example(level: Level, alpha: float) -> None:
    found = alpha_by_weights(from_matrix(PUBLISHED), level=level)(np.ones((1, 12)))
    assert found[0] == pytest.approx(alpha, abs=5e-4)


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval", "ratio"])
def test_weights_are_repeated_answers(level: Level) -> None:
    rng = np.random.default_rng(4)
    table = np.clip(np.round(rng.normal(2, 1, (30, 1)) + rng.normal(0, 0.7, (30, 5)), 1), 0, 4)
    table[rng.random(table.shape) < 0.4] = NAN
    weights = rng.multinomial(30, np.full(30, 1 / 30), 8).astype(float)
    looped = by_rows(lambda rows: krippendorff_alpha(table[rows], level=level))(weights)
    assert alpha_by_weights(from_matrix(table), level=level)(weights).tolist() == pytest.approx(looped.tolist())


@pytest.mark.parametrize("table", [[[2, 2], [2, 2]], [[1, NAN], [NAN, 2]], [[0.1 + 0.2, 0.3], [0.3, 0.3]]])
@pytest.mark.parametrize("level", ["nominal", "ordinal"])
def test_undefined(table: list[list[float]], level: Level) -> None:
    assert np.isnan(alpha_by_weights(from_matrix(table), level=level)(np.ones((1, 2)))).all()


def test_a_draw_without_variation_is_undefined() -> None:
    found = alpha_by_weights(from_matrix([[1, 1], [2, 3]]))(np.array([[2.0, 0.0], [1.0, 1.0]]))
    assert np.isnan(found[0]) and np.isfinite(found[1])


def test_negative_scores_have_no_ratio() -> None:
    with pytest.raises(ValueError, match="0 or more"):
        alpha_by_weights(from_matrix([[-1, 1]]), level="ratio")
