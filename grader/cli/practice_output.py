"""Practice in words and as JSON: a try with its difference to the one before, progress, and the study list."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import typer

from grader.phrases import count, percent, shorten

if TYPE_CHECKING:
    from grader.practice import Attempt, Comparison, Exercise
    from grader.schema import Grade

_SHOWN = 10  # points that keep being missed, and questions never tried
_POINTS = 5  # of a question in the study list, and of a difference
_LONGEST = 44  # characters of a question in a table


def print_question(exercise: "Exercise", reason: str, *, err: bool) -> None:
    """The question, its topic and why it comes now."""
    about = ", ".join(filter(None, (exercise.topic, exercise.question_id, reason)))
    _echo([f"\n{exercise.question}", f"({about})"], err=err)


def print_try(exercise: "Exercise", attempt: "Attempt", comparison: "Comparison | None", *, hinted: str | None) -> None:
    """A graded try: every point with the words that show it, and the difference to the try before.

    With a hint, what is missing is counted and not told.
    """
    from rich.console import Console

    from grader.practice import points_missed
    from grader.reports import grade_details

    grade = attempt.grade
    if grade is None:
        return
    lines = []
    if hinted is not None:
        hidden = points_missed(exercise.rubric, grade)
        grade = grade.model_copy(update={"points": tuple(point for point in grade.points if point not in hidden)})
        lines = [f"{count(len(hidden), 'point')} not stated", f"hint: {hinted}"]
    console = Console()
    with console.capture() as shown:
        console.print(grade_details([grade], width=console.width))
    typer.echo(shown.get(), nl=False)
    _echo([*_comparison_lines(comparison, told=hinted is None), *lines])


def _comparison_lines(comparison: "Comparison | None", *, told: bool) -> list[str]:
    """Better or worse than the try before, and in which points."""
    if comparison is None:
        return []
    if comparison.word == "same":
        lines = ["same score as last time"]
    else:
        lines = [f"{comparison.word} than last time: {comparison.score_change:+.2g} points"]
    if not comparison.same_rules:
        lines.append("(program, settings or rubric have changed since: a part of the difference may come from them)")
    if told:
        for word, changes in (("gained", comparison.gained), ("lost", comparison.lost)):
            lines += [f"  {word}: {change.text}" for change in changes[:_POINTS]]
            lines += [f"  and {len(changes) - _POINTS} more {word}"] if len(changes) > _POINTS else []
    return lines


def print_reference(exercise: "Exercise") -> None:
    """The reference answer; the points where the rubric has none."""
    text = exercise.rubric.reference_answer or "; ".join(point.text for point in exercise.rubric.points)
    _echo([f"reference answer: {text}"])


def try_json(
    exercise: "Exercise",
    attempt: "Attempt",
    previous: "Attempt | None",
    comparison: "Comparison | None",
    *,
    hinted: str | None,
    due: datetime | None,
    limit: float | None,
) -> dict[str, Any]:
    """A graded try as one JSON object."""
    from grader.files import grade_row
    from grader.practice import points_missed

    grade = attempt.grade
    if grade is None:
        return {}
    missed = points_missed(exercise.rubric, grade)
    wrong = [point for point in missed if point.status == "contradicted" or point.weight < 0]
    return {
        **grade_row(grade),
        "topic": exercise.topic,
        "attempt_id": attempt.attempt_id,
        "at": attempt.at.isoformat(),
        "aid": attempt.aid,
        "seconds": attempt.seconds,
        "time_limit": limit,
        "missing": [point.text for point in missed if point not in wrong],
        "contradicted": [
            {"text": point.text, "evidence": None if point.evidence is None else point.evidence.text} for point in wrong
        ],
        "hint": hinted,
        "reference_answer": exercise.rubric.reference_answer,
        "previous": None if previous is None else _short(previous),
        "change": None if comparison is None else asdict(comparison),
        "due": None if due is None else due.isoformat(),
    }


def _short(attempt: "Attempt") -> dict[str, Any]:
    return {
        "attempt_id": attempt.attempt_id,
        "at": attempt.at.isoformat(),
        "score": None if attempt.grade is None else attempt.grade.score,
        "fraction": attempt.fraction,
    }


def stats_json(exercises: "Mapping[str, Exercise]", attempts: "Sequence[Attempt]") -> dict[str, Any]:
    """Progress as one JSON object."""
    from grader.practice import due_dates, missed_points, never_tried, question_progress, study_list, topic_progress

    due = due_dates(attempts)
    return {
        "n_attempts": len(attempts),
        "n_questions": len(exercises),
        "topics": [asdict(row) for row in topic_progress(exercises, attempts)],
        "questions": [
            {
                **asdict(row),
                "last_at": row.last_at.isoformat(),
                "due": due[row.question_id].isoformat(),
                "word": _word(row.change),
            }
            for row in question_progress(exercises, attempts)
        ],
        "missed_points": [asdict(point) for point in missed_points(exercises, attempts)],
        "study_list": [asdict(item) for item in study_list(exercises, attempts)],
        "never_tried": [exercise.question_id for exercise in never_tried(exercises, attempts)],
    }


def print_stats(exercises: "Mapping[str, Exercise]", attempts: "Sequence[Attempt]") -> None:
    """Progress by topic and question, points that keep being missed, the study list, and what was never tried."""
    from grader.practice import due_dates, missed_points, never_tried, question_progress, study_list, topic_progress

    rows = question_progress(exercises, attempts)
    due = due_dates(attempts)
    _print_table(
        ["topic", "tried", "first", "last", "change"],
        [
            (row.topic or "no topic", f"{row.n_tried} of {row.n_questions}", *_shares(row.first, row.last, row.change))
            for row in topic_progress(exercises, attempts)
        ],
    )
    if rows:
        _print_table(
            ["question", "tries", "best", "last", "than last time", "due"],
            [
                (
                    shorten(row.question, _LONGEST),
                    str(row.n_attempts),
                    percent(row.best),
                    percent(row.last),
                    _word(row.change) or "",
                    "now" if due[row.question_id] <= datetime.now(UTC) else f"{due[row.question_id]:%Y-%m-%d}",
                )
                for row in rows
            ],
        )
    kept = [point for point in missed_points(exercises, attempts) if point.is_missed and point.n_missed > 1]
    if kept:
        _echo(["points that keep being missed:"])
        _echo(f"  {point.n_missed} of {point.n_tries}: {point.text}" for point in kept[:_SHOWN])
    items = study_list(exercises, attempts)
    if items:
        _echo(["", "study list, worst first:"])
    for item in items:
        _echo([f"  {percent(item.last)}  {item.question}"])
        signs = ["!" if point.status == "contradicted" else "-" for point in item.points[:_POINTS]]
        _echo(f"       {sign} {point.text}" for sign, point in zip(signs, item.points, strict=False))
        if len(item.points) > _POINTS:
            _echo([f"       and {len(item.points) - _POINTS} more"])
    untried = never_tried(exercises, attempts)
    if untried:
        more = f" and {len(untried) - _SHOWN} more" if len(untried) > _SHOWN else ""
        _echo(["", f"never tried: {', '.join(each.question_id for each in untried[:_SHOWN])}{more}"])


def _shares(first: float | None, last: float | None, change: float | None) -> tuple[str, str, str]:
    return percent(first), percent(last), "" if change is None else f"{change:+.0%}"


def _word(change: float | None) -> str | None:
    """Better or worse, to the percent."""
    if change is None:
        return None
    return "same" if abs(change) < 0.005 else "better" if change > 0 else "worse"


def export_rows(attempts: "Sequence[Attempt]") -> list[dict[str, Any]]:
    """Attempts as grades that `grader report` reads, with `at`, `topic`, `aid` and `seconds` as further columns."""
    from grader.files import grade_row

    return [
        grade_row(
            _graded(attempt).model_copy(
                update={
                    "extra": {
                        "at": attempt.at.isoformat(),
                        "topic": attempt.topic,
                        "aid": attempt.aid,
                        "seconds": attempt.seconds,
                    }
                }
            )
        )
        for attempt in attempts
    ]


def _graded(attempt: "Attempt") -> "Grade":
    from grader.schema import Grade

    return attempt.grade or Grade(
        answer_id=answer_id(attempt),
        question_id=attempt.question_id,
        answer=attempt.answer,
        score=None,
        max_score=None,
        fraction=None,
        ungraded_reason="sent, but not graded before the program ended",
        signature="none",
    )


def answer_id(attempt: "Attempt") -> str:
    """What an attempt is called in grades: its question and its number."""
    return f"{attempt.question_id}/{attempt.attempt_id}"


def _print_table(columns: Sequence[str], rows: Sequence[tuple[str, ...]]) -> None:
    """A table of untrusted texts on stdout."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from grader.reports import clean_for_terminal

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for position, name in enumerate(columns):
        table.add_column(name, justify="left" if position == 0 else "right", no_wrap=position > 0)
    for row in rows:
        table.add_row(*(Text(clean_for_terminal(cell)) for cell in row))
    console = Console()
    with console.capture() as shown:  # rich has its own way to end when nobody reads
        console.print(table)
    typer.echo(shown.get(), nl=False)


def _echo(lines: Any, *, err: bool = False) -> None:
    """Untrusted lines as they may be shown."""
    from grader.reports import clean_for_terminal

    for line in lines:
        typer.echo(clean_for_terminal(line), err=err)
