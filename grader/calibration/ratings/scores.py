"""Scores as people write them: `1.5`, `1,5`, `3/5`, `80 %`, and `B+` with a scale that says what it is worth."""

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from grader.errors import InputError
from grader.files import FORMATS, Row, id_text, pick_columns, read_document, read_rows, refuse_duplicate
from grader.statistics import DECIMALS

Kind = Literal["number", "fraction", "percent", "label"]

MOST_POINTS: Final = 1e9  # with larger scores, sums of squares would lose single points
# How people mark a missing score.
_MISSING = {"", "-", "–", "—", ".", "na", "n/a", "n.a.", "nan", "none", "null", "k.a."}
_NUMBER = r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?"
_FRACTION = re.compile(rf"({_NUMBER})\s*(?:/|of|out of|von|de|sur|su)\s*({_NUMBER})", re.IGNORECASE)
_PERCENT = re.compile(rf"({_NUMBER})\s*%")
# Either one thousand two hundred, or one and a fifth.
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")
_MONTHS = (
    r"(?:jan|feb|m[aä]r|mrz|apr|may|mai|ma[ijy]o?|jun|jul|aug|ago|août|sep|o[ckt]t|nov|de[czs]|ene|abr|fév|avr|juin|"
    r"juil|déc|gen|mag|giu|lug|set|ott|dic)[a-zéäû]*\.?"
)
_DATE = re.compile(
    r"\d{4}-\d{2}-\d{2}(?:[T ].*)?"
    r"|\d{1,2}/\d{1,2}/\d{2,4}|\d{1,2}\.\d{1,2}\.(?:\d{2,4})?|\d{1,2}-\d{1,2}-\d{2,4}"
    rf"|\d{{1,2}}[-. /]*{_MONTHS}(?:[-. /]*\d{{2,4}})?|{_MONTHS}[-. /]*\d{{1,4}}",
    re.IGNORECASE,
)
_SCALE_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "grade": ("grade", "label", "level", "letter", "mark", "note"),
    "points": ("points", "score", "value", "number"),
}


class Score(NamedTuple):
    """A score, the full score where it says so (`3/5`, `80 %`), and how it is written."""

    points: float
    max_score: float | None = None
    kind: Kind = "number"


class Scale(NamedTuple):
    """What each label is worth in points, by label in lower case, and the highest of them."""

    points: Mapping[str, float]
    max_score: float


def parse_score(value: Any, scale: Scale | None = None) -> Score | None:
    """A cell as a score, rounded so that equal scores are equal; `None` for a blank cell or a word such as `NA`.

    Args:
        value: text or a number.
        scale: what labels are worth.

    Raises:
        ValueError: it is no score; says what to do.

    """
    text = _plain(value)
    if value is None or text.casefold() in _MISSING:
        return None
    if scale is not None and text.casefold() in scale.points:
        return Score(scale.points[text.casefold()], scale.max_score, "label")
    if isinstance(value, bool):
        raise ValueError(f"expected a number or nothing, found '{value}'")
    fraction, percent = _FRACTION.fullmatch(text), _PERCENT.fullmatch(text)
    if fraction:
        return Score(_number(fraction[1], text), _full_score(fraction[2], text), "fraction")
    if percent:
        return Score(_number(percent[1], text), 100.0, "percent")
    return Score(_number(text, text))


def is_date(value: Any) -> bool:
    """Whether text reads as a date, as Excel writes it."""
    return isinstance(value, str) and _DATE.fullmatch(value.strip()) is not None


def _plain(value: Any) -> str:
    return " ".join(str(value).replace("\u2212", "-").split())


def _number(text: str, shown: str) -> float:
    if is_date(shown):
        raise ValueError(
            f"found the date '{shown[:40]}': spreadsheets make dates of fractions such as 3/5; give the column the "
            "format Text and type the scores again, or write the points alone"
        )
    if shown.startswith(("=", "#")):
        what = "a formula without a stored result" if shown.startswith("=") else "an error of a spreadsheet"
        raise ValueError(f"found {what}, '{shown[:40]}': paste the score as a value")
    if _THOUSANDS.fullmatch(text):
        one, other = text.replace(",", "."), text.replace(",", "")
        raise ValueError(f"found '{shown[:40]}', which may be {one} or {other}: write it with a decimal point")
    if not re.fullmatch(_NUMBER, text):
        raise ValueError(
            f"expected a number or nothing, found '{shown[:40]}'; what grades such as B+ are worth is said by a file: "
            "--scale scale.csv"
        )
    number = float(text.replace(",", "."))
    if not math.isfinite(number) or abs(number) > MOST_POINTS:
        raise ValueError(f"found {number:g}, expected at most {MOST_POINTS:,.0f} points")
    return round(number, DECIMALS)


def _full_score(text: str, shown: str) -> float:
    full = _number(text, shown)
    if full <= 0:
        raise ValueError(f"found '{shown[:40]}', expected a full score above 0 after the stroke")
    return full


def read_scale(path: str | Path) -> Scale:
    """What labels such as `B+` are worth in points.

    Args:
        path: a table with the columns `grade` and `points`, or a YAML or JSON document `{B+: 3.3, B: 3}`; every label
            that there is, because the highest is the full score.

    Raises:
        InputError: with the line: a label without a number or a label that appears twice.

    """
    source = str(path)
    given = list(_labels(path))
    seen: dict[str, int | None] = {}
    points = {}
    for label, value, line in given:
        name = _plain(label).casefold()
        refuse_duplicate(seen, name, line=line, field="grade", source=source)
        try:
            score = parse_score(value)
        except ValueError as error:
            raise InputError(str(error).partition(";")[0], source=source, line=line, field="points") from error
        if not name or score is None or score.kind != "number":
            problem = f"expected a grade and its points, found '{label}' and '{value}'"
            raise InputError(problem, source=source, line=line)
        points[name] = score.points
    if not points or max(points.values()) <= 0:
        raise InputError("expected grades with their points, the best of them more than 0", source=source)
    return Scale(points, max(points.values()))


def _labels(path: str | Path) -> Any:
    if Path(path).suffix.lower() in FORMATS and Path(path).suffix.lower() != ".json":
        for row in read_rows(path):
            yield _label(row, str(path))
        return
    document = read_document(path)
    if not isinstance(document.data, dict):
        raise InputError("expected grades with their points, such as B+: 3.3", source=document.source, line=1)
    for label, value in document.data.items():
        yield label, value, document.line_of((label,))


def _label(row: Row, source: str) -> tuple[str, Any, int]:
    columns = pick_columns(
        row.values, _SCALE_COLUMNS, required=tuple(_SCALE_COLUMNS), source=source, line=row.names_line
    )
    return str(id_text(row.values[columns["grade"]]) or ""), row.values[columns["points"]], row.line
