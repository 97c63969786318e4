"""The sentence that carries the verdict is shown, though other words lead elsewhere."""

from collections.abc import Sequence

import pytest

from grader.grading.grader import Grader
from grader.reader.reader import Reading, Task
from grader.schema import Answer, Grade, Rubric
from grader.settings import Settings

QUESTION = "What happens in a hot summer on the lake?"
POINT = "Evaporation lowers the level of the lake."
RIGHT = "Part of it turns to vapour, so the shore grows wider."
WRONG = "Rain makes up for all of it, so the surface ends up higher."
BESIDE = "Bathers, anglers and hikers come from far away. The village has two camp sites."


class FixedReader:
    """Reads by a table: what a text that holds a phrase means for any point."""

    name, revision = "fixed", "1"

    def __init__(self, **phrases: tuple[float, float]) -> None:
        self.phrases = phrases
        self.seen: list[str] = []

    def read(self, tasks: Sequence[Task]) -> list[list[Reading]]:
        self.seen += [task.answer for task in tasks]
        return [[self._reading(task.answer)] * len(task.points) for task in tasks]

    def _reading(self, text: str) -> Reading:
        found = [Reading(*values) for phrase, values in self.phrases.items() if phrase in text]
        return max(found, default=Reading(-8, -8), key=lambda reading: max(reading))


def graded(answer: str, reader: FixedReader) -> Grade:
    rubric = Rubric.model_validate({"question_id": "q", "question": QUESTION, "points": [{"id": "p", "text": POINT}]})
    grader = Grader([rubric], reader=reader, settings=Settings(verifier=False))
    return grader.grade(Answer(answer_id="a", question_id="q", answer=answer))


@pytest.mark.parametrize("answer", [f"{BESIDE} {RIGHT}", f"{RIGHT} {BESIDE}"])
def test_the_sentence_that_states_it_is_shown(answer: str) -> None:
    [point] = graded(answer, FixedReader(vapour=(8, -8))).points
    assert point.status == "partial" and point.decided_by == "reader"
    assert point.evidence is not None and point.evidence.text == RIGHT
    assert answer[point.evidence.start : point.evidence.end] == RIGHT


def test_the_sentence_that_contradicts_it_is_shown() -> None:
    [point] = graded(f"{BESIDE} {WRONG}", FixedReader(higher=(-8, 8))).points
    assert point.status == "contradicted" and point.credit == 0
    assert point.evidence is not None and point.evidence.text == WRONG


def test_what_the_wording_shows_is_not_read_again() -> None:
    reader = FixedReader(Evaporation=(8, -8))
    [point] = graded(f"{BESIDE} {POINT}", reader).points
    assert point.evidence is not None and point.evidence.text == POINT
    assert len(reader.seen) == 1


def test_a_single_sentence_is_not_read_again() -> None:
    reader = FixedReader(vapour=(8, -8))
    [point] = graded(RIGHT, reader).points
    assert point.evidence is not None and point.evidence.text == RIGHT
    assert reader.seen == [RIGHT]
