"""What marks say of the rest: order before and after the tenth mark, errors that fall, and a right forecast."""

import numpy as np

from grader.calibration.marking.active_learning import UnmarkedAnswer
from grader.calibration.marking.forecast import QuestionForecast, forecast_agreement
from grader.marks.records import AnswerFeatures, MarkedAnswer


def answers(n: int, *, seed: int = 5) -> tuple[list[UnmarkedAnswer], dict[str, float]]:
    """Answers to two questions whose marks follow the grader's fraction and a direction of their vectors."""
    random = np.random.default_rng(seed)
    found, marks = [], {}
    for place in range(n):
        vector = random.normal(size=8)
        vector /= np.linalg.norm(vector)
        share = float(random.uniform(0, 1))
        name = f"a{place:03}"
        marks[name] = float(np.clip(0.2 + 0.6 * share + 0.2 * vector[0] + random.normal(0, 0.08), 0, 1))
        words = {f"w{word}": 1.0 for word in random.integers(0, 40, 12)}
        features = AnswerFeatures(share, (), 0.6, 0.8, vector.astype(np.float32), words)
        found.append(UnmarkedAnswer(name, f"q{place % 2}", features))
    return found, marks


def split(
    found: list[UnmarkedAnswer], marks: dict[str, float], n: int
) -> tuple[list[MarkedAnswer], list[UnmarkedAnswer]]:
    marked = [
        MarkedAnswer(each.answer_id, each.question_id, marks[each.answer_id], each.features) for each in found[:n]
    ]
    return marked, found[n:]


def test_below_ten_marks_only_an_order_is_known() -> None:
    found, marks = answers(30)
    forecast = forecast_agreement(*split(found, marks, 9))
    assert forecast.expected == {} and forecast.error is None
    assert sorted(forecast.next_ids) == sorted(each.answer_id for each in found[9:])
    assert all(question.errors == () for question in forecast.questions)


def test_at_first_the_questions_take_turns() -> None:
    found, _ = answers(12)
    questions = {each.answer_id: each.question_id for each in found}
    order = [questions[name] for name in forecast_agreement([], found).next_ids]
    assert order == ["q0", "q1"] * 6


def test_the_forecast_is_what_comes_true() -> None:
    found, marks = answers(160)
    marked, waiting = split(found, marks, 40)
    forecast = forecast_agreement(marked, waiting)
    off = [forecast.expected[each.answer_id].fraction - marks[each.answer_id] for each in waiting]
    assert forecast.error is not None
    assert abs(forecast.error - float(np.sqrt(np.mean(np.square(off))))) < 0.05
    for question in forecast.questions:
        assert question.n_marked == 20 and question.n_waiting == 60
        assert all(np.diff(question.errors) <= 1e-12)


def test_marks_needed_are_never_fewer_than_six_a_question() -> None:
    assert QuestionForecast("q", 2, 20, (0.2, 0.1)).marks_needed(0.23) == 4
    assert QuestionForecast("q", 2, 3, (0.2, 0.1)).marks_needed(0.23) == 3
    assert QuestionForecast("q", 8, 20, (0.3, 0.25, 0.2)).marks_needed(0.23) == 2
    assert QuestionForecast("q", 8, 20, (0.3, 0.25)).marks_needed(0.23) is None
    assert QuestionForecast("q", 8, 20, ()).marks_needed(0.23) is None


def test_nothing_waits_when_all_are_marked() -> None:
    found, marks = answers(20)
    forecast = forecast_agreement(*split(found, marks, 20))
    assert forecast.next_ids == () and forecast.questions == () and forecast.error is None
