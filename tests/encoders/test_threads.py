"""numpy's own threads: held back while asked, and as they were afterwards."""

import pytest
from threadpoolctl import ThreadpoolController

from grader import Answer, Grader, Rubric, Settings
from grader.encoders.threads import one_thread


def n_threads() -> list[int]:
    found = ThreadpoolController().select(user_api="blas").info()
    return [library["num_threads"] for library in found]


def test_one_thread_while_it_is_open() -> None:
    before = n_threads()
    assert before
    with one_thread():
        assert set(n_threads()) == {1}
    assert n_threads() == before
    with pytest.raises(ZeroDivisionError), one_thread():
        _ = 1 // 0
    assert n_threads() == before


def test_grading_leaves_them_as_they_were() -> None:
    before = n_threads()
    rubric = Rubric.model_validate(
        {"question_id": "q", "question": "What?", "points": [{"id": "p1", "text": "It stores data."}]}
    )
    answers = [Answer(answer_id=str(n), question_id="q", answer=f"It stores {n} data.") for n in range(300)]
    grades = Grader([rubric], settings=Settings(encoder="static")).grade_many(answers)
    next(grades)
    assert n_threads() == before  # also between two grades
    list(grades)
    assert n_threads() == before
