"""Read the answers to be graded: from tables, exports of learning platforms and texts."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from grader.argument_types import check_path, wrong_type
from grader.errors import InputError, warn_input
from grader.files.answer_files.html_cells import cell_text
from grader.files.answer_files.layout_names import Attempts, Layout
from grader.files.answer_files.layouts import TableLayout, layout_of, recognised
from grader.files.answer_files.question_matching import QuestionMatcher
from grader.files.answer_files.table_answers import Reading, long_answers, question_row_answers, student_row_answers
from grader.files.answer_files.text_answers import text_answers
from grader.files.docx import docx_lines
from grader.files.tables import FORMATS, Row, read_rows, table_ending, text_rows
from grader.files.text_input import source_name, text_lines
from grader.files.validation import normalised_words, refuse_duplicate
from grader.files.xlsx import sheet_headers
from grader.phrases import shorten
from grader.schema import Answer

_PLAIN_TEXT = (".md", ".markdown", ".txt", ".text")


def read_answers(
    path: str | Path, *, questions: Mapping[str, str] | None = None, layout: Layout | None = None
) -> Iterator[Answer]:
    """The answers of a file, one at a time.

    Args:
        path: a table (`tables.FORMATS`) with the columns `answer_id, question_id, answer, candidate?` (also
            `id`; `response, submission, actual_output, student_answer`), whose other columns go to `extra`; one with
            `question` and `answer`; an export of a learning platform with one row a student; a `.md`, `.txt` or
            `.docx` file with questions and the answers below them; or `-` for standard input, recognised by its
            beginning.
        questions: id and text of the known questions. If given, texts of questions are matched with them: by id, by
            text without case and punctuation, and by near text, which gives an `InputWarning`. Otherwise a text is
            the question id itself.
        layout: how the file holds answers (docs/formats.md); by default it is recognised.

    Raises:
        InputError: with the line: a missing column, a blank or repeated `answer_id`, an unknown or ambiguous question.
        TypeError: `path` is no path, or `questions` no mapping.

    >>> from grader import read_answers
    >>> answers = read_answers("data/practice_answers.jsonl")
    >>> next(answers).answer_id
    'learning-paradigms-strong'
    """
    check_path(path, 'read_answers("answers.jsonl")', fields="Answer(**fields)", frame="grade_frame(grader, frame)")
    _check_questions(questions)
    return _with_unique_ids(open_answers(path, questions=questions, layout=layout).answers, source_name(path))


def _check_questions(questions: Any) -> None:
    if questions is not None and not isinstance(questions, Mapping):
        write = "questions={question.id: question.question for question in bank.questions}"
        raise wrong_type("questions", questions, "a mapping from the id to the text of each question", write)


def row_answers(rows: Iterable[Row], source: str) -> Iterator[Answer]:
    """The answers in rows that have been read already; `source` names the file in errors.

    Raises:
        InputError: as `read_answers`.
    """
    return _with_unique_ids(long_answers(iter(rows), source, Reading()), source)


def _with_unique_ids(answers: Iterable[tuple[int, Answer]], source: str) -> Iterator[Answer]:
    seen: dict[str, int | None] = {}
    for line, answer in answers:
        refuse_duplicate(seen, answer.answer_id, line=line, field="answer_id", source=source)
        yield answer


def numbered_answers(path: str | Path, *, questions: Mapping[str, str] | None = None) -> Iterator[tuple[int, Answer]]:
    """As `read_answers`, each answer with its line; in constant memory, so repeated ids are not detected."""
    return open_answers(path, questions=questions).answers


@dataclass(frozen=True)
class AnswerFile:
    """A file of answers whose layout is known.

    Attributes:
        layout: how it holds answers.
        about: the same in one line for people, with the columns that tell it.
        answers: each answer with its line, read while this is iterated (once).
        reading: what was found so far; complete at the end of `answers`.

    """

    layout: Layout
    about: str
    answers: Iterator[tuple[int, Answer]]
    reading: Reading


def open_answers(
    path: str | Path,
    *,
    questions: Mapping[str, str] | None = None,
    layout: Layout | None = None,
    attempts: Attempts | None = None,
    sheet: str | None = None,
) -> AnswerFile:
    """Find out how a file holds answers, and read them one at a time in constant memory (texts are read whole).

    Arguments and errors are those of `read_answers`, but repeated ids are not detected. With `attempts` several rows of
    one student are attempts in their order, if no column numbers them, and the first or last alone, or all, are given;
    memory then grows with the answers. Without it such rows have the same ids. Of a workbook `sheet` is read, by
    default the first that is shown and has the columns of a layout.
    """
    source = source_name(path)
    matcher, reading = QuestionMatcher(questions, source), Reading()
    sheet = _sheet(path, sheet, matcher, layout)
    content = _open(path, layout, sheet)
    if isinstance(content, _Lines):
        about = f"{source}: read as text: questions with the answers below them"
        return AnswerFile("text", about, text_answers(content.lines, matcher, source, reading), reading)
    first = next(content)  # a table without rows is an error of `read_rows`
    rows = chain([first], content)
    table = layout_of(list(first.values), matcher, wanted=layout, source=source, line=first.names_line)
    if table.name == "long":
        answers = long_answers(rows, source, reading)
    elif table.fields:
        answers = question_row_answers(rows, table, matcher, source, reading, several=attempts is not None)
    else:
        several, guessed = attempts is not None, layout is None
        answers = student_row_answers(rows, table, matcher, source, reading, guessed=guessed, several=several)
    if attempts in ("first", "last") and table.name != "long":
        answers = _of_attempt(answers, first=attempts == "first", by_question=bool(table.fields))
    return AnswerFile(table.name, f"{source}: read as {_about(table)}", answers, reading)


def _of_attempt(
    answers: Iterable[tuple[int, Answer]], *, first: bool, by_question: bool
) -> Iterator[tuple[int, Answer]]:
    """The answers of each student's first or last attempt, or with `by_question` the first or last to each question."""
    numbered = []
    chosen: dict[tuple[str | None, str], int] = {}
    for line, answer in answers:
        number, key = _attempt(answer), (answer.candidate, answer.question_id if by_question else "")
        numbered.append((line, answer, number, key))
        chosen[key] = (min if first else max)(chosen.get(key, number), number)
    for line, answer, number, key in numbered:
        if number != chosen[key]:
            continue
        if by_question and number > 1:  # it is of the same attempt as the answers to other questions
            answer = answer.model_copy(update={"answer_id": answer.answer_id.removesuffix(f"-{number}")})
        yield line, answer


