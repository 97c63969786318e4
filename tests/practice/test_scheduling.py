from datetime import timedelta

import pytest
from fsrs import Card, Rating, Scheduler
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grader.errors import InputError
from grader.practice.scheduling import due_dates, next_question
from tests.practice.support import BEGIN, attempt, exercise

NAMES = ("dropout", "pooling", "adam", "bias")
EXERCISES = {name: exercise(name, "Nets" if name in NAMES[:2] else "Training") for name in NAMES}
DROPOUT, POOLING, ADAM, BIAS = EXERCISES.values()


def days(*credits: tuple[float, ...], aids: tuple[str, ...] = ()) -> float:
    """After how many days a question comes again that was answered every day."""
    tries = [
        attempt(DROPOUT, *pair, number=n, days=n, aid=aids[n] if aids else "none")  # type: ignore[arg-type]
        for n, pair in enumerate(credits)
    ]
    return (due_dates(tries)["dropout"] - tries[-1].at) / timedelta(days=1)


def test_better_answers_come_again_later() -> None:
    again, hard, good, easy = days((0, 0)), days((0.5, 0.5)), days((1, 0.5)), days((1, 1))
    assert 1 <= again <= hard < good < easy
    assert days((1, 1), (1, 1)) > easy
    assert days((1, 1), (0, 0)) < easy


def test_it_is_what_fsrs_says() -> None:
    scheduler = Scheduler(learning_steps=(), relearning_steps=(), enable_fuzzing=False)
    card, _ = scheduler.review_card(Card(card_id=5, due=BEGIN), Rating.Good, BEGIN)
    card, _ = scheduler.review_card(card, Rating.Hard, BEGIN + timedelta(days=1))
    tries = [attempt(DROPOUT, 1, 0.5), attempt(DROPOUT, 1, 0, number=2, days=1)]
    assert due_dates(tries) == {"dropout": card.due}


def test_help_makes_it_come_sooner_and_the_answer_itself_counts_for_nothing() -> None:
    assert days((1, 1), aids=("hint",)) == days((0.5, 0.5))
    assert days((0, 0), (1, 1), aids=("none", "reference")) == days((0, 0)) - 1


def test_order_of_questions() -> None:
    tries = [attempt(DROPOUT, 0, 0), attempt(POOLING, 1, 1, number=2), attempt(ADAM, 0.5, 0, number=3, days=2)]

    def order(by: str, after: float) -> list[str]:
        asked: list[str] = []
        while choice := next_question(EXERCISES, tries, by=by, now=BEGIN + timedelta(days=after), skip=asked):  # type: ignore[arg-type]
            asked.append(choice.exercise.question_id)
        return asked

    assert order("due", 2.5) == ["dropout", "bias", "adam", "pooling"]
    assert order("due", 60) == ["dropout", "adam", "pooling", "bias"]
    assert order("weakness", 2.5) == ["dropout", "adam", "pooling", "bias"]
    assert order("new", 2.5) == ["bias", "dropout", "adam", "pooling"]


def test_reasons_and_topics() -> None:
    tries = [attempt(DROPOUT, 0.5, 0)]
    reasons = {}
    for after in (0, 1.5, 9):
        choice = next_question(EXERCISES, tries, topic="nets", now=BEGIN + timedelta(days=after), skip=["pooling"])
        assert choice is not None
        reasons[after] = choice.reason
    assert reasons == {
        0: "due in 1 day, last time 25%",
        1.5: "due today, last time 25%",
        9: "due 8 days ago, last time 25%",
    }
    with pytest.raises(InputError, match="no question has the topic 'law'; there are: Nets, Training"):
        next_question(EXERCISES, tries, topic="law")
    with pytest.raises(InputError, match="name a bank with --bank"):
        next_question({"x": exercise("x")}, [], topic="law")
    assert next_question(EXERCISES, tries, skip=NAMES) is None


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)  # on a machine that is busy
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 400)), min_size=1, max_size=12))
def test_any_history_has_a_date_after_its_last_try(tries: list[tuple[float, float]]) -> None:
    several = [attempt(DROPOUT, share, share, number=n, days=when) for n, (share, when) in enumerate(tries)]
    due = due_dates(several)["dropout"]
    assert due >= max(each.at for each in several) + timedelta(hours=23)
