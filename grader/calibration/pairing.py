"""Whom to pair with whom: for fair scores, for training, and so that all raters stay comparable."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from grader.calibration.raters.profiles import RaterProfile

# Labels that call for practice with a steady colleague; strictness alone can be adjusted for.
_IN_TRAINING = ("not_enough_data", "drifting")


class Team(NamedTuple):
    """Raters whose scores are averaged.

    Attributes:
        raters: their codes, two or three.
        bias: mean of their severities, in score points.
        error: how far their mean is typically off, sqrt(bias^2 + sum of error variances / k^2), in score points.
    """

    raters: tuple[int, ...]
    bias: float
    error: float


class Training(NamedTuple):
    """A rater who should rate together with a steady colleague, and why."""

    rater: int
    mentor: int
    reason: str


def coverage_teams(profiles: Sequence[RaterProfile], residual_variance: float) -> tuple[Team, ...]:
    """Return pairs of raters whose severities cancel out, so that their mean is close to that of the whole panel.

    The strictest is paired with the most lenient, the next strictest with the next most lenient, and so on: that makes
    the sum of squared biases as small as pairs allow (by the rearrangement inequality; the error variances add up to
    the same whoever is paired). With an odd number the one in the middle joins the pair that errs most.

    Args:
        profiles: from `profile_raters`.
        residual_variance: of the additive model, in squared score points; NaN counts as 0.

    Returns:
        The teams of each component, the ones that err most last; raters without a severity are in none.

    Undefined: empty where nobody shares an answer with anybody.
    Source: the definition; Hardy, Littlewood & Polya (1934), "Inequalities", section 10.2.
    Checked against: all pairings of small panels.
    """
    panel = residual_variance if math.isfinite(residual_variance) else 0.0
    teams = []
    for component in sorted({profile.component for profile in profiles}):
        known = [
            (profile.severity.value, rater)
            for rater, profile in enumerate(profiles)
            if profile.component == component and profile.severity.value is not None
        ]
        raters = [rater for _, rater in sorted(known)]
        half = len(raters) // 2
        pairs = [(raters[i], raters[-1 - i]) for i in range(half)]
        of_component = [_team(profiles, pair, panel) for pair in pairs]
        if len(raters) % 2 and of_component:
            worst = max(of_component, key=lambda team: team.error)
            of_component[of_component.index(worst)] = _team(profiles, (*worst.raters, raters[half]), panel)
        teams += sorted(of_component, key=lambda team: team.error)
    return tuple(teams)


def training_pairs(profiles: Sequence[RaterProfile], residual_variance: float) -> tuple[Training, ...]:
    """Return for each new or drifting rater an aligned colleague to rate with, the steadiest first.

    Colleagues are ordered by severity^2 + error variance, the mean squared error of their scores; each takes one rater
    before any takes a second. A colleague must be linked with the rater, or the rater be linked with nobody yet.

    Args:
        profiles: from `profile_raters`.
        residual_variance: of the additive model, in squared score points; NaN counts as 0.

    Undefined: empty where nobody is new or drifting, or nobody is aligned.
    Source: frame-of-reference training as repeated practice with feedback, Roch et al. (2012), Journal of Occupational
        and Organizational Psychology 85, 370-395.
    Checked against: cases derived by hand.
    """
    panel = residual_variance if math.isfinite(residual_variance) else 0.0
    steady = [rater for rater, profile in enumerate(profiles) if profile.verdict.label == "aligned"]
    steady.sort(key=lambda rater: _team(profiles, (rater,), panel).error)
    used = dict.fromkeys(steady, 0)
    found = []
    for rater, profile in enumerate(profiles):
        if profile.verdict.label not in _IN_TRAINING:
            continue
        possible = [
            mentor for mentor in steady if profile.n_common == 0 or profiles[mentor].component == profile.component
        ]
        if not possible:
            continue
        mentor = min(possible, key=lambda one: (used[one], steady.index(one)))
        used[mentor] += 1
        why = "drifting" if profile.verdict.label == "drifting" else f"{profile.n_common} answers in common so far"
        found.append(Training(rater, mentor, why))
    return tuple(found)


def rotation(n_raters: int, n_answers: int, *, shared: int = 2) -> tuple[tuple[int, int], ...]:
    """Return who rates each answer, two raters each, so that all raters can be compared.

    The rounds of a round-robin tournament, in which everybody meets somebody else in each round. It takes as many
    different rounds as give each pair `shared` answers, and repeats them until all answers have a pair. Two consecutive
    rounds link all raters in one chain. Loads differ by no more than one round and an odd number of raters require.

    Args:
        n_raters: 2 or more.
        n_answers: how many answers there are.
        shared: how many answers each pair that meets has in common at least, 1 or more.

    Returns:
        A pair of raters for each answer.

    Undefined: never.
    Raises: ValueError with fewer than two raters, `shared` below 1, or too few answers to link all of them.
    Source: the circle method, Lucas (1883), "Recreations mathematiques"; linked designs, Linacre (1994).
    Checked against: the properties, for 2 to 12 raters.
    """
    if n_raters < 2 or shared < 1:
        raise ValueError(f"n_raters must be 2 or more and shared 1 or more, got {n_raters} and {shared}")
    rounds = _rounds(n_raters)
    needed = min(2, len(rounds)) * len(rounds[0]) * shared
    if n_answers < needed:
        raise ValueError(f"{n_raters} raters need at least {needed} answers to be linked in pairs, got {n_answers}")
    n_rounds = min(len(rounds), n_answers // (len(rounds[0]) * shared))
    pairs = [pair for one in rounds[:n_rounds] for pair in one]
    return tuple(pairs[answer % len(pairs)] for answer in range(n_answers))


def _rounds(n_raters: int) -> list[list[tuple[int, int]]]:
    """Return the rounds of the circle method; with an odd number one pauses each round."""
    places: list[int | None] = [*range(n_raters)] + ([None] if n_raters % 2 else [])
    rounds = []
    for _ in range(len(places) - 1):
        facing = zip(places[: len(places) // 2], reversed(places), strict=False)
        rounds.append([(min(a, b), max(a, b)) for a, b in facing if a is not None and b is not None])
        places = [places[0], places[-1], *places[1:-1]]
    return rounds


def _team(profiles: Sequence[RaterProfile], raters: tuple[int, ...], panel: float) -> Team:
    k = len(raters)
    severities = [profiles[rater].severity.value or 0.0 for rater in raters]
    shares = [profiles[rater].effects.consistency.estimate.value for rater in raters]
    variances = [panel * (1.0 if share is None else share) for share in shares]
    bias = sum(severities) / k
    return Team(raters, bias, math.sqrt(bias**2 + sum(variances) / k**2))
