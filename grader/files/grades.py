"""Grades as rows of a file, nested for JSONL and flat for spreadsheets, and back."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from grader.errors import InputError
from grader.files.tables import Row, read_rows
from grader.files.text_input import source_name
from grader.files.validation import validate
from grader.phrases import natural
from grader.schema import Answer, Grade

_DECIMALS = 8  # in JSONL: batches move a fraction by some 1e-7, which coarser rounding could turn into a step
_FLAT_DECIMALS = 4  # in spreadsheets: a hundredth of a percent, finer than any score is meant
_OWN_FIELDS = frozenset(Grade.model_fields) - {"extra"}
_PREFIX = "input_"
# What a grade takes from its answer, for others may have given the same one.
ANSWER_FIELDS = ("answer_id", "question_id", "candidate", "answer", "extra")
_NO_ROW = {name: None for name in Grade.model_fields if name != "extra"}  # the fields in their order
_STORED = frozenset(_NO_ROW).difference(ANSWER_FIELDS)

# The columns of a flat row before and after those of points and of the answers file.
_FIRST = (
    "answer_id question_id candidate score max_score fraction needs_review confidence flags ungraded_reason feedback"
).split()
_LAST = ["answer", "signature"]
# After the fraction, where people's marks were used.
_MARKED = {"marks_before": "before", "marks_low": "low", "marks_high": "high"}


def grade_row(grade: Grade) -> dict[str, Any]:
    """One JSON object: the grade's fields, then the extra columns; `read_grades` gives the grade back."""
    row = grade.model_dump(mode="json", exclude={"extra"})
    return {**_rounded(row, _DECIMALS), **_extra_columns(grade.extra)}


def stored_grade_row(stored: Mapping[str, Any], answer: Answer) -> dict[str, Any] | None:
    """What `grade_row` gives for the grade of an answer, from what it gave for another one with the same words.

    Args:
        stored: that row without extra columns and `ANSWER_FIELDS`.
        answer: whose row is wanted.

    Returns:
        `None` where other fields are stored than a grade has.

    """
    if len(stored) != len(_STORED) or not all(name in stored for name in _STORED):
        return None
    own = {"answer_id": answer.answer_id, "question_id": answer.question_id, "candidate": answer.candidate}
    row = {**_NO_ROW, **stored, **own, "answer": answer.answer}
    return {**row, **_extra_columns(answer.extra)} if answer.extra else row


def read_grades(path: str | Path) -> Iterator[Grade]:
    """The grades in a JSONL file that `grader grade` wrote.

    Raises:
        InputError: when the file cannot be read, or a row is not a grade or a flat one (CSV, XLSX), which lacks
            the evidence; names file, line and field.

    """
    for row in read_rows(path):
        if not isinstance(row.values.get("points"), list) and "score" in row.values:
            problem = (
                "holds each point's credit alone, without the words that show it; "
                "give the file that `grader grade -o grades.jsonl` writes"
            )
            raise InputError(problem, source=source_name(path), line=row.line, field="points")
        own = {name: value for name, value in row.values.items() if name in _OWN_FIELDS}
        extra = {_extra_name(name): value for name, value in row.values.items() if name not in _OWN_FIELDS}
        yield validate(Grade, {**own, "extra": extra}, source=source_name(path), line_of=partial(_line, row))


def flat_row(grade: Grade, *, point_ids: Collection[str] = ()) -> dict[str, Any]:
    """A grade as one row: our columns, each point's credit, the extra columns, the answer, the signature.

    A point or an extra column that bears the name of one of ours is called `point_...` or `input_...`.

    Args:
        grade: any grade; the credit of a point that was not judged is `None`.
        point_ids: of all grades in the table. Needed only when an extra column may bear the hand-made id of a
            point; `p1` and the like are always kept for points.

    """
    earned = {_point_column(point.point_id): point.credit for point in grade.points}
    points = {*map(_point_column, point_ids), *earned}
    row = {name: getattr(grade, name) for name in _FIRST} | {"flags": "; ".join(grade.flags)} | earned
    row |= {} if grade.marks is None else {name: getattr(grade.marks, field) for name, field in _MARKED.items()}
    last = {name: getattr(grade, name) for name in _LAST}
    return {**_rounded(row, _FLAT_DECIMALS), **_extra_columns(grade.extra, points), **last}


def flat_columns(grades: Iterable[Grade]) -> list[str]:
    """The columns of a table of these grades, as in `flat_row`: points in natural order (p2 before p10)."""
    points: set[str] = set()
    extras: dict[str, None] = {}
    marked = False
    for grade in grades:
        marked = marked or grade.marks is not None
        points.update(_point_column(point.point_id) for point in grade.points)
        extras |= dict.fromkeys(grade.extra)
    in_order = sorted(points, key=natural)
    after = _FIRST.index("fraction") + 1
    first = [*_FIRST[:after], *_MARKED, *_FIRST[after:]] if marked else _FIRST
    return [*first, *in_order, *(_extra_column(name, points) for name in extras), *_LAST]


def _extra_columns(extra: Mapping[str, Any], points: Collection[str] = ()) -> dict[str, Any]:
    return {_extra_column(name, points): value for name, value in extra.items()}


def _extra_column(name: str, points: Collection[str] = ()) -> str:
    """The name itself; with `input_` before it where the name, or what follows `input_` in it, is ours.

    So no two names become one, and `_extra_name` finds the way back.
    """
    return f"{_PREFIX}{name}" if _is_ours(name, points) else name


def _extra_name(column: str) -> str:
    """The name of an extra column in the answers file."""
    return column.removeprefix(_PREFIX) if _is_ours(column) else column


def _is_ours(name: str, points: Collection[str] = ()) -> bool:
    """Whether a name is that of a field or of a point, with `input_` before it any number of times."""
    while name.startswith(_PREFIX):
        name = name.removeprefix(_PREFIX)
    return name in _OWN_FIELDS or name in _MARKED or name in points or re.fullmatch(r"p\d+", name) is not None


def _point_column(point_id: str) -> str:
    """The id itself; with `point_` before it where another column could bear that name."""
    clashes = point_id in (*_FIRST, *_MARKED, *_LAST) or point_id.startswith(("point_", _PREFIX))
    return f"point_{point_id}" if clashes else point_id


def _line(row: Row, _place: object) -> int:
    return row.line


_WHOLE = (str, int, type(None))  # most values; nothing is to be rounded in them


def _rounded(value: Any, decimals: int) -> Any:
    if isinstance(value, float):
        return round(value, decimals)
    if isinstance(value, dict):
        return {key: item if isinstance(item, _WHOLE) else _rounded(item, decimals) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item, decimals) for item in value]
    return value
