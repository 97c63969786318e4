"""Confidence and calibration, checked by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.grading.confidence import (
    Calibration,
    WeightedConfidence,
    answer_confidence,
    expected_calibration_error,
    kept_after_review,
    point_confidence,
    reliability_bins,
)

unit = st.floats(0, 1)


def test_the_calibration_is_a_logistic_curve() -> None:
    calibration = Calibration(name="hand", intercept=-2, slope=4, provenance="by hand")
    assert calibration.stated(0.5) == 0.5
    assert calibration.stated(1.0) == pytest.approx(0.8808, abs=1e-4)  # 1 / (1 + e^-2)


def test_a_point_is_sure_when_credit_and_probability_agree() -> None:
    assert point_confidence(0.9, 1.0) == 0.9
    assert point_confidence(0.9, 0.2) == pytest.approx(0.1)


def test_heavy_points_and_mistakes_count_by_their_size() -> None:
    assert answer_confidence([WeightedConfidence(3, 1.0), WeightedConfidence(-1, 0.2)]) == pytest.approx(0.8)
    assert answer_confidence([]) is None


def test_bins_by_hand() -> None:
    bins = reliability_bins(np.array([0.05, 0.15, 0.15, 1.0]), np.array([0, 0, 1, 1.0]))
    assert [tuple(each) for each in bins] == [
        (0.0, 0.1, 1, 0.05, 0.0),
        (0.1, 0.2, 2, pytest.approx(0.15), 0.5),
        (0.9, 1.0, 1, 1.0, 1.0),
    ]
    # (1 * .05 + 2 * .35 + 1 * 0) / 4
    assert expected_calibration_error(bins) == pytest.approx(0.1875)
    assert expected_calibration_error([]) is None


def test_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match="2 predictions for 1 observations"):
        reliability_bins(np.array([0.1, 0.2]), np.array([1.0]))


def test_the_least_sure_go_to_people() -> None:
    assert kept_after_review(np.array([0.9, 0.1, 0.5, 0.5]), 0.5).tolist() == [0, 3]
    assert kept_after_review(np.array([0.9, 0.1]), 0.0).tolist() == [0, 1]


@given(st.lists(st.tuples(unit, unit), min_size=1, max_size=40))
def test_every_prediction_is_in_one_bin(pairs: list[tuple[float, float]]) -> None:
    predicted, observed = np.array(pairs).T
    bins = reliability_bins(predicted, observed)
    assert sum(bar.n for bar in bins) == len(pairs)
    error = expected_calibration_error(bins)
    assert error is not None
    assert 0 <= error <= 1


@given(unit, unit)
def test_confidence_is_a_probability(stated: float, credit: float) -> None:
    assert 0 <= point_confidence(stated, credit) <= 1
