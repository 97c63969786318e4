"""Vectors of vocabulary pieces -> vectors of the words of a text (numpy only).

Encoders read texts in windows of pieces. This is the part that they share: where words begin, how informative a piece
is, and how the windows of a text are joined. Nothing here depends on a model.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Number = TypeVar("Number", np.float32, np.int64)

# Weights of the input embeddings (the word itself) and of the last layer (its meaning in context) in a token's vector.
# Over nine scored sets the mix agreed with people better than either alone (docs/accuracy.md).
LAYER_WEIGHTS = (1.0, 2.0)
# From this code point (Thai) on, most scripts write words without spaces between them.
_FIRST_UNSPACED_SCRIPT = "\u0e00"
# Numbers come early in a vocabulary but are informative: they count at least as much as the word of this rank.
_NUMBER_RANK = 2000
_SHORTEST = np.float32(1e-12)  # smallest divisor of a vector


@dataclass(frozen=True, eq=False)
class TokenVectors:
    """An encoded text. A token is a word or a punctuation mark; special tokens are left out.

    A word of several vocabulary pieces is one token: its vector and rarity are the means over its pieces.

    Attributes:
        vectors: shape `(n_tokens, dim)`, unit length.
        spans: of each token, `(start, end)` in characters of the text, shape `(n_tokens, 2)`.
        texts: the tokens as written, in lower case, `n_tokens` of them.
        n_pieces: number of vocabulary entries of each token, 0 if unknown, shape `(n_tokens,)`.
        rarity: informativeness of each token, >= 0, shape `(n_tokens,)`.
        mean: the vector of the text (its sentence embedding), unit length, shape `(dim,)`.
        n_windows: number of overlapping windows of the text.

    """

    vectors: Floats
    spans: Ints
    texts: tuple[str, ...]
    n_pieces: Ints
    rarity: Floats
    mean: Floats
    n_windows: int = 1


class Window(NamedTuple):
    """The input of a model for one pass.

    Attributes:
        text_index: index of its text.
        ids: vocabulary entries with special tokens, shape `(n_pieces,)`.
        spans: of each piece in the text, shape `(n_pieces, 2)`.
        keep: the pieces that are taken from this window, because neighbouring windows overlap.

    """

    text_index: int
    ids: Ints
    spans: Ints
    keep: slice


class Pass(NamedTuple):
    """The result for one window: vectors of its kept pieces `(n_kept, dim)`, and the vector of the window `(dim,)`."""

    pieces: Floats
    mean: Floats


def join(
    texts: Sequence[str], windows: Sequence[Window], passes: Sequence[Pass], *, rarity: Floats, dim: int
) -> list[TokenVectors]:
    """Join the windows of each text, and the pieces of each word.

    Args:
        texts: all texts, in order; a text without a window has no tokens.
        windows: of all texts; the windows of a text are adjacent and in order.
        passes: one per window.
        rarity: of every vocabulary entry, shape `(n_vocabulary,)`.
        dim: length of the vectors.

    """
    of_text: list[list[int]] = [[] for _ in texts]
    for number, window in enumerate(windows):
        of_text[window.text_index].append(number)
    return [
        _join_windows(text, [windows[i] for i in mine], [passes[i] for i in mine], rarity, dim)
        for text, mine in zip(texts, of_text, strict=True)
    ]


def _join_windows(
    text: str, windows: Sequence[Window], passes: Sequence[Pass], rarity: Floats, dim: int
) -> TokenVectors:
    if not windows:
        none = np.zeros(0, np.int64)
        empty = np.zeros((0, dim), np.float32)
        return TokenVectors(empty, none.reshape(0, 2), (), none, rarity[none], np.zeros(dim, np.float32), n_windows=0)
    ids = _concatenate([window.ids[window.keep] for window in windows])
    spans = _concatenate([window.spans[window.keep] for window in windows])
    firsts = word_starts(text, spans)
    n_pieces = np.diff(np.append(firsts, len(ids)))
    vectors = _sum_pieces(_concatenate([part.pieces for part in passes]), firsts, n_pieces)
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


def _concatenate(parts: list[NDArray[Number]]) -> NDArray[Number]:
    """Concatenate arrays; a single one is not copied."""
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _sum_pieces(vectors: Floats, firsts: Ints, n_pieces: Ints) -> Floats:
    """The sum over the pieces of each word, shape `(n_words, dim)`; fast for words of one piece."""
    sums = vectors[firsts]
    several = n_pieces > 1
    if several.any():
        counts = n_pieces[several]
        pieces = vectors[np.repeat(several, n_pieces)]
        sums[several] = np.add.reduceat(pieces, np.cumsum(counts) - counts, axis=0)
    return sums


def word_starts(text: str, spans: Ints) -> Ints:
    """The first piece of every word. Adjacent pieces of letters and digits form one word.

    In scripts from Thai on (Chinese, Japanese, Korean), which do not separate words by spaces, every piece is a word.

    Args:
        text: the encoded text.
        spans: of each piece, `(start, end)`, shape `(n_pieces, 2)`.

    Returns:
        indices of pieces, ascending, the first is 0, shape `(n_words,)`.

    """
    begins = np.ones(len(spans), np.bool_)
    touching = np.flatnonzero(spans[1:, 0] == spans[:-1, 1]) + 1  # the piece before
    before, after = spans[touching - 1].tolist(), spans[touching].tolist()
    begins[touching] = [
        not (_joins(text, *left) and _joins(text, *right)) for left, right in zip(before, after, strict=True)
    ]
    return np.flatnonzero(begins)


def _joins(text: str, start: int, end: int) -> bool:
    """Whether a piece may be joined with another to a word."""
    return text[start:end].isalnum() and text[start] < _FIRST_UNSPACED_SCRIPT


def vocabulary_rarity(tokens: Sequence[str]) -> Floats:
    """Informativeness of each vocabulary entry: `log(4 + rank)` for words, 0 for punctuation.

    Vocabularies are ordered from the most to the least frequent piece, so the rank among the words replaces the
    frequency (Zipf's law), and no corpus is needed. Numbers come early but are informative: they get the rank of an
    uncommon word. Over nine scored sets this agreed with people as well as counts from the sets themselves.

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
    """Whether a token has two letters and is not a special token."""
    return sum(map(str.isalpha, token)) >= 2 and token[0] + token[-1] not in ("[]", "<>")
