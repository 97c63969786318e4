"""Grades as Markdown, for a pull request or a wiki: totals, a table of answers, and what each question's answers miss.

Texts of others are shown as they are: no markup, link or mention of theirs comes through (`markdown_text`).
"""

from collections.abc import Iterable, Iterator, Sequence

from grader.phrases import count, percent
from grader.reports.grades.summary import GradesSummary, QuestionRow
from grader.reports.grades.terminal import answer_cells
from grader.reports.untrusted_text import markdown_text

_MOST_MISSED = 3  # points of a question


def grades_markdown(summary: GradesSummary, *, title: str) -> str:
    """The page; equal grades give equal text.

    Args:
        summary: from `summarise_grades`; answers that it does not keep are counted alone.
        title: any text.

    """
    header, *rows = answer_cells(summary.grades)
    totals = f"**{count(summary.n_answers, 'answer')}**, mean {percent(summary.mean_fraction)}"
    if summary.n_ungraded:
        totals += f", {summary.n_ungraded:,} ungraded"
    totals += f", {summary.n_needs_review:,} to be looked at by a person."
    if summary.n_not_shown:
        totals += f" The first {len(summary.grades):,} are shown."
    blocks = [
        f"# {markdown_text(title)}",
        totals,
        _list(f"{n:,} ungraded: {markdown_text(reason)}" for reason, n in summary.ungraded_reasons),
        "## Answers",
        _table(header, rows),
        "## Most missed points",
        _table(["question", "answers", "mean", "missed by", "point"], _missed(summary.questions)),
        _list(f"Graded by {markdown_text(signature)}" for signature in summary.signatures),
    ]
    return "\n\n".join(filter(None, blocks)) + "\n"


def _missed(questions: Iterable[QuestionRow]) -> Iterator[list[str]]:
    """For each question a row a point, those that most answers lack or contradict first."""
    for row in questions:
        wanted = sorted((point for point in row.points if point.weight > 0), key=lambda point: -point.missed)
        worst = [point for point in wanted[:_MOST_MISSED] if point.missed > 0]
        about = [row.question_id, f"{row.n_answers:,}", percent(row.mean_fraction)]
        for point in worst:
            yield [*about, percent(point.missed), point.text]
        if not worst:
            yield [*about, "", ""]


_RIGHT = frozenset({"score", "sure", "answers", "mean", "missed by"})


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    rules = ["---:" if name in _RIGHT else "---" for name in header]
    cells = [header, rules, *(map(markdown_text, row) for row in rows)]
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)


def _list(items: Iterable[str]) -> str:
    return "\n".join(f"- {item}" for item in items)
