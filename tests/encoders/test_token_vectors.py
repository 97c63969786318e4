"""Words from pieces, and how much each piece tells."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.encoders.token_vectors import Pass, Window, join, vocabulary_rarity, word_starts


def test_rare_words_tell_more() -> None:
    rarity = vocabulary_rarity(["[PAD]", "<unk>", ",", "the", "of", *(f"word{'x' * i}" for i in range(3000)), "7"])
    assert rarity[2] == 0
    assert rarity[3] < rarity[4] < rarity[100] < rarity[3000]
    assert rarity[-1] == pytest.approx(np.log(4 + 3002))
    assert vocabulary_rarity(["7", "the"])[0] == pytest.approx(np.log(4 + 2000))


def test_pieces_that_touch_make_a_word() -> None:
    def starts(text: str, *pieces: str) -> list[int]:
        spans, at = [], 0
        for piece in pieces:
            at = text.index(piece, at)
            spans.append((at, at + len(piece)))
            at += len(piece)
        return word_starts(text, np.array(spans).reshape(-1, 2)).tolist()

    assert starts("a momentun, b", "a", "moment", "un", ",", "b") == [0, 1, 3, 4]
    assert starts("self-attention", "self", "-", "attention") == [0, 1, 2]
    assert starts("梯度", "梯", "度") == [0, 1]
    assert starts("") == []


@given(st.lists(st.integers(1, 9), min_size=1, max_size=8), st.integers(0, 2**32 - 1))
def test_a_words_vector_is_the_mean_of_its_pieces(n_pieces: list[int], seed: int) -> None:
    text = " ".join("a" * n for n in n_pieces)
    places = np.array([(at, at + 1) for at, char in enumerate(text) if char == "a"], np.int64)
    pieces = np.random.default_rng(seed).normal(size=(len(places), 5)).astype(np.float32)
    window = Window(0, np.zeros(len(places), np.int64), places, slice(0, len(places)))
    [joined] = join([text], [window], [Pass(pieces, pieces[0])], rarity=np.ones(1, np.float32), dim=5)
    sums = np.add.reduceat(pieces, np.cumsum([0, *n_pieces[:-1]]), axis=0)
    assert joined.n_pieces.tolist() == n_pieces
    assert joined.vectors.tobytes() == (sums / np.linalg.norm(sums, axis=1, keepdims=True)).tobytes()
