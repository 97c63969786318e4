"""Grades by student."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.errors import InputError
from grader.reports.students.results import Attempts, group_by_student
from grader.schema import Grade
from tests.support.sample_grades import grade


def of(student: str | None, question: str, fraction: float | None, **changes: object) -> Grade:
    given = {"candidate": student, "question_id": question, **changes}
    return grade(f"{student}/{question}", fraction, **given)


def test_totals_are_what_the_columns_add_up_to() -> None:
    results = group_by_student([of("kim", "a", 0.521), of("lee", "a", 1.0), of("kim", "b", 0.321), of("lee", "b", 0.5)])
    assert results.questions == ("a", "b") and results.max_score == 20
    totals = [results.total(each, rounded=True) for each in results.students]
    assert [(total.score, total.max_score, total.share) for total in totals] == [(8, 20, 0.4), (15, 20, 0.75)]
    assert results.total(results.students[0], rounded=False).score == pytest.approx(8.42)


def test_an_ungraded_answer_leaves_its_student_without_a_total() -> None:
    """A technical fault is never a 0, in no sum either."""
    results = group_by_student([of("kim", "a", 0.5), of("kim", "b", None), of("lee", "a", 0.5), of("lee", "b", 1.0)])
    kim, lee = (results.total(each, rounded=True) for each in results.students)
    assert (kim.score, kim.share, lee.score) == (None, None, 15)
    assert results.without_total() == ["kim"]


def test_a_question_of_which_nothing_was_graded_counts_for_nobody() -> None:
    results = group_by_student([of("kim", "a", 0.5), of("kim", "open", None), of("lee", "a", 1.0)])
    assert results.uncounted == {"open"} and results.max_score == 10
    assert [results.total(each, rounded=True).score for each in results.students] == [5, 10]
    nothing = group_by_student([of("kim", "open", None)])
    total = nothing.total(nothing.students[0], rounded=True)
    assert (total.score, total.share) == (None, None)


def test_an_answer_that_is_not_there_is_no_zero() -> None:
    results = group_by_student([of("kim", "a", 0.5), of("kim", "b", 0.5), of("lee", "a", 1.0)])
    total = results.total(results.students[1], rounded=True)
    assert (total.score, total.max_score, total.share) == (10, 10, 1.0)
    assert results.without_total() == ["lee"]


def test_students_are_told_by_candidate_or_by_the_id() -> None:
    told = [of(None, "a", 0.5, answer_id="r1/x/a"), of(None, "b", 0.5, answer_id="r1/x/b"), of("007", "a", 1.0)]
    assert [each.student for each in group_by_student(told).students] == ["r1/x", "007"]
    with pytest.raises(InputError, match=r"answer 'a1' tells no student: give the answers a column 'candidate'"):
        group_by_student([of(None, "a", 0.5, answer_id="a1")])


ATTEMPTS = [
    of("kim", "a", 0.9),
    of("kim", "b", 0.1),
    of("kim", "a", 0.4, answer_id="kim/a-2"),
    of("kim", "b", 0.8, answer_id="kim/b-2"),
]


@pytest.mark.parametrize(("attempts", "scores"), [("first", [9, 1]), ("last", [4, 8]), ("best", [4, 8])])
def test_attempts_are_taken_whole(attempts: Attempts, scores: list[float]) -> None:
    [result] = group_by_student(ATTEMPTS, attempts=attempts).students
    assert [each.score for each in result.grades.values()] == pytest.approx(scores)


def test_attempts_are_not_chosen_in_silence() -> None:
    with pytest.raises(
        InputError, match=r"'kim' has several answers to 'a' \(kim/a, kim/a-2\): say which .* --attempt"
    ):
        group_by_student(ATTEMPTS)
    with pytest.raises(InputError, match="question 'a' has two full scores"):
        group_by_student([of("kim", "a", 0.5), of("lee", "a", 0.5, max_score=5.0)])


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.floats(0, 1)), unique_by=lambda t: t[:2]))
def test_no_answer_is_lost(told: list[tuple[str, str, float]]) -> None:
    results = group_by_student(of(*each) for each in told)
    found = {(each.student, name) for each in results.students for name in each.grades}
    assert found == {each[:2] for each in told}
    full = sum(results.total(each, rounded=False).score or 0.0 for each in results.students)
    assert full == pytest.approx(sum(10 * fraction for *_, fraction in told), abs=1e-6)
