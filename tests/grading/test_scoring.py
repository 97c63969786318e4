"""Score arithmetic, checked by hand."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.grading.scoring import fraction, score
from grader.schema import PointGroup, Rubric, RubricPoint


def rubric(*weights: float, max_score: float = 10.0, **kwargs: Any) -> Rubric:
    points = tuple(RubricPoint(id=f"p{i}", text=f"point {i}", weight=w) for i, w in enumerate(weights))
    return Rubric(question_id="q", max_score=max_score, points=points, **kwargs)


def grouped(need: int) -> Rubric:
    """One plain point of weight 4 and a group of three that is worth 6."""
    points = [RubricPoint(id="plain", text="plain", weight=4)]
    points += [RubricPoint(id=f"g{i}", text=f"example {i}", weight=2, group="examples") for i in range(3)]
    return Rubric(question_id="q", points=tuple(points), groups={"examples": PointGroup(need=need)})


def test_published_example_of_healthbench() -> None:
    # simple-evals, test_calculate_score: points 7, 5, 10, -6 with True, False, True, True -> (7 + 10 - 6) / 22
    credits = {"p0": 1.0, "p1": 0.0, "p2": 1.0, "p3": 1.0}
    assert fraction(rubric(7, 5, 10, -6), credits) == pytest.approx(11 / 22)


def test_partial_credit_is_weighted() -> None:
    # (3 * 0.5 + 1 * 1) / 4 = 0.625, on a scale of 8: 5
    assert score(rubric(3, 1, max_score=8), {"p0": 0.5, "p1": 1.0}) == pytest.approx(5)


def test_points_that_were_not_judged_are_not_scaled_away() -> None:
    assert fraction(rubric(3, 1), {"p0": None, "p1": 1.0}) == 0.25
    assert fraction(rubric(3, 1), {"p0": None, "p1": None}) is None
    assert score(rubric(3, 1), {"p0": None, "p1": None}) is None


def test_only_negative_points_judged_is_undefined() -> None:
    assert fraction(rubric(3, -1), {"p0": None, "p1": 0.0}) is None


def test_mistakes_never_push_below_zero() -> None:
    assert fraction(rubric(1, -5), {"p0": 1.0, "p1": 1.0}) == 0.0


def test_any_two_of_three_earn_the_whole_group() -> None:
    credits = {"plain": 0.0, "g0": 1.0, "g1": 0.0, "g2": 1.0}
    assert fraction(grouped(2), credits) == pytest.approx(0.6)
    assert fraction(grouped(1), credits) == pytest.approx(0.6)
    # need 3: (1 + 0 + 1) / 3 of the group's 6 of 10
    assert fraction(grouped(3), credits) == pytest.approx(0.4)


def test_of_a_group_too_what_was_not_judged_stays_possible() -> None:
    alone = fraction(grouped(2), {"plain": 0.5, "g0": None, "g1": None, "g2": None})
    assert alone == fraction(grouped(2), {"plain": 0.5, "g0": 0.0, "g1": 0.0, "g2": 0.0})
    half = fraction(grouped(2), {"plain": 0.5, "g0": 1.0, "g1": None, "g2": None})
    assert half == fraction(grouped(2), {"plain": 0.5, "g0": 1.0, "g1": 0.0, "g2": 0.0})


def test_faults_are_refused() -> None:
    with pytest.raises(ValueError, match="no credit for the point 'p1'"):
        fraction(rubric(1, 1), {"p0": 1.0})
    with pytest.raises(ValueError, match=r"credit of 'p0' is 1.5"):
        fraction(rubric(1), {"p0": 1.5})


weights = st.lists(st.floats(-10, 10).filter(lambda w: abs(w) > 1e-3), min_size=1, max_size=8).filter(
    lambda ws: any(w > 0 for w in ws)
)


@given(weights, st.data())
def test_a_fraction_is_within_bounds_and_ignores_the_order_of_points(ws: list[float], data: st.DataObject) -> None:
    some = rubric(*ws)
    credits = {point.id: data.draw(st.none() | st.floats(0, 1)) for point in some.points}
    share = fraction(some, credits)
    assert share is None or 0 <= share <= 1
    turned = some.model_copy(update={"points": tuple(reversed(some.points))})
    assert fraction(turned, credits) == (share if share is None else pytest.approx(share))


@given(weights, st.floats(0, 1), st.floats(0, 1))
def test_more_credit_on_a_positive_point_never_lowers_the_score(ws: list[float], low: float, high: float) -> None:
    low, high = sorted((low, high))
    some = rubric(*ws)
    index = next(i for i, w in enumerate(ws) if w > 0)
    credits = {point.id: 0.5 for point in some.points}
    first = fraction(some, credits | {f"p{index}": low})
    second = fraction(some, credits | {f"p{index}": high})
    assert first is not None and second is not None and first <= second + 1e-12
