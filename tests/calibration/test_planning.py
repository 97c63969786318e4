"""What more raters and more double marking would bring."""

import math

import pytest

from grader.calibration.planning import double_marking_for, flips_at_cut, raters_for
from grader.statistics.decision_consistency import expected_flips
from grader.statistics.generalizability import Components
from grader.statistics.intervals import Estimate


def test_raters_for_the_published_icc() -> None:
    """ICC(2,1) of Shrout & Fleiss, .29 [.02, .76]: t (1 - r) / (r (1 - t)) = 5.7, 9.8 and 22.1 raters."""
    found = raters_for(Estimate(0.28976, 0.02, 0.76, 6))
    assert [(plan.target, plan.raters) for plan in found] == [(0.7, 6), (0.8, 10), (0.9, 23)]
    assert (found[0].fewest, found[0].most) == (1, 115)


def test_one_rater_is_enough_where_all_agree() -> None:
    assert [plan.raters for plan in raters_for(Estimate(1.0, None, None, 6, "no interval"))] == [1, 1, 1]


@pytest.mark.parametrize("value", [None, 0.0, -0.2])
def test_no_number_of_raters_makes_up_for_no_reliability(value: float | None) -> None:
    [plan] = raters_for(Estimate(value, None, None, 6, "nothing"), [0.7])
    assert plan == (0.7, None, None, None)


def test_a_quarter_of_the_width_takes_sixteen_times_the_answers() -> None:
    plan = double_marking_for(Estimate(0.5, 0.1, 0.9, 20))
    assert (plan.half_width, plan.needed, plan.more) == (0.1, 320, 300)
    assert plan.reason == "half-width 0.40 on 20 double-marked answers"


def test_an_interval_that_is_narrow_enough_takes_no_more() -> None:
    assert double_marking_for(Estimate(0.5, 0.45, 0.55, 100)).more == 0


def test_without_an_interval_there_is_a_reason() -> None:
    plan = double_marking_for(Estimate(None, None, None, 0, "undefined: no answer with two ratings"))
    assert plan == (0.1, None, None, "undefined: no answer with two ratings")


def test_a_width_of_0_is_refused() -> None:
    with pytest.raises(ValueError, match="half_width must be above 0, got 0"):
        double_marking_for(Estimate(0.5, 0.4, 0.6, 20), half_width=0)


def test_more_raters_flip_fewer_candidates() -> None:
    components = Components(1.0, 0.2, 0.5)
    one, two, three = flips_at_cut(components, mean=5, cut=6)
    assert tuple(one) == (1, expected_flips(components, mean=5, cut=6))
    assert one.of_100 is not None and two.of_100 is not None and three.of_100 is not None
    assert one.of_100 > two.of_100 > three.of_100 > 0
    assert flips_at_cut(Components(math.nan, math.nan, math.nan), mean=5, cut=6, n_raters=[1]) == ((1, None),)
