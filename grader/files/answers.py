"""Read the answers to be graded from tables and Markdown."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from grader.argument_types import check_path, wrong_type
from grader.errors import InputError
from grader.files.cells import number_text
from grader.files.tables import Row, pick_columns, read_rows, text_rows
from grader.files.text_input import source_name, text_lines
from grader.files.validation import Place, id_text, normalised_words, refuse_duplicate, validate
from grader.schema import Answer

# Accepted column names, also those of other tools; the most specific first.
ANSWER_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "answer_id": ("answer_id", "id"),
    "question_id": ("question_id",),
    "answer": ("answer", "response", "submission", "actual_output", "student_answer"),
    "candidate": ("candidate",),
}
_REQUIRED = ("answer_id", "question_id", "answer")


def read_answers(path: str | Path, *, questions: Mapping[str, str] | None = None) -> Iterator[Answer]:
    """The answers of a table or Markdown file, one at a time.

    Args:
        path: a table (`tables.FORMATS`) with the columns `answer_id, question_id, answer, candidate?` (also
            `id`; `response, submission, actual_output, student_answer`), whose other columns go to `extra`;
            a `.md` file with `## <question id or text>` above each answer; or `-` for standard input: JSONL, a
            JSON list, CSV, TSV or Markdown, recognised by its beginning.
        questions: id and text of the known questions. If given, Markdown headings are matched with them, ignoring
            case and punctuation; otherwise a heading is the question id itself.

    Raises:
        InputError: with the line: a missing column, a blank or repeated `answer_id`, an unknown heading.
        TypeError: `path` is no path, or `questions` no mapping.

    >>> from grader import read_answers
    >>> answers = read_answers("data/practice_answers.jsonl")
    >>> next(answers).answer_id
    'learning-paradigms-strong'
    """
    check_path(path, 'read_answers("answers.jsonl")', fields="Answer(**fields)", frame="grade_frame(grader, frame)")
    _check_questions(questions)
    return _with_unique_ids(numbered_answers(path, questions=questions), source_name(path))


def _check_questions(questions: Any) -> None:
    if questions is not None and not isinstance(questions, Mapping):
        write = "questions={question.id: question.question for question in bank.questions}"
        raise wrong_type("questions", questions, "a mapping from the id to the text of each question", write)


def row_answers(rows: Iterable[Row], source: str) -> Iterator[Answer]:
    """The answers in rows that have been read already; `source` names the file in errors.

    Raises:
        InputError: as `read_answers`.
    """
    return _with_unique_ids(_table_answers(iter(rows), source), source)


def _with_unique_ids(answers: Iterable[tuple[int, Answer]], source: str) -> Iterator[Answer]:
    seen: dict[str, int | None] = {}
    for line, answer in answers:
        refuse_duplicate(seen, answer.answer_id, line=line, field="answer_id", source=source)
        yield answer


def numbered_answers(path: str | Path, *, questions: Mapping[str, str] | None = None) -> Iterator[tuple[int, Answer]]:
    """As `read_answers`, each answer with its line; in constant memory, so repeated ids are not detected."""
    source = source_name(path)
    if Path(path).suffix.lower() in (".md", ".markdown"):
        return _markdown_answers(text_lines(path), questions, source)
    if str(path) != "-":
        return _table_answers(read_rows(path), source)
    lines = list(text_lines(path))
    begin = next((text for _, text in lines if text.strip()), "")
    if _HEADING.match(begin.rstrip()) or _TITLE.match(begin):
        return _markdown_answers(iter(lines), questions, source)
    return _table_answers(text_rows(iter(lines), source), source)


def _table_answers(rows: Iterator[Row], source: str) -> Iterator[tuple[int, Answer]]:
    names: list[str] = []
    columns: dict[str, str] = {}
    for row in rows:
        if not columns or names != list(row.values):  # JSONL rows may have different keys
            names = list(row.values)
            columns = pick_columns(names, ANSWER_COLUMNS, required=_REQUIRED, source=source, line=row.names_line)
        values: dict[str, Any] = {field: row.values.get(name) for field, name in columns.items()}
        for field in ("answer_id", "question_id"):
            values[field] = _required_id(values[field], field, row.line, source)
        values["answer"] = answer_text(values["answer"], row.line, source)
        values["candidate"] = id_text(values.get("candidate")) or None
        used = set(columns.values())
        values["extra"] = {name: value for name, value in row.values.items() if name not in used}
        yield row.line, validate(Answer, values, source=source, line_of=partial(_row_line, row.line))


def _row_line(line: int, place: Place) -> int:
    return line


def _required_id(value: object, field: str, line: int, source: str) -> str:
    text = id_text(value)
    if not isinstance(text, str) or not text:
        found = "null" if value is None else "blank" if isinstance(value, str) else type(value).__name__
        raise InputError(f"expected an id, found {found}", source=source, line=line, field=field)
    return text


def answer_text(value: object, line: int, source: str) -> object:
    """The answer unchanged; null is an error, because a blank answer earns 0 and a lost answer must not."""
    if value is None:
        problem = 'found null, expected text; write "" for an answer that was left blank'
        raise InputError(problem, source=source, line=line, field="answer")
    return number_text(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


_HEADING = re.compile(r"^ {0,3}##\s+(.*?)(?: #+)?$")
_TITLE = re.compile(r"^ {0,3}#\s")
_NUMBER = re.compile(r"^(?:q(?:uestion)?\s*)?\d{1,3}\s*[.):]\s+", re.IGNORECASE)


def _markdown_answers(
    lines: Iterator[tuple[int, str]], questions: Mapping[str, str] | None, source: str
) -> Iterator[tuple[int, Answer]]:
    ids = _IdAssigner(questions, source)
    for line, heading, text in _sections(lines, source):
        name = ids.question(heading, line)
        yield line, Answer(answer_id=ids.free(name), question_id=name, answer=text)


class _IdAssigner:
    """Maps headings to question ids, and question ids to unused answer ids."""

    def __init__(self, questions: Mapping[str, str] | None, source: str) -> None:
        self._source = source
        self._known: dict[str, str] | None = None
        self._used: set[str] = set()
        self._next: dict[str, int] = {}  # the next number to try; counting from 2 each time would be slow
        if questions is not None:
            self._known = {normalised_words(text): name for name, text in questions.items()}
            self._known.update((normalised_words(name), name) for name in questions)
            self._known.update((name, name) for name in questions)

    def question(self, heading: str, line: int) -> str:
        if self._known is None:
            return heading
        tries = (heading, normalised_words(heading), normalised_words(_NUMBER.sub("", heading)))
        found = next((self._known[text] for text in tries if text in self._known), None)
        if found is None:
            near = difflib.get_close_matches(normalised_words(heading), self._known, n=1)
            hint = f"; the nearest is '{self._known[near[0]]}'" if near else ""
            problem = f"the heading '{heading[:80]}' is no question's id or text{hint}"
            raise InputError(problem, source=self._source, line=line)
        return found

    def free(self, name: str) -> str:
        """The name itself if it is unused, else with the first number from 2 on that makes it unique."""
        free, number = name, self._next.get(name, 2)
        while free in self._used:
            free, number = f"{name}-{number}", number + 1
        self._next[name] = number
        self._used.add(free)
        return free


def _sections(lines: Iterator[tuple[int, str]], source: str) -> Iterator[tuple[int, str, str]]:
    """Line, heading and text of each `##` section; a `#` title may come before the first."""
    heading, start = "", 0
    body: list[str] = []
    code = False
    for line, raw in lines:
        text = raw.rstrip("\r\n")
        code ^= text.lstrip().startswith("```")
        match = None if code else _HEADING.match(text.rstrip())
        if match and match[1]:
            if heading:
                yield start, heading, "\n".join(body).strip()
            heading, start, body = match[1], line, []
        elif heading:
            body.append(text)
        elif text.strip() and not _TITLE.match(text):
            problem = f"text above the first '## question': found '{text.strip()[:40]}'"
            raise InputError(problem, source=source, line=line)
    if not heading:
        problem = "holds no answer: expected '## <question id or text>' and the answer below it"
        raise InputError(problem, source=source)
    yield start, heading, "\n".join(body).strip()
