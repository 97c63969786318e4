"""What judges said of a point as the page shows it, and where their quotes stand in the answer."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from grader.phrases import shorten
from grader.reports.grades.wording import look_as
from grader.schema import Evidence, PointGrade, Verdict

_LONGEST_QUOTE = 160  # characters; the whole quote is marked in the answer


class ShownVerdict(NamedTuple):
    """One judge's verdict: its look, the quote in short and the end of the id of its words in the answer, if any."""

    judge: str
    look: str
    quote: str
    anchor: str
    unsupported: bool
    reason: str


class Mark(NamedTuple):
    """A stretch of the answer and what its id ends in."""

    start: int
    end: int
    anchor: str


def quote_marks(point: PointGrade, number: int, evidence: Mark | None, answer: str) -> tuple[Mark, ...]:
    """Where judges quote an answer on a point beside its evidence: overlapping quotes are one mark.

    Quotes that overlap the evidence have no mark of their own, which would cut it to pieces.

    Args:
        point: with its verdicts.
        number: of the point in its list.
        evidence: the mark of its evidence.
        answer: as written; what a file claims beyond its end marks nothing.

    """
    merged: list[list[int]] = []
    for start, end in sorted(_spans(point.verdicts, answer)):
        if evidence is not None and start < evidence.end and evidence.start < end:
            continue
        if merged and start < merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([start, end])
    return tuple(Mark(start, end, f"p{number}q{place}") for place, (start, end) in enumerate(merged, 1))


def _spans(verdicts: Iterable[Verdict], answer: str) -> Iterable[tuple[int, int]]:
    quotes = (verdict.quote for verdict in verdicts if verdict.quote is not None)
    return ((words.start, with_stop(words.end, answer)) for words in quotes if stands_in(words, answer))


_STOPS = re.compile(r"[.,;:!?…]+")


def with_stop(end: int, answer: str) -> int:
    """Where a quote ends with the punctuation after it, so that quotes with and without it end alike."""
    stop = _STOPS.match(answer, end)
    return stop.end() if stop else end


def stands_in(words: Evidence, answer: str) -> bool:
    """Whether a span is within an answer and not empty, whatever a file claims."""
    return words.start < min(words.end, len(answer))


def shown_verdicts(point: PointGrade, marks: Iterable[Mark]) -> tuple[ShownVerdict, ...]:
    """What each judge said of a point, with a link to the first of the marks that has any of its quote."""
    known = tuple(marks)
    return tuple(_shown(verdict, point.weight, known) for verdict in point.verdicts)


def _shown(verdict: Verdict, weight: float, marks: Iterable[Mark]) -> ShownVerdict:
    quote = verdict.quote
    near = (mark.anchor for mark in marks if quote is not None and quote.start < mark.end and mark.start < quote.end)
    return ShownVerdict(
        judge=verdict.judge,
        look=look_as(verdict.verdict, weight),
        quote="" if quote is None else shorten(quote.text, _LONGEST_QUOTE),
        anchor=next(near, ""),
        unsupported=not verdict.supported and verdict.verdict in ("covered", "partial"),
        reason=verdict.reason,
    )
