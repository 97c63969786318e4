"""The system as one more rater, and whether it may score in people's place.

Section 10 of a calibration. `system_raters` takes each machine of a calibration, `system_rater` compares one machine
with people from arrays alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from grader.calibration.panel_agreement import Scale
from grader.calibration.ratings.arrays import RatingArrays
from grader.calibration.system.criteria import LEAST_FOR_A_VERDICT, CriterionResult, Outcome, ets_triple, group_rule
from grader.calibration.system.grades import GRADER_NAME, GradedRatings
from grader.calibration.system.human_machine_agreement import (
    COMPARED_STATISTICS,
    SYSTEM_STATISTICS,
    Confusion,
    compared_statistics,
    confusion,
    same_side_shares,
    system_statistics,
)
from grader.grading import REVIEW_SHARES, kept_after_review
from grader.statistics import (
    RATERS_FOR_A_CONSENSUS,
    SEED,
    T_TEST_FROM,
    AltTest,
    Codes,
    Estimate,
    Floats,
    LongForm,
    McNemar,
    Method,
    Resampled,
    alt_test,
    alt_test_outcome,
    dsm_by_weights,
    from_matrix,
    interval,
    mcnemar,
    means_by_weights,
    passes,
    ppi_mean,
    rating_table,
    ratings_per_answer,
    resample_many,
    rogan_gladen,
    to_matrix,
    wilson_interval,
)

# How the interval of each statistic is made (measured in docs/statistics.md), and its possible range.
_METHODS: Final[Mapping[str, tuple[Method, tuple[float, float]]]] = {
    **dict.fromkeys(("quadratic_weighted_kappa", "pearson_r"), ("z", (-1.0, 1.0))),
    **dict.fromkeys(("human_quadratic_weighted_kappa",), ("z", (-1.0, 1.0))),
    **dict.fromkeys(("degradation", "degradation_r"), ("t", (-2.0, 2.0))),
    **dict.fromkeys(("exact", "adjacent", "same_side"), ("t", (0.0, 1.0))),
    "root_mean_squared_error": ("t", (0.0, np.inf)),
}
_NEEDS_TWO_REASON: Final = "undefined: it needs answers that two people rated, and scores that vary"
_REASON: Final = "undefined: too few answers, or no variation in them"
_TOO_FEW: Final = "too few answers to tell whether it is as good as people"
_CURVE_RESAMPLES: Final = 400
_MOST_LEVELS = 12  # a scale with more levels is taken step by step in the table of people against machine


class AltTestOutcome(NamedTuple):
    """Whether the system may replace a person, by the alternative annotator test."""

    result: AltTest
    epsilon: float  # how much worse the system may be, because it is cheaper
    outcome: Outcome | None  # None: `note` says what is missing
    note: str | None


class DecisionsAtCut(NamedTuple):
    """Decisions at the cut."""

    cut: float
    same_side: Estimate  # share of ratings on the system's side
    flips_per_100: Estimate  # candidates of 100 whose decision changes when the system decides
    mcnemar: McNemar  # whether one passes more, on mean ratings
    people_pass: Estimate  # share of the rated answers that people pass, by their mean rating
    system_passes: Estimate  # share of the batch that the system passes, as it is
    corrected: Estimate  # share of the batch that people would pass


class SubgroupDifference(NamedTuple):
    """How the system treats a group of candidates."""

    name: str
    n: int
    difference: CriterionResult | None  # standardized; None: too few to be shown


class ReviewStep(NamedTuple):
    """Agreement with people on the answers that remain when people review the least certain ones."""

    share_sent: float
    kappa: Estimate


@dataclass(frozen=True, slots=True, eq=False)
class SystemRater:
    """The system as a rater.

    Attributes:
        n: answers with a rating by people and a score by the system.
        n_double: those with two or more ratings.
        n_batch: answers with a score by the system alone.
        n_left_out: answers without a score by the system.
        triple: kappa, degradation and standardized mean difference against the rules of automated scoring.
        statistics: `SYSTEM_STATISTICS` and `COMPARED_STATISTICS` by name, the latter on double-marked answers.
        confusion: people (rows) against system (columns) by level; sums of rows and columns are the distributions.
        stand_in: the alternative annotator test.
        batch_mean: mean score that people would give to the batch, corrected for the system's error.
        at_cut: decisions; `None` without a cut.
        groups: one for each label, in their order; empty without labels.
        kept: agreement by how many go to people; empty without confidences.
    """

    n: int
    n_double: int
    n_batch: int
    n_left_out: int
    triple: tuple[CriterionResult, CriterionResult, CriterionResult]
    statistics: Mapping[str, Estimate]
    confusion: Confusion
    stand_in: AltTestOutcome
    batch_mean: Estimate
    at_cut: DecisionsAtCut | None
    groups: tuple[SubgroupDifference, ...]
    kept: tuple[ReviewStep, ...]


def system_rater(
    ratings: npt.ArrayLike,
    system: npt.ArrayLike,
    *,
    cut: float | None = None,
    groups: Sequence[str] | None = None,
    confidences: npt.ArrayLike | None = None,
    levels: npt.ArrayLike | None = None,
    step: float = 1.0,
    epsilon: float = 0.2,
    least_in_group: int = 10,
    seed: int = SEED,
) -> SystemRater:
    """Compare a system with people in every way that tells whether it may score in their place.

    Args:
        ratings: shape `(n_answers, n_raters)`, by people, NaN where a person gave none. Answers without any rating
            are the batch that the corrected mean and rate are about; the others should be a random sample of all.
        system: shape `(n_answers,)`, on the scale of the ratings; NaN where it gave no score: left out.
        cut: candidates with this score or more pass; `None` for no cut.
        groups: a label for each answer, "" where not known; `None` where there are no groups.
        confidences: shape `(n_answers,)`, how sure the system is, on any scale; `None` if it has no confidence.
        levels: scores that people can give; by default those that they gave.
        step: one level, in score points: scores at most this far apart are adjacent.
        epsilon: of the alternative annotator test; .2 for experts.
        least_in_group: groups with fewer answers are not shown.
        seed: of the bootstraps over answers.

    Undefined: each estimate on its own, with the reason in its note.
    Raises: ValueError on another shape, infinite ratings, or scores.
    """
    table, m = rating_table(ratings), np.asarray(system, dtype=float)
    if m.shape != (len(table),):
        raise ValueError(f"system has shape {m.shape} but there are {len(table)} answers: give one score each")
    if np.isinf(m).any():
        raise ValueError("system must be numbers, or NaN where missing; got an infinite value")
    scored, rated = np.isfinite(m), np.isfinite(table).any(axis=1)
    both = scored & rated
    labels = None if groups is None else _values_of(groups, "groups", both).astype(str)
    sure = None if confidences is None else _values_of(confidences, "confidences", both).astype(float)
    form, mine = from_matrix(table[both]), m[both]
    known = np.unique(form.scores) if levels is None else np.unique(np.asarray(levels, dtype=float))
    n_double = int(np.sum(ratings_per_answer(form) >= 2))
    statistics = _statistics(form, mine, known, step, n_double, seed)
    parts = [statistics[name] for name in ("quadratic_weighted_kappa", "degradation", "standardized_mean_difference")]
    means, batch = _mean_ratings(form), m[scored & ~rated]
    return SystemRater(
        n=int(both.sum()),
        n_double=n_double,
        n_batch=batch.size,
        n_left_out=int((~scored).sum()),
        triple=ets_triple(parts[0], parts[1], parts[2]),
        statistics=statistics,
        confusion=confusion(form, mine, levels=known),
        stand_in=_stand_in(table[both], mine, epsilon),
        batch_mean=ppi_mean(means, mine, batch, tuned=True),
        at_cut=None if cut is None else _at_cut(form, mine, means, batch, cut, seed),
        groups=() if labels is None else _groups(form, mine, labels, least_in_group, seed),
        kept=() if sure is None else _kept(form, mine, known, sure, seed),
    )


def _statistics(
    form: LongForm, m: Floats, levels: Floats, step: float, n_double: int, seed: int
) -> dict[str, Estimate]:
    found = {}
    if form.n_answers:
        of_all = system_statistics(form, m, levels=levels, step=step)
        found = _estimates(SYSTEM_STATISTICS, resample_many(of_all, form.n_answers, seed=seed), _REASON)
        alone = found["prmse"]
        reason = _NEEDS_TWO_REASON if alone.value is None else alone.note
        found["prmse"] = Estimate(alone.value, alone.low, alone.high, n_double, reason)
        if ratings_per_answer(form).max(initial=0) == 1:
            found |= {name: _wilson(found[name]) for name in ("exact", "adjacent")}
    if n_double:
        rows = ratings_per_answer(form) >= 2
        shared = _rows(form, np.flatnonzero(rows))
        drawn = resample_many(compared_statistics(shared, m[rows]), n_double, seed=seed)
        found |= _estimates(COMPARED_STATISTICS, drawn, _NEEDS_TWO_REASON)
    nothing = Estimate(None, None, None, 0, "undefined: no answer has both a rating and a system score")
    no_double_marking = Estimate(None, None, None, 0, _NEEDS_TWO_REASON)
    return {
        **dict.fromkeys(SYSTEM_STATISTICS, nothing),
        **dict.fromkeys(COMPARED_STATISTICS, no_double_marking),
        **found,
    }


def _estimates(names: Sequence[str], drawn: Sequence[Resampled], undefined: str) -> dict[str, Estimate]:
    found = {}
    for name, one in zip(names, drawn, strict=True):
        method, bounds = _METHODS.get(name, ("t", (-np.inf, np.inf)))
        found[name] = interval(one, method=method, bounds=bounds, undefined=undefined)
    return found


def _wilson(share: Estimate) -> Estimate:
    """Return a share of independent cases with the interval that also holds near 0 and 1."""
    return share if share.value is None else wilson_interval(round(share.value * share.n), share.n)


def _stand_in(table: Floats, m: Floats, epsilon: float) -> AltTestOutcome:
    result = alt_test(table, m, epsilon=epsilon, min_answers=LEAST_FOR_A_VERDICT)
    n_raters = int(np.isfinite(result.p_values).sum())
    if n_raters < RATERS_FOR_A_CONSENSUS:
        least = f"it needs {RATERS_FOR_A_CONSENSUS} people who each share {LEAST_FOR_A_VERDICT} answers with others"
        return AltTestOutcome(result, epsilon, None, f"{least}, {T_TEST_FROM} to be trusted; there are {n_raters}")
    outcome = alt_test_outcome(result)
    return AltTestOutcome(result, epsilon, outcome, _TOO_FEW if outcome == "cannot tell" else None)


def _at_cut(form: LongForm, m: Floats, means: Floats, batch: Floats, cut: float, seed: int) -> DecisionsAtCut:
    same = Estimate(None, None, None, 0, _REASON)
    if form.n_answers:
        shares = means_by_weights(same_side_shares(form, m, cut)[:, None])
        method, bounds = _METHODS["same_side"]
        same = interval(resample_many(shares, form.n_answers, seed=seed)[0], method=method, bounds=bounds)
        if ratings_per_answer(form).max(initial=0) == 1 or same.low is None:
            same = _wilson(same)
    by_people, by_system, of_batch = passes(means, cut), passes(m, cut), passes(batch, cut)
    flips = [None if end is None else 100 * (1 - end) for end in (same.value, same.high, same.low)]
    return DecisionsAtCut(
        cut,
        same,
        Estimate(flips[0], flips[1], flips[2], same.n, same.note),
        mcnemar(means, m, cut),
        wilson_interval(int(by_people.sum()), by_people.size),
        wilson_interval(int(of_batch.sum()), of_batch.size),
        rogan_gladen(by_people, by_system, of_batch, seed=seed),
    )


def _groups(
    form: LongForm, m: Floats, labels: npt.NDArray[np.str_], least: int, seed: int
) -> tuple[SubgroupDifference, ...]:
    names, codes, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    named = np.array([bool(name) for name in names], dtype=bool)
    if not named.any():
        return ()
    squares = _mean_ratings(replace(form, scores=form.scores**2))
    statistic = dsm_by_weights(_mean_ratings(form), squares, m, codes, names.size)
    found = []
    for name, size, one in zip(names, sizes, resample_many(statistic, form.n_answers, seed=seed), strict=True):
        if name:
            made = interval(one, undefined=_REASON)
            judged = group_rule(Estimate(made.value, made.low, made.high, int(size), made.note))
            found.append(SubgroupDifference(str(name), int(size), judged if size >= least else None))
    return tuple(found)


def _kept(form: LongForm, m: Floats, levels: Floats, confidences: Floats, seed: int) -> tuple[ReviewStep, ...]:
    steps = []
    for share in REVIEW_SHARES if form.n_answers else ():
        rows = kept_after_review(confidences, share)
        of_kept = system_statistics(_rows(form, rows), m[rows], levels=levels)
        kappa = resample_many(of_kept, rows.size, n_resamples=_CURVE_RESAMPLES, seed=seed)[0]
        steps.append(ReviewStep(share, interval(kappa, method="z", bounds=(-1.0, 1.0), undefined=_REASON)))
    return tuple(steps)


def _rows(form: LongForm, rows: Codes) -> LongForm:
    """Return the ratings of some answers, which are numbered from 0 again."""
    place = np.full(form.n_answers, -1, dtype=np.intp)
    place[rows] = np.arange(rows.size)
    left = form.take(place[form.answers] >= 0)
    return LongForm(place[left.answers], left.raters, left.scores, rows.size, form.n_raters)


def _mean_ratings(form: LongForm) -> Floats:
    sums = np.bincount(form.answers, weights=form.scores, minlength=form.n_answers)
    return np.asarray(sums / np.maximum(ratings_per_answer(form), 1), dtype=float)


def _values_of(values: npt.ArrayLike, name: str, rows: npt.NDArray[np.bool_]) -> npt.NDArray[np.generic]:
    """Return the values of the chosen answers, after checking that every answer has one."""
    known = np.asarray(values)
    if known.shape != rows.shape:
        raise ValueError(f"{name} has shape {known.shape} but there are {rows.size} answers: give one value each")
    return known[rows]


def system_raters(
    arrays: RatingArrays, first_totals: LongForm, scale: Scale, graded: GradedRatings | None, *, seed: int
) -> dict[str, SystemRater]:
    """Compare each machine with the people.

    Args:
        arrays: the ratings.
        first_totals: totals of people, without repeats.
        scale: the scale on which agreement is measured.
        graded: the grades; the answers that nobody rated are the batch of `GRADER_NAME`.
        seed: of the bootstrap.
    """
    return {
        name: _compared(arrays, first_totals, scale, scores, graded if name == GRADER_NAME else None, seed)
        for name, scores in arrays.systems.items()
    }


def _compared(
    arrays: RatingArrays,
    first_totals: LongForm,
    scale: Scale,
    scores: np.ndarray,
    graded: GradedRatings | None,
    seed: int,
) -> SystemRater:
    batch = np.zeros(0) if graded is None else graded.batch
    no_ratings = np.full((batch.size, first_totals.n_raters), np.nan)
    names = np.array([*arrays.group_names, ""])
    return system_rater(
        np.vstack([to_matrix(first_totals), no_ratings]),
        np.concatenate([scores, batch]),
        cut=scale.cut,
        groups=[*names[arrays.groups], *[""] * batch.size] if arrays.group_names else None,
        confidences=None if graded is None else _confidences(arrays, scores, graded),
        levels=_levels(first_totals, scale),
        step=scale.step,
        seed=seed,
    )


def _confidences(arrays: RatingArrays, scores: np.ndarray, graded: GradedRatings) -> np.ndarray | None:
    """The confidence of the grader in each answer; `None` unless every graded answer has one."""
    known = np.array([graded.confidences.get(answer, np.nan) for answer in arrays.answer_ids])
    if not np.isfinite(known[np.isfinite(scores)]).all():
        return None
    return np.concatenate([known, np.full(graded.batch.size, np.nan)])


def _levels(first_totals: LongForm, scale: Scale) -> np.ndarray:
    """The scores that people gave, or where these are many, every step between the lowest and the highest."""
    given = np.unique(first_totals.scores)
    if given.size <= _MOST_LEVELS:
        return given
    low, high = np.floor(given[0] / scale.step), np.ceil(given[-1] / scale.step)
    return np.arange(low, high + 1) * scale.step
