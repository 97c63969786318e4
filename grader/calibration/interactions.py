"""Rater interactions (bias): questions or rubric points that one rater scores differently from all colleagues.

General strictness is not an interaction; it is removed first (`severity.py`).
"""

from typing import NamedTuple

import numpy as np

from grader.calibration.raters.effects import steady_colleagues
from grader.calibration.raters.fit import colleagues
from grader.calibration.raters.severity import AdditiveModel, fit_additive
from grader.statistics import Codes, Floats, LongForm, Mask, benjamini_hochberg, student_t_tail

LEAST_FOR_CELL = 5
# The rater's overall variance counts as much as this many ratings of the cell.
_PRIOR = 4


class Interaction(NamedTuple):
    """How one rater differs from colleagues in one cell, a question or a point.

    Attributes:
        rater: code of the rater.
        cell: code of the question or the point.
        n: how many ratings it rests on.
        mean: mean of score minus severity minus the colleagues' mean of the same, positive = gives more here.
        standard_error: of the mean.
        p_value: two-sided, of no difference.
        q_value: the p-value adjusted for the number of cells (Benjamini-Hochberg).
        flagged: whether q is below .10 and the mean large enough to matter.
    """

    rater: int
    cell: int
    n: int
    mean: float
    standard_error: float
    p_value: float
    q_value: float
    flagged: bool


def question_interactions(
    form: LongForm, model: AdditiveModel, *, least: float, false_alarms: float = 0.10
) -> tuple[Interaction, ...]:
    """Return how each rater differs from colleagues on each question, beyond being strict.

    The mean over the answers of a question of d = y_ir - b_r - mean of y_is - b_s over the colleagues s. Its standard
    error is sqrt(s^2 / n) with s^2 = ((n - 1) s_cell^2 + 4 s_rater^2) / (n + 3), t with n + 3 degrees of freedom: so
    that a cell with few, equal ratings does not look certain. In each cell, raters who stand out are not used as a
    reference for the others (`steady_colleagues`).

    Args:
        form: totals with questions, as given to `fit_additive`.
        model: the fitted model.
        least: mean that matters, in score points: half a level of the scale.
        false_alarms: share of false alarms accepted among the flagged.

    Returns:
        The cells with 5 shared ratings or more, by rater and question.

    Undefined: smaller cells are left out.
    Raises: ValueError when the form has no questions.
    Source: bias terms of many-facet models, Linacre (1994), with half a score point as the size that matters; the
        moderated variance as in Smyth (2004), Statistical Applications in Genetics and Molecular Biology 3, 3.
    Checked against: a case derived by hand, and false alarms in simulated teams (docs/calibration.md).
    """
    if form.questions is None:
        raise ValueError("the ratings do not say which question they are of")
    return _interactions(form, model, form.questions, least, false_alarms)


def point_interactions(points: LongForm, *, least: float = 0.2, false_alarms: float = 0.10) -> tuple[Interaction, ...]:
    """Return how each rater differs from colleagues on each rubric point, beyond giving more or fewer points.

    As `question_interactions` with every point of every answer as an answer of its own.

    Args:
        points: ratings of points as shares of the point, each point of an answer once per rater.
        least: mean that matters, as a share: .2 means 20 of 100 awards more or fewer.
        false_alarms: share of false alarms accepted among the flagged.

    Undefined: cells with fewer than 5 shared ratings are left out.
    Raises: ValueError when the ratings are not of points, or one was rated twice.
    Source: as `question_interactions`.
    Checked against: as `question_interactions`.
    """
    if points.points is None:
        raise ValueError("the ratings are of whole answers, not of points")
    units = by_point(points)
    return _interactions(units, fit_additive(units), points.points, least, false_alarms)


