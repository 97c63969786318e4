"""How much content an answer adds to the question, and the correction of misspelt words (numpy only).

Nothing here awards a point. An answer that is too brief, or only repeats the question, loses part of its credits.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import NamedTuple

import numpy as np

from grader.grading.coverage import Floats, Ints, match

# Below this share of the points' new content an answer says almost nothing beyond the question.
_MIN_SHARE = 0.1
# Less than the informativeness of one frequent word (rarity is log(4 + rank)). Points with so little new content only
# repeat words of the question.
_LITTLE = 3.0
# Shorter words are one letter away from too many others.
_MIN_LENGTH = 5


class Spelling(NamedTuple):
    """A word of a rubric and its vector."""

    word: str
    vector: Floats


@dataclass(frozen=True, eq=False)
class RubricContent:
    """The content of one rubric, for comparison with answers.

    Attributes:
        question: unit vectors of the words of the question, shape `(n_tokens, dim)`.
        new_content: of the points, from `new_content` for a text that states them all.
        spellings: the points' longer words, by their letters and by all but one of their letters.

    """

    question: Floats
    new_content: float
    spellings: Mapping[str, Spelling]


def question_overlap(vectors: Floats, question: Floats, *, center: float, slope: float) -> Floats:
    """How similar each token is to a word of the question, 0..1, shape `(n_tokens,)`; 0 without question words."""
    if not len(question):
        return np.zeros(len(vectors), np.float32)
    return match((vectors @ question.T).max(axis=1), center=center, slope=slope)


def new_content(texts: Sequence[str], informativeness: Floats) -> float:
    """How much content a text adds to the question. Each word counts once, where it is most informative.

        new content = sum over distinct words of max informativeness,
        informativeness = rarity * match * relevance * (1 - question_overlap)

    Args:
        texts: the tokens in lower case.
        informativeness: of each token, >= 0, shape `(n_tokens,)`.

    """
    most: dict[str, float] = {}
    for text, value in zip(texts, informativeness.tolist(), strict=True):
        most[text] = max(value, most.get(text, 0.0))
    return sum(most.values())


def brevity_factor(answer_content: float, rubric_content: float, *, brief_below: float, brief_loss: float) -> float:
    """Factor on an answer's credits, 0..1, from its share of the points' new content.

        share  = answer_content / rubric_content
        factor = (1 - brief_loss * (1 - sqrt(min(1, share / brief_below)))) * min(1, share / .1)

    People give more to answers that say more on the subject. The second factor is near 0 for an answer that only
    repeats the question. The result is 1 if the points themselves add almost nothing to the question.

    Args:
        answer_content, rubric_content: new content of the answer and of the points, >= 0.

    Source: the brevity penalty of BLEU (Papineni et al. 2002) in a milder form; measured in docs/accuracy.md.

    """
    if rubric_content < _LITTLE:
        return 1.0
    share = answer_content / rubric_content
    return (1 - brief_loss * (1 - sqrt(min(1.0, share / brief_below)))) * min(1.0, share / _MIN_SHARE)


def spellings(tokens: Iterable[tuple[str, Floats]]) -> dict[str, Spelling]:
    """Index a rubric's words by their letters, one of which may be missing.

    Args:
        tokens: words in lower case with their vectors; of equal words the first is used.

    Source: deletions on both sides find all words one edit away (Garbe's symmetric delete algorithm, 2012).

    """
    known = {text: Spelling(text, vector) for text, vector in reversed(list(tokens)) if _is_long(text)}
    found: dict[str, Spelling] = {}
    for text, spelling in known.items():
        found.update(dict.fromkeys(_one_letter_deleted(text), spelling))
    return found | known


def correct_spelling(
    texts: Sequence[str], n_pieces: Ints, vectors: Floats, spellings: Mapping[str, Spelling]
) -> Floats:
    """Replace the vectors of misspelt words: unknown to the encoder, and one edit away from a word of the rubric.

    An edit inserts, deletes or replaces a letter or swaps two neighbours. The first letter must be right, because a
    change there often negates ("symmetric", "asymmetric").

    Args:
        texts: the answer's tokens in lower case.
        n_pieces: number of vocabulary entries of each; words of one entry are known, shape `(n_tokens,)`.
        vectors: shape `(n_tokens, dim)`; not modified.

    Returns:
        the vectors, with those of misspelt words replaced.

    """
    changed = vectors
    for i in np.flatnonzero(n_pieces > 1).tolist():
        text = texts[i]
        intended = _intended_word(text, spellings) if _is_long(text) else None
        if intended is not None and intended.word != text:
            changed = vectors.copy() if changed is vectors else changed
            changed[i] = intended.vector
    return changed


def _intended_word(text: str, spellings: Mapping[str, Spelling]) -> Spelling | None:
    if text in spellings and spellings[text].word == text:
        return spellings[text]
    tries = (spellings[letters] for letters in (text, *_one_letter_deleted(text)) if letters in spellings)
    return next((found for found in tries if found.word[0] == text[0] and abs(len(found.word) - len(text)) <= 1), None)


def _is_long(text: str) -> bool:
    return len(text) >= _MIN_LENGTH and text.isalpha()


def _one_letter_deleted(text: str) -> list[str]:
    return [text[:i] + text[i + 1 :] for i in range(1, len(text))]
