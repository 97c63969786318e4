import pytest

from grader.statistics.bands import BANDS, verdict
from grader.statistics.intervals import Estimate


@pytest.mark.parametrize(
    ("name", "low", "high", "words"),
    [
        ("icc_a1", 0.52, 0.74, "moderate"),
        ("icc_a1", 0.42, 0.74, "poor to moderate"),
        ("icc_a1", 0.3, 0.9, "poor to excellent"),
        ("krippendorff_alpha", 0.8, 0.9, "reliable"),
        ("krippendorff_alpha", 0.5, 0.66, "unreliable"),
        ("quadratic_weighted_kappa", 0.71, 0.8, "at least .70"),
        ("quadratic_weighted_kappa", 0.6, 0.8, "cannot be told"),
        ("exact", 0.3, 0.49, "low"),
    ],
)
def test_the_interval_decides(name: str, low: float, high: float, words: str) -> None:
    found = verdict(name, Estimate((low + high) / 2, low, high, 60))
    assert found is not None and found.words == words and found.rule


def test_no_word_without_an_interval_or_a_convention() -> None:
    assert verdict("icc_a1", Estimate(0.8, None, None, 9, "no interval")) is None
    assert verdict("sem", Estimate(0.8, 0.7, 0.9, 90)) is None


@pytest.mark.parametrize("name", BANDS)
def test_bands_rise_and_every_band_has_a_word(name: str) -> None:
    band = BANDS[name]
    assert list(band.ends) == sorted(band.ends) and len(band.words) == len(band.ends) + 1
