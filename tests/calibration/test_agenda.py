"""Which answers to discuss, and what about them."""

import math
from dataclasses import replace

import numpy as np

from grader.calibration.agenda import discussion_agenda
from grader.calibration.raters.severity import AdditiveModel, fit_additive
from grader.statistics.rating_tables import LongForm, from_matrix

NONE = math.nan


def fitted(table: list[list[float]]) -> tuple[LongForm, AdditiveModel]:
    form = from_matrix(np.array(table, dtype=float))
    return form, fit_additive(form)


def test_split_decisions_come_first_then_the_widest() -> None:
    form, model = fitted([[5, 6], [1, 4], [9, 9], [8, 3.5], [4, NONE], [2, 2.5]])
    items = discussion_agenda(form, model, cut=5.5)
    assert [item.answer for item in items] == [3, 0, 1, 5]
    assert [item.split for item in items] == [True, True, False, False]
    assert (items[0].spread, items[0].raters, items[0].scores) == (4.5, (0, 1), (8, 3.5))
    assert items[1].raters == (1, 0)


def test_without_a_cut_nothing_is_split() -> None:
    form, model = fitted([[5, 6], [1, 4]])
    assert [(item.answer, item.split) for item in discussion_agenda(form, model)] == [(1, False), (0, False)]


def test_a_spread_that_severity_explains_is_about_the_bar() -> None:
    """Rater 1 gives 2 less throughout, but on the last answer 2 more: there the evidence is read differently."""
    form, model = fitted([[5, 3], [6, 4], [7, 5], [8, 6], [4, 2], [5, 3], [6, 4], [7, 5], [5, 7]])
    items = {item.answer: item for item in discussion_agenda(form, model, most=9)}
    assert items[0].different_bar and items[0].fair_spread < 0.5
    assert not items[8].different_bar and items[8].fair_spread > 3


def test_at_most_two_answers_of_a_question_and_eight_in_all() -> None:
    form, model = fitted([[float(i), 0.0] for i in range(1, 31)])
    assert len(discussion_agenda(form, model)) == 8
    asked = replace(form, questions=form.answers // 15)
    items = discussion_agenda(asked, model)
    assert [(item.answer, item.question) for item in items] == [(29, 1), (28, 1), (14, 0), (13, 0)]


def test_points_on_which_raters_differ_are_named() -> None:
    form, model = fitted([[5, 2, 2]])
    votes = np.array([[1, 1, 0, 1], [1, 0, 0, 0.5], [1, 0, 0, 1]])
    raters, codes = np.nonzero(np.isfinite(votes))
    points = LongForm(np.zeros(12, dtype=int), raters, votes[raters, codes], 1, 3, points=codes)
    [item] = discussion_agenda(form, model, points=points)
    assert item.points == (1, 3)


def test_where_all_agree_there_is_nothing_to_discuss() -> None:
    form, model = fitted([[1, 1], [2, NONE]])
    assert discussion_agenda(form, model, cut=1.5) == ()
    form, model = fitted([[NONE, NONE]])
    assert discussion_agenda(form, model) == ()
