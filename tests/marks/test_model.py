"""Marks applied to answers: what they change, what they must not change, and how sure they are."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from grader.errors import InputError
from grader.marks.model import ALPHA, FEWEST_OF_QUESTION, MarksModel, score_map_errors
from grader.marks.records import AnswerFeatures, MarkedAnswer

# Answers in a plane: two that point the same way say the same.
RIGHT, WRONG, ELSEWHERE = 0.2, 1.0, 2.6


def seen(
    angle: float,
    fraction: float,
    *,
    flags: tuple[str, ...] = (),
    topic: float = 0.8,
    own: float = 1.0,
    words: Sequence[str] = (),
) -> AnswerFeatures:
    vector = np.array([np.cos(angle), np.sin(angle)], np.float32)
    return AnswerFeatures(fraction, flags, topic, own, vector, dict.fromkeys(words, 2.0))


def team(rng: np.random.Generator, *, questions: int = 4, n: int = 8, strict: float = 0.0) -> list[MarkedAnswer]:
    """People who give 1 for what points right and .3 for what points wrong, whatever the grader sees in it."""
    made = []
    for question in range(questions):
        for number in range(n):
            right = number % 2 == 0
            angle = (RIGHT if right else WRONG) + rng.normal(0, 0.05)
            mark = (0.9 if right else 0.3) + rng.normal(0, 0.04) - strict
            words = ("common", "right" if right else "wrong")
            answer = seen(angle, float(rng.uniform(0.3, 0.7)), words=words)
            made.append(MarkedAnswer(f"q{question}-{number:02}", f"q{question}", float(np.clip(mark, 0, 1)), answer))
    return made


@pytest.fixture
def marked() -> list[MarkedAnswer]:
    return team(np.random.default_rng(1))


def test_marks_tell_right_from_wrong_where_the_grader_does_not(marked: list[MarkedAnswer]) -> None:
    marks = MarksModel(marked)
    right, wrong = marks.correct_many(
        "q1", [seen(RIGHT, 0.5, words=("common", "right")), seen(WRONG, 0.5, words=("common", "wrong"))]
    )
    assert right.fraction == pytest.approx(0.9, abs=0.1) and wrong.fraction == pytest.approx(0.3, abs=0.1)
    assert right.low < right.fraction < right.high and right.high - right.low < 0.4
    assert (right.n_marked, right.bounded_by, right.is_open) == (8, None, False)
    assert all(near.mark > 0.7 and near.cosine > 0.9 for near in right.nearest) and len(right.nearest) == 3


def test_one_answer_is_graded_as_among_many(marked: list[MarkedAnswer]) -> None:
    marks, some = MarksModel(marked), [seen(angle, 0.4, words=("right",)) for angle in (0.1, 0.5, 1.2)]
    alone = [marks.correct("q0", answer).fraction for answer in some]
    assert alone == pytest.approx([found.fraction for found in marks.correct_many("q0", some)])
    assert marks.correct_many("q0", []) == []


def test_where_nothing_is_marked_the_map_speaks_alone(marked: list[MarkedAnswer]) -> None:
    alone = [MarkedAnswer(answer.answer_id, f"{answer.answer_id}?", answer.mark, answer.features) for answer in marked]
    for marks, question in ((MarksModel(marked), "unheard of"), (MarksModel(alone), alone[0].question_id)):
        found = marks.correct(question, seen(RIGHT, 0.5))
        assert found.fraction == pytest.approx(float(marks.parameters.score_map(0.5)))
        assert found.n_marked < FEWEST_OF_QUESTION and found.low < found.fraction < found.high


def test_the_order_of_marks_does_not_matter(marked: list[MarkedAnswer]) -> None:
    answer = seen(0.6, 0.4, words=("common",))
    one, other = (MarksModel(some).correct("q2", answer) for some in (marked, marked[::-1]))
    assert one.fraction == pytest.approx(other.fraction) and one.nearest == other.nearest


def test_a_stricter_team_gives_less(marked: list[MarkedAnswer]) -> None:
    lenient, strict = (
        MarksModel(team(np.random.default_rng(1), strict=off)).correct(
            "q0", seen(RIGHT, 0.5, words=("common", "right"))
        )
        for off in (0.0, 0.2)
    )
    assert lenient.fraction - strict.fraction == pytest.approx(0.2, abs=0.06)


def test_learned_values_are_all_that_is_needed(marked: list[MarkedAnswer]) -> None:
    first = MarksModel(marked)
    again, answer = MarksModel(marked, first.parameters), seen(0.5, 0.4, words=("right",))
    assert again.correct("q3", answer) == first.correct("q3", answer)


def test_blank_answers_stay_at_nothing_and_teach_nothing(marked: list[MarkedAnswer]) -> None:
    blank = AnswerFeatures(0.0, ("no_answer",), 0.0, 0.0, np.zeros(2, np.float32), {})
    marks = MarksModel([*marked, *(MarkedAnswer(f"b{i}", "q0", 1.0, blank) for i in range(20))])
    assert marks.correct("q0", blank).fraction == 0 == marks.correct("unheard of", blank).high
    assert marks.parameters == MarksModel(marked).parameters and marks.n_marked("q0") == 8


ATTACKS: Mapping[str, AnswerFeatures] = {
    "echo of the question": seen(RIGHT, 0.0, flags=("question_echo",), words=("common",)),
    "keywords": seen(RIGHT, 0.08, flags=("keyword_list",), words=("common", "right")),
    "words to the examiner": seen(RIGHT, 0.4, flags=("instructions",), words=("common", "right")),
    "the question in other words": seen(RIGHT - 0.9, 0.02, own=0.2, words=("common", "right")),
    "another subject": seen(ELSEWHERE, 0.1, topic=0.1),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_gains_nothing_from_generous_marks(name: str) -> None:
    generous = [answer._replace(mark=1.0) for answer in team(np.random.default_rng(2))]
    for question in ("q0", "unheard of"):
        found = MarksModel(generous).correct(question, ATTACKS[name])
        assert found.fraction <= ATTACKS[name].fraction + 1e-12
        assert found.bounded_by is not None
    honest = MarksModel(generous).correct("q0", seen(RIGHT, 0.4, words=("common", "right")))
    assert honest.fraction > 0.9


def test_a_denial_gains_nothing_from_being_like_a_good_answer(marked: list[MarkedAnswer]) -> None:
    marks = MarksModel(marked)
    good, denied = (
        seen(RIGHT, fraction, flags=flags, words=("common", "right"))
        for fraction, flags in ((0.6, ()), (0.0, ("contradiction",)))
    )
    assert marks.correct("q0", denied).fraction == pytest.approx(float(marks.parameters.score_map(0)))
    assert marks.correct("q0", denied).fraction < marks.correct("q0", good).fraction - 0.2


def test_a_question_with_very_many_marks_is_looked_at_in_part() -> None:
    many = team(np.random.default_rng(3), questions=1, n=1010)
    found = MarksModel(many).correct("q0", seen(RIGHT, 0.5, words=("common", "right")))
    assert found.n_marked == 1000 and found.fraction == pytest.approx(0.9, abs=0.05)


def test_too_few_marks_are_refused() -> None:
    with pytest.raises(InputError, match="9 answers with words are marked, 10 are needed"):
        MarksModel(team(np.random.default_rng(1), questions=1, n=9))


def test_intervals_without_enough_marks_promise_nothing() -> None:
    spread = team(np.random.default_rng(1), questions=10, n=1)
    found = MarksModel(spread).correct("q0", seen(RIGHT, 0.5))
    assert found.high - found.low > 0.5
    assert MarksModel(spread).parameters.half_width > 1 / ALPHA


def test_left_out_marks_show_what_marks_are_worth(marked: list[MarkedAnswer]) -> None:
    left = MarksModel(marked).leave_one_out()
    assert [found.answer.answer_id for found in left] == sorted(answer.answer_id for answer in marked)
    error = np.sqrt(np.mean([(found.expected - found.answer.mark) ** 2 for found in left]))
    assert error < 0.1 < 0.2 < np.sqrt(np.mean(score_map_errors(marked) ** 2))
