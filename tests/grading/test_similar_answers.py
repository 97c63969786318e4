"""Identical and nearly identical answers are found; every text is in one group, near its first."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader import Answer
from grader.grading.similar_answers import (
    SimilarAnswers,
    flag_duplicate,
    group_similar_answers,
    leader_clusters,
    words_digest,
)
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


ONCE = "It turns random units off in training, so that the net overfits less."
RESPACED = ONCE.replace(", so", " -  SO").replace("random", "r\u200bandom")


def digest(text: str, question: str = "q") -> bytes | None:
    return words_digest(Answer(answer_id="a", question_id=question, answer=text))


def test_the_same_words_are_the_same_whatever_their_layout() -> None:
    assert digest(ONCE) == digest(RESPACED)
    assert digest(ONCE) != digest(f"{ONCE} Often.")


def test_another_question_and_few_words_are_let_be() -> None:
    assert digest(ONCE) != digest(ONCE, "other")
    assert digest("Random units are off.") is None
    assert digest("") is None


def test_half_a_surrogate_pair_is_no_fault() -> None:
    assert digest(f"{ONCE} \ud800") is not None


def test_a_mark_is_no_reason_for_review_and_leaves_the_score() -> None:
    before = grade("a1", 0.5)
    after = flag_duplicate(before)
    assert after.flags == (*before.flags, "duplicate")
    assert after.needs_review == before.needs_review
    assert after.model_copy(update={"flags": before.flags, "needs_review": before.needs_review}) == before


def unit(angles: list[float]) -> np.ndarray:
    return np.array([[np.cos(a), np.sin(a)] for a in np.deg2rad(angles)], np.float32)


def test_near_texts_join_the_nearest_first_one() -> None:
    assert leader_clusters(unit([0, 90, 3, 88, 180]), nearness=0.99) == [[0, 2], [1, 3], [4]]
    assert leader_clusters(unit([0, 16, 9]), nearness=np.cos(np.deg2rad(10))) == [[0], [1, 2]]


def test_a_chain_of_small_steps_is_not_one_group() -> None:
    assert leader_clusters(unit([0, 5, 10, 15, 20]), nearness=np.cos(np.deg2rad(6))) == [[0, 1], [2, 3], [4]]


@given(st.lists(st.integers(0, 359), max_size=40), st.floats(0.5, 1.0))
def test_every_text_is_in_one_group_and_near_its_first(angles: list[int], nearness: float) -> None:
    vectors = unit([float(angle) for angle in angles]).reshape(-1, 2)
    groups = leader_clusters(vectors, nearness=nearness)
    assert sorted(at for group in groups for at in group) == list(range(len(angles)))
    assert all(group == sorted(group) for group in groups)
    for group in groups:
        assert (vectors[group] @ vectors[group[0]] >= nearness - 1e-4).all()
    firsts = vectors[[group[0] for group in groups]].reshape(-1, 2)
    assert (np.triu(firsts @ firsts.T, 1) < nearness).all()


def test_equal_texts_meet_across_blocks() -> None:
    draw = np.random.default_rng(1).normal(size=(700, 24)).astype(np.float32)
    draw /= np.linalg.norm(draw, axis=1, keepdims=True)
    groups = leader_clusters(np.concatenate([draw, draw[::-1]]), nearness=0.98)
    assert groups == [[at, 1399 - at] for at in range(700)]


@pytest.mark.parametrize("nearness", [0, -0.5, 1.1])
def test_nearness_is_a_cosine(nearness: float) -> None:
    with pytest.raises(ValueError, match="nearness must be above 0"):
        leader_clusters(unit([0]), nearness=nearness)
