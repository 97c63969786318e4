"""Grades as one self-contained HTML page.

Nothing here computes a score or writes a file; numbers are rounded where they are shown and nowhere before.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from grader.flags import FLAGS, in_words
from grader.phrases import shorten
from grader.reports.grades.summary import GradesSummary, QuestionRow, n_covered, n_partial, n_wanted
from grader.reports.grades.wording import (
    STATUS_LABELS,
    exact_score,
    explain_marks,
    feedback_parts,
    point_scores,
    point_status,
    shown_score,
    shown_status,
)
from grader.reports.html_page import page_templates
from grader.schema import Evidence, Grade, PointGrade, Verdict

if TYPE_CHECKING:
    from grader.grading import SimilarAnswers

_GROUPS_SHOWN = 200
_OPEN_CARDS = 20  # more answers than this are too many to read in one go: their cards start closed


class VerdictView(NamedTuple):
    """One judge's verdict: its status, the quote in short and the end of the id of its words in the answer, if any."""

    judge: str
    status: str
    quote: str
    anchor: str
    unsupported: bool
    reason: str


class AnchoredSpan(NamedTuple):
    """A stretch of the answer and the end of its HTML id."""

    start: int
    end: int
    anchor: str


class Run(NamedTuple):
    """A stretch of text, the spans that hold it and those that begin with it, both by position."""

    text: str
    holders: tuple[int, ...]
    begins: tuple[int, ...]


def cut_into_runs(text: str, spans: Sequence[tuple[int, int]]) -> list[Run]:
    """Cut a text wherever a span begins or ends, so that overlapping spans can be marked without nesting.

    Args:
        text: any length; the runs joined give it back.
        spans: `(start, end)` in characters; what lies outside the text, or is empty, marks nothing.

    """
    edges = sorted({0, len(text)} | {edge for span in spans for edge in span if 0 < edge < len(text)})
    opening: defaultdict[int, list[int]] = defaultdict(list)
    closing: defaultdict[int, list[int]] = defaultdict(list)
    for i, (start, end) in enumerate(spans):
        if start < end:
            opening[max(start, 0)].append(i)
            closing[end].append(i)
    runs = []
    holders: set[int] = set()
    for start, end in pairwise(edges):
        holders = holders.union(opening[start]).difference(closing[start])
        begins = tuple(i for i in opening[start] if spans[i][0] == start)
        runs.append(Run(text[start:end], tuple(sorted(holders)), begins))
    return runs


@dataclass(frozen=True)
class _PointView:
    """A point in its place in the list.

    `status` is its status, or `made` and `avoided` for a mistake. `evidence` is where the words that show it are, and
    `quoted` where else judges quote the answer on it. `by_embedding` is its status by the embedding alone, or empty.
    `earns` is what it earns, in words.
    """

    number: int
    status: str
    grade: PointGrade
    evidence: AnchoredSpan | None
    quoted: tuple[AnchoredSpan, ...]
    verdicts: tuple[VerdictView, ...]
    by_embedding: str
    earns: str

    @property
    def has_reason(self) -> bool:
        """Whether its rationale says more than its figures and the judges' own words do."""
        known = ("embedding", "judge") if self.verdicts else ("embedding",)
        return bool(self.grade.rationale) and self.grade.decided_by not in known


class _Tag(NamedTuple):
    """The number of a point at words that show it (its status) or that a judge quotes on it (`quoted`).

    `anchor` is the end of the HTML id of the words, set where they begin.
    """

    number: int
    status: str
    anchor: str


@dataclass(frozen=True)
class _RunView:
    """A stretch of an answer with the numbers of the points that it shows or is quoted on.

    `gap` is the white space at the end of the stretch: the numbers of the points stand before it.
    """

    text: str
    gap: str
    status: str
    tags: tuple[_Tag, ...]


@dataclass(frozen=True)
class GradeCard:
    """One answer on the page.

    `feedback` has its paragraphs without the list of what was missed. `missed` holds the points of that list by status,
    and `missed_otherwise` its other lines. `is_free_text` tells a judge's feedback from plain feedback. `decided` is
    the rationale that all points have in common, where a rule decided them together.
    """

    anchor: str
    grade: Grade
    points: tuple[_PointView, ...]
    runs: tuple[_RunView, ...]
    n_covered: int
    n_partial: int
    n_wanted: int
    feedback: tuple[str, ...]
    is_free_text: bool
    missed: dict[str, list[_PointView]]
    missed_otherwise: tuple[str, ...]
    decided: str

    @property
    def was_judged(self) -> bool:
        """Whether any judge was asked about it."""
        return any(point.verdicts for point in self.points)


