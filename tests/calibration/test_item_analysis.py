"""What to do about a point: planted faults are named, numbers are those derived by hand."""

import math
from typing import Any

import numpy as np
import pytest

from grader.calibration.item_analysis import PointAdvice, advise_on_points, correlation, rest_correlations, twins
from grader.statistics.kappas import gwet, kappa_interval
from grader.statistics.rating_tables import LongForm

NONE = math.nan
N = 100


def points_of(table: Any) -> LongForm:
    """Of shape (n_answers, n_raters, n_points); NaN = not rated."""
    shares = np.asarray(table, dtype=float)
    answers, raters, points = np.nonzero(np.isfinite(shares))
    n_answers, n_raters = shares.shape[:2]
    return LongForm(answers, raters, shares[answers, raters, points], n_answers, n_raters, points=points)


def rated(noise: float = 0.25, *, seed: int = 1, n_points: int = 5) -> np.ndarray:
    """Votes of three raters on points that good answers have more often."""
    rng = np.random.default_rng(seed)
    stated = rng.normal(0, 1, (N, 1, 1)) + rng.normal(0, 0.7, (N, 1, n_points))
    return (stated + rng.normal(0, noise, (N, 3, n_points)) > 0).astype(float)


def advice(votes: np.ndarray, **more: Any) -> PointAdvice:
    return advise_on_points(points_of(votes), **more)[0]


def test_sound_points_are_kept() -> None:
    for point in advise_on_points(points_of(rated())):
        assert (point.action, point.reasons) == ("keep", (("keep", "nothing calls for a change"),))


def test_a_point_that_everybody_reads_differently_is_reworded() -> None:
    votes = rated()
    votes[:, :, 0] = np.random.default_rng(2).random((N, 3)) < 0.5
    found = advice(votes)
    assert found.action == "reword"
    assert found.split_rate.value == pytest.approx(0.5, abs=0.1)
    assert found.outliers == ()


def test_a_point_that_one_rater_reads_differently_is_talked_about() -> None:
    votes = rated()
    votes[:, 1, 0] = 0
    found = advice(votes)
    assert found.action == "talk"
    assert {cell.rater for cell in found.outliers} == {1}
    assert "reword" not in dict(found.reasons)


@pytest.mark.parametrize("given", [0.0, 1.0])
def test_a_point_that_tells_nobody_apart_is_dropped(given: float) -> None:
    votes = rated()
    votes[:, :, 0] = given
    found = advice(votes)
    assert found.action == "drop"
    assert found.award_rate.value == given and found.award_rate.low != found.award_rate.high
    assert found.rest_correlation.note == "undefined: nothing varies"
    assert found.twin is None


def test_two_points_that_go_together_are_merged() -> None:
    votes = rated()
    votes[:, :, 0] = votes[:, :, 3]
    found = advise_on_points(points_of(votes))
    assert [point.action for point in found] == ["merge", "keep", "keep", "merge", "keep"]
    assert found[0].twin is not None and (found[0].twin.point, found[0].twin.phi.value) == (3, pytest.approx(1))


def test_a_point_that_good_answers_lack_is_checked() -> None:
    votes = rated()
    votes[:, :, 0] = 1 - votes[:, :, 0]
    found = advice(votes)
    assert found.action == "check"
    assert found.rest_correlation.value is not None and found.rest_correlation.value < -0.3


def test_a_point_about_something_else_is_not_wrong() -> None:
    """Facts that have nothing to do with each other: the correlation is 0, below 0 for every second point."""
    rng = np.random.default_rng(0)
    votes = np.repeat((rng.random((60, 1, 5)) < 0.5).astype(float), 2, axis=1)
    found = advise_on_points(points_of(votes))
    assert any((point.rest_correlation.value or 0) < 0 for point in found)
    assert {point.action for point in found} == {"keep"}


@pytest.mark.parametrize(("n", "action"), [(20, "keep"), (40, "drop")])
def test_twenty_answers_with_a_point_do_not_show_that_all_have_it(n: int, action: str) -> None:
    votes = rated()[:n]
    votes[:, :, 0] = 1.0
    assert advise_on_points(points_of(votes))[0].action == action


