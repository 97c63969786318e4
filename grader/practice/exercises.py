"""What can be practised: the questions that have points, each with its topic."""

from dataclasses import dataclass
from pathlib import Path

from grader.files import sample_path
from grader.rubrics import derive, read_bank, read_rubrics
from grader.schema import Rubric


@dataclass(frozen=True)
class Exercise:
    """A question to practise.

    Attributes:
        rubric: question, reference answer and points.
        topic: from the bank; `None` where none tells it.

    """

    rubric: Rubric
    topic: str | None = None

    @property
    def question_id(self) -> str:
        """The id of the question."""
        return self.rubric.question_id

    @property
    def question(self) -> str:
        """What is asked; the id where the rubric does not say it."""
        return self.rubric.question or self.rubric.question_id


def read_exercises(rubrics: str | Path | None = None, bank: str | Path | None = None) -> dict[str, Exercise]:
    """The questions to practise by id: those of the bank in its order, then those that only have a rubric.

    Questions of the bank without a rubric get derived points. Open questions have no fixed answer and are left out.

    Args:
        rubrics: a folder of rubrics, or one; `None`: points are derived from the bank.
        bank: gives topics and order; `None`: neither is known.
            Without both, the bundled sample is practised.

    Raises:
        InputError: as `read_rubrics` and `read_bank`.

    >>> from grader.practice import read_exercises
    >>> exercises = read_exercises()
    >>> len(exercises), exercises["optimizers"].topic
    (18, 'training')
    """
    if rubrics is None and bank is None:
        rubrics, bank = sample_path("rubrics"), sample_path("bank.yaml")
    known = {} if rubrics is None else read_rubrics(rubrics)
    questions = () if bank is None else read_bank(bank).questions
    topics = {question.id: question.topic for question in questions}
    made = {
        question.id: known[question.id] if question.id in known else derive(question)
        for question in questions
        if question.kind != "open"
    }
    return {
        name: Exercise(rubric, topics.get(name)) for name, rubric in {**made, **known}.items() if rubric.kind != "open"
    }
