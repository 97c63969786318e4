"""What people's marks changed in a grade, as sentences for terminal and page."""

from typing import NamedTuple

from grader.flags import in_words
from grader.phrases import count, number
from grader.schema import Grade


class MarksSaid(NamedTuple):
    """A sentence or two about what marks changed, and the marked answers that are most like this one."""

    changed: str
    nearest: tuple["NearSaid", ...]


class NearSaid(NamedTuple):
    """A marked answer: its id, what people gave it and how alike the two are in words, and how it begins."""

    answer_id: str
    given: str
    text: str


def marks_said(grade: Grade) -> MarksSaid | None:
    """What marks changed in a grade, in words; `None` where none were used or there is no score."""
    marks = grade.marks
    if marks is None or grade.score is None:
        return None
    scale = 1.0 if grade.max_score is None else grade.max_score

    def points(fraction: float) -> str:
        return number(fraction * scale, scale)

    source = f"{count(marks.n_marked, 'marked answer')} to this question" if marks.n_marked else "marks of others"
    changed = (
        f"By {source} {number(grade.score, scale)} instead of {points(marks.before)}; "
        f"people give {points(marks.low)} to {points(marks.high)} in 9 of 10 such cases."
    )
    if marks.held_by is not None:
        changed += f" Held back: {in_words(marks.held_by)}."
    return MarksSaid(
        changed,
        tuple(
            NearSaid(near.answer_id, f"{points(near.mark)} of {number(scale)}, likeness {near.likeness:.2f}", near.text)
            for near in marks.nearest
        ),
    )
