"""A sentence -> the same sentence with two of its parts exchanged. Pure, no model."""

import re
from collections.abc import Iterator, Sequence

from grader.evaluation.attacks.sentence_edits import SentenceEdit, clause_spans, edit_at
from grader.evaluation.attacks.word_lists import CONTRASTS, SYMMETRIC_VERBS
from grader.text import FINITE, Clause, Span, Token, clauses, is_plural_subject, tag, tokenize, verb_base


def role_swaps(sentence: str) -> list[SentenceEdit]:
    """The sentence with two of its parts exchanged: subject and object, the sides of "than", contrasting terms."""
    return [*_swapped_clauses(sentence), *_swapped_terms(sentence)]


def _swapped_clauses(sentence: str) -> Iterator[SentenceEdit]:
    for clause in clauses(sentence):
        at = clause.verb
        if at is None or not clause.subject or clause.adjunct_length:
            continue
        words = clause.words
        subject = _without_asides(clause.subject)
        than = next((index for index, token in enumerate(words) if index > at and token.lower == "than"), None)
        base = verb_base(words[at]) or "be"
        if than is not None:
            other = _noun_phrase(words, than + 1)
        elif base in SYMMETRIC_VERBS or words[at].tag in ("MD", "AUX"):
            continue
        else:
            other = _noun_phrase(words, at + 1)
        if _may_swap(sentence, clause, subject, other):
            yield _exchanged(sentence, subject, other, clause.span)


def _without_asides(subject: Sequence[Token]) -> tuple[Token, ...]:
    return tuple(token for token in subject if not token.aside)


def _noun_phrase(words: Sequence[Token], at: int) -> tuple[Token, ...]:
    """Determiner, adjectives and nouns from `at` on."""
    end = at
    while end < len(words) and words[end].tag in ("DET", "ADJ", "N", "VG") and not words[end].aside:
        if end > at and words[end].tag == "DET":
            return ()
        end += 1
    if [token.lower for token in words[end : end + 2]] == ["by", words[end - 1].lower]:  # "layer by layer"
        end -= 1
        return tuple(words[at:end]) if any(token.tag == "N" for token in words[at:end]) else ()
    closed = end == len(words) or words[end].tag in ("PUNCT", "PREP", "SUB", "TO")
    return tuple(words[at:end]) if closed and any(token.tag == "N" for token in words[at:end]) else ()


def _may_swap(sentence: str, clause: Clause, subject: Sequence[Token], other: Sequence[Token]) -> bool:
    """Whether both are plain, short noun phrases of this clause that agree in number."""
    if not other or not all(token.tag in ("DET", "ADJ", "N", "VG") for token in subject):
        return False
    if not any(token.tag == "N" for token in subject) or max(len(subject), len(other)) > 5:
        return False
    for part in (subject, other):
        start, end = part[0].start, part[-1].end
        inside = clause.span.start <= start and end <= clause.span.end
        if not inside or [token.text for token in tokenize(sentence[start:end])] != [token.text for token in part]:
            return False
    differ = {token.lower for token in subject} != {token.lower for token in other}
    vague = {"this", "that", "these", "those", "it", "there", "each", "one"}
    if {subject[0].lower, other[0].lower} & vague and min(len(subject), len(other)) == 1:
        return False
    return differ and is_plural_subject(subject) == is_plural_subject(other)


def _exchanged(sentence: str, one: Sequence[Token], other: Sequence[Token], clause: Span) -> SentenceEdit:
    """The sentence with two stretches exchanged; a capital at its start stays there."""
    left, right = Span(one[0].start, one[-1].end), Span(other[0].start, other[-1].end)
    first, second = sentence[left.start : left.end], sentence[right.start : right.end]
    if left.start == 0:
        second = second[:1].upper() + second[1:]
        if one[0].tag in ("DET", "ADJ"):  # any other first word may be a name
            first = first[:1].lower() + first[1:]
    between = sentence[left.end : right.start]
    new = second + between + first
    return edit_at(sentence, Span(left.start, right.end), new, clause, surely=True, shared=True)


def _swapped_terms(sentence: str) -> Iterator[SentenceEdit]:
    """Two contrasting terms, or two names, exchanged everywhere in one clause."""
    for span in clause_spans(sentence):
        clause = sentence[span.start : span.end]
        for one, other in [*CONTRASTS, *_names(clause)]:
            places = [match.span() for match in re.finditer(rf"\b(?:{re.escape(one)}|{re.escape(other)})\b", clause)]
            found_terms = {clause[start:end] for start, end in places}
            if found_terms != {one, other} or not _contrasted(clause[places[0][1] : places[-1][0]]):
                continue
            pattern = rf"\b(?:{re.escape(one)}|{re.escape(other)})\b"
            new = re.sub(pattern, lambda match, one=one, other=other: other if match[0] == one else one, clause)  # type: ignore[misc]
            yield edit_at(sentence, span, new[:1].upper() + new[1:] if clause[:1].isupper() else new, span, surely=True)


def _names(clause: str) -> list[tuple[str, str]]:
    """Pairs of names: words with a capital that do not open the clause, or with several capitals."""
    tokens = tokenize(clause)
    names = [
        token.text
        for token in tokens
        if (token.start > 0 and token.text[:1].isupper() and len(token.text) > 1)
        or re.match(r"\w*[A-Z]\w*[A-Z]", token.text)
    ]
    unique = list(dict.fromkeys(name for name in names if name not in ("I'd", "I'm", "GPU", "GPUs")))
    return [(one, other) for at, one in enumerate(unique) for other in unique[at + 1 :]]


def _contrasted(between: str) -> bool:
    """Whether the words between two terms contrast them, unlike "and" or a comma."""
    tokens = tag(tokenize(f"x {between} x"))
    if any(verb_base(token) in SYMMETRIC_VERBS - {"be"} for token in tokens):
        return False
    if any(token.tag == "CC" or token.text == "," for token in tokens) and not any(
        token.tag in FINITE for token in tokens
    ):
        return False
    return any(token.tag in FINITE or token.lower in ("than", "from", "to", "into", "not") for token in tokens)
