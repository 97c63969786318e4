"""Intervals by resampling answers: draw answers with replacement, compute the statistic again, see how far it moves.

A statistic is a function of weights: how often each answer was drawn. It gets many draws at once, as a table, so that
sums over answers become one matrix product. One seed gives one sequence of draws, so two statistics of the same answers
can be compared draw by draw (paired). Use `resample` for the draws, `interval` to make an `Estimate` of them.

Own code, not `scipy.stats.bootstrap`: `scipy.stats` takes .8 s to import, and it has no statistics of weights.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from grader.statistics.distributions import normal_cdf, normal_quantile, student_t_quantile
from grader.statistics.intervals import Estimate

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]
Statistic = Callable[[Floats], Floats]
Method = Literal["t", "z", "bca", "percentile"]

SEED = 12345
N_RESAMPLES = 2000
# Above 20,000 answers fewer resamples are enough: the standard error of 400 of them is off by 3.5 %.
_DRAWS_IN_ALL = 40_000_000
_MIN_RESAMPLES = 400
# From this size on counting draw by draw is faster: the counts of one draw stay in the processor's cache.
_MANY_UNITS = 5000
# How many numbers are held at a time (16 MB).
_CHUNK = 2_000_000
_ALMOST_ONE = 0.9999
# Above this many units, whole blocks of them are left out for the acceleration of BCa.
_MAX_BLOCKS = 400


@dataclass(frozen=True, slots=True)
class Resampled:
    """A statistic and its values on resampled answers.

    Attributes:
        value: on all the answers, NaN when undefined.
        draws: on each resample, shape `(n_resamples,)`, NaN where undefined.
        left_out: with one unit (or block of units) left out, shape `(n_blocks,)`.
        n: number of answers.
        n_units: number of answers or groups that were drawn.
    """

    value: float
    draws: Floats
    left_out: Floats
    n: int
    n_units: int

    def __sub__(self, other: "Resampled") -> "Resampled":
        """Return the difference draw by draw: paired, if both come from the same answers, groups and seed.

        Raises:
            ValueError: the numbers of answers, units or draws differ.
        """
        if (self.n, self.n_units, self.draws.size) != (other.n, other.n_units, other.draws.size):
            raise ValueError("a paired difference needs two statistics of the same answers, resampled in the same way")
        return Resampled(
            self.value - other.value, self.draws - other.draws, self.left_out - other.left_out, self.n, self.n_units
        )


def resamples_for(n_answers: int) -> int:
    """Return how many resamples are affordable and enough: 2,000, above 20,000 answers fewer, never below 400.

    Returns:
        max(400, min(2000, 4e7 / n_answers)).

    Undefined: never.
    Source: Efron & Tibshirani (1993), "An Introduction to the Bootstrap", chapter 19: the relative error of a
        standard error from B resamples is about 1 / sqrt(2 B).
    Checked against: the two ends.
    """
    return max(_MIN_RESAMPLES, min(N_RESAMPLES, _DRAWS_IN_ALL // max(n_answers, 1)))


def resample(
    statistic: Statistic,
    n_answers: int,
    *,
    groups: npt.ArrayLike | None = None,
    n_resamples: int | None = None,
    seed: int = SEED,
) -> Resampled:
    """Return a statistic with its values on resampled answers, or on whole resampled groups of answers.

    Args:
        statistic: takes weights of shape `(n_draws, n_answers)`, how often each answer counts, and returns shape
            `(n_draws,)`, NaN where undefined.
        n_answers: number of answers, at least 1.
        groups: shape `(n_answers,)`, labels (questions, candidates) that are drawn as a whole; `None` draws answers.
        n_resamples: by default `resamples_for(n_answers)`.
        seed: of the random generator.

    Undefined: the value is NaN when the statistic is.
    Raises: ValueError without answers, when `n_resamples` is below 1, or when `groups` has another shape.
    Source: Efron & Tibshirani (1993), chapters 6 and 11; Davison & Hinkley (1997), section 3.8.
    Checked against: the standard error of a mean, and equality with a loop over row numbers.
    """

    def one_column(weights: Floats) -> Floats:
        return statistic(weights)[:, None]

    return resample_many(one_column, n_answers, groups=groups, n_resamples=n_resamples, seed=seed)[0]


def resample_many(
    statistics: Statistic,
    n_answers: int,
    *,
    groups: npt.ArrayLike | None = None,
    n_resamples: int | None = None,
    seed: int = SEED,
) -> list[Resampled]:
    """Return several statistics of the same draws.

    Args:
        statistics: as in `resample`, but returns shape `(n_draws, n_statistics)`.
        n_answers: number of answers.
        groups: as in `resample`.
        n_resamples: as in `resample`.
        seed: as in `resample`.

    Undefined: as `resample`, one by one.
    Raises: as `resample`.
    Source: as `resample`.
    Checked against: as `resample`.
    """
    if n_answers < 1:
        raise ValueError("there are no answers to resample")
    codes = _codes(groups, n_answers)
    n_units = n_answers if codes is None else int(codes.max(initial=-1)) + 1
    times = resamples_for(n_answers) if n_resamples is None else n_resamples
    if times < 1:
        raise ValueError(f"n_resamples must be 1 or more, got {times}")

    def on_draws(units: Iterator[Floats]) -> Floats:
        return np.concatenate([statistics(drawn if codes is None else drawn[:, codes]) for drawn in units])

    value = on_draws(iter([np.ones((1, n_units))]))
    per_chunk = max(1, _CHUNK // max(n_answers, n_units))
    draws = on_draws(_drawn(n_units, times, per_chunk, seed))
    left_out = on_draws(_left_out(n_units, per_chunk, seed)) if n_units > 1 else value[:0]
    return [
        Resampled(float(value[0, s]), draws[:, s], left_out[:, s], n_answers, n_units) for s in range(value.shape[1])
    ]


def by_rows(statistic: Callable[[Codes], float]) -> Statistic:
    """Return a statistic of row numbers as a statistic of weights, for statistics without a faster form.

    Args:
        statistic: takes row numbers, each as often as it was drawn; returns a number.

    Undefined: never.
    Source: the definition.
    Checked against: the weighted form of a mean.
    """

    def of_weights(weights: Floats) -> Floats:
        rows = np.arange(weights.shape[1])
        return np.array([statistic(np.repeat(rows, times.astype(np.intp))) for times in weights], dtype=float)

    return of_weights


def interval(
    resampled: Resampled,
    *,
    method: Method = "t",
    confidence: float = 0.95,
    bounds: tuple[float, float] = (-math.inf, math.inf),
    undefined: str = "undefined: too few answers, or no variation in them",
) -> Estimate:
    """Return a resampled statistic as an estimate with an interval.

    `t`: value -+ t s, with s the standard deviation of the draws and t the quantile of Student's t with
    n_units - 1 degrees of freedom: for means, differences and effects.
    `z`: the same on Fisher's scale atanh(value), transformed back: for correlations and coefficients of agreement,
    which end at 1. Both reach their nominal coverage at 10 answers, where the percentile interval does not.
    `bca`: percentiles of the draws, shifted for bias and for a standard error that changes with the value.
    `percentile`: the middle share `confidence` of the draws.

    Args:
        resampled: from `resample`, or the difference of two.
        method: see above.
        confidence: between 0 and 1.
        bounds: the lowest and highest possible value of the statistic; the interval is cut there.
        undefined: the note when the value is undefined.

    Undefined: value `None` with the note when it is NaN; ends `None` with fewer than two units or when all draws are
    equal, because they then say nothing about chance.
    Raises: ValueError on an unknown method or `confidence` out of range.
    Source: Efron (1987), Journal of the American Statistical Association 82, 171-185 (BCa); Efron & Tibshirani
        (1993), chapters 12-14.
    Checked against: the t interval of a mean, scipy's BCa interval, and coverage in simulations.
    """
    if method not in get_args(Method):
        raise ValueError(f"method must be one of {', '.join(get_args(Method))}, got '{method}'")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1, got {confidence}")
    if not math.isfinite(resampled.value):
        return Estimate(None, None, None, resampled.n, undefined)
    defined = resampled.draws[np.isfinite(resampled.draws)]
    notes = _notes(resampled, defined)
    if resampled.n_units < 2 or defined.size == 0 or np.ptp(defined) == 0:
        reason = "no interval: every resample gives the same value" if defined.size else "no interval"
        notes = [*notes, "no interval: one answer alone" if resampled.n_units < 2 else reason]
        return Estimate(resampled.value, None, None, resampled.n, "; ".join(notes))
    if method == "t":
        low, high = _t_ends(resampled.value, defined, resampled.n_units - 1, confidence)
    elif method == "z":
        z_value, z_draws = _fisher(np.array([resampled.value]))[0], _fisher(defined)
        low, high = (math.tanh(end) for end in _t_ends(float(z_value), z_draws, resampled.n_units - 1, confidence))
        # The value itself may be 1, or below -1 where a coefficient has no lower end.
        low, high = min(low, resampled.value), max(high, resampled.value)
    else:
        tail = (1 - confidence) / 2
        shares = _bca_shares(resampled, defined, confidence) if method == "bca" else (tail, tail)
        low, high = (float(q) for q in np.quantile(defined, [shares[0], 1 - shares[1]]))
    low, high = max(low, bounds[0]), min(high, bounds[1])
    return Estimate(resampled.value, low, high, resampled.n, "; ".join(notes) or None)


def change_between(
    later: Resampled,
    earlier: Resampled,
    *,
    confidence: float = 0.95,
    undefined: str = "undefined: one of the two is undefined",
) -> Estimate:
    """Return how a statistic changed between two samples without a common answer.

    later - earlier -+ t sqrt(s_1^2 + s_2^2), with s the standard deviations of the draws and the degrees of freedom of
    Welch, (s_1^2 + s_2^2)^2 / (s_1^4 / (n_1 - 1) + s_2^4 / (n_2 - 1)) for n units. For two statistics of the same
    answers take their difference (`later - earlier`) and `bootstrap.interval`, which is narrower.

    Args:
        later: from `bootstrap.resample`.
        earlier: from `bootstrap.resample`, of other answers.
        confidence: between 0 and 1.
        undefined: the note when one of the two is.

    Undefined: value `None` with the note when one is NaN; ends `None` when nothing varies in either.
    Raises: ValueError when `confidence` is not between 0 and 1.
    Source: Welch (1947), Biometrika 34, 28-35; Efron & Tibshirani (1993), chapter 8 (two samples).
    Checked against: Welch's t interval of two means, and coverage in simulations.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1, got {confidence}")
    value, n = later.value - earlier.value, later.n + earlier.n
    if not math.isfinite(value):
        return Estimate(None, None, None, n, undefined)
    squares = [_squared_error(each) for each in (later, earlier)]
    if not sum(squares) > 0 or min(later.n_units, earlier.n_units) < 2:
        return Estimate(value, None, None, n, "no interval: nothing varies, or one answer alone")
    parts = [s**2 / (each.n_units - 1) for s, each in zip(squares, (later, earlier), strict=True)]
    half_width = student_t_quantile((1 + confidence) / 2, sum(squares) ** 2 / sum(parts)) * math.sqrt(sum(squares))
    return Estimate(value, value - half_width, value + half_width, n)


