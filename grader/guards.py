"""Cheap checks of one statement against one point that it resembles: whether it says the opposite.

Similar words are no proof. Polarity, opposites, numbers, quantifiers and roles are compared where the two texts say
otherwise the same. Nothing here measures similarity of meaning, and nothing speaks about texts that are worded apart.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal, NamedTuple

from grader.antonyms import are_opposites
from grader.grammar.lexicon import FUNCTION_WORDS, stem, word_set
from grader.quantities import Quantity, differs, quantities

Kind = Literal["negation", "opposite", "number", "quantifier", "roles", "denial", "rival"]

# Part of every signature: raised when the rules change.
RULES_VERSION = 1
# Share of a point's content words that a statement must repeat before a difference counts as a denial. Below it the
# two may speak of different things.
_NEAR_COPY = 0.8
# Swapped roles are only told from free word order when hardly anything else differs.
_ALMOST_IDENTICAL = 0.85

# From this probability on the verifier's word alone is enough.
_SURELY = 0.8
_VERY_SURELY = 0.97
_NEVER = 2.0
# A denial counts when its segment comes this near to the best statement of the point.
_RIVAL = 0.85

_NEGATORS = word_set(
    """
    not never no none neither nor cannot without hardly barely scarcely lack lacks lacking fail fails failed failing
    unable refuse refuses refused refusing avoid avoids avoided avoiding
    """
)
# After these "not" adds instead of denying.
_ADDING = word_set("only just merely simply solely necessarily always all every yet whether least matter doubt")
# Where the reach of a negation ends.
_BOUNDARY = word_set(
    "but because which who while whereas although though since so unless if when then and or that by for"
)
# How many content words a negation reaches.
_REACH = 3

_STRONG = word_set(
    "all every each always must never only entirely completely any fully guarantee guarantees guaranteed requires"
)
_WEAK = word_set(
    """
    some sometimes may might can could often usually possibly perhaps partly partially rarely occasionally few
    several maybe probably
    """
)
# Words of which the sides can be exchanged without harm, and the word that turns a verb's sides around.
_SYMMETRIC = word_set("equal equals equally resemble resembles match matches differ differs versus")
_PASSIVE = word_set("by")

_TOKEN = re.compile(r"[^\W_]+(?:[-'’.][^\W_]+)*|[,;:.!?()]")


class Finding(NamedTuple):
    """Why a statement does not support a point.

    Attributes:
        kind: which check found it; "denial" for the trained verifier, "rival" where the claim stands elsewhere as well,
            so that a person should look.
        certain: whether it denies the point; otherwise a person should look.
        start, end: the telling words, in characters of the statement.
        reason: one line for the reader.

    """

    kind: Kind
    certain: bool
    start: int
    end: int
    reason: str


class Word(NamedTuple):
    """One word of a claim: lower case, its stem, its place, and how many negations reach it (0 or 1, by parity)."""

    text: str
    stem: str
    start: int
    end: int
    content: bool
    denied: bool
    negated_by: int  # index of the negation that reaches it first, or -1


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
    def quantities(self) -> tuple[Quantity, ...]:
        """Numbers with their units, and orders of growth."""
        return quantities(self.text)

    @cached_property
    def leaves_open(self) -> bool:
        """Whether a negation stands for words said before: "some accept it, others do not"."""
        plain = [word.text for word in self.words]
        reached = {word.negated_by for word in self.words}
        return any(_is_negation(plain, index) and index not in reached for index in range(len(plain)))

    def in_quantity(self, word: Word) -> bool:
        """Whether a word is a number or its unit: those are compared by value."""
        return any(quantity.start <= word.start < quantity.end for quantity in self.quantities)


@lru_cache(maxsize=4096)
def read_claim(text: str) -> Claim:
    """Read a text's words with their stems and polarity."""
    found = [(m[0].lower().replace("’", "'"), m.start(), m.end()) for m in _TOKEN.finditer(text)]
    plain = [word for word, _, _ in found]
    reached = _negated(plain)
    words = []
    for index, (word, start, end) in enumerate(found):
        is_word = word[0].isalnum()
        content = is_word and word not in FUNCTION_WORDS and word not in _NEGATORS and not word.endswith("n't")
        words.append(
            Word(word, stem(word) if is_word else word, start, end, content, reached[index] >= 0, reached[index])
        )
    return Claim(text, tuple(words))


