"""Coverage arithmetic on small vectors, checked by hand."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.grading.coverage import (
    Floats,
    Ints,
    PointTokens,
    cover,
    credit,
    match,
    overlap_with_other_points,
    segment_starts,
    token_weights,
)

CURVE: dict[str, Any] = {"center": 0.4, "slope": 8.0}


def axes(*numbers: int, dim: int = 6) -> np.ndarray:
    """Unit vectors along the given axes: equal axes match fully, others not at all."""
    return np.eye(dim, dtype=np.float32)[list(numbers)]


def points(*wordings: tuple[int, list[int], list[float]]) -> PointTokens:
    """Wordings as (owner, axes of its tokens, weights)."""
    lengths = [len(tokens) for _, tokens, _ in wordings]
    return PointTokens(
        vectors=np.concatenate([axes(*tokens) for _, tokens, _ in wordings]),
        weights=np.concatenate([np.array(weights, np.float32) for _, _, weights in wordings]),
        starts=np.cumsum([0, *lengths[:-1]]),
        owners=np.array([owner for owner, _, _ in wordings]),
        baseline=np.zeros(len(wordings), np.float32),
    )


def test_coverage_is_the_weight_of_the_matched_tokens() -> None:
    # tokens 0 and 1 weigh .7 and .3; the answer holds only token 0
    [found] = cover(points((0, [0, 1], [0.7, 0.3])), axes(0, 5), np.array([0]), **CURVE)
    assert found.coverage == pytest.approx(0.7, abs=1e-6)


def test_the_best_wording_counts() -> None:
    some = points((0, [0], [1.0]), (0, [1], [1.0]), (1, [2], [1.0]))
    first, second = cover(some, axes(1), np.array([0]), **CURVE)
    assert (first.coverage, second.coverage) == pytest.approx((1, 0), abs=1e-6)


def test_evidence_is_the_shortest_stretch_that_shows_the_point() -> None:
    answer = axes(5, 0, 1, 4)  # one token a segment
    starts = np.arange(4)
    assert shown(points((0, [0], [1.0])), answer, starts) == (pytest.approx(1), 1, 1)
    assert shown(points((0, [0, 1], [0.5, 0.5])), answer, starts) == (pytest.approx(1), 1, 2)
    # the second segment adds too little to be shown
    assert shown(points((0, [0, 1], [0.97, 0.03])), answer, starts)[1:] == (1, 1)


def shown(some: PointTokens, answer: Floats, starts: Ints) -> tuple[float, int, int]:
    [found] = cover(some, answer, starts, **CURVE)
    return found.coverage, found.first_segment, found.last_segment


def test_recalls_of_the_segments_belong_to_the_best_wording() -> None:
    [found] = cover(points((0, [3], [1.0]), (0, [0, 1], [0.75, 0.25])), axes(0, 1, 4), np.arange(3), **CURVE)
    assert found.by_segment == pytest.approx([0.75, 0.25, 0], abs=1e-6)


def test_a_muted_segment_states_nothing() -> None:
    some = points((0, [0], [1.0]), (1, [0], [1.0]))
    excluded = np.array([[True, False], [False, False]])
    first, second = cover(some, axes(0, 3), np.arange(2), **CURVE, excluded=excluded)
    assert (first.coverage, second.coverage) == pytest.approx((0, 1), abs=1e-6)


def test_nothing_to_compare_is_refused() -> None:
    with pytest.raises(ValueError, match="without any token"):
        cover(points((0, [0], [1.0])), axes()[:0], np.array([0]), **CURVE)
    with pytest.raises(ValueError, match="without any token"):
        token_weights(np.array([], np.float32), np.array([], np.float32), question_discount=0.2)


def test_words_of_the_question_weigh_less() -> None:
    weights = token_weights(np.array([2, 2], np.float32), np.array([0, 1], np.float32), question_discount=0.25)
    assert weights == pytest.approx([0.8, 0.2])
    # half said by the question: half of the discount
    weights = token_weights(np.array([2, 2], np.float32), np.array([0, 0.5], np.float32), question_discount=0.5)
    assert weights == pytest.approx([1 / 1.75, 0.75 / 1.75])


def test_what_the_question_gives_is_taken_off() -> None:
    given = replace(points((0, [0, 1], [0.7, 0.3])), baseline=np.array([0.2], np.float32))
    [part] = cover(given, axes(0, 5), np.array([0]), **CURVE)
    assert part.coverage == pytest.approx((0.7 - 0.2) / 0.8, abs=1e-6)
    [everything] = cover(given, axes(0, 1), np.array([0]), **CURVE)
    assert everything.coverage == pytest.approx(1, abs=1e-6)
    [less_than_given] = cover(given, axes(5), np.array([0]), **CURVE)
    assert less_than_given.coverage == 0


def test_a_word_is_shared_as_far_as_the_other_points_say_it() -> None:
    # three points, the first with two wordings: axis 0 is in all, axis 1 in two points, the others in one
    some = points(
        (0, [0, 1], [0.5, 0.5]), (0, [0, 2], [0.5, 0.5]), (1, [0, 1, 3], [0.4, 0.3, 0.3]), (2, [0, 0], [0.5, 0.5])
    )
    assert overlap_with_other_points(some, **CURVE) == pytest.approx([1, 0.5, 1, 0, 1, 0.5, 0, 1, 1], abs=1e-6)
    assert overlap_with_other_points(points((0, [0], [1.0]), (0, [0], [1.0])), **CURVE).tolist() == [0, 0]


def test_segments_that_match_by_chance_add_nothing() -> None:
    some = points((0, [0, 1], [0.9, 0.1]))
    alone = cover(some, axes(0), np.array([0]), **CURVE)[0].coverage
    # the second segment recalls .1 of the point: that much any sentence does; it shows in the best pair alone
    with_chance = cover(some, axes(0, 5, 1), np.array([0, 1, 2]), **CURVE)[0].coverage
    assert alone == pytest.approx(0.9, abs=1e-6)
    assert with_chance == pytest.approx(0.9, abs=1e-6)


def test_a_wording_of_marks_alone_weighs_evenly() -> None:
    weights = token_weights(np.zeros(2, np.float32), np.zeros(2, np.float32), question_discount=0.2)
    assert weights == pytest.approx([0.5, 0.5])


def test_match_runs_from_nothing_to_everything() -> None:
    matched = match(np.array([-1, 0, 0.4, 1], np.float32), **CURVE)
    assert matched[[0, 1, 3]] == pytest.approx([0, 0, 1], abs=1e-6)
    assert 0.4 < matched[2] < 0.6
    assert (np.diff(match(np.linspace(-1, 1, 50, dtype=np.float32), **CURVE)) >= 0).all()


def test_segments_without_tokens_are_left_out() -> None:
    starts, held = segment_starts(np.array([0, 4, 20]), [(0, 3), (4, 9), (10, 15), (18, 25)])
    assert (starts.tolist(), held) == ([0, 1, 2], [0, 1, 3])
    # a token before the first segment belongs to it
    starts, held = segment_starts(np.array([0, 5]), [(2, 9)])
    assert (starts.tolist(), held) == ([0], [0])


def test_credit_is_a_quarter_sine_between_its_ends() -> None:
    values = [credit(c, no_credit=0.2, full_credit=0.8) for c in (0.1, 0.2, 0.4, 0.5, 0.8, 0.9)]
    # sin of 0, 0, 30, 45, 90, 90 degrees
    assert values == pytest.approx([0, 0, 0.5, 0.5**0.5, 1, 1])
    with pytest.raises(ValueError, match="must be below"):
        credit(0.5, no_credit=0.6, full_credit=0.6)


@given(st.data())
def test_more_matching_text_never_lowers_coverage(data: st.DataObject) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 100_000)))

    def unit(n: int) -> np.ndarray:
        vectors = rng.normal(size=(n, 6)).astype(np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    # two wordings of one point; three segments, then a fourth
    weights = np.concatenate([rng.dirichlet(np.full(4, 0.5)), rng.dirichlet(np.full(3, 0.5))]).astype(np.float32)
    some = PointTokens(unit(7), weights, np.array([0, 4]), np.array([0, 0]), np.array([0.1, 0], np.float32))
    answer, more = unit(6), unit(2)
    [less] = cover(some, answer, np.array([0, 2, 4]), **CURVE)
    [all_] = cover(some, np.concatenate([answer, more]), np.array([0, 2, 4, 6]), **CURVE)
    assert all_.coverage >= less.coverage - 1e-6
    assert 0 <= less.coverage <= 1
