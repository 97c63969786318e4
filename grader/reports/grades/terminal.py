"""Grades in a terminal: a table of many answers, or every point of a few.

Nothing here computes a score or prints; `rich` prints the results.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from grader.flags import plain_flags, review_reasons, sure
from grader.phrases import count, number, one_line, percent, shorten
from grader.reports.grades.summary import GradesSummary, JudgesSummary, QuestionRow
from grader.reports.grades.wording import (
    STATUS_LABELS,
    explain_marks,
    feedback_parts,
    point_status,
    shown_score,
    shown_status,
)
from grader.reports.untrusted_text import clean_for_terminal, terminal_line
from grader.schema import Grade, PointGrade, Verdict

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, Group, RenderableType
    from rich.table import Table
    from rich.text import Text


def grades_table(summary: GradesSummary, *, width: int | None = None) -> "Group":
    """One line an answer, then the totals and the questions' means, to print with `rich`.

    Args:
        summary: from `summarise_grades`.
        width: of the table in columns; that of the console if left out.

    """
    from rich.console import Group
    from rich.text import Text

    totals = [count(summary.n_answers, "answer"), f"mean {percent(summary.mean_fraction)}"]
    if summary.n_ungraded:
        totals.append(f"{summary.n_ungraded:,} ungraded")
    totals.append(f"{summary.n_needs_review:,} to be looked at by a person")
    if summary.n_not_shown:
        totals.append(f"{summary.n_not_shown:,} not shown here, all are in the grades file")
    return Group(
        _answers_table(summary.grades, width),
        *_legend(point_status(point) for grade in summary.grades for point in grade.points),
        Text(" " + "; ".join(totals)),
        *([Text(" " + _judges_line(summary.judges))] if summary.judges else []),
        _questions_table(summary.questions, width),
    )


def _judges_line(judges: JudgesSummary) -> str:
    """How much judges were asked, and how far they agree with the embedding and with each other."""
    agree = [
        _judge(row.judge) + (f" as the embedding on {percent(row.same_as_embedding)}" if row.n_compared else "")
        for row in judges.judges
    ]
    line = f"judges on {count(judges.n_points, 'point')}: {', '.join(agree)}"
    agreement = judges.agreement
    if agreement is None or not agreement.n_points:
        return line
    alpha = "undefined" if agreement.alpha is None else number(agreement.alpha)
    spread = f"credits {percent(agreement.spread)} apart"
    return f"{line}; all the same on {percent(agreement.exact)} (alpha {alpha}), {spread}"


def _judge(name: str) -> str:
    return shorten(terminal_line(name), _NAME_WIDTH)


def _answers_table(grades: Sequence[Grade], width: int | None) -> "Table":
    header, *rows = answer_cells(grades)
    table = _table(header, width)
    for row in rows:
        _add_row(table, row)
    return table


def answer_cells(grades: Sequence[Grade]) -> list[list[str]]:
    """The names of the columns, then one row an answer, all as untrusted text."""
    named = any(grade.candidate for grade in grades)
    cells = [["answer", *(["candidate"] if named else []), "score", "sure", "points", "missed", "flags"]]
    for grade in grades:
        candidate = [grade.candidate or ""] if named else []
        score, *outcome = _outcome(grade)
        cells.append([grade.answer_id, *candidate, score, _sure(grade), *outcome, _flags(grade, "review")])
    return cells


def _outcome(grade: Grade) -> tuple[str, str, str]:
    """Score, points and what was missed, or why there is no score."""
    if grade.score is None:
        return _score(grade), "", grade.ungraded_reason or ""
    feedback = feedback_parts(grade)
    # A judge's feedback is for the candidate; here the points show what was missed.
    lines = feedback.missed if feedback.is_plain else _costly(grade.points)
    missed = "; ".join(line.removeprefix("missing: ") for line in lines)
    return _score(grade), _tally(grade.points), missed or feedback.opening


def _costly(points: Iterable[PointGrade]) -> list[str]:
    """The points that cost marks, in the words of plain feedback."""
    begins = {"partial": "only in part: ", "missing": "", "contradicted": "contradicted: ", "made": "mistake: "}
    return [begins[status] + point.text for point in points if (status := point_status(point)) in begins]


def _tally(points: Iterable[PointGrade]) -> str:
    """How many points have which mark: `+4 ~2 -3`; mistakes that were not made are not counted."""
    statuses = Counter(map(point_status, points))
    return " ".join(
        f"{mark.sign}{statuses[status]}" for status, mark in _SIGNS.items() if statuses[status] and status != "avoided"
    )


def _score(grade: Grade) -> str:
    if grade.score is None:
        return "ungraded"
    of = "" if grade.max_score is None else f"/{number(grade.max_score)}"
    return shown_score(grade.rounded_score) + of


def _sure(grade: Grade) -> str:
    return "" if grade.confidence is None else sure(grade.confidence)


def _flags(grade: Grade, review: str) -> str:
    """The reasons for a review after the words `review`, then the flags that only inform."""
    reasons = ", ".join(review_reasons(grade))
    return "; ".join([*([f"{review}: {reasons}"] if reasons else []), *plain_flags(grade)])


def _questions_table(questions: Sequence[QuestionRow], width: int | None) -> "Table":
    table = _table(["question", "answers", "mean", "most missed"], width)
    for row in questions:
        worst = row.most_missed
        missed = "" if worst is None else f"{percent(worst.missed)}: {worst.text}"
        _add_row(table, [row.question_id, f"{row.n_answers:,}", percent(row.mean_fraction), missed])
    return table


# Columns that keep their width when space is short, and how wide they may be; the others share what is left.
_WIDTHS = {"answer": 20, "candidate": 14, "score": 12, "sure": 4, "points": 14, "question": 32, "answers": 9, "mean": 5}
_RIGHT = frozenset({"score", "sure", "points", "answers", "mean"})


def _table(columns: Sequence[str], width: int | None) -> "Table":
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, width=width, pad_edge=False, collapse_padding=True)
    for name in columns:
        table.add_column(
            name,
            justify="right" if name in _RIGHT else "left",
            no_wrap=name in _WIDTHS,
            max_width=_WIDTHS.get(name, 24 if name == "flags" else None),
        )
    return table


def _add_row(table: "Table", cells: Sequence[str]) -> None:
    """One line of untrusted texts: as `Text`, so that square brackets are no markup, and cut to the width."""
    from rich.text import Text

    table.add_row(*(Text(terminal_line(cell), no_wrap=True, overflow="ellipsis") for cell in cells))


class _Sign(NamedTuple):
    """What stands before a point: a sign that tells the status by itself, and a colour that only helps."""

    sign: str
    style: str


# By the keys of `STATUS_LABELS`; plain ASCII, which every terminal and every log file can show.
_SIGNS = {
    "covered": _Sign("+", "green"),
    "partial": _Sign("~", "yellow"),
    "missing": _Sign("-", "red"),
    "contradicted": _Sign("!", "red"),
    "not_judged": _Sign("?", "dim"),
    "made": _Sign("x", "red"),
    "avoided": _Sign("o", "dim"),
}
_UNSTATED = frozenset({"missing", "avoided"})  # nothing in the answer states these points
_UNDECIDED = frozenset({"not_judged", "cannot_tell"})
_NAME_WIDTH = 32  # of a name in a heading: as of a question in the table, so that the score stays in sight
_INDENT = 2


def grade_details(grades: Iterable[Grade], *, width: int | None = None) -> "Group":
    """Every point of every answer with the words that state it, to print with `rich`.

    A mark before each point tells its status without colour; the last line says what the marks mean.

    Args:
        grades: few enough to read; a block each, in this order.
        width: in columns; that of the console if left out.

    """
    from rich.console import Group
    from rich.constrain import Constrain
    from rich.padding import Padding
    from rich.text import Text

    parts: list[RenderableType] = []
    statuses: set[str] = set()
    for grade in grades:
        points = Padding.indent(_points(grade.points), _INDENT)
        parts += [_heading(grade), *_reason(grade), *_marks(grade), *_feedback(grade), points, Text()]
        statuses.update(map(point_status, grade.points))
    parts += _legend(statuses)
    return Group(*(Constrain(part, width) for part in parts))


def _legend(statuses: Iterable[str]) -> "Iterator[Text]":
    """The meaning of the marks that are shown."""
    from rich.text import Text

    seen = set(statuses)
    if seen:
        legend = "  ".join(
            f"{mark.sign} {STATUS_LABELS[status].word}" for status, mark in _SIGNS.items() if status in seen
        )
        yield Text(legend, style="dim")


def _heading(grade: Grade) -> "Text":
    """Answer id, candidate, score, how sure it is, and flags in one line."""
    from rich.text import Text

    names = [Text(terminal_line(grade.answer_id), style="bold"), Text(terminal_line(grade.candidate or ""))]
    for name in names:
        name.truncate(_NAME_WIDTH, overflow="ellipsis")
    flags = terminal_line(_flags(grade, "a person should look"))
    certainty = f"sure {_sure(grade)}" if grade.confidence is not None else ""
    parts = [*names, Text(_score(grade), style="bold"), Text(certainty), Text(flags, style="yellow")]
    heading = Text("  ").join(part for part in parts if part)
    heading.no_wrap, heading.overflow = True, "ellipsis"
    return heading


def _reason(grade: Grade) -> "Iterator[RenderableType]":
    """Why an answer has no score."""
    from rich.padding import Padding
    from rich.text import Text

    if grade.ungraded_reason is not None:
        yield Padding.indent(Text(terminal_line(grade.ungraded_reason)), _INDENT)


def _feedback(grade: Grade) -> "Iterator[RenderableType]":
    """A judge's feedback, line by line; plain feedback is left out, because the points below say the same."""
    from rich.padding import Padding
    from rich.text import Text

    feedback = feedback_parts(grade)
    lines = [] if feedback.is_plain else clean_for_terminal(feedback.opening).split("\n")
    for line in filter(None, map(one_line, lines)):
        yield Padding.indent(Text(line), _INDENT)


