"""Ratings from files: long tables, wide tables and labelled sets, with the place of every error.

Nothing here compares raters.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from grader.argument_types import check_path, wrong_type
from grader.calibration.ratings.columns import LABELLED, Columns, find_columns
from grader.calibration.ratings.scores import Scale, Score, parse_score
from grader.calibration.ratings.tables import Table, read_tables
from grader.errors import InputError
from grader.files import Row, id_text, refuse_shortened_id, source_name
from grader.phrases import count

_YES_OR_NO = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
_THOUSANDS = re.compile(r"[1-9]\d{0,2}\.\d{3}")  # in a file with decimal commas this is no decimal point
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

    def score(self, scale: Scale | None = None) -> Score | None:
        """A score; `None` for a blank or a word such as `NA`.

        Raises:
            InputError: as `parse_score`.

        """
        try:
            return parse_score(self.value, scale)
        except ValueError as error:
            raise self.fault(str(error)) from error

    def number(self, scale: Scale | None = None) -> float | None:
        """The points of a score.

        Raises:
            InputError: as `score`.

        """
        score = self.score(scale)
        return None if score is None else score.points

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


def _place(first: "Cell", other: "Cell") -> str:
    """Where a cell stands, seen from another one."""
    return f"on line {first.line}" + ("" if first.source == other.source else f" of {first.source}")


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
        line: its line in the file, or the sheet.

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
        notes: how the file was read, as far as a person should know: sheets, raters, what was left out.

    """

    source: str
    rows: tuple[Rating, ...]
    gold: Mapping[Place, float] = field(default_factory=dict)
    n_rows: int = 0
    n_blank: int = 0
    n_not_blind: Mapping[str, int] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def read_ratings(
    path: str | Path, *, raters: Sequence[str] = (), sheets: Sequence[str] = (), scale: Scale | None = None
) -> Ratings:
    """The ratings of a table, as people keep it: with titles above the header, in several sheets, without ids.

    Args:
        path: a table (`tables.FORMATS`), or `-` for standard input. Long: one rating a row, with `answer_id, rater,
            score` and perhaps `question_id, point_id, max_score, time, phase, gold, group`. Wide: one answer a row,
            with a column for each rater. Without ids answers are known by `candidate` and, if there is one, `question`.
            A labelled set is recognised by `human_scores`.
        raters: the columns that hold the scores of a wide table; by default those of numbers, which `notes` names.
        sheets: of a workbook; by default those that hold ratings, which `notes` names.
        scale: what grades such as `B+` are worth (`read_scale`).

    Raises:
        InputError: with line and field: a missing column, a value that is not a number, a score outside the scale, a
            repeated row, an answer that changes its question, scale or group, no rating that counts; or it cannot be
            told which sheet or column holds ratings.
        TypeError: `path` is no path, or `raters` or `sheets` no list of names.

    >>> from pathlib import Path
    >>> from grader import read_ratings
    >>> _ = Path("ratings.csv").write_text("answer_id,Kim,Lee\\na1,6,7\\na2,1,3\\n")
    >>> [(rating.answer_id, rating.rater, rating.score) for rating in read_ratings("ratings.csv", raters=["Kim"]).rows]
    [('a1', 'Kim', 6.0), ('a2', 'Kim', 1.0)]
    """
    check_path(path, 'read_ratings("ratings.csv")')
    for name, given in (("raters", raters), ("sheets", sheets)):
        if isinstance(given, str) or not isinstance(given, Sequence):
            raise wrong_type(name, given, "a list of names", f'{name}=["Kim", "Lee"]')
    source = source_name(path)
    twice = next((name for name, times in Counter(raters).items() if times > 1), None)
    if twice is not None:
        raise InputError("is named twice in --raters: name each rater's column once", source=source, field=twice)
    tables, notes = read_tables(path, raters=raters, sheets=sheets, scale=scale)
    ratings = _Ratings(source, scale)
    for table in tables:
        ratings.begin(table)
        for row in table.rows:
            ratings.take(row)
    return ratings.all(notes)


