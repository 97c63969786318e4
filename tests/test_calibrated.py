"""The calibration of coverage."""

import pytest

from grader.calibrated import likely_stated


def test_the_likelihood_rises_with_coverage() -> None:
    assert [likely_stated(c) for c in (0, 2.08 / 3.42, 1)] == pytest.approx([0.111, 0.5, 0.793], abs=1e-3)