def test_a_point_that_the_machine_alone_sees_otherwise_is_fixed_for_it() -> None:
    votes = rated(noise=0.05)
    machine = votes[:, :1].copy()
    machine[::2, 0, 0] = 0
    found = advice(votes, machine=points_of(machine))
    assert found.action == "fix_for_machine"
    assert found.machine is not None and found.machine.value is not None
    assert found.machine.value == pytest.approx(0.25, abs=0.1)
    assert found.machine_bias == pytest.approx(-found.machine.value, abs=0.05)
    assert advise_on_points(points_of(votes), machine=points_of(machine))[1].action == "keep"


def test_a_machine_that_rated_nothing_calls_for_nothing() -> None:
    empty = np.full((N, 1, 5), NONE)
    empty[0, 0, 1] = 1
    found = advice(rated(), machine=points_of(empty))
    assert found.machine is not None and found.machine.value is None and found.machine_bias is None


def test_below_20_answers_with_two_ratings_there_is_no_advice() -> None:
    votes = rated()
    votes[19:, 1:] = NONE
    votes[:, :, 0] = np.where(np.isfinite(votes[:, :, 0]), 1.0, NONE)
    found = advice(votes)
    assert found.action == "not_enough_data"
    assert found.reasons[0][1] == "19 answers with two ratings of the point, 20 needed for advice"
    assert (found.n_answers, found.n_common) == (100, 19)


def test_the_numbers_by_hand() -> None:
    """Votes 11, 10, 1., 100: rates 1, 1/2, 1, 1/3; of pairs 0, 1 and 2 of 3 differ."""
    votes = np.array([[1, 1, NONE], [1, 0, NONE], [1, NONE, NONE], [1, 0, 0]])[:, :, None]
    found = advice(votes)
    assert found.award_rate.value == pytest.approx((1 + 0.5 + 1 + 1 / 3) / 4)
    assert found.split_rate.value == pytest.approx((0 + 1 + 2 / 3) / 3)
    assert found.ac1 == kappa_interval(gwet(votes[[0, 1, 3], :, 0], classes=(0, 1)))


def test_half_a_point_is_another_vote_than_none() -> None:
    found = advice(np.array([[1, 0.5, 0], [0.5, 0.5, 0.5]])[:, :, None])
    assert found.split_rate.value == pytest.approx(0.5)


def test_a_correlation_by_hand() -> None:
    x, y = np.array([0.0, 1, 2, 3, 4]), np.array([0.0, 2, 1, 3, 4])
    r = 9 / 10
    found = correlation(x, y, confidence=0.95)
    assert found.value == pytest.approx(r)
    assert found.low == pytest.approx(math.tanh(math.atanh(r) - 1.959963984540054 / math.sqrt(2)))
    assert correlation(x, x, confidence=0.95).low == pytest.approx(1)
    assert correlation(x[:4], y[:4], confidence=0.95).note == "undefined: fewer than 5 answers"


def test_the_rest_of_an_answer_is_its_other_points() -> None:
    shares = np.array([[1, 1, 0], [0, 0, 0], [1, 0, 1], [0, 0, 1], [1, 1, 1], [0, 1, 0]])[:, None, :]
    rest = (shares[:, 0, 1] + shares[:, 0, 2]) / 2
    expected = np.corrcoef(shares[:, 0, 0], rest)[0, 1]
    assert rest_correlations(points_of(shares))[0].value == pytest.approx(expected)


def test_points_of_different_questions_have_no_twins() -> None:
    shares = np.full((20, 1, 2), NONE)
    shares[:10, 0, 0] = shares[10:, 0, 1] = np.arange(10) % 2
    assert twins(points_of(shares)) == {}
    assert rest_correlations(points_of(shares))[0].note == "undefined: fewer than 5 answers"


@pytest.mark.parametrize("function", [advise_on_points, rest_correlations, twins])
def test_ratings_of_whole_answers_are_refused(function: Any) -> None:
    whole = LongForm(np.array([0]), np.array([0]), np.array([1.0]), 1, 1)
    with pytest.raises(ValueError, match="of whole answers, not of points"):
        function(whole)
