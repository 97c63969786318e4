"""Pronoun resolution: replaces "it", "they", "them" and the like where the antecedent is clear, and keeps the others.

Number agreement and the order of mention decide, not meaning. Pure; no model.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest

from grader.text.grammar import lexicon
from grader.text.grammar.lexicon import word_set
from grader.text.grammar.sentence import Clause, Conjunct, is_plural_subject, main_verb, without_tail
from grader.text.grammar.tagging import FINITE, Token

_EXPLETIVE = word_set(
    """
    important possible impossible necessary hard easy difficult clear common likely useful worth essential
    better best known helpful crucial sufficient enough because why how when where what done called
    """
)
_POINTING_VERBS = word_set("mean happen occur seem appear follow take depend")
_NO_NAMES = word_set("this these those that its their one both")
_NUMBER = {"it": False, "its": False, "this": False, "they": True, "their": True, "these": True}


def name_subjects(found: Sequence[Clause], subjects: Sequence[tuple[Token, ...]]) -> list[Clause]:
    """Replace leading pronouns by the subjects that they refer to, where that is clear."""
    named: list[Clause] = []
    candidates = list(subjects)
    adjunct_subjects: list[tuple[Token, ...]] = []
    for clause in found:
        is_fronted = clause.adjunct_length > 1 and clause.words[0].tag == "SUB" and clause.words[1].lower in _NUMBER
        if is_fronted:
            # "If it is too large, ..." refers to the topic rather than to the preceding subject.
            clause = _named(clause, 1, [*adjunct_subjects, *(candidates[1:] or candidates)])
        clause = _named(clause, clause.adjunct_length, candidates)
        named.append(clause)
        if clause.subject:
            candidates.insert(0, clause.subject)
        if clause.adjunct_subject:
            adjunct_subjects.insert(0, clause.adjunct_subject)
    return named


def dangling(sentence: Sequence[Token]) -> str | None:
    """The word up to the main verb that speaks of something outside the sentence: "Both are", "Without them"."""
    verb = main_verb(sentence)
    plain = [token for token in sentence[: len(sentence) if verb is None else verb + 1] if not token.aside]
    for at, (token, following) in enumerate(zip_longest(plain, plain[1:])):
        if token.tag == "SUB" and at > 0:
            continue
        rest = sentence[sentence.index(token) + 1 :]
        named = token.lower != "it" or verb is None or token is sentence[verb] or not _is_expletive(token, rest)
        if token.lower in ("former", "latter") or (token.lower in _POINTING and named):
            return token.text
        if token.lower in _BARE and (following is None or _ends_subject(following)):
            return token.text
        if token.tag in ("N", "VG", "VB") and token.lower not in _BARE:
            return None
    return None


def _ends_subject(token: Token) -> bool:
    is_verb = bool({"base", "s"} & lexicon.verb_forms(token.lower).keys()) and not lexicon.is_ambiguous(token.lower)
    return token.tag in FINITE or token.tag == "ADV" or token.text == "," or is_verb


_POINTING = word_set("it its they them their he him she her his")
# Pointing words where no noun follows.
_BARE = word_set("this that these those both neither either each others another such some many most")


def _named(clause: Clause, at: int, subjects: Sequence[tuple[Token, ...]]) -> Clause:
    """The clause with "it", "they", "this", "its" or "their" at `at` replaced by the first subject that agrees."""
    head = clause.words[at]
    if clause.verb is None or head.lower not in _NUMBER:
        return clause
    usable = [subject for subject in subjects if _can_be_antecedent(subject)]
    subject = next((one for one in usable if is_plural_subject(one) == _NUMBER[head.lower]), ())
    if not subject or (head.lower in ("this", "these") and (not subjects or subject != subjects[0])):
        return clause
    if head.lower in ("its", "their"):
        replacement = _possessive(subject) if len(subject) <= 4 else ()
    else:
        follows = clause.words[at + 1 :]
        direct = bool(follows) and next((token.tag in FINITE for token in follows if token.tag != "ADV"), False)
        replacement = subject if direct and not _is_expletive(head, follows) else ()
    if not replacement:
        return clause
    words = (*clause.words[:at], *_in_place(replacement, head), *clause.words[at + 1 :])
    adjunct_length = clause.adjunct_length + (len(replacement) - 1 if at < clause.adjunct_length else 0)
    return replace(clause, words=words, adjunct_length=adjunct_length)


def _can_be_antecedent(subject: Sequence[Token]) -> bool:
    """Whether a subject is no pronoun and is short enough to be repeated."""
    named = bool(subject) and subject[0].lower not in lexicon.PRONOUNS | _NO_NAMES
    plain = not any(token.tag in ("PRON", "MD", "PUNCT") for token in subject)
    return named and plain and len(subject) <= 8 and any(token.tag in ("N", "VG") for token in subject)


def _in_place(noun: Sequence[Token], pronoun: Token) -> tuple[Token, ...]:
    """The noun with the pronoun's position, spacing and capitalisation."""
    placed = [replace(token, start=pronoun.start, end=pronoun.end) for token in noun]
    is_article = placed[0].lower in lexicon.DETERMINERS and pronoun.text.islower()
    placed[0] = replace(placed[0], spaced=pronoun.spaced, text=placed[0].lower if is_article else placed[0].text)
    return tuple(placed)


