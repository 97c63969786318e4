"""Convert grades to rows, nested for JSONL and flat for spreadsheets, and read them back."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from grader.argument_types import check_path
from grader.errors import InputError
from grader.files.tables import Row, read_rows
from grader.files.text_input import source_name
from grader.files.validation import validate
from grader.phrases import natural
from grader.schema import Answer, Grade

_DECIMALS = 8  # in JSONL; fractions differ by about 1e-7 between batch sizes, and coarser rounding can enlarge that
_FLAT_DECIMALS = 4  # in spreadsheets: a hundredth of a percent, finer than the precision of any score
_OWN_FIELDS = frozenset(Grade.model_fields) - {"extra"}
_PREFIX = "input_"
# Fields that a grade copies from its answer. They are not stored, because equal answers share a stored grade.
ANSWER_FIELDS = ("answer_id", "question_id", "candidate", "answer", "extra")
# Nor is the step, which changes no score: with another one nothing need be graded again.
UNSTORED_FIELDS = (*ANSWER_FIELDS, "step")
_EMPTY_ROW = {name: None for name in Grade.model_fields if name != "extra"}  # fixes the order of the fields
_STORED = frozenset(_EMPTY_ROW).difference(UNSTORED_FIELDS)

# The columns of a flat row before and after the columns of points and the extra columns of the answers file.
_FIRST = (
    "answer_id question_id candidate score max_score fraction needs_review confidence flags ungraded_reason feedback"
).split()
_LAST = ["answer", "signature"]
_POINT = re.compile(r"(?:.*\.)?p\d+", re.DOTALL)  # `p1` alone in files of earlier versions
# Columns after `fraction`, if people's marks were used.
_MARKS_COLUMNS = {"marks_before": "before", "marks_low": "low", "marks_high": "high"}


def grade_row(grade: Grade) -> dict[str, Any]:
    """The grade as one JSON object: its fields, then the extra columns; `read_grades` reverses it."""
    row = grade.model_dump(mode="json", exclude={"extra"})
    for point in row["points"]:
        if point["stated"] is None:  # only a reader gives these two
            del point["stated"], point["contradicted"]
    return {**_rounded(row, _DECIMALS), **_extra_columns(grade.extra)}


def stored_grade_row(stored: Mapping[str, Any], answer: Answer, step: float | None = None) -> dict[str, Any] | None:
    """The row (see `grade_row`) of an answer, made from the stored row of an answer with the same text.

    Args:
        stored: a row without extra columns and `UNSTORED_FIELDS`.
        answer: the answer that the new row is for.
        step: of its question.

    Returns:
        the row; `None` if `stored` does not have exactly the fields of a grade.

    """
    if len(stored) != len(_STORED) or not all(name in stored for name in _STORED):
        return None
    own = {"answer_id": answer.answer_id, "question_id": answer.question_id, "candidate": answer.candidate}
    row = {**_EMPTY_ROW, **stored, **own, "answer": answer.answer, "step": _rounded(step, _DECIMALS)}
    return {**row, **_extra_columns(answer.extra)} if answer.extra else row


def read_grades(path: str | Path) -> Iterator[Grade]:
    """The grades in a JSONL file that `grader grade` wrote.

    Raises:
        InputError: the file cannot be read, a row is not a grade, or it is a flat row (CSV, XLSX), which has no
            evidence; names file, line and field.
        TypeError: `path` is no path.

    >>> from pathlib import Path
    >>> from grader import read_grades
    >>> row = '{"answer_id": "a1", "question_id": "q1", "score": 5, "max_score": 10, "fraction": 0.5, "signature": "-"'
    >>> _ = Path("grades.jsonl").write_text(row + ', "points": []}')
    >>> [grade.score for grade in read_grades("grades.jsonl")]
    [5.0]
    """
    check_path(path, 'read_grades("grades.jsonl")', fields="Grade(**fields)")
    return _grades(path)


def _grades(path: str | Path) -> Iterator[Grade]:
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


def point_columns(grade: Grade) -> dict[str, float | None]:
    """The credit of each point by the name of its column: `<question id>.<point id>`.

    A name that begins as the name of an extra column could gets the prefix `point_`.
    """
    named = {f"{grade.question_id}.{point.point_id}": point.credit for point in grade.points}
    return {f"point_{name}" if name.startswith(("point_", _PREFIX)) else name: value for name, value in named.items()}


def flat_row(grade: Grade, *, points: Collection[str] = (), rounded: bool = False) -> dict[str, Any]:
    """A grade as one row: our own columns, the credit of each point, the extra columns, the answer, the signature.

    An extra column with the name of one of our columns or of a point gets the prefix `input_`.

    Args:
        grade: any grade; the credit of a point that was not judged is `None`.
        points: the columns of the points of all grades in the table (`point_columns`). Needed only if an extra column
            may have the name of one; `x.p1`, `x.p2`, .. are always reserved for points.
        rounded: whether people read the score, so that it is rounded to the step of its scale.

    """
    earned = point_columns(grade)
    points = {*points, *earned}
    row = {name: getattr(grade, name) for name in _FIRST} | {"flags": "; ".join(grade.flags)} | earned
    row |= {"score": grade.rounded_score} if rounded else {}
    row |= {} if grade.marks is None else {name: getattr(grade.marks, field) for name, field in _MARKS_COLUMNS.items()}
    last = {name: getattr(grade, name) for name in _LAST}
    return {**_rounded(row, _FLAT_DECIMALS), **_extra_columns(grade.extra, points), **last}


def flat_columns(grades: Iterable[Grade]) -> list[str]:
    """The columns of a table of these grades, as in `flat_row`: points in natural order (p2 before p10)."""
    points: set[str] = set()
    extras: dict[str, None] = {}
    marked = False
    for grade in grades:
        marked = marked or grade.marks is not None
        points.update(point_columns(grade))
        extras |= dict.fromkeys(grade.extra)
    in_order = sorted(points, key=natural)
    after = _FIRST.index("fraction") + 1
    first = [*_FIRST[:after], *_MARKS_COLUMNS, *_FIRST[after:]] if marked else _FIRST
    return [*first, *in_order, *(_extra_column(name, points) for name in extras), *_LAST]


def _extra_columns(extra: Mapping[str, Any], points: Collection[str] = ()) -> dict[str, Any]:
    return {_extra_column(name, points): value for name, value in extra.items()}


def _extra_column(name: str, points: Collection[str] = ()) -> str:
    """The column of an extra field: its name, with the prefix `input_` if the name is reserved (`_is_reserved`).

    Different names get different columns, and `_extra_name` reverses it.
    """
    return f"{_PREFIX}{name}" if _is_reserved(name, points) else name


def _extra_name(column: str) -> str:
    """The name in the answers file of an extra column."""
    return column.removeprefix(_PREFIX) if _is_reserved(column) else column


def _is_reserved(name: str, points: Collection[str] = ()) -> bool:
    """Whether a name, after removing all prefixes `input_`, is that of a field or a point."""
    while name.startswith(_PREFIX):
        name = name.removeprefix(_PREFIX)
    return name in _OWN_FIELDS or name in _MARKS_COLUMNS or name in points or _POINT.fullmatch(name) is not None


def _line(row: Row, _place: object) -> int:
    return row.line


_UNROUNDED = (str, int, type(None))  # most values; they need no rounding


def _rounded(value: Any, decimals: int) -> Any:
    if isinstance(value, float):
        return round(value, decimals)
    if isinstance(value, dict):
        return {key: item if isinstance(item, _UNROUNDED) else _rounded(item, decimals) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item, decimals) for item in value]
    return value
