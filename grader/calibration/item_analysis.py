"""Item analysis of rubric points: how each point performs, which points correlate, and what to do about each of them.

The advice is to reword a point, to talk to one rater, to merge or drop it, or to leave it alone. The rules are data
(`PointRules`), and each piece of advice carries the numbers behind it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from grader.calibration.interactions import Interaction, point_interactions
from grader.statistics import (
    DECIMALS,
    Codes,
    Estimate,
    Floats,
    LongForm,
    gwet,
    kappa_interval,
    normal_quantile,
    pearson_r,
    student_t_quantile,
    wilson_interval,
)

Action = Literal["check", "talk", "reword", "drop", "merge", "fix_for_machine", "keep", "not_enough_data"]
_SAME = 10.0**-DECIMALS
_AWARDED = 0.5
LEAST_FOR_CORRELATION = 5


class Relation(NamedTuple):
    """The point that correlates most with another, and their correlation over answers."""

    point: int
    phi: Estimate


def rest_correlations(points: LongForm, *, confidence: float = 0.95) -> dict[int, Estimate]:
    """Return for each point its correlation with the rest of the answer: how well it tells good answers from bad.

    Pearson's r over answers of the mean share given for the point with the mean share of the answer's other points.
    Interval by Fisher's z.

    Args:
        points: ratings of points as shares.
        confidence: between 0 and 1.

    Returns:
        By point; 1 exactly like the rest, 0 unrelated, negative reversed.

    Undefined: `None` with fewer than five answers that have other points, or when either does not vary.
    Raises: ValueError when the ratings are not of points or `confidence` is not between 0 and 1.
    Source: corrected item-total correlation, Henrysson (1963), Psychometrika 28, 211-218.
    Checked against: a case derived by hand.
    """
    cells = _Cells.of(points)
    sums = np.bincount(cells.answers, weights=cells.means, minlength=points.n_answers)[cells.answers]
    others = np.bincount(cells.answers, minlength=points.n_answers)[cells.answers] - 1
    found = {}
    for point in np.unique(cells.points):
        own = (cells.points == point) & (others > 0)
        rest = (sums[own] - cells.means[own]) / others[own]
        found[int(point)] = correlation(cells.means[own], rest, confidence=confidence)
    return found


def twins(points: LongForm, *, confidence: float = 0.95) -> dict[int, Relation]:
    """Return for each point the one that it correlates with most, by phi over answers.

    phi is Pearson's r of the mean shares given for both, over the answers that have both; of 0 and 1 that is the phi
    coefficient. Interval by Fisher's z.

    Args:
        points: ratings of points as shares.
        confidence: between 0 and 1.

    Returns:
        By point; points without another one that varies on five common answers are left out.

    Undefined: points without a defined correlation are left out.
    Raises: ValueError when the ratings are not of points or `confidence` is not between 0 and 1.
    Source: Pearson (1900); Yule (1912).
    Checked against: a case derived by hand.
    """
    cells = _Cells.of(points)
    by_point = {
        int(point): dict(zip(cells.answers[cells.points == point], cells.means[cells.points == point], strict=True))
        for point in np.unique(cells.points)
    }
    by_answer: dict[int, set[int]] = {}
    for point, means in by_point.items():
        for answer in means:
            by_answer.setdefault(int(answer), set()).add(point)
    found: dict[int, Relation] = {}
    for point, means in by_point.items():
        neighbours = sorted(set().union(*(by_answer[int(answer)] for answer in means)) - {point})
        for other in neighbours:
            shared = sorted(means.keys() & by_point[other].keys())
            phi = correlation(
                np.array([means[a] for a in shared]),
                np.array([by_point[other][a] for a in shared]),
                confidence=confidence,
            )
            best = found.get(point)
            if phi.value is not None and (best is None or phi.value > (best.phi.value or 0)):
                found[point] = Relation(other, phi)
    return found


def correlation(x: Floats, y: Floats, *, confidence: float) -> Estimate:
    """Return Pearson's r with Fisher's interval tanh(atanh r -+ z / sqrt(n - 3)).

    Args:
        x: shape `(n,)`.
        y: shape `(n,)`.
        confidence: between 0 and 1.

    Undefined: `None` with fewer than five pairs or when either does not vary; no interval where r is 1 or -1.
    Raises: ValueError when `confidence` is not between 0 and 1.
    Source: Fisher (1921), Metron 1, 3-32.
    Checked against: a case derived by hand.
    """
    n = x.size
    z = normal_quantile((1 + confidence) / 2)
    if n < LEAST_FOR_CORRELATION:
        return Estimate(None, None, None, n, f"undefined: fewer than {LEAST_FOR_CORRELATION} answers")
    r = pearson_r(x, y)
    if not math.isfinite(r):
        return Estimate(None, None, None, n, "undefined: nothing varies")
    if abs(r) >= 1 - 1e-12:
        return Estimate(r, r, r, n)
    low, high = (math.tanh(math.atanh(r) + sign * z / math.sqrt(n - 3)) for sign in (-1, 1))
    return Estimate(r, low, high, n)


class _Cells(NamedTuple):
    """Points of answers, one entry each."""

    answers: np.ndarray
    points: np.ndarray
    means: Floats  # mean share over raters

    @classmethod
    def of(cls, points: LongForm) -> "_Cells":
        if points.points is None:
            raise ValueError("the ratings are of whole answers, not of points")
        width = int(points.points.max(initial=0)) + 1
        cells, codes = np.unique(points.answers * width + points.points, return_inverse=True)
        means = np.bincount(codes, weights=points.scores, minlength=cells.size) / np.maximum(np.bincount(codes), 1)
        return cls(cells // width, cells % width, means)


@dataclass(frozen=True, slots=True)
class PointRules:
    """When a number of a point calls for action.

    Attributes:
        least_common: with fewer answers with two ratings of the point there is no advice.
        rest: check when the whole interval of the correlation with the rest of the answer is below this.
        split: reword when the whole interval of the split rate is above this: the wording is read in two ways.
        common: drop when the award rate is above this, and
        common_low: its whole interval above this.
        rare: drop as well when the award rate is below this, and
        rare_high: its whole interval below this.
        phi: merge when phi with another point is above this, and
        phi_low: its whole interval above this.
        machine: fix for the machine when the whole interval of its share of differences is above this.
    """

    least_common: int = 20
    rest: float = 0.0
    split: float = 0.15
    common: float = 0.95
    common_low: float = 0.85
    rare: float = 0.05
    rare_high: float = 0.15
    phi: float = 0.9
    phi_low: float = 0.75
    machine: float = 0.15


@dataclass(frozen=True, slots=True)
class PointAdvice:
    """The figures of one point, and what to do about it.

    Attributes:
        point: its code.
        n_answers: answers on which somebody rated it.
        n_common: answers on which two or more raters did.
        award_rate: mean share given, with an interval over answers.
        split_rate: how often two raters of an answer differ on it, with an interval over answers.
        ac1: Gwet's AC1 of given or not, with its interval.
        rest_correlation: correlation over answers of the point with the mean of the answer's other points.
        twin: the point that it correlates with most, and phi over answers with its interval; `None` without one.
        outliers: raters who differ from all colleagues on this point.
        machine: share of answers on which the machine differs, among those on which people agree; `None` without a
            machine.
        machine_bias: how much more the machine gives there, -1..1; `None` likewise.
        action: the first thing to do.
        reasons: each thing to do with its rule and its numbers, the first one first.
    """

    point: int
    n_answers: int
    n_common: int
    award_rate: Estimate
    split_rate: Estimate
    ac1: Estimate
    rest_correlation: Estimate
    twin: Relation | None
    outliers: tuple[Interaction, ...]
    machine: Estimate | None
    machine_bias: float | None
    action: Action
    reasons: tuple[tuple[Action, str], ...]


def advise_on_points(
    points: LongForm,
    *,
    machine: LongForm | None = None,
    interactions: Sequence[Interaction] | None = None,
    rules: PointRules | None = None,
    confidence: float = 0.95,
) -> tuple[PointAdvice, ...]:
    """Return the numbers and the advice for each point that people rated.

    In this order: check (answers that earn it do worse on the rest: the point is wrong or mis-keyed), talk (one rater
    differs from all others), reword (two raters often differ and no single one stands out), drop (nearly always or
    never given: merge, drop, or make harder or easier), merge (it is nearly always given together with another point),
    fix_for_machine (people agree and the machine differs), keep.

    Args:
        points: people's ratings of points as shares, each point of an answer once per rater.
        machine: the machine's ratings of the same answers and points, as one rater.
        interactions: from `point_interactions(points)`, where they are known already.
        rules: when a number calls for action, `PointRules()` by default.
        confidence: of the intervals, between 0 and 1.

    Undefined: such numbers are `None` with a reason, and lead to no action.
    Raises: ValueError when the ratings are not of points, or a rater rated a point of an answer twice.
    Source: item analysis as in Ebel & Frisbie (1991), "Essentials of Educational Measurement", chapter 13; AC1: Gwet
        (2008).
    Checked against: planted points, and cases derived by hand.
    """
    if points.points is None or (machine is not None and machine.points is None):
        raise ValueError("the ratings are of whole answers, not of points")
    chosen = PointRules() if rules is None else rules
    found = point_interactions(points) if interactions is None else interactions
    rests = rest_correlations(points, confidence=confidence)
    partners = twins(points, confidence=confidence)
    advice = []
    for point in (int(code) for code in np.unique(points.points)):
        numbers = _Numbers.of(points, machine, point, confidence)
        outliers = tuple(cell for cell in found if cell.cell == point and cell.flagged)
        reasons = _reasons(numbers, rests[point], partners.get(point), outliers, chosen)
        advice.append(
            PointAdvice(
                point=point,
                n_answers=numbers.n_answers,
                n_common=numbers.n_common,
                award_rate=numbers.award_rate,
                split_rate=numbers.split_rate,
                ac1=numbers.ac1,
                rest_correlation=rests[point],
                twin=partners.get(point),
                outliers=outliers,
                machine=numbers.machine,
                machine_bias=numbers.machine_bias,
                action=reasons[0][0],
                reasons=reasons,
            )
        )
    return tuple(advice)


class _Numbers(NamedTuple):
    n_answers: int
    n_common: int
    award_rate: Estimate
    split_rate: Estimate
    ac1: Estimate
    machine: Estimate | None
    machine_bias: float | None

    @classmethod
    def of(cls, points: LongForm, machine: LongForm | None, point: int, confidence: float) -> "_Numbers":
        """Return the numbers of one point."""
        own = points.take(np.asarray(points.points) == point)
        answers, codes = np.unique(own.answers, return_inverse=True)
        raters, columns = np.unique(own.raters, return_inverse=True)
        shares = np.full((answers.size, raters.size), np.nan)
        shares[codes, columns] = own.scores
        counts = np.isfinite(shares).sum(axis=1)
        both = shares[counts >= 2]
        votes = np.where(np.isfinite(both), both >= _AWARDED - _SAME, np.nan)
        differs, bias = (
            (None, None) if machine is None else _machine(machine, point, answers[counts >= 2], votes, confidence)
        )
        return cls(
            answers.size,
            int(np.sum(counts >= 2)),
            _mean(np.nanmean(shares, axis=1), confidence, "nobody rated it"),
            _mean(_differing_pairs(both), confidence, "no answer with two ratings of it"),
            kappa_interval(gwet(votes, classes=(0, 1)), confidence=confidence),
            differs,
            bias,
        )


def _mean(values: Floats, confidence: float, none: str) -> Estimate:
    """Return the mean of shares over answers with the interval of Student's t, within 0..1."""
    n = values.size
    if n == 0:
        return Estimate(None, None, None, 0, f"undefined: {none}")
    value = float(values.mean())
    if n == 1:
        return Estimate(value, None, None, 1, "no interval: one answer")
    if float(values.max() - values.min()) <= _SAME and round(value) == value:
        # All 0 or all 1: Student's t needs variation, Wilson's interval does not.
        return wilson_interval(round(value) * n, n, confidence=confidence)
    reach = student_t_quantile((1 + confidence) / 2, n - 1) * float(values.std(ddof=1)) / n**0.5
    return Estimate(value, max(0.0, value - reach), min(1.0, value + reach), n)


