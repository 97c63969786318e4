"""Raters against definitive scores (gold answers, unseen among the others), and against their own earlier ratings."""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from grader.calibration.raters.effects import Effect, t_effect, unknown
from grader.calibration.raters.fit import rows_by_rater
from grader.statistics import DECIMALS, Estimate, Floats, LongForm, repeated_pairs, wilson_interval

_SAME = 10.0**-DECIMALS


class GoldRecord(NamedTuple):
    """How one rater did on the gold answers.

    Attributes:
        accuracy: share within the tolerance, with Wilson's interval.
        mean_error: mean of score minus gold, in score points, positive = gives more; its p-value tests 0.
        change: mean error in the last third minus that in the first third, in order of time.
        stop_after: after how many gold answers the stop rule stops the rater; `None` where it does not.
        reason: the stop rule and the counts behind it.
    """

    accuracy: Estimate
    mean_error: Effect
    change: Effect
    stop_after: int | None
    reason: str


class IntraRaterAgreement(NamedTuple):
    """How one rater agrees with earlier ratings of the same answers by the same rater.

    Attributes:
        exact: share of pairs with the same score, with Wilson's interval.
        mean_difference: mean of |later - earlier|, in score points; `None` without pairs.
        standard_error: of one rating by this rater, sqrt(mean (later - earlier)^2 / 2); `None` without pairs.
    """

    exact: Estimate
    mean_difference: float | None
    standard_error: float | None


def gold_records(
    form: LongForm, gold: npt.ArrayLike, *, tolerance: float, in_a_row: int = 2, confidence: float = 0.95
) -> tuple[GoldRecord, ...]:
    """Return how each rater did on the gold answers, in the order of time.

    A rating is right when |score - gold| <= tolerance. The rater is stopped after `in_a_row` wrong ones in a row, as
    exam boards do with a second seed after the first failure.

    Args:
        form: ratings by the raters, of gold and other answers; totals.
        gold: shape `(n_answers,)`, the definitive scores, NaN where there is none.
        tolerance: in score points, 0 or more.
        in_a_row: 1 or more.
        confidence: between 0 and 1.

    Undefined: `None` values with a reason for a rater who rated no gold answer (mean error: fewer than two; change:
        fewer than two a third).
    Raises: ValueError on a `gold` of another shape, a negative tolerance, or `in_a_row` below 1.
    Source: seeding with definitive marks and tolerances, Ofqual (2018), "Marking consistency metrics"; the change by
        Welch (1947), Biometrika 34, 28-35.
    Checked against: a case derived by hand.
    """
    definitive = np.asarray(gold, dtype=float)
    if definitive.shape != (form.n_answers,):
        raise ValueError(f"gold has shape {definitive.shape} but there are {form.n_answers} answers")
    if tolerance < 0 or in_a_row < 1:
        raise ValueError(f"tolerance must be 0 or more and in_a_row 1 or more, got {tolerance} and {in_a_row}")
    errors = form.scores - definitive[form.answers]
    records = []
    for rows in rows_by_rater(form, np.isfinite(errors)):
        if form.times is not None:
            rows = rows[np.argsort(form.times[rows], kind="stable")]
        records.append(_record(errors[rows], tolerance, in_a_row, confidence))
    return tuple(records)


def intra_rater_agreement(form: LongForm, *, confidence: float = 0.95) -> tuple[IntraRaterAgreement, ...]:
    """Return how each rater agrees with earlier ratings of the same answer, or of the same point of it.

    Args:
        form: all the ratings, repeats among them.
        confidence: between 0 and 1.

    Undefined: `None` without a pair.
    Raises: ValueError when `confidence` is not between 0 and 1.
    Source: Dahlberg (1940), "Statistical Methods for Medical and Biological Students", for the standard error.
    Checked against: a case derived by hand.
    """
    pairs = repeated_pairs(form)
    differences = np.abs(form.scores[pairs[:, 1]] - form.scores[pairs[:, 0]])
    raters = form.raters[pairs[:, 0]]
    found = []
    for rater in range(form.n_raters):
        own = differences[raters == rater]
        exact = wilson_interval(int(np.sum(own <= _SAME)), own.size, confidence=confidence)
        if own.size:
            found.append(IntraRaterAgreement(exact, float(own.mean()), math.sqrt(float(np.mean(own**2)) / 2)))
        else:
            found.append(IntraRaterAgreement(exact, None, None))
    return tuple(found)


def _record(errors: Floats, tolerance: float, in_a_row: int, confidence: float) -> GoldRecord:
    right = np.abs(errors) <= tolerance + _SAME
    n = errors.size
    stop = _stop_after(right, in_a_row)
    rule = f"stop after {in_a_row} in a row that are more than {tolerance:g} off"
    seen = f"{int(right.sum())} of {n} within {tolerance:g}"
    return GoldRecord(
        wilson_interval(int(right.sum()), n, confidence=confidence),
        _mean(errors, confidence),
        _change(errors, confidence),
        stop,
        f"{rule}: {seen}" + ("" if stop is None else f", stopped after the {_ordinal(stop)}"),
    )


def _stop_after(right: npt.NDArray[np.bool_], in_a_row: int) -> int | None:
    wrong = 0
    for place, fine in enumerate(right, start=1):
        wrong = 0 if fine else wrong + 1
        if wrong == in_a_row:
            return place
    return None


def _mean(errors: Floats, confidence: float) -> Effect:
    n = errors.size
    if n < 2:
        return unknown(n, "fewer than two gold answers")
    error = float(errors.std(ddof=1)) / math.sqrt(n)
    return t_effect(float(errors.mean()), error, n, df=n - 1, null=0.0, confidence=confidence)


def _change(errors: Floats, confidence: float) -> Effect:
    """Return the mean error of the last third minus that of the first, with Welch's degrees of freedom."""
    n = errors.size
    third = n // 3
    if third < 2:
        return unknown(n, "fewer than two gold answers in a third of them")
    first, last = errors[:third], errors[-third:]
    a, b = float(first.var(ddof=1)) / third, float(last.var(ddof=1)) / third
    df = (a + b) ** 2 / ((a**2 + b**2) / (third - 1)) if a + b > 0 else float(third - 1)
    return t_effect(
        float(last.mean() - first.mean()), math.sqrt(a + b), 2 * third, df=df, null=0.0, confidence=confidence
    )


def _ordinal(number: int) -> str:
    suffix = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"
