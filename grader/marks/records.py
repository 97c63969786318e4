"""The data types of marks: answers with their features and marks, fitted parameters, corrections."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from grader.marks.gaussian_process import Variances
from grader.marks.score_map import ScoreMap

# An interval wider than this share of the scale is uninformative: a person should look.
_WIDE = 0.8


class AnswerFeatures(NamedTuple):
    """Features of an answer, known without marks.

    Attributes:
        fraction: of the maximum score, by the grader, 0..1.
        flags: of its grade.
        topic: highest cosine of its vector with the question's or a rubric point's, -1..1.
        share_beyond_question: share of its words that the question does not have, 0..1.
        vector: unit vector of the whole text, shape `(dim,)`.
        words: distinct words with their weights (> 0).

    """

    fraction: float
    flags: tuple[str, ...]
    topic: float
    share_beyond_question: float
    vector: NDArray[np.float32]
    words: Mapping[str, float]


class MarkedAnswer(NamedTuple):
    """An answer with the fraction that people gave it, 0..1."""

    answer_id: str
    question_id: str
    mark: float
    features: AnswerFeatures


@dataclass(frozen=True)
class FittedParameters:
    """What is fitted to marked answers; with those answers it is all that is needed to correct others.

    Attributes:
        score_map: to the people's scale.
        variances: of the Gaussian process.
        lifts: by flag, how much more people give flagged answers than their bound allows.
        half_width: of an interval, in standard deviations.
        half_width_unmarked: of an interval for questions without marked answers, as a fraction of the scale.

    """

    score_map: ScoreMap
    variances: Variances
    lifts: Mapping[str, float]
    half_width: float
    half_width_unmarked: float


class MarkedNeighbour(NamedTuple):
    """A marked answer similar to a new one: its id, the cosine of the two, and its mark as a fraction."""

    answer_id: str
    cosine: float
    mark: float


class Correction(NamedTuple):
    """A grade's fraction corrected by marks.

    Attributes:
        fraction: corrected, 0..1.
        low, high: an interval that contains people's marks in 9 of 10 cases.
        n_marked: marked answers of the question.
        nearest: the most similar marked answers, nearest first.
        bounded_by: the flag that limited the rise, if one did.

    """

    fraction: float
    low: float
    high: float
    n_marked: int
    nearest: tuple[MarkedNeighbour, ...] = ()
    bounded_by: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether the interval is so wide that a person should look."""
        return self.high - self.low > _WIDE


class LeaveOneOut(NamedTuple):
    """A marked answer, predicted from the others alone.

    Attributes:
        answer: with its mark.
        expected: predicted mark, 0..1, before any bound; `spread` is its standard deviation.
        fraction: the prediction after the bounds.

    """

    answer: MarkedAnswer
    expected: float
    spread: float
    fraction: float
