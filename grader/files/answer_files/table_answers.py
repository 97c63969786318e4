"""The answers in the rows of a table whose layout is known (`layouts`): one row an answer, or one row a student."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice
from typing import Any

from grader.errors import InputError, warn_input
from grader.files.answer_files.html_cells import cell_text
from grader.files.answer_files.layouts import ANSWER_COLUMNS, QuestionColumns, TableLayout, refuse_two_answers
from grader.files.answer_files.made_ids import MadeIds
from grader.files.answer_files.question_matching import QuestionMatch, QuestionMatcher
from grader.files.answer_files.student_columns import plain_name
from grader.files.cells import number_text
from grader.files.tables import Row, pick_columns
from grader.files.validation import Place, id_text, refuse_shortened_id, validate
from grader.phrases import count, shorten
from grader.schema import Answer

_REQUIRED = ("answer_id", "question_id", "answer")
_SAMPLE = 20  # rows from which it is told whether columns hold scores
_SCORE = re.compile(r"\d+(?:[.,]\d+)?(?:\s*/\s*\d+(?:[.,]\d+)?)?\s*%?")
_NOBODY = frozenset(("", "-", "anonymous", "anonym", "anonyme", "anónimo"))  # how forms call whom they do not know
_OF_STUDENT = frozenset(("institution", "department", "abteilung"))  # told of students who made no attempt, too
_MORE_NAMES = ('{"ImportId"', "Open-Ended Response")  # of Qualtrics, of SurveyMonkey
_FEW = 5  # names or lines that a message lists


@dataclass
class Reading:
    """What was found while a file is read.

    Attributes:
        n_rows: rows (answers of a text) read so far.
        questions: by question id, its text in the file and how it was matched.
        ignored: columns that are neither answers nor needed to read them.
        left_out: those of them that are not carried through to the grades.

    """

    n_rows: int = 0
    questions: dict[str, tuple[str, str]] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    def note(self, match: QuestionMatch, text: str) -> None:
        """Keep how a question was found, the first time."""
        self.questions.setdefault(match.question_id, (text, match.matched_by))


def long_answers(rows: Iterator[Row], source: str, reading: Reading) -> Iterator[tuple[int, Answer]]:
    """The answers of a table with `answer_id, question_id, answer`; rows of JSONL may have different columns."""
    names: list[str] = []
    columns: dict[str, str] = {}
    html = _HtmlCells(source)
    for row in rows:  # of 100,000 and more: what is the same for all of them is found once
        reading.n_rows += 1
        if not columns or (row.header is None and names != list(row.values)):
            names = list(row.values)
            columns = pick_columns(names, ANSWER_COLUMNS, required=_REQUIRED, source=source, line=row.names_line)
            refuse_two_answers(names, source, row.names_line)
            used = set(columns.values())
            reading.ignored = tuple(name for name in names if name not in used)
            given = tuple(columns.items())
        cells = row.values
        values: dict[str, Any] = {field: cells.get(name) for field, name in given}
        for name in ("answer_id", "question_id"):
            values[name] = _required_id(values[name], name, row.line, source)
        values["answer"] = html.text(answer_text(values["answer"], row.line, source), row)
        values["candidate"] = id_text(values.get("candidate")) or None
        values["extra"] = {name: cells[name] for name in reading.ignored}
        if values["question_id"] not in reading.questions:
            reading.note(QuestionMatch(values["question_id"], "id"), "")
        yield row.line, validate(Answer, values, source=source, line_of=partial(_row_line, row.line))
    html.tell()


def _row_line(line: int, place: Place) -> int:
    return line


def _required_id(value: object, field: str, line: int, source: str) -> str:
    text = id_text(value)
    if not isinstance(text, str) or not text:
        found = "null" if value is None else "blank" if isinstance(value, str) else type(value).__name__
        raise InputError(f"expected an id, found {found}", source=source, line=line, field=field)
    refuse_shortened_id(text, line=line, field=field, source=source)
    return text


def answer_text(value: object, line: int, source: str) -> object:
    """The answer unchanged; null is an error, because a blank answer earns 0 and a lost answer must not."""
    if value is None:
        problem = 'found null, expected text; write "" for an answer that was left blank'
        raise InputError(problem, source=source, line=line, field="answer")
    return number_text(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


class _Attempts:
    """Counts the rows of each student, or their answers to a question: where asked for, these are attempts.

    Without being asked every count is 1, so that several rows make ids that are refused.
    """

    def __init__(self, source: str, *, wanted: bool) -> None:
        self._source = source
        self._n: Counter[str | tuple[str, str]] | None = Counter() if wanted else None
        self._line = 0

    def number(self, key: str | tuple[str, str] | None, line: int) -> int:
        """Which attempt a row is, from 1."""
        if self._n is None or key is None:
            return 1
        self._n[key] += 1
        if self._n[key] == 2:
            self._line = self._line or line
        return self._n[key]

    def tell(self) -> None:
        n = 0 if self._n is None else sum(times > 1 for times in self._n.values())
        if n:
            said = f"several rows of one student are attempts in the order of the rows ({count(n, 'case')})"
            warn_input(said, source=self._source, line=self._line)


class _HtmlCells:
    """Reads HTML in cells as text, and tells how often; values of JSON and Parquet stay as they are."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._n = self._line = 0

    def text(self, value: Any, row: Row) -> Any:
        if row.header is None or not isinstance(value, str):
            return value
        text = cell_text(value)
        if text != value and ("<" in value or "&" in value):
            self._n += 1
            self._line = self._line or row.line
        return text

    def tell(self) -> None:
        if self._n:
            said = f"HTML in {count(self._n, 'answer')} is read as text; give JSONL where tags are part of an answer"
            warn_input(said, source=self._source, line=self._line)


