"""Marked answers, and answers as marks see and change them: the nouns of `marks`, which does the work."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from grader.marks.gaussian_process import Variances
from grader.marks.score_map import ScoreMap

# An interval over more of the scale than this says nothing: a person should look.
WIDE = 0.8


class AnswerFeatures(NamedTuple):
    """What is known of an answer without marks.

    Attributes:
        fraction: what it earns, 0..1.
        flags: of its grade.
        topic: highest cosine of its vector with the question's or a rubric point's, -1..1.
        own: share of its words that the question does not have, 0..1.
        vector: unit vector of the whole text, shape `(dim,)`.
        words: distinct words, with how much each tells (> 0).

    """

    fraction: float
    flags: tuple[str, ...]
    topic: float
    own: float
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
    """What was learned from marked answers; with these it is all that is needed to grade others.

    Attributes:
        score_map: to the people's scale.
        variances: of the model within questions.
        lifts: by flag, how much more people give flagged answers than their bound leaves them.
        reach: standard deviations that an interval reaches to each side.
        reach_elsewhere: fractions that it reaches where no answer to the question is marked.

    """

    score_map: ScoreMap
    variances: Variances
    lifts: Mapping[str, float]
    reach: float
    reach_elsewhere: float


class MarkedNeighbour(NamedTuple):
    """A marked answer beside a new one: its id, the cosine of the two, and its mark as a fraction."""

    answer_id: str
    cosine: float
    mark: float


class Correction(NamedTuple):
    """What marks make of a grade.

    Attributes:
        fraction: with marks, 0..1.
        low, high: an interval that holds what people give in 9 of 10 cases.
        n_marked: marked answers of the question.
        nearest: the marked answers that are most like it, nearest first.
        bounded_by: the flag that kept marks from lifting it (further).

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
        return self.high - self.low > WIDE


class LeaveOneOut(NamedTuple):
    """A marked answer as the others alone would grade it.

    Attributes:
        answer: with its mark.
        expected: what the others let expect, 0..1, before any bound; `spread` is its standard deviation.
        fraction: what is left of that after the bounds.

    """

    answer: MarkedAnswer
    expected: float
    spread: float
    fraction: float
