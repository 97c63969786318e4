"""Ratings from files: long tables, wide tables and labelled sets, with the place of every error.

Nothing here compares raters.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any, Final, NamedTuple

from grader.argument_types import check_path, wrong_type
from grader.errors import InputError
from grader.files import Row, id_text, pick_columns, read_rows, refuse_shortened_id, source_name
from grader.phrases import count
from grader.statistics import DECIMALS

# How people mark a missing score.
_MISSING = {"", "-", "–", ".", "na", "n/a", "nan", "none", "null"}
_YES_OR_NO = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
# With larger scores, sums of squares would lose single points.
_LARGEST = 1e9
# Column names that people and other tools use, the preferred one first.
_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "answer_id": ("answer_id", "id", "response_id", "submission_id", "script_id", "script"),
    "rater": (
        "rater",
        "rater_id",
        "rater_name",
        "interviewer",
        "marker",
        "annotator",
        "annotator_id",
        "coder",
        "judge",
    ),
    "score": ("score", "rating", "mark", "marks", "human_score"),
    "question_id": ("question_id", "question"),
    "point_id": ("point_id", "point", "criterion_id", "criterion"),
    "max_score": ("max_score", "max", "out_of"),
    "time": ("time", "timestamp", "rated_at", "date", "order"),
    "phase": ("phase",),
    "gold": ("gold", "gold_score"),
    "group": ("group", "subgroup"),
    "answer": ("answer", "response", "submission", "student_answer"),
}
_LABELLED: Final = "human_scores"  # under this name a labelled set holds every rater's score
Place = tuple[str, str | None]  # an answer, or a point of it


class Cell(NamedTuple):
    """A value and where it stands."""

    value: Any
    column: str
    line: int
    source: str

    def fault(self, problem: str) -> InputError:
        """The error that says what is wrong with this cell."""
        return InputError(problem, source=self.source, line=self.line, field=self.column)

    def text(self) -> str | None:
        """Text, or a number as text; `None` for a blank cell.

        Raises:
            InputError: true, false, a list or an object.

        """
        text = id_text(self.value)
        if text is None or isinstance(text, str):
            return text or None
        raise self.fault(f"expected text or a number, found {str(self.value)[:40]}")

    def required_text(self) -> str:
        """The same, for a cell that must not be blank.

        Raises:
            InputError: also for a blank cell.

        """
        text = self.text()
        if text is None:
            raise self.fault("is blank, expected a name or an id")
        refuse_shortened_id(text, line=self.line, field=self.column, source=self.source)
        return text

    def number(self) -> float | None:
        """A number of points, rounded so that equal scores are equal; `None` for a blank or a word such as `NA`.

        Raises:
            InputError: anything else, and what is too large for a score.

        """
        value = self.value
        if value is None or (isinstance(value, str) and value.strip().lower() in _MISSING):
            return None
        number = math.nan if isinstance(value, bool) else _finite(value)
        if math.isnan(number):
            hint = "; write it with a decimal point" if "," in str(value) else ""
            raise self.fault(f"expected a number or nothing, found '{str(value)[:40]}'{hint}")
        if abs(number) > _LARGEST:
            raise self.fault(f"found {number:g}, expected at most {_LARGEST:,.0f} points")
        return round(number, DECIMALS)

    def moment(self) -> float | None:
        """A number as it is, a date as seconds since 1970 (UTC where it names no zone); `None` for a blank cell.

        Raises:
            InputError: anything else.

        """
        text = self.text()
        if text is None:
            return None
        number = _finite(text)
        if not math.isnan(number):
            return number
        try:
            when = datetime.fromisoformat(text)
        except ValueError:
            problem = f"expected a number or a date such as 2026-01-31 or 2026-01-31T14:30, found '{text[:40]}'"
            raise self.fault(problem) from None
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()

    def is_date(self) -> bool:
        """Whether a moment is a date and not a number."""
        return math.isnan(_finite(self.value))

    def yes_or_no(self) -> bool | None:
        """Whether it says yes (`1`, `true`, `yes`) or no; `None` for a blank cell and for anything else."""
        text = str(self.value).strip().lower()
        return _YES_OR_NO.get(text)


def _finite(value: Any) -> float:
    """The value as a finite number, NaN if it is none; `1_000` is none."""
    try:
        number = math.nan if "_" in str(value) else float(value)
    except (ValueError, TypeError):
        return math.nan
    return number if math.isfinite(number) else math.nan


class Rating(NamedTuple):
    """One score that one rater gave one answer, or one rubric point of it.

    Attributes:
        answer_id, rater: the answer and the rater; the name of a machine begins with `system:`.
        score: in points, 0 to `max_score` where that is known.
        question_id, point_id, max_score, group: as in the file; `None` where it does not say.
        time: seconds since 1970 for a date, otherwise the number in the file.
        line: its line in the file.

    """

    answer_id: str
    rater: str
    score: float
    question_id: str | None = None
    point_id: str | None = None
    max_score: float | None = None
    time: float | None = None
    group: str | None = None
    line: int = 0


@dataclass(frozen=True, slots=True)
class Ratings:
    """The ratings of a file that count, and what was left out.

    Attributes:
        source: the file.
        rows: in the order of the file; a rater who rated the same answer again is there again.
        gold: the definitive score of an answer (or of a point of it). Rows that only state it are not in `rows`.
        n_rows: rows in the file.
        n_blank: blank cells for a score.
        n_not_blind: how many scores of each `phase` but `blind` were left out.
        texts: the text of each answer, where the file has it.

    """

    source: str
    rows: tuple[Rating, ...]
    gold: Mapping[Place, float] = field(default_factory=dict)
    n_rows: int = 0
    n_blank: int = 0
    n_not_blind: Mapping[str, int] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)


def read_ratings(path: str | Path, *, raters: Sequence[str] = ()) -> Ratings:
    """The ratings of a table.

    Args:
        path: a table (`tables.FORMATS`), or `-` for standard input. Long: one rating a row, with `answer_id, rater,
            score` and perhaps `question_id, point_id, max_score, time, phase, gold, group`. Wide: one answer a row,
            with a column for each of `raters`. A labelled set is recognised by `human_scores`.
        raters: the columns that hold the scores of a wide table.

    Raises:
        InputError: with line and field: a missing column, a value that is not a number, a score outside the scale, a
            repeated row, an answer that changes its question, scale or group, no rating that counts.
        TypeError: `path` is no path, or `raters` no list of names.

    >>> from pathlib import Path
    >>> from grader import read_ratings
    >>> _ = Path("ratings.csv").write_text("answer_id,Kim,Lee\\na1,6,7\\na2,1,3\\n")
    >>> [(rating.answer_id, rating.rater, rating.score) for rating in read_ratings("ratings.csv", raters=["Kim"]).rows]
    [('a1', 'Kim', 6.0), ('a2', 'Kim', 1.0)]
    """
    check_path(path, 'read_ratings("ratings.csv")')
    if isinstance(raters, str) or not isinstance(raters, Sequence):
        raise wrong_type("raters", raters, "a list of columns", 'raters=["Kim", "Lee"]')
    source = source_name(path)
    twice = next((name for name, times in Counter(raters).items() if times > 1), None)
    if twice is not None:
        raise InputError("is named twice in --raters: name each rater's column once", source=source, field=twice)
    rows = read_rows(path)
    first = next(rows)  # a table without rows is an error of `read_rows`
    table = _Table(source, raters, labelled=not raters and _LABELLED in first.values)
    for row in chain([first], rows):
        table.take(row)
    return table.ratings()


class _Table:
    """The rows of one file, taken one after the other."""

    def __init__(self, source: str, raters: Sequence[str], *, labelled: bool) -> None:
        self._source, self._raters, self._labelled = source, raters, labelled
        self._names: list[str] = []
        self._columns: dict[str, str] = {}
        self._seen: dict[str, int] = {}  # line of each row, to find repeated rows
        self._facts: dict[tuple[str, Place], tuple[object, int]] = {}  # what is the same for all ratings of an answer
        self._rows: list[Rating] = []
        self._marks: list[tuple[Rating, Cell]] = []  # ratings with something in the column `gold`
        self._time_kind: tuple[str, int] | None = None  # and the line of the first time
        self._n_rows = self._n_blank = 0
        self._not_blind: Counter[str] = Counter()
        self._texts: dict[str, str] = {}

    def take(self, row: Row) -> None:
        """Add a row."""
        names = list(row.values)
        if names != self._names:  # rows of JSONL may differ
            self._names, self._columns = names, self._pick(row)
        self._n_rows += 1
        self._refuse_copy(row)
        cells = {field: Cell(row.values[name], name, row.line, self._source) for field, name in self._columns.items()}
        answer = cells["answer_id"].required_text()
        self._note_text(answer, cells)
        common = self._common(answer, cells, row.line)
        phase = (cells["phase"].text() or "blind").lower() if "phase" in cells else "blind"
        for rater, cell in self._scores(row, cells):
            score = cell.number()
            if score is None:
                self._n_blank += 1
            elif phase != "blind":
                self._not_blind[phase] += 1
            else:
                self._add(common._replace(rater=rater, score=score), cell, cells.get("gold"))

    def _pick(self, row: Row) -> dict[str, str]:
        wanted = ("answer_id",) if self._raters or self._labelled else ("answer_id", "rater", "score")
        accepted = {
            name: aliases for name, aliases in _COLUMNS.items() if name in wanted or name not in ("rater", "score")
        }
        source, line = self._source, row.names_line
        missing = next((name for name in self._raters if name not in row.values), None)
        if missing is not None:
            problem = f"no such column: found {', '.join(row.values)[:200]}; name the columns as they are in the file"
            raise InputError(problem, source=source, line=line, field=missing)
        try:
            columns = pick_columns(row.values, accepted, required=wanted, source=source, line=line)
        except InputError as error:
            if error.field not in ("rater", "score"):
                raise
            problem = f"{error.problem}; for a table with one column a rater name these columns: --raters kim,lee"
            raise InputError(problem, source=source, line=line, field=error.field) from error
        if columns["answer_id"] in self._raters:
            problem = "holds the ids of the answers, so it cannot be a rater's: leave it out of --raters"
            raise InputError(problem, source=source, line=line, field=columns["answer_id"])
        return {field: name for field, name in columns.items() if name not in self._raters}

    def _refuse_copy(self, row: Row) -> None:
        first = self._seen.setdefault(repr(tuple(row.values.values())), row.line)
        if first != row.line:
            problem = (
                f"the row is the same as on line {first} in every column: delete one of them, or give both "
                "a `time` if the answer was really rated twice"
            )
            raise InputError(problem, source=self._source, line=row.line)

    def _note_text(self, answer: str, cells: Mapping[str, Cell]) -> None:
        text = cells["answer"].value if "answer" in cells else None
        if isinstance(text, str) and text.strip():
            self._texts.setdefault(answer, text)

    def _common(self, answer: str, cells: Mapping[str, Cell], line: int) -> Rating:
        """What all ratings of a row share; it must agree with other rows of the same answer."""
        question, point, group = (
            cells[name].text() if name in cells else None for name in ("question_id", "point_id", "group")
        )
        scale = cells["max_score"].number() if "max_score" in cells else None
        if scale is not None and scale <= 0:
            raise cells["max_score"].fault(f"expected more than 0, found {scale:g}")
        for fact, value in (("question_id", question), ("group", group)):
            self._same(fact, (answer, None), value, cells.get(fact))
        self._same("max_score", (answer, point), scale, cells.get("max_score"))
        time = self._time(cells["time"]) if "time" in cells else None
        return Rating(answer, "", 0.0, question, point, scale, time, group, line)

    def _time(self, cell: Cell) -> float | None:
        """The time of a rating: dates everywhere or numbers everywhere, because 7 and 2026-01-31 have no order."""
        time = cell.moment()
        if time is not None:
            kind = "a date" if cell.is_date() else "a number"
            known, line = self._time_kind = self._time_kind or (kind, cell.line)
            if kind != known:
                raise cell.fault(f"found {kind}, but {known} on line {line}: write all of them in the same way")
        return time

    def _same(self, fact: str, place: Place, value: object, cell: Cell | None) -> None:
        if value is None or cell is None:
            return
        known, line = self._facts.setdefault((fact, place), (value, cell.line))
        if known != value:
            before, now = (f"{one:g}" if isinstance(one, float) else str(one)[:40] for one in (known, value))
            problem = f"answer '{place[0][:40]}' has '{before}' on line {line}, found '{now}'"
            way = ": give each answer an id of its own, such as q2-c01" if fact == "question_id" else ": correct one"
            raise cell.fault(problem + way)

    def _scores(self, row: Row, cells: Mapping[str, Cell]) -> Iterator[tuple[str, Cell]]:
        """Each rater of a row with the cell of the score."""
        if self._raters:
            yield from ((name, Cell(row.values[name], name, row.line, self._source)) for name in self._raters)
        elif self._labelled:
            yield from self._labelled_scores(row)
        else:
            yield cells["rater"].required_text(), cells["score"]

    def _labelled_scores(self, row: Row) -> Iterator[tuple[str, Cell]]:
        scores = row.values.get(_LABELLED)
        if not isinstance(scores, dict):
            problem = 'expected an object with the score of each rater, such as {"r1": 2}'
            raise InputError(problem, source=self._source, line=row.line, field=_LABELLED)
        for name, value in scores.items():
            yield name, Cell(value, f"{_LABELLED}.{name}", row.line, self._source)

    def _add(self, rating: Rating, cell: Cell, gold: Cell | None) -> None:
        scale = rating.max_score
        if scale is not None and not 0 <= rating.score <= scale:
            raise cell.fault(f"found {rating.score:g}, expected 0 to max_score {scale:g}")
        if gold is None or gold.text() is None:
            self._rows.append(rating)
        else:
            self._marks.append((rating, gold))

    # --- gold --------------------------------------------------------------------------------------

    def ratings(self) -> Ratings:
        """All rows that were added, as `Ratings`."""
        gold = self._gold()
        if not self._rows:
            not_blind = sum(self._not_blind.values())
            reasons = f"{self._n_blank:,} without a score, {not_blind:,} not blind, {len(gold):,} gold"
            problem = f"holds no rating that counts: {count(self._n_rows, 'row')}, {reasons}"
            if not_blind:
                problem += "; what was given blind has the phase 'blind' or none"
            if gold:
                problem += "; a row marked gold says what is right, others say what a rater gave"
            raise InputError(problem, source=self._source)
        rows = tuple(sorted(self._rows, key=lambda rating: rating.line))
        return Ratings(self._source, rows, gold, self._n_rows, self._n_blank, dict(self._not_blind), self._texts)

    def _gold(self) -> dict[Place, float]:
        """The definitive scores: of rows that say yes in the column `gold`, or the numbers that stand in it."""
        marked_rows = not self._raters and all(
            cell.column.lower() == "gold" and cell.yes_or_no() is not None for _, cell in self._marks
        )
        gold: dict[Place, float] = {}
        for rating, cell in self._marks:
            place = (rating.answer_id, rating.point_id)
            if not marked_rows or not cell.yes_or_no():
                self._rows.append(rating)
            score = (rating.score if cell.yes_or_no() else None) if marked_rows else cell.number()
            if score is None:
                continue
            if rating.max_score is not None and not 0 <= score <= rating.max_score:
                raise cell.fault(f"found {score:g}, expected 0 to max_score {rating.max_score:g}")
            self._same("gold", place, score, cell)
            gold[place] = score
        return gold