def _codes(groups: npt.ArrayLike | None, n_answers: int) -> Codes | None:
    """Return the number of each answer's group."""
    if groups is None:
        return None
    labels = np.asarray(groups)
    if labels.shape != (n_answers,):
        raise ValueError(f"groups has shape {labels.shape} but there are {n_answers} answers: give one label each")
    return np.unique(labels, return_inverse=True)[1]


def _drawn(n_units: int, times: int, per_chunk: int, seed: int) -> Iterator[Floats]:
    """Yield how often each unit was drawn, some draws at a time."""
    rng = np.random.default_rng(seed)
    for start in range(0, times, per_chunk):
        n_draws = min(per_chunk, times - start)
        units = rng.integers(n_units, size=(n_draws, n_units))
        if n_units < _MANY_UNITS:
            cells = (units + n_units * np.arange(n_draws)[:, None]).ravel()
            yield np.bincount(cells, minlength=n_draws * n_units).reshape(n_draws, n_units).astype(float)
        else:
            yield np.array([np.bincount(drawn, minlength=n_units) for drawn in units], dtype=float)


def _left_out(n_units: int, per_chunk: int, seed: int) -> Iterator[Floats]:
    """Yield weights that leave out one unit at a time, or one of at most 400 random blocks of equal size."""
    n_blocks = min(n_units, _MAX_BLOCKS)
    block = np.random.default_rng(seed).permutation(n_units) % n_blocks
    for start in range(0, n_blocks, per_chunk):
        out = np.arange(start, min(start + per_chunk, n_blocks))
        yield (block != out[:, None]).astype(float)


