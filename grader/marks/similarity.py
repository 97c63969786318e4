"""Similarity of answers to one question: by their vectors and by the words that they share (numpy only).

Nothing here uses raters or the grader's scores.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Length scale of the embedding kernel, in units of 1 - cosine. On six scored sets .3 to 1 agreed with people equally
# well.
_LENGTH_SCALE = 0.5
# Weight of a marked answer with mark 0 in `weighted_containment`.
_MIN_WEIGHT = 0.1


class TextFeatures(NamedTuple):
    """Vectors and words of some answers to one question.

    Attributes:
        vectors: unit vectors of the whole texts, shape `(n_answers, dim)`; zeros for a text without content.
        words: for each answer its distinct words with their weights (> 0).

    """

    vectors: Floats
    words: Sequence[Mapping[str, float]]


class Similarities(NamedTuple):
    """Similarity of each answer to each marked answer of the question, all of shape `(n_answers, n_marked)`.

    Attributes:
        cosine: of the vectors, -1..1.
        embedding_kernel: `exp((cosine - 1) / .5)`.
        lexical_kernel: cosine of the answers' word weights, 0..1.
        containment: share of the marked answer's word weights whose words the answer also has, 0..1.

    """

    cosine: Floats
    embedding_kernel: Floats
    lexical_kernel: Floats
    containment: Floats


def word_weights(texts: Sequence[str], rarity: NDArray[np.float32]) -> dict[str, float]:
    """The distinct words of a text with their weights, without words of weight 0.

    Args:
        texts: the words as written, in lower case.
        rarity: weight of each word, >= 0, shape `(len(texts),)`.

    """
    return {word: weight for word, weight in zip(texts, rarity.tolist(), strict=True) if weight > 0}


def similarities(answers: TextFeatures, marked: TextFeatures) -> Similarities:
    """Compare answers with the marked answers of their question.

        embedding_kernel(a, b) = exp((cos(a, b) - 1) / .5)
        lexical_kernel(a, b)   = sum_w r_w^2 / sqrt(sum_a r_w^2 * sum_b r_w^2)     over the words w of both
        containment(a, b)      = sum_w r_w [w in a] / sum_w r_w                    over the words w of b

    with r_w the weight of the word w.

    **Undefined:** the lexical kernel and containment are 0 where an answer or a marked answer has no words.

    Source: containment: Broder (1997), "On the resemblance and containment of documents".
    """
    cosine = np.clip(answers.vectors @ marked.vectors.T, -1, 1)
    known = {word: column for column, word in enumerate(sorted({word for words in marked.words for word in words}))}
    weights, theirs = _table(answers.words, known), _table(marked.words, known)
    norms = np.array([sum(weight * weight for weight in words.values()) for words in answers.words])
    scale = np.sqrt(np.outer(norms, (theirs**2).sum(axis=1)))
    totals = theirs.sum(axis=1)
    return Similarities(
        cosine=cosine,
        embedding_kernel=np.exp((cosine - 1) / _LENGTH_SCALE),
        lexical_kernel=_ratio(weights @ theirs.T, scale),
        containment=_ratio((weights > 0).astype(float) @ theirs.T, np.broadcast_to(totals, scale.shape)),
    )


def _table(words: Sequence[Mapping[str, float]], columns: Mapping[str, int]) -> Floats:
    """Weight of each known word in each answer, 0 where it is absent, shape `(n_answers, n_known)`."""
    table = np.zeros((len(words), len(columns)))
    for row, mine in enumerate(words):
        for word, weight in mine.items():
            if word in columns:
                table[row, columns[word]] = weight
    return table


def _ratio(parts: Floats, wholes: Floats) -> Floats:
    return np.divide(parts, wholes, out=np.zeros_like(parts), where=wholes > 0)


def weighted_containment(containment: Floats, marks: Floats, *, exclude_self: bool = False) -> Floats:
    """Mean share of the marked answers' words that each answer has, weighted towards high marks, 0..1.

        c_i = sum_j (y_j + .1) containment_ij / sum_j (y_j + .1)

    Unlike length it does not grow with words that no marked answer has.

    Args:
        containment: as in `Similarities`, shape `(n_answers, n_marked)`.
        marks: y, the marked answers' fractions, 0..1, shape `(n_marked,)`.
        exclude_self: the answers are the marked ones themselves, and each is compared with the others only.

    **Undefined:** NaN without any other marked answer.
    """
    weights = np.broadcast_to(marks + _MIN_WEIGHT, containment.shape).copy()
    if exclude_self:
        np.fill_diagonal(weights, 0)
    total = weights.sum(axis=1)
    summed = (weights * containment).sum(axis=1)
    share: Floats = np.divide(summed, total, out=np.full(len(containment), np.nan), where=total > 0)
    return share