def _differing_pairs(shares: Floats) -> Floats:
    """Return for each answer the share of pairs of raters who gave the point differently."""
    rows = np.sort(np.round(shares, DECIMALS), axis=1)
    counts = np.isfinite(rows).sum(axis=1)
    # In rising order, a rating differs from all before the first one that equals it.
    before = (np.searchsorted(row[:n], row[:n]).sum() for row, n in zip(rows, counts, strict=True))
    pairs = np.maximum(counts * (counts - 1) / 2, 1)
    differing: Floats = np.fromiter(before, dtype=float, count=counts.size) / pairs
    return differing


def _machine(
    machine: LongForm, point: int, answers: Codes, votes: Floats, confidence: float
) -> tuple[Estimate, float | None]:
    """Return how often the machine differs where people agree, and in which direction."""
    own = machine.take(np.asarray(machine.points) == point)
    given = np.full(machine.n_answers, np.nan)
    given[own.answers] = own.scores >= _AWARDED - _SAME
    unanimous = np.nanmin(votes, axis=1) == np.nanmax(votes, axis=1) if votes.size else np.zeros(0, dtype=bool)
    people, system = votes[unanimous], given[answers[unanimous]]
    known = np.isfinite(system)
    apart = system[known] - np.nanmax(people[known], axis=1) if known.any() else np.zeros(0)
    share = wilson_interval(int(np.sum(apart != 0)), apart.size, confidence=confidence)
    return share, float(apart.mean()) if apart.size else None


