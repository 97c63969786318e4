from grader.practice.exercises import Exercise
from grader.practice.hints import hint
from grader.schema import Rubric
from tests.practice.support import exercise, grade

POINTS = [
    {"id": "p1", "text": "Dropout disables random units."},
    {"id": "p2", "text": "It is off at test time, with 2 half-sized layers.", "weight": 3},
]
DROPOUT = exercise("dropout", question="What does dropout do at test time?", points=POINTS)


def test_the_heaviest_missed_point_with_its_words_hidden() -> None:
    assert hint(DROPOUT, grade(DROPOUT, 0, 0)) == "still missing: It is o__ at test time, with 2 h_________ l_____."
    assert hint(DROPOUT, grade(DROPOUT, 0, 1)) == "still missing: Dropout d_______ r_____ u____."


def test_what_is_wrong_comes_first() -> None:
    wrong = grade(DROPOUT, 0.5, 0)
    first = wrong.points[0].model_copy(update={"status": "contradicted"})
    wrong = wrong.model_copy(update={"points": (first, *wrong.points[1:])})
    assert hint(DROPOUT, wrong) == "this is not right, think again: “So”"


def test_nothing_is_missing() -> None:
    assert hint(DROPOUT, grade(DROPOUT, 1, 1)) is None


def test_other_alphabets() -> None:
    of = Exercise(Rubric.model_validate({"question_id": "q", "points": [{"id": "p", "text": "Нейроны отключаются"}]}))
    assert hint(of, grade(of, 0)) == "still missing: Н______ о__________"
