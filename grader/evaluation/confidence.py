"""How far confidence can be trusted: agreement after review, and predicted chances against people's decisions.

Arithmetic on a graded set: nothing here grades or decides which answers are reviewed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from grader.evaluation.agreement import CORRECT_AT, Floats, Interval, is_dichotomous
from grader.evaluation.labelled_grading import GradedAnswer
from grader.grading import (
    REVIEW_SHARES,
    expected_calibration_error,
    fraction,
    kept_after_review,
    reliability_bins,
    stated_probabilities,
)
from grader.schema import Grade, Rubric
from grader.statistics import Estimate, auc, pearson_r, wilson_interval


class ReviewStep(NamedTuple):
    """Agreement of the answers that stay with the grader when the least confident share goes to people."""

    share_sent: float
    kept: Estimate


@dataclass(frozen=True)
class ReviewCurve:
    """Agreement of the kept answers by the share that is sent to people.

    Attributes:
        statistic: `auc` where people said only right or wrong, otherwise `pearson`.
        steps: at the shares of `REVIEW_SHARES`, ascending, beginning with none sent.

    """

    statistic: str
    steps: tuple[ReviewStep, ...]

    @property
    def random(self) -> float | None:
        """Expected agreement when answers are sent at random: that of all answers."""
        return self.steps[0].kept.value

    def as_dict(self) -> dict[str, Any]:
        """One JSON object, as docs/formats.md has it."""
        steps = [{"share_sent": step.share_sent, **step.kept.as_dict()} for step in self.steps]
        return {"statistic": self.statistic, "random": self.random, "steps": steps}


def review_curve(
    human: Floats, system: Floats, confidence: Floats, questions: NDArray[np.str_], *, interval: Interval
) -> ReviewCurve:
    """Agreement of the kept answers when the least confident ones go to people, with its interval at each step.

    Args:
        human, system: fractions, 0..1, shape `(n_answers,)`.
        confidence: of each answer's grade, 0..1, shape `(n_answers,)`.
        questions: each answer's question, shape `(n_answers,)`.
        interval: bootstrap over questions, see `Interval`.

    Source: the risk-coverage curve of El-Yaniv & Wiener (2010), with agreement instead of risk.

    """
    right_or_wrong = bool(np.isin(human, (0, 1)).all())
    statistic = auc if right_or_wrong else pearson_r
    steps = []
    for share in REVIEW_SHARES:
        kept = kept_after_review(confidence, share)
        pair = partial(_on_rows, statistic, human[kept], system[kept])
        steps.append(ReviewStep(share, interval(pair, questions[kept])))
    return ReviewCurve("auc" if right_or_wrong else "pearson", tuple(steps))


def _on_rows(
    statistic: Callable[[Floats, Floats], float], human: Floats, system: Floats, index: NDArray[np.int64]
) -> float:
    return statistic(human[index], system[index])


class ReliabilityBin(NamedTuple):
    """Predictions from `low` to `high`: their mean, and the share that people found true, with Wilson's interval."""

    low: float
    high: float
    predicted: float
    observed: Estimate


@dataclass(frozen=True)
class ReliabilityDiagram:
    """Predicted chances in bins, empty ones left out, with the expected calibration error."""

    n: int
    error: float | None
    bins: tuple[ReliabilityBin, ...]

    def as_dict(self) -> dict[str, Any]:
        """One JSON object, as docs/formats.md has it."""
        bins = [
            {
                "low": bin_.low,
                "high": bin_.high,
                "n": bin_.observed.n,
                "predicted": bin_.predicted,
                "observed": bin_.observed.value,
                "observed_low": bin_.observed.low,
                "observed_high": bin_.observed.high,
            }
            for bin_ in self.bins
        ]
        return {"n": self.n, "ece": self.error, "bins": bins}


def reliability_diagram(predicted: Sequence[float], true: Sequence[bool]) -> ReliabilityDiagram:
    """Predicted chances against people's decisions, in ten bins.

    Wilson's intervals treat decisions as independent, which decisions on one question are not quite.

    Args:
        predicted: chances, 0..1, shape `(n,)`.
        true: what people decided, shape `(n,)`.

    Raises:
        ValueError: when the lengths differ.

    """
    bins = reliability_bins(np.array(predicted, dtype=float), np.array(true, dtype=float))
    shown = [ReliabilityBin(b.low, b.high, b.predicted, wilson_interval(round(b.observed * b.n), b.n)) for b in bins]
    return ReliabilityDiagram(len(predicted), expected_calibration_error(bins), tuple(shown))


def chance_correct(grade: Grade, rubric: Rubric) -> float | None:
    """The chance that a person would call the answer correct, 0..1: the score fraction of its points' chances.

    **Undefined:** `None` when no wanted point was judged.
    """
    return fraction(rubric, stated_probabilities(grade.points))


# --- of a graded set ---------------------------------------------------------------------------------------


def review_curve_of(graded: Sequence[GradedAnswer], interval: Interval) -> ReviewCurve:
    """The review curve of a graded set; an answer of unknown confidence is sent to people first."""
    human = np.array([item.human for item in graded])
    system = np.array([item.grade.fraction for item in graded], dtype=float)
    confidence = np.array([item.grade.confidence or 0.0 for item in graded])
    questions = np.array([item.row.question_id for item in graded])
    return review_curve(human, system, confidence, questions, interval=interval)


def reliability_diagrams(graded: Sequence[GradedAnswer]) -> dict[str, ReliabilityDiagram]:
    """Reliability diagrams of `points` and of `answers`, each only where people decided about them."""
    stated = [
        (chance, item.row.point_labels[point_id] >= CORRECT_AT)
        for item in graded
        for point_id, chance in stated_probabilities(item.grade.points).items()
        if chance is not None and point_id in item.row.point_labels
    ]
    right = [
        (chance, item.human == 1)
        for item in (graded if is_dichotomous(graded) else ())
        if (chance := chance_correct(item.grade, item.rubric)) is not None
    ]
    found = {"points": stated, "answers": right}
    return {name: reliability_diagram(*zip(*pairs, strict=True)) for name, pairs in found.items() if pairs}