def _attempt(answer: Answer) -> int:
    told = re.fullmatch(r"-(\d+)", answer.answer_id.removeprefix(f"{answer.candidate}/{answer.question_id}"))
    return int(told[1]) if told else 1


class _Lines(NamedTuple):
    """The lines of a text with their numbers."""

    lines: Iterable[tuple[int, str]]


def _sheet(path: str | Path, wanted: str | None, matcher: QuestionMatcher, layout: Layout | None) -> str | None:
    """The sheet of a workbook to read: the one that is asked for, else the first that has the columns of a layout."""
    if table_ending(path) != ".xlsx" or str(path) == "-":
        if wanted is not None:
            raise InputError(f"no sheet '{wanted}': only a workbook (.xlsx) has sheets", source=source_name(path))
        return None
    headers = [] if wanted is not None else sheet_headers(path)
    for name, names in headers if len(headers) > 1 else []:
        try:
            if recognised(names) is None:
                layout_of(names, matcher, wanted=layout, source=str(path), line=None)
        except InputError:
            continue
        return name
    return wanted or (headers[0][0] if len(headers) > 1 else None)


def _open(path: str | Path, layout: Layout | None, sheet: str | None) -> _Lines | Iterator[Row]:
    """The lines of a text or the rows of a table, by the layout that is asked for, the file's name or its beginning."""
    ending = table_ending(path)
    if ending == ".docx":
        return _Lines(list(docx_lines(path)))
    if layout != "text" and str(path) != "-" and (ending in FORMATS or ending not in _PLAIN_TEXT):
        return read_rows(path, number_repeated=True, sheet=sheet)
    lines = text_lines(path)
    first = next((line for line in lines if line[1].strip()), (1, ""))
    lines = chain([first], lines)
    if first[1].lstrip().startswith("|"):
        return text_rows(_without_rules(lines), source_name(path), number_repeated=True)
    is_table = layout not in (None, "text") or (layout is None and _begins_table(first[1], named=str(path) != "-"))
    return text_rows(lines, source_name(path), number_repeated=True) if is_table else _Lines(lines)


