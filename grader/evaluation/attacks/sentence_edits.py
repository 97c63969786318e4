"""One change in one sentence: a negation, an opposite, another number, a weaker quantifier.

Every function returns all the edits that give correct English, and none where that is not certain. Pure, no model.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from grader.evaluation.attacks.word_lists import (
    COMPARATIVES,
    GROWTH_WORDS,
    IDIOMS,
    NUMBER_WORDS,
    OPPOSITES,
    ORDERS,
    UNITS,
    WEAKER,
)
from grader.text import (
    BE_FORMS,
    VERBAL,
    Clause,
    Span,
    Tag,
    Token,
    clauses,
    is_adjective,
    is_ambiguous,
    tag,
    third_person,
    tokenize,
    verb_forms,
    word_set,
)

# --- an edit and its place ---------------------------------------------------------------------------------


class SentenceEdit(NamedTuple):
    """One change of a sentence.

    Attributes:
        text: the changed sentence.
        span: the words of the old sentence that were changed.
        old, new: these words, and the words that replace them.
        clause: where the clause around them stands in the old sentence.
        surely: whether the change is about what the clause claims, whatever words a rubric uses for it.
        shared: whether a neighbouring clause may depend on the changed word, too ("can do A and B").
    """

    text: str
    span: Span
    old: str
    new: str
    clause: Span
    surely: bool = False
    shared: bool = False


def edit_at(
    sentence: str, span: Span, new: str, clause: Span, *, surely: bool = False, shared: bool = False
) -> SentenceEdit:
    """The sentence with the words at `span` replaced; an initial capital is kept. See `SentenceEdit`."""
    old = sentence[span.start : span.end]
    if old[:1].isupper() and not old.isupper():
        new = new[:1].upper() + new[1:]
    text = sentence[: span.start] + new + sentence[span.end :]
    return SentenceEdit(text, span, old, new, clause, surely, shared)


def phrases_in(sentence: str, table: Mapping[str, str]) -> Iterator[tuple[Span, str]]:
    """Where words and phrases of a table stand, the longest first; each place once."""
    taken: list[tuple[int, int]] = []
    for words in (3, 2, 1):
        known = [phrase for phrase in table if phrase.count(" ") == words - 1]
        for start, end in places_of(sentence.lower(), known):
            if not any(start < other_end and other_start < end for other_start, other_end in taken):
                taken.append((start, end))
    for start, end in sorted(taken):
        yield Span(start, end), sentence[start:end].lower()


def places_of(text: str, phrases: Sequence[str]) -> list[tuple[int, int]]:
    """Start and end of each phrase in a text in lower case."""
    wanted = set(phrases)
    tokens = [match.span() for match in re.finditer(r"[^\W_]+(?:['’][^\W_]+)?", text)]
    lengths = {phrase.count(" ") + 1 for phrase in wanted}
    found = []
    for length in lengths:
        for at in range(len(tokens) - length + 1):
            start, end = tokens[at][0], tokens[at + length - 1][1]
            if text[start:end] in wanted:
                found.append((start, end))
    return found


def clause_spans(sentence: str) -> list[Span]:
    """Where the clauses of a sentence stand; the whole sentence where it has none."""
    return [clause.span for clause in clauses(sentence)] or [Span(0, len(sentence))]


def clause_around(spans: Sequence[Span], place: Span) -> Span:
    """The clause in which a place lies; the last that begins before it where it lies in none."""
    inside = [span for span in spans if span.start <= place.start < span.end]
    if inside:
        return min(inside, key=lambda span: span.end - span.start)
    before = [span for span in spans if span.start <= place.start]
    return before[-1] if before else spans[0]


# --- negation -------------------------------------------------------------------------------------------

# Denying the verb of a clause with one of these words does not simply make it false.
_LIMITS = word_set("only no nor neither nothing none without hardly few little if unless whether than any nobody")
_BEFORE_NOT = word_set("usually often typically generally normally also mostly mainly still then always sometimes")
_UNDENIED = {
    "isn't": "is", "aren't": "are", "wasn't": "was", "weren't": "were", "doesn't": "does", "don't": "do",
    "didn't": "did", "hasn't": "has", "haven't": "have", "can't": "can", "cannot": "can", "won't": "will",
    "shouldn't": "should", "couldn't": "could", "wouldn't": "would",
}  # fmt: skip


def negations(sentence: str) -> list[SentenceEdit]:
    """The sentence with the main verb of one of its clauses negated, or with its negation removed."""
    edits = []
    for clause in clauses(sentence):
        if clause.verb is None:
            continue
        verb = clause.words[clause.verb]
        own = clause.span.start <= verb.start < clause.span.end and sentence[verb.start : verb.end] == verb.text
        edit = _negated(sentence, clause, clause.verb) if own else None
        if edit is not None:
            edits.append(edit)
    return edits


def _negated(sentence: str, clause: Clause, at: int) -> SentenceEdit | None:
    words = clause.words
    verb = words[at]
    around = [words[at - 1], *words[at + 1 : at + 3]] if at else [*words[at + 1 : at + 3]]
    if verb.lower in _UNDENIED or any(token.lower in ("not", "never") for token in around):
        return _without_not(sentence, clause, at)
    others = {token.lower for token in words if clause.span.start <= token.start < clause.span.end}
    if others & _LIMITS or any(word.endswith("n't") or word == "not" for word in others):
        return None
    denied = _denied(words, at)
    if denied is None:
        return None
    start, text = denied
    shared = verb.tag in ("AUX", "MD", "VP")
    return edit_at(sentence, Span(start, verb.end), text, clause.span, surely=True, shared=shared)


def _denied(words: Sequence[Token], at: int) -> tuple[int, str] | None:
    """Where the denied verb group starts, and its words."""
    verb = words[at]
    after = next((token for token in words[at + 1 :] if token.tag != "ADV"), None)
    following = None if after is None else after.tag
    helps = verb.lower in ("do", "does", "did") and following == "VB"
    helps = helps or (verb.lower in ("has", "have", "had") and following == "VN")
    if helps or verb.lower in BE_FORMS | {"'s", "'re"} or verb.tag == "MD":
        # "may not" and "might not" leave open what "may" leaves open.
        said = "cannot" if verb.lower == "can" else f"{verb.text.lower()} not"
        return None if verb.lower in ("may", "might") else (verb.start, said)
    plain = _plain(verb, words[at - 1].lower if at else "", following)
    is_noun = after is not None and "s" in verb_forms(after.lower) and not is_ambiguous(after.lower)
    if plain is None or is_noun:  # "the price: compute grows"
        return None
    helper, base = plain
    first = at
    while first and words[first - 1].tag == "ADV" and words[first - 1].lower not in _BEFORE_NOT:
        first -= 1
    adverbs = "".join(f"{token.text.lower()} " for token in words[first:at])
    return words[first].start, f"{helper} {adverbs}{base}"


_LEXICAL = {
    "has": ("does not", "have"), "have": ("do not", "have"), "had": ("did not", "have"),
    "does": ("does not", "do"), "do": ("do not", "do"), "did": ("did not", "do"),
}  # fmt: skip


def _plain(verb: Token, before: str, following: Tag | None) -> tuple[str, str] | None:
    """The helper that denies a full verb, and the verb's base form; `None` where it may not be a verb."""
    if verb.lower in _LEXICAL:
        return _LEXICAL[verb.lower]
    if verb.tag == "VS" and (base := verb.base("s")):
        return "does not", base
    doubtful = following in ("VS", "AUX", "MD") or before.endswith(("'ve", "'s", "'d", "'"))
    if verb.tag in ("VP", "VD") and not doubtful:
        if base := verb.base("base"):
            return "do not", base
        if following not in ("PREP", "PUNCT", None) and (base := verb.base("past")):
            return "did not", base
    return None


