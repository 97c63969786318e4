"""Raters in one word: planted effects are named, even-handed raters are not, few answers give no word."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from grader.calibration.raters.effects import Effect, unknown
from grader.calibration.raters.profiles import Effects, Label, RaterRules, profile_raters, verdicts
from grader.calibration.raters.severity import fit_additive, severity_against_colleagues
from grader.statistics.intervals import Estimate
from grader.statistics.rating_tables import LongForm, from_matrix

NONE = math.nan

same_every_run = settings(derandomize=True, deadline=None, max_examples=40)


def team(seed: int, n_answers: int = 60, n_raters: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Scores of a team that differs by chance alone, and its votes on 5 points."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(0, 1, n_answers)
    scores = 5 + truth[:, None] + rng.normal(0, 0.5, (n_answers, n_raters))
    stated = truth[:, None, None] + rng.normal(0, 1, (n_answers, 1, 5))
    return scores, (stated + rng.normal(0, 0.4, (n_answers, n_raters, 5)) > 0).astype(float)


def forms(scores: np.ndarray, votes: np.ndarray) -> tuple[LongForm, LongForm]:
    totals = from_matrix(scores)
    answers, raters, points = np.nonzero(np.isfinite(votes))
    of_points = LongForm(answers, raters, votes[answers, raters, points], len(scores), scores.shape[1], points=points)
    return replace(totals, times=totals.answers.astype(float)), of_points


def strict(scores: np.ndarray, votes: np.ndarray) -> None:
    scores[:, 0] -= 0.7


def lenient(scores: np.ndarray, votes: np.ndarray) -> None:
    scores[:, 0] += 0.7


def noisy(scores: np.ndarray, votes: np.ndarray) -> None:
    scores[:, 0] += np.random.default_rng(9).normal(0, 1.2, len(scores))


def compressing(scores: np.ndarray, votes: np.ndarray) -> None:
    scores[:, 0] = 5 + 0.4 * (scores[:, 0] - 5)


def drifting(scores: np.ndarray, votes: np.ndarray) -> None:
    scores[:, 0] += np.linspace(-1, 1, len(scores))


def halo(scores: np.ndarray, votes: np.ndarray) -> None:
    votes[:, 0] = (votes[:, 0].mean(axis=1, keepdims=True) > 0.5).astype(float)


@pytest.mark.parametrize("plant", [strict, lenient, noisy, compressing, drifting, halo])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_planted_effect_has_its_word_and_the_others_are_aligned(plant: Any, seed: int) -> None:
    scores, votes = team(seed)
    plant(scores, votes)
    totals, points = forms(scores, votes)
    profiles = profile_raters(totals, points=points)
    assert [profile.verdict.label for profile in profiles] == [plant.__name__, "aligned", "aligned", "aligned"]
    assert profiles[0].verdict.reason.startswith(f"{plant.__name__}: ")
    assert not profiles[0].verdict.early


def test_below_20_answers_in_common_there_is_no_word() -> None:
    scores, votes = team(1)
    scores[:, 0] -= 3
    scores[19:, 0] = NONE
    totals, points = forms(scores, votes)
    first, second, *_ = profile_raters(totals, points=points)
    assert first.verdict == (
        "not_enough_data",
        (),
        False,
        "19 answers in common with a colleague, 20 needed for a word",
    )
    assert second.verdict.label == "aligned"
    assert (first.n_ratings, first.n_common) == (19, 19)
    assert first.severity.value is not None and first.severity.value < -2


def test_below_50_answers_a_word_is_an_early_indication() -> None:
    scores, votes = team(1, n_answers=30)
    scores[:, 0] -= 1.5
    profiles = profile_raters(*forms(scores, votes)[:1])
    assert [profile.verdict.label for profile in profiles] == ["strict", "aligned", "aligned", "aligned"]
    assert all(profile.verdict.early for profile in profiles)
    assert "an early indication, below 50 answers" in profiles[0].verdict.reason


def test_next_to_one_very_strict_rater_nobody_is_lenient() -> None:
    scores, votes = team(3, n_raters=3)
    scores[:, 0] -= 2
    profiles = profile_raters(forms(scores, votes)[0])
    assert [profile.verdict.label for profile in profiles] == ["strict", "aligned", "aligned"]
    # Against the panel they are above, and surely so: severities sum to 0.
    assert all(profile.severity.low is not None and profile.severity.low > 0.3 for profile in profiles[1:])


def test_two_raters_are_compared_with_each_other() -> None:
    scores, votes = team(3, n_raters=2)
    scores[:, 0] -= 1
    profiles = profile_raters(forms(scores, votes)[0])
    assert [profile.verdict.label for profile in profiles] == ["strict", "lenient"]


def test_against_colleagues_is_the_difference_that_a_paired_t_test_sees() -> None:
    scores = team(5, n_raters=2)[0]
    apart = scores[:, 0] - scores[:, 1]
    effect = severity_against_colleagues(fit_additive(from_matrix(scores)))[0]
    assert effect.estimate.value == pytest.approx(apart.mean())
    low = apart.mean() - 2.0009953780882 * apart.std(ddof=1) / math.sqrt(60)  # t of .975 with 59 degrees of freedom
    assert effect.estimate.low == pytest.approx(low)


def test_groups_that_share_no_answer_are_not_compared() -> None:
    scores = np.full((80, 4), NONE)
    scores[:40, :2], scores[40:, 2:] = team(1, 40, 2)[0] - 3, team(2, 40, 2)[0]
    profiles = profile_raters(from_matrix(scores))
    assert [profile.component for profile in profiles] == [0, 0, 1, 1]
    assert {profile.verdict.label for profile in profiles} == {"aligned"}


# Rules


def seen(**known: tuple[float, float]) -> Effects:
    """Effects of which these are known: value and p-value."""
    found: dict[str, Effect] = {name: unknown(0, "not looked at") for name in Effects._fields}
    found |= {name: Effect(Estimate(value, None, None, 60), p) for name, (value, p) in known.items()}
    return Effects(**found)


def words(*effects: Effects, n: int = 60, n_team: int = 5) -> list[tuple[Label, ...]]:
    size, severities = len(effects), beside_colleagues(effects)
    found = verdicts(effects, [n] * size, [n_team] * size, severities=severities, sd=2.0, rules=RaterRules())
    return [verdict.flags for verdict in found]


def beside_colleagues(effects: Sequence[Effects]) -> list[float | None]:
    """Severities as they are where the panel is no other than the colleagues."""
    return [of_rater.against_colleagues.estimate.value for of_rater in effects]


@pytest.mark.parametrize(
    ("effects", "flags"),
    [
        (seen(against_colleagues=(-0.31, 0.01)), ("strict",)),
        (seen(against_colleagues=(0.31, 0.01)), ("lenient",)),
        (seen(against_colleagues=(-0.29, 0.01)), ()),
        (seen(against_colleagues=(-3.0, 0.06)), ()),
        (seen(consistency=(1.5, 0.01)), ("noisy",)),
        (seen(consistency=(0.3, 0.01)), ()),
        (seen(spread=(0.7, 0.01)), ("compressing",)),
        (seen(spread=(0.71, 0.01)), ()),
        (seen(halo=(0.6, 0.01)), ("halo",)),
        (seen(drift=(-0.61, 0.01)), ("drifting",)),
        (seen(contrast=(-0.9, 0.001), slope=(0.1, 0.0)), ()),
        (
            seen(against_colleagues=(-1, 0.01), spread=(0.5, 0.01), drift=(1, 0.01)),
            ("drifting", "compressing", "strict"),
        ),
        (seen(consistency=(2, 0.01), halo=(0.4, 0.01)), ("halo", "noisy")),
    ],
)
def test_a_word_needs_a_difference_that_matters_and_is_certain(effects: Effects, flags: tuple[Label, ...]) -> None:
    assert words(effects) == [flags]


def test_who_is_below_colleagues_and_above_the_panel_is_not_strict() -> None:
    effects = seen(against_colleagues=(-1.0, 0.001))
    for severity, label in ((-0.2, "strict"), (0.2, "aligned"), (None, "aligned")):
        [verdict] = verdicts([effects], [60], [5], severities=[severity], sd=2.0, rules=RaterRules())
        assert verdict.label == label


def test_of_many_raters_one_looks_strict_by_chance() -> None:
    alone, others = seen(against_colleagues=(-1.0, 0.03)), [seen(against_colleagues=(0.1, 0.5))] * 9
    assert words(alone) == [("strict",)]
    assert words(alone, *others) == [()] * 10


def test_whose_drift_it_is_needs_a_third_rater() -> None:
    assert words(seen(drift=(2.0, 0.001)), n_team=2) == [()]


def test_raters_without_enough_answers_do_not_cost_the_others_a_word() -> None:
    effects = [seen(against_colleagues=(-1.0, 0.03))] + [seen(against_colleagues=(0.1, 0.5))] * 9
    severities = beside_colleagues(effects)
    found = verdicts(effects, [60] + [5] * 9, [10] * 10, severities=severities, sd=1.0, rules=RaterRules())
    assert [verdict.label for verdict in found] == ["strict"] + ["not_enough_data"] * 9


def test_constant_scores_are_no_difference_that_matters() -> None:
    effects = seen(against_colleagues=(0.0, 0.0), drift=(0.0, 0.0))
    [verdict] = verdicts([effects], [60], [3], severities=[0.0], sd=0.0, rules=RaterRules())
    assert verdict.label == "aligned"


def test_points_of_another_team_are_refused() -> None:
    scores, votes = team(1)
    with pytest.raises(ValueError, match="points has 4 raters, but there are 3"):
        profile_raters(forms(scores[:, :3], votes[:, :3])[0], points=forms(scores, votes)[1])


@same_every_run
@given(
    st.tuples(st.integers(0, 30), st.integers(0, 3)).flatmap(
        lambda shape: st_numpy.arrays(float, shape, elements=st.sampled_from([0.0, 1.0, 3.0, NONE]))
    )
)
def test_every_rater_has_a_word(table: np.ndarray) -> None:
    totals = from_matrix(table)
    profiles = profile_raters(replace(totals, times=totals.answers.astype(float)))
    assert len(profiles) == table.shape[1]
    for profile in profiles:
        assert profile.verdict.reason
        assert (profile.verdict.label == "not_enough_data") == (profile.n_common < 20)