def question_row_answers(
    rows: Iterator[Row],
    table: TableLayout,
    matcher: QuestionMatcher,
    source: str,
    reading: Reading,
    *,
    several: bool = False,
) -> Iterator[tuple[int, Answer]]:
    """The answers of a table with the columns question (its id or text) and answer; ids are made where there are none.

    With `several`, further answers of a student to a question are further attempts.

    Raises:
        InputError: with the line: a question that is unknown or may be several.

    """
    fields, html, ids = table.fields, _HtmlCells(source), MadeIds(matcher.known_ids)
    attempts = _Attempts(source, wanted=several)
    for row in rows:
        if not reading.n_rows:
            used = {*fields.values(), *table.student, *table.full_name}
            reading.ignored = tuple(name for name in row.values if name not in used)
        reading.n_rows += 1
        match, text = _question_of(row, fields, matcher, source)
        reading.note(match, text)
        student = _student(row, table, source)
        value = row.values[fields["answer"]]
        answer = _blank_or_text(html, answer_text(value, row.line, source), row, table)
        if "answer_id" in fields:
            answer_id = _required_id(row.values[fields["answer_id"]], "answer_id", row.line, source)
        else:
            number = attempts.number(None if student is None else (student, match.question_id), row.line)
            answer_id = f"{ids.free(match.question_id, student)}{f'-{number}' if number > 1 else ''}"
        extra = {name: cell for name, cell in row.values.items() if name not in fields.values()}
        values = {"answer_id": answer_id, "question_id": match.question_id, "answer": answer, "candidate": student}
        values["extra"] = extra
        yield row.line, validate(Answer, values, source=source, line_of=partial(_row_line, row.line))
    html.tell()
    attempts.tell()


def _question_of(
    row: Row, fields: Mapping[str, str], matcher: QuestionMatcher, source: str
) -> tuple[QuestionMatch, str]:
    """The question of a row: by the column with its id, else by that with its text."""
    texts = [str(id_text(row.values[fields[name]]) or "") for name in ("question_id", "question") if name in fields]
    texts = [cell_text(text).strip() for text in texts]
    if not any(texts):
        raise InputError("expected a question, found blank", source=source, line=row.line, field="question")
    found = (matcher.match(text, row.line) for text in texts if text)
    match = next((match for match in found if match), None)
    if match is None and "question_id" in fields and texts[0]:  # as in a long table, the grade tells that it is unknown
        match = QuestionMatch(texts[0], "id")
    if match is None:
        raise matcher.unknown("the question", next(filter(None, texts)), row.line)
    return match, texts[-1]


