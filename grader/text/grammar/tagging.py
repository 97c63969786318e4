"""Part-of-speech tagging with rules and closed word lists: enough to find verbs, subjects and clauses.

No model. An unknown word counts as a noun, so that a sentence that is not understood is not split.

Own code, not spaCy or NLTK: it needs no model files and its tags do not change with a library version.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from grader.text.formulas import ATOM
from grader.text.grammar import lexicon
from grader.text.grammar.lexicon import Form

Tag = Literal[
    "N",  # noun, name, number, and every unknown word
    "ADJ",
    "DET",
    "PRON",
    "ADV",
    "PREP",
    "CC",  # and, or, but
    "SUB",  # that, which, because, when: opens a subordinate clause
    "TO",  # before an infinitive
    "MD",  # can, may, must
    "AUX",  # forms of be, have and do that agree with a subject
    "VS",  # third person singular: "reduces"
    "VP",  # plural or imperative: "reduce"
    "VD",  # simple past: "stopped"
    "VB",  # infinitive: "can reduce", "to reduce"
    "VN",  # passive or perfect participle: "is reduced"
    "VG",  # "reducing", also as a noun
    "PUNCT",
]
FINITE: frozenset[Tag] = frozenset(["MD", "AUX", "VS", "VP", "VD"])
VERBAL: frozenset[Tag] = FINITE | frozenset(["VB", "VN"])
NOMINAL: frozenset[Tag] = frozenset(["N", "PRON", "VG"])
DASHES = "\u2013\u2014"
BREAKS = frozenset(",;:" + DASHES)


@dataclass(frozen=True)
class Token:
    """One word or sign of a sentence.

    Attributes:
        text: as written.
        start, end: its span in the sentence.
        spaced: whether white space precedes it.
        tag: its part of speech.
        aside: whether it is in a parenthesis or an example, without which the sentence is complete.
    """

    text: str
    start: int
    end: int
    spaced: bool
    tag: Tag = "N"
    aside: bool = False

    @property
    def lower(self) -> str:
        """The word in lower case with a straight apostrophe, as in the word lists."""
        return self.text.lower().replace("\u2019", "'")

    def base(self, form: Form) -> str | None:
        """The base form of the verb whose `form` this word can be, if any."""
        return lexicon.verb_forms(self.lower).get(form)


_TOKEN = re.compile(
    rf"(?P<atom>(?x:{ATOM.pattern}))"  # a formula or code, whole
    r"|n['\u2019]t\b"  # "is n't", cut by a tokenizer
    r"|['\u2019](?:s|re|ve|ll|d|m)\b"
    r"|(?:e\.g|i\.e|etc|vs|cf|resp)\."
    r"|(?:[^\W\d_]\.){2,}(?![^\W_])"  # "U.K.", "p.m."
    r"|[^\W_](?:[\w.'\u2019/+&^-]*[\w+#%])?"  # words, numbers, "C++", "input/output"
    r"|\w+|\S"
)


def tokenize(sentence: str) -> list[Token]:
    """Split a sentence into words and signs; every character but white space is in exactly one token."""
    tokens: list[Token] = []
    for match in _TOKEN.finditer(sentence):
        start, end = match.span()
        spaced = start > 0 and sentence[start - 1].isspace()
        tokens.append(Token(match.group(), start, end, spaced))
    return tokens


def tag(tokens: Sequence[Token]) -> list[Token]:
    """Tag each token, from left to right; asides keep their tags."""
    spoken = [index for index, token in enumerate(tokens) if not token.aside]
    words = [tokens[index].lower for index in spoken]
    tags: list[Tag] = []
    for position in range(len(words)):
        tags.append(_tag(words, position, tags))
    tagged = list(tokens)
    for index, its_tag in zip(spoken, tags, strict=True):
        tagged[index] = replace(tokens[index], tag=its_tag)
    return tagged


def _tag(words: Sequence[str], at: int, tags: Sequence[Tag]) -> Tag:
    closed = _closed_class(words, at, tags)
    return closed if closed is not None else _open_class(words, at, tags)


def _closed_class(words: Sequence[str], at: int, tags: Sequence[Tag]) -> Tag | None:
    """The tag of a word that belongs to a short list, or `None`."""
    word, following = words[at], _word(words, at + 1)
    before = tags[-1] if tags else None
    if not any(char.isalnum() for char in word):
        return "PUNCT"
    if word == "to":
        return "TO" if _is_infinitive(words, at + 1) else "PREP"
    if word in lexicon.CONJUNCTIONS:
        return "CC"
    if len(word) > 3 and word.endswith(("'s", "s'")) and word not in lexicon.CONTRACTIONS:
        return "DET"
    if word in lexicon.MODALS and before not in ("DET", "ADJ"):
        return "MD"
    if word in lexicon.CLITICS and before in ("PRON", "SUB"):
        return "AUX" if word in ("'s", "'re", "'ve", "'m") else "MD"
    if word in lexicon.AUXILIARIES:
        return "VB" if before in ("MD", "TO") else "AUX"
    if word == "be":
        return "VB"
    if word == "that" and before in (None, "CC", "PREP") and not lexicon.verb_forms(following):
        return "DET"
    if word in lexicon.WEAK_SUBORDINATORS:
        return "SUB" if _opens_clause(words, at + 1) and _word(words, at - 1) != "such" else "PREP"
    if word in lexicon.SUBORDINATORS and _asks_infinitive(words, at):
        return "DET"
    if word in lexicon.SUBORDINATORS or (word == "time" and _word(words, at - 1) in ("every", "each", "next")):
        return "SUB"
    if word in ("either", "both") and (before in ("MD", "AUX") or "base" in lexicon.verb_forms(following)):
        return "ADV"
    if word in lexicon.DETERMINERS:
        return "DET"
    if word in lexicon.PRONOUNS:
        return "PRON"
    if word in lexicon.PREPOSITIONS and not (word == "like" and before in ("MD", "PRON")):
        return "PREP"
    if lexicon.is_adverb(word):
        return "ADV"
    return None


def _open_class(words: Sequence[str], at: int, tags: Sequence[Tag]) -> Tag:
    """Verb form, adjective or noun, from the word's possible forms and its neighbours."""
    word = words[at]
    forms = lexicon.verb_forms(word)
    before = _before(tags)
    default: Tag = "ADJ" if lexicon.is_adjective(word) else "N"
    if "base" in forms and _takes_infinitive(words, tags):
        return "VB"
    if "past" in forms and (participle := _past(words, at, tags)):
        return participle
    if before in ("DET", "PREP") and not _stands_alone(words, at, tags):
        return "VG" if "ing" in forms else default
    if "s" in forms and _is_third_person(words, at, tags):
        return "VS"
    if "base" in forms and _is_plural_or_imperative(words, at, tags):
        return "VB" if _goes_on_infinitive(words, tags) else "VP"
    if "ing" in forms:
        return "VG"
    return default


