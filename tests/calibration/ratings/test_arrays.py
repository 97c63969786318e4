import math
from typing import Any

import numpy as np
import pytest

from grader.calibration.ratings.arrays import RatingArrays, rating_arrays
from grader.calibration.ratings.reading import Rating, Ratings


def arrays(*rows: Rating, **rest: Any) -> RatingArrays:
    return rating_arrays(Ratings("r.csv", rows, **rest))


def scores(found: RatingArrays) -> dict[tuple[str, str], list[float]]:
    """What each rater gave each answer, in order."""
    given: dict[tuple[str, str], list[float]] = {}
    form = found.totals
    for answer, rater, score in zip(form.answers, form.raters, form.scores, strict=True):
        given.setdefault((found.answer_ids[answer], found.raters[rater]), []).append(float(score))
    return given


def test_labels_are_sorted_and_repeats_are_kept() -> None:
    found = arrays(
        Rating("b", "lee", 1, "q2", max_score=5, group="y"),
        Rating("a", "kim", 2, "q1", max_score=4, group="x", time=3),
        Rating("a", "kim", 3, "q1", max_score=4, group="x", time=9),
    )
    assert (found.answer_ids, found.raters, found.question_ids) == (("a", "b"), ("kim", "lee"), ("q1", "q2"))
    assert (found.group_names, found.points) == (("x", "y"), ())
    assert scores(found) == {("b", "lee"): [1], ("a", "kim"): [2, 3]}
    assert found.max_scores.tolist() == [4, 5]
    assert found.questions.tolist() == found.groups.tolist() == [0, 1]
    assert found.totals.times is not None and found.totals.times[1:].tolist() == [3, 9]
    assert math.isnan(found.totals.times[0])


def test_what_the_file_does_not_say_is_not_made_up() -> None:
    found = arrays(Rating("a", "kim", 2))
    assert (found.question_ids, found.group_names) == ((), ())
    assert found.questions.tolist() == found.groups.tolist() == [-1]
    assert (found.totals.questions, found.totals.groups, found.totals.times) == (None, None, None)
    assert np.isnan(found.max_scores).all() and np.isnan(found.gold).all()
    assert (found.point_ratings, found.systems) == (None, {})


def test_an_answer_without_a_question_beside_others_with_one_has_an_empty_question() -> None:
    found = arrays(Rating("a", "kim", 2), Rating("b", "kim", 2, "q"))
    assert found.question_ids == ("", "q") and found.questions.tolist() == [0, 1]


def points(answer: str, rater: str, **given: float) -> list[Rating]:
    return [Rating(answer, rater, score, "q", name, 2.0) for name, score in given.items()]


def test_totals_are_added_up_from_all_points() -> None:
    found = arrays(
        *points("a", "kim", p1=2, p2=1),
        *points("a", "lee", p1=2),  # p2 was not rated
        *points("b", "lee", p1=2, p2=0),
        Rating("b", "lee", 3.0, "q", max_score=4.0),  # a total that was written down counts
        *points("a", "system:m", p1=1, p2=1),
    )
    assert scores(found) == {("a", "kim"): [3], ("b", "lee"): [3]}
    assert found.n_summed == 2
    assert found.max_scores.tolist() == [4, 4]
    assert found.systems["system:m"][0] == 2 and math.isnan(found.systems["system:m"][1])
    assert found.raters == ("kim", "lee")
    machine = found.system_points["system:m"]
    assert (machine.n_raters, machine.scores.tolist()) == (1, [0.5, 0.5])


@pytest.mark.parametrize("name", ["system:m", "System:m", "SYSTEM:m"])
def test_a_machine_is_no_person_however_its_name_is_written(name: str) -> None:
    found = arrays(Rating("a", "kim", 3.0, "q"), Rating("a", name, 2.0, "q"), *points("a", name, p1=1))
    assert found.raters == ("kim",)
    assert found.systems[name].tolist() == [2]
    assert (found.point_ratings, list(found.system_points)) == (None, [name])


def test_points_rated_again_make_a_repeated_total() -> None:
    found = arrays(*points("a", "kim", p1=2, p2=1), *points("a", "kim", p1=1, p2=1), *points("a", "kim", p1=0))
    assert scores(found) == {("a", "kim"): [3, 2]}


def test_points_are_shares_of_their_scale() -> None:
    found = arrays(
        *points("a", "kim", p1=2, p2=1),
        Rating("a", "kim", 3.0, "q", "p3"),
        Rating("b", "kim", 6.0, "q", "p3"),
        Rating("b", "kim", 0.5, "q", "p4"),
    )
    assert found.points == (("q", "p1"), ("q", "p2"), ("q", "p3"), ("q", "p4"))
    assert found.point_ratings is not None and found.point_ratings.points is not None
    assert found.point_ratings.scores.tolist() == [1, 0.5, 0.5, 1, 0.5]
    assert found.point_ratings.points.tolist() == [0, 1, 2, 2, 3]


def test_gold_belongs_to_answers() -> None:
    found = arrays(Rating("a", "kim", 2), Rating("b", "kim", 2), gold={("b", None): 3.0, ("unknown", None): 1.0})
    assert math.isnan(found.gold[0]) and found.gold[1] == 3
