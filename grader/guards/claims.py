"""The data types of the guards: a claim, which is a text's words with stems and polarity, and a finding about one.

A claim is parsed once and compared often. Nothing here compares two claims.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal, NamedTuple

from grader.guards.antonyms import AntonymIndex, antonym_index
from grader.text import FUNCTION_WORDS, Quantity, quantities, rewrite_quantities, stem, word_set

NEGATORS = word_set(
    """
    not never no none nobody neither nor cannot without hardly barely scarcely lack lacks lacking fail fails
    failed failing unable refuse refuses refused refusing avoid avoids avoided avoiding non dont doesnt isnt arent cant
    wont didnt wasnt
    """
)
_INSTEAD = word_set("rather instead")  # negations before "than" and "of"
# "not" followed by one of these is no negation.
_NOT_NEGATED = word_set("only just merely simply solely necessarily always all every yet whether least matter doubt")
# Words that end the scope of a negation.
_SCOPE_ENDS = word_set(
    "but because which who while whereas although though since so unless if when then and or that by for"
)
# Words and signs that end a list, and the most words that it has.
_LIST_ENDS = frozenset(".;:!?()") | word_set("but because which who while whereas so if when")
_LONGEST_LIST = 12
# Content words in the scope of a negation.
SCOPE = 3

_TOKEN = re.compile(r"[^\W_]+(?:[-'’.][^\W_]+)*|[,;:.!?()]")


Kind = Literal["negation", "opposite", "number", "quantifier", "roles", "denial", "rival", "rejection"]


class Finding(NamedTuple):
    """Why a statement does not support a point.

    Attributes:
        kind: which check found it; "denial" comes from the trained verifier, "rival" means that another segment states
            the point as well, "rejection" that the answer calls the point false.
        certain: whether the statement denies the point; otherwise a person should look.
        start, end: the decisive words, in characters of the statement.
        reason: one line for the reader.

    """

    kind: Kind
    certain: bool
    start: int
    end: int
    reason: str


class Word(NamedTuple):
    """One word of a claim.

    Attributes:
        text: in lower case.
        stem: of the text.
        start, end: its place, in characters.
        content: whether it carries content.
        denied: whether it is in the scope of a negation; a second negation cancels the first.
        negated_by: index of that negation, or -1.
        listed: whether it is in a list that a negation opens ("no loss, doubling or delay"): it may be denied.

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
    """A point's wording or a segment of an answer."""

    text: str
    words: tuple[Word, ...]

    @cached_property
    def content(self) -> tuple[int, ...]:
        """Indices of the words that carry content."""
        return tuple(i for i, word in enumerate(self.words) if word.content)

    @cached_property
    def stems_without_numbers(self) -> frozenset[str]:
        """Stems of the content words that are neither a number nor its unit."""
        return frozenset(self.words[i].stem for i in self.content if not self.in_quantity(self.words[i]))

    @cached_property
    def stems(self) -> frozenset[str]:
        """Stems of the content words."""
        return frozenset(self.words[i].stem for i in self.content)

    @cached_property
    def lower_words(self) -> frozenset[str]:
        """All words, in lower case."""
        return frozenset(word.text for word in self.words)

    @cached_property
    def all_stems(self) -> frozenset[str]:
        """Stems of all words."""
        return frozenset(word.stem for word in self.words)

    @cached_property
    def antonyms(self) -> AntonymIndex:
        """All words, indexed by what they are opposites of."""
        return antonym_index(self.lower_words)

    @cached_property
    def negations(self) -> tuple[int, ...]:
        """Indices of the negations."""
        return _negations([word.text for word in self.words])

    @cached_property
    def quantities(self) -> tuple[Quantity, ...]:
        """Numbers with their units, and orders of growth."""
        return quantities(self.text)

    @cached_property
    def has_elliptical_negation(self) -> bool:
        """Whether a negation has no word in its scope: "some accept it, others do not"."""
        return not {word.negated_by for word in self.words}.issuperset(self.negations)

    def in_quantity(self, word: Word) -> bool:
        """Whether a word is a number or its unit: those are compared by value."""
        return any(quantity.start <= word.start < quantity.end for quantity in self.quantities)


