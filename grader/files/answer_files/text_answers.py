"""The answers in a text: below headings, `Q:` labels, bold or numbered questions, or questions on lines alone.

Where the questions are known, a line is one of them if its text says so; how the first of them are marked tells which
other lines must be questions, too, so that a question with a slip is an error and not part of the answer above it.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from grader.errors import InputError, warn_input
from grader.files.answer_files.made_ids import MadeIds
from grader.files.answer_files.question_matching import QuestionMatch, QuestionMatcher
from grader.files.answer_files.table_answers import Reading
from grader.files.page_labels import PROMPT, asks, english_label
from grader.phrases import shorten
from grader.schema import Answer

_Mark = Literal["heading", "label", "bold", "numbered", "plain", "code"]
_MARKS: tuple[_Mark, ...] = ("heading", "label", "bold", "numbered", "plain")  # the surest first
_HEADING = re.compile(r" {0,3}(#{1,6})\s+(.*?)(?:\s+#+)?\s*")
_ASK = "q|question"  # and those that `english_label` knows
_LABEL = re.compile(
    rf"\s*(?:[-*•>]\s+)?(?:\*\*|__)?(?:(?:{_ASK})\s*(?:\*\*|__)?\s*:|(?:{_ASK})\s*#?\s*(\d+)\s*(?:\*\*|__)?\s*(?:[:.)]|$))"
    r"\s*(?:\*\*|__)?\s*(.*)",
    re.IGNORECASE,
)
_BOLD = re.compile(r"\s*(?:\d{1,3}[.)]\s+)?(\*\*|__)(?!\s)(.+?)(?<!\s)\1\s*:?\s*")
_NUMBERED = re.compile(r"\s{0,3}(\d{1,3})[.)]\s+(\S.*)")
_ANSWER_LABEL = re.compile(
    r"\s*(?:[-*•>]\s+)?(?:\*\*|__)?(?:a\d*|(?:ans|answer|my answer|your answer)\s*\d*\s*)"
    r"(?:\*\*|__)?:\s*(?:\*\*|__)?[^\S\n]*",
    re.IGNORECASE,
)
_STUDENT = re.compile(
    r"\W*(?P<word>name|student|student name|student id|candidate|kandidat(?:in)?|nombre|nom)"
    r"\W*:\W*(?P<name>\S.*?)[\s*_]*",
    re.IGNORECASE,
)
_NAMES = ("name", "nombre", "nom")  # an answer may hold such a line, too
_LONGEST_TITLE = 100  # characters of a line above the first question that is surely no answer


class _Line(NamedTuple):
    """A line of the text: how it is marked, and what it says without the mark."""

    number: int
    text: str
    mark: _Mark
    level: int  # of a heading, or the number of a numbered line
    content: str


@dataclass(frozen=True)
class _Start:
    """Where a question stands among the lines, and where its answer begins; `match` is `None` for what is above one.

    That is the title of a section, or the line with the name of a student, whose answers follow.
    """

    position: int
    body: int
    match: QuestionMatch | None
    text: str = ""
    student: str | None = None


def text_answers(
    lines: Iterable[tuple[int, str]], matcher: QuestionMatcher, source: str, reading: Reading
) -> Iterator[tuple[int, Answer]]:
    """The answers of a text, each with the line of its question.

    Raises:
        InputError: with the line: a line that is marked as a question is none, or may be several; no question is found.

    """
    marked = _marked(lines)
    starts = _starts(marked, matcher, source)
    if not any(start.match for start in starts):
        problem = "holds no answer: expected '## <question id or text>' and the answer below it, or 'Q:' and 'A:' lines"
        raise InputError(problem, source=source)
    first = next(start.position for start in starts if start.match)
    student = _preface(marked[:first], source)
    starts = _with_students([start for start in starts if start.position >= first], marked, first, student, source)
    ids = MadeIds(matcher.known_ids)
    for start, end in zip(starts, [*(start.position for start in starts[1:]), len(marked)], strict=True):
        if start.match is None:
            student = start.student or student
            continue
        reading.n_rows += 1
        reading.note(start.match, start.text)
        body = "\n".join(line.text for line in marked[start.body : end]).strip()
        name = start.match.question_id
        answer = _without_label(body)
        yield (
            marked[start.position].number,
            Answer(answer_id=ids.free(name, student), question_id=name, answer=answer.strip(), candidate=student),
        )


def _without_label(body: str) -> str:
    """The answer without `A:` before it, in any language."""
    first, _, rest = body.partition("\n")
    first = english_label(first)
    label = _ANSWER_LABEL.match(first)
    return f"{first[label.end() :]}\n{rest}" if label else body


def _with_students(
    starts: list[_Start], lines: Sequence[_Line], first: int, student: str | None, source: str
) -> list[_Start]:
    """The starts, and between them those of other students' answers: lines such as `Student: Bob` above a question.

    Raises:
        InputError: a student is named below answers of nobody, or in the middle of an answer.

    """
    found = []
    questions = {start.position for start in starts}
    named = _STUDENT.fullmatch
    group = False  # `Student:` and `Student ID:` above one another are one student, called by the first
    for position in range(first, len(lines)):
        line = lines[position]
        match = None if line.mark == "code" else named(line.text)
        if match is None:
            group = group and (position not in questions and not line.text.strip())
            continue
        follows = next(
            (at for at in range(position + 1, len(lines)) if lines[at].text.strip() and not named(lines[at].text)), None
        )
        is_boundary = follows in questions
        told = f"'{shorten(line.text.strip(), 60)}'"
        if student is None:
            if is_boundary and match["word"].casefold() not in _NAMES:
                problem = f"{told} names a student, but the answers above have none: put such a line above them, too"
                raise InputError(problem, source=source, line=line.number)
        elif is_boundary:
            found.append(_Start(position, position + 1, None, student=None if group else match["name"]))
            group = True
        elif match["word"].casefold() not in _NAMES:
            problem = f"{told} names a student, but no question follows: put it above the student's first question"
            raise InputError(problem, source=source, line=line.number)
    return sorted([*starts, *found], key=lambda start: start.position)


def _marked(lines: Iterable[tuple[int, str]]) -> list[_Line]:
    marked = []
    code = False
    for number, raw in lines:
        text = raw.rstrip("\r\n")
        code ^= text.lstrip().startswith("```")
        marked.append(_Line(number, text, "code", 0, "") if code else _mark(number, english_label(text), text))
    for position, line in enumerate(marked):
        if line.mark == "label" and not line.content:  # its question is on the next line
            after = next((at for at in range(position + 1, len(marked)) if marked[at].text.strip()), None)
            if after is not None and marked[after].mark != "label":
                marked[position] = line._replace(content=marked[after].content)
                marked[after] = _Line(marked[after].number, "", "plain", 0, "")
    return marked


def _mark(number: int, said: str, text: str) -> _Line:
    """A line; `said` is its text with an English label."""
    if heading := _HEADING.fullmatch(text):
        return _Line(number, text, "heading", len(heading[1]), heading[2].strip(" *_"))
    if label := _LABEL.fullmatch(said):
        return _Line(number, text, "label", int(label[1] or 0), label[2].strip(" *_"))
    if bold := _BOLD.fullmatch(text):
        return _Line(number, text, "bold", 0, bold[2].strip())
    if numbered := _NUMBERED.fullmatch(text):
        return _Line(number, text, "numbered", int(numbered[1]), numbered[2].strip(" *_"))
    return _Line(number, text, "plain", 0, text.strip())


def _starts(lines: Sequence[_Line], matcher: QuestionMatcher, source: str) -> list[_Start]:
    """The questions of the text and, among headings, the titles of its sections."""
    exact: dict[int, QuestionMatch] = {}
    if matcher.knows_questions:
        for position, line in enumerate(lines):
            match = matcher.match(line.content, line.number, near=False) if line.content else None
            if match and (line.mark in ("heading", "label") or match.matched_by == "text"):
                exact[position] = match
    marks = {lines[position].mark for position in exact} or {
        line.mark for line in lines if line.content and (line.mark != "plain" or line.content.endswith("?"))
    }
    style = next((mark for mark in _MARKS if mark in marks), "plain")
    if style == "heading" and not exact and _labels_per_heading(lines) > 1:
        style = "label"  # the headings are of sections
    level = _question_level(lines, exact) if style == "heading" else 0
    numbers = {lines[position].level for position in exact if lines[position].mark in ("numbered", "label")}
    starts: list[_Start] = []
    current: str | None = None
    last_number = last_item = 0
    all_ask = style == "numbered"
    for position, line in enumerate(lines):
        match, body, text = exact.get(position), position + 1, line.content
        if style == "heading" and line.mark == "label" and starts and (match or _is_answered(lines, position)):
            above = starts[-1]
            match = match or matcher.match(text, line.number)
            is_first = above.match and not any(each.text.strip() for each in lines[above.body : position])
            asks_the_same = match is None or (above.match and match.question_id == above.match.question_id)
            if (is_first and asks_the_same) or not matcher.knows_questions:
                starts[-1] = replace(above, body=body)  # the heading has the id, and the label the text
                continue
            if is_first and above.match and match:
                problem = (
                    f"asks '{match.question_id}' below the heading of '{above.match.question_id}': remove one of them"
                )
                raise InputError(problem, source=source, line=line.number)
            if match is None:
                raise matcher.unknown("the question", text, line.number)
        elif match is not None and match.question_id == current and line.mark != style:
            continue  # the answer repeats its question
        if match is None and line.mark == "numbered":
            in_list = line.level in numbers or (0 < last_item == line.level - 1 and not text.endswith("?"))
            is_next = style == "numbered" and line.level == last_number + 1
            last_item = line.level
            if in_list and is_next and (matcher.knows_questions or PROMPT.match(text)):
                match = matcher.match(text, line.number)  # the item of a list, or the next question with a slip
            if match is None and in_list:
                continue
        if match is None:
            if line.mark != style or not _must_be_question(line, level, last_number, known=matcher.knows_questions):
                continue
            if line.mark == "heading" and line.level < level and (not starts or not _has_body(lines, position)):
                starts.append(_Start(position, body, None))
                current = None
                continue
            if line.mark == "numbered" and all_ask and not asks(text) and not matcher.knows_questions:
                problem = f"'{shorten(text, 60)}' may be question {line.level} or an item of the list above"
                raise InputError(f"{problem}: name the questions with --rubrics", source=source, line=line.number)
            match = matcher.match(text, line.number)
            if match is None:
                what = "the heading" if line.mark == "heading" else "the question"
                raise matcher.unknown(what, text, line.number)
        if line.mark in ("numbered", "label"):
            all_ask = all_ask and asks(text)
            last_number, last_item = line.level, 0
        starts.append(_Start(position, body, match, text))
        current = match.question_id
    return starts


def _is_answered(lines: Sequence[_Line], position: int) -> bool:
    """Whether the next line with text has the label of an answer."""
    after = next((line.text for line in lines[position + 1 :] if line.text.strip()), "")
    return _ANSWER_LABEL.match(english_label(after)) is not None


def _labels_per_heading(lines: Sequence[_Line]) -> float:
    n_labels = sum(line.mark == "label" and _is_answered(lines, at) for at, line in enumerate(lines))
    return n_labels / max(sum(_has_body(lines, at) for at, line in enumerate(lines) if line.mark == "heading"), 1)


def _question_level(lines: Sequence[_Line], exact: Iterable[int]) -> int:
    """The level of the headings that are questions: of those that are known, else the highest with text below it."""
    known = [lines[position].level for position in exact if lines[position].mark == "heading"]
    headings = [position for position, line in enumerate(lines) if line.mark == "heading"]
    return min(known or [lines[at].level for at in headings if _has_body(lines, at)] or [7])


def _has_body(lines: Sequence[_Line], position: int) -> bool:
    following = (lines[at] for at in range(position + 1, len(lines)))
    return next((line.mark != "heading" for line in following if line.text.strip()), False)


def _must_be_question(line: _Line, level: int, last_number: int, *, known: bool) -> bool:
    """Whether a line that is marked as the questions are must be one, though it is no known text."""
    if line.mark == "heading":
        return line.level <= level and bool(line.content)
    if line.mark == "numbered":
        return line.level == last_number + 1
    if line.mark == "bold":
        return not known or line.content.endswith("?")
    return line.mark == "label" or (not known and line.content.endswith("?"))


def _preface(lines: Sequence[_Line], source: str) -> str | None:
    """The student, if a line above the first question names one; other lines are left out with a warning.

    Raises:
        InputError: a line may be a question or an answer.

    """
    student = None
    left_out = []
    for line in lines:
        named = _STUDENT.fullmatch(line.text)
        if named:
            student = student or named["name"]
        elif line.text.strip() and line.mark != "heading":
            if len(line.text) > _LONGEST_TITLE or line.content.endswith("?") or line.mark in ("label", "numbered"):
                problem = f"text above the first question: found '{shorten(line.text.strip(), 60)}'"
                raise InputError(problem, source=source, line=line.number)
            left_out.append(line)
    if left_out:
        listed = ", ".join(f"'{shorten(line.text.strip(), 60)}'" for line in left_out[:3])
        warn_input(f"left out above the first question: {listed}", source=source, line=left_out[0].number)
    return student
