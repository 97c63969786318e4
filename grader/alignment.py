"""Words of a statement set beside the words of a point that mean the same, by their vectors (numpy only).

For statements in words of their own, where stems do not meet. Nothing here decides what a denial costs.
"""

from collections.abc import Sequence

import numpy as np

from grader.claims import Claim
from grader.coverage import Floats, Ints


def word_tokens(claim: Claim, texts: Sequence[str]) -> list[list[int]]:
    """Which tokens each content word of a claim is made of, in the order of `claim.content`.

    Args:
        claim: a text.
        texts: its tokens in lower case, in order.

    """
    starts = []
    text, at = claim.text.lower(), 0
    for token in texts:
        found = text.find(token, at)
        starts.append(found)
        at = at if found < 0 else found + len(token)
    return [
        [
            token
            for token, start in enumerate(starts)
            if claim.words[i].start <= start < claim.words[i].end and texts[token].isalnum()
        ]
        for i in claim.content
    ]


def alignment(point: Floats, statement: Floats, mine: Sequence[Ints], theirs: Sequence[Ints]) -> Floats:
    """Cosines of content words, shape `(n_words_of_point, n_words_of_statement)`; a word of several tokens their mean."""
    return _means(point, mine) @ _means(statement, theirs).T


def _means(vectors: Floats, words: Sequence[Sequence[int]]) -> Floats:
    means = np.stack([vectors[list(tokens)].sum(axis=0) if tokens else np.zeros(vectors.shape[1]) for tokens in words])
    unit: Floats = (means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12)).astype(np.float32)
    return unit
