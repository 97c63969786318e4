"""An answer on its way to a grade: what was found so far, before it is put together."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from grader.schema import Answer, PointGrade, Rubric
from grader.text import NormalisedText


class AnswerProfile(NamedTuple):
    """What an answer says as a whole.

    Attributes:
        topic: highest cosine of its vector with that of the question or of a wording of a point, -1..1.
        own: share of its words that the question does not have, 0..1.
        vector: unit vector of the whole text, shape `(dim,)`.
        words: distinct words, with how much each tells (> 0).

    """

    topic: float
    own: float
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
        about: what it says as a whole; `None` where no model looked at it.

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
