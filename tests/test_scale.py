"""Scores as people read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.scale import scale_step, to_step
from tests.support.sample_grades import grade, point


@pytest.mark.parametrize(
    ("score", "step", "max_score", "shown"),
    [
        (5.2, 0.5, 6, 5),
        (5.25, 0.5, 6, 5.5),
        (0.1 + 0.2 - 0.05, 0.25, 3, 0.25),
        (2.675, 0.05, 3, 2.7),
        (7.4, 5, 12, 5),
        (11.9, 5, 12, 12),
        (3.2, 0.5, 3.3, 3.3),
        (5.23, 0, 6, 5.23),
        (5.23, 0.5, None, 5),
    ],
)
def test_scores_go_to_the_nearest_step(score: float, step: float, max_score: float | None, shown: float) -> None:
    assert to_step(score, step, max_score) == shown


@given(st.floats(0, 1), st.sampled_from([0.1, 0.25, 0.5, 1, 2, 3]), st.floats(0.5, 200))
def test_rounding_stays_on_the_scale_and_near(share: float, step: float, max_score: float) -> None:
    shown = to_step(share * max_score, step, max_score)
    assert 0 <= shown <= max_score and abs(shown - share * max_score) <= step / 2 + 1e-6
    assert to_step(shown, step, max_score) == shown
    assert to_step(0.0, step, max_score) in (0.0, max_score) and to_step(max_score, step, max_score) == max_score


@given(st.floats(0.12, 1000))
def test_no_scale_of_its_own_moves_a_score_by_more_than_a_24th(max_score: float) -> None:
    assert 0 < scale_step(max_score) <= max_score / 12


def test_a_grade_goes_by_its_rubric_else_by_its_scale() -> None:
    assert grade("a", 0.53).rounded_score == 5.5
    assert grade("a", 0.53, step=1).rounded_score == 5
    assert grade("a", 0.53, step=0).rounded_score == pytest.approx(5.3)
    assert grade("a", None).rounded_score is None


def test_only_points_without_a_loss_are_full() -> None:
    assert [point(1, credit=credit).is_full for credit in (1.0, 0.996, 0.98)] == [True, True, False]
    assert not point(1, "partial", credit=1.0).is_full and not point(1, "not_judged").is_full