@dataclass(frozen=True)
class _QuestionView:
    """One question on the page with those of its answers that are shown."""

    anchor: str
    row: QuestionRow
    cards: tuple[GradeCard, ...]


def render_grades_page(summary: GradesSummary, *, title: str, groups: "Sequence[SimilarAnswers] | None" = None) -> str:
    """One self-contained page without scripts or anything from elsewhere; the same summary, the same page.

    Args:
        summary: from `summarise_grades`; its kept grades get a card each.
        title: any text; shown as it is.
        groups: similar answers, in the order in which they are shown; `None` when they were not searched for.

    """
    sections = _question_views(summary)
    raised = {flag for grade in summary.grades for flag in grade.flags}
    template = page_templates().get_template("grades.html.jinja")
    return template.render(
        title=title,
        summary=summary,
        explain_marks=explain_marks,
        shown_score=shown_score,
        exact_score=exact_score,
        sections=sections,
        review=[card for section in sections for card in section.cards if card.grade.needs_review],
        opened=len(summary.grades) <= _OPEN_CARDS,
        max_points=max((len(grade.points) for grade in summary.grades), default=0),
        labels={name: label for name, label in STATUS_LABELS.items() if summary.judges or name != "cannot_tell"},
        flags={in_words(name): meaning for name, meaning in FLAGS.items() if name in raised},
        marked=any(grade.marks is not None for grade in summary.grades),
        groups=groups,
        n_groups_shown=_GROUPS_SHOWN,
        statuses=("covered", "partial", "missing", "contradicted"),
    )


def _question_views(summary: GradesSummary) -> list[_QuestionView]:
    cards: dict[str, list[GradeCard]] = {row.question_id: [] for row in summary.questions}
    for position, grade in enumerate(summary.grades, 1):
        cards[grade.question_id].append(grade_card(grade, f"a{position}"))
    return [_QuestionView(_anchor(row.question_id), row, tuple(cards[row.question_id])) for row in summary.questions]


def _anchor(question_id: str) -> str:
    """An id for links that any question id gives; a question id may hold anything."""
    return f"q{sha256(question_id.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def grade_card(grade: Grade, anchor: str) -> GradeCard:
    """An answer with its points and the words that show them; `anchor` begins the ids of these words."""
    earned = zip(grade.points, point_scores(grade), strict=True)
    points = tuple(_point_view(point, at, grade.answer, earns) for at, (point, earns) in enumerate(earned, 1))
    feedback = feedback_parts(grade)
    lines = {point: [f"{begin}{point.grade.text}" for begin in _COSTLY] for point in points}
    missed = [point for point in points if any(line in feedback.missed for line in lines[point])]
    named = {line for point in missed for line in lines[point]}
    return GradeCard(
        anchor,
        grade,
        points,
        tuple(_run_views(grade.answer, points)),
        n_covered=n_covered(grade),
        n_partial=n_partial(grade),
        n_wanted=n_wanted(grade),
        feedback=tuple(line for line in re.split(r"[\r\n]+", feedback.opening) if line.strip()),
        is_free_text=not feedback.is_plain,
        missed={status: [point for point in missed if point.status == status] for status in STATUS_LABELS},
        missed_otherwise=tuple(line for line in feedback.missed if line not in named),
        decided=_decided_together(grade.points),
    )


def _point_view(point: PointGrade, number: int, answer: str, earns: str) -> _PointView:
    evidence = _evidence(point, number, answer)
    quoted = quote_spans(point, number, evidence, answer)
    alone = None if point.by_embedding is None else point.by_embedding.status
    return _PointView(
        number,
        point_status(point),
        point,
        evidence,
        quoted,
        verdicts=verdict_views(point, [*([evidence] if evidence else []), *quoted]),
        by_embedding="" if alone in (None, "not_judged") else shown_status(alone, point.weight),
        earns=earns,
    )


def _evidence(point: PointGrade, number: int, answer: str) -> AnchoredSpan | None:
    """Where the evidence is; `None` without evidence and where a file claims words that are not there.

    A mistake that was not made has none either, whatever a file says.
    """
    found = None if point_status(point) == "avoided" else point.evidence
    if found is None or not is_within(found, answer):
        return None
    end = extend_over_punctuation(found.end, answer) if point.decided_by == "judge" else found.end
    return AnchoredSpan(found.start, end, f"p{number}")


