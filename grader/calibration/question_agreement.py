"""Which questions cause disagreement: agreement, error and the share of raters in it, question by question.

Section 4 of a calibration.
"""

from dataclasses import dataclass, replace

import numpy as np

from grader.calibration.panel_agreement import Scale
from grader.statistics import (
    Components,
    Estimate,
    Floats,
    LongForm,
    Resampled,
    Statistic,
    agreeing_shares,
    alpha_by_weights,
    components_by_weights,
    interval,
    means_by_weights,
    rater_share,
    ratings_per_answer,
    resample_many,
    standard_error_of_measurement,
    to_matrix,
    variance_components,
)

LEAST_ANSWERS = 5  # below so few double-marked answers a question has no interval
_DRAWS = 400
_RATERS_TO_RESAMPLE = 20  # variance components of more raters take too long to resample


@dataclass(frozen=True, slots=True)
class QuestionAgreement:
    """How far raters agree on the answers to one question.

    Attributes:
        question: its number in `RatingArrays.question_ids`.
        n_answers: answers rated by anybody.
        n_double_marked: answers rated by two or more.
        mean: of all scores, in points.
        exact: share of pairs of ratings with the same score.
        alpha: Krippendorff's.
        sem: by how much another rater would typically move a score, in points.
        rater_share: share of the variance of scores that comes from who rated.
    """

    question: int
    n_answers: int
    n_double_marked: int
    mean: float
    exact: Estimate
    alpha: Estimate
    sem: Estimate
    rater_share: Estimate


def question_agreement(
    first_totals: LongForm, scale: Scale, *, seed: int, resamples: int | None = None
) -> tuple[QuestionAgreement, ...]:
    """Say how far raters agree on each question, the least agreement first and what is undefined last.

    Args:
        first_totals: totals with questions, without repeats; empty where the form has none.
        scale: the scale on which agreement is measured.
        seed: of the bootstrap.
        resamples: how many at most; never more than 400, which are enough for a question.
    """
    if first_totals.questions is None:
        return ()
    order = np.argsort(first_totals.questions, kind="stable")
    numbers, begins = np.unique(first_totals.questions[order], return_index=True)
    found = [
        _question(int(number), _compact(first_totals.take(rows)), scale, seed, min(_DRAWS, resamples or _DRAWS))
        for number, rows in zip(numbers, np.split(order, begins[1:]), strict=True)
    ]
    return tuple(sorted(found, key=lambda one: (one.alpha.value is None, one.alpha.value or 0.0, one.question)))


def _compact(form: LongForm) -> LongForm:
    """The same ratings with answers and raters numbered without gaps."""
    answers, new_answers = np.unique(form.answers, return_inverse=True)
    raters, new_raters = np.unique(form.raters, return_inverse=True)
    return replace(form, answers=new_answers, raters=new_raters, n_answers=answers.size, n_raters=raters.size)


def _question(number: int, form: LongForm, scale: Scale, seed: int, n_draws: int) -> QuestionAgreement:
    n_double = int(np.sum(ratings_per_answer(form) >= 2))
    resampled = resample_many(_statistics(form, scale), form.n_answers, n_resamples=n_draws, seed=seed)
    exact, alpha, *parts = resampled
    if not parts:
        whole = variance_components(to_matrix(form))
        parts = [replace(exact, value=value, draws=np.full(1, np.nan)) for value in _derived(whole)]
    sem, share = parts
    return QuestionAgreement(
        number,
        form.n_answers,
        n_double,
        float(form.scores.mean()),
        _estimate(exact, n_double, (0.0, 1.0)),
        _estimate(alpha, n_double, (-np.inf, 1.0), is_coefficient=True),
        _estimate(sem, n_double, (0.0, np.inf)),
        _estimate(share, n_double, (0.0, 1.0)),
    )


def _statistics(form: LongForm, scale: Scale) -> Statistic:
    exact = means_by_weights(agreeing_shares(form)[:, None])
    alpha = alpha_by_weights(form, level=scale.level)
    parts = components_by_weights(to_matrix(form)) if form.n_raters <= _RATERS_TO_RESAMPLE else None

    def of_weights(weights: Floats) -> Floats:
        columns = [exact(weights), alpha(weights)[:, None]]
        if parts is not None:
            columns.append(np.array([_derived(Components(*of_draw)) for of_draw in parts(weights)]))
        return np.hstack(columns)

    return of_weights


def _derived(parts: Components) -> tuple[float, float]:
    return standard_error_of_measurement(parts), rater_share(parts)


def _estimate(resampled: Resampled, n: int, bounds: tuple[float, float], *, is_coefficient: bool = False) -> Estimate:
    if n < LEAST_ANSWERS:
        if not np.isfinite(resampled.value):
            return Estimate(None, None, None, n, "undefined: too few answers, or no variation in them")
        return Estimate(resampled.value, None, None, n, f"no interval: fewer than {LEAST_ANSWERS} answers")
    found = interval(resampled, method="z" if is_coefficient else "t", bounds=bounds)
    note = None if found.note and "resamples, because" in found.note else found.note
    return Estimate(found.value, found.low, found.high, n, note)