def _without_rules(lines: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """The rows of a Markdown table without the bars around them, and without the line below its header."""
    for number, line in lines:
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
        if not all(re.fullmatch(r":?-+:?", cell) for cell in cells):
            yield number, "\t".join(cell.replace("\\|", "|") for cell in cells) + "\n"


_NAMES = re.compile(r"[,;\t|]")


def _begins_table(line: str, *, named: bool) -> bool:
    """Whether a text without the name of a table begins as one: with JSON, `sep=`, or names of columns that are known.

    A text from standard input (not `named`) with several cells on its first line is a table of any kind.
    """
    begin = line.lstrip()
    if begin.startswith(("{", "[", "sep=")):
        return True
    names = [name.strip().strip('"') for name in _NAMES.split(begin)]
    if begin.startswith(("#", "**", "__")) or re.match(r"(?:q|question|\d{1,3})\s*[:.)]", begin, re.IGNORECASE):
        return False
    return len(names) > 1 and (not named or recognised(names) is not None)


def _about(table: TableLayout) -> str:
    if table.name == "long":
        return "long: one row an answer"
    student = ", ".join(table.student[:1] or table.full_name)
    told = f"students in '{student}'" if student else "no column tells students apart, so rows are numbered"
    if table.fields:
        return f"{table.name}: one row an answer, {told if student else 'ids are made'}"
    columns = [each.answer for each in table.questions]
    shown = f"'{columns[0]}'" if len(columns) == 1 else f"'{shorten(columns[0], 40)}' to '{shorten(columns[-1], 40)}'"
    return f"{table.name}: one row a student, {told}, answers in {shown}"


@dataclass(frozen=True)
class ExportedQuestion:
    """A question of an export, with its right answer; `max_score` is `None` where the export does not tell it."""

    question: str
    reference_answer: str
    max_score: float | None
    line: int


def exported_questions(path: str | Path, *, sheet: str | None = None) -> list[ExportedQuestion]:
    """The questions of an export that has their right answers (Moodle's `Right answer` columns), each once.

    Of a workbook that `sheet` is read which `open_answers` reads.

    Raises:
        InputError: as `read_answers`.

    """
    matcher = QuestionMatcher(None, source_name(path))
    content = _open(path, None, _sheet(path, sheet, matcher, None))
    if isinstance(content, _Lines):
        return []
    first = next(content)
    names = list(first.values)
    if recognised(names) in (None, "long", "question-answer"):
        return []
    source = source_name(path)
    table = layout_of(names, matcher, wanted=None, source=source, line=first.names_line)
    shared = next((each.worth for each in table.questions if each.worth and table.name == "moodle"), None)
    if shared:
        said = f"the export has no points of single questions, so each gets an equal part of the total, {shared:g}"
        warn_input(said, source=source, line=first.names_line)
    if any(each.reference_column is not None and each.text_column is None for each in table.questions):
        said = "it has right answers but no texts of questions, so they are called by number and scores differ a little"
        warn_input(f"{said}: export the question text, too", source=source, line=first.names_line)
    found: dict[str, ExportedQuestion] = {}
    for row in chain([first], content):
        for each in table.questions:
            if each.reference_column is None:
                continue
            text = each.text if each.text_column is None else str(row.values[each.text_column])
            text, reference = cell_text(text).strip(), cell_text(str(row.values[each.reference_column])).strip()
            called = normalised_words(text)
            if called and called not in found and reference not in ("", "-"):
                found[called] = ExportedQuestion(text, reference, each.worth, row.line)
    return list(found.values())
