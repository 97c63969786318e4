"""A pile of answers, graded once, as the pages show it."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from grader.errors import InputError
from grader.files import FORMATS, open_answers
from grader.grading import AnswerProfile, Grader, answer_features, group_similar_answers
from grader.marks import AnswerFeatures
from grader.schema import Answer, Grade, Rubric
from grader.web.store import text_hash

_ENDINGS = {*FORMATS, ".md", ".markdown", ".txt", ".text", ".docx"}
Read = tuple[Grade, AnswerProfile | None]


@dataclass(frozen=True)
class PileAnswer:
    """One answer of the pile.

    Attributes:
        number: its place in the pile, from 0; what addresses of pages have instead of its id.
        answer, grade: as read, and as graded without marks.
        features: for the model of marks; `None` where no model has read the answer.
        similar: numbers of other answers to the question in nearly the same words.
        text_hash: of its words.

    """

    number: int
    answer: Answer
    grade: Grade
    features: AnswerFeatures | None
    similar: tuple[int, ...]
    text_hash: str


@dataclass(frozen=True, eq=False)
class Pile:
    """All answers of the files that were given.

    Attributes:
        name: of the file or folder.
        read: the grades with their profiles, in order.
        answers: the same, as the pages need them; unknown questions are among them.
        grader: what graded them.

    """

    name: str
    read: tuple[Read, ...]
    answers: tuple[PileAnswer, ...]
    grader: Grader

    @property
    def rubrics(self) -> Mapping[str, Rubric]:
        """By question id."""
        return self.grader.rubrics

    @cached_property
    def by_id(self) -> Mapping[str, PileAnswer]:
        """The answers by their ids."""
        return {each.answer.answer_id: each for each in self.answers}

    @cached_property
    def markable(self) -> tuple[PileAnswer, ...]:
        """The answers whose question is known, so that there is a scale for marks."""
        return tuple(each for each in self.answers if each.grade.max_score is not None)


def read_pile(
    path: str, grader: Grader, *, progress: Callable[[Iterator[Read], int], Iterable[Read]] | None = None
) -> Pile:
    """Read a file of answers, or all files of a folder, and grade them.

    Args:
        path: as `grader grade` takes it, or a folder of such files.
        grader: without marks.
        progress: receives each grade, and how many there will be, and must yield it again.

    Raises:
        InputError: as `read_answers`; a folder without answers; an id that two files have.

    """
    answers = _answers(path, {name: rubric.question for name, rubric in grader.rubrics.items()})
    found = grader.read_many(answers)
    read = tuple(found if progress is None else progress(found, len(answers)))
    return Pile(Path(path).name, read, tuple(_pile_answers(answers, read)), grader)


def _answers(path: str, questions: Mapping[str, str]) -> list[Answer]:
    folder = Path(path)
    files: list[str] = [path]
    if path != "-" and folder.is_dir():
        files = [str(file) for file in sorted(folder.iterdir()) if file.suffix.lower() in _ENDINGS]
        if not files:
            raise InputError(f"holds no file of answers ({', '.join(sorted(_ENDINGS))})", source=path)
    seen: dict[str, str] = {}
    answers = []
    for file in files:
        for line, answer in open_answers(file, questions=questions).answers:
            place = f"{file}:{line}"
            if answer.answer_id in seen:
                problem = (
                    f"'{answer.answer_id}' appears twice, here and in {seen[answer.answer_id]}: rename one of them"
                )
                raise InputError(problem, source=file, line=line, field="answer_id")
            seen[answer.answer_id] = place
            answers.append(answer)
    return answers


def _pile_answers(answers: list[Answer], read: Iterable[Read]) -> Iterator[PileAnswer]:
    pairs = list(zip(answers, read, strict=True))
    places = {answer.answer_id: number for number, answer in enumerate(answers)}
    similar: defaultdict[str, tuple[int, ...]] = defaultdict(tuple)
    for group in group_similar_answers(grade for _, (grade, _) in pairs):
        for answer_id in group.answer_ids:
            similar[answer_id] = tuple(places[other] for other in group.answer_ids if other != answer_id)
    for number, (answer, (grade, about)) in enumerate(pairs):
        features = None if about is None else answer_features(grade, about)
        yield PileAnswer(number, answer, grade, features, similar[answer.answer_id], text_hash(answer.answer))
