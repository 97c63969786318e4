"""What a program gives to a `Grader`, checked before the work: a wrong type is one clear `TypeError`."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from grader.argument_types import is_frame, wrong_type
from grader.schema import Answer, QuestionBank, Rubric

_AN_ANSWER = 'Answer(answer_id="a1", question_id="q1", answer="...")'


def check_rubrics(rubrics: Any) -> Iterator[Rubric]:
    """The rubrics of a mapping or an iterable.

    Raises:
        TypeError: it is neither, or something in it is no rubric.
    """
    write = None
    if isinstance(rubrics, Rubric):
        write = "Grader([rubric])"
    elif isinstance(rubrics, QuestionBank):
        write = "Grader(derive(question) for question in bank.questions)"
    elif not isinstance(rubrics, Iterable) or isinstance(rubrics, str | bytes) or hasattr(rubrics, "__fspath__"):
        write = 'Grader(read_rubrics("rubrics/"))'
    if write is not None:
        raise wrong_type("rubrics", rubrics, "a list of rubrics", write)
    return _rubrics_only(rubrics)


def _rubrics_only(rubrics: Any) -> Iterator[Rubric]:
    for number, rubric in enumerate(rubrics.values() if isinstance(rubrics, Mapping) else rubrics):
        if not isinstance(rubric, Rubric):
            write = "Rubric(**fields)" if isinstance(rubric, dict) else "Rubric(question_id=..., points=[...])"
            raise wrong_type(f"rubrics[{number}]", rubric, "a Rubric", write)
        yield rubric


def check_answer(answer: Any, name: str = "answer") -> None:
    """Refuse what is no answer.

    Raises:
        TypeError: says how to write it.
    """
    if isinstance(answer, Answer):
        return
    write = _AN_ANSWER
    if isinstance(answer, Mapping):
        write = "Answer(**fields)"
    elif is_frame(answer):
        write = "grade_frame(grader, frame)"
    elif isinstance(answer, list | tuple):
        write = "grader.grade_many(answers)"
    raise wrong_type(name, answer, "an Answer", write)


def check_answers(answers: Any) -> Iterator[Answer]:
    """The answers of an iterable; each is looked at when it is drawn.

    Raises:
        TypeError: it is no iterable of answers; for one that is no answer, when it is drawn.
    """
    write = None
    if isinstance(answers, Answer):
        write = "grade_many([answer])"
    elif is_frame(answers):
        write = "grade_frame(grader, frame)"
    elif isinstance(answers, str | bytes) or hasattr(answers, "__fspath__"):
        write = 'grade_many(read_answers("answers.jsonl"))'
    elif not isinstance(answers, Iterable) or isinstance(answers, Mapping):
        write = f"grade_many([{_AN_ANSWER}])"
    if write is not None:
        raise wrong_type("answers", answers, "a list of answers", write)
    return _answers_only(answers)


def _answers_only(answers: Iterable[Any]) -> Iterator[Answer]:
    for number, answer in enumerate(answers):
        check_answer(answer, f"answers[{number}]")
        yield answer
