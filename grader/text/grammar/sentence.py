"""Parsing a sentence into tagged tokens with asides marked, and the clause type.

`coordination`, `pronouns`, `clauses` and `listings` share these types and helpers. Nothing is split here.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import NamedTuple

from grader.text.formulas import ATOM, is_factor
from grader.text.grammar import lexicon, tagging
from grader.text.grammar.lexicon import word_set
from grader.text.grammar.tagging import DASHES, FINITE, NOMINAL, Token
from grader.text.normalisation import Span

# Adverbs that also modify a coordinated verb; others ("randomly") modify only the verb they precede.
SHARED_ADVERBS = lexicon.NEGATION_WORDS | word_set("usually typically generally normally often sometimes rarely always")


@dataclass(frozen=True)
class Clause:
    """One claim.

    Attributes:
        words: its tokens in reading order, including those borrowed from elsewhere in the sentence.
        span: of its own words in the sentence.
        adjunct_length: how many of `words` are an adjunct before the subject ("During training, ...").
    """

    words: tuple[Token, ...]
    span: Span
    adjunct_length: int = 0

    @property
    def verb(self) -> int | None:
        """Index of the main finite verb in `words`."""
        return main_verb(self.words, self.adjunct_length)

    @property
    def subject(self) -> tuple[Token, ...]:
        """The words before the verb, without the adjunct and adverbs; empty when there is no verb."""
        verb = self.verb
        return () if verb is None else without_tail(self.words[self.adjunct_length : verb])

    @property
    def adjunct_subject(self) -> tuple[Token, ...]:
        """The subject within an adjunct such as "If the rate is high"; empty where there is none."""
        if not self.adjunct_length or self.words[0].tag != "SUB":
            return ()
        verb = main_verb(self.words[: self.adjunct_length], 1)
        return () if verb is None else without_tail(self.words[1:verb])


class Conjunct(NamedTuple):
    """A conjunct: its words including borrowed ones, and the range of its own tokens in the sentence."""

    words: tuple[Token, ...]
    adjunct_length: int
    start: int
    end: int


def parse(sentence: str) -> list[Token]:
    """Tagged tokens, asides marked, without "However," at the start and brackets around everything."""
    return _without_link(tagging.tag(_mark_asides(_unwrapped(tagging.tokenize(sentence)))))


def detokenize(words: Sequence[Token], *, asides: bool = False) -> str:
    """Join words to a text with single spaces, a capital at the start and no punctuation at the end.

    Quotation marks with spaces on both sides, as tokenizers leave them, are dropped.
    """
    while words and ((words[-1].aside and not asides) or not words[-1].text.strip(".,;:-" + DASHES)):
        words = words[:-1]
    text = ""
    for token, following in zip_longest(words, words[1:]):
        detached = token.text in "'\"" and (token.spaced or not text) and (following is None or following.spaced)
        if detached or (token.aside and not asides):
            continue
        tight = token.text in ",.;:!?)]}%" or token.text[0] in "'\u2019" or token.lower in ("n't",)
        after_bracket = text.endswith(("(", "[", "{"))
        said = " ".join(token.text.split())  # a formula can have several lines
        text += said if not text or tight or after_bracket or not token.spaced else " " + said
    whole = bool(words) and _KEEPS_END.fullmatch(words[-1].text) is not None
    text = text.strip() if whole else text.strip().rstrip(" .,;:-" + DASHES)
    while not whole and text[-1:] in _CLOSES and text.count(text[-1]) > text.count(_CLOSES[text[-1]]):
        text = text[:-1].rstrip(" .,;:")
    first = text.split(" ", 1)[0].replace("-", "")
    return text[:1].upper() + text[1:] if first.isalpha() and first.islower() else text


# A formula, or an abbreviation such as "U.K.".
_KEEPS_END = re.compile(rf"(?x:{ATOM.pattern}) | (?:[^\W\d_]\.){{2,}}", re.VERBOSE)


def main_verb(words: Sequence[Token], start: int = 0) -> int | None:
    """The first finite verb from `start` on that belongs to no subordinate clause."""
    pending = 0
    for at in range(start, len(words)):
        token = words[at]
        if token.aside:
            continue
        if token.tag == "SUB" and at > start:
            pending += 1
        elif token.tag in FINITE and pending:
            pending -= 1
        elif token.tag in FINITE:
            return at
    return None


def without_tail(words: Sequence[Token]) -> tuple[Token, ...]:
    """Without final adverbs that modify one verb only ("first computes", "randomly drops")."""
    end = len(words)
    while end > 1 and words[end - 1].tag == "ADV" and words[end - 1].lower not in SHARED_ADVERBS:
        end -= 1
    return tuple(words[:end])


def is_singular(verb: Token) -> bool:
    """Whether a verb agrees with a singular subject: "reduces", "is"."""
    return verb.tag == "VS" or verb.lower in lexicon.SINGULAR_AUXILIARIES


def is_plural(verb: Token) -> bool:
    """Whether a verb agrees with a plural subject: "reduce", "are"."""
    return verb.tag == "VP" or verb.lower in lexicon.PLURAL_AUXILIARIES


def verb_base(verb: Token) -> str | None:
    """The base form of a verb that is not an auxiliary."""
    return verb.base("s") or verb.base("base") or verb.base("past")


def is_plural_subject(subject: Sequence[Token]) -> bool:
    """Whether a subject takes a plural verb: its head is plural, or "and" coordinates several."""
    head: Token | None = None
    for token in subject:
        if token.aside:
            continue
        if token.lower == "and":
            return True
        reduced = head is not None and head.tag in NOMINAL and token.base("past") is not None
        if token.tag in ("PREP", "SUB", "TO", "VN") or token.text in ",;:()" or reduced:
            break
        head = token
    return head is not None and lexicon.is_plural(head.lower)


# --- links and asides -------------------------------------------------------------------------------------


_LINKS = """
    however; therefore; thus; hence; consequently; moreover; furthermore; additionally; further; in addition;
    as a result; as a consequence; in contrast; by contrast; on the other hand; on the one hand; in other
    words; for example; for instance; in particular; in summary; in short; similarly; likewise; conversely;
    finally; firstly; secondly; thirdly; lastly; overall; also; besides; nevertheless; nonetheless;
    accordingly; instead; that is; to summarize; in conclusion; in general; generally; specifically;
    essentially; basically; meanwhile
