"""The system as a rater: planted properties are found, few data give no verdict, and every gap has its reason."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from grader.calibration.system.criteria import at_least, ets_triple, group_rule, within
from grader.calibration.system.system_rater import SystemRater, system_rater
from grader.statistics.intervals import Estimate
from tests.statistics.test_reliability import NONE, near


def team(n: int, *, n_raters: int = 3, noise: float = 0.5, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """True scores around 2.5 and what people gave, on the scale 0 to 5."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(2.5, 1.2, size=n)
    return truth, np.clip(np.round(truth[:, None] + noise * rng.normal(size=(n, n_raters))), 0, 5)


def estimates(found: SystemRater) -> Iterator[Estimate]:
    yield from found.statistics.values()
    yield found.batch_mean
    yield from (judged.estimate for judged in found.triple)
    if found.at_cut is not None:
        cut = found.at_cut
        yield from (cut.same_side, cut.flips_per_100, cut.people_pass, cut.system_passes, cut.corrected)


# Rules


def test_a_rule_is_decided_on_the_interval() -> None:
    outcomes = [
        at_least(Estimate(0.75, low, high, 60), 0.7, rule="kappa").outcome
        for low, high in ((0.71, 0.8), (0.6, 0.8), (0.5, 0.69))
    ]
    assert outcomes == ["pass", "cannot tell", "fail"]
    outcomes = [
        within(Estimate(0.0, low, high, 60), 0.15, rule="SMD").outcome
        for low, high in ((-0.1, 0.1), (-0.2, 0.1), (0.0, 0.2), (0.16, 0.3), (-0.3, -0.16))
    ]
    assert outcomes == ["pass", "cannot tell", "cannot tell", "fail", "fail"]


def test_few_answers_get_no_verdict_and_some_an_early_one() -> None:
    few = at_least(Estimate(0.9, 0.8, 0.95, 19), 0.7, rule="kappa")
    assert (few.outcome, few.note) == (None, "19 answers: a verdict needs 20")
    some, many = (at_least(Estimate(0.9, 0.8, 0.95, n), 0.7, rule="kappa") for n in (49, 50))
    assert (some.outcome, some.early, many.early) == ("pass", True, False)
    undefined = at_least(Estimate(None, None, None, 90, "undefined: one rater"), 0.7, rule="kappa")
    assert (undefined.outcome, undefined.note) == (None, "undefined: one rater")
    group = group_rule(Estimate(0.5, 0.4, 0.6, 99))
    assert (group.outcome, group.note) == (None, "99 answers: a verdict needs 100")


def test_the_triple_has_the_published_bars() -> None:
    kappa, degradation, difference = ets_triple(
        Estimate(0.72, 0.70, 0.75, 99), Estimate(-0.05, -0.10, 0.0, 99), Estimate(0.1, -0.15, 0.15, 99)
    )
    assert [each.outcome for each in (kappa, degradation, difference)] == ["pass"] * 3
    kappa, degradation, difference = ets_triple(
        Estimate(0.6, 0.5, 0.6999, 99), Estimate(-0.2, -0.3, -0.101, 99), Estimate(0.3, 0.151, 0.4, 99)
    )
    assert [each.outcome for each in (kappa, degradation, difference)] == ["fail"] * 3


# What is planted is found


def test_a_good_system_passes() -> None:
    truth, ratings = team(400)
    found = system_rater(ratings, truth, cut=3.0)
    assert [each.outcome for each in found.triple] == ["pass"] * 3
    assert (found.n, found.n_double, found.n_batch, found.n_left_out) == (400, 400, 0, 0)
    assert found.statistics["prmse"].value == pytest.approx(0.97, abs=0.04)
    assert found.stand_in.outcome == "pass" and found.stand_in.result.n_tested == 3
    assert found.at_cut is not None and found.at_cut.same_side.value is not None
    assert found.at_cut.flips_per_100.value == near(100 * (1 - found.at_cut.same_side.value))


def test_a_strict_noisy_system_fails() -> None:
    truth, ratings = team(400)
    found = system_rater(ratings, truth - 0.6 + 1.5 * np.random.default_rng(1).normal(size=400), cut=3.0)
    assert [each.outcome for each in found.triple] == ["fail"] * 3
    assert found.stand_in.outcome == "fail"
    difference = found.statistics["mean_difference"]
    assert difference.low is not None and difference.high is not None
    assert difference.low < -0.6 < difference.high


def test_fifteen_answers_get_no_verdict() -> None:
    truth, ratings = team(15)
    found = system_rater(ratings, truth)
    assert [each.outcome for each in found.triple] == [None] * 3
    assert all(each.note == "15 answers: a verdict needs 20" for each in found.triple)
    assert found.stand_in.outcome is None
    assert found.stand_in.note is not None and "3 people who each share 20 answers" in found.stand_in.note
    assert found.at_cut is None and found.groups == () and found.kept == ()


def test_a_group_that_the_system_favours_is_found() -> None:
    truth, ratings = team(600, seed=2)
    labels = np.array(["a", "b", "", "small"])[
        np.r_[np.zeros(250), np.ones(250), np.full(95, 2), np.full(5, 3)].astype(int)
    ]
    found = system_rater(ratings, truth + 0.5 * (labels == "b"), groups=labels.tolist())
    assert [(group.name, group.n) for group in found.groups] == [("a", 250), ("b", 250), ("small", 5)]
    a, b, small = (group.difference for group in found.groups)
    assert a is not None and b is not None
    assert a.estimate.value is not None and b.estimate.value is not None
    assert a.estimate.value < -0.1 < 0.1 < b.estimate.value
    assert (b.outcome, b.estimate.n) == ("fail", 250)
    assert small is None