class _Ratings:
    """The ratings of the tables of one file, taken one row after the other."""

    def __init__(self, source: str, scale: Scale | None) -> None:
        self._file, self._scale = source, scale
        self._seen: dict[str, tuple[str, int]] = {}  # where each row is, to find repeated rows
        self._facts: dict[tuple[str, Place], tuple[object, Cell]] = {}  # what is the same for all ratings of an answer
        self._rows: list[tuple[int, Rating]] = []  # with the number of the row
        self._marks: list[tuple[int, Rating, Cell]] = []  # ratings with something in the column `gold`
        self._kind: tuple[str, Cell] | None = None  # how scores are written, and the first
        self._comma: Cell | None = None  # the first score with a decimal comma
        self._point: Cell | None = None  # and the first with a point that may be one of thousands
        self._time_kind: tuple[str, int] | None = None  # and the line of the first time
        self._n_rows = self._n_blank = 0
        self._not_blind: Counter[str] = Counter()
        self._texts: dict[str, str] = {}

    def begin(self, table: Table) -> None:
        """What is taken from now on are rows of this table."""
        self._table, self._source, self._columns = table, table.source, table.columns
        self._names = list(table.names)

    def take(self, row: Row) -> None:
        """Add a row."""
        names = list(row.values)
        if names != self._names and not self._columns.raters:  # rows of JSONL may differ
            self._names, self._columns = names, self._pick(row)
        self._n_rows += 1
        columns = self._columns
        cells = {field: self._cell(row, name) for field, name in columns.fields.items()}
        scores = list(self._scores(row, cells))
        if columns.made_from and all(cell.score(self._scale) is None for _, cell in scores):
            self._n_blank += len(scores)  # a remark below the table, or a candidate whom nobody has rated
            return
        self._refuse_copy(row)
        answer, question = self._answer(row, cells)
        self._note_text(answer, cells)
        common = self._common(answer, question, cells, row.line)
        phase = (cells["phase"].text() or "blind").lower() if "phase" in cells else "blind"
        for rater, cell in scores:
            score = cell.score(self._scale)
            if score is None:
                self._n_blank += 1
            elif phase != "blind":
                self._not_blind[phase] += 1
            else:
                rating = self._on_scale(common._replace(rater=rater, score=score.points), score, cell, cells)
                self._add(rating, cell, cells.get("gold"))

    def _cell(self, row: Row, name: str) -> Cell:
        return Cell(row.values.get(name), name, row.line, self._source)

    def _answer(self, row: Row, cells: Mapping[str, Cell]) -> tuple[str, str | None]:
        """The id of the answer, and its question; made of candidate, question and sheet where there is no id."""
        given = cells["question_id"].text() if "question_id" in cells else None
        if not self._columns.made_from:
            return cells["answer_id"].required_text(), given
        parts = [self._cell(row, name) for name in self._columns.made_from]
        of_question = cells.get("question_id")
        asked = None if of_question is None else of_question.column
        who = " ".join(cell.required_text() for cell in parts if cell.column != asked)
        question = given if of_question is None else of_question.required_text()
        about = [part for part in (self._table.sheet, question) if part]
        return "/".join([who, *about]), "/".join(about) or None

    def _on_scale(self, rating: Rating, score: Score, cell: Cell, cells: Mapping[str, Cell]) -> Rating:
        """The rating with the full score that it names; all scores must be written in the same way."""
        kind, first = self._kind = self._kind or (score.kind, cell)
        if kind != score.kind:
            problem = f"found '{cell.value}', but '{first.value}' {_place(first, cell)}: write all in the same way"
            raise cell.fault(problem)
        if self._comma is None and "," in str(cell.value):
            self._comma = cell
        if self._point is None and isinstance(cell.value, str) and _THOUSANDS.fullmatch(cell.value.strip()):
            self._point = cell
        if self._comma is not None and self._point is not None:
            raise self._point.fault(
                f"found '{self._point.value}', which may be a thousand times as much, because '{self._comma.value}' "
                f"{_place(self._comma, self._point)} has a decimal comma: write all with a decimal point"
            )
        if score.max_score is None or (score.kind == "label" and rating.max_score is not None):
            return rating
        place = (rating.answer_id, rating.point_id)
        self._same("max_score", place, score.max_score, cell)
        return rating._replace(max_score=score.max_score)

    def _pick(self, row: Row) -> Columns:
        return find_columns(
            list(row.values), [row], raters=(), scale=self._scale, source=self._source, line=row.names_line
        )

    def _refuse_copy(self, row: Row) -> None:
        source, line = self._seen.setdefault(repr((self._table.sheet, *row.values.values())), (self._source, row.line))
        if (source, line) != (self._source, row.line):
            where = f"on line {line}" + ("" if source == self._source else f" of {source}")
            problem = (
                f"the row is the same as {where} in every column: delete one of them, or give both "
                "a `time` if the answer was really rated twice"
            )
            raise InputError(problem, source=self._source, line=row.line)

    def _note_text(self, answer: str, cells: Mapping[str, Cell]) -> None:
        text = cells["answer"].value if "answer" in cells else None
        if isinstance(text, str) and text.strip():
            self._texts.setdefault(answer, text)

    def _common(self, answer: str, question: str | None, cells: Mapping[str, Cell], line: int) -> Rating:
        """What all ratings of a row share; it must agree with other rows of the same answer."""
        point, group = (cells[name].text() if name in cells else None for name in ("point_id", "group"))
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
        known, first = self._facts.setdefault((fact, place), (value, cell))
        if known != value:
            before, now = (f"{one:g}" if isinstance(one, float) else str(one)[:40] for one in (known, value))
            problem = f"answer '{place[0][:40]}' has '{before}' {_place(first, cell)}, found '{now}'"
            way = ": give each answer an id of its own, such as q2-c01" if fact == "question_id" else ": correct one"
            raise cell.fault(problem + way)

    def _scores(self, row: Row, cells: Mapping[str, Cell]) -> Iterator[tuple[str, Cell]]:
        """Each rater of a row with the cell of the score."""
        if self._columns.raters:
            yield from ((name, self._unmerged(row, name)) for name in self._columns.raters)
        elif "rater" not in cells:
            yield from self._labelled_scores(row)
        else:
            self._unmerged(row, cells["score"].column)
            yield cells["rater"].required_text(), cells["score"]

    def _unmerged(self, row: Row, name: str) -> Cell:
        cell = self._cell(row, name)
        if (row.line, self._table.places.get(name)) in self._table.merged:
            raise cell.fault("is merged with the cell above or beside it: take them apart, and write each score")
        return cell

    def _labelled_scores(self, row: Row) -> Iterator[tuple[str, Cell]]:
        scores = row.values.get(LABELLED)
        if not isinstance(scores, dict):
            problem = 'expected an object with the score of each rater, such as {"r1": 2}'
            raise InputError(problem, source=self._source, line=row.line, field=LABELLED)
        for name, value in scores.items():
            yield name, Cell(value, f"{LABELLED}.{name}", row.line, self._source)

    def _add(self, rating: Rating, cell: Cell, gold: Cell | None) -> None:
        scale = rating.max_score
        if scale is not None and not 0 <= rating.score <= scale:
            raise cell.fault(f"found {rating.score:g}, expected 0 to max_score {scale:g}")
        if gold is None or gold.text() is None:
            self._rows.append((self._n_rows, rating))
        else:
            self._marks.append((self._n_rows, rating, gold))

    # --- gold --------------------------------------------------------------------------------------

    def all(self, notes: Sequence[str]) -> Ratings:
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
            raise InputError(problem, source=self._file)
        rows = tuple(rating for _, rating in sorted(self._rows, key=itemgetter(0)))
        left_out = dict(self._not_blind)
        return Ratings(self._file, rows, gold, self._n_rows, self._n_blank, left_out, self._texts, tuple(notes))

    def _gold(self) -> dict[Place, float]:
        """The definitive scores: of rows that say yes in the column `gold`, or the numbers that stand in it."""
        marked_rows = not self._columns.raters and all(
            cell.column.lower() == "gold" and cell.yes_or_no() is not None for _, _, cell in self._marks
        )
        gold: dict[Place, float] = {}
        for number, rating, cell in self._marks:
            place = (rating.answer_id, rating.point_id)
            if not marked_rows or not cell.yes_or_no():
                self._rows.append((number, rating))
            score = (rating.score if cell.yes_or_no() else None) if marked_rows else cell.number(self._scale)
            if score is None:
                continue
            if rating.max_score is not None and not 0 <= score <= rating.max_score:
                raise cell.fault(f"found {score:g}, expected 0 to max_score {rating.max_score:g}")
            self._same("gold", place, score, cell)
            gold[place] = score
        return gold