def _word(words: Sequence[str], at: int) -> str:
    return words[at] if 0 <= at < len(words) else ""


def _following(words: Sequence[str], at: int) -> str:
    """The next word that is no adverb, or the particle right after ("speeds up")."""
    after = at + 1
    while lexicon.is_adverb(_word(words, after)) and words[after] not in lexicon.PARTICLES:
        after += 1
    return _word(words, after)


def _before(tags: Sequence[Tag]) -> Tag | None:
    """The last tag that is not an adverb."""
    return next((its_tag for its_tag in reversed(tags) if its_tag != "ADV"), None)


def _before_at(tags: Sequence[Tag]) -> int:
    return next((at for at in range(len(tags) - 1, -1, -1) if tags[at] != "ADV"), -1)


def _is_infinitive(words: Sequence[str], at: int) -> bool:
    """Whether the words after "to" are an infinitive: "to reduce", "to first scale the", but not "to inputs"."""
    while lexicon.is_adverb(_word(words, at)) and at < len(words):
        at += 1
    word = _word(words, at)
    if word in ("be", "have", "do"):
        return True
    if "base" not in lexicon.verb_forms(word):
        return False
    following = _word(words, at + 1)
    return not lexicon.is_ambiguous(word) or _starts_object(following) or lexicon.is_adverb(following)


def _starts_object(word: str) -> bool:
    return word in lexicon.DETERMINERS or word in lexicon.OBJECT_PRONOUNS or lexicon.is_adjective(word)


