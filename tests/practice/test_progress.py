from typing import get_args

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grader.practice.history import Aid
from grader.practice.progress import (
    missed_points,
    never_tried,
    points_missed,
    question_progress,
    study_list,
    topic_progress,
)
from tests.practice.support import attempt, exercise, grade

EXERCISES = {
    "dropout": exercise("dropout", "nets"),
    "pooling": exercise("pooling", "nets"),
    "adam": exercise("adam", "training"),
    "bias": exercise("bias"),
}
DROPOUT, POOLING, ADAM, BIAS = EXERCISES.values()
TRIES = [
    attempt(DROPOUT, 0, 0.5, number=1),
    attempt(POOLING, 0, 0, number=2),
    attempt(DROPOUT, 1, 0.5, number=3, days=1),
    attempt(ADAM, 1, 1, number=4, days=1),
    attempt(POOLING, 1, 1, number=5, days=1, aid="reference"),
    attempt(exercise("gone"), 0, 0, number=6),
]


def test_questions() -> None:
    dropout, pooling, adam = question_progress(EXERCISES, TRIES)
    assert (dropout.n_attempts, dropout.first, dropout.last, dropout.best, dropout.change) == (2, 0.25, 0.75, 0.75, 0.5)
    assert (pooling.n_attempts, pooling.last, pooling.change) == (1, 0, None)
    assert adam.topic == "training" and dropout.last_at == TRIES[2].at


def test_topics() -> None:
    nets, training, other = topic_progress(EXERCISES, TRIES)
    assert (nets.n_questions, nets.n_tried, nets.first, nets.last, nets.change) == (2, 2, 0.125, 0.375, 0.5)
    assert (training.n_tried, training.last, training.change) == (1, 1, None)
    assert (other.topic, other.n_questions, other.n_tried, other.first) == (None, 1, 0, None)


def test_points_that_keep_being_missed() -> None:
    found = [(p.question_id, p.point_id, p.n_missed, p.n_tries, p.is_missed) for p in missed_points(EXERCISES, TRIES)]
    assert found == [
        ("dropout", "p2", 2, 2, True),
        ("pooling", "p1", 1, 1, True),
        ("pooling", "p2", 1, 1, True),
        ("dropout", "p1", 1, 2, False),
    ]


def test_the_study_list_is_worst_first_and_has_what_the_last_try_missed() -> None:
    items = study_list(EXERCISES, TRIES)
    assert [(item.question_id, item.last, [p.point_id for p in item.points]) for item in items] == [
        ("pooling", 0, ["p1", "p2"]),
        ("dropout", 0.75, ["p2"]),
    ]
    assert items[0].reference_answer == "It is so."


def test_never_tried() -> None:
    assert never_tried(EXERCISES, TRIES) == [BIAS]
    assert never_tried(EXERCISES, []) == list(EXERCISES.values())


def test_a_group_that_has_enough_misses_nothing() -> None:
    points = [
        {"id": "p1", "text": "One.", "group": "g"},
        {"id": "p2", "text": "Two.", "group": "g"},
        {"id": "p3", "text": "Three.", "weight": 2},
        {"id": "x", "text": "Wrong.", "weight": -1},
    ]
    of = exercise("groups", points=points, groups={"g": {"need": 1}})

    def missed(*credits: float | None) -> list[str]:
        return [point.point_id for point in points_missed(of.rubric, grade(of, *credits))]

    assert missed(1, 0, 1, 0) == []
    assert missed(0, 0.4, 0.5, 1) == ["p3", "p1", "p2", "x"]
    assert missed(None, None, None, 0) == []


def test_a_point_that_was_written_anew_begins_anew() -> None:
    rewritten = {"dropout": exercise("dropout", points=[{"id": "p1", "text": "Another point."}])}
    assert missed_points(rewritten, TRIES) == [] and study_list(rewritten, TRIES) == []


CREDIT = st.sampled_from([None, 0.0, 0.3, 1.0])


TRY = st.tuples(st.sampled_from(list(EXERCISES)), CREDIT, CREDIT, st.sampled_from(get_args(Aid)))


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)  # on a machine that is busy
@given(st.lists(TRY, max_size=10))
def test_whatever_was_tried_the_sums_agree(tries: list[tuple[str, float | None, float | None, Aid]]) -> None:
    several = [
        attempt(EXERCISES[name], first, second, number=n, days=n, aid=aid)
        for n, (name, first, second, aid) in enumerate(tries)
    ]
    rows = question_progress(EXERCISES, several)
    assert sum(row.n_attempts for row in rows) == sum(aid != "reference" for *_, aid in tries)
    assert len(rows) + len(never_tried(EXERCISES, several)) == len(EXERCISES)
    assert sum(row.n_tried for row in topic_progress(EXERCISES, several)) == len(rows)
    missed = missed_points(EXERCISES, several)
    assert all(0 < point.n_missed <= point.n_tries for point in missed)
    items = study_list(EXERCISES, several)
    assert [item.last for item in items] == sorted(item.last for item in items)
    assert sorted(p.text for item in items for p in item.points) == sorted(p.text for p in missed if p.is_missed)