def _notes(resampled: Resampled, defined: Floats) -> list[str]:
    notes = []
    n_draws = resampled.draws.size
    if n_draws < N_RESAMPLES and n_draws == resamples_for(resampled.n):
        notes.append(f"{n_draws} resamples, because there are many answers")
    if defined.size < n_draws:
        notes.append(f"undefined on {n_draws - defined.size} of {n_draws} resamples, which were left out")
    return notes


def _t_ends(value: float, draws: Floats, df: int, confidence: float) -> tuple[float, float]:
    half_width = student_t_quantile((1 + confidence) / 2, df) * float(draws.std(ddof=1))
    return value - half_width, value + half_width


def _fisher(coefficients: Floats) -> Floats:
    """Return atanh of the coefficients, clipped to -.9999 to .9999 because atanh is infinite at 1."""
    return np.arctanh(np.clip(coefficients, -_ALMOST_ONE, _ALMOST_ONE))


def _bca_shares(resampled: Resampled, defined: Floats, confidence: float) -> tuple[float, float]:
    """Return the shares of the draws to cut off below and above."""
    n_below = np.count_nonzero(defined < resampled.value) + np.count_nonzero(defined == resampled.value) / 2
    # Never 0 or 1, whose quantiles are infinite, even when all draws lie on one side.
    bias = normal_quantile(float(np.clip(n_below / defined.size, 0.5 / defined.size, 1 - 0.5 / defined.size)))
    left = resampled.left_out[np.isfinite(resampled.left_out)]
    deviations = left.mean() - left if left.size else np.zeros(1)
    spread = float(np.sum(deviations**2)) ** 1.5
    acceleration = float(np.sum(deviations**3)) / (6 * spread) if spread > 0 else 0.0
    z = normal_quantile((1 + confidence) / 2)
    low, high = (normal_cdf(bias + (bias + side) / max(1 - acceleration * (bias + side), 1e-9)) for side in (-z, z))
    return low, 1 - high


def _squared_error(resampled: Resampled) -> float:
    defined = resampled.draws[np.isfinite(resampled.draws)]
    return float(defined.var(ddof=1)) if defined.size > 1 else 0.0
