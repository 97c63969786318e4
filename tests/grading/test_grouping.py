"""Every text is in one group, near to its first one; what is equal is together wherever it stands."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.grading.grouping import like_groups


def unit(angles: list[float]) -> np.ndarray:
    return np.array([[np.cos(a), np.sin(a)] for a in np.deg2rad(angles)], np.float32)


def test_near_texts_join_the_nearest_first_one() -> None:
    assert like_groups(unit([0, 90, 3, 88, 180]), nearness=0.99) == [[0, 2], [1, 3], [4]]
    assert like_groups(unit([0, 16, 9]), nearness=np.cos(np.deg2rad(10))) == [[0], [1, 2]]


def test_a_chain_of_small_steps_is_not_one_group() -> None:
    assert like_groups(unit([0, 5, 10, 15, 20]), nearness=np.cos(np.deg2rad(6))) == [[0, 1], [2, 3], [4]]


@given(st.lists(st.integers(0, 359), max_size=40), st.floats(0.5, 1.0))
def test_every_text_is_in_one_group_and_near_its_first(angles: list[int], nearness: float) -> None:
    vectors = unit([float(angle) for angle in angles]).reshape(-1, 2)
    groups = like_groups(vectors, nearness=nearness)
    assert sorted(at for group in groups for at in group) == list(range(len(angles)))
    assert all(group == sorted(group) for group in groups)
    for group in groups:
        assert (vectors[group] @ vectors[group[0]] >= nearness - 1e-4).all()
    firsts = vectors[[group[0] for group in groups]].reshape(-1, 2)
    assert (np.triu(firsts @ firsts.T, 1) < nearness).all()


def test_equal_texts_meet_across_blocks() -> None:
    draw = np.random.default_rng(1).normal(size=(700, 24)).astype(np.float32)
    draw /= np.linalg.norm(draw, axis=1, keepdims=True)
    groups = like_groups(np.concatenate([draw, draw[::-1]]), nearness=0.98)
    assert groups == [[at, 1399 - at] for at in range(700)]


@pytest.mark.parametrize("nearness", [0, -0.5, 1.1])
def test_nearness_is_a_cosine(nearness: float) -> None:
    with pytest.raises(ValueError, match="nearness must be above 0"):
        like_groups(unit([0]), nearness=nearness)
