"""Blind marking without a server: who marks which answers under which code, and the marks back from the sheets.

The codes are in a key (`key.json`) that stays with whoever hands the sheets out. How sheets look:
`reports/blind_sheets.py`.
"""

import json
import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Literal, NamedTuple

from grader.calibration.ratings.arrays import is_machine
from grader.calibration.ratings.reading import Rating, Ratings
from grader.calibration.ratings.scores import parse_score
from grader.errors import InputError
from grader.files import Row, Sheet, atomic_writer, normalised_words, parse_json, read_sheets, safe_cell, text_lines
from grader.files import validate as validated
from grader.phrases import count, number
from grader.schema import Answer, Noun, Rubric
from grader.text import is_hidden

KEY_FILE = "key.json"
_COMPARED = 200  # characters of an answer's words by which its row is known
_FULL = 1.0  # what a ticked box is worth as a rating of its point
_TICKED = frozenset({"x", "✓", "✗", "1", "yes", "true", "y", "ja", "oui", "sí", "si"})
_UNTICKED = frozenset({"", "0", "no", "false", "-", "n"})


class SheetPoint(Noun):
    """A rubric point with a box; of a mistake the weight is below 0."""

    id: str
    text: str
    weight: float


class SheetQuestion(Noun):
    """A question as raters see it."""

    question: str
    max_score: float
    points: tuple[SheetPoint, ...]


class SheetAnswer(Noun):
    """An answer that raters know by its code alone; `text` is without characters that show nothing."""

    answer_id: str
    question_id: str
    text: str


class BlindKey(Noun):
    """What the sheets of one folder have in common, and what their codes stand for.

    Attributes:
        raters: by name of the file, without its ending, the rater.
        questions: by question id, in the order in which they are marked.
        answers: by code.

    """

    version: Literal[1] = 1
    seed: int
    raters: dict[str, str]
    questions: dict[str, SheetQuestion]
    answers: dict[str, SheetAnswer]

    def order_for(self, rater: str) -> dict[str, list[str]]:
        """The codes of each question's answers, in the random order of this rater."""
        orders = {}
        for question in self.questions:
            codes = [code for code, answer in self.answers.items() if answer.question_id == question]
            random.Random(f"{self.seed}/{rater}/{question}").shuffle(codes)  # noqa: S311  # an order, no secret
            orders[question] = codes
        return orders


def plan_blind_marking(
    answers: Iterable[Answer], rubrics: Mapping[str, Rubric], raters: Mapping[str, str], *, seed: int
) -> BlindKey:
    """Give each answer a code that tells nothing of who wrote it.

    Args:
        answers: to be marked; blank ones are left out, for they need no rater.
        rubrics: by question id: the scale and the points.
        raters: by name of the file, without its ending, the rater.
        seed: of codes and orders.

    Raises:
        InputError: an answer's question has no rubric, a name is one of a machine, or nothing is left to be marked.

    """
    machine = next((name for name in raters.values() if is_machine(name)), None)
    if machine is not None:
        raise InputError(f"'{machine}' is the name of a machine: people mark blind", field="--raters")
    kept = [answer for answer in answers if answer.answer.strip()]
    unknown = next((answer for answer in kept if answer.question_id not in rubrics), None)
    if unknown is not None:
        problem = f"there is no rubric for the question '{unknown.question_id}' of the answer '{unknown.answer_id}'"
        raise InputError(f"{problem}: add it, or leave its answers out", field="question_id")
    if not kept:
        raise InputError("no answer is left to be marked: all are blank", field="--answers")
    shuffled = sorted(kept, key=lambda answer: answer.answer_id)
    random.Random(seed).shuffle(shuffled)  # noqa: S311  # the key, not the order, tells who is who
    digits = len(str(len(shuffled)))
    asked = [name for name in rubrics if any(answer.question_id == name for answer in kept)]
    return BlindKey(
        seed=seed,
        raters={name: _visible(rater) for name, rater in raters.items()},
        questions={
            name: SheetQuestion(
                question=_visible(rubrics[name].question) or name,
                max_score=rubrics[name].max_score,
                points=tuple(
                    SheetPoint(id=point.id, text=_visible(point.text), weight=point.weight)
                    for point in rubrics[name].points
                ),
            )
            for name in asked
        },
        answers={
            f"A{place:0{digits}}": SheetAnswer(
                answer_id=answer.answer_id, question_id=answer.question_id, text=_visible(answer.answer)
            )
            for place, answer in enumerate(shuffled, 1)
        },
    )


