"""How far raters agree: every coefficient with its interval, in score points and candidates, and in words.

Section 2 of a calibration. The statistics themselves are in `grader.statistics`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from grader.calibration.overview import EARLY
from grader.statistics import (
    DECIMALS,
    LEAST_COMMON,
    PAIR_STATISTICS,
    Components,
    Estimate,
    Floats,
    IccForm,
    Level,
    LongForm,
    Method,
    Resampled,
    Statistic,
    Verdict,
    agreeing_pairs,
    agreeing_shares,
    alpha_by_weights,
    components_by_weights,
    few_in_common,
    gwet,
    icc_from_components,
    icc_interval,
    interval,
    kappa_interval,
    mean_over_pairs,
    means_by_weights,
    ratings_per_answer,
    resample_many,
    resamples_for,
    standard_error_of_measurement,
    to_matrix,
    verdict,
    why_undefined,
    wilson_interval,
    without_gaps,
)

ICC_FORMS: Final[Mapping[str, IccForm]] = {"icc_a1": "A,1", "icc_ak": "A,k", "icc_c1": "C,1", "icc_ck": "C,k"}
# Seconds, not minutes, for 200 raters; the standard error of 200 resamples is off by 5 %.
_PAIRS_IN_ALL: Final = 40_000_000
_RATERS_CUBED_IN_ALL: Final = 2_000_000_000
_LEAST_RESAMPLES: Final = 200
FEW_IN_COMMON: Final = (
    f"no interval: no two raters share {LEAST_COMMON} answers, and over fewer it is too low; Krippendorff's alpha and "
    "the ICC take all pairs together"
)
# The interval method of each statistic and its possible range, in the order of `panel_statistics`.
_METHODS: Final[Mapping[str, tuple[Method, tuple[float, float]]]] = {
    "exact": ("t", (0.0, 1.0)),
    "adjacent": ("t", (0.0, 1.0)),
    "same_side": ("t", (0.0, 1.0)),
    "quadratic_weighted_kappa": ("z", (-1.0, 1.0)),
    "pearson_r": ("z", (-1.0, 1.0)),
    "krippendorff_alpha": ("z", (-np.inf, 1.0)),
    **dict.fromkeys(ICC_FORMS, ("z", (-np.inf, 1.0))),
    "sem": ("t", (0.0, np.inf)),
}


@dataclass(frozen=True, slots=True)
class Scale:
    """The scale on which agreement is measured.

    Attributes:
        step: one level, in points; scores so far apart are adjacent.
        level: level of measurement, for Krippendorff's alpha.
        cut: candidates with this score or more pass; `None` for no cut.
    """

    step: float = 1.0
    level: Level = "ordinal"
    cut: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class PanelAgreement:
    """How far raters agree.

    Attributes:
        statistics: by name, each with its interval and the number of answers with two or more raters.
        components: variances of answers, raters and the rest.
        usual_raters: how many people rate an answer that more than one rates, the median: k of `icc_ak` and `icc_ck`.
        verdicts: the words that an interval supports, by name of the statistic; none with too few answers.
    """

    statistics: Mapping[str, Estimate]
    components: Components
    usual_raters: int
    verdicts: Mapping[str, Verdict]


def panel_agreement(first_totals: LongForm, scale: Scale, *, seed: int, resamples: int | None = None) -> PanelAgreement:
    """Compute how far raters agree.

    Args:
        first_totals: totals without repeats.
        scale: the scale on which agreement is measured.
        seed: of the bootstrap over answers.
        resamples: how many; `None` takes `n_resamples`.
    """
    table = to_matrix(first_totals)
    undefined = why_undefined(table)
    k = usual_raters(first_totals)
    names, statistics = panel_statistics(first_totals, scale, k)
    resampled = resample_many(
        statistics, first_totals.n_answers, n_resamples=resamples or n_resamples(first_totals), seed=seed
    )
    n = int(np.sum(ratings_per_answer(first_totals) >= 2))
    found = {
        name: _estimate(name, one, n, undefined or "undefined: too few answers, or no variation in them")
        for name, one in zip(names, resampled, strict=True)
        if not name.startswith("variance")
    }
    found |= _wilson(found, all_of_pairs=k == 2 == ratings_per_answer(first_totals).max(initial=0))
    if few_in_common(first_totals):
        found |= {name: _without_interval(found[name]) for name in PAIR_STATISTICS}
    whole = table[:, np.isfinite(table).any(axis=0)]
    if undefined is None and np.isfinite(whole).all():
        found |= {name: icc_interval(whole, form=form) for name, form in ICC_FORMS.items()}
    found["gwet_ac1"] = kappa_interval(gwet(without_gaps(table)), undefined=undefined)
    if "same_side" in found:
        found["flips"] = _flips(found.pop("same_side"))
    components = Components(
        *(one.value for name, one in zip(names, resampled, strict=True) if name.startswith("variance"))
    )
    words = {name: verdict(name, estimate) for name, estimate in found.items() if n >= EARLY}
    verdicts = {name: word for name, word in words.items() if word is not None}
    return PanelAgreement(found, components, k, verdicts)


def usual_raters(first_totals: LongForm) -> int:
    """How many people rate an answer, the median over answers that two or more rate; 2 where there are none."""
    counts = ratings_per_answer(first_totals)
    several = counts[counts >= 2]
    return int(np.median(several)) if several.size else 2


def n_resamples(first_totals: LongForm) -> int:
    """How many resamples are affordable: fewer where very many ratings must be paired, or very many raters."""
    counts = ratings_per_answer(first_totals)
    n_pairs = max(1, int(np.sum(counts * (counts - 1))) // 2)
    by_size = min(_PAIRS_IN_ALL // n_pairs, _RATERS_CUBED_IN_ALL // max(1, first_totals.n_raters) ** 3)
    return max(_LEAST_RESAMPLES, min(resamples_for(first_totals.n_answers), by_size))


def panel_statistics(first_totals: LongForm, scale: Scale, k: int) -> tuple[tuple[str, ...], Statistic]:
    """The names of all statistics, and all of them as one function of weights.

    Args:
        first_totals: totals without repeats.
        scale: the scale on which agreement is measured.
        k: how many raters are averaged in `icc_ak` and `icc_ck`.
    """
    table = to_matrix(first_totals)
    columns = [agreeing_shares(first_totals), agreeing_shares(first_totals, tolerance=scale.step)]
    names = ["exact", "adjacent"]
    if scale.cut is not None:
        names, columns = [*names, "same_side"], [*columns, agreeing_pairs(table, scale.cut)]
    shares, pairs = means_by_weights(np.stack(columns, axis=1)), mean_over_pairs(first_totals)
    alpha, parts = alpha_by_weights(first_totals, level=scale.level), components_by_weights(table)

    def of_weights(weights: Floats) -> Floats:
        variances = parts(weights)
        derived = np.array([_of_components(Components(*of_draw), k) for of_draw in variances])
        return np.hstack([shares(weights), pairs(weights), alpha(weights)[:, None], derived, variances])

    names += ["quadratic_weighted_kappa", "pearson_r", "krippendorff_alpha", *ICC_FORMS, "sem"]
    return (*names, "variance_of_answers", "variance_of_raters", "variance_of_rest"), of_weights


def _of_components(parts: Components, k: int) -> list[float]:
    of_forms = [icc_from_components(parts, form=form, n_raters=k) for form in ICC_FORMS.values()]
    return [*of_forms, standard_error_of_measurement(parts)]


def _estimate(name: str, resampled: Resampled, n: int, undefined: str) -> Estimate:
    method, bounds = _METHODS[name]
    # Answers with one rating are drawn as well, but give no degrees of freedom.
    resampled = replace(resampled, n_units=n)
    found = interval(_unbiased(resampled) if name in PAIR_STATISTICS else resampled, method=method, bounds=bounds)
    if not np.isfinite(resampled.value):
        return Estimate(None, None, None, n, undefined)
    value = resampled.value
    if found.low is None or found.high is None:
        return Estimate(value, None, None, n, found.note)
    return Estimate(value, min(found.low, value), max(found.high, value), n, found.note)


def _unbiased(of_pairs: Resampled) -> Resampled:
    """The statistic without its bias: the mean over pairs with few answers is too low, and so are its draws."""
    defined = of_pairs.draws[np.isfinite(of_pairs.draws)]
    bias = float(defined.mean()) - of_pairs.value if defined.size else 0.0
    return replace(of_pairs, value=of_pairs.value - bias)


def _without_interval(of_pairs: Estimate) -> Estimate:
    """A mean over pairs with few answers in common, without an interval: no word may rest on it."""
    note = of_pairs.note if of_pairs.value is None else FEW_IN_COMMON
    return Estimate(of_pairs.value, None, None, of_pairs.n, note)


def _wilson(found: Mapping[str, Estimate], *, all_of_pairs: bool) -> dict[str, Estimate]:
    """Wilson's intervals of shares, where they are better than the bootstrap's.

    Where each answer has one pair of ratings, the cases are independent. Where all pairs agree or none does, resamples
    do not vary, and the interval for so many answers is wide enough.
    """
    shares = {name: found[name] for name in ("exact", "adjacent", "same_side") if name in found}
    return {
        name: wilson_interval(round(share.value * share.n), share.n)
        for name, share in shares.items()
        if share.value is not None and (all_of_pairs or round(share.value, DECIMALS) in (0.0, 1.0))
    }


def _flips(same_side: Estimate) -> Estimate:
    """How many of 100 candidates another rater would put on the other side of the cut."""

    def flipped(share: float | None) -> float | None:
        return None if share is None else 100 * (1 - share)

    return Estimate(
        flipped(same_side.value), flipped(same_side.high), flipped(same_side.low), same_side.n, same_side.note
    )
