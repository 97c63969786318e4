"""Effects of raters against closed forms, cases derived by hand, and properties."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from grader.calibration.raters.drift import contrast, drift
from grader.calibration.raters.effects import Effect, ratio_effect, slope, steady_colleagues, t_effect
from grader.calibration.raters.fit import colleagues, consistency, slope_on_colleagues, spread
from grader.calibration.raters.halo import halo
from grader.calibration.raters.severity import fit_additive
from grader.statistics.distributions import student_t_quantile, student_t_tail
from grader.statistics.rating_tables import LongForm, from_matrix

TOLERANCE = 1e-9
NONE = math.nan

same_every_run = settings(derandomize=True, deadline=None, max_examples=60)


def near(expected: Any) -> Any:
    return pytest.approx(expected, abs=TOLERANCE, nan_ok=True)


def values(effects: tuple[Effect, ...]) -> list[float | None]:
    return [effect.estimate.value for effect in effects]


def notes(effects: tuple[Effect, ...]) -> set[str | None]:
    return {effect.estimate.note for effect in effects}


def timed(table: Any, times: Any = None) -> LongForm:
    """A matrix in long form; by default everybody rates in the order of the answers."""
    form = from_matrix(table)
    when = form.answers.astype(float) if times is None else np.asarray(times, dtype=float)[form.answers, form.raters]
    return LongForm(form.answers, form.raters, form.scores, form.n_answers, form.n_raters, times=when)


def team(n_answers: int, n_raters: int, *, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(3, 1, (n_answers, 1)) + rng.normal(0, 0.5, (n_answers, n_raters))


# What all effects share


def test_an_effect_has_the_interval_and_p_value_of_a_t_test() -> None:
    effect = t_effect(1.5, 0.5, 11, df=10, null=1.0, confidence=0.9)
    reach = 0.5 * student_t_quantile(0.95, 10)
    assert (effect.estimate.low, effect.estimate.high) == near((1.5 - reach, 1.5 + reach))
    assert effect.p_value == near(2 * float(student_t_tail(1.0, 10)))


def test_an_effect_without_error_is_certain() -> None:
    assert t_effect(1.5, 0.0, 5, df=4, null=1.0, confidence=0.95).p_value == 0
    assert t_effect(1.0, 0.0, 5, df=4, null=1.0, confidence=0.95).p_value == 1


def test_a_ratio_has_an_interval_in_its_logarithm() -> None:
    effect = ratio_effect(2.0, 0.1, 11, confidence=0.95)
    factor = math.exp(0.1 * student_t_quantile(0.975, 10))
    assert (effect.estimate.low, effect.estimate.high) == near((2 / factor, 2 * factor))
    assert effect.p_value == near(2 * float(student_t_tail(math.log(2) / 0.1, 10)))


def test_a_slope_by_hand() -> None:
    """x 0 1 2, y 0 2 1: slope 1/2, residuals -1/2, 1, -1/2, SE^2 = 1.5 / 1 / 2."""
    effect = slope(np.array([0.0, 1, 2]), np.array([0.0, 2, 1]), confidence=0.95)
    assert effect.estimate.value == near(0.5)
    assert effect.p_value == near(2 * float(student_t_tail(0.5 / math.sqrt(0.75), 1)))


@pytest.mark.parametrize("confidence", [0, 1, 95])
def test_a_confidence_outside_0_and_1_is_refused(confidence: float) -> None:
    with pytest.raises(ValueError, match="confidence must be between 0 and 1"):
        t_effect(0.0, 1.0, 5, df=4, null=0.0, confidence=confidence)
    with pytest.raises(ValueError, match="confidence must be between 0 and 1"):
        contrast(timed(team(3, 2)), fit_additive(from_matrix(team(3, 2))), confidence=confidence)


# Colleagues


def test_colleagues_are_the_others_less_their_severity() -> None:
    form = from_matrix([[1, 2, 6], [3, 4, 8]])  # severities -2, -1 and 3: all 3 and all 5 without them
    others = colleagues(form, fit_additive(form))
    assert others.means == near([3] * 3 + [5] * 3)
    assert others.squares == near([9] * 3 + [25] * 3)


def test_who_is_not_counted_is_no_colleague() -> None:
    form = from_matrix([[1.0, 2, 6], [3, NONE, 5]])
    model = fit_additive(form)
    counted = np.array([True, True, False])
    free = form.scores - model.severity[form.raters]
    expected = [free[1], free[0], (free[0] + free[1]) / 2, NONE, free[3]]
    assert colleagues(form, model, counted).means == near(expected)


# Consistency


def grubbs(table: np.ndarray) -> np.ndarray:
    """Error variances of three raters from the variances of their differences."""
    a, b, c = (np.var(table[:, i] - table[:, j], ddof=1) for i, j in ((0, 1), (0, 2), (1, 2)))
    return np.array([a + b - c, a + c - b, b + c - a]) / 2


@pytest.mark.parametrize("seed", range(3))
def test_error_variances_of_three_raters_are_those_of_grubbs(seed: int) -> None:
    table = team(30, 3, seed=seed)
    form = from_matrix(table)
    expected = grubbs(table)
    assert values(consistency(form, fit_additive(form))) == near(list(expected / expected.mean()))


def test_an_unpredictable_rater_stands_out_among_pairs() -> None:
    rng = np.random.default_rng(2)
    table = rng.normal(3, 1, (1500, 1)) + rng.normal(0, [0.5, 1, 0.5], (1500, 3))
    table[np.arange(1500), np.arange(1500) % 3] = NONE
    form = from_matrix(table)
    effects = consistency(form, fit_additive(form))
    # Error variances 1, 4 and 1: 2 times the mean, and half of it.
    assert values(effects) == pytest.approx([0.5, 2.0, 0.5], abs=0.2)
    assert effects[1].p_value is not None and effects[1].p_value < 0.001
    assert effects[1].estimate.low is not None and effects[1].estimate.low > 1


@pytest.mark.parametrize(
    ("table", "note"),
    [
        (team(30, 2), "undefined: who rated with whom does not tell whose error it is"),
        (np.tile(np.arange(5.0)[:, None], 3), "undefined: nobody differs from the model"),
        (np.arange(5.0)[:, None] / 3 + np.array([0.1, 0.2, 0.3]), "undefined: nobody differs from the model"),
        (team(1, 3), "undefined: fewer than two shared answers"),
        (np.diag([1.0, 2.0, 3.0]) + np.where(np.eye(3) > 0, 0, NONE), "undefined: fewer than two shared answers"),
    ],
    ids=["two raters", "all equal", "all equal but for severity", "one answer", "no double marking"],
)
def test_consistency_without_an_answer_has_a_reason(table: np.ndarray, note: str) -> None:
    form = from_matrix(table)
    assert notes(consistency(form, fit_additive(form))) == {note}


def test_raters_in_a_chain_of_pairs_keep_the_middle_one_unknown() -> None:
    """Rater 1 rates with 0 and with 2: half of every difference is 1's, and nothing tells which half."""
    table = team(40, 3)
    table[:20, 2], table[20:, 0] = NONE, NONE
    form = from_matrix(table)
    effects = consistency(form, fit_additive(form))
    assert effects[1].estimate.value is None
    assert effects[0].estimate.value is not None and effects[2].estimate.value is not None


