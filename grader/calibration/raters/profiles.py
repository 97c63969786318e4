"""Everything that the ratings say of each rater, in one place: severity, the other effects, and a word."""

from dataclasses import dataclass

import numpy as np

from grader.calibration.raters.consistency import consistency, slope_on_colleagues, spread
from grader.calibration.raters.drift import contrast, drift
from grader.calibration.raters.effects import unknown
from grader.calibration.raters.halo import halo
from grader.calibration.raters.labels import Effects, Rules, Verdict, verdicts
from grader.calibration.raters.severity import (
    AdditiveModel,
    fit_additive,
    severity_against_colleagues,
    severity_estimates,
)
from grader.statistics import Estimate, LongForm


@dataclass(frozen=True, slots=True)
class RaterProfile:
    """What the ratings say of one rater.

    Attributes:
        n_ratings: how many answers the rater rated.
        n_common: how many of them somebody else rated as well.
        component: number of the group of linked raters; severities compare within it alone.
        severity: in score points against the mean of the panel, positive = gives more.
        effects: how the rater differs from colleagues.
        verdict: the word, and why.
    """

    n_ratings: int
    n_common: int
    component: int
    severity: Estimate
    effects: Effects
    verdict: Verdict


def profile_raters(
    form: LongForm,
    *,
    points: LongForm | None = None,
    model: AdditiveModel | None = None,
    rules: Rules | None = None,
    confidence: float = 0.95,
) -> tuple[RaterProfile, ...]:
    """Return the effects and the word of each rater.

    Args:
        form: totals, each rater at most once for an answer; with times for drift and contrast.
        points: ratings of points with the same codes of answers and raters, for halo.
        model: of `form`, where it was fitted already.
        rules: when a difference matters, `Rules()` by default.
        confidence: of the intervals shown, between 0 and 1; the words go by the rules' own.

    Undefined: effects say `None` with a reason, and then count for no word.
    Raises: ValueError when a rater rated an answer twice, `points` has other raters, or `confidence` is not between
        0 and 1.
    Source: as the effects and the rules.
    Checked against: planted effects, and error rates in simulated teams (docs/calibration.md).
    """
    if points is not None and points.n_raters != form.n_raters:
        raise ValueError(f"points has {points.n_raters} raters, but there are {form.n_raters}")
    fitted = fit_additive(form) if model is None else model
    no_points = (unknown(0, "no ratings of points"),) * form.n_raters
    columns = (
        severity_against_colleagues(fitted, confidence=confidence),
        consistency(form, fitted, confidence=confidence),
        spread(form, fitted, confidence=confidence),
        slope_on_colleagues(form, fitted, confidence=confidence),
        no_points if points is None else halo(points, confidence=confidence),
        drift(form, fitted, confidence=confidence),
        contrast(form, fitted, confidence=confidence),
    )
    severities = severity_estimates(fitted, confidence=confidence)
    effects = [Effects(*of_rater) for of_rater in zip(*columns, strict=True)]
    words = verdicts(
        effects,
        n_common=[int(n) for n in fitted.n_common],
        n_team=[int(n) for n in np.bincount(fitted.components, minlength=1)[fitted.components]],
        severities=[severity.value for severity in severities],
        sd=float(form.scores.std(ddof=1)) if form.n_ratings > 1 else 0.0,
        rules=Rules() if rules is None else rules,
    )
    n_ratings = np.bincount(form.raters, minlength=form.n_raters)
    return tuple(
        RaterProfile(
            int(n_ratings[rater]),
            int(fitted.n_common[rater]),
            int(fitted.components[rater]),
            severities[rater],
            effects[rater],
            words[rater],
        )
        for rater in range(form.n_raters)
    )