def _visible(text: str) -> str:
    return "".join(char for char in text if char in "\n\t" or not is_hidden(char)).strip()


# --- the key ----------------------------------------------------------------------------------------


def write_key(key: BlindKey, folder: Path) -> None:
    """Write the key into the folder of the sheets.

    Raises:
        InputError: there is one already, so that marked sheets lie there, or it cannot be written.

    """
    path = folder / KEY_FILE
    if path.exists():
        raise InputError("is there already, so sheets were handed out from here: name another folder", source=path)
    with atomic_writer(path) as file:
        file.write(json.dumps(key.model_dump(mode="json"), ensure_ascii=False, indent=1) + "\n")


def has_key(path: str | Path) -> bool:
    """Whether a file lies beside a key, so that it is a sheet of blind marking."""
    return str(path) != "-" and Path(path).with_name(KEY_FILE).is_file()


def _read_key(folder: Path) -> BlindKey:
    source = str(folder / KEY_FILE)
    text = "".join(line for _, line in text_lines(source))
    return validated(BlindKey, parse_json(text, source=source), source=source, line_of=lambda _: None)


# --- sheets that come back --------------------------------------------------------------------------


def read_blind_sheets(paths: Sequence[str | Path]) -> Ratings:
    """The ratings of several raters from their sheets (XLSX, or the CSV that the HTML form saves).

    Boxes become ratings of points, 1 ticked and 0 not, where a rater ticked at least one of the question.

    Args:
        paths: of one folder, with the key beside them; open files of a spreadsheet (`~$..`) are left out.

    Raises:
        InputError: with file, sheet, line and field: no key, an unknown or repeated rater, a code that is unknown or
            there twice or stands beside another answer, a score that is none or out of the scale, a box that holds
            neither a tick nor nothing, boxes without a score.

    """
    files = [Path(path) for path in paths if not Path(path).name.startswith("~$")]
    folders = {file.parent for file in files}
    without = next((file for file in files if not has_key(file)), None)
    if without is not None or len(folders) != 1:
        problem = f"several files are read together only as sheets of blind marking, with one {KEY_FILE} beside them"
        raise InputError(f"{problem}: put them where --blind-sheets wrote it", source=without or paths[0])
    [folder] = folders
    key = _read_key(folder)
    taken: dict[str, Path] = {}
    rows: list[Rating] = []
    notes, n_rows, n_blank = [], 0, 0
    for file in files:
        sheet = _MarkedSheet(file, key)
        if sheet.rater in taken:
            problem = f"is a second sheet of the rater '{sheet.rater}', as {taken[sheet.rater]} is: leave one out"
            raise InputError(problem, source=file)
        taken[sheet.rater] = file
        rows += sheet.ratings
        n_rows, n_blank = n_rows + len(sheet.marks), n_blank + sum(mark.score is None for mark in sheet.marks.values())
        lacking = len(key.answers) - sum(mark.score is not None for mark in sheet.marks.values())
        if lacking:
            notes.append(f"{file.name}: {count(lacking, 'answer')} of {len(key.answers)} without a score")
    absent = [name for name in key.raters.values() if name not in taken]
    if absent:
        notes.append(f"no sheet of {', '.join(absent)}")
    if not rows:
        raise InputError("no sheet holds a score", source=folder)
    texts = {answer.answer_id: answer.text for answer in key.answers.values()}
    source = str(folder if folder.name else folder.resolve())
    return Ratings(source, tuple(rows), n_rows=n_rows, n_blank=n_blank, texts=texts, notes=tuple(notes))


class _Mark(NamedTuple):
    """What a rater gave one answer; `ticked` by point id."""

    code: str
    score: float | None
    ticked: dict[str, bool]
    row: Row


