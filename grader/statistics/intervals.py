"""Estimates: a statistic with its interval, from a formula (Wilson) or from a seeded bootstrap.

The statistics themselves are in `agreement.py` and `reliability.py`. Nothing here rounds.
"""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Indices = npt.NDArray[np.intp]

# With one or two groups a resample has at most three different compositions: no basis for an interval.
_MIN_GROUPS = 3
_SAME = 1e-12  # resampled values this near to each other differ by rounding error alone


@dataclass(frozen=True, slots=True)
class Estimate:
    """A statistic, its interval, and the number of answers behind it.

    Attributes:
        value: the statistic on all the answers; `None` when it is undefined, and then `note` says why.
        low: lower end of the interval, `None` when there is none.
        high: upper end of the interval, `None` when there is none.
        n: how many answers (or cases) the value rests on.
        note: what a reader must know about the number, if anything.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    note: str | None = None

    def __post_init__(self) -> None:
        """Refuse what a reader of the JSON could not use.

        Raises:
            ValueError: a number is NaN or infinite, or an undefined value has no note.
        """
        for name in ("value", "low", "high"):
            number = getattr(self, name)
            if number is not None and not math.isfinite(number):
                raise ValueError(f"{name} must be a finite number or None, got {number}")
        if self.value is None and not self.note:
            raise ValueError("note: an undefined value needs a note that says why")

    def as_dict(self) -> dict[str, float | int | str | None]:
        """Return `value`, `low`, `high` and `n`, and `note` if there is one, ready for JSON."""
        fields: dict[str, float | int | str | None] = asdict(self)
        if self.note is None:
            del fields["note"]
        return fields


def wilson_interval(successes: int, n: int, *, confidence: float = 0.95) -> Estimate:
    """Return a share with Wilson's score interval, which holds for few cases and for shares near 0 and 1.

    (p + z^2 / 2n -+ z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n), with p = successes / n and z the
    normal quantile of (1 + confidence) / 2.

    Args:
        successes: how many of the cases, 0..n.
        n: how many independent cases.
        confidence: between 0 and 1.

    Undefined: value and interval are `None` when `n` is 0; the interval alone is when `n` is 1.
    Raises: ValueError when `successes` is not in 0..n or `confidence` not between 0 and 1.
    Source: Wilson (1927), Journal of the American Statistical Association 22, 209-212.
    Checked against: 8 of 10, whose interval is [.4902, .9433].
    """
    _check_confidence(confidence)
    if not 0 <= successes <= n:
        raise ValueError(f"successes must be in 0..{n}, got {successes}")
    if n == 0:
        return Estimate(None, None, None, 0, "undefined: no cases")
    p = successes / n
    if n == 1:
        return Estimate(p, None, None, 1, "no interval: one case alone")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    centre = p + z**2 / (2 * n)
    half_width = z * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    denominator = 1 + z**2 / n
    # In exact arithmetic 0 <= low <= p <= high <= 1; rounding error can break that at p = 0 and p = 1.
    low = min(p, max(0.0, (centre - half_width) / denominator))
    high = max(p, min(1.0, (centre + half_width) / denominator))
    return Estimate(p, low, high, n)


def cluster_bootstrap(
    statistic: Callable[[Indices], float],
    groups: npt.ArrayLike,
    *,
    n_resamples: int = 1000,
    confidence: float = 0.95,
    seed: int = 12345,
) -> Estimate:
    """Return a statistic with a percentile interval from resampling whole groups (questions) of answers.

    Answers to one question are similar, so resampling single answers would give too narrow an interval. Each resample
    draws as many groups as there are, with replacement, and takes all their answers. The interval is the
    middle `confidence` of the resampled values. Equal `groups` and `seed` give equal resamples, whatever the
    statistic. With fewer than three groups the answers are resampled one by one, and the note says so.

    Args:
        statistic: takes row numbers of answers (a drawn group's rows as often as it was drawn), returns a
            number, or NaN where it is undefined.
        groups: shape `(n_answers,)`, the group's label (text or number) of each answer.
        n_resamples: 1 or more. Those where the statistic is undefined are left out, and the note counts them.
        confidence: between 0 and 1.
        seed: of the random generator.

    Undefined: value and interval are `None` when the statistic is undefined on all the answers; the interval
    alone is `None` when there is one answer, or when the statistic is undefined or the same on every resample.
    Raises: ValueError when `groups` is not one-dimensional, or `n_resamples` or `confidence` is out of range.
    Source: Davison & Hinkley (1997), "Bootstrap Methods and their Application", section 3.8; Field & Welsh
        (2007), Journal of the Royal Statistical Society B 69, 369-390.
    Checked against: the standard error sqrt(p (1 - p) / n) of a share and its inflation by whole groups.
    """
    _check_confidence(confidence)
    if n_resamples < 1:
        raise ValueError(f"n_resamples must be 1 or more, got {n_resamples}")
    labels = np.asarray(groups)
    if labels.ndim != 1:
        raise ValueError(f"groups must have shape (n_answers,), got shape {labels.shape}")
    n = labels.size
    if n == 0:
        return Estimate(None, None, None, 0, "undefined: no answers")
    value = float(statistic(np.arange(n)))
    if not math.isfinite(value):
        return Estimate(None, None, None, n, "undefined: too few answers, or no variation in them")
    if n == 1:
        return Estimate(value, None, None, 1, "no interval: one answer alone")

    notes = []
    members = _members(labels)
    if len(members) < _MIN_GROUPS:
        notes.append(f"fewer than {_MIN_GROUPS} groups ({len(members)}): answers were resampled one by one")
        members = _members(np.arange(n))
    rng = np.random.default_rng(seed)
    draws = (rng.integers(len(members), size=len(members)) for _ in range(n_resamples))
    resampled = np.array([statistic(np.concatenate([members[g] for g in draw])) for draw in draws], dtype=float)
    defined = resampled[np.isfinite(resampled)]
    if defined.size < n_resamples:
        notes.append(f"undefined on {n_resamples - defined.size} of {n_resamples} resamples, which were left out")
    if defined.size and np.ptp(defined) <= _SAME:
        notes.append("no interval: every resample gives the same value")
    note = "; ".join(notes) or None
    if defined.size == 0 or np.ptp(defined) <= _SAME:
        return Estimate(value, None, None, n, note)
    tail = (1 - confidence) / 2
    low, high = np.quantile(defined, [tail, 1 - tail])
    return Estimate(value, float(low), float(high), n, note)


def _members(labels: npt.NDArray[np.generic]) -> list[Indices]:
    """Return the row numbers of each group."""
    _, codes, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    return np.split(np.argsort(codes, kind="stable"), np.cumsum(sizes)[:-1])


def _check_confidence(confidence: float) -> None:
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1, got {confidence}")
