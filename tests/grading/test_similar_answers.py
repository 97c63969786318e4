"""Like answers are found by their words and held against their scores."""

from grader.grading.similar_answers import SimilarAnswers, group_similar_answers
from grader.reports.grades.page import render_grades_page
from grader.reports.grades.summary import summarise_grades
from grader.schema import Grade
from tests.support.sample_grades import grade

LONG = (
    "Dropout is a way to regularise a network: in each training step it switches random units off, so that no unit can "
    "rely on one other unit alone, and at test time all units are used."
)
OTHER = (
    "Batch normalisation keeps mean and variance of a layer's inputs near to fixed values, with statistics of a batch."
)


def graded(name: str, fraction: float | None, text: str, question: str = "q") -> Grade:
    return grade(name, fraction, question_id=question, answer=text)


def test_nearly_the_same_words_are_one_group_whatever_their_scores() -> None:
    grades = [
        graded("a", 0.5, LONG),
        graded("b", 0.9, OTHER),
        graded("c", 0.5, LONG.replace("way", "method").upper()),
        graded("d", 0.1, LONG.replace("is a", "is not a")),
        graded("e", 0.9, OTHER),
        graded("f", 0.5, LONG, "other"),
    ]
    unequal, equal = group_similar_answers(grades)
    assert (unequal.answer_ids, unequal.low, unequal.high, unequal.has_equal_scores) == (("a", "c", "d"), 1, 5, False)
    assert (equal.answer_ids, equal.low, equal.high, equal.has_equal_scores) == (("b", "e"), 9, 9, True)


def test_blank_answers_and_answers_alone_are_in_no_group() -> None:
    assert group_similar_answers([graded("a", 0.0, " "), graded("b", 0.0, ""), graded("c", 0.5, LONG)]) == []
    assert group_similar_answers([]) == []


def test_ungraded_answers_have_no_scores_to_compare() -> None:
    [group] = group_similar_answers([graded("a", None, LONG), graded("b", None, LONG)])
    assert (group.low, group.high, group.has_equal_scores) == (None, None, True)


def test_the_page_shows_groups_where_they_were_looked_for() -> None:
    grades = [graded("a<script>", 0.5, LONG), graded("b", 0.9, LONG)]
    summary = summarise_grades(grades)
    page = render_grades_page(summary, title="t", groups=group_similar_answers(grades))
    assert "<b>5 to 9</b>" in page
    assert "a&lt;script&gt;" in page and "a<script>" not in page
    assert "No two answers are alike." in render_grades_page(summary, title="t", groups=[])
    assert "Like answers" not in render_grades_page(summary, title="t")


def test_many_groups_and_answers_are_cut_with_a_word() -> None:
    like = SimilarAnswers("q", tuple(f"a{n}" for n in range(30)), 5.0, 5.0, 10.0)
    page = render_grades_page(summarise_grades([graded("a", 0.5, LONG)]), title="t", groups=[like] * 250)
    assert "5, equal" in page
    assert "a11</bdi> and 18 more" in page
    assert "50 more groups" in page
