"""How sure a credit is: the chance that a person would call a point stated, and what follows for the whole answer.

Pure arithmetic on coverages, credits and labels; nothing here decides a credit.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from grader.schema import PointGrade

Floats = NDArray[np.float64]

# Steps of the curve of agreement against the share of answers sent to people.
REVIEW_SHARES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)


@dataclass(frozen=True)
class Calibration:
    """From coverage to the probability that a person would call the point stated: `1 / (1 + exp(-(a + b * coverage)))`.

    Attributes:
        name: what the signature calls it.
        intercept, slope: `a` and `b`.
        provenance: what they were fitted on.

    """

    name: str
    intercept: float
    slope: float
    provenance: str

    def stated(self, coverage: float) -> float:
        """Probability in 0..1 for a coverage in 0..1."""
        return 1 / (1 + exp(-(self.intercept + self.slope * coverage)))


# Fitted in November 2026 with the packaged encoder and the default settings, each source with the same weight; fitted
# anew by tests/benchmarks/calibrate.py on four of them it is -2.04 and 3.42 (docs/accuracy.md).
STATED = Calibration(
    name="stated.1",
    intercept=-2.08,
    slope=3.42,
    provenance="5,246 facts in summaries, 267 marked points of physics answers, and right or wrong of 600 reading and "
    "mathematics answers and of 1,300 school-science answers (SemEval-2013 task 7); calibration error of left-out "
    "sources .06 to .21",
)


class WeightedConfidence(NamedTuple):
    """One judged point: its weight (of either sign) and how sure its credit is, 0..1."""

    weight: float
    confidence: float


def point_confidence(stated: float, credit: float) -> float:
    """The chance that a person would be on the same side as the credit: stated from a half on, else not stated.

    Args:
        stated: probability that the point is stated, 0..1.
        credit: what the point earned, 0..1.

    """
    return stated if credit >= 0.5 else 1 - stated


def answer_confidence(points: Sequence[WeightedConfidence]) -> float | None:
    """Mean confidence of the judged points, by the size of their weights, 0..1.

    **Undefined:** `None` without points.
    """
    total = sum(abs(point.weight) for point in points)
    if total == 0:
        return None
    return sum(abs(point.weight) * point.confidence for point in points) / total


class Bin(NamedTuple):
    """One bar of a reliability diagram: predictions from `low` to `high`, their mean, and the share that was true."""

    low: float
    high: float
    n: int
    predicted: float
    observed: float


def reliability_bins(predicted: Floats, observed: Floats, *, n_bins: int = 10) -> list[Bin]:
    """The bars of a reliability diagram, empty ones left out.

    Args:
        predicted: probabilities, shape `(n,)`.
        observed: what happened, 0..1, shape `(n,)`.
        n_bins: bars of equal width.

    Raises:
        ValueError: when the lengths differ.

    Source: DeGroot & Fienberg (1983).

    """
    if len(predicted) != len(observed):
        raise ValueError(f"{len(predicted)} predictions for {len(observed)} observations")
    which = np.minimum((np.asarray(predicted) * n_bins).astype(int), n_bins - 1)
    bins = []
    for number in range(n_bins):
        chosen = which == number
        if chosen.any():
            means = float(np.mean(predicted[chosen])), float(np.mean(observed[chosen]))
            bins.append(Bin(number / n_bins, (number + 1) / n_bins, int(chosen.sum()), *means))
    return bins


def expected_calibration_error(bins: Sequence[Bin]) -> float | None:
    """Mean distance between what was predicted and what happened, by the number in each bin, 0 (best) to 1.

    **Undefined:** `None` without bins.

    Source: Naeini, Cooper & Hauskrecht (2015).
    """
    n = sum(bar.n for bar in bins)
    return sum(bar.n * abs(bar.predicted - bar.observed) for bar in bins) / n if n else None


def kept_after_review(confidence: Floats, share: float) -> NDArray[np.int64]:
    """Indices of the answers that stay with the grader when the least sure share goes to people, in their order.

    Ties are broken by position, so that the same answers are always sent.

    Source: the risk-coverage curve of El-Yaniv & Wiener (2010).
    """
    n_sent = round(share * len(confidence))
    order = np.argsort(confidence, kind="stable")
    return np.sort(order[n_sent:])


def stated_probabilities(points: Iterable[PointGrade]) -> dict[str, float | None]:
    """The chance that a person would find each point stated, 0..1, by point id; `None` where it was not judged.

    It is what a point's confidence says, read back: turning a confidence over twice gives the chance again.
    """
    return {
        point.point_id: None
        if point.confidence is None or point.credit is None
        else point_confidence(point.confidence, point.credit)
        for point in points
    }