class Checked(NamedTuple):
    """What the guards say of one point and a whole answer.

    Attributes:
        finding: what speaks against the point, or `None`.
        segment: the segment in which it stands.
        also_stated: whether another segment comes as near to stating the point without denying it.

    """

    finding: Finding | None
    segment: int
    also_stated: bool


NO_DOUBT = Checked(None, 0, also_stated=False)


def rivals(recalls: Sequence[float]) -> list[int]:
    """Segments that come nearly as close to stating a point as the best one, in order."""
    bound = _RIVAL * max(recalls, default=0.0)
    return [index for index, recall in enumerate(recalls) if recall > 0 and recall >= bound]


def check(
    wordings: Sequence[Claim],
    statements: Sequence[Claim],
    recalls: Sequence[float],
    denied: Sequence[float | None],
    *,
    asked: frozenset[str] = frozenset(),
) -> Checked:
    """Look for a contradiction of one point in every segment that comes near to stating it, not only in the best.

    Args:
        wordings: the point's text and aliases; a statement that agrees with one of them contradicts none.
        statements: the segments of the answer.
        recalls: how much of the point each segment states by itself, 0..1.
        denied: how likely each segment denies the point as a trained verifier has it, 0..1; `None` where not asked.
        asked: stems of the question, which an answer need not repeat.

    """
    against: list[tuple[Finding, int]] = []
    agreed = 0.0
    for index in rivals(recalls):
        finding = _finding(wordings, statements[index], denied[index], asked)
        if finding is not None:
            against.append((finding, index))
        elif not any(any(_opposites(wording, statements[index])) for wording in wordings):
            agreed = max(agreed, recalls[index])
    if not against:
        return Checked(None, 0, agreed > 0)
    finding, index = max(against, key=lambda found: (found[0].certain, recalls[found[1]]))
    # A claim that stands as well elsewhere outweighs an opposite word, which may belong to another claim of the same
    # shape ("high bias underfits, high variance overfits"), but not its plain negation.
    if finding.kind != "negation" and agreed >= recalls[index]:
        finding = finding._replace(kind="rival", certain=False)
    return Checked(finding, index, agreed > 0)


def _finding(
    wordings: Sequence[Claim], statement: Claim, denied: float | None, asked: frozenset[str]
) -> Finding | None:
    """What the rules say of all wordings, and what the verifier says where it was asked."""
    findings = [finding for wording in wordings if (finding := contradiction(wording, statement)) is not None]
    finding = findings[0] if len(findings) == len(wordings) else None
    if denied is None:
        return finding
    if finding is None and denied >= max(_needed(wording, statement, asked) for wording in wordings):
        reason = "says the opposite of the point in nearly its words"
        return Finding("denial", True, 0, len(statement.text), reason)
    return finding


def _needed(point: Claim, statement: Claim, asked: frozenset[str]) -> float:
    """How sure the verifier must be, above 1 for never.

    A statement that only leaves words of the point out, or puts a pronoun in their place, cannot deny it. One that has
    all words of the point and more, as a list has, is seldom a denial.
    """
    negations = [{word.text for word in claim.words if word.text in _NEGATORS} for claim in (point, statement)]
    if negations[0] != negations[1]:
        return _SURELY
    if statement.stems <= point.stems:
        return _NEVER
    own = {point.words[i].stem for i in point.content if not point.in_quantity(point.words[i])} - asked
    return _VERY_SURELY if own <= statement.stems else _SURELY


def contradiction(point: Claim, statement: Claim) -> Finding | None:
    """What makes a statement that resembles a point deny it, or `None`.

    A statement is only looked at when it repeats most of the point's content words (opposites count as repeated).
    A denial twice over is none: "not unfair" is "fair".
    """
    if not point.content or not statement.content:
        return None
    flips = list(_opposites(point, statement))
    flipped = {place for place, _ in flips}
    told = {point.words[i].stem for i in point.content if not point.in_quantity(point.words[i])}
    opposed = {point.words[i].stem for i in flipped}
    shared = len(told & (statement.stems | opposed)) / len(told) if told else 1.0
    if shared < _NEAR_COPY:
        return None
    turned = _negation(point, statement, flips)
    if turned is not None:
        return turned
    return (
        _number(point, statement)
        or _quantifier(point, statement)
        or (_roles(point, statement) if len(told & statement.stems) >= _ALMOST_IDENTICAL * len(told) else None)
    )


