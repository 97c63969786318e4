"""One change of one sentence, and where in a sentence words, phrases and clauses stand. Pure, no model."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from grader.text import Span, clauses


class Flip(NamedTuple):
    """One change of a sentence.

    Attributes:
        text: the changed sentence.
        span: the words of the old sentence that were changed.
        old, new: these words and what stands there now.
        clause: where the clause around them stands in the old sentence.
        surely: whether the change is about what the clause claims, whatever words a rubric uses for it.
        shared: whether a neighbouring clause may hang on the changed word, too ("can do A and B").
    """

    text: str
    span: Span
    old: str
    new: str
    clause: Span
    surely: bool = False
    shared: bool = False


def flip_at(sentence: str, span: Span, new: str, clause: Span, *, surely: bool = False, shared: bool = False) -> Flip:
    """The sentence with the words at `span` replaced; a capital at their start stays. The rest as in `Flip`."""
    old = sentence[span.start : span.end]
    if old[:1].isupper() and not old.isupper():
        new = new[:1].upper() + new[1:]
    text = sentence[: span.start] + new + sentence[span.end :]
    return Flip(text, span, old, new, clause, surely, shared)


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
