"""Which question is next, by spaced repetition (fsrs): soon after a bad answer, in weeks after a good one.

Source: FSRS-6, Ye et al. (2022), "A Stochastic Shortest Path Algorithm for Optimizing Spaced Repetition Scheduling".
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil, floor
from typing import TYPE_CHECKING, Literal

from grader.errors import InputError
from grader.phrases import count, percent
from grader.practice.exercises import Exercise
from grader.practice.history import Attempt

if TYPE_CHECKING:
    from fsrs import Rating

Pick = Literal["due", "weakness", "new"]

# Fractions of the full score from which an answer was recalled easily, well, or with difficulty; less is forgotten.
_EASY, _GOOD, _HARD = 0.9, 0.7, 0.4


@dataclass(frozen=True)
class Choice:
    """The question that is next.

    Attributes:
        exercise: the question.
        reason: why, in a few words.
        due: when it is to be asked again; `None` if it was never tried.

    """

    exercise: Exercise
    reason: str
    due: datetime | None


def due_dates(attempts: Iterable[Attempt]) -> dict[str, datetime]:
    """When each question that was tried is to be asked again, by id; attempts that do not count change nothing.

    The first interval is a day or more: a whole answer that is asked again after minutes shows short memory only.
    """
    from fsrs import Card, Scheduler

    scheduler = Scheduler(learning_steps=(), relearning_steps=(), enable_fuzzing=False)
    cards: dict[str, Card] = {}
    for attempt in sorted((attempt for attempt in attempts if attempt.counts), key=lambda attempt: attempt.at):
        card = cards.get(attempt.question_id) or Card(card_id=0, due=attempt.at)
        cards[attempt.question_id], _ = scheduler.review_card(card, _rating(attempt), attempt.at)
    return {name: card.due for name, card in cards.items()}


def _rating(attempt: Attempt) -> "Rating":
    """How well it was recalled; with a hint not better than with difficulty."""
    from fsrs import Rating

    fraction = attempt.fraction or 0.0
    if fraction < _HARD:
        return Rating.Again
    if fraction < _GOOD or attempt.aid != "none":
        return Rating.Hard
    return Rating.Good if fraction < _EASY else Rating.Easy


def next_question(
    exercises: Mapping[str, Exercise],
    attempts: Sequence[Attempt],
    *,
    by: Pick = "due",
    topic: str | None = None,
    now: datetime | None = None,
    skip: Collection[str] = (),
) -> Choice | None:
    """The question to ask next; `None` when nothing is left. Equal ones come in the order of `exercises`.

    Args:
        exercises: by question id.
        attempts: oldest first.
        by: `due`: those whose time has come, longest ago first, then those never tried, then those whose time comes
            soonest; `weakness`: the lowest last score first, then those never tried; `new`: those never tried first.
        topic: only questions of this topic, in any case of letters.
        now: an aware time; the present if left out.
        skip: ids that are not to come.

    Raises:
        InputError: no question has this topic; the message names those that there are.

    """
    now = now or datetime.now(UTC)
    left = [exercise for exercise in of_topic(exercises, topic).values() if exercise.question_id not in skip]
    due = due_dates(attempts)
    last = {attempt.question_id: attempt.fraction for attempt in attempts if attempt.counts}

    def rank(exercise: Exercise) -> tuple[int, float]:
        when = due.get(exercise.question_id)
        if when is None:
            return (0 if by == "new" else 1), 0.0
        if by == "weakness":
            return 0, last[exercise.question_id] or 0.0
        is_due = when <= now
        return (1 if by == "new" else 0) if is_due else 2, when.timestamp()

    if not left:
        return None
    chosen = min(left, key=rank)  # the first of equal ones
    when = due.get(chosen.question_id)
    return Choice(chosen, _reason(when, now, last.get(chosen.question_id)), when)


def _reason(due: datetime | None, now: datetime, last: float | None) -> str:
    if due is None:
        return "never tried"
    days = (due - now) / timedelta(days=1)
    if days > 0:
        when = f"due in {count(ceil(days), 'day')}"
    else:
        when = "due today" if days > -1 else f"due {count(floor(-days), 'day')} ago"
    return f"{when}, last time {percent(last)}"


def of_topic(exercises: Mapping[str, Exercise], topic: str | None) -> dict[str, Exercise]:
    """The exercises of a topic, in any case of letters; all without one.

    Raises:
        InputError: no question has this topic; the message names those that there are.

    """
    if topic is None:
        return dict(exercises)
    found = {name: each for name, each in exercises.items() if (each.topic or "").casefold() == topic.casefold()}
    if not found:
        topics = list(dict.fromkeys(each.topic for each in exercises.values() if each.topic))
        known = f"there are: {', '.join(topics)}" if topics else "no topics are known: name a bank with --bank"
        raise InputError(f"no question has the topic '{topic}'; {known}")
    return found
