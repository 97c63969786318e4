"""Gold answers and repeated ratings against cases derived by hand."""

import math
from typing import Any

import numpy as np
import pytest

from grader.calibration.raters.gold import gold_records, intra_rater_agreement
from grader.statistics.distributions import student_t_tail
from grader.statistics.intervals import wilson_interval
from grader.statistics.rating_tables import LongForm, from_matrix

NONE = math.nan


def one_rater(errors: list[float], times: list[float] | None = None) -> LongForm:
    """Ratings of answers whose gold score is 5."""
    n = len(errors)
    when = None if times is None else np.array(times)
    return LongForm(np.arange(n), np.zeros(n, dtype=int), 5 + np.array(errors), n, 1, times=when)


def record(errors: list[float], times: list[float] | None = None, **more: Any) -> Any:
    return gold_records(one_rater(errors, times), np.full(len(errors), 5.0), **({"tolerance": 1} | more))[0]


def test_a_record_by_hand() -> None:
    found = record([0, 1, -2, 0.5, 3, 2, 0])
    assert found.accuracy == wilson_interval(4, 7)
    assert found.mean_error.estimate.value == pytest.approx(4.5 / 7)
    assert found.stop_after == 6
    assert found.reason == "stop after 2 in a row that are more than 1 off: 4 of 7 within 1, stopped after the 6th"


def test_the_change_compares_the_thirds() -> None:
    """0, 1 | .. | 2, 4: 3 - .5, variances 1/2 and 2, SE^2 = 1.25, Welch's df = 1.25^2 / (1/16 + 1)."""
    found = record([0, 1, 0, 0, 2, 4])
    assert found.change.estimate.value == pytest.approx(2.5)
    df = 1.25**2 / (0.25**2 + 1)
    assert found.change.p_value == pytest.approx(2 * float(student_t_tail(2.5 / math.sqrt(1.25), df)))


def test_order_is_that_of_time() -> None:
    assert record([3, 0, 3], times=[1, 3, 2]).stop_after == 2
    assert record([3, 0, 3], times=[1, 2, 3]).stop_after is None
    assert record([3, 0, 3]).stop_after is None


def test_a_difference_of_the_tolerance_is_within() -> None:
    assert record([0.1 + 0.2], tolerance=0.3).accuracy.value == 1


def test_raters_without_gold_have_a_reason() -> None:
    form = from_matrix([[1, NONE], [2.0, 3]])
    first, second = gold_records(form, [5, NONE], tolerance=1)
    assert first.accuracy.n == 1 and first.mean_error.estimate.note == "undefined: fewer than two gold answers"
    assert second.accuracy.value is None and second.stop_after is None
    assert second.change.estimate.note == "undefined: fewer than two gold answers in a third of them"


def test_errors_that_never_change_are_certain() -> None:
    found = record([1, 1, 1, 1, 1, 1])
    assert found.mean_error.p_value == 0
    assert (found.change.estimate.value, found.change.p_value) == (0, 1)


@pytest.mark.parametrize(
    ("gold", "more", "message"),
    [
        ([5.0], {"tolerance": 1}, r"gold has shape \(1,\) but there are 2 answers"),
        ([5.0, 5.0], {"tolerance": -1}, "tolerance must be 0 or more"),
        ([5.0, 5.0], {"tolerance": 1, "in_a_row": 0}, "in_a_row 1 or more"),
    ],
)
def test_what_makes_no_sense_is_refused(gold: list[float], more: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        gold_records(one_rater([0, 0]), gold, **more)


def test_repeats_by_hand() -> None:
    form = LongForm(np.array([0, 0, 1, 1, 1, 2]), np.array([0, 0, 0, 0, 0, 1]), np.array([3.0, 3, 1, 3, 2, 5]), 3, 2)
    first, second = intra_rater_agreement(form)
    assert first.exact == wilson_interval(1, 3)
    assert first.mean_difference == pytest.approx(1)
    assert first.standard_error == pytest.approx(math.sqrt(5 / 3 / 2))
    assert (second.exact.value, second.mean_difference, second.standard_error) == (None, None, None)