def _marks(grade: Grade) -> "Iterator[RenderableType]":
    """What people's marks changed, and the marked answer that is most like this one."""
    from rich.padding import Padding
    from rich.text import Text

    said = explain_marks(grade)
    if said is None:
        return
    lines = [said.changed]
    lines += [f"most like {near.answer_id} ({near.given}): “{near.text}”" for near in said.nearest[:1]]
    for line in lines:
        yield Padding.indent(Text(terminal_line(line), style="dim"), _INDENT)


def _points(points: Iterable[PointGrade]) -> "Table":
    """A mark and a text for each point, and beneath it the words that state it."""
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 0, 0, 1))
    table.add_column(no_wrap=True)
    table.add_column()
    for point in points:
        status = point_status(point)
        mark = _SIGNS[status]
        text = Text(terminal_line(point.text))
        if status == "partial" and point.credit is not None:
            text.append(f" ({percent(point.credit)})", style=mark.style)
        table.add_row(Text(mark.sign, style=mark.style), text)
        said = terminal_line(point.evidence.text) if point.evidence is not None and status not in _UNSTATED else ""
        if said:
            table.add_row("", Padding.indent(_Quote(said), _INDENT))
        for line in _raters(point, said):
            table.add_row("", Padding.indent(Text(line, style="dim"), _INDENT))
    return table


