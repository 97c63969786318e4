"""Rater effects: how far a rater differs from colleagues, with an interval and a p-value."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from grader.statistics import Codes, Estimate, Floats, Mask, student_t_quantile, student_t_tail, varies

# A colleague with a smaller p-value is not used as a reference for others.
_NOT_A_REFERENCE = 0.01


class Effect(NamedTuple):
    """How far a rater differs from colleagues in one respect.

    Attributes:
        estimate: the number with its interval; `n` are the answers behind it.
        p_value: two-sided, of no difference; `None` where it cannot be tested.
    """

    estimate: Estimate
    p_value: float | None


def unknown(n: int, reason: str) -> Effect:
    """Return an effect that is undefined, and why."""
    return Effect(Estimate(None, None, None, n, f"undefined: {reason}"), None)


def t_effect(
    value: float, error: float, n: int, *, df: float, null: float, confidence: float, low: float = -math.inf
) -> Effect:
    """Return value -+ t SE and the two-sided p-value of `null`, from Student's t with `df` degrees of freedom.

    Args:
        value: the estimate.
        error: its standard error, 0 or more.
        n: how many answers it rests on.
        df: degrees of freedom, above 0.
        null: the value of no effect.
        confidence: between 0 and 1.
        low: lower bound of the number.

    Undefined: never; with a standard error of 0 the p-value is 0, or 1 when the value is `null`.
    Raises: ValueError when `confidence` is not between 0 and 1 or `df` not above 0.
    Source: the definition.
    Checked against: a paired t-test.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1, got {confidence}")
    reach = student_t_quantile((1 + confidence) / 2, df) * error
    distance = abs(value - null)
    p_value = 2 * float(student_t_tail(distance / error, df)) if error > 0 else float(distance == 0)
    return Effect(Estimate(value, max(low, value - reach), value + reach, n), p_value)


def ratio_effect(value: float, log_error: float, n: int, *, confidence: float) -> Effect:
    """Return a ratio with the interval value e^(-+ t SE) and the p-value of 1, with n - 1 degrees of freedom.

    Args:
        value: the ratio, above 0.
        log_error: standard error of its logarithm.
        n: how many answers it rests on, 2 or more.
        confidence: between 0 and 1.

    Undefined: never.
    Raises: ValueError when `confidence` is not between 0 and 1 or `n` below 2.
    Source: the definition.
    Checked against: error rates in simulated teams (docs/calibration.md).
    """
    on_log, p_value = t_effect(math.log(value), log_error, n, df=n - 1, null=0.0, confidence=confidence)
    # More than e^300 would overflow.
    reach = min(on_log.high - on_log.value, 300.0) if on_log.high is not None and on_log.value is not None else 0.0
    return Effect(Estimate(value, value * math.exp(-reach), value * math.exp(reach), n), p_value)


def slope(x: Floats, y: Floats, *, confidence: float) -> Effect:
    """Return the least-squares slope of y on x with its interval and the p-value of 0.

    sum (x - mean x)(y - mean y) / sum (x - mean x)^2; SE^2 = sum e^2 / (n - 2) / sum (x - mean x)^2; Student's t with
    n - 2 degrees of freedom.

    Args:
        x: shape `(n,)`.
        y: shape `(n,)`; its errors are taken to be equally large everywhere.
        confidence: between 0 and 1.

    Undefined: `None` with fewer than three pairs or when x does not vary.
    Raises: ValueError when `confidence` is not between 0 and 1.
    Source: the definition.
    Checked against: a case derived by hand.
    """
    n = x.size
    if n < 3:
        return unknown(n, "fewer than three ratings to compare")
    if not varies(x):
        return unknown(n, "nothing varies")
    x, y = x - x.mean(), y - y.mean()
    squares = float(x @ x)
    value = float(x @ y) / squares
    error = math.sqrt(float(np.sum((y - value * x) ** 2)) / (n - 2) / squares)
    return t_effect(value, error, n, df=n - 2, null=0.0, confidence=confidence)


def against_steady(
    measure: Callable[[Mask], tuple[Effect, ...]], counted: Mask, components: Codes
) -> tuple[Effect, ...]:
    """Return effects against the colleagues who do not stand out themselves, as `steady_colleagues` finds them.

    Args:
        measure: takes who counts as a colleague, shape `(n_raters,)`, and returns the effect of every rater.
        counted: who counts at first.
        components: shape `(n_raters,)`, the group of linked raters of each.

    Undefined: as `measure`.
    Source: as `steady_colleagues`.
    Checked against: error rates in simulated teams (docs/calibration.md).
    """

    def numbers(who: Mask) -> tuple[Floats, Floats]:
        effects = measure(who)
        pairs = [(effect.estimate.value, effect.p_value) for effect in effects]
        values, p_values = np.array(pairs, dtype=float).reshape(-1, 2).T
        return values, p_values

    return measure(steady_colleagues(numbers, counted, components))


def steady_colleagues(measure: Callable[[Mask], tuple[Floats, Floats]], counted: Mask, components: Codes) -> Mask:
    """Return which raters serve as a reference for others, because they do not stand out themselves.

    One very strict rater puts everybody else above the mean of the panel, although they are not lenient. As long as a
    component has three or more counted raters and some of them have p < .01, the one of these furthest from 0 is no
    longer counted.

    Args:
        measure: takes who counts as a colleague and returns how far every rater is from 0, and the p-value of that,
            each of shape `(n_raters,)` with NaN where undefined.
        counted: shape `(n_raters,)`, who counts at first.
        components: same shape, the group of linked raters of each.

    Undefined: never.
    Source: purification of the reference set as for differential item functioning, Holland & Thayer (1988), in
        Wainer & Braun (eds.), "Test Validity", 129-145.
    Checked against: a case derived by hand, and error rates in simulated teams (docs/calibration.md).
    """
    counted = counted.copy()
    while True:
        values, p_values = measure(counted)
        sizes = np.bincount(components[counted], minlength=int(components.max(initial=0)) + 1)
        suspects = np.flatnonzero(counted & (p_values < _NOT_A_REFERENCE) & (sizes[components] > 2))
        if not suspects.size:
            return counted
        counted[suspects[np.argmax(np.abs(values[suspects]))]] = False