def by_point(points: LongForm) -> LongForm:
    """Return ratings of points with every point of every answer as an answer of its own.

    Raises: ValueError when the ratings are not of points.
    """
    if points.points is None:
        raise ValueError("the ratings are of whole answers, not of points")
    width = int(points.points.max(initial=0)) + 1
    units, codes = np.unique(points.answers * width + points.points, return_inverse=True)
    return LongForm(codes, points.raters, points.scores, units.size, points.n_raters, times=points.times)


def _interactions(
    form: LongForm, model: AdditiveModel, cells: Codes, least: float, false_alarms: float
) -> tuple[Interaction, ...]:
    apart = form.scores - model.severity[form.raters] - colleagues(form, model).means
    known = np.isfinite(apart)
    prior = _variances(apart[known], form.raters[known], form.n_raters)
    found = []
    rows = np.flatnonzero(known)
    if not rows.size:
        return ()
    rows = rows[np.argsort(cells[rows], kind="stable")]
    numbers, begins = np.unique(cells[rows], return_index=True)
    for cell, of_cell in zip(numbers, np.split(rows, begins[1:]), strict=True):
        found.append(_cell(int(cell), form, model, of_cell, prior))
    raters, codes, n, means, errors, p_values = (np.concatenate(column) for column in zip(*found, strict=True))
    q_values = benjamini_hochberg(p_values)
    order = np.lexsort((codes, raters))
    return tuple(
        Interaction(
            int(raters[i]),
            int(codes[i]),
            int(n[i]),
            float(means[i]),
            float(errors[i]),
            float(p_values[i]),
            float(q_values[i]),
            bool(q_values[i] < false_alarms and abs(means[i]) >= least),
        )
        for i in order
    )


def _variances(values: Floats, raters: Codes, n_raters: int) -> Floats:
    n = np.maximum(np.bincount(raters, minlength=n_raters), 1)
    means = np.bincount(raters, weights=values, minlength=n_raters) / n
    squares = np.bincount(raters, weights=(values - means[raters]) ** 2, minlength=n_raters)
    variances: Floats = squares / np.maximum(n - 1, 1)
    return variances


def _cell(
    cell: int, form: LongForm, model: AdditiveModel, rows: Codes, prior: Floats
) -> tuple[Codes, Codes, Codes, Floats, Floats, Floats]:
    """Return raters, cell, n, means, standard errors and p-values of the raters with enough ratings in the cell."""
    _, answers = np.unique(form.answers[rows], return_inverse=True)
    part = LongForm(answers, form.raters[rows], form.scores[rows], answers.size, form.n_raters)

    def measure(counted: Mask) -> tuple[Codes, Floats, Floats, Floats]:
        apart = part.scores - model.severity[part.raters] - colleagues(part, model, counted).means
        known = np.isfinite(apart)
        raters = part.raters[known]
        n = np.bincount(raters, minlength=form.n_raters)
        means = np.bincount(raters, weights=apart[known], minlength=form.n_raters) / np.maximum(n, 1)
        own = _variances(apart[known], raters, form.n_raters) * np.maximum(n - 1, 0)
        errors = np.sqrt((own + _PRIOR * prior) / (n + _PRIOR - 1) / np.maximum(n, 1))
        enough = n >= LEAST_FOR_CELL
        # Where nothing varies, any difference is rounding error.
        t = np.divide(np.abs(means), errors, out=np.zeros_like(means), where=errors > 1e-12)
        return (
            n,
            np.where(enough, means, np.nan),
            errors,
            np.where(enough, 2 * student_t_tail(t, n + _PRIOR - 1), np.nan),
        )

    def effects(counted: Mask) -> tuple[Floats, Floats]:
        _, means, _, p_values = measure(counted)
        return means, p_values

    present = np.bincount(part.raters, minlength=form.n_raters) > 0
    n, means, errors, p_values = measure(steady_colleagues(effects, present, model.components))
    raters = np.flatnonzero(np.isfinite(means))
    return raters, np.full(raters.size, cell), n[raters], means[raters], errors[raters], p_values[raters]