def _blank_or_text(html: _HtmlCells, value: Any, row: Row, table: TableLayout) -> Any:
    if isinstance(value, str) and value.strip() in table.no_answer:
        return ""
    return html.text(value, row)


def _student(row: Row, table: TableLayout, source: str) -> str | None:
    """What tells the student of a row apart: the first column of `table.student` that is filled, else the name."""
    for column in table.student:
        text = id_text(row.values.get(column))
        if text is not None and str(text).casefold() not in _NOBODY:
            refuse_shortened_id(str(text), line=row.line, field=column, source=source)
            return str(text)
    return " ".join(filter(None, (id_text(row.values.get(name)) for name in table.full_name))) or None


def student_row_answers(
    rows: Iterator[Row],
    table: TableLayout,
    matcher: QuestionMatcher,
    source: str,
    reading: Reading,
    *,
    guessed: bool,
    several: bool = False,
) -> Iterator[tuple[int, Answer]]:
    """The answers of a table with one row a student; ids are `<student>/<question id>`.

    Args:
        rows: the rows.
        table: the columns; those whose text is no question are left out with a warning.
        matcher: finds the questions.
        source: the file, for messages.
        reading: is filled.
        guessed: whether the layout was recognised: then columns that hold nothing but numbers are refused.
        several: whether further rows of a student are further attempts, where no column numbers them.

    Raises:
        InputError: no question is known, several columns are of one question, the columns hold scores.

    """
    sample = list(islice(rows, _SAMPLE))
    _refuse_more_headers(sample, source)
    fixed = _fixed_matches(table, matcher, source, sample[0])
    questions = [each for each in table.questions if each in fixed or not each.text]
    if guessed:
        _refuse_scores([each.answer for each in questions], sample, source)
    names = list(sample[0].values)
    _note_columns(reading, table, names, [each.answer for each in questions])
    of_student = {*table.student, *table.full_name}
    carried = [name for name in names if name not in {*reading.left_out, *(each.answer for each in questions)}]
    of_attempt = [name for name in names if plain_name(name) not in _OF_STUDENT and name not in of_student]
    html, skipped, unknown, n_answers = _HtmlCells(source), list[int](), Counter[str](), 0
    attempts = _Attempts(source, wanted=several and table.attempt is None)
    for row in chain(sample, rows):
        reading.n_rows += 1
        values = row.values
        if table.name == "moodle" and all(values[name] in ("", "-") for name in of_attempt):
            skipped.append(row.line)
            continue
        student = _student(row, table, source)
        number = str((values[table.attempt] or "") if table.attempt else attempts.number(student, row.line)).strip()
        attempt = f"-{number}" if number not in ("", "1") else ""
        extra = {name: values[name] for name in carried}
        for each in questions:
            found = fixed.get(each) or _row_match(each, row, matcher, unknown, source)
            if found is None:
                continue
            match, text = found
            reading.note(match, text)
            n_answers += 1
            answer = "" if values[each.answer] is None else answer_text(values[each.answer], row.line, source)
            fields = {
                "answer_id": f"{student or f'r{reading.n_rows}'}/{match.question_id}{attempt}",
                "question_id": match.question_id,
                "answer": _blank_or_text(html, answer, row, table),
                "candidate": student,
                "extra": extra,
            }
            yield row.line, validate(Answer, fields, source=source, line_of=partial(_row_line, row.line))
    html.tell()
    attempts.tell()
    if skipped:
        lines = ", ".join(map(str, skipped[:_FEW])) + ", ..." * (len(skipped) > _FEW)
        warn_input(f"{count(len(skipped), 'row')} without an attempt left out (lines {lines})", source=source)
    if unknown:
        listed = "; ".join(matcher.no_question(text) for text in list(unknown)[:_FEW])
        warn_input(f"{count(sum(unknown.values()), 'answer')} left out: {listed}", source=source)
    if not n_answers:
        raise InputError("holds no answer to a question of the rubrics", source=source)


