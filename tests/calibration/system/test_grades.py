import pytest

from grader.calibration.ratings.reading import Rating, Ratings
from grader.calibration.system.grades import GRADER_NAME, GradedRatings, add_grades
from grader.errors import InputError
from grader.schema import Evidence, Grade, PointGrade


def grade(answer: str, score: float | None, full: float = 10.0, confidence: float | None = None) -> Grade:
    point = PointGrade(
        point_id="p1",
        text="Dough relaxes",
        status="partial",
        coverage=0.5,
        credit=0.5,
        weight=1.0,
        evidence=Evidence(text="relaxes", start=3, end=10),
        decided_by="embedding",
        rationale="",
    )
    return Grade(
        answer_id=answer,
        question_id="dough",
        score=score,
        max_score=full,
        fraction=None if score is None else score / full,
        points=(point,),
        confidence=confidence,
        ungraded_reason="lost" if score is None else None,
        signature="s1",
        answer="It relaxes.",
    )


def beside(rows: list[Rating], *grades: Grade) -> GradedRatings:
    return add_grades(Ratings("r.csv", tuple(rows)), grades, source="g.jsonl")


def test_a_grade_is_a_rating_on_the_scale_of_the_people() -> None:
    grades = (grade("a", 6, confidence=0.7), grade("b", 5), grade("c", None))
    found = beside([Rating("a", "kim", 3, "q", max_score=5.0)], *grades)
    assert found.ratings.rows[1:] == (Rating("a", GRADER_NAME, 3.0, "q", None, 5.0),)
    assert found.batch.tolist() == [2.5]
    assert (found.n_ungraded, found.confidences, found.signatures) == (1, {"a": 0.7}, ("s1",))
    assert found.texts == {"a": "It relaxes."}


def test_points_that_people_rated_are_rated_beside_them() -> None:
    rows = [Rating("a", "kim", 1, "q", "p1", 2.0), Rating("a", "kim", 1, "q", "p2", 2.0)]
    found = beside(rows, grade("a", 5))
    assert found.ratings.rows[2:] == (
        Rating("a", GRADER_NAME, 2.0, "q", None, 4.0),  # the total of two points
        Rating("a", GRADER_NAME, 0.5, "q", "p1", 1.0),
    )
    assert found.point_texts == {("q", "p1"): "Dough relaxes"}
    assert found.quotes == {("a", "p1"): "relaxes"}


def test_without_a_full_score_the_scales_must_be_the_same() -> None:
    assert beside([Rating("a", "kim", 8)], grade("a", 6)).ratings.rows[1].score == 6
    for score in (80, 5):
        said = f"people gave up to {score} points and the grader's full score is 10: add a column max_score"
        with pytest.raises(InputError, match=said):
            beside([Rating("a", "kim", score)], grade("a", 6))


def test_answers_in_common_are_needed() -> None:
    with pytest.raises(InputError, match=r"g.jsonl: field 'answer_id': no answer of this file was rated in r.csv"):
        beside([Rating("a", "kim", 8)], grade("b", 6))
    with pytest.raises(InputError, match="field 'score': all answers of this file that were rated are ungraded"):
        beside([Rating("a", "kim", 8)], grade("a", None), grade("b", 6))


def test_an_answer_has_one_grade_and_the_grader_one_name() -> None:
    with pytest.raises(InputError, match=r"g.jsonl: field 'answer_id': answer 'a' has two grades"):
        beside([Rating("a", "kim", 8)], grade("a", 6), grade("a", 7))
    with pytest.raises(InputError, match=r"r.csv: field 'rater': has a rater 'system:grader' already"):
        beside([Rating("a", "kim", 8), Rating("a", GRADER_NAME, 8)], grade("a", 6))