# Spread and slope


def test_spread_by_hand() -> None:
    """Rater 0 gives half of what the others give: SD 1 against 2, and the others' own difference does not count."""
    truth = np.array([0.0, 4, 0, 4, 2, 2])
    form = from_matrix(np.stack([truth / 2, truth, truth + 1], axis=1))
    model = fit_additive(form)
    expected = truth.std() / 2 / truth.std()
    assert values(spread(form, model))[0] == near(expected)
    assert values(slope_on_colleagues(form, model))[0] == near(0.5)


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ([[1, 1], [1, 2], [1, 3]], (0.0, "gave the same score everywhere", 0.0)),
        ([[1, 2], [2, 2], [3, 2]], (None, "undefined: colleagues gave the same score everywhere", None)),
        ([[2, 2], [2, 2]], (None, "undefined: colleagues gave the same score everywhere", None)),
        ([[2, 2], [2, NONE]], (None, "undefined: fewer than two shared answers", None)),
    ],
    ids=["constant rater", "constant colleague", "all constant", "one shared answer"],
)
def test_spread_of_constant_scores_has_a_reason(table: Any, expected: tuple[float | None, str, float | None]) -> None:
    form = from_matrix(np.array(table, dtype=float))
    effect = spread(form, fit_additive(form))[0]
    assert (effect.estimate.value, effect.estimate.note, effect.p_value) == expected


