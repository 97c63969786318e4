"""Words from pieces, and how much each piece tells."""

import numpy as np
import pytest

from grader.tokens import vocabulary_rarity, word_starts


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