def _without_not(sentence: str, clause: Clause, at: int) -> SentenceEdit | None:
    """The clause without its "not"; the verb takes its plain form again."""
    words, verb = clause.words, clause.words[at]
    nearby = [at - 1] if at and words[at - 1].lower == "never" else []
    nearby += [index for index in (at + 1, at + 2) if index < len(words) and words[index].lower in ("not", "never")]
    index = nearby[0] if nearby else at
    if words[index].lower == "never":
        return edit_at(sentence, Span(words[index].start, words[index].end), "always", clause.span, surely=True)
    end = words[index].end
    said = _UNDENIED.get(verb.lower, verb.lower)
    after = words[index + 1] if index + 1 < len(words) else None
    if said in ("does", "do") and after is not None and (base := after.base("base")):
        said, end = third_person(base) if said == "does" else base, after.end
    if after is not None and after.lower in ("only", "just", "necessarily"):
        return None
    return edit_at(sentence, Span(verb.start, end), said, clause.span, surely=True, shared=verb.tag != "VS")


def denial(sentence: str) -> str | None:
    """The sentence denied as a whole: with its first verb denied, or `None` where that may not be correct."""
    edits = negations(sentence)
    return edits[0].text if edits else None


# --- opposites, numbers, quantifiers ---------------------------------------------------------------------


def opposites(sentence: str) -> list[SentenceEdit]:
    """The sentence with one word turned into its opposite: "increases" into "decreases", "before" into "after"."""
    edits = []
    spans = clause_spans(sentence)
    tags = {token.start: token.tag for token in tag(tokenize(sentence))}
    main = _main_verbs(sentence)
    said = set(re.findall(r"[a-z]+", sentence.lower()))
    idioms = places_of(sentence.lower(), IDIOMS)
    for span, word in phrases_in(sentence, OPPOSITES):
        idiom = any(span.start < end and start < span.end for start, end in idioms)
        hyphen = "-" in (sentence[span.start - 1 : span.start], sentence[span.end : span.end + 1])
        # Where both are named ("before and after"), replacing one by the other does not reverse the claim.
        both = OPPOSITES[word] in said
        if not (idiom or hyphen or both or _has_other_sense(sentence, span, word, tags.get(span.start))):
            surely = word in COMPARATIVES or span.start in main
            edits.append(edit_at(sentence, span, OPPOSITES[word], clause_around(spans, span), surely=surely))
    return edits


