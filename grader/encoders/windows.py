"""Texts -> windows of vocabulary pieces, as many as a model needs to read all of each text."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from grader.encoders.token_vectors import Floats, Window, vocabulary_rarity

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

# Pieces that two neighbouring windows of a long text share: each is read with at least half of that around it.
_OVERLAP = 64


class WindowReader:
    """Cuts texts as one tokenizer does.

    Args:
        tokenizer: set to this window from now on; it belongs to the reader.
        size: pieces that the model reads at once, special tokens included.

    """

    def __init__(self, tokenizer: "Tokenizer", size: int) -> None:
        self._overlap = min(_OVERLAP, size // 4)
        self._tokenizer = tokenizer
        tokenizer.no_padding()
        tokenizer.enable_truncation(size, stride=self._overlap)

    def read(self, texts: Sequence[str]) -> list[Window]:
        """The windows of all texts, those of one text side by side; none for a blank text."""
        filled = [index for index, text in enumerate(texts) if text.strip()]
        if not filled:
            return []
        encoded = self._tokenizer.encode_batch([texts[index] for index in filled])
        return [window for owner, first in zip(filled, encoded, strict=True) for window in self._windows(owner, first)]

    def _windows(self, owner: int, first: "Encoding") -> list[Window]:
        """The windows of one text that hold more than characters which the tokenizer drops."""
        parts = [first, *first.overflowing]
        windows = []
        for number, part in enumerate(parts):
            special = part.special_tokens_mask
            if 0 not in special:
                continue
            begin, end = special.index(0), len(special) - special[::-1].index(0)
            # A piece that two windows share is taken from the one that shows more of its surroundings.
            before, after = number > 0, number + 1 < len(parts)
            keep = slice(begin + (self._overlap - self._overlap // 2) * before, end - self._overlap // 2 * after)
            windows.append(Window(owner, np.array(part.ids, np.int64), np.array(part.offsets, np.int64), keep))
        return windows


def read_tokenizer(model: Path) -> "Tokenizer":
    """The tokenizer in a model's folder."""
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(model / "tokenizer.json"))


def piece_rarity(tokenizer: "Tokenizer", unknown: str | None = "[UNK]") -> Floats:
    """How much every vocabulary entry tells, shape `(n_vocabulary,)`.

    Args:
        tokenizer: whose vocabulary it is.
        unknown: the entry for what the vocabulary does not hold: two such look alike, whatever they were, so it tells
            nothing.

    """
    tokens = [tokenizer.id_to_token(number) or "" for number in range(tokenizer.get_vocab_size())]
    rarity = vocabulary_rarity(tokens)
    if unknown is not None:
        rarity[tokenizer.token_to_id(unknown)] = 0
    return rarity
