"""Tables of ratings: classes, gaps, and why agreement is undefined."""

import math
from typing import Any

import numpy as np
import pytest

from grader.statistics.rating_tables import as_classes, class_counts, rating_table, why_undefined, without_gaps

NONE = math.nan


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
