"""The profile of each rater: severity, the other effects, and one word, decided by rules that are written beside it.

The rules are data (`RaterRules`). A rater gets a word when the 95 % interval excludes "like the colleagues", the
difference is large enough to matter, *and* it is still significant after correction for the number of raters
(Benjamini-Hochberg): among many even-handed raters some look strict by chance. Below 20 answers in common with a
colleague there is no word.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from grader.calibration.raters.drift import contrast, drift
from grader.calibration.raters.effects import Effect, unknown
from grader.calibration.raters.fit import consistency, slope_on_colleagues, spread
from grader.calibration.raters.halo import halo
from grader.calibration.raters.severity import (
    AdditiveModel,
    fit_additive,
    severity_against_colleagues,
    severity_estimates,
)
from grader.statistics import Estimate, LongForm, benjamini_hochberg

Label = Literal["aligned", "strict", "lenient", "noisy", "compressing", "halo", "drifting", "not_enough_data"]
# With two raters the data cannot show whose drift it is.
_LEAST_TEAM = 3


@dataclass(frozen=True, slots=True)
class RaterRules:
    """When a difference matters.

    Attributes:
        least_common: answers in common with a colleague, below which no word is given.
        early_below: answers in common, below which a word is an early indication.
        alpha: two-sided p-value of a difference that counts: .05 for the 95 % interval.
        false_severity: share of false alarms accepted among all raters called strict or lenient.
        false_noisy: the same among those called noisy, whose test is conservative.
        false_other: the same for each of the other words.
        severity: least difference from colleagues, in standard deviations of all scores.
        noisy: least error variance over the panel's.
        compressing: most SD of scores over the colleagues'.
        halo: most SD over the points of an answer over the colleagues'.
        drift: least move from the first to the last rating, in standard deviations of all scores.
    """

    least_common: int = 20
    early_below: int = 50
    alpha: float = 0.05
    false_severity: float = 0.10
    false_noisy: float = 0.10
    false_other: float = 0.05
    severity: float = 0.15
    noisy: float = 1.5
    compressing: float = 0.7
    halo: float = 0.6
    drift: float = 0.3


class Effects(NamedTuple):
    """How one rater differs from colleagues.

    Attributes:
        against_colleagues: in score points against the mean of the colleagues, without those who stand out.
        consistency: error variance over the panel's.
        spread: SD of scores over the colleagues'.
        slope: rise of the score when the colleagues' mean rises by 1.
        halo: SD over the points of an answer over the colleagues'.
        drift: move from the first to the last rating, in score points.
        contrast: correlation with the quality of the answer rated just before.
    """

    against_colleagues: Effect
    consistency: Effect
    spread: Effect
    slope: Effect
    halo: Effect
    drift: Effect
    contrast: Effect


class RaterVerdict(NamedTuple):
    """A rater in one word.

    Attributes:
        label: the word.
        flags: all the words whose rule holds, the label first; empty without one.
        early: whether there are too few answers for more than an early indication.
        reason: what decided, with its numbers.
    """

    label: Label
    flags: tuple[Label, ...]
    early: bool
    reason: str


def verdicts(
    effects: Sequence[Effects],
    n_common: Sequence[int],
    n_team: Sequence[int],
    *,
    severities: Sequence[float | None],
    sd: float,
    rules: RaterRules,
) -> tuple[RaterVerdict, ...]:
    """Return the word of each rater.

    A rater is strict who gives less than the colleagues and less than the whole panel, and lenient who gives more than
    both. It takes both, because beside one very strict rater, who does not count as a colleague, a rater may be below
    the others and yet above the panel.

    Where several rules hold, the first of drifting, halo, compressing, noisy, strict or lenient is the label: the first
    three make a rater unpredictable as well, and severity can be adjusted for while noise cannot.

    Args:
        effects: of each rater.
        n_common: how many answers each rater shares with a colleague.
        n_team: how many raters are linked with each, the rater included.
        severities: of each rater, against the panel; `None` where there is none.
        sd: standard deviation of all scores.
        rules: when a difference matters.

    Undefined: an undefined effect gives no word.
    Raises: ValueError on unequal lengths.
    Source: Williamson, Xi & Breyer (2012), Educational Measurement: Issues and Practice 31, 2-13, for .15 SD; Linacre
        (2002), Rasch Measurement Transactions 16, 878, for 1.5; Benjamini & Hochberg (1995).
    Checked against: planted effects, and error rates in simulated teams (docs/calibration.md).
    """
    certain = _certain(effects, n_common, rules)
    found = []
    for rater, (of_rater, n, team, severity) in enumerate(zip(effects, n_common, n_team, severities, strict=True)):
        words = _words(of_rater, severity or 0.0, sd=sd, team=team, rules=rules)
        reasons = {word: reason for name, word, reason in words if certain[name][rater]}
        found.append(_verdict(reasons, n, rules))
    return tuple(found)


def _certain(effects: Sequence[Effects], n_common: Sequence[int], rules: RaterRules) -> dict[str, list[bool]]:
    """Return whether each effect of each rater is significant after correction for the number of raters."""
    certain = {}
    for place, name in enumerate(Effects._fields):
        p_values = np.array(
            [
                np.nan if of_rater[place].p_value is None or n < rules.least_common else of_rater[place].p_value
                for of_rater, n in zip(effects, n_common, strict=True)
            ],
            dtype=float,
        )
        accepted = {"against_colleagues": rules.false_severity, "consistency": rules.false_noisy}.get(
            name, rules.false_other
        )
        certain[name] = [bool(x) for x in (p_values < rules.alpha) & (benjamini_hochberg(p_values) < accepted)]
    return certain


def _words(
    effects: Effects, severity: float, *, sd: float, team: int, rules: RaterRules
) -> list[tuple[str, Label, str]]:
    """Return the effects that are large enough to matter, the word for each and why, the most telling first."""
    size, move = _value(effects.against_colleagues, 0.0), _value(effects.drift, 0.0)
    steady, wide, apart = (_value(effect, 1.0) for effect in (effects.consistency, effects.spread, effects.halo))
    strict: Label = "strict" if size < 0 else "lenient"
    candidates: list[tuple[bool, str, Label, str]] = [
        (
            team >= _LEAST_TEAM and abs(move) >= rules.drift * sd > 0,
            "drift",
            "drifting",
            f"moved by {move:+.2f} score points from the first rating to the last{_interval(effects.drift)}, "
            f"at least {rules.drift:g} SD",
        ),
        (
            apart <= rules.halo,
            "halo",
            "halo",
            f"tells the points of an answer apart {apart:.2f} times as much as colleagues{_interval(effects.halo)}, "
            f"at most {rules.halo:g}",
        ),
        (
            wide <= rules.compressing,
            "spread",
            "compressing",
            f"spreads scores {wide:.2f} times as widely as colleagues{_interval(effects.spread)}, "
            f"at most {rules.compressing:g}",
        ),
        (
            steady >= rules.noisy,
            "consistency",
            "noisy",
            f"error variance {steady:.2f} times the panel's{_interval(effects.consistency)}, at least {rules.noisy:g}",
        ),
        (
            abs(size) >= rules.severity * sd > 0 and severity * size > 0,
            "against_colleagues",
            strict,
            f"gives {abs(size):.2f} score points {'less' if size < 0 else 'more'} than colleagues"
            f"{_interval(effects.against_colleagues)}, at least {rules.severity:g} SD",
        ),
    ]
    return [(name, word, reason) for matters, name, word, reason in candidates if matters]


def _verdict(reasons: dict[Label, str], n: int, rules: RaterRules) -> RaterVerdict:
    if n < rules.least_common:
        reason = f"{n} answers in common with a colleague, {rules.least_common} needed for a word"
        return RaterVerdict("not_enough_data", (), False, reason)
    early = n < rules.early_below
    words = tuple(reasons)
    if words:
        reason = "; ".join(f"{word}: {reason}" for word, reason in reasons.items())
    else:
        reason = f"no difference from colleagues is both large and certain on {n} answers"
    if early:
        reason += f"; an early indication, below {rules.early_below} answers"
    return RaterVerdict(words[0] if words else "aligned", words, early, reason)


def _value(effect: Effect, default: float) -> float:
    return default if effect.estimate.value is None else effect.estimate.value


def _interval(effect: Effect) -> str:
    estimate: Estimate = effect.estimate
    if estimate.low is None or estimate.high is None:
        return ""
    return f" (interval {estimate.low:+.2f} to {estimate.high:+.2f})"


@dataclass(frozen=True, slots=True)
class RaterProfile:
    """The profile of one rater.

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
    verdict: RaterVerdict


def profile_raters(
    form: LongForm,
    *,
    points: LongForm | None = None,
    model: AdditiveModel | None = None,
    rules: RaterRules | None = None,
    confidence: float = 0.95,
) -> tuple[RaterProfile, ...]:
    """Return the effects and the word of each rater.

    Args:
        form: totals, each rater at most once for an answer; with times for drift and contrast.
        points: ratings of points with the same codes of answers and raters, for halo.
        model: of `form`, where it was fitted already.
        rules: when a difference matters, `RaterRules()` by default.
        confidence: of the intervals shown, between 0 and 1; the words use the level of the rules.

    Undefined: undefined effects are `None` with a reason, and give no word.
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
        rules=RaterRules() if rules is None else rules,
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