"""
_LINK_PHRASES = tuple(tuple(phrase.split()) for phrase in _LINKS.split(";"))


def _without_link(tokens: Sequence[Token]) -> list[Token]:
    """Drop linking phrases such as "However," and a leading "and", "but" or "so"."""
    words = [token.lower for token in tokens]
    for phrase in _LINK_PHRASES:
        size = len(phrase)
        if tuple(words[:size]) == phrase and words[size : size + 1] == [","] and len(words) > size + 1:
            return list(tokens[size + 1 :])
    if words[:1] and words[0] in ("and", "but", "so", "yet") and len(words) > 3 and words[1] not in ("that", "as"):
        return list(tokens[1:])
    return list(tokens)


_CLOSING = {"(": ")", "[": "]"}
_CLOSES = {")": "(", "]": "["}


def _unwrapped(tokens: list[Token]) -> list[Token]:
    """Without brackets around the whole sentence."""
    last = len(tokens) - 1
    while last > 0 and tokens[last].text in ".!?":
        last -= 1
    if last > 1 and _CLOSING.get(tokens[0].text) == tokens[last].text and _closing_at(tokens, 0) == last:
        return tokens[1:last]
    return tokens


def _closing_at(tokens: Sequence[Token], at: int) -> int | None:
    """Index of the bracket that closes the one at `at`."""
    depth = 0
    for end in range(at, len(tokens)):
        depth += (tokens[end].text == tokens[at].text) - (tokens[end].text == _CLOSING[tokens[at].text])
        if depth == 0:
            return end
    return None


def _mark_asides(tokens: Sequence[Token]) -> list[Token]:
    """Mark parentheses that follow a word, and ", for example ..." and ", e.g. ..." up to the end."""
    marked = list(tokens)
    at = 0
    while at < len(tokens):
        end = _parenthesis_end(tokens, at) or _example_end(tokens, at)
        if end is None:
            at += 1
            continue
        for inside in range(at, end):
            marked[inside] = replace(tokens[inside], aside=True)
        at = end
    return marked


def _parenthesis_end(tokens: Sequence[Token], at: int) -> int | None:
    """One past the bracket that closes the one at `at`; `None` where it is no aside: f(x), y = (a + b)."""
    if tokens[at].text not in _CLOSING or (at > 0 and not (tokens[at].spaced and tokens[at - 1].text[-1].isalnum())):
        return None
    closing = _closing_at(tokens, at)
    if closing is not None and at > 0 and is_factor(tokens[at - 1].text, _joined(tokens[at + 1 : closing])):
        return None
    if closing is None or closing == at + 1 or (at == 0 and closing >= len(tokens) - 2):
        return None
    return closing + 1


def _joined(tokens: Sequence[Token]) -> str:
    return "".join(" " * token.spaced + token.text for token in tokens)


def _example_end(tokens: Sequence[Token], at: int) -> int | None:
    """One past an inline example that starts with the comma at `at`."""
    after = [token.lower for token in tokens[at + 1 : at + 4]]
    opens = after[:2] in (["for", "example"], ["for", "instance"]) or after[:1] == ["e.g."]
    if at == 0 or tokens[at].text != "," or not opens:
        return None
    if after[2:] == [","] and (after[0] != "e.g." or any(map(_can_be_finite, tokens[at + 4 :]))):
        return at + 4
    last = len(tokens) - (tokens[-1].text == ".")
    return last if not any(token.text == ";" for token in tokens[at:last]) else None


def _can_be_finite(token: Token) -> bool:
    """Whether a word can be a verb, so that what follows "X, e.g. Y," may be the predicate."""
    return bool({"s", "base", "past"} & lexicon.verb_forms(token.lower).keys()) or (
        token.lower in lexicon.AUXILIARIES | lexicon.MODALS
    )
