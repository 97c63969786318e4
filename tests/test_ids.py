"""Ids of people and programs become text, and points without an id get one."""

import numpy as np
import pytest
from pydantic import ValidationError

from grader.ids import id_text, with_point_ids
from grader.phrases import number_text
from grader.schema import Answer, Question, Rubric, RubricPoint


@pytest.mark.parametrize(
    ("value", "text"),
    [(7, "7"), (7.0, "7"), (" 007 ", "007"), ("", ""), (None, None), (True, True), ([1], [1])],
)
def test_id_text(value: object, text: object) -> None:
    assert id_text(value) == text


@pytest.mark.parametrize(("number", "text"), [(7, "7"), (7.0, "7"), (-0.25, "-0.25"), (1e20, "100000000000000000000")])
def test_number_text(number: float, text: str) -> None:
    assert number_text(number) == text


@pytest.mark.parametrize(
    ("given", "text"), [(7, "7"), (7.0, "7"), (np.int64(7), "7"), (np.float32(7), "7"), (7.5, "7.5"), (" 7", " 7")]
)
def test_nouns_take_numbers_as_ids(given: object, text: str) -> None:
    answer = Answer.model_validate({"answer_id": given, "question_id": given, "candidate": given, "answer": ""})
    assert (answer.answer_id, answer.question_id, answer.candidate) == (text, text, text)
    assert Question.model_validate({"id": given, "question": "?", "reference_answer": "a"}).id == text


@pytest.mark.parametrize("given", [float("nan"), float("inf"), np.float64("nan")])
def test_a_number_that_is_no_id_is_refused(given: float) -> None:
    with pytest.raises(ValidationError, match="expected an id: text or a whole number"):
        Answer.model_validate({"answer_id": given, "question_id": "q", "answer": ""})
    with pytest.raises(ValidationError, match="valid string"):
        Answer.model_validate({"answer_id": True, "question_id": "q", "answer": ""})


def test_points_without_an_id_get_the_number_of_their_place() -> None:
    third = RubricPoint(id="p3", text="c")
    points = [{"criterion": "a"}, {"id": "p1", "text": "b", "tags": ["x"]}, third, {"id": 4}, 5]
    named = [{"criterion": "a", "id": "p2"}, {"id": "p1", "text": "b"}, third, {"id": "4"}, 5]
    assert with_point_ids(points) == named


def test_a_rubric_takes_what_files_take() -> None:
    rubric = Rubric.model_validate(
        {
            "question_id": 7,
            "points": [{"criterion": "a", "points": 2}, {"requirement": "b", "weight": 3}, {"id": 9, "text": "c"}],
        }
    )
    assert rubric.question_id == "7"
    assert [(point.id, point.text, point.weight) for point in rubric.points] == [
        ("p1", "a", 2),
        ("p2", "b", 3),
        ("9", "c", 1),
    ]
    assert Rubric(**rubric.model_dump()) == rubric
