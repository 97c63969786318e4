"""Sequence effects: drift of a rater over time, and contrast with the answer rated just before.

Both compare a rater with the colleagues who rated the same answers, and need to know when each rating was given.
"""

import math

import numpy as np

from grader.calibration.raters.effects import Effect, against_steady, slope, unknown
from grader.calibration.raters.fit import colleagues, rows_by_rater
from grader.calibration.raters.severity import AdditiveModel
from grader.statistics import Estimate, Floats, LongForm, Mask, normal_quantile, pearson_r, student_t_tail, varies

LEAST_FOR_CONTRAST = 40


def drift(form: LongForm, model: AdditiveModel, *, confidence: float = 0.95) -> tuple[Effect, ...]:
    """Return how far each rater's strictness moved from the first to the last rating, in score points.

    The least-squares slope of score minus severity minus the colleagues' mean of the same, on the place x of the
    rating in the order of the rater's ratings, 0 the first to 1 the last; ratings of the same time share the mean of
    their places. Colleagues who drift themselves are left out of that mean (`against_steady`): otherwise everybody
    would seem to drift the other way.

    Args:
        form: totals with times, as given to `fit_additive`.
        model: the fitted model.
        confidence: between 0 and 1.

    Returns:
        An effect for each rater: positive = became more lenient; its p-value tests 0.

    Undefined: `None` without times, with fewer than three timed ratings that a colleague gave as well, or when all of
        them have the same time. When two raters drift apart, the data cannot show which one moved.
    Raises: ValueError when `confidence` is not between 0 and 1.
    Source: the definition; rater drift as in Wolfe, Moulder & Myford (2001), Journal of Applied Measurement 2, 256-280.
    Checked against: a case derived by hand, and error rates in simulated teams (docs/calibration.md).
    """
    if form.times is None:
        return (unknown(0, "no times"),) * form.n_raters
    places = _places(form)
    everybody = np.ones(form.n_raters, dtype=bool)
    return against_steady(
        lambda counted: _drifts(form, model, places, counted, confidence), everybody, model.components
    )


def contrast(form: LongForm, model: AdditiveModel, *, confidence: float = 0.95) -> tuple[Effect, ...]:
    """Return the correlation of each rater's deviation with how good the answer just before was.

    Pearson's r of score minus severity minus the colleagues' mean of the same, less its trend over time, with the
    fair average of the answer that the rater rated before; ratings of the same time have no order and are left out.
    Colleagues with such a correlation of their own are left out of that mean (`against_steady`). Interval by Fisher's
    z, SE = 1 / sqrt(n - 3).

    Args:
        form: totals with times, as given to `fit_additive`.
        model: the fitted model.
        confidence: between 0 and 1.

    Returns:
        An effect for each rater: negative = an answer after a good one gets less, positive = more; its p-value tests 0.

    Undefined: `None` without times, with fewer than 40 such pairs, or when one of the two does not vary.
    Raises: ValueError when `confidence` is not between 0 and 1.
    Source: Fisher (1921), Metron 1, 3-32; contrast and assimilation in marking as in Attali (2011), Educational and
        Psychological Measurement 71, 68-79.
    Checked against: a case derived by hand.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1, got {confidence}")
    if form.times is None:
        return (unknown(0, "no times"),) * form.n_raters
    times, everybody = form.times, np.ones(form.n_raters, dtype=bool)
    ordered = [rows[np.argsort(times[rows], kind="stable")] for rows in rows_by_rater(form, np.isfinite(times))]
    before = model.fair[form.answers]

    known_before = [np.where(_known_order(times[rows]), before[rows[:-1]], np.nan) for rows in ordered]

    def against(counted: Mask) -> tuple[Effect, ...]:
        own = _deviations(form, model, counted)
        return tuple(
            _contrast_of(of_rater, own[rows[1:]], confidence)
            for of_rater, rows in zip(known_before, ordered, strict=True)
        )

    return against_steady(against, everybody, model.components)


def _known_order(times: Floats) -> Mask:
    """Say of each pair of neighbours in rising times whether nothing else was rated at the time of either."""
    apart = np.diff(times) > 0
    before, after = np.append(True, apart[:-1]), np.append(apart[1:], True)
    known: Mask = (apart & before & after)[: apart.size]
    return known


def _contrast_of(before: Floats, own: Floats, confidence: float) -> Effect:
    known = np.isfinite(before) & np.isfinite(own)
    n = int(known.sum())
    if n < LEAST_FOR_CONTRAST:
        return unknown(n, f"fewer than {LEAST_FOR_CONTRAST} ratings one after the other")
    before, own, places = before[known], own[known], np.flatnonzero(known)
    x = places - places.mean()
    own = own - own.mean() - x * float(x @ own) / float(x @ x)
    if not (varies(before) and varies(own)):
        return unknown(n, "nothing varies")
    r = pearson_r(before, own)
    if abs(r) >= 1:
        return Effect(Estimate(r, None, None, n, "no interval: a perfect correlation"), 0.0)
    reach = normal_quantile((1 + confidence) / 2) / math.sqrt(n - 3)
    low, high = (math.tanh(math.atanh(r) + sign * reach) for sign in (-1, 1))
    p_value = 2 * float(student_t_tail(abs(r) * math.sqrt((n - 2) / (1 - r**2)), n - 2))
    return Effect(Estimate(r, low, high, n), p_value)


def _drifts(
    form: LongForm, model: AdditiveModel, places: Floats, counted: Mask, confidence: float
) -> tuple[Effect, ...]:
    """Return the drift of each rater against the counted colleagues."""
    deviations = _deviations(form, model, counted)
    return tuple(
        slope(places[rows], deviations[rows], confidence=confidence)
        for rows in rows_by_rater(form, np.isfinite(places) & np.isfinite(deviations))
    )


def _deviations(form: LongForm, model: AdditiveModel, counted: Mask) -> Floats:
    """Return score minus severity minus the mean of the same of the counted colleagues, NaN where there are none."""
    return form.scores - model.severity[form.raters] - colleagues(form, model, counted).means


def _places(form: LongForm) -> Floats:
    """Return the place of each rating in the order of its rater's timed ratings, 0 to 1; NaN without a time.

    Ratings of the same time share the mean of their places: the order of the file says nothing about time.
    """
    places = np.full(form.n_ratings, np.nan)
    times = np.full(form.n_ratings, np.nan) if form.times is None else form.times
    for rows in rows_by_rater(form, np.isfinite(times)):
        _, which, counts = np.unique(times[rows], return_inverse=True, return_counts=True)
        places[rows] = (np.cumsum(counts) - (counts + 1) / 2)[which] / max(rows.size - 1, 1)
    return places
