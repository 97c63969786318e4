"""The layout of a reference answer: sentences, bullet lists with their introductions, headings.

In: prose as `markup` leaves it, whose spans are those of the reference answer.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from grader.text.grammar.markup import is_first_number
from grader.text.grammar.sentence import main_verb, parse
from grader.text.normalisation import Span, segments

_SIGN = r"[-*•‣▪◦●○\u2013\u2014](?:\s+|(?=[^\W\d]))"
_NUMBER = r"(?:(?:and|or)\s+)?\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})(?:[.)][ \t]*(?=[^\W\d])|\)[ \t]+(?=\S))"
_BULLET = re.compile(rf"[ \t]*(?:{_SIGN}|{_NUMBER})")
_HEADING = re.compile(r"[ \t]*#{1,6}[ \t]")
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
    """One sentence, list item or line: whether it is an item, whether it introduces items, and its bullet or "##"."""

    span: Span
    is_item: bool
    announces: bool
    mark: str


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
        if not items and at < len(lines) and (_is_heading(text[span.start : span.end]) or lines[at - 1].mark == "##"):
            heading = start
        else:
            found.append(Block(span, items, start))
    return found


def _lines(text: str) -> list[_Line]:
    lines: list[_Line] = []
    for span in segments(text):
        first = text.rfind("\n", 0, span.start) + 1
        heading = _HEADING.match(text, first, span.start)
        bullet = _BULLET.match(text, first)
        is_item = bullet is not None and span.start <= bullet.end() < span.end
        start = max(span.start, bullet.end()) if bullet is not None and is_item else span.start
        announces = heading is not None or _ANNOUNCES.search(text, start, span.end) is not None
        announces &= not (is_item and text[span.end - 1] == ",")
        mark = "##" if heading else bullet[0] if bullet is not None and is_item else ""
        if (
            mark
            and lines
            and not lines[-1].is_item
            and is_first_number(mark)
            and text[lines[-1].span.end - 1] not in ".!?"
        ):
            lines[-1] = lines[-1]._replace(announces=True)
        lines.append(_Line(Span(start, span.end), is_item and not announces, announces, mark))
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
