"""Grades as one self-contained HTML page for people.

Nothing here computes a score or writes a file; numbers are rounded where they are shown and nowhere before.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup, escape

from grader.flags import FLAGS, in_words, plain_flags, review_reasons, sure
from grader.phrases import count, number
from grader.reports.grades.marks import marks_said
from grader.reports.grades.page_judges import Mark, ShownVerdict, quote_marks, shown_verdicts, stands_in, with_stop
from grader.reports.grades.summary import GradesSummary, QuestionRow, n_covered, n_partial, n_wanted
from grader.reports.grades.wording import LOOKS, look_as, look_of
from grader.schema import Grade, PointGrade
from grader.text import is_hidden

if TYPE_CHECKING:
    from jinja2 import Environment

    from grader.grading import LikeAnswers

_GROUPS_SHOWN = 200
_OPEN_CARDS = 20  # more answers than this are too many to read in one go: their cards start closed

# Characters that show nothing and that `is_hidden` does not know by their category: grapheme joiner, Hangul
# fillers, Khmer vowels without a shape, variation selectors, the empty Braille cell. (Unicode property
# Default_Ignorable_Code_Point, DerivedCoreProperties.txt, and U+2800.) U+FE0E and U+FE0F are left out: they
# choose between the two looks of a common emoji.
_BLANK = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0d\uffa0\U000e0100-\U000e01ef]")


def unseen(char: str) -> str:
    """`U+200B` for a character that nobody sees or that moves others, empty for all others."""
    hides = is_hidden(char) or unicodedata.category(char) in ("Zl", "Zp") or _BLANK.match(char)
    return f"U+{ord(char):04X}" if hides else ""


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    """Stretches of a text: `(text, "")` as it is, `("", label)` for unseen characters, repeats counted."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    for code, chars in groupby(text, key=unseen):
        stretch = "".join(chars)
        if not code:
            yield stretch, ""
        else:
            yield "", code if len(stretch) == 1 else f"{code} \u00d7 {len(stretch)}"


def _shown(text: str) -> Markup:
    """Untrusted text as HTML: escaped, with unseen characters as small tags."""
    return Markup("").join(
        Markup('<span class="unseen">{}</span>').format(label) if label else escape(stretch)
        for stretch, label in _pieces(text)
    )


def _plain(text: str) -> str:
    """Untrusted text for a place without markup: unseen characters as `[U+200B]`."""
    return "".join(f"[{label}]" if label else stretch for stretch, label in _pieces(text))


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
class _ShownPoint:
    """A point in its place in the list.

    `look` is its status, or `made` and `avoided` for a mistake; `evidence` is where its words stand, `quoted` where
    else judges quote the answer on it, and `by_embedding` the look of what the embedding alone gives it, if anything.
    """

    number: int
    look: str
    grade: PointGrade
    evidence: Mark | None
    quoted: tuple[Mark, ...]
    verdicts: tuple[ShownVerdict, ...]
    by_embedding: str

    @property
    def has_reason(self) -> bool:
        """Whether its rationale says more than its figures and the judges' own words do."""
        told = ("embedding", "judge") if self.verdicts else ("embedding",)
        return bool(self.grade.rationale) and self.grade.decided_by not in told


class _Tag(NamedTuple):
    """The number of a point at words that show it (its look) or that a judge quotes on it (`quoted`).

    `anchor` is what the id of the words ends in, where they begin.
    """

    number: int
    look: str
    anchor: str


@dataclass(frozen=True)
class _ShownRun:
    """A stretch of an answer with the numbers of the points that it shows or is quoted on.

    `gap` is the white space at the end of the stretch: the numbers of the points stand before it.
    """

    text: str
    gap: str
    look: str
    tags: tuple[_Tag, ...]


@dataclass(frozen=True)
class _Card:
    """One answer on the page.

    `told` is the feedback by paragraph without the list of what was missed: `missed` holds the points that it names, by
    look, and `missed_otherwise` its other lines; `in_own_words` tells feedback that is not the plain one.
    `decided` is the rationale that all points have in common, where a rule decided them together.
    """

    anchor: str
    grade: Grade
    points: tuple[_ShownPoint, ...]
    runs: tuple[_ShownRun, ...]
    n_covered: int
    n_partial: int
    n_wanted: int
    told: tuple[str, ...]
    in_own_words: bool
    missed: dict[str, list[_ShownPoint]]
    missed_otherwise: tuple[str, ...]
    decided: str

    @property
    def was_judged(self) -> bool:
        """Whether any judge was asked about it."""
        return any(point.verdicts for point in self.points)


@dataclass(frozen=True)
class _Section:
    """One question on the page with those of its answers that are shown."""

    anchor: str
    row: QuestionRow
    cards: tuple[_Card, ...]


def render_grades_page(summary: GradesSummary, *, title: str, groups: "Sequence[LikeAnswers] | None" = None) -> str:
    """One self-contained page without scripts or anything from elsewhere; the same summary, the same page.

    Args:
        summary: from `summarise_grades`; its kept grades get a card each.
        title: any text; shown as it is.
        groups: like answers, in the order in which they are to be shown; `None` when nobody looked for them.

    """
    sections = _sections(summary)
    raised = {flag for grade in summary.grades for flag in grade.flags}
    template = page_templates().get_template("grades.html.jinja")
    return template.render(
        title=title,
        summary=summary,
        sections=sections,
        review=[card for section in sections for card in section.cards if card.grade.needs_review],
        opened=len(summary.grades) <= _OPEN_CARDS,
        max_points=max((len(grade.points) for grade in summary.grades), default=0),
        looks={name: look for name, look in LOOKS.items() if summary.judges or name != "cannot_tell"},
        flags={in_words(name): meaning for name, meaning in FLAGS.items() if name in raised},
        marked=any(grade.marks is not None for grade in summary.grades),
        groups=groups,
        n_groups_shown=_GROUPS_SHOWN,
        statuses=("covered", "partial", "missing", "contradicted"),
    )


