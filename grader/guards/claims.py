"""A text's words with their stems and polarity: what the guards read once and compare often.

Nothing here compares two texts.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

from grader.guards.antonyms import Words, words_to_oppose
from grader.text import FUNCTION_WORDS, Quantity, quantities, stem, word_set

NEGATORS = word_set(
    """
    not never no none nobody neither nor cannot without hardly barely scarcely lack lacks lacking fail fails
    failed failing unable refuse refuses refused refusing avoid avoids avoided avoiding non dont doesnt isnt arent cant
    wont didnt wasnt
    """
)
_INSTEAD = word_set("rather instead")  # negations before "than" and "of"
# After these "not" adds instead of denying.
_ADDING = word_set("only just merely simply solely necessarily always all every yet whether least matter doubt")
# Where the reach of a negation ends.
_BOUNDARY = word_set(
    "but because which who while whereas although though since so unless if when then and or that by for"
)
# Where a list ends at the latest, and after how many words.
_LIST_ENDS = frozenset(".;:!?()") | word_set("but because which who while whereas so if when")
_LONGEST_LIST = 12
# How many content words a negation reaches.
REACH = 3

_TOKEN = re.compile(r"[^\W_]+(?:[-'’.][^\W_]+)*|[,;:.!?()]")


class Word(NamedTuple):
    """One word of a claim.

    Attributes:
        text: in lower case.
        stem: of the text.
        start, end: its place, in characters.
        content: whether it carries content.
        denied: whether a negation reaches it; a second one takes the first one back.
        negated_by: index of that negation, or -1.
        listed: whether it stands in a list that a negation opens ("no loss, doubling or delay"): it may be denied.

    """

    text: str
    stem: str
    start: int
    end: int
    content: bool
    denied: bool
    negated_by: int
    listed: bool = False


@dataclass(frozen=True)
class Claim:
    """A point's wording or a segment of an answer, read once and compared often."""

    text: str
    words: tuple[Word, ...]

    @cached_property
    def content(self) -> tuple[int, ...]:
        """Indices of the words that carry content."""
        return tuple(i for i, word in enumerate(self.words) if word.content)

    @cached_property
    def told(self) -> frozenset[str]:
        """Stems of what it says beside its numbers."""
        return frozenset(self.words[i].stem for i in self.content if not self.in_quantity(self.words[i]))

    @cached_property
    def stems(self) -> frozenset[str]:
        """Stems of the content words."""
        return frozenset(self.words[i].stem for i in self.content)

    @cached_property
    def plain(self) -> frozenset[str]:
        """All words as they stand, in lower case."""
        return frozenset(word.text for word in self.words)

    @cached_property
    def all_stems(self) -> frozenset[str]:
        """Stems of all words."""
        return frozenset(word.stem for word in self.words)

    @cached_property
    def to_oppose(self) -> Words:
        """All words, for looking up opposites."""
        return words_to_oppose(self.plain)

    @cached_property
    def negations(self) -> tuple[int, ...]:
        """Indices of the words that deny what follows."""
        return _negations([word.text for word in self.words])

    @cached_property
    def quantities(self) -> tuple[Quantity, ...]:
        """Numbers with their units, and orders of growth."""
        return quantities(self.text)

    @cached_property
    def leaves_open(self) -> bool:
        """Whether a negation stands for words said before: "some accept it, others do not"."""
        return not {word.negated_by for word in self.words}.issuperset(self.negations)

    def in_quantity(self, word: Word) -> bool:
        """Whether a word is a number or its unit: those are compared by value."""
        return any(quantity.start <= word.start < quantity.end for quantity in self.quantities)


@lru_cache(maxsize=512)
def parse_claim(text: str) -> Claim:
    """Read a text's words with their stems and polarity."""
    found = [(m[0].lower().replace("’", "'"), m.start(), m.end()) for m in _TOKEN.finditer(text)]
    plain = [word for word, _, _ in found]
    reached = _reached(plain)
    listed = _listed(plain, reached)
    words = []
    for index, (word, start, end) in enumerate(found):
        is_word = word[0].isalnum()
        content = is_word and word not in FUNCTION_WORDS and word not in NEGATORS and not word.endswith("n't")
        base = stem(word) if is_word else word
        by = reached[index]
        words.append(Word(word, base, start, end, content, by >= 0, by, listed[index]))
    return Claim(text, tuple(words))


def _reached(plain: Sequence[str]) -> list[int]:
    """For each word the index of the negation that reaches it, or -1; a second negation takes the first one back."""
    reached = [-1] * len(plain)
    for index in _negations(plain):
        left = REACH
        for after in range(index + 1, len(plain)):
            other = plain[after]
            if not other[0].isalnum() or other in _BOUNDARY or left == 0:
                break
            reached[after] = -1 if reached[after] >= 0 else index
            left -= other not in FUNCTION_WORDS
    return reached


def _listed(plain: Sequence[str], reached: Sequence[int]) -> list[bool]:
    """For each word whether it stands in the rest of a list that begins with a denied word, or after "and not"."""
    if max(reached, default=-1) < 0:
        return [False] * len(plain)
    listed = [
        at > 0 and plain[at] == "not" and plain[at - 1] in ("and", "but", ",") for at in (max(0, by) for by in reached)
    ]
    for index in range(1, len(plain)):
        if reached[index - 1] < 0 or plain[index] not in (",", "or", "nor", "and", "/"):
            continue
        end = next((at for at in range(index, len(plain)) if plain[at] in _LIST_ENDS), len(plain))
        joints = [at for at in range(index, min(end, index + _LONGEST_LIST)) if plain[at] in ("or", "nor")]
        if joints:
            listed[index : joints[-1] + REACH + 1] = [True] * len(listed[index : joints[-1] + REACH + 1])
    return listed


def _negations(plain: Sequence[str]) -> tuple[int, ...]:
    """Indices of the words that deny what follows."""
    return tuple(at for at, word in enumerate(plain) if _may_deny(word) and _is_negation(plain, at))


def _may_deny(word: str) -> bool:
    return word in NEGATORS or word in _INSTEAD or word.endswith("n't")


def _is_negation(plain: Sequence[str], index: int) -> bool:
    """Whether the word at an index denies what follows."""
    word = plain[index]
    if index == 0 and word == "no" and any(other == "not" or other.endswith("n't") for other in plain):
        return False  # the answer "no", and then its reason
    return _denies(plain, index)


def _denies(plain: Sequence[str], index: int) -> bool:
    word = plain[index]
    following = plain[index + 1] if index + 1 < len(plain) else ""
    if word in _INSTEAD:
        return following in ("than", "of")
    if word.endswith("n't") or word in NEGATORS:
        return following not in _ADDING and not (word == "no" and following in ("more", "less", "fewer"))
    return False
