"""How much of what a rubric asks an answer says at all, and its misspelt words (numpy only).

Nothing here awards a point: an answer that is too brief, or says nothing beyond the question, loses from its credits.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import NamedTuple

import numpy as np

from grader.grading.coverage import Floats, Ints, match

# Below this share of the points' new content an answer has said next to nothing that the question does not say.
_NOTHING_NEW = 0.1
# Less than one frequent word has (rarity is log(4 + rank)): such points choose among the question's own words.
_LITTLE = 3.0
# Shorter words have too many others one letter away.
_SHORTEST = 5


class Spelling(NamedTuple):
    """A word of a rubric and its vector."""

    word: str
    vector: Floats


@dataclass(frozen=True, eq=False)
class RubricContent:
    """What one rubric asks for, as far as answers are compared with it.

    Attributes:
        question: unit vectors of the words that ask, shape `(n_tokens, dim)`.
        new_content: of the points: what `new_content` gives for a text that states them all.
        spellings: the points' longer words, under their own letters and under all but one of them.

    """

    question: Floats
    new_content: float
    spellings: Mapping[str, Spelling]


def question_overlap(vectors: Floats, question: Floats, *, center: float, slope: float) -> Floats:
    """How far the question says each token, 0..1, shape `(n_tokens,)`; 0 for a question without words."""
    if not len(question):
        return np.zeros(len(vectors), np.float32)
    return match((vectors @ question.T).max(axis=1), center=center, slope=slope)


def new_content(texts: Sequence[str], informativeness: Floats) -> float:
    """How much a text says beyond the question: each word counts once, where it is most informative.

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
    """Factor on an answer's credits, 0..1, for how much of the points' new content it says.

        share  = answer_content / rubric_content
        factor = (1 - brief_loss * (1 - sqrt(min(1, share / brief_below)))) * min(1, share / .1)

    People give more to answers that say more on the subject; the second factor takes everything from an answer that
    repeats the question. 1 where the points themselves say nothing beyond the question.

    Args:
        answer_content, rubric_content: new content of the answer and of the points, >= 0.

    Source: the brevity penalty of BLEU (Papineni et al. 2002) in a gentler form; measured in docs/accuracy.md.

    """
    if rubric_content < _LITTLE:
        return 1.0
    share = answer_content / rubric_content
    return (1 - brief_loss * (1 - sqrt(min(1.0, share / brief_below)))) * min(1.0, share / _NOTHING_NEW)


def spellings(tokens: Iterable[tuple[str, Floats]]) -> dict[str, Spelling]:
    """Find a rubric's words by their letters, one of which may be missing.

    Args:
        tokens: words in lower case with their vectors; the first of equal ones counts.

    Source: deletions on both sides find all words one edit away (Garbe's symmetric delete algorithm, 2012).

    """
    known = {text: Spelling(text, vector) for text, vector in reversed(list(tokens)) if _is_long(text)}
    found: dict[str, Spelling] = {}
    for text, spelling in known.items():
        found.update(dict.fromkeys(_without_one(text), spelling))
    return found | known


def correct_spelling(
    texts: Sequence[str], n_pieces: Ints, vectors: Floats, spellings: Mapping[str, Spelling]
) -> Floats:
    """Replace the vectors of misspelt words: unknown to the encoder, and one letter away from a word of the rubric.

    One letter more, less, other, or two neighbours swapped; never the first letter, which often negates ("symmetric",
    "asymmetric").

    Args:
        texts: the answer's tokens in lower case.
        n_pieces: how many vocabulary entries each is made of; words of one are known, shape `(n_tokens,)`.
        vectors: shape `(n_tokens, dim)`; not changed.

    Returns:
        the vectors, those of misspelt words replaced.

    """
    changed = vectors
    for i in np.flatnonzero(n_pieces > 1).tolist():
        text = texts[i]
        meant = _meant(text, spellings) if _is_long(text) else None
        if meant is not None and meant.word != text:
            changed = vectors.copy() if changed is vectors else changed
            changed[i] = meant.vector
    return changed


def _meant(text: str, spellings: Mapping[str, Spelling]) -> Spelling | None:
    if text in spellings and spellings[text].word == text:
        return spellings[text]
    tries = (spellings[letters] for letters in (text, *_without_one(text)) if letters in spellings)
    return next((found for found in tries if found.word[0] == text[0] and abs(len(found.word) - len(text)) <= 1), None)


def _is_long(text: str) -> bool:
    return len(text) >= _SHORTEST and text.isalpha()


def _without_one(text: str) -> list[str]:
    return [text[:i] + text[i + 1 :] for i in range(1, len(text))]
