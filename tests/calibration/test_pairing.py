"""Teams whose severities cancel out, mentors for those who need one, rotations that keep all raters comparable."""

import math
from collections import Counter
from itertools import combinations, permutations

import numpy as np
import pytest

from grader.calibration.pairing import coverage_teams, rotation, training_pairs
from grader.calibration.raters.effects import Effect, unknown
from grader.calibration.raters.profiles import Effects, Label, RaterProfile, RaterVerdict, profile_raters
from grader.calibration.raters.severity import fit_additive, linked_components
from grader.statistics.intervals import Estimate
from grader.statistics.rating_tables import LongForm, from_matrix


def rater(
    severity: float | None, *, label: Label = "aligned", noise: float = 1.0, component: int = 0, n: int = 60
) -> RaterProfile:
    known = Estimate(severity, None, None, n, "no interval" if severity is not None else "undefined: alone")
    effects = {name: unknown(0, "not looked at") for name in Effects._fields}
    effects["consistency"] = Effect(Estimate(noise, None, None, n), 0.5)
    return RaterProfile(n, n, component, known, Effects(**effects), RaterVerdict(label, (), False, "for the test"))


def squared_biases(severities: list[float], pairs: list[tuple[int, ...]]) -> float:
    return sum((severities[a] + severities[b]) ** 2 for a, b in pairs)


@pytest.mark.parametrize("seed", range(5))
def test_no_other_pairing_has_smaller_biases(seed: int) -> None:
    severities = list(np.random.default_rng(seed).normal(0, 1, 6))
    teams = coverage_teams([rater(b) for b in severities], 0.5)
    best = min(
        squared_biases(severities, [(order[i], order[i + 1]) for i in (0, 2, 4)]) for order in permutations(range(6))
    )
    assert squared_biases(severities, [team.raters for team in teams]) == pytest.approx(best)
    assert sorted(r for team in teams for r in team.raters) == [*range(6)]


def test_a_team_by_hand() -> None:
    """Severities -1 and .6, error variances 1 and 4 times .5: bias -.2, error^2 = .04 + 2.5 / 4."""
    [team] = coverage_teams([rater(0.6, noise=4), rater(-1.0)], 0.5)
    assert team.raters == (1, 0)
    assert (team.bias, team.error) == pytest.approx((-0.2, math.sqrt(0.04 + 2.5 / 4)))


def test_of_an_odd_number_the_middle_one_joins_the_pair_that_errs_most() -> None:
    teams = coverage_teams([rater(-1), rater(0), rater(1), rater(-2, noise=9), rater(2)], 1.0)
    assert [set(team.raters) for team in teams] == [{0, 2}, {1, 3, 4}]


def test_teams_are_of_raters_who_can_be_compared() -> None:
    profiles = [rater(1), rater(-1), rater(1, component=1), rater(-1, component=1), rater(None, component=2)]
    assert [set(team.raters) for team in coverage_teams(profiles, math.nan)] == [{0, 1}, {2, 3}]
    assert coverage_teams([rater(None)], 1.0) == coverage_teams([], 1.0) == ()


def test_new_and_drifting_raters_get_the_steadiest_colleagues_in_turn() -> None:
    profiles = [
        rater(0.1),
        rater(0.0, noise=0.5),
        rater(-2.0, label="strict", noise=0.1),
        rater(0.0, label="drifting"),
        rater(0.0, label="not_enough_data", n=7),
        rater(None, label="not_enough_data", n=0, component=3),
        rater(0.0, label="not_enough_data", component=4),
    ]
    assert training_pairs(profiles, 1.0) == (
        (3, 1, "drifting"),
        (4, 0, "7 answers in common so far"),
        (5, 1, "0 answers in common so far"),
    )
    assert training_pairs([rater(0, label="drifting"), rater(0, label="noisy")], 1.0) == ()


@pytest.mark.parametrize("n_raters", range(2, 13))
@pytest.mark.parametrize("extra", [0, 7, 1000])
def test_a_rotation_links_all_raters_and_every_pair_that_meets_meets_twice(n_raters: int, extra: int) -> None:
    n_answers = 2 * n_raters + extra
    pairs = rotation(n_raters, n_answers)
    assert len(pairs) == n_answers
    assert all(0 <= a < b < n_raters for a, b in pairs)
    assert min(Counter(pairs).values()) >= 2
    loads = Counter(r for pair in pairs for r in pair)
    assert len(loads) == n_raters and max(loads.values()) - min(loads.values()) <= 4
    raters = np.array(pairs).ravel()
    answers = np.repeat(np.arange(n_answers), 2)
    form = LongForm(answers, raters, np.zeros(answers.size), n_answers, n_raters)
    assert set(linked_components(form)) == {0}


def test_with_enough_answers_everybody_meets_everybody() -> None:
    assert set(rotation(6, 30)) == set(combinations(range(6), 2))


def test_too_few_answers_say_how_many_it_takes() -> None:
    with pytest.raises(ValueError, match="6 raters need at least 12 answers to be linked in pairs, got 11"):
        rotation(6, 11)
    with pytest.raises(ValueError, match="n_raters must be 2 or more"):
        rotation(1, 10)
    with pytest.raises(ValueError, match="shared 1 or more"):
        rotation(3, 10, shared=0)


def test_teams_of_measured_raters() -> None:
    rng = np.random.default_rng(1)
    table = rng.normal(5, 1, (60, 1)) + rng.normal([-1.0, -0.5, 0.5, 1.0], 0.4, (60, 4))
    form = from_matrix(table)
    teams = coverage_teams(profile_raters(form), fit_additive(form).residual_variance)
    assert [set(team.raters) for team in teams] in ([{0, 3}, {1, 2}], [{1, 2}, {0, 3}])
    assert all(abs(team.bias) < 0.15 for team in teams)