def _negated(plain: Sequence[str]) -> list[int]:
    """For each word the index of the negation that reaches it, or -1; a second negation takes the first one back."""
    reached = [-1] * len(plain)
    for index in range(len(plain)):
        if not _is_negation(plain, index):
            continue
        left = _REACH
        for after in range(index + 1, len(plain)):
            other = plain[after]
            if not other[0].isalnum() or other in _BOUNDARY or left == 0:
                break
            reached[after] = -1 if reached[after] >= 0 else index
            left -= other not in FUNCTION_WORDS
    return reached


def _is_negation(plain: Sequence[str], index: int) -> bool:
    word = plain[index]
    following = plain[index + 1] if index + 1 < len(plain) else ""
    if word == "rather" or word == "instead":
        return following in ("than", "of")
    if word.endswith("n't") or word in _NEGATORS:
        return following not in _ADDING and not (word == "no" and following in ("more", "less", "fewer"))
    return False


def _opposites(point: Claim, statement: Claim) -> Iterator[tuple[int, int]]:
    """Pairs of words, one of the point and one of the statement, that deny each other and stand for each other."""
    missing = [i for i, word in enumerate(point.words) if _can_flip(word) and not _stands(point, i, statement)]
    new = [j for j, word in enumerate(statement.words) if _can_flip(word) and not _stands(statement, j, point)]
    for i in missing:
        for j in new:
            if are_opposites(point.words[i].text, statement.words[j].text) and _same_place(point, i, statement, j):
                yield i, j
                break


def _stands(claim: Claim, at: int, other: Claim) -> bool:
    """Whether the other claim has this word, too: anywhere, or, where its neighbour has an opposite, beside that."""
    word = claim.words[at]
    if word.text not in other.plain and word.stem not in other.all_stems:
        return False
    following = _next_content(claim, at)
    if following is None or following not in other.stems:
        return True
    places = [j for j, same in enumerate(other.words) if same.stem == word.stem]
    rivals = [j for j, rival in enumerate(other.words) if are_opposites(word.text, rival.text)]
    return any(_next_content(other, j) == following for j in places) or not any(
        _next_content(other, j) == following for j in rivals
    )


def _next_content(claim: Claim, at: int) -> str | None:
    """The stem of the word that follows, if it carries content."""
    word = claim.words[at + 1] if at + 1 < len(claim.words) else None
    return word.stem if word is not None and word.content else None


def _can_flip(word: Word) -> bool:
    """Whether a word may have an opposite: negations are counted by themselves."""
    return word.text[0].isalpha() and word.text not in _NEGATORS


def _same_place(point: Claim, i: int, statement: Claim, j: int) -> bool:
    """Whether two words stand beside the same word; function words on the same side of the same neighbour."""
    if point.words[i].text in FUNCTION_WORDS:
        return any(
            _neighbour(point, i, step) is not None and _neighbour(point, i, step) == _neighbour(statement, j, step)
            for step in (-1, 1)
        )
    mine, theirs = (
        {word.stem for word in claim.words[max(0, at - _REACH) : at + _REACH + 1] if word.text[0].isalnum()}
        for claim, at in ((point, i), (statement, j))
    )
    return bool(mine & theirs) or len(point.content) == 1


def _neighbour(claim: Claim, at: int, step: int) -> str | None:
    """The stem of the word before (-1) or after (1) a word."""
    return claim.words[at + step].stem if 0 <= at + step < len(claim.words) else None


def _negation(point: Claim, statement: Claim, flips: Sequence[tuple[int, int]]) -> Finding | None:
    """Whether an odd number of denials, by opposites and by negation, lies between the two."""
    opposed = set(flips)
    # Each pair by itself: the same word with another polarity, or the opposite with the same one. A negation that
    # reaches several of the words denies once.
    denials: dict[tuple[int, int], tuple[Word, Word, bool]] = {}
    for i, j in [*_same_words(point, statement), *flips]:
        own, other = point.words[i], statement.words[j]
        is_opposite = (i, j) in opposed
        if own.denied and not other.denied and statement.leaves_open:
            continue
        if is_opposite != (own.denied != other.denied) and (is_opposite or _is_head(point, i, statement, j)):
            denials.setdefault(
                (own.negated_by, other.negated_by) if not is_opposite else (i, j), (own, other, is_opposite)
            )
    # "The longer the lower" says what "the shorter the higher" says.
    if len(denials) % 2 == 0:
        return None
    own, other, is_opposite = next(iter(denials.values()))
    if is_opposite:
        return Finding(
            "opposite", True, other.start, other.end, f"says '{other.text}' where the point says '{own.text}'"
        )
    start = statement.words[other.negated_by].start if other.denied else other.start
    says = statement.text[start : other.end]
    return Finding("negation", True, start, other.end, f"says '{says}', the point says the opposite")