def _opens_clause(words: Sequence[str], at: int) -> bool:
    """Whether a subject and an unmistakable verb follow within a few words, before the next comma."""
    for offset, word in enumerate(words[at : at + 7]):
        if word in BREAKS or word in lexicon.CONJUNCTIONS or word in lexicon.SUBORDINATORS:
            return False
        if offset > 0 and _surely_finite(word):
            return True
    return False


def _asks_infinitive(words: Sequence[str], at: int) -> bool:
    """Whether a question word introduces an infinitive and not a clause: "what to keep"."""
    if words[at] not in ("what", "which", "how", "where", "when", "whether", "who"):
        return False
    for word in words[at + 1 : at + 5]:
        if word == "to":
            return True
        if word in BREAKS or not (_is_noun_like(word) or lexicon.is_adjective(word)):
            return False
    return False


def _surely_finite(word: str) -> bool:
    if word in lexicon.MODALS or word in lexicon.AUXILIARIES:
        return True
    return bool({"s", "base"} & lexicon.verb_forms(word).keys()) and not lexicon.is_ambiguous(word)


def _takes_infinitive(words: Sequence[str], tags: Sequence[Tag]) -> bool:
    """Whether the words before require a base form: "can", "to", "does not", "lets gradients"."""
    at = _before_at(tags)
    if at < 0:
        return False
    if tags[at] in ("MD", "TO") or words[at] in lexicon.DO_FORMS:
        return True
    if words[at] in ("let", "lets", "make", "makes", "help", "helps"):
        return tags[at] in VERBAL and "help" in words[at]
    if tags[at] in NOMINAL and words[len(tags)] not in ("include", "involve"):
        start = max((index for index in range(at) if tags[index] in FINITE | {"VB", "PUNCT", "CC", "SUB"}), default=-1)
        return start >= 0 and words[start] in ("let", "lets", "make", "makes", "help", "helps")
    return False


def _past(words: Sequence[str], at: int, tags: Sequence[Tag]) -> Tag | None:
    """Participle after be or have, simple past with a subject, or `None` (an adjective or a noun)."""
    before_at = _before_at(tags)
    before = tags[before_at] if before_at >= 0 else None
    previous, following = _word(words, before_at), _word(words, at + 1)
    if before == "AUX" or previous in ("be", "been", "being", "have", "has", "had", "get", "gets"):
        return "VN"
    if before == "CC" and "VN" in tags and not _is_noun_like(following):
        return "VN"
    if (before == "PRON" and previous not in lexicon.OBJECT_PRONOUNS | {"there"}) or previous == "it":
        return "VD"
    has_object = _starts_object(following) and following not in lexicon.ADJECTIVES
    if before in ("N", "VG") and has_object and "base" not in lexicon.verb_forms(words[at]):
        return "VD"
    if before == "CC" and "VD" in tags and (has_object or not _is_noun_like(following)):
        return "VD"
    if before == "N" and _is_only_verb(words, at, tags):
        return "VD"
    return None


def _is_only_verb(words: Sequence[str], at: int, tags: Sequence[Tag]) -> bool:
    """Whether a past form must be the verb because the clause has no other: "the fire erupted at noon"."""
    narrative = "VD" in tags
    has_verb = _has_finite(tags) if narrative else bool(FINITE & set(tags))
    if has_verb or "base" in lexicon.verb_forms(words[at]) or _is_noun_like(_word(words, at + 1)):
        return False
    if narrative:
        return not _surer_verb_follows(words, at + 1)
    return not any(_surely_finite(word) and "base" not in lexicon.verb_forms(word) for word in words[at + 1 :])


def _is_noun_like(word: str) -> bool:
    """Whether a word can continue a noun phrase after a participle or an adjective."""
    return word not in lexicon.CLOSED_CLASSES and word[:1].isalnum() and not lexicon.is_adverb(word)


def _stands_alone(words: Sequence[str], at: int, tags: Sequence[Tag]) -> bool:
    """Whether the determiner before is the whole subject: "this reduces", "each updates the"."""
    before_at = _before_at(tags)
    alone = tags[before_at] == "DET" and words[before_at] in lexicon.STANDALONE_DETERMINERS
    return alone and (not lexicon.is_ambiguous(words[at]) or _starts_object(_word(words, at + 1)))