@cache
def page_templates() -> "Environment":
    """The templates, with the filters that make untrusted text and numbers fit to be shown."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("grader.reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(shown=_shown, plain=_plain, number=number, percent=percent, sure=sure)
    environment.filters.update(reasons=review_reasons, plain_flags=plain_flags)
    environment.globals.update(count=count, marks_said=marks_said)
    return environment


def _sections(summary: GradesSummary) -> list[_Section]:
    cards: dict[str, list[_Card]] = {row.question_id: [] for row in summary.questions}
    for position, grade in enumerate(summary.grades, 1):
        cards[grade.question_id].append(_card(grade, f"a{position}"))
    return [_Section(_anchor(row.question_id), row, tuple(cards[row.question_id])) for row in summary.questions]


def _anchor(question_id: str) -> str:
    """An id for links that any question id gives; a question id may hold anything."""
    return f"q{sha256(question_id.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def _card(grade: Grade, anchor: str) -> _Card:
    points = tuple(_shown_point(point, position, grade.answer) for position, point in enumerate(grade.points, 1))
    told = feedback_parts(grade)
    lines = {point: [f"{begin}{point.grade.text}" for begin in _COSTLY] for point in points}
    missed = [point for point in points if any(line in told.missed for line in lines[point])]
    named = {line for point in missed for line in lines[point]}
    return _Card(
        anchor,
        grade,
        points,
        tuple(_shown_runs(grade.answer, points)),
        n_covered=n_covered(grade),
        n_partial=n_partial(grade),
        n_wanted=n_wanted(grade),
        told=tuple(line for line in re.split(r"[\r\n]+", told.opening) if line.strip()),
        in_own_words=not told.is_plain,
        missed={look: [point for point in missed if point.look == look] for look in LOOKS},
        missed_otherwise=tuple(line for line in told.missed if line not in named),
        decided=_decided_together(grade.points),
    )


def _shown_point(point: PointGrade, number: int, answer: str) -> _ShownPoint:
    evidence = _evidence(point, number, answer)
    quoted = quote_marks(point, number, evidence, answer)
    alone = None if point.by_embedding is None else point.by_embedding.status
    return _ShownPoint(
        number,
        look_of(point),
        point,
        evidence,
        quoted,
        verdicts=shown_verdicts(point, [*([evidence] if evidence else []), *quoted]),
        by_embedding="" if alone in (None, "not_judged") else look_as(alone, point.weight),
    )


def _evidence(point: PointGrade, number: int, answer: str) -> Mark | None:
    """Where the evidence stands; `None` without evidence and where a file claims words that are not there.

    A mistake that was not made has none either, whatever a file says.
    """
    found = None if look_of(point) == "avoided" else point.evidence
    if found is None or not stands_in(found, answer):
        return None
    end = with_stop(found.end, answer) if point.decided_by == "judge" else found.end
    return Mark(found.start, end, f"p{number}")


def _shown_runs(answer: str, points: Sequence[_ShownPoint]) -> Iterator[_ShownRun]:
    marks = [(mark, _Tag(p.number, p.look, mark.anchor)) for p in points if (mark := p.evidence) is not None]
    marks += [(mark, _Tag(point.number, "quoted", mark.anchor)) for point in points for mark in point.quoted]
    for run in cut_into_runs(answer, [(mark.start, mark.end) for mark, _ in marks]):
        text = run.text.rstrip()
        tags = tuple(marks[i][1] if i in run.begins else marks[i][1]._replace(anchor="") for i in run.holders)
        yield _ShownRun(text, run.text[len(text) :], _strongest(tag.look for tag in tags), tags)


def _decided_together(points: Sequence[PointGrade]) -> str:
    """The rationale that all points have in common when one rule decided them, otherwise nothing."""
    reasons = {point.rationale for point in points}
    by_rule = all(point.decided_by == "rule" for point in points)
    return next(iter(reasons)) if by_rule and len(reasons) == 1 else ""


# How `feedback.missed` begins a line about one point; the page shows such a line by the point's number.
_COSTLY = ("", "missing: ", "only in part: ", "contradicted: ", "mistake: ")


def _strongest(looks: Iterable[str]) -> str:
    """The look of words that show several points: what costs marks first, then what earns most, then mere quotes."""
    order = ("contradicted", "made", "covered", "partial", "missing", "not_judged", "quoted")
    return min(looks, key=order.index, default="")


class Told(NamedTuple):
    """Feedback in two parts: how it begins, and the list of what was missed; only plain feedback has one."""

    opening: str
    missed: tuple[str, ...]
    is_plain: bool


def feedback_parts(grade: Grade) -> Told:
    """Take plain feedback ("Stated 1 of 3 points. Missed: a | b") apart; other feedback, as a judge's, stays whole."""
    if not _PLAIN.match(grade.feedback):
        return Told(grade.feedback, (), False)
    opening, listed, rest = grade.feedback.partition(" Missed: ")
    return Told(opening, tuple(rest.split(" | ")) if listed else (), True)


# How `feedback.plain_feedback` begins.
_PLAIN = re.compile(r"Stated \d+ of [\d,]+ points?[,.]")


def percent(share: float | None) -> str:
    """A share in whole percent; a dash where there is none."""
    return "\u2013" if share is None else f"{share:.0%}"
