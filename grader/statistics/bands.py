"""Interpretation of coefficients in words, decided on the interval and not on the value, by published conventions.

All bands are conventions. `Strength` says whether there is enough data for any of them.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from grader.statistics.intervals import Estimate


class Band(NamedTuple):
    """Where words change: `words[0]` below `ends[0]`, `words[1]` from there to `ends[1]`, and so on.

    Attributes:
        ends: rising.
        words: one more than `ends`.
        rule: the convention in one line, with its source.
    """

    ends: tuple[float, ...]
    words: tuple[str, ...]
    rule: str


class Verdict(NamedTuple):
    """A word that the interval supports, and why."""

    words: str
    rule: str


_KOO_LI = Band(
    (0.5, 0.75, 0.9),
    ("poor", "moderate", "good", "excellent"),
    "on the 95 % interval: below .5 poor, to .75 moderate, to .9 good, above excellent (Koo & Li 2016)",
)

BANDS: Final[Mapping[str, Band]] = {
    "exact": Band((0.5,), ("low", "not low"), "low where the whole interval is below 50 % (RSMTool)"),
    "adjacent": Band((0.95,), ("low", "not low"), "low where the whole interval is below 95 % (RSMTool)"),
    "quadratic_weighted_kappa": Band(
        (0.7,), ("below .70", "at least .70"), "the bar of automated scoring: .70 (Williamson, Xi & Breyer 2012)"
    ),
    "krippendorff_alpha": Band(
        (0.667, 0.8),
        ("unreliable", "tentative", "reliable"),
        "on the 95 % interval: below .667 unreliable, to .800 for tentative conclusions only, above reliable "
        "(Krippendorff 2004)",
    ),
    "icc_a1": _KOO_LI,
    "icc_ak": _KOO_LI,
    "icc_c1": _KOO_LI,
    "icc_ck": _KOO_LI,
    "gwet_ac1": Band(
        (0.0, 0.2, 0.4, 0.6, 0.8),
        ("poor", "slight", "fair", "moderate", "substantial", "almost perfect"),
        "on the 95 % interval: steps of .2 from 0 (Landis & Koch 1977)",
    ),
}


def verdict(name: str, estimate: Estimate) -> Verdict | None:
    """The words for a coefficient: one if its whole interval lies in one band, `poor to moderate` if in several.

    Args:
        name: a key of `BANDS`; other names have no word.
        estimate: without an interval it has no word.
    """
    band = BANDS.get(name)
    if band is None or estimate.low is None or estimate.high is None:
        return None
    low, high = (sum(value >= end for end in band.ends) for value in (estimate.low, estimate.high))
    if low == high:
        return Verdict(band.words[low], band.rule)
    if len(band.words) == 2:
        return Verdict("cannot be told", band.rule)
    return Verdict(f"{band.words[low]} to {band.words[high]}", band.rule)
