"""Planning: how many raters and how much double marking a reliability or a precision needs (a decision study)."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from grader.statistics import Components, Estimate, expected_flips, raters_needed

TARGETS = (0.7, 0.8, 0.9)


class RatersNeeded(NamedTuple):
    """How many raters must be averaged for a reliability.

    Attributes:
        target: the reliability.
        raters: how many, from the value of the ICC; `None` where no number is enough, or it is undefined.
        fewest: from the upper end of its interval; `None` likewise.
        most: from the lower end; `None` likewise.
    """

    target: float
    raters: int | None
    fewest: int | None
    most: int | None


class DoubleMarking(NamedTuple):
    """How many answers must be double-marked for an interval of a stated width.

    Attributes:
        half_width: the one wanted.
        needed: answers in all; `None` where it cannot be computed.
        more: how many more than now, 0 or more; `None` likewise.
        reason: why it cannot be computed, or what it rests on.
    """

    half_width: float
    needed: int | None
    more: int | None
    reason: str


class Flips(NamedTuple):
    """How many of 100 candidates another panel of as many raters would put on the other side of the cut."""

    n_raters: int
    of_100: float | None


def raters_for(icc: Estimate, targets: Sequence[float] = TARGETS) -> tuple[RatersNeeded, ...]:
    """Return how many raters must be averaged for each reliability, by the Spearman-Brown formula.

    Args:
        icc: reliability of one rater, ICC(A,1), with its interval.
        targets: reliabilities between 0 and 1.

    Undefined: `None` where the ICC or the end of its interval is undefined or not above 0.
    Raises: ValueError on a target that is not between 0 and 1.
    Source: as `generalizability.raters_needed`.
    Checked against: the ICC(2,1) of Shrout & Fleiss, of whom 6, 10 and 23 would be needed.
    """
    return tuple(
        RatersNeeded(target, *(_raters(value, target) for value in (icc.value, icc.high, icc.low)))
        for target in targets
    )


def double_marking_for(estimate: Estimate, *, half_width: float = 0.10) -> DoubleMarking:
    """Return how many double-marked answers would give a statistic an interval of this half-width.

    n (w / w*)^2 with w the half-width on n answers now: intervals shrink with the square root of n.

    Args:
        estimate: a statistic with its interval and `n`, the double-marked answers behind it.
        half_width: w*, in the units of the statistic, above 0.

    Undefined: `None` with a reason where the statistic has no interval.
    Raises: ValueError when `half_width` is not above 0.
    Source: the definition.
    Checked against: a case derived by hand.
    """
    if not half_width > 0:
        raise ValueError(f"half_width must be above 0, got {half_width}")
    if estimate.low is None or estimate.high is None or estimate.n < 1:
        return DoubleMarking(half_width, None, None, estimate.note or "there is no interval to go by")
    now = (estimate.high - estimate.low) / 2
    # A hair less than a whole answer is rounding error.
    needed = math.ceil(estimate.n * (now / half_width) ** 2 - 1e-9)
    reason = f"half-width {now:.2f} on {estimate.n} double-marked answers"
    return DoubleMarking(half_width, needed, max(0, needed - estimate.n), reason)


def flips_at_cut(
    components: Components, *, mean: float, cut: float, n_raters: Sequence[int] = (1, 2, 3)
) -> tuple[Flips, ...]:
    """Return how many of 100 candidates would change sides of the cut with another panel, by its size.

    Args:
        components: of the variance of the scores.
        mean: mean score of the candidates.
        cut: in score points.
        n_raters: sizes of panels, each 1 or more.

    Undefined: `None` as `decision_consistency.expected_flips`.
    Source: as `decision_consistency.expected_flips`.
    Checked against: as `decision_consistency.expected_flips`.
    """
    found = ((k, expected_flips(components, mean=mean, cut=cut, n_raters=k)) for k in n_raters)
    return tuple(Flips(k, of_100 if math.isfinite(of_100) else None) for k, of_100 in found)


def _raters(reliability: float | None, target: float) -> int | None:
    if reliability is None:
        return None
    number = raters_needed(min(reliability, 1.0), target)
    return max(1, math.ceil(number - 1e-9)) if math.isfinite(number) else None