# Halo


def votes(table: Any) -> LongForm:
    """Of shape (n_answers, n_raters, n_points); NaN = not rated."""
    scores = np.asarray(table, dtype=float)
    answers, raters, points = np.nonzero(np.isfinite(scores))
    n_answers, n_raters = scores.shape[:2]
    return LongForm(answers, raters, scores[answers, raters, points], n_answers, n_raters, points=points)


def test_halo_by_hand() -> None:
    """Rater 0: SD 0 and 1/2; rater 1: 1/2 and 1/2. Ratio 1/2, SE^2 = 2 (1/4^2 + 1/4^2)."""
    effects = halo(votes([[[1, 1], [1, 0]], [[0, 1], [1, 0]]]))
    assert values(effects) == near([0.5, 2.0])
    assert effects[0].p_value == near(2 * float(student_t_tail(0.5 / 0.5, 1)))


def test_halo_leaves_out_who_rated_one_point_or_alone() -> None:
    alone = [[[1, 0], [NONE, 1]], [[0, 1], [NONE, NONE]], [[1, 0], [0, 1]]]
    assert notes(halo(votes(alone))) == {"undefined: fewer than two answers whose points a colleague rated as well"}


def test_halo_of_points_that_nobody_tells_apart() -> None:
    assert notes(halo(votes(np.ones((3, 2, 4))))) == {"undefined: colleagues gave all points of each answer the same"}


def test_halo_needs_points() -> None:
    with pytest.raises(ValueError, match="halo shows in ratings of points only"):
        halo(from_matrix([[1, 2]]))


# Drift and contrast


def test_drift_by_hand() -> None:
    """Rater 0 starts level with the others and ends 3 above; times count by their order alone."""
    truth = np.array([5.0, 1, 3, 2])
    table = np.stack([truth + np.arange(4), truth, truth + 1], axis=1)
    form = timed(table, times=np.tile(np.array([[1.0], [2], [50], [51]]), 3))
    effects = drift(form, fit_additive(form))
    assert effects[0].estimate.value == near(3.0)
    assert effects[0].p_value == near(0)
    # Rater 0 is no yardstick for the others, who do not move against each other.
    assert values(effects)[1:] == near([0.0, 0.0])


def test_of_two_raters_who_drift_apart_both_show_it() -> None:
    form = timed(np.stack([np.arange(10.0), np.zeros(10)], axis=1))
    assert values(drift(form, fit_additive(form))) == near([9.0, -9.0])


def test_ratings_without_a_time_do_not_count_for_drift() -> None:
    table = team(6, 2)
    times = np.tile(np.arange(6.0)[:, None], 2)
    times[3] = NONE
    form = timed(table, times=times)
    assert [effect.estimate.n for effect in drift(form, fit_additive(form))] == [5, 5]


@pytest.mark.parametrize("effect", [drift, contrast])
def test_without_times_there_is_no_order(effect: Any) -> None:
    form = from_matrix(team(50, 2))
    assert notes(effect(form, fit_additive(form))) == {"undefined: no times"}


@pytest.mark.parametrize(("effect", "note"), [(drift, "nothing varies"), (contrast, "fewer than 40 ratings one after")])
def test_ratings_of_one_time_have_no_order(effect: Any, note: str) -> None:
    """A file sorted by answer is not one sorted by time."""
    form = timed(team(60, 3), times=np.full((60, 3), 7.0))
    assert all(said is not None and note in said for said in notes(effect(form, fit_additive(form))))


def test_ratings_of_the_same_time_share_their_place() -> None:
    """Four ratings on two days: the places are 1/6 and 5/6, and 2 points apart make a drift of 3."""
    table = np.stack([[0.0, 0, 2, 2], np.zeros(4), np.ones(4)], axis=1)
    form = timed(table, times=np.tile(np.array([[1.0], [1], [2], [2]]), 3))
    assert drift(form, fit_additive(form))[0].estimate.value == near(3.0)


