"""Ratings as tables and in long form: conversions, repeats, gaps, and what is refused."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from grader.statistics.rating_tables import (
    LongForm,
    as_classes,
    class_counts,
    first_ratings,
    from_matrix,
    pieces,
    rating_table,
    ratings_per_answer,
    repeated_pairs,
    to_matrix,
    why_undefined,
    without_gaps,
)

NONE = math.nan
same_every_run = settings(derandomize=True, deadline=None, max_examples=40)
ratings = st.tuples(st.integers(0, 6), st.integers(0, 4)).flatmap(
    lambda shape: st_numpy.arrays(float, shape, elements=st.sampled_from([0.0, 1.0, 2.5, math.nan]))
)


def test_tables_are_copied_and_rounded_to_where_scores_differ() -> None:
    given = np.array([[0.1 + 0.2, NONE]])
    found = rating_table(given)
    assert found[0, 0] == 0.3
    assert given[0, 0] != 0.3


def test_classes_follow_the_scores() -> None:
    found = as_classes([[3, NONE], [0.1 + 0.2, 0.3]])
    assert found.levels.tolist() == [0.3, 3]
    assert found.codes.tolist() == [[1, -1], [0, 0]]
    assert class_counts(found).tolist() == [[0, 1], [2, 0]]


def test_classes_of_a_known_scale() -> None:
    found = as_classes([[3, 1]], classes=[5, 1, 3])
    assert found.codes.tolist() == [[1, 0]]
    assert class_counts(found).tolist() == [[1, 1, 0]]
    with pytest.raises(ValueError, match="rating 2 is not on the scale 1, 3"):
        as_classes([[2, 1]], classes=[1, 3])


def test_gaps_close() -> None:
    found = without_gaps([[NONE, 2, NONE, 1], [NONE, NONE, NONE, 4], [NONE] * 4])
    np.testing.assert_array_equal(found, [[1, 2], [4, NONE], [NONE, NONE]])
    assert without_gaps(np.empty((0, 3))).shape == (0, 0)


@pytest.mark.parametrize(
    ("ratings", "sentence"),
    [
        ([[NONE, NONE]], "there are no ratings"),
        (np.empty((0, 2)), "there are no ratings"),
        ([[1, NONE], [2, NONE]], "one rater alone: agreement needs a second one"),
        ([[1, NONE], [NONE, 2]], "no answer has two ratings: let two people rate the same answers"),
        (
            [[2, 2], [2, 2], [NONE, 1]],
            "all raters gave the same score everywhere; agreement coefficients are undefined; exact agreement 100 %",
        ),
        ([[2, 2], [2, 1]], None),
    ],
)
def test_why_undefined(ratings: Any, sentence: str | None) -> None:
    assert why_undefined(ratings) == sentence


def test_broken_tables_are_refused() -> None:
    with pytest.raises(ValueError, match=r"ratings must have shape \(n_answers, n_raters\), got shape \(3,\)"):
        rating_table([1, 2, 3])
    with pytest.raises(ValueError, match="got an infinite value"):
        why_undefined([[1, math.inf]])


def form(answers: list[int], raters: list[int], scores: list[float], **more: list[float]) -> LongForm:
    columns = {name: np.array(column) for name, column in more.items()}
    return LongForm(np.array(answers), np.array(raters), np.array(scores), n_answers=3, n_raters=2, **columns)


@same_every_run
@given(ratings)
def test_a_matrix_comes_back_as_it_was(table: np.ndarray) -> None:
    long = from_matrix(table)
    assert long.n_ratings == np.isfinite(table).sum()
    np.testing.assert_array_equal(to_matrix(long), table)
    np.testing.assert_array_equal(ratings_per_answer(long), np.isfinite(table).sum(axis=1))


def test_the_first_rating_in_time_counts() -> None:
    long = form([0, 0, 1, 0], [0, 0, 1, 0], [3, 1, 2, 5], times=[30, 10, 5, 20])
    np.testing.assert_array_equal(first_ratings(long).scores, [1, 2])
    np.testing.assert_array_equal(repeated_pairs(long), [[1, 3], [3, 0]])


def test_without_times_the_first_row_counts_and_rows_stay_in_order() -> None:
    long = form([2, 0, 2, 1], [1, 0, 1, 0], [3, 1, 2, 5])
    np.testing.assert_array_equal(first_ratings(long).scores, [3, 1, 5])
    np.testing.assert_array_equal(repeated_pairs(long), [[0, 2]])


def test_unknown_times_come_last() -> None:
    long = form([0, 0], [0, 0], [3, 1], times=[math.nan, 10])
    np.testing.assert_array_equal(first_ratings(long).scores, [1])


def test_points_of_an_answer_are_no_repeats() -> None:
    long = form([0, 0, 0], [0, 0, 0], [1, 0, 1], points=[0, 1, 1])
    np.testing.assert_array_equal(first_ratings(long).scores, [1, 0])
    np.testing.assert_array_equal(repeated_pairs(long), [[1, 2]])


def test_a_choice_of_rows_takes_every_column_along() -> None:
    long = form([0, 1, 2], [0, 1, 0], [1, 2, 3], questions=[0, 0, 1], times=[1, 2, 3], groups=[-1, 0, 1])
    few = long.take(np.array([False, True, True]))
    assert (few.n_answers, few.n_raters, few.n_ratings) == (3, 2, 2)
    assert few.questions is not None and few.times is not None and few.groups is not None
    assert [*few.questions, *few.times, *few.groups] == [0, 1, 2, 3, 0, 1]
    assert few.points is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scores": [1.0]}, r"scores has shape \(1,\) but there are 2 ratings"),
        ({"scores": [1.0, math.nan]}, "scores must be finite: leave out what was not rated"),
        ({"answers": [0, 3]}, r"answers must be in 0\.\.2, got 0\.\.3"),
        ({"raters": [-1, 1]}, r"raters must be in 0\.\.1, got -1\.\.1"),
        ({"points": [0, -1]}, "points must be 0 or more, got -1"),
        ({"times": [1.0]}, r"times has shape \(1,\) but there are 2 ratings"),
    ],
)
def test_columns_that_do_not_fit_are_refused(change: dict[str, list[float]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        form(**({"answers": [0, 1], "raters": [0, 1], "scores": [1.0, 2.0]} | change))  # type: ignore[arg-type]


def test_answers_of_another_shape_are_refused() -> None:
    table = np.zeros((2, 2), dtype=int)
    with pytest.raises(ValueError, match=r"answers must have shape \(n_ratings,\), got shape \(2, 2\)"):
        LongForm(table, table, np.zeros((2, 2)), n_answers=1, n_raters=1)


def test_a_matrix_has_no_place_for_repeats() -> None:
    with pytest.raises(ValueError, match="rated an answer twice"):
        to_matrix(form([0, 0], [1, 1], [1, 2]))


@pytest.mark.parametrize("table", [[1.0, 2.0], [[math.inf]]])
def test_what_is_no_matrix_of_ratings_is_refused(table: list[float]) -> None:
    with pytest.raises(ValueError, match=r"shape \(n_answers, n_raters\)|finite"):
        from_matrix(table)


def test_pieces_hold_every_row_once_and_answers_whole() -> None:
    long = form([2, 0, 1, 2, 0], [0, 0, 0, 1, 1], [1, 2, 3, 4, 5])
    found = [(list(rows), list(answers), width) for rows, answers, width in pieces(long, size=4)]
    assert found == [([1, 4, 2], [0, 0, 1], 2), ([0, 3], [0, 0], 1)]
