"""Words and segments as texts of their own, and what unrelated vectors have in common."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.encoders.common_component import estimate_common_component, mean_cosine, remove_common_component
from grader.encoders.text_units import informativeness, units
from grader.grading.coverage import segment_starts
from grader.text.normalisation import segments

same_every_run = settings(derandomize=True, deadline=None, max_examples=60)


def test_a_segment_stands_before_its_words() -> None:
    assert [(unit.text, unit.is_word) for unit in units("Loss falls. Why?")] == [
        ("Loss falls.", False),
        ("loss", True),
        ("falls", True),
        ("why", True),
    ]
    assert units("?! ...") == []


def test_a_segment_tells_a_quarter_of_what_its_words_tell() -> None:
    whole, *words = units("The loss of the model falls")
    assert informativeness([whole]).sum() == pytest.approx(informativeness(words).sum() / 4)
    assert words[0].informativeness < words[1].informativeness, "a frame tells less than what stands in it"


@given(st.text(st.sampled_from("ab 1.,'’-\n;?梯度é"), max_size=400) | st.text(max_size=60))
@same_every_run
def test_units_are_where_they_say_and_belong_to_their_segments(text: str) -> None:
    found = units(text)
    for unit in found:
        said = text[unit.span.start : unit.span.end]
        assert unit.text == (said.lower() if unit.is_word else said)
        assert any(char.isalnum() for char in unit.text)
        assert len(unit.text.split()) <= 48 or not unit.is_word
    starts = np.array([unit.span.start for unit in found], np.int64)
    assert (np.diff(starts) >= 0).all()
    spans = segments(text)
    assert bool(found) == bool(spans)
    if found:
        _, held = segment_starts(starts, spans)
        assert held == list(range(len(spans))), "no segment without a unit"


def test_long_segments_and_words_are_cut() -> None:
    parts = [unit for unit in units("word " * 1000) if not unit.is_word]
    assert {len(part.text.split()) for part in parts} <= {47, 48}
    assert sum(len(part.text.split()) for part in parts) == 1000
    assert [len(unit.text) for unit in units("x" * 100)] == [100, 48, 48, 4]


def directions(n: int, dim: int, seed: int) -> np.ndarray:
    vectors = np.random.default_rng(seed).standard_normal((n, dim)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_mean_cosine_is_that_of_all_pairs() -> None:
    vectors = directions(20, 8, 1)
    pairs = (vectors @ vectors.T)[~np.eye(20, dtype=bool)]
    assert mean_cosine(vectors) == pytest.approx(float(pairs.mean()), abs=1e-6)
    with pytest.raises(ValueError, match="needs two vectors, got 1"):
        mean_cosine(vectors[:1])


@pytest.mark.parametrize("strength", [0.5, 1.0, 3.0])
def test_what_all_vectors_share_is_found_and_taken_off(strength: float) -> None:
    background, texts = directions(50, 256, 2), directions(10, 256, 3)
    shift = strength * directions(1, 256, 4)

    def moved(vectors: np.ndarray) -> np.ndarray:
        return (vectors + shift) / np.linalg.norm(vectors + shift, axis=1, keepdims=True)

    part = estimate_common_component(moved(background))
    assert np.linalg.norm(part) ** 2 == pytest.approx(mean_cosine(moved(background)), abs=1e-4)
    left = remove_common_component(moved(texts), part)
    assert np.allclose(left @ left.T, texts @ texts.T, atol=0.15)
    assert not np.allclose(moved(texts) @ moved(texts).T, texts @ texts.T, atol=0.15), "it was worth it"


def test_vectors_that_share_nothing_stay() -> None:
    cross = np.concatenate([np.eye(4), -np.eye(4)]).astype(np.float32)
    assert not estimate_common_component(cross).any()
    assert np.allclose(remove_common_component(cross, estimate_common_component(cross)), cross)
