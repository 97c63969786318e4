"""Pieces of vocabulary and their vectors -> the words of a text (numpy only).

Every encoder reads texts in windows of pieces; what follows is the same for all: where words begin, how much each piece
tells, and how the windows of a text are put back together. Nothing here knows a model.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Number = TypeVar("Number", np.float32, np.int64)

# Weights of the input embeddings (what a word is) and of the last layer (what it means here) in a token's vector.
# Over nine scored sets the mix agreed with people better than either alone (docs/accuracy.md).
LAYER_WEIGHTS = (1.0, 2.0)
# The first letter of the scripts that write words without spaces between them (Thai and what follows it in Unicode).
_NO_SPACES = "\u0e00"
# Numbers stand early in a vocabulary but tell much: they count at least as much as the word of this rank.
_NUMBER_RANK = 2000
_SHORTEST = np.float32(1e-12)  # no vector is divided by less


@dataclass(frozen=True, eq=False)
class TokenVectors:
    """A text as the encoder sees it, a token a word or a mark; special tokens are left out.

    A word that the vocabulary holds only in pieces is one token: its vector and rarity are the means over its pieces.

    Attributes:
        vectors: shape `(n_tokens, dim)`, unit length.
        spans: where each token stands in the text, `(start, end)` in characters, shape `(n_tokens, 2)`.
        texts: the tokens as written, in lower case, `n_tokens` of them.
        n_pieces: how many vocabulary entries each token is made of, 0 where that is not known, shape `(n_tokens,)`.
        rarity: how much each token tells, >= 0, shape `(n_tokens,)`.
        mean: the text's own vector (what the model calls its sentence embedding), unit length, shape `(dim,)`.
        n_windows: how many overlapping windows were needed to read the whole text.

    """

    vectors: Floats
    spans: Ints
    texts: tuple[str, ...]
    n_pieces: Ints
    rarity: Floats
    mean: Floats
    n_windows: int = 1


class Window(NamedTuple):
    """What a model reads in one pass.

    Attributes:
        text_index: the text that it belongs to.
        ids: vocabulary entries with special tokens, shape `(n_pieces,)`.
        spans: where each stands in the text, shape `(n_pieces, 2)`.
        keep: the part that the text takes from this window; neighbouring windows overlap.

    """

    text_index: int
    ids: Ints
    spans: Ints
    keep: slice


class Pass(NamedTuple):
    """What a model gave for one window: vectors of the pieces it keeps `(n_kept, dim)`, and its own vector `(dim,)`."""

    pieces: Floats
    mean: Floats


def join(
    texts: Sequence[str], windows: Sequence[Window], passes: Sequence[Pass], *, rarity: Floats, dim: int
) -> list[TokenVectors]:
    """Put the windows of each text back together, and the pieces of each word.

    Args:
        texts: all texts, in order; a text without a window has no tokens.
        windows: of all texts, those of one text side by side and in order.
        passes: one a window.
        rarity: of every vocabulary entry, shape `(n_vocabulary,)`.
        dim: length of the vectors.

    """
    of_text: list[list[int]] = [[] for _ in texts]
    for number, window in enumerate(windows):
        of_text[window.text_index].append(number)
    return [
        _joined(text, [windows[i] for i in mine], [passes[i] for i in mine], rarity, dim)
        for text, mine in zip(texts, of_text, strict=True)
    ]


def _joined(text: str, windows: Sequence[Window], passes: Sequence[Pass], rarity: Floats, dim: int) -> TokenVectors:
    if not windows:
        none = np.zeros(0, np.int64)
        empty = np.zeros((0, dim), np.float32)
        return TokenVectors(empty, none.reshape(0, 2), (), none, rarity[none], np.zeros(dim, np.float32), n_windows=0)
    ids = _end_to_end([window.ids[window.keep] for window in windows])
    spans = _end_to_end([window.spans[window.keep] for window in windows])
    firsts = word_starts(text, spans)
    n_pieces = np.diff(np.append(firsts, len(ids)))
    vectors = _sums(_end_to_end([part.pieces for part in passes]), firsts, n_pieces)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), _SHORTEST)
    mean = np.mean([part.mean for part in passes], axis=0)
    words = np.stack([spans[firsts, 0], spans[firsts + n_pieces - 1, 1]], axis=1)
    return TokenVectors(
        vectors=vectors,
        spans=words,
        texts=tuple(text[start:end].lower() for start, end in words.tolist()),
        n_pieces=n_pieces,
        rarity=(np.add.reduceat(rarity[ids], firsts) / n_pieces).astype(np.float32),
        mean=(mean / max(float(np.linalg.norm(mean)), 1e-12)).astype(np.float32),
        n_windows=len(windows),
    )


def _end_to_end(parts: list[NDArray[Number]]) -> NDArray[Number]:
    """Arrays one after the other; nothing is copied where there is one."""
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _sums(vectors: Floats, firsts: Ints, n_pieces: Ints) -> Floats:
    """The sum over the pieces of each word, shape `(n_words, dim)`: most words are one piece."""
    sums = vectors[firsts]
    several = n_pieces > 1
    if several.any():
        counts = n_pieces[several]
        pieces = vectors[np.repeat(several, n_pieces)]
        sums[several] = np.add.reduceat(pieces, np.cumsum(counts) - counts, axis=0)
    return sums


def word_starts(text: str, spans: Ints) -> Ints:
    """The first piece of every word: pieces of letters and digits that touch belong together.

    Scripts from Thai on (Chinese, Japanese, Korean) do not part words by spaces: there every piece stands alone.

    Args:
        text: what was encoded.
        spans: where each piece stands in it, `(start, end)`, shape `(n_pieces, 2)`.

    Returns:
        indices of pieces, ascending, the first is 0, shape `(n_words,)`.

    """
    begins = np.ones(len(spans), np.bool_)
    touching = np.flatnonzero(spans[1:, 0] == spans[:-1, 1]) + 1  # the one before it
    before, after = spans[touching - 1].tolist(), spans[touching].tolist()
    begins[touching] = [
        not (_joins(text, *left) and _joins(text, *right)) for left, right in zip(before, after, strict=True)
    ]
    return np.flatnonzero(begins)


def _joins(text: str, start: int, end: int) -> bool:
    """Whether a piece may be part of a word with another."""
    return text[start:end].isalnum() and text[start] < _NO_SPACES


def vocabulary_rarity(tokens: Sequence[str]) -> Floats:
    """How much each vocabulary entry tells: `log(4 + rank)` for words, 0 for punctuation.

    Vocabularies are learned from the most to the least frequent piece, so the rank among the words stands for
    frequency (Zipf's law) and no corpus is needed. Numbers stand early but tell much: they are raised to the rank of
    an uncommon word. Over nine scored sets this agreed with people as well as counts from the sets themselves.

    Args:
        tokens: the vocabulary in the order of its ids.

    Returns:
        shape `(len(tokens),)`, >= 0.

    """
    is_word = np.array([len(t) > 1 if t.isalpha() else _is_word(t) for t in tokens])
    is_number = np.array(
        [not t.isalpha() and any(map(str.isdigit, t)) and not any(map(str.isalpha, t)) for t in tokens]
    )
    is_mark = np.array([not t.isalnum() and not any(map(str.isalnum, t)) for t in tokens])
    rank = np.cumsum(is_word) - is_word
    rarity = np.log(4.0 + np.where(is_number, np.maximum(rank, _NUMBER_RANK), rank))
    return np.where(is_mark, 0.0, rarity).astype(np.float32)


def _is_word(token: str) -> bool:
    """Whether a token has two letters and is no special one."""
    return sum(map(str.isalpha, token)) >= 2 and token[0] + token[-1] not in ("[]", "<>")
