"""A grade in the making: what is known of an answer before its score is computed."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from grader.schema import Answer, PointGrade, Rubric
from grader.text import NormalisedText


class AnswerProfile(NamedTuple):
    """Features of an answer's whole text.

    Attributes:
        topic: highest cosine of its vector with that of the question or of a wording of a point, -1..1.
        share_beyond_question: share of its words that the question does not have, 0..1.
        vector: unit vector of the whole text, shape `(dim,)`.
        words: distinct words with their weights (> 0).

    """

    topic: float
    share_beyond_question: float
    vector: NDArray[np.float32]
    words: Mapping[str, float]


class Draft(NamedTuple):
    """What is known of one answer.

    Attributes:
        answer, text: as written, and normalised.
        rubric: of its question, `None` for an unknown one.
        points: what each point earned so far.
        flags: what was found about the answer as a whole.
        ungraded_reason: why it has no score, if it has none.
        share: of its credits that it keeps for how it is written, 0..1.
        feedback: for the candidate; blank where the plain one will do.
        about: features of the whole text; `None` where no model was used.

    """

    answer: Answer
    rubric: Rubric | None
    text: NormalisedText
    points: tuple[PointGrade, ...] = ()
    flags: tuple[str, ...] = ()
    ungraded_reason: str | None = None
    share: float = 1.0
    feedback: str = ""
    about: AnswerProfile | None = None