_Found = tuple[QuestionMatch, str]  # a question, and its text in the file


def _fixed_matches(
    table: TableLayout, matcher: QuestionMatcher, source: str, first: Row
) -> dict[QuestionColumns, _Found]:
    """The questions of the columns whose header has the question; columns of no question are told."""
    found: dict[QuestionColumns, _Found] = {}
    columns: dict[str, str] = {}
    missed = []
    line = first.names_line
    for each in table.questions:
        text = cell_text(each.text).strip()
        match = matcher.match(text, line) if text else None
        if match is not None:
            other = columns.setdefault(match.question_id, each.answer)
            if other != each.answer:
                problem = f"is question '{match.question_id}', as the column '{shorten(other)}' is: rename one of them"
                raise InputError(problem, source=source, line=line, field=shorten(each.answer))
            found[each] = match, text
        elif text:
            missed.append(text)
    if missed and not found and not any(each.text_column for each in table.questions):
        listed = "; ".join(map(matcher.no_question, missed[:_FEW]))
        if table.name == "moodle":
            listed += "; let Moodle export the question text, too"
        raise InputError(f"no column is a question of the rubrics: {listed}", source=source, line=line)
    if missed:
        listed = ", ".join(f"'{shorten(text, 60)}'" for text in missed[:_FEW]) + ", ..." * (len(missed) > _FEW)
        warn_input(f"columns that are no question of the rubrics: {listed}", source=source, line=line)
    return found


def _row_match(
    columns: QuestionColumns, row: Row, matcher: QuestionMatcher, unknown: Counter[str], source: str
) -> _Found | None:
    """The question that a row has in a column of its own; `None` for one that was not asked or is not known."""
    if columns.text_column is None:
        return None
    text = cell_text(str(row.values[columns.text_column] or "")).strip()
    answer = str(row.values[columns.answer] or "").strip()
    if text in ("", "-"):
        if answer in ("", "-"):
            return None
        problem = "an answer without its question; export the texts of the questions, too"
        raise InputError(problem, source=source, line=row.line, field=columns.text_column)
    match = matcher.match(text, row.line)
    if match is None:
        unknown[text] += 1
        return None
    return match, text


def _note_columns(reading: Reading, table: TableLayout, names: Sequence[str], answers: Sequence[str]) -> None:
    """Fill in what is not needed for reading, and what of it is not carried through."""
    beside = {column for each in table.questions for column in each.beside}
    other_questions = {each.answer for each in table.questions} - set(answers)
    texts = {each.text_column for each in table.questions if each.answer in answers}
    needed = {*answers, *table.student, *table.full_name, *texts}
    reading.ignored = tuple(name for name in names if name not in needed)
    gone = beside | set(table.scores) | (other_questions if table.carries_no_other_questions else set())
    reading.left_out = tuple(name for name in names if name in gone)


def _refuse_scores(columns: Sequence[str], sample: Sequence[Row], source: str) -> None:
    cells = [str(row.values[column] or "").strip() for row in sample for column in columns]
    filled = [cell for cell in cells if cell and cell != "-"]
    if filled and all(map(_SCORE.fullmatch, filled)):
        problem = (
            f"the columns of the questions hold numbers alone ('{filled[0]}'), as scores do: export the answers, or "
            "name the layout with --layout if numbers are answers"
        )
        raise InputError(problem, source=source, line=sample[0].line, field=shorten(columns[0]))


def _refuse_more_headers(sample: Sequence[Row], source: str) -> None:
    """Survey tools such as Qualtrics and SurveyMonkey write further rows of names below the header."""
    for row in sample[:2]:
        if any(isinstance(value, str) and value.startswith(_MORE_NAMES) for value in row.values.values()):
            problem = "this row and any between it and the first are headers, too, as survey tools write: delete them"
            raise InputError(problem, source=source, line=row.line)
