"""What has changed since earlier ratings: each coefficient then, now, and the difference with its own interval.

Section 9 of a calibration. The difference is resampled as a whole, because two intervals side by side do not test it.
"""

from dataclasses import dataclass, replace

import numpy as np

from grader.calibration.overview import EARLY
from grader.calibration.panel_agreement import FEW_IN_COMMON, Scale, panel_statistics, usual_raters
from grader.statistics import (
    PAIR_STATISTICS,
    Codes,
    Estimate,
    Floats,
    LongForm,
    Statistic,
    few_in_common,
    interval,
    ratings_per_answer,
    resample_many,
)

# The coefficients to compare; the others follow from these.
COMPARED = (
    *("exact", "adjacent", "quadratic_weighted_kappa", "pearson_r", "krippendorff_alpha"),
    *("icc_a1", "icc_c1", "sem"),
)
_RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Change:
    """One coefficient then and now.

    Attributes:
        earlier, now: its values; `None` where undefined.
        difference: now minus earlier; `n` counts the answers of both.
    """

    earlier: float | None
    now: float | None
    difference: Estimate


def change_since(
    now: LongForm, earlier: LongForm, places: Codes, scale: Scale, *, seed: int, resamples: int | None = None
) -> dict[str, Change]:
    """Compare agreement now with agreement then.

    The same draws of answers serve both times: an answer that was rated both times has the same weight in both
    (paired), and answers rated only once are drawn as well. The degrees of freedom are those of the smaller set. There
    is no interval with fewer than `overview.EARLY` answers with two ratings then or now.

    Args:
        now: totals without repeats.
        earlier: likewise, of other ratings.
        places: for each answer of `earlier` its number in `now`, -1 where it was not rated again.
        scale: the scale on which agreement is measured, both times.
        seed: of the bootstrap.
        resamples: how many, 1,000 by default.
    """
    again = np.asarray(places, dtype=np.intp)
    n_new = int(np.sum(again < 0))
    # All answers of both: those of now first, then those that were only rated then.
    of_earlier = np.where(again >= 0, again, now.n_answers + np.cumsum(again < 0) - 1)
    names, statistic_now = panel_statistics(now, scale, usual_raters(now))
    _, statistic_then = panel_statistics(earlier, scale, usual_raters(earlier))
    statistic = _both(statistic_now, statistic_then, now.n_answers, of_earlier)
    drawn = resample_many(statistic, now.n_answers + n_new, n_resamples=resamples or _RESAMPLES, seed=seed)
    half = len(names)
    n_then, n_now = (int(np.sum(ratings_per_answer(form) >= 2)) for form in (earlier, now))
    few = few_in_common(earlier) or few_in_common(now)
    found = {}
    for place, name in enumerate(names):
        if name in COMPARED:
            apart = drawn[place] - drawn[half + place]
            difference = interval(replace(apart, n_units=min(n_then, n_now)), method="t")
            values = (drawn[half + place].value, drawn[place].value)
            then_value, now_value = (value if np.isfinite(value) else None for value in values)
            judged = _judged(difference, n_then, n_now)
            if few and name in PAIR_STATISTICS and judged.low is not None:
                judged = Estimate(judged.value, None, None, judged.n, FEW_IN_COMMON)
            found[name] = Change(then_value, now_value, judged)
    return found


def _judged(difference: Estimate, n_then: int, n_now: int) -> Estimate:
    """The difference with the number of answers, and without an interval where there are too few of them."""
    if difference.value is None or min(n_then, n_now) >= EARLY:
        return replace(difference, n=n_then + n_now)
    note = f"no interval: {n_then:,} answers with two ratings then and {n_now:,} now; it takes {EARLY} each"
    return Estimate(difference.value, None, None, n_then + n_now, note)


def _both(now: Statistic, then: Statistic, n_now: int, of_earlier: Codes) -> Statistic:
    def of_weights(weights: Floats) -> Floats:
        return np.hstack([now(weights[:, :n_now]), then(weights[:, of_earlier])])

    return of_weights
