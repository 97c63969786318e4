"""Questions and points that one rater rates otherwise than everybody else: planted ones are found, few others."""

import math
from dataclasses import replace

import numpy as np
import pytest

from grader.calibration.interactions import by_point, point_interactions, question_interactions
from grader.calibration.raters.severity import fit_additive
from grader.statistics.distributions import student_t_tail
from grader.statistics.rating_tables import LongForm, from_matrix

NONE = math.nan


def of_questions(table: np.ndarray, n_questions: int) -> LongForm:
    form = from_matrix(table)
    return replace(form, questions=form.answers % n_questions)


def team(seed: int, n_answers: int, n_raters: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(3, 1, (n_answers, 1)) + rng.normal(0, 0.5, (n_answers, n_raters))


def test_a_question_that_one_rater_marks_down_is_found_and_no_other() -> None:
    table = team(1, 100, 4)
    table[::5, 2] -= 1.2
    table[:, 0] -= 2  # strict everywhere is no interaction
    form = of_questions(table, 5)
    found = question_interactions(form, fit_additive(form), least=0.5)
    assert len(found) == 20
    [flagged] = [cell for cell in found if cell.flagged]
    assert (flagged.rater, flagged.cell, flagged.n) == (2, 0, 20)
    # The rater's severity took a fifth of it.
    assert flagged.mean == pytest.approx(-1.2 * 4 / 5, abs=0.3)


def test_few_cells_of_even_handed_teams_are_flagged() -> None:
    """Of 100 teams, at most 10 % may have a flagged cell: nothing is there, so every flag is a false alarm."""
    alarms = 0
    for seed in range(100):
        form = of_questions(team(seed, 60, 4), 6)
        alarms += any(cell.flagged for cell in question_interactions(form, fit_additive(form), least=0.0))
    assert alarms <= 12


def test_a_cell_by_hand() -> None:
    """Two raters, one question of five answers: rater 0 gives 1 more, 1 more, 0, 0, 0 than rater 1."""
    table = np.array([[2.0, 1], [3, 2], [1, 1], [2, 2], [4, 4]])
    form = of_questions(table, 1)
    first, second = question_interactions(form, fit_additive(form), least=0.5)
    apart = np.array([1, 1, 0, 0, 0]) - 0.4
    variance = apart.var(ddof=1)
    error = math.sqrt((4 * variance + 4 * variance) / 8 / 5)
    assert (first.mean, first.standard_error) == pytest.approx((0, error))
    assert first.p_value == pytest.approx(1)
    assert (second.rater, second.cell, second.n, second.flagged) == (1, 0, 5, False)


def test_the_p_value_is_that_of_t() -> None:
    table = np.vstack([team(3, 5, 2), team(4, 20, 2)])
    form = replace(from_matrix(table), questions=np.repeat([0, 1], [10, 40]))
    cell = question_interactions(form, fit_additive(form), least=0.5)[0]
    assert cell.p_value == pytest.approx(2 * float(student_t_tail(abs(cell.mean) / cell.standard_error, 5 + 3)))
    assert cell.q_value >= cell.p_value


def test_a_point_that_one_rater_never_gives_is_found() -> None:
    rng = np.random.default_rng(2)
    votes = (rng.normal(0, 1, (60, 1, 4)) + rng.normal(0, 0.4, (60, 3, 4)) > 0).astype(float)
    votes[:, 1, 3] = 0
    answers, raters, points = np.nonzero(np.isfinite(votes))
    form = LongForm(answers, raters, votes[answers, raters, points], 60, 3, points=points)
    flagged = [(cell.rater, cell.cell) for cell in point_interactions(form) if cell.flagged]
    assert (1, 3) in flagged
    assert all(rater == 1 for rater, _ in flagged)  # the other points of the same rater seem lenient beside it


def test_points_become_answers_of_their_own() -> None:
    form = LongForm(np.array([3, 3, 5]), np.array([0, 1, 0]), np.ones(3), 6, 2, points=np.array([1, 1, 0]))
    units = by_point(form)
    assert (units.n_answers, list(units.answers), list(units.raters)) == (2, [0, 0, 1], [0, 1, 0])


def test_small_cells_and_constant_scores_are_no_finding() -> None:
    few = of_questions(team(1, 4, 3), 1)
    assert question_interactions(few, fit_additive(few), least=0.5) == ()
    constant = of_questions(np.ones((10, 3)), 2)
    assert all(
        cell.p_value == 1 and not cell.flagged
        for cell in question_interactions(constant, fit_additive(constant), least=0.0)
    )
    nothing = of_questions(np.full((10, 3), NONE), 2)
    assert question_interactions(nothing, fit_additive(nothing), least=0.5) == ()


def test_ratings_without_questions_or_points_are_refused() -> None:
    form = from_matrix(team(1, 10, 2))
    with pytest.raises(ValueError, match="which question"):
        question_interactions(form, fit_additive(form), least=0.5)
    with pytest.raises(ValueError, match="not of points"):
        point_interactions(form)
    with pytest.raises(ValueError, match="not of points"):
        by_point(form)
