"""The marks that people give each answer, as shares of its full score, adjusted for strictness."""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from grader.calibration.raters.severity import fit_additive
from grader.calibration.ratings.arrays import rating_arrays
from grader.calibration.ratings.reading import Ratings
from grader.errors import InputError
from grader.statistics import Floats, LongForm, first_ratings


class PeopleMarks(NamedTuple):
    """The marks that people gave.

    Attributes:
        marks: by answer id, a fraction 0..1.
        n_raters: people who gave these.
        severity: by rater, for those who share answers with others: what was removed, as a fraction.

    """

    marks: Mapping[str, float]
    n_raters: int
    severity: Mapping[str, float]


def people_marks(ratings: Ratings, max_scores: Mapping[str, float]) -> PeopleMarks:
    """The mark of each answer: the mean over its raters of score / full score, less the rater's severity.

    A definitive (gold) score counts alone. A rater's severity b comes from the additive model (`severity`) and is
    shrunk by its uncertainty, `b s^2 / (s^2 + SE^2)`, with s^2 the variance of severities beyond their errors: with few
    common answers next to nothing is removed.

    Args:
        ratings: of people and perhaps machines, which do not count.
        max_scores: the full score of answers whose ratings do not say it; answers in neither are left out.

    Raises:
        InputError: a score is above the full score.

    """
    arrays = rating_arrays(ratings)
    known = np.array([max_scores.get(answer, np.nan) for answer in arrays.answer_ids])
    full = np.where(np.isnan(arrays.max_scores), known, arrays.max_scores)
    first_totals = first_ratings(arrays.totals)
    first_totals = first_totals.take(~np.isnan(full[first_totals.answers]))
    shares = first_totals.scores / full[first_totals.answers]
    if (shares > 1 + 1e-9).any():
        worst = int(first_totals.answers[int(np.argmax(shares))])
        problem = f"a score of the answer '{arrays.answer_ids[worst]}' is above its full score of {full[worst]:g}"
        raise InputError(problem, source=ratings.source, field="score")
    form = replace(first_totals, scores=shares)
    severity = _shrunk_severity(form)
    totals = np.bincount(form.answers, weights=shares - severity[form.raters], minlength=form.n_answers)
    counts = np.bincount(form.answers, minlength=form.n_answers)
    means = np.divide(totals, counts, out=np.full(len(totals), np.nan), where=counts > 0)
    marks = np.where(np.isnan(arrays.gold), means, arrays.gold / full)
    used = np.unique(form.raters)
    return PeopleMarks(
        marks={
            answer: min(1.0, max(0.0, float(mark)))
            for answer, mark in zip(arrays.answer_ids, marks, strict=True)
            if np.isfinite(mark)
        },
        n_raters=len(used),
        severity={arrays.raters[rater]: float(severity[rater]) for rater in used if severity[rater]},
    )


def _shrunk_severity(form: LongForm) -> Floats:
    """How much more each rater gives than the panel, as far as the ratings show it, shape `(n_raters,)`."""
    model = fit_additive(form)
    found, errors = model.severity, model.standard_error**2
    sure = np.isfinite(found) & np.isfinite(errors)
    if sure.sum() < 2:
        return np.zeros(form.n_raters)
    spread = max(0.0, float(np.mean(found[sure] ** 2 - errors[sure])))
    share = spread / np.maximum(spread + np.nan_to_num(errors), 1e-12)
    shrunk: Floats = np.where(sure, np.nan_to_num(found) * share, 0.0)
    return shrunk