def _run_views(answer: str, points: Sequence[_PointView]) -> Iterator[_RunView]:
    marks = [(mark, _Tag(p.number, p.status, mark.anchor)) for p in points if (mark := p.evidence) is not None]
    marks += [(mark, _Tag(point.number, "quoted", mark.anchor)) for point in points for mark in point.quoted]
    for run in cut_into_runs(answer, [(mark.start, mark.end) for mark, _ in marks]):
        text = run.text.rstrip()
        tags = tuple(marks[i][1] if i in run.begins else marks[i][1]._replace(anchor="") for i in run.holders)
        yield _RunView(text, run.text[len(text) :], _strongest(tag.status for tag in tags), tags)


def _decided_together(points: Sequence[PointGrade]) -> str:
    """The rationale that all points have in common when one rule decided them, otherwise nothing."""
    reasons = {point.rationale for point in points}
    by_rule = all(point.decided_by == "rule" for point in points)
    return next(iter(reasons)) if by_rule and len(reasons) == 1 else ""


# How `feedback.missed` begins a line about one point; the page shows such a line by the point's number.
_COSTLY = ("", "missing: ", "only in part: ", "contradicted: ", "mistake: ")


def _strongest(statuses: Iterable[str]) -> str:
    """The status of words that show several points: what costs marks first, then what earns most, then mere quotes."""
    order = ("contradicted", "made", "covered", "partial", "missing", "not_judged", "quoted")
    return min(statuses, key=order.index, default="")


# --- verdicts of judges ----------------------------------------------------------------------------------------


_LONGEST_QUOTE = 160  # characters; the whole quote is marked in the answer


def quote_spans(point: PointGrade, number: int, evidence: AnchoredSpan | None, answer: str) -> tuple[AnchoredSpan, ...]:
    """Where judges quote an answer on a point beside its evidence: overlapping quotes are one mark.

    Quotes that overlap the evidence have no mark of their own, which would cut it to pieces.

    Args:
        point: with its verdicts.
        number: of the point in its list.
        evidence: the mark of its evidence.
        answer: as written; what a file claims beyond its end marks nothing.

    """
    merged: list[list[int]] = []
    for start, end in sorted(_quoted_ranges(point.verdicts, answer)):
        if evidence is not None and start < evidence.end and evidence.start < end:
            continue
        if merged and start < merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([start, end])
    return tuple(AnchoredSpan(start, end, f"p{number}q{place}") for place, (start, end) in enumerate(merged, 1))


def _quoted_ranges(verdicts: Iterable[Verdict], answer: str) -> Iterable[tuple[int, int]]:
    quotes = (verdict.quote for verdict in verdicts if verdict.quote is not None)
    return ((words.start, extend_over_punctuation(words.end, answer)) for words in quotes if is_within(words, answer))


_STOPS = re.compile(r"[.,;:!?…]+")


def extend_over_punctuation(end: int, answer: str) -> int:
    """The end of a quote including the punctuation after it, so that quotes with and without it end alike."""
    stop = _STOPS.match(answer, end)
    return stop.end() if stop else end


def is_within(words: Evidence, answer: str) -> bool:
    """Whether a span is within an answer and not empty, whatever a file claims."""
    return words.start < min(words.end, len(answer))


def verdict_views(point: PointGrade, marks: Iterable[AnchoredSpan]) -> tuple[VerdictView, ...]:
    """Each judge's verdict on a point, with a link to the first mark that overlaps its quote."""
    known = tuple(marks)
    return tuple(_verdict_view(verdict, point.weight, known) for verdict in point.verdicts)


def _verdict_view(verdict: Verdict, weight: float, marks: Iterable[AnchoredSpan]) -> VerdictView:
    quote = verdict.quote
    near = (mark.anchor for mark in marks if quote is not None and quote.start < mark.end and mark.start < quote.end)
    return VerdictView(
        judge=verdict.judge,
        status=shown_status(verdict.verdict, weight),
        quote="" if quote is None else shorten(quote.text, _LONGEST_QUOTE),
        anchor=next(near, ""),
        unsupported=not verdict.supported and verdict.verdict in ("covered", "partial"),
        reason=verdict.reason,
    )