def _is_expletive(head: Token, predicate: Sequence[Token]) -> bool:
    """Whether "it" or "this" refers to no noun: "it is important to", "this is because", "this means"."""
    verb = next(token for token in predicate if token.tag != "ADV")
    base = verb.base("s") or verb.base("base") or ""
    if base in _POINTING_VERBS:
        return True
    after = next((token for token in predicate[predicate.index(verb) + 1 :] if token.tag != "ADV"), None)
    if verb.tag == "AUX" and after is not None and (after.lower in _EXPLETIVE or after.tag == "SUB"):
        return True
    return head.lower in ("this", "these") and (verb.tag == "MD" or verb.lower in lexicon.BE_FORMS)


def _possessive(subject: tuple[Token, ...]) -> tuple[Token, ...]:
    last = subject[-1]
    ending = "'" if last.lower.endswith("s") else "'s"
    return (*subject[:-1], replace(last, text=last.text + ending))


# --- objects ----------------------------------------------------------------------------------------------


def name_objects(parts: Sequence[Conjunct], tokens: Sequence[Token]) -> list[Conjunct]:
    """Replace "it" or "them" in later conjuncts; where the antecedent is unclear, a conjunct joins the one before."""
    named = [parts[0]]
    for part in parts[1:]:
        before = named[-1]
        words = name_object(part, before)
        if words:
            named.append(part._replace(words=words))
        else:
            named[-1] = before._replace(words=(*before.words, *tokens[before.end : part.end]), end=part.end)
    return named


def name_object(part: Conjunct | Clause, before: Conjunct | Clause) -> tuple[Token, ...]:
    """The words of a conjunct, with "it" or "them" replaced; none where the antecedent is unclear."""
    at = _object_pronoun(part)
    if at is None:
        return part.words
    noun = _antecedent(before, part, plural=part.words[at].lower == "them")
    if not noun:
        return ()
    # Mentioned before, so "a rate" has become "the rate".
    article = replace(noun[0], text="the") if noun[0].lower in ("a", "an") else noun[0]
    noun = _in_place((article, *noun[1:]), part.words[at])
    return (*part.words[:at], *noun, *part.words[at + 1 :])


def _object_pronoun(part: Conjunct | Clause) -> int | None:
    """Index of "it" or "them" after the verb, where it is not the subject of another verb."""
    words = part.words
    verb = main_verb(words, part.adjunct_length)
    if verb is None:
        return None
    for at in range(verb + 1, len(words)):
        after = words[at + 1] if at + 1 < len(words) else None
        is_subject = after is not None and after.tag in FINITE
        is_empty = after is not None and (after.lower in _EXPLETIVE or after.tag == "ADJ")
        if words[at].lower in lexicon.OBJECT_PRONOUNS and not (is_subject or is_empty or words[at].aside):
            return at
    return None


def _antecedent(before: Conjunct | Clause, part: Conjunct | Clause, *, plural: bool) -> tuple[Token, ...]:
    """The object of the conjunct before, or its subject where the subject changes, if it agrees in number."""
    words, verb = before.words, main_verb(before.words, before.adjunct_length)
    if verb is None:
        return ()
    if any(word.lower == ("them" if plural else "it") for word in words[verb + 1 :]):
        return ()
    subject = without_tail(words[before.adjunct_length : verb])
    same_place = part.words[part.adjunct_length :][: len(subject)]
    changes = [token.lower for token in subject] != [token.lower for token in same_place]
    nouns = [noun for noun in _noun_phrases(words[verb + 1 :]) if is_plural_subject(noun) == plural]
    candidates = nouns[:1] if len(nouns) == 1 or (nouns and words[verb + 1] is nouns[0][0]) else []
    if not candidates and changes and subject and is_plural_subject(subject) == plural and not nouns:
        candidates = [subject]
    if not candidates or len(candidates[0]) > 6:
        return ()
    return tuple(candidates[0])


def _noun_phrases(words: Sequence[Token]) -> list[tuple[Token, ...]]:
    """The plain noun phrases of a predicate, in order."""
    phrases: list[tuple[Token, ...]] = []
    start: int | None = None
    for at, token in enumerate((*words, None)):
        inside = token is not None and token.tag in ("DET", "ADJ", "N", "VG", "CC") and not token.aside
        if inside and start is None and token is not None and token.tag != "CC":
            start = at
        if not inside and start is not None:
            phrase = words[start:at]
            if phrase[-1].tag in ("N", "VG"):
                phrases.append(tuple(phrase))
            start = None
    return phrases
