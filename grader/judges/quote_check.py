"""Check a judge's quote: it must be in the answer, and it must be evidence. Exact text, no similarity.

Whether the clause of a quote states the point is for coverage and reader to say (`grading/quoted_clauses.py`).
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from grader.guards import UnassertedKind, cut_segments, has_prompt_injection, unasserted, words_beyond_question
from grader.text import NEGATION_WORDS, NormalisedText, Span, content_words, normalise, segments, words

# Typographic variants of quotation marks and dashes, which models often change when they quote.
_SAME = str.maketrans("“”„‟«»‘’‚‛′‐‑‒–—−", '""""""' + "'''''" + "------")
# Markup that a quote may lose or gain.
_MARKUP = frozenset('"*`')
# Characters that are removed at both ends of a quote.
_TRIMMED = " \t\n\"'.,;:!?()[]*_`"
# Words that only introduce an answer; also in languages that the encoder does not support but judges do.
_FRAMING = frozenset(
    "as to respuesta solución antwort lösung réponse risposta resposta ответ решение".split()
    + "解 解答 解説 かいせつ 答え 答案 정답".split()
)
_OMISSION = re.compile(r"\s*(?:\[?\.{3}\]?|\[?…\]?)\s*")

NOT_THERE = "the words that the judge quotes do not stand in the answer"
NO_QUOTE = "the judge names no words of the answer"
ONLY_THE_QUESTION = "the words that the judge quotes say nothing beyond the question"
TO_THE_EXAMINER = "the words that the judge quotes speak to the examiner"
TOO_FEW_WORDS = "the judge quotes fewer than two words that mean something"
NOT_ASSERTED = "the words that the judge quotes stand in a clause that does not assert them"
CUT_NEGATION = "the words that the judge quotes are denied by the rest of their clause"
# Fewer content words than this prove a point only where the clause has no more beyond the question.
_FEWEST_WORDS = 2


class QuoteCheck(NamedTuple):
    """The position of a quote, and what is wrong with it; `problem` is empty for a valid quote.

    `span` and `clause`, which has the span in it, are in characters of the normalised answer, `None` if the quote is
    not found.
    """

    span: Span | None
    problem: str
    clause: Span | None = None


def verify_quote(quote: str, answer: NormalisedText, question: str) -> QuoteCheck:
    """Find a quote in the answer and check that it is evidence.

    Texts are compared after normalisation, in lower case, with white space and typographic marks unified. A quote with
    an omission ("a … b") needs all its parts, in order; the longest part is the evidence. A quote is no evidence when
    it only repeats words of the question, only introduces an answer ("Let me think"), addresses the examiner, or has
    fewer than two content words where its clause has more beyond the question. It is read in its clause: where that
    is a question, a supposition or the like, or denies the quoted words by others, it is no evidence either.

    Args:
        quote: the quote as the judge wrote it.
        answer: the answer.
        question: the question of the rubric.

    Source: the quote requirement of docs/judge.md; "master keys" (arXiv 2507.08794) have nothing to quote.

    """
    spans = locate_quote(quote, answer.text)
    if not spans:
        return QuoteCheck(None, NOT_THERE if _parts(quote) else NO_QUOTE)
    span = longest_span(spans)
    found = " ".join(answer.text[start:end] for start, end in spans)
    pieces = [piece for part in spans for piece in _pieces_of(part, answer.text, question)]
    clause = Span(min([span.start, *(c.start for c, _ in pieces)]), max([span.end, *(c.end for c, _ in pieces)]))
    if not words_beyond_question(found, normalise(question).text) - _FRAMING and not _adds_a_number(found, question):
        problem = ONLY_THE_QUESTION
    elif has_prompt_injection(found):
        problem = TO_THE_EXAMINER
    elif says_too_little(found) and not _says_all(found, answer.text[slice(*clause)], question):
        problem = TOO_FEW_WORDS
    elif any(kind is not None for _, kind in pieces):
        problem = NOT_ASSERTED
    else:
        problem = CUT_NEGATION if any(_is_denied(part, answer.text, pieces) for part in spans) else ""
    return QuoteCheck(span, problem, clause)


def says_too_little(text: str) -> bool:
    """Whether a text has fewer than two content words; numbers are such words."""
    return len(content_words(text)) < _FEWEST_WORDS


def _says_all(quote: str, clause: str, question: str) -> bool:
    """Whether a quote has all the content words that its clause adds to the question."""
    return set(content_words(clause)) <= {*content_words(quote), *content_words(normalise(question).text)}


@lru_cache(maxsize=64)
def _pieces(text: str, question: str) -> tuple[tuple[Span, UnassertedKind | None], ...]:
    """The sentences of an answer, cut where a stretch asserts nothing."""
    sentences = segments(text)
    return tuple(cut_segments(text, sentences, unasserted(text, sentences, question=question)))


def _pieces_of(span: Span, text: str, question: str) -> list[tuple[Span, UnassertedKind | None]]:
    return [piece for piece in _pieces(text, question) if piece[0].start < span.end and piece[0].end > span.start]


# What ends the reach of a negation within a sentence, words that are none in spite of their look, and words that deny
# what comes before them.
_BREAK = re.compile(
    r"[,;:()]|\s[-\u2013\u2014]\s|\b(?:but|yet|while|whereas|although|though|because|so|since)\b", re.IGNORECASE
)
_NO_NEGATION = re.compile(r"\bnot (?:only|just|merely)\b|\bno doubt\b|\bno matter\b", re.IGNORECASE)
_DENIALS = NEGATION_WORDS | set(
    "none nothing neither nor cannot hardly rarely seldom false untrue wrong incorrect myth".split()
)


def _is_denied(span: Span, text: str, pieces: Iterable[tuple[Span, UnassertedKind | None]]) -> bool:
    """Whether the rest of the clause denies the quoted words: "never" before them, "is false" behind them."""
    for (start, end), _ in pieces:
        before = _BREAK.split(text[start : max(start, span.start)])[-1]
        behind = _BREAK.split(text[min(end, span.end) : end])[0]
        if any(_has_denial(rest) for rest in (before, behind)):
            return True
    return False


def _has_denial(text: str) -> bool:
    spoken = (word.lower() for word in words(_NO_NEGATION.sub(" ", text)))
    return any(word in _DENIALS or word.replace("\u2019", "'").endswith("n't") for word in spoken)


def locate_quote(quote: str, text: str) -> list[Span]:
    """The spans of a quote's parts in a normalised text, in order; empty if one part is not found.

    Compared as in `verify_quote`.
    """
    whole = _folded(text)
    spans: list[Span] = []
    begin = 0
    for part in _parts(quote):
        found = _find(part, whole.text, begin)
        if found < 0:
            return []
        begin = found + len(part)
        spans.append(Span(whole.origin[found], whole.origin[begin - 1] + 1))
    return spans


def longest_span(spans: Sequence[Span]) -> Span:
    """The longest span; there must be at least one."""
    return max(spans, key=lambda span: span.end - span.start)


def _parts(quote: str) -> list[str]:
    """The parts of a quote between its marks of omission, folded."""
    folded = (_folded(part).text for part in _OMISSION.split(normalise(quote).text))
    return [part for part in folded if part]


class _Folded(NamedTuple):
    """A folded text, and the original position of each of its characters."""

    text: str
    origin: list[int]


def _folded(text: str) -> _Folded:
    chars: list[str] = []
    origin: list[int] = []
    for at, char in enumerate(text.translate(_SAME)):
        if char in _MARKUP:
            continue
        if char.isspace():
            if chars and chars[-1] != " ":
                chars.append(" ")
                origin.append(at)
            continue
        for lower in char.lower():
            chars.append(lower)
            origin.append(at)
    begin, end = 0, len(chars)
    while begin < end and chars[begin] in _TRIMMED:
        begin += 1
    while end > begin and chars[end - 1] in _TRIMMED:
        end -= 1
    return _Folded("".join(chars[begin:end]), origin[begin:end])


def _find(part: str, text: str, begin: int) -> int:
    """Position of a part as whole words, from `begin` on; -1 if it is not found."""
    at = text.find(part, begin)
    while at >= 0:
        before, after = text[at - 1 : at], text[at + len(part) : at + len(part) + 1]
        if not (before.isalnum() and part[0].isalnum()) and not (after.isalnum() and part[-1].isalnum()):
            return at
        at = text.find(part, at + 1)
    return -1


def _adds_a_number(quote: str, question: str) -> bool:
    """Whether a quote has a number that is not in the question; a number alone may be the whole answer."""
    in_question = set(re.findall(r"\d+", question))
    return any(number not in in_question for number in re.findall(r"\d+", quote))
