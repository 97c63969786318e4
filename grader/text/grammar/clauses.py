"""Splits a sentence into clauses that each make one claim, with spans into the sentence.

Coordinations are split first, then relative and participial clauses about the same subject. Pronouns are resolved last.
Pure; no model.
"""

from collections.abc import Sequence
from dataclasses import replace

from grader.text.grammar import lexicon
from grader.text.grammar.coordination import LINKS, split
from grader.text.grammar.lexicon import word_set
from grader.text.grammar.pronouns import name_object, name_subjects
from grader.text.grammar.sentence import Clause, is_singular, parse
from grader.text.grammar.tagging import FINITE, Token, tokenize
from grader.text.normalisation import Span

# Verbs whose participle states a result of the main clause and shares its subject: "..., reducing overfitting".
RESULTS = word_set(
    """
    lead make cause reduce allow enable prevent improve increase decrease limit produce result give provide
    help ensure avoid create form yield keep let speed slow save outperform introduce remove eliminate
    stabilize encourage force turn capture preserve minimize maximize lower raise weaken strengthen hinder
    achieve add replace require return store penalize destabilize compute generate extract reveal convert
    transform combine ignore smooth adjust adapt hurt discard skip simplify
    """
)
# After these verbs a relative clause "..., which does Y" refers to the noun right before it.
NAMING_VERBS = word_set("be have use contain call need")
# Of 1,117 sentences of reference answers (computer science, school science, news), the longest real one has 80.
MAX_TOKENS = 150


def clauses(sentence: str, *, subjects: Sequence[tuple[Token, ...]] = ()) -> tuple[Clause, ...]:
    """Split one sentence into clauses; each repeats its subject and whatever it shares with another.

    Args:
        sentence: one sentence; more than one is treated as one.
        subjects: candidate antecedents of a leading "it", "they" or "this", the likeliest first; the first that
            agrees in number replaces it.

    **Undefined:** no clause for a sentence without letters or digits; one clause for a sentence of more than
    `MAX_TOKENS` tokens, which is not split.
    """
    if not any(char.isalnum() for char in sentence):
        return ()
    tokens = tokenize(sentence)
    if len(tokens) > MAX_TOKENS:
        return (Clause(tuple(tokens), Span(tokens[0].start, tokens[-1].end)),)
    tokens = parse(sentence)
    found = [part for clause in split(tokens) for part in _extract(clause)]
    return tuple(name_subjects(found, subjects))


def _extract(clause: Clause) -> list[Clause]:
    """The clause without its relative or participial clause, and that clause as a claim about the same subject."""
    for rule in (_middle_relative, _final_relative, _result):
        parts = rule(clause)
        named = [name_object(part, parts[0]) for part in parts[1:]]
        if parts and all(named):
            return [parts[0], *(replace(part, words=words) for part, words in zip(parts[1:], named, strict=True))]
    return [clause]


def _own_from(clause: Clause, at: int) -> Span:
    """The span of the clause's own words from `at` on."""
    return Span(clause.words[at].start, clause.span.end)


def _middle_relative(clause: Clause) -> list[Clause]:
    """Two claims from "X, which does Y, does Z": "X does Y", "X does Z"."""
    words, adjunct_length = clause.words, clause.adjunct_length
    opener = next((at for at in range(adjunct_length + 1, len(words) - 2) if _opens_relative(words, at)), None)
    verb = clause.verb
    if opener is None or verb is None or verb < opener or adjunct_length:
        return []
    closing = next((at for at in range(opener + 2, verb + 1) if words[at].text == ","), None)
    if closing is None or closing + 1 > verb or words[opener + 2].tag not in FINITE or words[closing + 1].tag == "CC":
        return []
    antecedent = words[:opener]
    if words[opener].start < clause.span.start:
        return [replace(clause, words=(*antecedent, *words[closing + 1 :]))]
    first = replace(
        clause,
        words=(*antecedent, *words[opener + 2 : closing]),
        span=Span(clause.span.start, words[closing - 1].end),
    )
    others = split((*antecedent, *words[closing + 1 :]))
    others[0] = replace(others[0], span=Span(words[closing + 1].start, others[0].span.end))
    return [first, *others]


def _opens_relative(words: Sequence[Token], at: int) -> bool:
    return words[at].text == "," and words[at + 1].lower in ("which", "who") and words[at + 1].tag == "SUB"


def _final_relative(clause: Clause) -> list[Clause]:
    """Two claims from "X uses a Y, which does Z": "X uses a Y", "A Y does Z"; only where "which" is clear."""
    words, verb = clause.words, clause.verb
    opener = next((at for at in range(len(words) - 3, 0, -1) if _opens_relative(words, at)), None)
    if opener is None or verb is None or opener < verb or words[opener + 2].tag not in FINITE:
        return []
    noun = [token for token in words[verb + 1 : opener] if not token.aside]
    base = (
        words[verb].base("s") or words[verb].base("base") or ("be" if words[verb].lower in lexicon.BE_FORMS else "have")
    )
    simple = noun and noun[0].lower in ("a", "an") and all(token.tag in ("DET", "ADJ", "N", "VG") for token in noun)
    if not simple or base not in NAMING_VERBS or not is_singular(words[opener + 2]):
        return []
    antecedent = clause.subject if base == "be" else tuple(noun)
    first = replace(clause, words=words[:opener], span=Span(clause.span.start, words[opener - 1].end))
    second = Clause((*antecedent, *words[opener + 2 :]), _own_from(clause, opener + 1))
    return [first, second]


def _result(clause: Clause) -> list[Clause]:
    """Two claims from "X does Y, reducing Z": "X does Y", "X reduces Z"; only where X acts unconditionally."""
    words, verb = clause.words, clause.verb
    if verb is None or words[verb].tag not in ("VS", "VP") or not clause.subject or _is_list_verb(words[verb]):
        return []
    if clause.adjunct_length and words[0].lower in ("if", "when", "without", "unless", "while"):
        return []
    for comma in range(verb + 2, len(words) - 2):
        at = comma + 1
        while at < len(words) - 1 and (words[at].tag == "ADV" or words[at].lower in ("thereby", "thus")):
            at += 1
        participle = words[at]
        base = participle.base("ing")
        if words[comma].text != "," or words[comma].aside or participle.tag != "VG" or base is None:
            continue
        if lexicon.stem(base) not in RESULTS or any(token.tag in ("SUB", "PUNCT") for token in words[verb:comma]):
            continue
        text = lexicon.third_person(base) if words[verb].tag == "VS" else base
        finite = replace(participle, text=text, tag=words[verb].tag)
        adverbs = [token for token in words[comma + 1 : at] if token.lower not in LINKS | {"thereby"}]
        first = replace(clause, words=words[:comma], span=Span(clause.span.start, words[comma - 1].end))
        second = Clause((*clause.subject, *adverbs, finite, *words[at + 1 :]), _own_from(clause, comma + 1))
        return [first, second]
    return []


def _is_list_verb(token: Token) -> bool:
    return (token.base("s") or token.base("base")) in ("include", "involve", "comprise", "consist")
