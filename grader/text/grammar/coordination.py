"""Splits coordinated clauses and verbs: "A does X and does Y" -> "A does X", "A does Y".

It splits only where it is sure: a compound that stays whole does less harm than a fragment. Pure; no model.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from grader.text.grammar import lexicon
from grader.text.grammar.lexicon import word_set
from grader.text.grammar.pronouns import name_objects
from grader.text.grammar.sentence import Clause, Conjunct, is_plural, is_singular, main_verb, verb_base, without_tail
from grader.text.grammar.tagging import BREAKS, FINITE, NOMINAL, Tag, Token
from grader.text.normalisation import Span

CONTRASTS = word_set("while whereas although though")
JOINERS = word_set("and but yet so then")
# Participles that begin an adjunct: "Compared to A, B is ...".
FRONTING = word_set("based compared given")
# Adverbs that only link a clause to the one before.
LINKS = word_set("then thus hence therefore so finally also consequently")
# A cause and its effect stay together: alone, the effect would be an unconditional claim.
CAUSAL_VERBS = word_set("cause lead result mean imply")
CAUSAL_LINKS = word_set("so thus hence therefore consequently")
# Nouns that need the other conjunct: "..., but the cost grows" does not say which cost.
RELATIONAL = word_set(
    """
    cost price result effect number size rest outcome idea reason goal aim advantage disadvantage drawback
    downside benefit gain loss error accuracy quality speed problem risk purpose consequence
    """
)
# Words that refer to the other conjunct.
ANAPHORIC = word_set("respectively latter former vice")


class Adjunct(NamedTuple):
    """An adjunct before the subject: its number of tokens, and whether it is a contrast ("Whereas A ...")."""

    length: int
    contrast: bool


def split(tokens: Sequence[Token]) -> list[Clause]:
    """Split at coordinations whose conjuncts each make a claim."""
    adjunct = _fronted_adjunct(tokens)
    if adjunct.contrast:
        first = split(tokens[1 : adjunct.length])
        return [*first, *split(tokens[adjunct.length :])]
    return _cut_all(tokens, adjunct.length)


def _fronted_adjunct(tokens: Sequence[Token]) -> Adjunct:
    """The adjunct before the subject: "During training, ...", "If it rains, ...", "In regression the ..."."""
    first = tokens[0]
    if first.tag not in ("PREP", "SUB", "TO", "VG", "ADV") and first.lower not in FRONTING:
        return Adjunct(0, False)
    commas = [at for at in range(1, len(tokens) - 2) if tokens[at].text == "," and not tokens[at].aside]
    for at in commas:
        if not _is_clause(tokens[at + 1 :]):
            continue
        if first.tag == "PREP" and at > commas[0] and tokens[commas[0] + 1].tag in ("N", "ADJ", "DET"):
            # "For classification, accuracy, precision and recall are common": a list is the subject.
            return Adjunct(commas[0] + 1, False)
        if first.tag == "SUB" and main_verb(tokens[1:at]) is None:
            continue
        if first.tag == "VG" and (at < 2 or tokens[at + 1].tag not in ("DET", "PRON")):
            continue
        return Adjunct(at + 1, first.lower in CONTRASTS)
    verb = main_verb(tokens)
    if first.tag == "PREP" and verb is not None:
        for at in range(2, verb):
            if tokens[at].tag in ("DET", "PRON") and tokens[at - 1].tag in NOMINAL:
                return Adjunct(at, False)
    return Adjunct(0, False)


def _is_clause(tokens: Sequence[Token]) -> bool:
    """Whether the tokens begin with a plain subject and its verb."""
    verb = main_verb(tokens)
    if not tokens or verb is None or verb == 0:
        return False
    subject = [token for token in tokens[:verb] if not token.aside]
    if not subject or not any(token.tag in NOMINAL or token.tag == "DET" for token in subject):
        return False
    if subject[0].tag in ("CC", "SUB", "PUNCT", "TO", "VB", "VN") or subject[-1].tag == "CC":
        return False
    if any(token.text in ",;:" for token in subject):
        return False
    joined = any(token.tag == "CC" and token.lower == "and" for token in subject)
    return not (joined and is_singular(tokens[verb])) or _is_plural_head(subject)


def _is_plural_head(subject: Sequence[Token]) -> bool:
    """Whether "and" is inside a modifier after the head: "the ratio of hits and misses"."""
    before_and = next(at for at, token in enumerate(subject) if token.lower == "and")
    return any(token.tag == "PREP" for token in subject[:before_and])


# --- from coordination to coordination -----------------------------------------------------------------------


class Coordination(NamedTuple):
    """A place where two conjuncts may meet.

    Attributes:
        right: index of the right conjunct's first token.
        word: the conjunction, empty without one.
        comma, colon: whether a comma or dash, or a colon, precedes it.

    """

    right: int
    word: str
    comma: bool
    colon: bool = False


def _coordination_at(tokens: Sequence[Token], at: int) -> Coordination | None:
    """The coordination that begins at `at`: a comma or dash, a conjunction such as "and" or "while", or both."""
    if tokens[at].aside or (at > 0 and tokens[at - 1].lower in ("i.e.", "e.g.", "etc.", "i.e", "e.g")):
        return None
    comma = tokens[at].text in BREAKS
    right = at + 1 if comma else at
    while right < len(tokens) and tokens[right].aside:
        right += 1
    word = tokens[right].lower if right < len(tokens) else ""
    if word in JOINERS or word in CONTRASTS:
        if not comma and word in ("though", "although", "so", "then"):
            return None
        return Coordination(right + 1, word, comma)
    return Coordination(right, "", True, tokens[at].text == ":") if comma else None


def _cut_all(tokens: Sequence[Token], adjunct_length: int) -> list[Clause]:
    """Split at each coordination whose right conjunct is a clause, or a verb phrase that shares the subject."""
    is_subordinate = tokens[0].tag == "SUB" and adjunct_length == 0
    if is_subordinate or any(token.lower in ANAPHORIC for token in tokens):
        return [_clause(tokens, tokens, adjunct_length)]
    parts: list[Conjunct] = []
    current, current_adjunct_length, start = list(tokens[:adjunct_length]), adjunct_length, 0
    at = adjunct_length
    while at < len(tokens):
        whole = len(current) > current_adjunct_length and not _in_brackets(tokens[start:at])
        coordination = _coordination_at(tokens, at) if whole else None
        borrowed = (
            None
            if coordination is None
            else _right_side(
                current, current_adjunct_length, tokens[coordination.right :], coordination, tokens[:adjunct_length]
            )
        )
        if coordination is None or borrowed is None:
            current.append(tokens[at])
            at += 1
            continue
        parts.append(Conjunct(tuple(current), current_adjunct_length, start, at))
        current, current_adjunct_length = list(borrowed.prefix), borrowed.adjunct_length
        start = at = coordination.right + borrowed.skipped
        if borrowed.suffix:
            spoken = [token for token in tokens[start:] if token.tag != "PUNCT"]
            parts.append(Conjunct((*current, *spoken, *borrowed.suffix), current_adjunct_length, start, len(tokens)))
            break
    else:
        parts.append(Conjunct(tuple(current), current_adjunct_length, start, len(tokens)))
    parts = name_objects(parts, tokens)
    found = [_clause(part.words, tokens[part.start : part.end], part.adjunct_length) for part in parts]
    return [_without_pairs(clause) for clause in found] if len(found) > 1 else found


def _in_brackets(before: Sequence[Token]) -> bool:
    """Whether brackets that are no aside are open, as in f (x, y)."""
    signs = [token.text for token in before if not token.aside]
    return signs.count("(") > signs.count(")")


def _clause(words: Sequence[Token], own: Sequence[Token], adjunct_length: int) -> Clause:
    spoken = [token for token in own if any(char.isalnum() for char in token.text) or token.aside] or list(own)
    return Clause(tuple(words), Span(spoken[0].start, spoken[-1].end), adjunct_length)


def _without_pairs(clause: Clause) -> Clause:
    """Without "not only" and "both", which make no sense in one half."""
    words = list(clause.words)
    for at in range(len(words) - 1):
        if words[at].lower == "not" and words[at + 1].lower == "only":
            del words[at : at + 2]
            break
        if words[at].lower in ("both", "also") and words[at + 1].tag in ("VS", "VP", "VB", "VN"):
            del words[at]
            break
    return replace(clause, words=tuple(words))


# --- what the right conjunct borrows from the left -------------------------------------------------------------


class Borrowed(NamedTuple):
    """What a right conjunct borrows from the left one.

    Attributes:
        prefix: the words put before it.
        adjunct_length: number of words of the adjunct, counted from the prefix.
        skipped: number of its own link words that are dropped.
        suffix: the words put after it.
    """

    prefix: tuple[Token, ...]
    adjunct_length: int
    skipped: int
    suffix: tuple[Token, ...] = ()


def _right_side(
    left: Sequence[Token],
    left_adjunct_length: int,
    right: Sequence[Token],
    coordination: Coordination,
    adjunct: Sequence[Token],
) -> Borrowed | None:
    """What the right conjunct borrows from the left to stand alone; `None` when the two must stay together."""
    verb = main_verb(left, left_adjunct_length)
    if verb is None or not right:
        return None
    skipped = 0
    while skipped < len(right) - 1 and right[skipped].lower in LINKS:
        skipped += 1
    rest = right[skipped:]
    missing = _missing_predicate(left, verb, rest)
    if (_ends_bare(rest) and not missing) or _stays_together(left, verb, rest, coordination):
        return None
    if _is_own_clause(rest, left[verb:], coordination):
        causal = coordination.word == "so" or any(token.lower in CAUSAL_LINKS for token in right[:skipped])
        if causal or _is_effect(left[verb], rest, coordination) or _needs_left(rest):
            return None
        if coordination.word == "while" and not coordination.comma and not _contrasts(left[verb], rest):
            return None
        own_adjunct_length = _fronted_adjunct(rest).length if rest[0].tag in ("PREP", "SUB") else 0
        borrowed = () if coordination.word in CONTRASTS or own_adjunct_length else tuple(adjunct)
        return Borrowed(borrowed, len(borrowed) + own_adjunct_length, skipped, missing)
    while skipped < len(right) - 1 and rest[0].tag == "ADV" and rest[0].lower not in lexicon.NEGATION_WORDS:
        rest = rest[1:]
    shared = (
        None if coordination.word in CONTRASTS or coordination.word == "so" else _shared(left, verb, rest, coordination)
    )
    if shared is None:
        return None
    if [token.lower for token in left[shared - 2 : shared]] == ["not", "only"]:
        shared -= 2
    borrowed = without_tail(left[:shared])
    if rest[0].tag in ("AUX", "MD") and borrowed and borrowed[-1].tag == "ADV":
        borrowed = borrowed[:-1]
    return Borrowed(borrowed, left_adjunct_length, skipped)


def _stays_together(left: Sequence[Token], verb: int, right: Sequence[Token], coordination: Coordination) -> bool:
    """Whether the conjuncts need each other: "either A and B, or C", "there is a catch: ...", "has both"."""
    words = [token.lower for token in right if token.tag != "PUNCT"]
    either = any(token.lower == "either" for token in left) and "or" in words
    announced = coordination.colon and left[max(0, verb - 1)].lower in ("there", "it", "this")
    compares = (words[-1:] == ["both"] or words[-2:] == ["the", "two"]) and not any(t.text == "," for t in right)
    return either or announced or compares


def _contrasts(verb: Token, right: Sequence[Token]) -> bool:
    """Whether "while" without a comma compares: the same verb on both sides, and it describes a state."""
    at = main_verb(right)
    if at is None or at + 1 >= len(right) or right[at + 1].tag in ("VN", "VG"):
        return False
    same = verb.lower == right[at].lower or (verb_base(verb) is not None and verb_base(verb) == verb_base(right[at]))
    return same or {verb.lower, right[at].lower} <= lexicon.BE_FORMS


def _is_effect(verb: Token, right: Sequence[Token], coordination: Coordination) -> bool:
    """Whether the right conjunct is an effect: "high bias causes underfitting, and both errors are high"."""
    base = verb_base(verb)
    right_verb = main_verb(right)
    same = right_verb is not None and verb_base(right[right_verb]) == base
    return base in CAUSAL_VERBS and coordination.word in ("and", "") and not same


def _needs_left(right: Sequence[Token]) -> bool:
    """Whether the right subject is "the cost", "failure" or the like, without a complement."""
    subject = [token.lower for token in right[: main_verb(right)] if token.tag != "ADV"]
    if subject[0] != "the":
        return subject in (["failure"], ["success"])
    return len(subject) <= 3 and subject[-1] in RELATIONAL


def _missing_predicate(left: Sequence[Token], verb: int, right: Sequence[Token]) -> tuple[Token, ...]:
    """The predicate of the left conjunct that a final "... do not" elides."""
    spoken = [token for token in right if token.tag != "PUNCT"]
    base = left[verb].base("s") or left[verb].base("base")
    if len(spoken) < 3 or spoken[-1].lower != "not" or spoken[-2].lower not in lexicon.DO_FORMS or base is None:
        return ()
    place = spoken[-1].end
    named = replace(left[verb], text=base, tag="VB", spaced=True)
    return tuple(replace(token, start=place, end=place) for token in (named, *left[verb + 1 :]))


def _ends_bare(tokens: Sequence[Token]) -> bool:
    """Whether the tokens end on an auxiliary: "..., but others do not"."""
    spoken = [token for token in tokens if token.tag not in ("PUNCT", "ADV") and not token.aside]
    return not spoken or spoken[-1].tag in ("AUX", "MD", "CC", "SUB", "PREP", "TO") or len(spoken) < 2


def _is_own_clause(right: Sequence[Token], predicate: Sequence[Token], coordination: Coordination) -> bool:
    """Whether the right conjunct has its own subject and verb, and is not part of a subordinate clause on the left."""
    body = right[_fronted_adjunct(right).length :] if right[0].tag in ("PREP", "SUB") else right
    if not _is_clause(body):
        return False
    verb = main_verb(body) or 0
    if body[0].lower in ("this", "these", "that", "those") and verb == 1:
        return False
    subordinate = [at for at, token in enumerate(predicate) if token.tag == "SUB"]
    if subordinate:
        last = predicate[subordinate[-1] + 1 :]
        complement = predicate[subordinate[-1]].lower in ("that", "whether", "how", "if") and subordinate[-1] == 1
        if not coordination.comma or complement or not any(token.tag in FINITE for token in last):
            return False
    return coordination.comma or not any(token.lower in ("let", "lets", "make", "makes") for token in predicate[-5:])


def _shared(left: Sequence[Token], verb: int, right: Sequence[Token], coordination: Coordination) -> int | None:
    """How many tokens of the left a right conjunct that begins with a verb shares: up to the verb of the same form."""
    first = right[0]
    if not coordination.word and not _ends_series(right):
        return None
    same = [at for at in range(verb, len(left)) if _same_form(left[at], first)]
    if not same or len(right) < 2:
        return None
    latest = same[-1]
    adverb: Tag = "PUNCT" if left[latest].lower in lexicon.BE_FORMS else "ADV"
    if any(token.text == ":" for token in left[verb:latest]):
        return None
    if first.tag == "VN" and left[-1].base("past") and not left[-1].base("base"):
        return None
    complement = [token for token in left[latest + 1 :] if token.tag not in (adverb, "PUNCT")]
    if not complement or (first.tag in ("VB", "VN") and left[latest - 1].lower in lexicon.NEGATION_WORDS):
        return None
    opener = next((at for at in range(latest - 1, verb, -1) if left[at].tag == "SUB"), None)
    if opener is None:
        opened_later = any(token.tag == "SUB" for token in left[latest + 1 :])
        return None if opened_later and not coordination.comma else latest
    defines = left[verb].lower in lexicon.BE_FORMS and left[opener].lower in ("that", "which", "who")
    if defines and left[opener - 1].text != "," and opener == latest - 1:
        return opener + 1
    return verb if coordination.comma and _same_form(left[verb], first) and left[opener - 1].text != "," else None


def _ends_series(right: Sequence[Token]) -> bool:
    """Whether a later "and" precedes a verb of the same form, so that the comma is part of a series of verbs."""
    spoken = [token for token in right if token.tag != "ADV"]
    pairs = pairwise(spoken[1:])
    return any(one.lower == "and" and two.tag == right[0].tag and two.tag in ("VS", "VP", "VB") for one, two in pairs)


def _same_form(left: Token, right: Token) -> bool:
    """Whether two verbs can be coordinated: both agree with one subject, or both have the same other form."""
    if right.tag in ("VB", "VN", "VD"):
        return left.tag == right.tag
    if right.tag == "MD":
        return left.tag in FINITE
    if right.tag in ("VS", "VP", "AUX"):
        if left.tag == "MD":
            return right.tag == "AUX"
        agrees = is_singular(left) == is_singular(right) and is_plural(left) == is_plural(right)
        return agrees and left.tag in FINITE
    return False
