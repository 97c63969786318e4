"""An answer on its way to a grade: what was found so far, before it is put together."""

from typing import NamedTuple

from grader.schema import Answer, PointGrade, Rubric
from grader.text import NormalisedText


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

    """

    answer: Answer
    rubric: Rubric | None
    text: NormalisedText
    points: tuple[PointGrade, ...] = ()
    flags: tuple[str, ...] = ()
    ungraded_reason: str | None = None
    share: float = 1.0
    feedback: str = ""