def with_numbers_as_in(statement: Claim, point: Claim) -> Claim:
    """A statement with the numbers that the point has as well written as the point writes them."""
    if not point.quantities or not statement.quantities:
        return statement
    text = rewrite_quantities(statement.text, statement.quantities, point.quantities)
    return statement if text == statement.text else parse_claim(text)


@lru_cache(maxsize=512)
def parse_claim(text: str) -> Claim:
    """Parse a text into words with stems and polarity."""
    found = [(m[0].lower().replace("’", "'"), m.start(), m.end()) for m in _TOKEN.finditer(text)]
    plain = [word for word, _, _ in found]
    scopes = _scopes(plain)
    listed = _listed(plain, scopes)
    words = []
    for index, (word, start, end) in enumerate(found):
        is_word = word[0].isalnum()
        content = is_word and word not in FUNCTION_WORDS and word not in NEGATORS and not word.endswith("n't")
        base = stem(word) if is_word else word
        by = scopes[index]
        words.append(Word(word, base, start, end, content, by >= 0, by, listed[index]))
    return Claim(text, tuple(words))


def _scopes(plain: Sequence[str]) -> list[int]:
    """For each word the index of the negation whose scope it is in, or -1; a second negation cancels the first."""
    scopes = [-1] * len(plain)
    for index in _negations(plain):
        left = SCOPE
        for after in range(index + 1, len(plain)):
            other = plain[after]
            if not other[0].isalnum() or other in _SCOPE_ENDS or left == 0:
                break
            scopes[after] = -1 if scopes[after] >= 0 else index
            left -= other not in FUNCTION_WORDS
    return scopes


def _listed(plain: Sequence[str], scopes: Sequence[int]) -> list[bool]:
    """For each word whether it is in the rest of a list that begins with a denied word, or follows "and not"."""
    if max(scopes, default=-1) < 0:
        return [False] * len(plain)
    listed = [
        at > 0 and plain[at] == "not" and plain[at - 1] in ("and", "but", ",") for at in (max(0, by) for by in scopes)
    ]
    for index in range(1, len(plain)):
        if scopes[index - 1] < 0 or plain[index] not in (",", "or", "nor", "and", "/"):
            continue
        end = next((at for at in range(index, len(plain)) if plain[at] in _LIST_ENDS), len(plain))
        conjunctions = [at for at in range(index, min(end, index + _LONGEST_LIST)) if plain[at] in ("or", "nor")]
        if conjunctions:
            listed[index : conjunctions[-1] + SCOPE + 1] = [True] * len(listed[index : conjunctions[-1] + SCOPE + 1])
    return listed


def _negations(plain: Sequence[str]) -> tuple[int, ...]:
    """Indices of the negations."""
    return tuple(at for at, word in enumerate(plain) if _may_negate(word) and _is_negation(plain, at))


def _may_negate(word: str) -> bool:
    return word in NEGATORS or word in _INSTEAD or word.endswith("n't")


def _is_negation(plain: Sequence[str], index: int) -> bool:
    """Whether the word at an index negates what follows."""
    word = plain[index]
    if index == 0 and word == "no" and any(other == "not" or other.endswith("n't") for other in plain):
        return False  # the answer "no", and then its reason
    return _negates(plain, index)


def _negates(plain: Sequence[str], index: int) -> bool:
    word = plain[index]
    following = plain[index + 1] if index + 1 < len(plain) else ""
    if word in _INSTEAD:
        return following in ("than", "of")
    if word.endswith("n't") or word in NEGATORS:
        return following not in _NOT_NEGATED and not (word == "no" and following in ("more", "less", "fewer"))
    return False
