"""Which answers to mark next."""

import numpy as np
import pytest

from grader.calibration.marking.active_learning import STEPS, UnmarkedAnswer, plan_marking
from grader.marks.model import MarksModel
from grader.marks.records import AnswerFeatures, MarkedAnswer


def seen(angle: float, words: tuple[str, ...] = ()) -> AnswerFeatures:
    return AnswerFeatures(
        0.5, (), 0.8, 1.0, np.array([np.cos(angle), np.sin(angle)], np.float32), dict.fromkeys(words, 1.0)
    )


@pytest.fixture(scope="module")
def marks() -> MarksModel:
    """Question `known` has twelve marks around angle 0, none elsewhere."""
    rng = np.random.default_rng(1)
    angles = rng.normal(0, 0.1, 12)
    return MarksModel([MarkedAnswer(f"m{i}", "known", 0.5 + angle, seen(angle)) for i, angle in enumerate(angles)])


def test_a_question_without_marks_comes_first(marks: MarksModel) -> None:
    waiting = [UnmarkedAnswer(f"{q}{i}", q, seen(i / 40)) for q in ("known", "new") for i in range(10)]
    found = plan_marking(marks, waiting, n_next=3)
    assert [question.question_id for question in found.questions] == ["new", "known"]
    assert all(answer.startswith("new") for answer in found.next_ids) and len(found.next_ids) == 3
    new, known = found.questions
    assert new.error > new.error_with_more and new.error > known.error
    assert (new.n_marked, new.n_waiting, known.n_marked) == (0, 10, 12)


def test_the_answer_that_tells_most_about_others_is_marked_first(marks: MarksModel) -> None:
    crowd = [UnmarkedAnswer(f"crowd{i}", "new", seen(0.05 * i, ("shared",))) for i in range(7)]
    found = plan_marking(marks, [*crowd, UnmarkedAnswer("loner", "new", seen(3.0))], n_next=2)
    assert found.next_ids[0] == "crowd3" and found.next_ids[1] == "loner"


def test_more_marks_never_make_it_worse(marks: MarksModel) -> None:
    waiting = [UnmarkedAnswer(f"a{i}", "new", seen(0.3 * i)) for i in range(15)]
    curve = plan_marking(marks, waiting).curve
    assert tuple(curve) == STEPS
    assert sorted(curve.values(), reverse=True) == list(curve.values())
    # once all are marked, what is left is the noise of a single mark
    assert curve[20] > np.sqrt(marks.parameters.variances.noise)


def test_nothing_waits_where_all_is_marked(marks: MarksModel) -> None:
    assert plan_marking(marks, [], n_next=5) == ({}, (), ())


def test_a_large_question_is_looked_at_in_part(marks: MarksModel) -> None:
    waiting = [UnmarkedAnswer(f"a{i:03}", "new", seen(i / 100)) for i in range(260)]
    [found] = plan_marking(marks, waiting).questions
    assert found.n_waiting == 260 and found.gain > 0
