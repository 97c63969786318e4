"""How alike answers to one question are: by their vectors, and by the words that they share (numpy only).

Nothing here knows about raters or scores of the grader.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# How fast closeness falls with the distance 1 - cosine. Over six scored sets .3 to 1 agreed with people alike.
_REACH = 0.5
# What a marked answer with no mark at all weighs in `told`: its words are known, but nobody paid for them.
_LEAST = 0.1


class Said(NamedTuple):
    """What some answers to one question say.

    Attributes:
        vectors: unit vectors of the whole texts, shape `(n_answers, dim)`; zeros for a text that says nothing.
        words: for each answer the distinct words in it, with how much each tells (> 0).

    """

    vectors: Floats
    words: Sequence[Mapping[str, float]]


class Likeness(NamedTuple):
    """How alike each of some answers is to each marked answer of the question, all of shape `(n_answers, n_marked)`.

    Attributes:
        cosine: of the vectors, -1..1.
        closeness: `exp((cosine - 1) / .5)`, a kernel.
        shared: cosine of the answers' words, weighted by how much each tells, 0..1, a kernel.
        contained: share of what the marked answer's words tell whose words the answer has, too, 0..1.

    """

    cosine: Floats
    closeness: Floats
    shared: Floats
    contained: Floats


def word_weights(texts: Sequence[str], rarity: NDArray[np.float32]) -> dict[str, float]:
    """The distinct words of a text with how much each tells, without those that tell nothing.

    Args:
        texts: the words as written, in lower case.
        rarity: how much each tells, >= 0, shape `(len(texts),)`.

    """
    return {word: told for word, told in zip(texts, rarity.tolist(), strict=True) if told > 0}


def likeness(answers: Said, marked: Said) -> Likeness:
    """Compare answers with the marked answers of their question.

        closeness(a, b) = exp((cos(a, b) - 1) / .5)
        shared(a, b)    = sum_w r_w^2 / sqrt(sum_a r_w^2 * sum_b r_w^2)     over the words w of both
        contained(a, b) = sum_w r_w [w in a] / sum_w r_w                    over the words w of b

    with r_w how much the word w tells.

    **Undefined:** an answer without words shares 0 with others, and all of an empty marked answer is contained: 0.
    """
    cosine = np.clip(answers.vectors @ marked.vectors.T, -1, 1)
    known = {word: column for column, word in enumerate(sorted({word for words in marked.words for word in words}))}
    weights, theirs = _table(answers.words, known), _table(marked.words, known)
    norms = np.array([sum(told * told for told in words.values()) for words in answers.words])
    scale = np.sqrt(np.outer(norms, (theirs**2).sum(axis=1)))
    told = theirs.sum(axis=1)
    return Likeness(
        cosine=cosine,
        closeness=np.exp((cosine - 1) / _REACH),
        shared=_ratio(weights @ theirs.T, scale),
        contained=_ratio((weights > 0).astype(float) @ theirs.T, np.broadcast_to(told, scale.shape)),
    )


def _table(words: Sequence[Mapping[str, float]], columns: Mapping[str, int]) -> Floats:
    """What each known word tells in each answer, 0 where it is not in it, shape `(n_answers, n_known)`."""
    table = np.zeros((len(words), len(columns)))
    for row, mine in enumerate(words):
        for word, told in mine.items():
            if word in columns:
                table[row, columns[word]] = told
    return table


def _ratio(parts: Floats, wholes: Floats) -> Floats:
    return np.divide(parts, wholes, out=np.zeros_like(parts), where=wholes > 0)


def told(contained: Floats, marks: Floats, *, own: bool = False) -> Floats:
    """How much each answer says of what the marked answers say, those with high marks counting more, 0..1.

        told_i = sum_j (y_j + .1) contained_ij / sum_j (y_j + .1)

    Unlike length it does not grow with words that nobody who was marked has used.

    Args:
        contained: as in `Likeness`, shape `(n_answers, n_marked)`.
        marks: y, the marked answers' fractions, 0..1, shape `(n_marked,)`.
        own: the answers are the marked ones themselves, and none may count for itself.

    **Undefined:** NaN without any other marked answer.
    """
    weights = np.broadcast_to(marks + _LEAST, contained.shape).copy()
    if own:
        np.fill_diagonal(weights, 0)
    total = weights.sum(axis=1)
    summed = (weights * contained).sum(axis=1)
    share: Floats = np.divide(summed, total, out=np.full(len(contained), np.nan), where=total > 0)
    return share
