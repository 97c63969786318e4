"""Intervals against a published number, known standard errors, and properties."""

import dataclasses
import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.statistics.agreement import pearson_r, within_group_pearson
from grader.statistics.intervals import Estimate, cluster_bootstrap, wilson_interval

# Published values to half a unit of their fourth digit; what 1,000 or more resamples estimate to a tenth.
TOLERANCE = 5e-5
BOOTSTRAP_TOLERANCE = 0.1
# Half-width of a 95 % interval in standard errors.
Z = 1.959964

same_every_run = settings(derandomize=True, deadline=None, max_examples=40)


def ends(estimate: Estimate) -> tuple[float, float]:
    """The interval of an estimate that has one."""
    assert estimate.low is not None and estimate.high is not None
    return estimate.low, estimate.high


def width(estimate: Estimate) -> float:
    low, high = ends(estimate)
    return high - low


def share_of(values: np.ndarray) -> Any:
    return lambda rows: float(values[rows].mean())


# Estimate


def test_estimate_as_dict_has_a_note_only_if_there_is_one() -> None:
    assert Estimate(0.5, 0.4, 0.6, 20).as_dict() == {"value": 0.5, "low": 0.4, "high": 0.6, "n": 20}
    undefined = Estimate(None, None, None, 1, "undefined: no variation")
    assert json.loads(json.dumps(undefined.as_dict(), allow_nan=False)) == {
        "value": None,
        "low": None,
        "high": None,
        "n": 1,
        "note": "undefined: no variation",
    }


def test_estimate_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Estimate(0.5, 0.4, 0.6, 20).value = 1.0  # type: ignore[misc]  # the point of the test


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_estimate_refuses_what_json_cannot_hold(number: float) -> None:
    with pytest.raises(ValueError, match=f"value must be a finite number or None, got {number}"):
        Estimate(number, None, None, 3, "undefined")
    with pytest.raises(ValueError, match=f"high must be a finite number or None, got {number}"):
        Estimate(0.5, 0.4, number, 3)


def test_estimate_without_a_value_needs_a_reason() -> None:
    with pytest.raises(ValueError, match="an undefined value needs a note that says why"):
        Estimate(None, None, None, 3)


# Wilson


def test_wilson_interval_has_the_published_value() -> None:
    share = wilson_interval(8, 10)
    assert share.value == 0.8
    assert (share.low, share.high) == pytest.approx((0.4902, 0.9433), abs=TOLERANCE)
    assert share.n == 10
    assert share.note is None


def test_wilson_interval_of_none_and_all() -> None:
    # With p = 0 the formula is low = 0, high = z^2 / (n + z^2).
    none, every = wilson_interval(0, 10), wilson_interval(10, 10)
    assert none.low == 0.0
    assert none.high == pytest.approx(Z**2 / (10 + Z**2), abs=TOLERANCE)
    assert every.high == 1.0
    assert every.low == pytest.approx(10 / (10 + Z**2), abs=TOLERANCE)


def test_wilson_interval_without_cases_is_undefined() -> None:
    assert wilson_interval(0, 0) == Estimate(None, None, None, 0, "undefined: no cases")


def test_one_case_has_no_interval() -> None:
    assert wilson_interval(1, 1) == Estimate(1.0, None, None, 1, "no interval: one case alone")
    assert cluster_bootstrap(lambda i: 1.0, ["q"]) == Estimate(1.0, None, None, 1, "no interval: one answer alone")


