"""The additive model against a published table, dense least squares and the paired t-test, and its invariants."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from grader.calibration.raters.severity import fit_additive, linked_components, severity_estimates
from grader.statistics.distributions import student_t_quantile
from grader.statistics.rating_tables import LongForm, from_matrix

TOLERANCE = 1e-9
NONE = math.nan
# Shrout & Fleiss (1979): 6 targets, 4 judges.
SHROUT_FLEISS = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]

same_every_run = settings(derandomize=True, deadline=None, max_examples=60)


def near(expected: Any) -> Any:
    return pytest.approx(expected, abs=TOLERANCE, nan_ok=True)


def rating_tables(*, missing: bool = True) -> st.SearchStrategy[np.ndarray]:
    """Ratings from 0 to 4 by one to five raters, about a third missing."""
    shape = st.tuples(st.integers(1, 12), st.integers(1, 5))
    rating = st.sampled_from([0.0, 1.0, 2.0, 3.0, 4.0] + [NONE] * (2 if missing else 0))
    return shape.flatmap(lambda size: st_numpy.arrays(float, size, elements=rating))


def team(n_answers: int, severities: list[float], *, seed: int, present: float = 1.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    scores = rng.normal(3, 1, (n_answers, 1)) + severities + rng.normal(0, 0.7, (n_answers, len(severities)))
    return np.where(rng.random(scores.shape) < present, scores, NONE)


# Published numbers and closed forms


def test_rater_effects_of_the_published_table() -> None:
    model = fit_additive(from_matrix(SHROUT_FLEISS))
    # 5.2917 is the grand mean, 2.375 the mean of the first judge above it.
    assert model.severity == pytest.approx([2.375, -2.7917, -0.9583, 1.375], abs=0.00005)
    assert model.residual_variance == pytest.approx(1.0194, abs=0.00005)
    assert model.raw == near(np.mean(SHROUT_FLEISS, axis=1))
    assert model.fair == near(model.raw)


def test_the_interval_on_complete_data_is_that_of_a_paired_t_test() -> None:
    table = np.array(SHROUT_FLEISS, dtype=float)
    apart = table - table.mean(axis=1, keepdims=True)
    reach = student_t_quantile(0.975, 5) * apart.std(axis=0, ddof=1) / math.sqrt(6)
    for rater, estimate in enumerate(severity_estimates(fit_additive(from_matrix(table)))):
        assert estimate.value == near(apart[:, rater].mean())
        assert (estimate.low, estimate.high) == near((estimate.value - reach[rater], estimate.value + reach[rater]))
        assert (estimate.n, estimate.note) == (6, None)


def test_severity_of_a_rating_scale_model_is_recovered() -> None:
    """Row 21 of the measurement plan: logits -.6, -.1, .1, .6, positive = severe, gave .34, .09, -.12, -.31 once."""
    rng = np.random.default_rng(5)
    severe = np.array([-0.6, -0.1, 0.1, 0.6])
    ability, difficulty = rng.normal(0, 1, (60, 1, 1)), rng.normal(0, 0.5, (1, 1, 5))
    thresholds = np.cumsum([0.0, -1.5, -0.5, 0.5, 1.5])
    levels = np.arange(5)
    logits = levels * (ability - difficulty - severe[:, None])[..., None] - thresholds
    shares = np.cumsum(np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True), axis=-1)
    scores = (rng.random(shares.shape[:-1])[..., None] > shares).sum(axis=-1)
    severity = fit_additive(from_matrix(scores.mean(axis=2))).severity
    assert list(np.argsort(-severity)) == [0, 1, 2, 3]
    assert severity[0] > 0 > severity[3]
    assert np.corrcoef(severity, -severe)[0, 1] >= 0.9


@pytest.mark.parametrize("seed", range(5))
def test_incomplete_data_give_what_dense_least_squares_give(seed: int) -> None:
    table = team(15, [0.5, 0, -0.5, 0.2], seed=seed, present=0.6)
    table = table[np.isfinite(table).any(axis=1)]
    form = from_matrix(table)
    design = np.zeros((form.n_ratings + 1, form.n_answers + form.n_raters))
    design[np.arange(form.n_ratings), form.answers] = 1
    design[np.arange(form.n_ratings), form.n_answers + form.raters] = 1
    design[-1, form.n_answers :] = 1  # severities sum to 0
    solution = np.linalg.lstsq(design, np.append(form.scores, 0), rcond=None)[0]
    model = fit_additive(form)
    assert model.severity == near(solution[form.n_answers :])
    assert model.fair == near(solution[: form.n_answers])
    shared = np.isfinite(table).sum(axis=1)[form.answers] > 1
    assert model.residuals[shared] == near((form.scores - design[:-1] @ solution)[shared])
    assert np.isnan(model.residuals[~shared]).all()


@pytest.mark.parametrize("seed", range(5))
def test_the_covariance_is_that_of_the_dense_formula(seed: int) -> None:
    """CR2 with every answer a column of its own, and square roots of the whole blocks of I - H."""
    table = team(12, [0.5, 0, -0.5, 0.2], seed=seed, present=0.7)
    table = table[np.isfinite(table).sum(axis=1) > 1]
    form = from_matrix(table)
    design = np.zeros((form.n_ratings, form.n_answers + form.n_raters))
    rows = np.arange(form.n_ratings)
    design[rows, form.answers] = design[rows, form.n_answers + form.raters] = 1
    inverse = np.linalg.pinv(design.T @ design)
    residuals = form.scores - design @ inverse @ design.T @ form.scores
    meat = np.zeros_like(inverse)
    for answer in range(form.n_answers):
        own = design[form.answers == answer]
        values, vectors = np.linalg.eigh(np.eye(len(own)) - own @ inverse @ own.T)
        roots = np.array([value**-0.5 if value > 1e-9 else 0 for value in values])
        moved = own.T @ (vectors * roots) @ vectors.T @ residuals[form.answers == answer]
        meat += np.outer(moved, moved)
    centre = np.eye(form.n_raters) - 1 / form.n_raters  # the dense solution fixes another constant
    dense = (inverse @ meat @ inverse)[form.n_answers :, form.n_answers :]
    assert fit_additive(form).covariance == near(centre @ dense @ centre)


def test_a_strict_colleague_does_not_cost_a_candidate() -> None:
    """Rater 0 marks the first half with rater 1, rater 2 the second half; rater 2 takes 2 points off."""
    truth = np.array([5.0, 6, 7, 8, 5, 6, 7, 8])
    table = np.full((8, 3), NONE)
    table[:, 0], table[:4, 1], table[4:, 2] = truth, truth[:4], truth[4:] - 2
    model = fit_additive(from_matrix(table))
    assert model.severity == near([2 / 3, 2 / 3, -4 / 3])
    assert model.raw == near([5, 6, 7, 8, 4, 5, 6, 7])
    assert np.diff(model.fair) == near(np.diff(truth))


def test_a_pair_that_alone_links_two_groups_leaves_wide_intervals() -> None:
    """One answer links raters 0, 1 to raters 2, 3: what it adds is judged by the variance of the others."""
    rng = np.random.default_rng(3)
    table = np.full((41, 4), NONE)
    table[:20, :2] = rng.normal(3, 1, (20, 1)) + rng.normal(0, 0.7, (20, 2))
    table[20:40, 2:] = rng.normal(3, 1, (20, 1)) + rng.normal(0, 0.7, (20, 2))
    table[40, 1:3] = [3, 3]
    model = fit_additive(from_matrix(table))
    # Half of the difference of one pair of ratings with error variance s^2 each, s^2 the residual variance.
    assert model.standard_error[0] > math.sqrt(2 * model.residual_variance) / 2
    assert model.standard_error[0] == pytest.approx(math.sqrt(2 * model.residual_variance) / 2, rel=0.1)


# Faults and small data


@pytest.mark.parametrize(
    ("table", "severity", "components"),
    [
        ([[1.0], [2.0]], [NONE], [0]),
        ([[1, NONE], [NONE, 2]], [NONE, NONE], [0, 1]),
        ([[1, 3]], [-1, 1], [0, 0]),
        ([[2, 2], [2, 2], [2, 2]], [0, 0], [0, 0]),
        ([[1, 2, NONE, NONE], [NONE, NONE, 4, 2]], [-0.5, 0.5, 1, -1], [0, 0, 1, 1]),
        ([[1, NONE, 2], [NONE, 5, NONE]], [-0.5, NONE, 0.5], [0, 1, 0]),
        ([[NONE, NONE]], [NONE, NONE], [0, 1]),
    ],
    ids=["one rater", "no double marking", "one answer", "constant", "disconnected", "one alone", "nothing rated"],
)
def test_small_data_have_an_answer(table: list[list[float]], severity: list[float], components: list[int]) -> None:
    form = from_matrix(np.array(table, dtype=float))
    model = fit_additive(form)
    assert model.severity == near(severity)
    assert list(model.components) == components
    assert list(linked_components(form)) == components
    for estimate in severity_estimates(model):
        assert (estimate.value is None) == (estimate.n == 0)
        assert estimate.low is not None or estimate.note


def test_no_raters_at_all() -> None:
    none = np.array([], dtype=int)
    model = fit_additive(LongForm(none, none, np.array([]), n_answers=0, n_raters=0))
    assert model.severity.shape == model.components.shape == model.fair.shape == (0,)
    assert severity_estimates(model) == ()


def test_reasons_for_a_missing_number() -> None:
    one_answer, alone = fit_additive(from_matrix([[1, 3]])), fit_additive(from_matrix([[1.0]]))
    assert severity_estimates(one_answer)[0].note == "no interval: too few shared answers"
    assert severity_estimates(alone)[0].note == "undefined: shares no answer with another rater"


def test_a_rater_who_rates_twice_is_refused() -> None:
    twice = LongForm(np.array([0, 0]), np.array([0, 0]), np.array([1.0, 2.0]), n_answers=1, n_raters=1)
    with pytest.raises(ValueError, match="first_ratings"):
        fit_additive(twice)


def test_a_confidence_outside_0_and_1_is_refused() -> None:
    with pytest.raises(ValueError, match="confidence must be between 0 and 1, got 95"):
        severity_estimates(fit_additive(from_matrix(SHROUT_FLEISS)), confidence=95)


# Properties


@same_every_run
@given(rating_tables())
def test_severities_sum_to_0_in_each_component(table: np.ndarray) -> None:
    model = fit_additive(from_matrix(table))
    known = np.isfinite(model.severity)
    for component in np.unique(model.components):
        assert np.sum(model.severity[known & (model.components == component)]) == near(0)
    assert np.isfinite(model.standard_error[known & (model.n_common > 1)]).all() or math.isnan(model.residual_variance)


@same_every_run
@given(rating_tables(missing=False).filter(lambda table: table.shape[1] > 1), st.floats(-3, 3))
def test_a_shift_by_d_moves_a_severity_by_its_share(table: np.ndarray, d: float) -> None:
    k = table.shape[1]
    before, shifted = fit_additive(from_matrix(table)), table.copy()
    shifted[:, 0] += d
    after = fit_additive(from_matrix(shifted))
    moved = after.severity - before.severity
    assert moved[0] == near(d * (1 - 1 / k))
    assert moved[1:] == near(-d / k)
    assert after.standard_error == near(before.standard_error)


@same_every_run
@given(rating_tables(), st.randoms(use_true_random=False))
def test_answers_and_raters_may_come_in_any_order(table: np.ndarray, random: Any) -> None:
    answers = random.sample(range(table.shape[0]), table.shape[0])
    raters = random.sample(range(table.shape[1]), table.shape[1])
    model, shuffled = fit_additive(from_matrix(table)), fit_additive(from_matrix(table[answers][:, raters]))
    assert shuffled.severity == near(model.severity[raters])
    assert shuffled.standard_error == pytest.approx(model.standard_error[raters], abs=1e-7, nan_ok=True)
    assert shuffled.fair == near(model.fair[answers])


@same_every_run
@given(rating_tables(), st.integers(-5, 5))
def test_what_is_added_to_an_answer_moves_nobody(table: np.ndarray, easier: int) -> None:
    changed = table.copy()
    changed[0] += easier
    assert fit_additive(from_matrix(changed)).severity == near(fit_additive(from_matrix(table)).severity)


def test_a_large_team_is_fitted_in_pieces() -> None:
    """200 raters and 100,000 ratings; the severities come back to within their standard errors."""
    rng = np.random.default_rng(1)
    severity = rng.normal(0, 0.5, 200)
    severity -= severity.mean()
    raters = np.concatenate([rng.permutation(200)[:3] for _ in range(33_334)])
    answers = np.repeat(np.arange(33_334), 3)
    scores = rng.normal(5, 2, 33_334)[answers] + severity[raters] + rng.normal(0, 1, answers.size)
    model = fit_additive(LongForm(answers, raters, scores, n_answers=33_334, n_raters=200))
    z = (model.severity - severity) / model.standard_error
    assert 0.8 < z.std() < 1.2 and np.abs(z).max() < 4.5
