import numpy as np
import pytest

from grader.calibration.panel_agreement import Scale
from grader.calibration.question_agreement import question_agreement
from grader.statistics.agreement import Floats
from grader.statistics.rating_tables import LongForm, from_matrix
from grader.statistics.reliability import krippendorff_alpha

NAN = float("nan")


def panel(*tables: Floats) -> LongForm:
    """One question a table, with the same raters."""
    form = from_matrix(np.vstack(tables))
    questions = np.repeat(np.arange(len(tables)), [len(table) for table in tables])
    return LongForm(
        form.answers, form.raters, form.scores, form.n_answers, form.n_raters, questions=questions[form.answers]
    )


def noisy(n: int, spread: float, k: int = 3) -> Floats:
    rng = np.random.default_rng(int(10 * spread) + n)
    return np.asarray(np.round(rng.normal(5, 2, (n, 1)) + rng.normal(0, spread, (n, k))), dtype=float)


def test_the_question_with_the_least_agreement_comes_first() -> None:
    clear, unclear = noisy(20, 0.3), noisy(20, 3.0)
    first, second = question_agreement(panel(clear, unclear), Scale(), seed=1)
    assert (first.question, second.question) == (1, 0)
    assert first.alpha.value == pytest.approx(krippendorff_alpha(unclear))
    assert second.mean == pytest.approx(clear.mean())
    for one in (first, second):
        for estimate in (one.exact, one.alpha, one.sem):
            assert estimate.value is not None and estimate.low is not None and estimate.high is not None
            assert estimate.low <= estimate.value <= estimate.high and estimate.n == 20


def test_strictness_shows_as_the_share_of_raters() -> None:
    strict = noisy(30, 0.5) + np.array([-2.0, 0.0, 2.0])
    [found] = question_agreement(panel(strict), Scale(), seed=1)
    assert found.rater_share.value is not None and found.rater_share.value > 0.3


def test_few_answers_have_no_interval_and_stand_last_when_undefined() -> None:
    same, few = np.full((6, 3), 2.0), noisy(4, 1.0)
    first, second = question_agreement(panel(same, few), Scale(), seed=1)
    assert (first.question, first.n_double_marked, first.alpha.low) == (1, 4, None)
    assert first.alpha.note == "no interval: fewer than 5 answers"
    assert second.alpha.value is None and second.exact.value == 1


def test_many_raters_get_no_interval_for_components() -> None:
    [found] = question_agreement(panel(noisy(8, 1.0, k=25)), Scale(), seed=1)
    assert found.sem.value is not None and found.sem.low is None
    assert found.alpha.low is not None


def test_without_questions_there_is_nothing_to_say() -> None:
    assert question_agreement(from_matrix([[1, 2]]), Scale(), seed=1) == ()