@same_every_run
@given(st.integers(2, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_interval_holds_the_share_and_mirrors(case: tuple[int, int]) -> None:
    successes, n = case
    low, high = ends(wilson_interval(successes, n))
    wide_low, wide_high = ends(wilson_interval(successes, n, confidence=0.99))
    assert 0 <= wide_low <= low <= successes / n <= high <= wide_high <= 1
    mirrored_low, mirrored_high = ends(wilson_interval(n - successes, n))
    assert (1 - mirrored_high, 1 - mirrored_low) == pytest.approx((low, high), abs=TOLERANCE)


# Bootstrap


def test_bootstrap_of_single_answers_has_the_standard_error_of_a_share() -> None:
    right = np.arange(400) % 4 == 0
    share = cluster_bootstrap(share_of(right), np.arange(400), n_resamples=4000)
    # sqrt(.25 * .75 / 400)
    standard_error = math.sqrt(0.25 * 0.75 / 400)
    assert share.value == 0.25
    assert width(share) == pytest.approx(2 * Z * standard_error, rel=BOOTSTRAP_TOLERANCE)
    assert share.n == 400
    assert share.note is None


def test_bootstrap_of_questions_is_honest_about_answers_that_are_alike() -> None:
    # 100 questions of 4 answers, all right or all wrong: the information of 100 answers, not of 400.
    groups = np.repeat(np.arange(100), 4)
    right = groups % 4 == 0
    share = cluster_bootstrap(share_of(right), groups, n_resamples=4000)
    standard_error = math.sqrt(0.25 * 0.75 / 100)
    assert width(share) == pytest.approx(2 * Z * standard_error, rel=BOOTSTRAP_TOLERANCE)


def test_bootstrap_takes_whole_groups_of_any_size() -> None:
    groups = np.array(["b", "a", "c", "b", "d", "c", "b"])
    drawn: list[np.ndarray] = []

    def remember(rows: np.ndarray) -> float:
        drawn.append(rows)
        return float(rows.size)

    cluster_bootstrap(remember, groups, n_resamples=50)
    everything, *resamples = drawn
    assert everything.tolist() == list(range(7))
    assert len(resamples) == 50
    for rows in resamples:
        times = np.bincount(rows, minlength=7)
        for label in set(groups.tolist()):
            assert len(set(times[groups == label])) == 1
        assert sum(times[[1, 0, 2, 4]]) == 4


def test_bootstrap_is_the_same_for_the_same_seed() -> None:
    rng = np.random.default_rng(0)
    human, groups = rng.normal(size=200), rng.integers(0, 20, 200)
    system = human + rng.normal(size=200)

    def r(rows: np.ndarray) -> float:
        return pearson_r(human[rows], system[rows])

    first = cluster_bootstrap(r, groups)
    assert cluster_bootstrap(r, groups) == first
    assert cluster_bootstrap(r, [f"question {g:02}" for g in groups]) == first
    other = cluster_bootstrap(r, groups, seed=1)
    assert other.value == first.value
    assert other.low != first.low
    low, high = ends(first)
    assert low < r(np.arange(200)) < high


@same_every_run
@given(
    st.lists(st.tuples(st.integers(0, 10), st.integers(0, 10), st.integers(0, 5)), min_size=1, max_size=30),
    st.integers(0, 1000),
)
def test_bootstrap_interval_is_in_order(rows: list[tuple[int, int, int]], seed: int) -> None:
    human, system, groups = np.array(rows).T
    found = cluster_bootstrap(lambda i: pearson_r(human[i], system[i]), groups, n_resamples=20, seed=seed)
    if found.value is None:
        assert found.low is None and found.high is None and found.note
    elif found.low is not None:
        low, high = ends(found)
        assert -1 <= low <= high <= 1
    assert found.n == len(rows)


def test_more_confidence_is_a_wider_interval() -> None:
    values, groups = np.arange(60.0), np.arange(60) // 3
    low, high = ends(cluster_bootstrap(share_of(values), groups, confidence=0.5))
    wide_low, wide_high = ends(cluster_bootstrap(share_of(values), groups, confidence=0.99))
    assert wide_low < low < high < wide_high


def test_few_groups_fall_back_to_answers_and_say_so() -> None:
    right = np.arange(40) % 2 == 0
    found = cluster_bootstrap(share_of(right), ["q1"] * 20 + ["q2"] * 20)
    assert found.note == "fewer than 3 groups (2): answers were resampled one by one"
    assert dataclasses.replace(found, note=None) == cluster_bootstrap(share_of(right), np.arange(40))


def test_an_undefined_statistic_is_none_with_a_reason() -> None:
    constant = np.ones(12)
    found = cluster_bootstrap(lambda i: pearson_r(constant[i], constant[i]), np.arange(12) // 3)
    assert found == Estimate(None, None, None, 12, "undefined: too few answers, or no variation in them")
    assert cluster_bootstrap(lambda i: math.nan, []) == Estimate(None, None, None, 0, "undefined: no answers")


def test_undefined_resamples_are_left_out_and_counted() -> None:
    # Two of the three questions have equal human scores: a resample of those alone has no correlation.
    human, system = np.array([1, 1, 1, 1, 1, 2]), np.array([1, 2, 1, 3, 1, 2])
    found = cluster_bootstrap(lambda i: pearson_r(human[i], system[i]), [1, 1, 2, 2, 3, 3], n_resamples=1000)
    assert found.note is not None
    n_left_out = int(found.note.split()[2])
    assert found.note == f"undefined on {n_left_out} of 1000 resamples, which were left out"
    # Expected (2/3)^3 = 8/27 of them.
    assert n_left_out / 1000 == pytest.approx(8 / 27, rel=BOOTSTRAP_TOLERANCE)
    assert found.low is not None


def test_no_interval_when_no_resample_is_defined() -> None:
    found = cluster_bootstrap(lambda i: 1.0 if len(set(i.tolist())) == 50 else math.nan, np.arange(50))
    assert found == Estimate(1.0, None, None, 50, "undefined on 1000 of 1000 resamples, which were left out")


def test_no_interval_where_nothing_varies() -> None:
    """All answers right, or means that rounding error alone tells apart."""
    note = "no interval: every resample gives the same value"
    assert cluster_bootstrap(share_of(np.ones(12)), np.arange(12)) == Estimate(1.0, None, None, 12, note)
    assert cluster_bootstrap(share_of(np.full(12, 0.1)), np.arange(12) // 2).low is None


def test_statistics_by_group_can_be_resampled() -> None:
    rng = np.random.default_rng(1)
    groups = np.repeat(np.arange(10), 10)
    human = rng.normal(size=100)
    system = human + rng.normal(size=100)
    found = cluster_bootstrap(lambda i: within_group_pearson(human[i], system[i], groups[i]), groups)
    low, high = ends(found)
    assert low < within_group_pearson(human, system, groups) < high


@pytest.mark.parametrize("confidence", [0, 1, 95])
def test_confidence_must_be_a_share(confidence: float) -> None:
    with pytest.raises(ValueError, match=f"confidence must be between 0 and 1, got {confidence}"):
        wilson_interval(1, 2, confidence=confidence)
    with pytest.raises(ValueError, match=f"confidence must be between 0 and 1, got {confidence}"):
        cluster_bootstrap(lambda i: 1.0, [1, 2, 3], confidence=confidence)


def test_other_options_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match=r"successes must be in 0\.\.2, got 3"):
        wilson_interval(3, 2)
    with pytest.raises(ValueError, match="n_resamples must be 1 or more, got 0"):
        cluster_bootstrap(lambda i: 1.0, [1, 2, 3], n_resamples=0)
    with pytest.raises(ValueError, match=r"groups must have shape \(n_answers,\), got shape \(2, 1\)"):
        cluster_bootstrap(lambda i: 1.0, [[1], [2]])
