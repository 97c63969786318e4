"""A text -> the pieces whose own vectors stand for its tokens, where an encoder gives one vector a text.

Pieces are the words and, so that word order and context count as well, the segments. Nothing here knows a model.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from grader.text import STOP_WORDS, Span, segments

# What a word tells, on the scale of `vocabulary_rarity`: without a vocabulary there is no rank, so there are
# two kinds only.
_FRAME, _CONTENT = 2.0, 8.0
# Share of what its words tell that a segment tells besides them. Mean Pearson over samples of nine scored sets, vectors
# of whole texts by all-MiniLM-L6-v2: segments alone .438, words alone .507, and with .25: .515, .5: .513, 1: .505.
_SEGMENT_SHARE = 0.25
# Words and characters of one text that is sent: more than sentences have, less than the windows of small models hold.
_MOST_WORDS, _LONGEST_WORD = 48, 48
# A segment of a single word is that word.
_FEWEST_WORDS = 2
_WORD = re.compile(r"\w+(?:['’]\w+)*")


class Unit(NamedTuple):
    """A word or a segment.

    Attributes:
        span: where it stands, in characters.
        text: what is encoded for it: words in lower case, segments as written.
        is_word: which of the two it is.
        informativeness: its weight by rarity, >= 0.

    """

    span: Span
    text: str
    is_word: bool
    informativeness: float


def units(text: str) -> list[Unit]:
    """The words and segments of a text, by where they start, each segment before its words.

    A segment of more than 48 words counts as several. A text without any letter or digit has none.
    """
    return [unit for start, end in segments(text) for unit in _of_segment(text, start, end)]


def _of_segment(text: str, start: int, end: int) -> Iterator[Unit]:
    words = [word for match in _WORD.finditer(text, start, end) for word in _cut(text, Span(*match.span()))]
    n_parts = -(-len(words) // _MOST_WORDS)
    for part in range(n_parts):  # of nearly the same length, so that none is a rest of two words
        mine = words[part * len(words) // n_parts : (part + 1) * len(words) // n_parts]
        first = start if part == 0 else mine[0].span.start
        last = end if part + 1 == n_parts else mine[-1].span.end
        if len(mine) >= _FEWEST_WORDS:
            informativeness = _SEGMENT_SHARE * sum(word.informativeness for word in mine)
            yield Unit(Span(first, last), text[first:last], False, informativeness)
        yield from mine


def _cut(text: str, span: Span) -> Iterator[Unit]:
    """A word, in several parts where it is longer than any word is."""
    for start in range(span.start, span.end, _LONGEST_WORD):
        part = Span(start, min(start + _LONGEST_WORD, span.end))
        said = text[part.start : part.end].lower()
        if any(char.isalnum() for char in said):
            yield Unit(part, said, True, _FRAME if said in STOP_WORDS else _CONTENT)


def informativeness(found: list[Unit]) -> NDArray[np.float32]:
    """Informativeness of each unit, shape `(n_units,)`."""
    return np.array([unit.informativeness for unit in found], np.float32)
