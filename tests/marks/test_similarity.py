"""How alike answers are, by vectors and by words."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.marks.similarity import TextFeatures, similarities, weighted_containment, word_weights

WORDS = st.dictionaries(st.sampled_from("abcdef"), st.floats(0.5, 4), max_size=6)


def said(*words: dict[str, float], angles: list[float] | None = None) -> TextFeatures:
    turned = [0.0] * len(words) if angles is None else angles
    return TextFeatures(np.array([[math.cos(angle), math.sin(angle)] for angle in turned]), words)


def test_a_pair_by_hand() -> None:
    one, other = {"a": 3.0, "b": 4.0}, {"a": 3.0, "c": 1.0}
    found = similarities(said(one, angles=[0]), said(other, angles=[math.pi / 3]))
    assert found.cosine[0, 0] == pytest.approx(0.5)
    assert found.embedding_kernel[0, 0] == pytest.approx(math.exp(-1))
    # in both: a, 9; of one 25, of the other 10 -> 9 / sqrt(250); the other's words tell 4, of which a is 3
    assert found.lexical_kernel[0, 0] == pytest.approx(9 / math.sqrt(250))
    assert found.containment[0, 0] == pytest.approx(0.75)


def test_an_answer_without_words_is_like_nothing() -> None:
    found = similarities(said({}, {"a": 1.0}), said({}, {"a": 1.0}))
    assert found.lexical_kernel.tolist() == [[0, 0], [0, 1]]
    assert found.containment.tolist() == [[0, 0], [0, 1]]


def test_what_high_marks_were_given_for_counts_more() -> None:
    containment = np.array([[1.0, 0.0], [0.0, 1.0]])
    # (1 + .1) / (1.2) and (0 + .1) / (1.2)
    assert weighted_containment(containment, np.array([1.0, 0.0])) == pytest.approx([1.1 / 1.2, 0.1 / 1.2])
    # a marked answer does not count for itself
    assert weighted_containment(containment, np.array([1.0, 0.0]), exclude_self=True) == pytest.approx([0, 0])
    assert np.isnan(weighted_containment(np.ones((1, 1)), np.ones(1), exclude_self=True)).all()


def test_words_that_tell_nothing_are_left_out() -> None:
    assert word_weights(("the", "unit", ",", "unit"), np.array([0.5, 3, 0, 3], np.float32)) == {"the": 0.5, "unit": 3}


@given(st.lists(WORDS, min_size=1, max_size=5))
def test_kernels_are_symmetric_and_an_answer_is_most_like_itself(words: list[dict[str, float]]) -> None:
    found = similarities(said(*words), said(*words))
    assert found.lexical_kernel == pytest.approx(found.lexical_kernel.T)
    assert found.lexical_kernel.max() <= 1 + 1e-9
    assert np.diag(found.containment) == pytest.approx([float(bool(mine)) for mine in words])
    assert np.linalg.eigvalsh(found.lexical_kernel).min() > -1e-9
