"""One hint: a point that was missed, with the letters of its words hidden but for the first."""

import re

from grader.practice.exercises import Exercise
from grader.practice.progress import points_missed
from grader.schema import Grade
from grader.text import STOP_WORDS

_WORD = re.compile(r"[^\W\d_](?:[\w'’-]*[^\W_])?")


def hint(exercise: Exercise, grade: Grade) -> str | None:
    """A hint at the heaviest point that an answer missed; `None` when it missed none.

    What was said wrongly comes first, for it is in the way of the rest. Words that question or answer have, too, and
    those that every text has are shown; of the others the first letter and how long they are.
    """
    missed = points_missed(exercise.rubric, grade)
    wrong = [point for point in missed if point.status == "contradicted" or point.weight < 0]
    if wrong and wrong[0].evidence is not None:
        return f"this is not right, think again: “{wrong[0].evidence.text}”"
    if not missed:
        return None
    known = {word.casefold() for text in (exercise.question, grade.answer) for word in _WORD.findall(text)}

    def shown(found: re.Match[str]) -> str:
        word = found[0]
        return word if word.casefold() in known | STOP_WORDS else word[0] + "_" * (len(word) - 1)

    return f"still missing: {_WORD.sub(shown, missed[0].text)}"
