"""How far confidence can be trusted: agreement after review, and predicted chances against what people decided.

Pure arithmetic on numbers of a labelled set; nothing here grades, and nothing here decides who looks at an answer.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from grader.grading import (
    SHARES_SENT,
    chances,
    expected_calibration_error,
    fraction,
    kept_after_review,
    reliability_bins,
)
from grader.schema import Grade, Rubric
from grader.statistics import Estimate, auc, pearson_r, wilson_interval

Floats = NDArray[np.float64]
Interval = Callable[[Callable[[NDArray[np.int64]], float], NDArray[np.str_]], Estimate]


class ReviewStep(NamedTuple):
    """Agreement of the answers that stay with the grader when a share of all, the least sure, goes to people."""

    share_sent: float
    kept: Estimate


@dataclass(frozen=True)
class ReviewCurve:
    """Agreement of the kept answers against the share that is sent to people.

    Attributes:
        statistic: `auc` where people said only right or wrong, otherwise `pearson`.
        steps: at the shares of `SHARES_SENT`, ascending, beginning with none sent.

    """

    statistic: str
    steps: tuple[ReviewStep, ...]

    @property
    def random(self) -> float | None:
        """What sending any share at random leaves on average: agreement as it is when none is sent."""
        return self.steps[0].kept.value

    def as_dict(self) -> dict[str, Any]:
        """One JSON object, as docs/formats.md has it."""
        steps = [{"share_sent": step.share_sent, **step.kept.as_dict()} for step in self.steps]
        return {"statistic": self.statistic, "random": self.random, "steps": steps}


def review_curve(
    human: Floats, system: Floats, confidence: Floats, questions: NDArray[np.str_], *, interval: Interval
) -> ReviewCurve:
    """Agreement of what is kept when the least sure answers go to people, with its interval at each step.

    Args:
        human, system: fractions, 0..1, shape `(n_answers,)`.
        confidence: of each answer's grade, 0..1, shape `(n_answers,)`.
        questions: each answer's question, shape `(n_answers,)`.
        interval: from a statistic of row numbers and the groups of the rows to an estimate.

    Source: the risk-coverage curve of El-Yaniv & Wiener (2010), with agreement instead of risk.

    """
    right_or_wrong = bool(np.isin(human, (0, 1)).all())
    statistic = auc if right_or_wrong else pearson_r
    steps = []
    for share in SHARES_SENT:
        kept = kept_after_review(confidence, share)
        pair = partial(_of_rows, statistic, human[kept], system[kept])
        steps.append(ReviewStep(share, interval(pair, questions[kept])))
    return ReviewCurve("auc" if right_or_wrong else "pearson", tuple(steps))


def _of_rows(
    statistic: Callable[[Floats, Floats], float], human: Floats, system: Floats, index: NDArray[np.int64]
) -> float:
    return statistic(human[index], system[index])


class Bar(NamedTuple):
    """Predictions from `low` to `high`: their mean, and the share that people found true with its Wilson interval."""

    low: float
    high: float
    predicted: float
    observed: Estimate


@dataclass(frozen=True)
class ReliabilityDiagram:
    """A reliability diagram: bars of predictions, empty ones left out, and the mean distance of the two (ECE)."""

    n: int
    error: float | None
    bars: tuple[Bar, ...]

    def as_dict(self) -> dict[str, Any]:
        """One JSON object, as docs/formats.md has it."""
        bins = [
            {
                "low": bar.low,
                "high": bar.high,
                "n": bar.observed.n,
                "predicted": bar.predicted,
                "observed": bar.observed.value,
                "observed_low": bar.observed.low,
                "observed_high": bar.observed.high,
            }
            for bar in self.bars
        ]
        return {"n": self.n, "ece": self.error, "bins": bins}


def reliability_diagram(predicted: Sequence[float], true: Sequence[bool]) -> ReliabilityDiagram:
    """Predicted chances beside what people decided, in ten bars.

    Wilson's intervals take each decision for independent; those on answers to one question are not quite.

    Args:
        predicted: chances, 0..1, shape `(n,)`.
        true: what people decided, shape `(n,)`.

    Raises:
        ValueError: when the lengths differ.

    """
    bins = reliability_bins(np.array(predicted, dtype=float), np.array(true, dtype=float))
    bars = [Bar(b.low, b.high, b.predicted, wilson_interval(round(b.observed * b.n), b.n)) for b in bins]
    return ReliabilityDiagram(len(predicted), expected_calibration_error(bins), tuple(bars))


def chance_of_right(grade: Grade, rubric: Rubric) -> float | None:
    """The chance that a person would call the answer right, 0..1: the fraction that its points' chances would earn.

    **Undefined:** `None` when no wanted point was judged.
    """
    return fraction(rubric, chances(grade.points))