def _tells_nobody_apart(award: Estimate, rules: PointRules) -> bool:
    if award.value is None or award.low is None or award.high is None:
        return False
    always = award.value > rules.common and award.low > rules.common_low
    return always or (award.value < rules.rare and award.high < rules.rare_high)


def _reasons(
    numbers: _Numbers,
    rest: Estimate,
    twin: Relation | None,
    outliers: Sequence[Interaction],
    rules: PointRules,
) -> tuple[tuple[Action, str], ...]:
    if numbers.n_common < rules.least_common:
        few = f"{numbers.n_common} answers with two ratings of the point, {rules.least_common} needed for advice"
        return (("not_enough_data", few),)
    found: list[tuple[Action, str]] = []
    award, split = numbers.award_rate, numbers.split_rate
    single = outliers[0] if len({cell.rater for cell in outliers}) == 1 else None
    # A point about something else has a correlation near 0, and is not wrong for that.
    if rest.value is not None and rest.high is not None and rest.high < rules.rest:
        found.append(("check", f"correlation with the rest of the answer {rest.value:.2f}, certainly below 0"))
    if single is not None:
        found.append(("talk", f"one rater gives it {100 * single.mean:+.0f} times in 100 against colleagues"))
    elif split.value is not None and split.low is not None and split.low > rules.split:
        rate = f"two raters differ on {100 * split.value:.0f} of 100 answers"
        found.append(("reword", f"{rate}, certainly on more than {100 * rules.split:.0f}"))
    if _tells_nobody_apart(award, rules):
        found.append(
            ("drop", f"given on {100 * (award.value or 0):.0f} % of the answers: it tells hardly anybody apart")
        )
    if twin is not None and (twin.phi.value or 0) > rules.phi and (twin.phi.low or 0) > rules.phi_low:
        found.append(("merge", f"goes with another point nearly always, phi {twin.phi.value:.2f}, above {rules.phi:g}"))
    if numbers.machine is not None and (numbers.machine.low or 0) > rules.machine:
        share = 100 * (numbers.machine.value or 0)
        found.append(("fix_for_machine", f"people agree and the machine differs on {share:.0f} of 100 answers"))
    return tuple(found) or (("keep", "nothing calls for a change"),)