def _is_third_person(words: Sequence[str], at: int, tags: Sequence[Tag]) -> bool:
    word, following = words[at], _word(words, at + 1)
    before_at = _before_at(tags)
    before = tags[before_at] if before_at >= 0 else None
    if following == "of" and word not in ("consists", "thinks", "disposes"):
        return False
    if before in ("N", "VG", "PRON", "SUB", "DET"):
        if not lexicon.is_ambiguous(word):
            return not (before == "N" and _has_finite(tags) and not _after_relative(tags))
        if before == "SUB" and words[before_at] in ("that", "which", "who"):
            return _starts_object(following) or following in lexicon.PREPOSITIONS or lexicon.is_adverb(following)
        return _ambiguous_verb(words, at, tags, plural=False)
    if before == "ADJ":
        return not lexicon.is_ambiguous(word) and words[before_at] not in lexicon.ADJECTIVES
    if before == "CC":
        return _follows_coordinator(words, at, tags, "s")
    if before == "PUNCT" and words[before_at] == ",":
        if not lexicon.is_ambiguous(word):
            return True
        return _goes_on(words, at) and (_after_relative(tags) or ("VS" in tags and _ends_series(words, at, "s")))
    return False


def _goes_on(words: Sequence[str], at: int) -> bool:
    """Whether an object, a preposition or a particle follows, as after a verb."""
    following = _following(words, at)
    closed = following in lexicon.PREPOSITIONS or following in lexicon.PARTICLES
    return closed or _starts_object(following) or _is_noun_like(following)


def _ends_series(words: Sequence[str], at: int, form: Form) -> bool:
    """Whether a verb after a comma is one of several: "encodes A, samples from B, and decodes C"."""
    for offset in range(at + 2, len(words) - 2):
        if words[offset] == "and":
            verb_at = offset + 1 + lexicon.is_adverb(words[offset + 1])
            word = _word(words, verb_at)
            if form in lexicon.verb_forms(word) and not (
                lexicon.is_ambiguous(word) and lexicon.is_ambiguous(words[at])
            ):
                return True
    return False


def _is_plural_or_imperative(words: Sequence[str], at: int, tags: Sequence[Tag]) -> bool:
    word, following = words[at], _word(words, at + 1)
    before_at = _before_at(tags)
    before = tags[before_at] if before_at >= 0 else None
    ambiguous = lexicon.is_ambiguous(word)
    if following == "of":
        return False
    if before is None or (before == "PUNCT" and words[before_at] in ":;"):
        return _starts_object(following) or (not ambiguous and _is_noun_like(following))
    if before == "CC":
        return _follows_coordinator(words, at, tags, "base")
    if before == "PUNCT" and words[before_at] == "," and {"VP", "VB"} & set(tags):
        imperative = tags[0] == "VP" and (not ambiguous or _starts_object(following))
        return imperative or (_goes_on(words, at) and _ends_series(words, at, "base"))
    if before == "SUB":
        return not ambiguous or _starts_object(following)
    if before not in ("N", "PRON", "DET", "VG"):
        return False
    subject_is_plural = lexicon.is_plural(words[before_at]) or before == "DET" or _is_joined_subject(tags)
    if not subject_is_plural and (ambiguous or not _has_plural_head(words, tags)):
        return False
    if not ambiguous:
        return not _has_finite(tags) or _after_relative(tags)
    return _ambiguous_verb(words, at, tags, plural=True)


def _has_plural_head(words: Sequence[str], tags: Sequence[Tag]) -> bool:
    """Whether the clause so far is a plural noun with a modifier: "ways to reduce variance"."""
    start = max((at for at, its_tag in enumerate(tags) if its_tag in FINITE | {"PUNCT", "SUB"}), default=-1) + 1
    modifier = next((at for at in range(start, len(tags)) if tags[at] in ("PREP", "TO")), start)
    return modifier > start and tags[modifier - 1] == "N" and lexicon.is_plural(words[modifier - 1])