def _same_words(point: Claim, statement: Claim) -> Iterator[tuple[int, int]]:
    """Content words that both have, each of the point's with the statement's first of like polarity if there is one."""
    for i in point.content:
        own = point.words[i]
        if any(point.words[k].stem == own.stem and point.words[k].denied != own.denied for k in point.content):
            continue  # said and denied within the point, each of something else
        places = [j for j in statement.content if statement.words[j].stem == own.stem]
        if places:
            yield i, next((j for j in places if statement.words[j].denied == own.denied), places[0])


def _is_head(point: Claim, i: int, statement: Claim, j: int) -> bool:
    """Whether a negation falls on this very word: it is the first content word that it reaches."""
    side, at = (point, i) if point.words[i].denied else (statement, j)
    negation = side.words[at].negated_by
    return all(not word.content for word in side.words[negation + 1 : at])


def _number(point: Claim, statement: Claim) -> Finding | None:
    """A quantity of the point for which the statement has another of the same kind."""
    pair = differs(point.quantities, statement.quantities)
    if pair is None:
        return None
    own, other = pair
    return Finding("number", True, other.start, other.end, f"says '{other.text}' where the point says '{own.text}'")


def _quantifier(point: Claim, statement: Claim) -> Finding | None:
    """A strong word (all, always, must) of the point weakened (some, sometimes, may), or the other way round."""
    for mine, theirs, verb in ((_STRONG, _WEAK, "weakens"), (_WEAK, _STRONG, "overstates")):
        lost = [w for w in point.words if w.text in mine and w.text not in statement.plain]
        gained = [w for w in statement.words if w.text in theirs and w.text not in point.plain]
        if lost and gained:
            word = gained[0]
            return Finding(
                "quantifier", False, word.start, word.end, f"'{word.text}' {verb} the point's '{lost[0].text}'"
            )
    return None


def _roles(point: Claim, statement: Claim) -> Finding | None:
    """Two of the point's content words around a third that have changed places."""
    swapped = _compared_the_other_way(point, statement)
    if swapped is not None:
        return swapped
    mine, theirs = (Counter(claim.words[i].stem for i in claim.content) for claim in (point, statement))
    order = {statement.words[j].stem: place for place, j in enumerate(statement.content)}
    common = [i for i in point.content if mine[point.words[i].stem] == theirs[point.words[i].stem] == 1]
    places = [order[point.words[i].stem] for i in common]
    if statement.plain & _PASSIVE != point.plain & _PASSIVE or statement.plain & _SYMMETRIC:
        return None
    for first in range(len(common) - 2):
        for last in range(first + 2, len(common)):
            between = places[first + 1 : last]
            if places[last] < min(between) and max(between) < places[first] and between == sorted(between):
                one, other = (point.words[common[k]] for k in (first, last))
                word = statement.words[statement.content[places[last]]]
                reason = f"has '{one.text}' and '{other.text}' change places"
                return Finding("roles", True, word.start, word.end, reason)
    return None


def _compared_the_other_way(point: Claim, statement: Claim) -> Finding | None:
    """Whether the two compare the same things the other way round ("A is faster than B")."""
    mine, theirs = _compared(point), _compared(statement)
    if mine is None or theirs is None or mine.stem == theirs.stem:
        return None
    before = {word.stem for word in statement.words if word.start < theirs.start}
    if mine.stem in before and any(word.stem == theirs.stem and word.start < mine.start for word in point.words):
        return Finding(
            "roles", True, theirs.start, theirs.end, f"compares with '{theirs.text}' instead of '{mine.text}'"
        )
    return None


def _compared(claim: Claim) -> Word | None:
    """The first content word after "than"."""
    at = next((i for i, word in enumerate(claim.words) if word.text == "than"), len(claim.words))
    return next((word for word in claim.words[at:] if word.content), None)