def test_only_known_neighbours_count_for_contrast() -> None:
    times = np.arange(60.0)
    times[11] = times[10]  # of 9-10, 10-11 and 11-12 nobody knows which came first
    form = timed(team(60, 2), times=np.tile(times[:, None], 2))
    assert {effect.estimate.n for effect in contrast(form, fit_additive(form))} == {56}


def test_contrast_is_found_and_drift_is_none() -> None:
    """Rater 0 gives less after a good answer; rater 1 becomes more lenient, which is something else."""
    rng = np.random.default_rng(4)
    truth = rng.normal(3, 1, 80)
    table = truth[:, None] + rng.normal(0, 0.3, (80, 3))
    table[1:, 0] -= 0.5 * (truth[:-1] - 3)
    table[:, 1] += np.linspace(-1, 1, 80)
    form = timed(table)
    effects = contrast(form, fit_additive(form))
    first, second = (effect.estimate for effect in effects[:2])
    assert first.high is not None and first.high < -0.3
    assert second.low is not None and second.high is not None and second.low < 0.2 and second.high > -0.2
    assert first.n == 79


def test_contrast_is_the_correlation_with_the_answer_before() -> None:
    table = team(60, 2, seed=3)
    form = timed(table)
    model = fit_additive(form)
    apart = (table - table.mean(axis=0)) @ [1, -1]
    own, before, place = apart[1:], model.fair[:-1], np.arange(59.0)
    fit = np.polyfit(place, own, 1)
    expected = np.corrcoef(own - np.polyval(fit, place), before)[0, 1]
    effect = contrast(form, model)[0]
    assert effect.estimate.value == near(expected)
    assert effect.estimate.high == near(math.tanh(math.atanh(expected) + 1.959963984540054 / math.sqrt(56)))


@pytest.mark.parametrize(
    ("table", "note"),
    [
        (team(30, 2), "undefined: fewer than 40 ratings one after the other"),
        (np.ones((60, 2)), "undefined: nothing varies"),
    ],
    ids=["few", "constant"],
)
def test_contrast_without_an_answer_has_a_reason(table: np.ndarray, note: str) -> None:
    form = timed(table)
    assert notes(contrast(form, fit_additive(form))) == {note}


# Properties


@same_every_run
@given(
    st.tuples(st.integers(0, 8), st.integers(0, 4)).flatmap(
        lambda shape: st_numpy.arrays(float, shape, elements=st.sampled_from([0.0, 1.0, 2.0, 4.0, NONE]))
    )
)
def test_every_effect_has_a_number_or_a_reason(table: np.ndarray) -> None:
    form = timed(table)
    model = fit_additive(form)
    for effect in (consistency, spread, slope_on_colleagues, drift, contrast):
        found = effect(form, model)
        assert len(found) == form.n_raters
        for estimate, p_value in found:  # `Estimate` itself refuses NaN
            assert (estimate.value is None) == (p_value is None)
            assert p_value is None or 0 <= p_value <= 1


@same_every_run
@given(st.integers(0, 100), st.floats(-5, 5))
def test_a_strict_rater_is_neither_noisy_nor_narrow_nor_drifting(seed: int, shift: float) -> None:
    table = team(12, 3, seed=seed)
    shifted = table + np.array([shift, 0, 0])
    for effect in (consistency, spread, slope_on_colleagues, drift):
        before, after = (effect(form, fit_additive(form)) for form in (timed(table), timed(shifted)))
        assert values(after) == pytest.approx(values(before), abs=1e-7)


def test_the_yardstick_loses_the_furthest_first_and_keeps_two() -> None:
    """Against the mean of the counted others 0, 0, 9, 5: rater 2 goes, then 3 is furthest; two are always kept."""
    scores = np.array([0.0, 0, 9, 5])

    def measure(counted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        others = np.array([scores[counted & (np.arange(4) != r)].mean() for r in range(4)])
        apart = scores - others
        return apart, np.where(np.abs(apart) > 1, 0.001, 0.5)

    everybody = np.ones(4, dtype=bool)
    assert list(steady_colleagues(measure, everybody, np.zeros(4, dtype=int))) == [True, True, False, False]
    assert list(steady_colleagues(measure, everybody, np.array([0, 0, 1, 1]))) == [True] * 4
    assert everybody.all()