def _has_other_sense(sentence: str, span: Span, word: str, its_tag: Tag | None) -> bool:
    """Whether the word means something else here: a noun ("common causes"), half a phrase ("keeps X from Y")."""
    before = sentence[: span.start].lower().split()[-1:]
    after = sentence[span.end :].lower().split()
    verbal = its_tag in VERBAL or its_tag == "VG"
    if word in ("lower", "slow", "light", "warm", "cool", "open"):
        return verbal
    if word in ("the same", "similar") and not re.match(r"\s\w", sentence[span.end :]):
        return True
    if word in ("fast", "slow") and not re.match(r"\s[a-z]", sentence[span.end :]):
        return before not in (["is"], ["are"], ["too"], ["very"], ["and"])
    if before in (["more"], ["less"], ["most"], ["least"]) and word in COMPARATIVES | {"expensive", "cheap"}:
        return True
    if word in ("prevents", "prevent", "keep", "keeps", "protect", "protects", "help", "helps") and "from" in after:
        return True
    return bool(verb_forms(word)) and not is_adjective(word) and its_tag == "N" and word not in COMPARATIVES


def numbers(sentence: str) -> list[SentenceEdit]:
    """The sentence with one number, unit or order of growth changed."""
    spans = clause_spans(sentence)
    found: list[tuple[Span, str]] = []
    for match in re.finditer(r"\bO\(([^()]+)\)", sentence):
        if (other := ORDERS.get(match[1].strip())) is not None:
            found.append((Span(*match.span(1)), other))
    for match in re.finditer(r"(?<![\w.,^(/-])(\d{1,9}(?:\.\d+)?)(?![\w^/]|[.,-]\w)", sentence):
        percent = sentence[match.end() :].lstrip()[:1] == "%" or sentence[match.end() :].split()[:1] == ["percent"]
        found.append((Span(*match.span(1)), _other_number(match[1], percent=percent)))
    for match in re.finditer(r"(?<=\d)(?: ?)([A-Za-zµ]{1,12})\b", sentence):
        if (other := UNITS.get(match[1].lower())) is not None:
            found.append((Span(*match.span(1)), other))
    idioms = places_of(sentence.lower(), IDIOMS)
    for table in (NUMBER_WORDS, GROWTH_WORDS):
        for span, word in phrases_in(sentence, table):
            if not any(span.start < end and start < span.end for start, end in idioms):
                found.append((span, table[word]))
    return [edit_at(sentence, span, other, clause_around(spans, span), surely=True) for span, other in found]


def _other_number(digits: str, *, percent: bool) -> str:
    """Ten times the number; a tenth of a percentage above 10; a year with its last digits swapped; 1 for 0."""
    if re.fullmatch(r"1[5-9]\d\d|20\d\d", digits) and digits[2] != digits[3]:
        return digits[:2] + digits[3] + digits[2]
    value = float(digits)
    if value == 0:
        return "1"
    if percent and value > 10:
        return f"{value / 10:g}"
    return f"{value * 10:g}" if "." in digits else str(int(digits) * 10)


def weakenings(sentence: str) -> list[SentenceEdit]:
    """The sentence with "all", "always" or "must" weakened to "some", "sometimes" or "may"."""
    edits = []
    spans = clause_spans(sentence)
    for span, word in phrases_in(sentence, WEAKER):
        before = sentence[: span.start].lower().split()[-1:]
        after = re.findall(r"[a-z]+", sentence[span.end :].lower())[:1]
        new = "some of" if word == "all" and after == ["the"] else WEAKER[word]
        idiom = before in (["at"], ["or"], ["after"], ["above"], ["in"]) or after in (["other"], ["around"], ["time"])
        idiom = idiom or before == ["not"] or "".join(before).endswith("n't")
        if not idiom:
            edits.append(edit_at(sentence, span, new, clause_around(spans, span)))
    return edits


def _main_verbs(sentence: str) -> set[int]:
    """Where the main verbs of the sentence's clauses begin."""
    found = set()
    for clause in clauses(sentence):
        if clause.verb is not None:
            verb = clause.words[clause.verb]
            found.add(verb.start)
            following = [token for token in clause.words[clause.verb + 1 :] if token.tag != "ADV"][:1]
            if verb.tag in ("MD", "AUX") and following and following[0].tag in ("VB", "VN"):
                found.add(following[0].start)
    return found
