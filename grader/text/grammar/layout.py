"""The layout of a reference answer: sentences, bullet lists with their introductions, headings.

All spans refer to the text as given, because markup is replaced by as many blanks.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from grader.text.grammar.sentence import main_verb, parse
from grader.text.normalisation import Span, segments

# A block of code counts as one line, for its lines are no sentences.
_FENCE = re.compile(r"```.*?```", re.DOTALL)
_BLOCK_TAG = re.compile(r"</?(?:t|s|p|li|ul|ol|br|div|tr|td|h[1-6])\s*/?>", re.IGNORECASE)
_INLINE_MARKUP = re.compile(r"</?(?:b|i|em|strong|code|sub|sup|u|span)>|\*\*|__|`+", re.IGNORECASE)
# A bullet or a number in the middle of a line: "in two ways: - Knowledge is acquired. - Links are stored."
_INLINE_BULLET = re.compile(r"(?<=[:.;,]) (?=[-*•] \S|\(?\d{1,2}[.)] [^\W\d])")
_STARS = re.compile(r"(?<=[^\W\d]|[,:.;)]) (?=[*•] [^\W\d])")
_SIGN = r"[-*•‣▪◦●○\u2013\u2014](?:\s+|(?=[^\W\d]))"
_NUMBER = r"\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})[.)]\s*(?=[^\W\d])"
_BULLET = re.compile(rf"[ \t]*(?:{_SIGN}|{_NUMBER})")
# The end of an introduction to a list: "Common remedies:", "in the following aspects.", "The network learns,"
_ANNOUNCES = re.compile(r":\s*$|\bfollowing\b[^.:]*[.:]?\s*$|,\s*$")


class Block(NamedTuple):
    """A sentence or line, or a list.

    Attributes:
        span: of the sentence, or of the line that introduces the list.
        items: spans of the list items; empty for a sentence.
        start: where the heading right above begins; the start of `span` without one.
    """

    span: Span
    items: tuple[Span, ...]
    start: int


class _Line(NamedTuple):
    """One sentence, list item or line, and whether it is an item or introduces items."""

    span: Span
    is_item: bool
    announces: bool


def blank_markup(text: str) -> str:
    """Replace each markup character by a blank; a bullet within a line starts a new line."""
    text = _FENCE.sub(lambda match: re.sub(r"```\w*|\s", lambda sign: " " * len(sign.group()), match.group()), text)
    text = _BLOCK_TAG.sub(lambda match: "\n" + " " * (len(match.group()) - 1), text)
    text = _INLINE_MARKUP.sub(lambda match: " " * len(match.group()), text)
    text = _INLINE_BULLET.sub("\n", text)
    # A single star, or one beside "=", is a multiplication.
    if len(_STARS.findall(text)) >= 2 and "=" not in text:
        text = _STARS.sub("\n", text)
    return text


def blocks(text: str) -> list[Block]:
    """The sentences and lists of a text without markup, in order."""
    lines = _lines(text)
    found: list[Block] = []
    heading: int | None = None
    at = 0
    while at < len(lines):
        span = lines[at].span
        items = _items_after(lines, at) if lines[at].announces else ()
        at += 1 + len(items)
        start = span.start if heading is None else heading
        heading = None
        if not items and at < len(lines) and _is_heading(text[span.start : span.end]):
            heading = start
        else:
            found.append(Block(span, items, start))
    return found


def _lines(text: str) -> list[_Line]:
    lines: list[_Line] = []
    for span in segments(text):
        bullet = _BULLET.match(text, text.rfind("\n", 0, span.start) + 1)
        is_item = bullet is not None and span.start <= bullet.end() < span.end
        start = max(span.start, bullet.end()) if bullet is not None and is_item else span.start
        announces = _ANNOUNCES.search(text, start, span.end) is not None
        lines.append(_Line(Span(start, span.end), is_item and not announces, announces))
    return lines


def _items_after(lines: Sequence[_Line], at: int) -> tuple[Span, ...]:
    """The items that the line at `at` introduces."""
    end = at + 1
    while end < len(lines) and lines[end].is_item:
        end += 1
    return tuple(line.span for line in lines[at + 1 : end])


def _is_heading(line: str) -> bool:
    """Whether a line is a heading such as "Advantages:"."""
    return line.endswith(":") and main_verb(parse(line)) is None
