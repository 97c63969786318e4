"""Texts -> overlapping windows of vocabulary pieces, so that a model reads all of a long text."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from grader.encoders.token_vectors import Floats, Window, vocabulary_rarity

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

# Pieces that two neighbouring windows share; each piece is read with at least half of that as context.
_OVERLAP = 64


class WindowReader:
    """Splits texts into windows with a tokenizer.

    Args:
        tokenizer: its truncation and padding are changed, so it must not be shared.
        size: pieces that the model reads at once, with special tokens.

    """

    def __init__(self, tokenizer: "Tokenizer", size: int) -> None:
        self._overlap = min(_OVERLAP, size // 4)
        self._tokenizer = tokenizer
        tokenizer.no_padding()
        tokenizer.enable_truncation(size, stride=self._overlap)

    def read(self, texts: Sequence[str]) -> list[Window]:
        """The windows of all texts, in order; none for a blank text."""
        filled = [index for index, text in enumerate(texts) if text.strip()]
        if not filled:
            return []
        encoded = self._tokenizer.encode_batch([texts[index] for index in filled])
        return [window for owner, first in zip(filled, encoded, strict=True) for window in self._windows(owner, first)]

    def _windows(self, owner: int, first: "Encoding") -> list[Window]:
        """The windows of one text, without those that hold special tokens only."""
        parts = [first, *first.overflowing]
        windows = []
        for number, part in enumerate(parts):
            special = part.special_tokens_mask
            if 0 not in special:
                continue
            begin, end = special.index(0), len(special) - special[::-1].index(0)
            # A piece that two windows share is taken from the one with more context around it.
            before, after = number > 0, number + 1 < len(parts)
            keep = slice(begin + (self._overlap - self._overlap // 2) * before, end - self._overlap // 2 * after)
            windows.append(Window(owner, np.array(part.ids, np.int64), np.array(part.offsets, np.int64), keep))
        return windows


def read_tokenizer(model: Path) -> "Tokenizer":
    """The tokenizer in a model's folder."""
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(model / "tokenizer.json"))


def piece_rarity(tokenizer: "Tokenizer", unknown: str | None = "[UNK]") -> Floats:
    """Informativeness of every vocabulary entry, shape `(n_vocabulary,)`.

    Args:
        tokenizer: with the vocabulary.
        unknown: the entry for unknown words. Its rarity is 0, because any two unknown words have the same vector.

    """
    tokens = [tokenizer.id_to_token(number) or "" for number in range(tokenizer.get_vocab_size())]
    rarity = vocabulary_rarity(tokens)
    if unknown is not None:
        rarity[tokenizer.token_to_id(unknown)] = 0
    return rarity