class _MarkedSheet:
    """The marks of one file."""

    def __init__(self, path: Path, key: BlindKey) -> None:
        self._path, self._key = path, key
        self._names = {written: name for name in key.raters.values() for written in (name, safe_cell(name))}
        self.rater = ""
        self.marks: dict[str, _Mark] = {}
        found = read_sheets(path)
        if not isinstance(found, tuple):
            raise InputError("is no sheet of blind marking: expected .xlsx or .csv", source=path)
        for sheet in found:
            for row in self._rows(sheet):
                self._take(row, sheet.source)
        if not self.rater:
            problem = "is no sheet of blind marking: found no columns 'code', 'answer' and 'score' with rows below"
            raise InputError(problem, source=path)
        self.ratings = list(self._all())

    def _rows(self, sheet: Sheet) -> Iterator[Row]:
        """The rows below the header of a table; nothing for a sheet without one."""
        for place, (line, cells) in enumerate(sheet.records):
            first = cells[0].strip().casefold() if cells else ""
            if first == "rater" and len(cells) > 1 and "code" not in map(str.strip, cells):
                self._is_of(cells[1], sheet.source, line)
            if {"code", "answer", "score"} <= set(map(str.strip, cells)):
                yield from sheet.rows_below(place)
                return

    def _is_of(self, name: str, source: str, line: int) -> None:
        known = self._names.get(name.strip())
        if known is None:
            problem = (
                f"'{name.strip()[:40]}' is no rater of these sheets: expected {', '.join(self._key.raters.values())}"
            )
            raise InputError(problem, source=source, line=line, field="rater")
        if self.rater and known != self.rater:
            problem = f"is of '{known}', but the file is of '{self.rater}': give each rater a file"
            raise InputError(problem, source=source, line=line, field="rater")
        self.rater = known

    def _take(self, row: Row, source: str) -> None:
        values = {name: str(value).strip() for name, value in row.values.items()}
        if "rater" in values:
            self._is_of(values["rater"], source, row.line)

        def fault(problem: str, field: str) -> InputError:
            return InputError(problem, source=source, line=row.line, field=field)

        code = values["code"]
        answer = self._key.answers.get(code)
        if answer is None:
            raise fault(f"'{code[:40]}' is no code of these sheets: write again what stood there", "code")
        if code in self.marks:
            raise fault(f"'{code}' is there twice, the first time on line {self.marks[code].row.line}", "code")
        if _begin(values["answer"]) != _begin(answer.text):
            problem = f"is not the answer of the code {code}, so rows were mixed (sorted in part?): put them right"
            raise fault(problem, "answer")
        question = self._key.questions[answer.question_id]
        try:
            score = parse_score(values["score"])
        except ValueError as error:
            raise fault(str(error), "score") from error
        if score is not None and (score.kind != "number" or not 0 <= score.points <= question.max_score):
            raise fault(f"found '{values['score'][:40]}', expected 0 to {number(question.max_score)}", "score")
        ticked = {}
        for place, point in enumerate(question.points, 1):
            box = values.get(str(place), "").casefold()
            if box not in _TICKED | _UNTICKED:
                raise fault(f"found '{box[:40]}', expected x or nothing", str(place))
            ticked[point.id] = box in _TICKED
        if score is None and any(ticked.values()):
            raise fault("is blank, but boxes are ticked: give a score, or clear the boxes", "score")
        self.marks[code] = _Mark(code, None if score is None else score.points, ticked, row)

    def _all(self) -> Iterator[Rating]:
        def question_of(mark: _Mark) -> str:
            return self._key.answers[mark.code].question_id

        scored = sorted((mark for mark in self.marks.values() if mark.score is not None), key=question_of)
        for question, group in groupby(scored, question_of):
            marks = list(group)  # in the order of the sheet
            used = any(any(mark.ticked.values()) for mark in marks)
            for mark in marks:
                answer = self._key.answers[mark.code].answer_id
                line, full = mark.row.line, self._key.questions[question].max_score
                yield Rating(answer, self.rater, mark.score or 0.0, question, max_score=full, line=line)
                for point, ticked in mark.ticked.items() if used else ():
                    yield Rating(answer, self.rater, _FULL * ticked, question, point, _FULL, line=line)


def _begin(text: str) -> str:
    """What an answer is known by, whatever a spreadsheet does to its blanks and line ends."""
    return re.sub(r"\s+", " ", normalised_words(text))[:_COMPARED].strip()