_LONGEST_QUOTE, _LONGEST_REASON = 60, 120  # characters; the page has all


def _raters(point: PointGrade, shown: str) -> Iterator[str]:
    """A line for each judge, and one for the embedding where any judge differs from it.

    Args:
        point: with its verdicts.
        shown: the evidence as it stands above, which need not be quoted again.

    """
    for verdict in point.verdicts:
        yield f"judge {_judge(verdict.judge)}: {_verdict_text(verdict, point.weight, shown)}"
    alone = None if point.by_embedding is None else shown_status(point.by_embedding.status, point.weight)
    said = {shown_status(verdict.verdict, point.weight) for verdict in point.verdicts}
    if alone is not None and alone not in _UNDECIDED and said - _UNDECIDED - {alone}:
        yield f"embedding: {STATUS_LABELS[alone].word}"


def _verdict_text(verdict: Verdict, weight: float, shown: str) -> str:
    """Verdict, quote and reason in short."""
    words = [STATUS_LABELS[shown_status(verdict.verdict, weight)].word]
    if not verdict.supported and verdict.verdict in ("covered", "partial"):
        words.append("unsupported")
    quote = "" if verdict.quote is None else terminal_line(verdict.quote.text)
    if quote and quote != shown:
        words.append(f"“{shorten(quote, _LONGEST_QUOTE)}”")
    reason = shorten(terminal_line(verdict.reason), _LONGEST_REASON)
    return ", ".join(words) + (f"; {reason}" if reason else "")


@dataclass(frozen=True)
class _Quote:
    """Clean words in quotes, on two lines at the most: the beginning on the first, the end on the second."""

    text: str

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "Iterator[Text]":
        from rich.text import Text

        width = options.max_width
        whole = Text(f"“{self.text}”", style="dim")
        if whole.cell_len <= 2 * width and len(whole.wrap(console, width)) <= 2:
            yield whole
            return
        first, last = _beginning(self.text, width - 3), _beginning(self.text[::-1], width - 3)[::-1]
        yield Text(f"“{first} …\n… {last}”", style="dim", no_wrap=True, overflow="crop")


def _beginning(text: str, width: int) -> str:
    """As many whole words as fit in `width` cells; a part of the first word when it is longer."""
    from rich.cells import set_cell_size

    kept = set_cell_size(text[: max(width, 1) + 1], max(width, 1)).rstrip()
    cut_a_word = len(kept) < len(text) and text[len(kept)] != " "
    return kept.rpartition(" ")[0] if cut_a_word and " " in kept else kept