def _ambiguous_verb(words: Sequence[str], at: int, tags: Sequence[Tag], *, plural: bool) -> bool:
    """Whether "updates" or "share" is the verb: it agrees in number, an object follows, and no surer verb does."""
    before_at = _before_at(tags)
    if _has_finite(tags) and not _after_relative(tags):
        return False
    if tags[before_at] == "N" and lexicon.is_plural(words[before_at]) != plural and words[before_at] != "data":
        return False
    following = _following(words, at)
    if tags[before_at] == "PRON":
        return True
    goes_on = _starts_object(following) or following in lexicon.PARTICLES or (words[at], following) in PHRASAL
    goes_on = goes_on or following in ("what", "how", "whether", "which")
    if not goes_on and not (_is_noun_like(following) and tags[before_at] != "VG"):
        return False
    return not _surer_verb_follows(words, at + 1)


# Ambiguous verbs with prepositions after which they are verbs: "looks for", "points to".
_PHRASAL_VERBS = """
    account for; act as on; call for; change with over; compromise on; cost more; deal with; decrease with;
    differ in from; drift from; end with in at; fall below to into; fit in into; focus on; increase with;
    interface with; jump to; lead to; lie in on; load from; look for at; map to; match with; point to; range
    from; reach for; rest on; result in from; run on in; scale with; search for; share with; slide over; start
    with from at; step against; stop at; suit to; switch to; work on with for by
"""
PHRASAL = frozenset(
    (form, preposition)
    for verb, *prepositions in map(str.split, _PHRASAL_VERBS.split(";"))
    for form in (verb, lexicon.third_person(verb))
    for preposition in prepositions
)


def _surer_verb_follows(words: Sequence[str], at: int) -> bool:
    for word in words[at:]:
        if word in BREAKS or word in lexicon.CONJUNCTIONS or word in lexicon.SUBORDINATORS or word == "to":
            return False
        if _surely_finite(word):
            return True
    return False


def _follows_coordinator(words: Sequence[str], at: int, tags: Sequence[Tag], form: Form) -> bool:
    """Whether the word after "and" is a verb: one of the same form precedes and an object follows."""
    parallel: frozenset[Tag] = frozenset(["VS", "AUX"]) if form == "s" else frozenset(["VP", "VB", "AUX"])
    if not parallel & set(tags):
        return False
    word, following = words[at], _following(words, at)
    if following == "and" and form in lexicon.verb_forms(_word(words, at + 2)) and _starts_object(_word(words, at + 3)):
        return True
    if not lexicon.is_ambiguous(word):
        return form == "s" or following != ""
    if _starts_object(following) or following in lexicon.PARTICLES or (word, following) in PHRASAL:
        return True
    if form != "s" or "base" in lexicon.verb_forms(following):
        return False
    return _is_noun_like(following) and not _surer_verb_follows(words, at + 1)


def _is_joined_subject(tags: Sequence[Tag]) -> bool:
    """Whether the clause so far is several nouns without a verb: "sigmoid and tanh ..."."""
    start = max((at for at, its_tag in enumerate(tags) if its_tag in ("PUNCT", "SUB")), default=-1)
    clause = tags[start + 1 :]
    return "CC" in clause[1:] and not VERBAL & set(clause)


def _goes_on_infinitive(words: Sequence[str], tags: Sequence[Tag]) -> bool:
    """Whether a base form continues an infinitive: "can find errors and mend them"."""
    at = _before_at(tags)
    if at < 0 or tags[at] not in ("CC", "PUNCT"):
        return False
    if words[at] == "but" and any(word in lexicon.PLURAL_AUXILIARIES for word in words[:at]):
        return False
    return next((its_tag for its_tag in reversed(tags) if its_tag in VERBAL), None) == "VB"


def _has_finite(tags: Sequence[Tag]) -> bool:
    """Whether the clause so far has its verb."""
    start = max((at for at, its_tag in enumerate(tags) if its_tag in ("PUNCT", "SUB", "CC")), default=-1)
    return any(its_tag in FINITE for its_tag in tags[start + 1 :])


def _after_relative(tags: Sequence[Tag]) -> bool:
    """Whether a relative clause has ended before the main verb: "a unit that fires decays"."""
    subordinate = max((at for at, its_tag in enumerate(tags) if its_tag == "SUB"), default=-1)
    if subordinate < 1:
        return False
    head = tags[:subordinate]
    start = max((at for at, its_tag in enumerate(head) if its_tag in ("PUNCT", "CC")), default=-1)
    return not any(its_tag in FINITE for its_tag in head[start + 1 :])