def test_the_batch_is_corrected_for_what_the_system_does_wrong() -> None:
    truth, ratings = team(1200, n_raters=2, seed=3)
    ratings[300:] = NONE
    found = system_rater(ratings, truth + 0.8, cut=3.0)
    assert (found.n, found.n_batch) == (300, 900)
    assert found.batch_mean.low is not None and found.batch_mean.high is not None
    # Scores are cut off at 0 and 5, which moves the mean of people a little.
    assert found.batch_mean.low < 2.5 < found.batch_mean.high
    assert found.at_cut is not None
    of_people, of_system, corrected = found.at_cut.people_pass, found.at_cut.system_passes, found.at_cut.corrected
    assert of_people.value is not None and of_system.value is not None
    assert of_system.value > of_people.value + 0.15
    assert corrected.low is not None and corrected.high is not None
    assert corrected.low < of_people.value < corrected.high
    assert found.at_cut.mcnemar.p_value < 0.001
    assert found.at_cut.mcnemar.system_only > found.at_cut.mcnemar.human_only


def test_agreement_rises_when_unsure_answers_go_to_people() -> None:
    truth, ratings = team(500, seed=4)
    error = np.random.default_rng(5).normal(size=500)
    found = system_rater(ratings, truth + 1.2 * error, confidences=-np.abs(error))
    kappas = [step.kappa.value for step in found.kept]
    assert [step.kappa.n for step in found.kept] == [500, 450, 400, 350, 300, 250]
    assert all(kappa is not None for kappa in kappas)
    assert kappas == sorted(kappas)  # type: ignore[type-var]  # none is None
    assert kappas[0] == near(found.statistics["quadratic_weighted_kappa"].value or 0)


def test_the_sum_of_the_confusion_is_the_number_of_answers() -> None:
    truth, ratings = team(60, seed=6)
    ratings[::3, 1] = NONE
    found = system_rater(ratings, truth)
    assert found.confusion.counts.sum() == near(60)
    assert found.confusion.levels.tolist() == sorted({float(score) for score in ratings[np.isfinite(ratings)]})
    known = system_rater(ratings, truth, levels=[5, 4, 3, 2, 1, 0, 6])
    assert known.confusion.counts.shape == (7, 7)


def test_one_person_alone_leaves_what_needs_two_undefined() -> None:
    truth, ratings = team(80, n_raters=1, seed=7)
    found = system_rater(ratings, truth, cut=3.0)
    assert found.n_double == 0
    for name in ("human_quadratic_weighted_kappa", "degradation", "disattenuated_r", "prmse"):
        assert found.statistics[name] == Estimate(
            None, None, None, 0, "undefined: it needs answers that two people rated, and scores that vary"
        )
    assert [each.outcome for each in found.triple] == ["pass", None, "cannot tell"]
    # Independent cases: Wilson's interval, which also holds at 0 and 1.
    exact = system_rater(ratings, ratings[:, 0]).statistics["exact"]
    assert exact.value == 1.0 and exact.low is not None and exact.low < 0.97


@pytest.mark.parametrize(
    ("ratings", "system"),
    [
        (np.empty((0, 2)), []),
        ([[NONE, NONE], [NONE, NONE]], [1, 2]),
        ([[1, 2], [2, 3]], [NONE, NONE]),
        ([[1, NONE], [NONE, 3]], [1, 2]),
        ([[2, 2], [2, 2], [2, 2]], [2, 2, 2]),
        ([[1, 2]], [1]),
    ],
)
def test_nothing_to_go_by_is_said_and_not_raised(ratings: Any, system: Any) -> None:
    n = len(system)
    found = system_rater(ratings, system, cut=2.0, groups=["a"] * n, confidences=[0.5] * n)
    for estimate in estimates(found):
        assert estimate.value is not None or estimate.note
    assert [each.outcome for each in found.triple] == [None] * 3
    assert all(each.note for each in found.triple)


def test_the_same_seed_gives_the_same_numbers() -> None:
    truth, ratings = team(50)
    first, second = (system_rater(ratings, truth, cut=3.0) for _ in range(2))
    assert first.statistics == second.statistics and first.at_cut == second.at_cut
    assert system_rater(ratings, truth, seed=1).statistics != first.statistics


def test_broken_inputs_are_refused() -> None:
    with pytest.raises(ValueError, match=r"system has shape \(1,\) but there are 2 answers"):
        system_rater([[1, 2], [2, 3]], [1])
    with pytest.raises(ValueError, match="system must be numbers, or NaN where missing; got an infinite value"):
        system_rater([[1, 2]], [math.inf])
    with pytest.raises(ValueError, match=r"groups has shape \(1,\) but there are 2 answers"):
        system_rater([[1, 2], [2, 3]], [1, 2], groups=["a"])
    with pytest.raises(ValueError, match=r"confidences has shape \(1,\) but there are 2 answers"):
        system_rater([[1, 2], [2, 3]], [1, 2], confidences=[1])
