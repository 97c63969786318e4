"""Agreement after review and reliability diagrams, checked by hand."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.evaluation.confidence import chance_correct, reliability_diagram, review_curve
from grader.grading.confidence import stated_probabilities
from grader.schema import Rubric
from grader.statistics.intervals import cluster_bootstrap
from tests.support.rubrics import as_points
from tests.support.sample_grades import grade, point

interval = partial(cluster_bootstrap, n_resamples=100, seed=1)


def test_sending_the_answers_that_are_wrong_leaves_full_agreement() -> None:
    human = np.array([0, 1, 0.5, 1, 0, 0.2, 0.4, 0.6, 0.8, 1])
    system = human.copy()
    system[:2] = 1, 0  # the first two are wrong, and the least sure
    confidence = np.linspace(0.1, 0.9, 10)
    curve = review_curve(human, system, confidence, np.array(list("abcdefghij")), interval=interval)
    assert curve.statistic == "pearson"
    assert [(step.share_sent, step.kept.n) for step in curve.steps] == [
        (0.0, 10),
        (0.1, 9),
        (0.2, 8),
        (0.3, 7),
        (0.4, 6),
        (0.5, 5),
    ]
    assert curve.steps[2].kept.value == pytest.approx(1)
    assert curve.random == curve.steps[0].kept.value == pytest.approx(np.corrcoef(human, system)[0, 1])
    assert curve.as_dict()["steps"][2] == {
        "share_sent": 0.2,
        "value": pytest.approx(1),
        "low": None,
        "high": None,
        "n": 8,
        "note": "no interval: every resample gives the same value",
    }


def test_right_or_wrong_is_measured_by_auc_and_one_class_left_is_undefined() -> None:
    human, confidence = np.array([1.0, 1, 0, 0]), np.array([0.1, 0.2, 0.8, 0.9])
    curve = review_curve(human, np.array([0.9, 0.1, 0.2, 0.3]), confidence, np.array(list("aabb")), interval=interval)
    assert curve.statistic == "auc"
    assert curve.random == pytest.approx(0.5)  # .9 beats both, .1 beats none
    assert curve.steps[-1].kept.value is None and curve.steps[-1].kept.note


def test_a_diagram_by_hand() -> None:
    diagram = reliability_diagram([0.72, 0.78, 0.1], [True, False, False])
    assert diagram.as_dict()["bins"][1] == {
        "low": 0.7,
        "high": 0.8,
        "n": 2,
        "predicted": pytest.approx(0.75),
        "observed": 0.5,
        "observed_low": pytest.approx(0.0945, abs=1e-4),  # Wilson, 1 of 2
        "observed_high": pytest.approx(0.9055, abs=1e-4),
    }
    assert diagram.error == pytest.approx((2 * 0.25 + 1 * 0.1) / 3)


def test_the_chance_is_read_back_from_the_confidence() -> None:
    points = [
        point(1, credit=0.9, confidence=0.8),
        point(2, "missing", confidence=0.8),
        point(3, "contradicted", confidence=0.9, weight=2),
        point(4, "not_judged"),
    ]
    some = grade("a", 0.5, *points)
    assert stated_probabilities(some.points) == {
        "p1": 0.8,
        "p2": pytest.approx(0.2),
        "p3": pytest.approx(0.1),
        "p4": None,
    }
    rubric = Rubric(
        question_id="q1", points=as_points([{"id": p.point_id, "text": p.text, "weight": p.weight} for p in points])
    )
    assert chance_correct(some, rubric) == pytest.approx(
        (0.8 + 0.2 + 2 * 0.1) / 5
    )  # what was not judged stays possible


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40))
def test_every_decision_is_in_one_bar_and_its_interval_holds_the_share(pairs: list[tuple[float, bool]]) -> None:
    diagram = reliability_diagram([chance for chance, _ in pairs], [true for _, true in pairs])
    assert sum(bar.observed.n for bar in diagram.bins) == diagram.n == len(pairs)
    n_true = 0.0
    for bar in diagram.bins:
        low, value, high = bar.observed.low, bar.observed.value, bar.observed.high
        assert value is not None
        assert (low is None) == (high is None) == (bar.observed.n == 1)
        assert low is None or high is None or low <= value <= high
        n_true += value * bar.observed.n
    assert round(n_true) == sum(true for _, true in pairs)
