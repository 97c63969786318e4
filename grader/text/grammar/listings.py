"""Splits a clause that lists things into items, each with the words that it needs to stand alone.

"Common remedies include A, B and C", "techniques such as A, B or C are used", "A, B and C are common".
Lists that are only the object or the subject of another claim are not split. Pure; no model.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from grader.text.grammar import lexicon
from grader.text.grammar.lexicon import word_set
from grader.text.grammar.sentence import Clause, detokenize, main_verb
from grader.text.grammar.tagging import FINITE, Token
from grader.text.normalisation import Span

EXAMPLE_VERBS = frozenset(["include", "involve"])
EXHAUSTIVE_VERBS = frozenset(["comprise", "consist"])
# Nouns that head a list. "The main steps are A and B" is a list, "Weights are small and sparse" is not.
HEADS = word_set(
    """
    advantage alternative application approach area aspect benefit category cause challenge choice class
    component consequence criterion difference disadvantage drawback effect element example factor feature
    form function goal group heuristic idea indicator issue kind layer level limitation means measure
    mechanism method metric mode objective operation optimiser optimizer option parameter part phase pitfall
    practice principle problem procedure property purpose reason remedy requirement risk role schedule
    solution source stage state statistic step strategy strength symptom task technique tool tradeoff
    trade-off trick type use variant variation way weakness hyperparameter
    """
)
# Words that mark a list as examples, not as complete.
EXAMPLE_WORDS = word_set(
    """
    common typical popular usual frequent some several various many example examples may might can could often
    usually typically include includes including involve involves such like e.g. etc etc. other widespread
    well-known
    """
)
# Predicates that only state that the items exist or are used.
LIGHT_PREDICATES = word_set(
    """
    used applied employed common popular typical standard usual available possible helpful useful needed
    required examples options choices considered preferred recommended widespread frequent
    """
)
MAX_ITEM_WORDS = 14
# A longer ending is a separate claim, not repeated with each item.
MAX_SHARED_WORDS = 5


@dataclass(frozen=True)
class Item:
    """One item: the words that state it, and the span of its own words in the sentence."""

    words: tuple[Token, ...]
    span: Span


@dataclass(frozen=True)
class Listing:
    """The items of a list.

    Attributes:
        items: in reading order.
        need: number of items that a full answer names.
        name: a slug of what is listed, for the name of the group.
        rest: the sentence's claim about all items together, if it is more than that they exist.
    """

    items: tuple[Item, ...]
    need: int
    name: str
    rest: Item | None = None


class ListRegion(NamedTuple):
    """A candidate for a list.

    Attributes:
        start, end: of the items in the clause's words.
        intro_end: end of the introduction.
        kind: of introduction.
    """

    start: int
    end: int
    intro_end: int
    kind: Literal["such", "verb", "are", "subject", "colon", "by"]


def required_count(n_items: int, *, examples: bool = False, joined_by_or: bool = False, either: bool = False) -> int:
    """Number of items that a full answer names.

    One of "either A or B"; half, rounded up, of an "or" list and of a list of examples (include, such as, common)
    with three items or more; otherwise all.

    Args:
        n_items: at least 1.
        examples: whether the list names examples, not everything.
        joined_by_or: whether "or" joins the items.
        either: whether two items exclude each other.
    """
    if either and n_items == 2:
        return 1
    return math.ceil(n_items / 2) if joined_by_or or (examples and n_items > 2) else n_items


def find_listing(clause: Clause) -> Listing | None:
    """The list that is the main content of a clause, or `None`."""
    words = clause.words
    for region in _regions(clause):
        bounds = _items(words, region)
        if bounds is None:
            continue
        listing = _listing(clause, region, bounds)
        if listing is not None:
            return listing
    return None


def _regions(clause: Clause) -> list[ListRegion]:
    """The candidates for a list, the surest first."""
    words = clause.words
    last = len(words)
    while last and words[last - 1].tag == "PUNCT" and not words[last - 1].aside:
        last -= 1
    regions: list[ListRegion] = []
    for at in range(1, last - 2):
        if words[at].aside:
            continue
        if _introduces_examples(words, at):
            start = at + (2 if words[at].lower == "such" else 1)
            regions.append(ListRegion(start, last, start, "such"))
    verb = clause.verb
    if verb is not None:
        regions += _regions_at_verb(clause, verb, last)
    colon = next((at for at in range(1, last - 2) if words[at].text == ":" and not words[at].aside), None)
    if colon is not None and (verb is None or verb < colon) and _announces(words[:colon]):
        regions.append(ListRegion(colon + 1, last, colon + 1, "colon"))
    for at in range((verb or 0) + 1, last - 2):
        if verb is not None and words[at].lower in ("by", "using", "through", "with"):
            regions.append(ListRegion(at + 1, last, at + 1, "by"))
    return regions


def _announces(intro: Sequence[Token]) -> bool:
    """Whether the words before a colon name what is listed: "there are four ways:", "Metrics:"."""
    plain = _plain(intro)
    return any(_is_head(token) for token in plain) or (bool(plain) and lexicon.is_plural(plain[-1].lower))


def _introduces_examples(words: Sequence[Token], at: int) -> bool:
    """Whether "such as", "like" or "including" follows a head noun: "techniques such as"."""
    such = words[at].lower == "such" and words[at + 1].lower == "as"
    like = words[at].lower == "like" and words[at].tag == "PREP"
    including = words[at].lower == "including"
    before = next((word for word in reversed(words[:at]) if word.tag != "PUNCT" and not word.aside), None)
    return (such or like or including) and before is not None and _is_head(before)


def _is_head(token: Token) -> bool:
    return (lexicon.is_plural(token.lower) and bool({token.lower[:-1], lexicon.stem(token.lower)} & HEADS)) or (
        token.lower in ("criteria", "remedies", "strategies", "properties", "categories", "difficulties", "means")
    )


def _regions_at_verb(clause: Clause, verb: int, last: int) -> list[ListRegion]:
    words = clause.words
    base = words[verb].base("s") or words[verb].base("base")
    if base in EXAMPLE_VERBS:
        return [ListRegion(verb + 1, last, verb + 1, "verb")]
    if base in EXHAUSTIVE_VERBS:
        start = verb + 1 + (words[verb + 1].lower == "of")
        return [ListRegion(start, last, start, "verb")]
    if words[verb].lower not in ("are", "were") or verb + 1 >= last:
        return []
    regions: list[ListRegion] = []
    head = next((word for word in _plain(clause.subject) if word.tag == "PREP"), None)
    subject = _plain(clause.subject)
    if head is not None:
        subject = subject[: subject.index(head)]
    listed = (
        bool(subject) and lexicon.is_plural(subject[-1].lower) and any(t.lower in EXAMPLE_WORDS for t in subject[:-1])
    )
    if subject and (listed or _is_head(subject[-1])) and words[verb + 1].tag != "VN":
        start = verb + 2 if words[verb + 1].lower == "either" else verb + 1
        regions.append(ListRegion(start, last, verb + 1, "are"))
    if _is_light(words[verb:last]):
        comma = next((at for at in range(verb) if words[at].text == ","), -1)
        adjunct_length = clause.adjunct_length or (comma + 1 if words[0].tag == "PREP" else 0)
        regions.append(ListRegion(adjunct_length, verb, adjunct_length, "subject"))
    return regions


def _plain(words: Sequence[Token]) -> list[Token]:
    return [word for word in words if not word.aside]


def _is_light(predicate: Sequence[Token]) -> bool:
    """Whether a predicate, from its verb on, only states that its subject exists or is used."""
    after = [token for token in _plain(predicate[1:]) if token.tag != "ADV"]
    if after and after[0].lower == "be":
        after = after[1:]
    return bool(after) and predicate[0].tag in ("AUX", "MD") and after[0].lower in LIGHT_PREDICATES


# --- items ------------------------------------------------------------------------------------------------


class ItemBounds(NamedTuple):
    """The items as ranges of words, the end of the last one, and whether "or" joins them."""

    ranges: list[tuple[int, int]]
    end: int
    joined_by_or: bool


def _items(words: Sequence[Token], region: ListRegion) -> ItemBounds | None:
    """The items of a region, or `None` where it holds no plain list."""
    end = _tail(words, region)
    signs = [at for at in range(region.start, end) if words[at].text == "," and not words[at].aside]
    conjunctions = [at for at in range(region.start, end) if words[at].lower in ("and", "or") and not words[at].aside]
    if signs:
        oxford = next((at for at in conjunctions if at - 1 in signs and at - 1 == signs[-1]), None)
        conjunction = (
            oxford if oxford is not None else next((at for at in reversed(conjunctions) if at > signs[-1]), None)
        )
        asyndetic = region.kind in ("colon", "subject") or words[end - 1].lower.startswith("etc")
        if conjunction is None and not asyndetic:
            return None
        cuts = sorted({*signs, *([] if conjunction is None else [conjunction])})
    elif len(conjunctions) == 1 and _can_be_pair(words, region):
        conjunction, cuts = conjunctions[0], [conjunctions[0]]
    else:
        return None
    ranges: list[tuple[int, int]] = []
    start = region.start
    for cut in [*cuts, end]:
        if cut > start:
            ranges.append((start, cut))
        start = cut + 1
    ranges = [(a, b) for a, b in ranges if detokenize(words[a:b]).lower() not in ("etc", "others", "more", "so on", "")]
    fewest = 3 if signs and region.kind in ("subject", "by", "colon") else 2
    if len(ranges) < fewest or not all(_is_item(words[a:b]) for a, b in ranges):
        return None
    joined_by_or = conjunction is not None and words[conjunction].lower == "or"
    return None if region.kind == "by" and not joined_by_or else ItemBounds(ranges, end, joined_by_or)


def _can_be_pair(words: Sequence[Token], region: ListRegion) -> bool:
    """Whether "A and B" is a list of two; not with a relative clause at the end, which may speak of both."""
    inside = words[region.start : region.end]
    if any(word.tag == "SUB" and word.lower in ("that", "which", "who") for word in inside):
        return False
    if region.kind == "colon":
        return any(word.lower in ("two", "both") for word in words[: region.intro_end])
    return region.kind not in ("subject", "by")


def _tail(words: Sequence[Token], region: ListRegion) -> int:
    """The end of the items where the sentence continues: "... are used", "... to find good settings"."""
    if region.kind not in ("such", "by"):
        return region.end
    last_sign = max((at for at in range(region.start, region.end) if words[at].text == ","), default=region.start)
    pending = 0
    for at in range(region.start, region.end):
        if words[at].tag == "SUB":
            pending += 1
        elif words[at].tag in FINITE and pending:
            pending -= 1
        elif words[at].tag in FINITE or (words[at].tag == "TO" and at > last_sign):
            return at - (words[at - 1].tag == "PUNCT")
    return region.end


def _is_item(item: Sequence[Token]) -> bool:
    """Whether the words are a noun phrase or a gerund, not a clause or a fragment."""
    plain = _plain(item)
    if not plain or len(plain) > MAX_ITEM_WORDS or main_verb(item) is not None:
        return False
    if plain[0].tag == "ADV" and len(plain) > 1:
        plain = plain[1:]
    if plain[0].tag not in ("N", "ADJ", "DET", "VG") and plain[0].lower != "using":
        return False
    loose_end = plain[-1].tag in ("PREP", "SUB", "CC", "TO", "AUX", "MD")
    return plain[0].lower not in ("this", "these", "those") and not loose_end


def _listing(clause: Clause, region: ListRegion, bounds: ItemBounds) -> Listing | None:
    """The list, unless it is part of another claim: "optimizers such as SGD and Adam follow the gradient"."""
    words = clause.words
    intro = list(words[: region.intro_end])
    tail = [token for token in words[bounds.end :] if token.tag != "PUNCT" or token.aside]
    ending, rest = tail, None
    if region.kind == "are":
        intro[-1] = replace(intro[-1], text="include")
    if region.kind == "such":
        has_predicate = bool(tail) and tail[0].tag in FINITE
        if any(token.tag == "SUB" for token in intro) or (has_predicate and not _is_light(tail)):
            return None
        if has_predicate:
            ending, rest = _shared_ending(intro, tail)
    if words[bounds.ranges[0][0]].start < clause.span.start:
        return None
    items: list[Item] = []
    for start, end in bounds.ranges:
        own = words[start:end]
        said = _agree(ending, own) if region.kind == "subject" else ending
        span = Span(own[0].start if items else clause.span.start, own[-1].end)
        items.append(Item((*intro, replace(own[0], spaced=True), *own[1:], *said), span))
    if tail and rest is None:
        items[-1] = replace(items[-1], span=Span(items[-1].span.start, tail[-1].end))
    need = required_count(
        len(items),
        examples=any(token.lower in EXAMPLE_WORDS for token in (*intro, *ending)),
        joined_by_or=bounds.joined_by_or,
        either=any(token.lower == "either" for token in words),
    )
    return Listing(tuple(items), need, _name(intro or words), rest)


def _shared_ending(intro: Sequence[Token], tail: Sequence[Token]) -> tuple[list[Token], Item | None]:
    """The part of the predicate that each item repeats, and the predicate as a separate claim where it says more.

    "Techniques like A, B and C are used to shrink a model" -> "are used", "Techniques are used to shrink a model".
    """
    at = next(at for at, token in enumerate(tail) if token.lower in LIGHT_PREDICATES)
    light, more = list(tail[: at + 1]), tail[at + 1 :]
    if not more or (more[0].tag != "TO" and len(more) <= MAX_SHARED_WORDS):
        return list(tail), None
    head = intro[: -(2 if intro[-1].lower == "as" else 1)]
    head = head[:-1] if head and head[-1].tag == "PUNCT" else head
    return light, Item((*head, *tail), Span(tail[0].start, tail[-1].end))


def _agree(predicate: Sequence[Token], item: Sequence[Token]) -> list[Token]:
    """The predicate, in the singular where the item is singular: "recall is common"."""
    head = [token for token in item if not token.aside][-1]
    if lexicon.is_plural(head.lower) or predicate[0].lower not in ("are", "were"):
        return list(predicate)
    return [replace(predicate[0], text="is" if predicate[0].lower == "are" else "was"), *predicate[1:]]


def _name(intro: Sequence[Token]) -> str:
    """A slug of the last nouns of the introduction: "common-remedies"."""
    nouns = [
        token.lower
        for token in intro
        if token.tag in ("N", "ADJ", "VG") and token.lower.isascii() and token.text.isalpha()
    ]
    kept = [noun for noun in nouns if noun not in ("such", "as", "like", "include")]
    return "-".join(kept[-3:]) or "list"
