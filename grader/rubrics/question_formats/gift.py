"""Read questions in GIFT, Moodle's text format.

Source: Moodle documentation, "GIFT format".
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from grader.rubrics.multiple_choice import UNMARKED, Option, reference_of
from grader.rubrics.parsed_page import DroppedText, ParsedPage, QuestionAnswer
from grader.rubrics.rich_text import Markup, rich_text

_NAME = re.compile(r"\s*::(?P<name>(?:\\.|[^\\])*?)::", re.DOTALL)
_FORMAT = re.compile(r"\s*\[(?P<format>html|markdown|plain|moodle)\]")
_ESCAPE = re.compile(r"\\([~=#{}:;n\\\"])")
_WEIGHT = re.compile(r"\s*%(-?\d+(?:\.\d+)?)%")
_BLOCK = re.compile(r"(?<!\\)\{\s*(?:=|~|####|#-?[\d.=]|(?:T|F|TRUE|FALSE)\s*[#}]|\})")
_STARTS = re.compile(r"^\s*(?:::(?:\\.|[^\\\n])+?::|\$CATEGORY:)", re.MULTILINE)
ACCEPTED = "another accepted answer: write it as an alias of a point in the rubric"


def looks_like_gift(text: str) -> bool:
    """Whether a text has a title (`::name::`) or a category of GIFT, and an answer in braces."""
    if _STARTS.search(text):
        return True
    blocks = len(_BLOCK.findall(text))
    return blocks > 0 and "```" not in text and 2 * blocks >= len(re.findall(r"(?<!\\)\{", text)) and "?" in text


class _Entry(NamedTuple):
    """One answer in braces: its sign (`=` or `~`), weight in percent, text, feedback."""

    sign: str
    weight: float
    text: str
    feedback: str


def parse_gift(lines: Iterable[tuple[int, str]]) -> ParsedPage:
    """Questions and reference answers from GIFT text.

    The reference of an essay question is its general feedback, of a short-answer question its first full answer, of
    multiple choice the marked options. Feedback is added as explanation.
    """
    pairs: list[QuestionAnswer] = []
    dropped: list[DroppedText] = []
    topic = ""
    for line, text in _chunks(lines, dropped):
        if text.startswith("$CATEGORY:"):
            topic = text.split("/")[-1].removeprefix("$CATEGORY:").strip()
            continue
        pair = _question(text, line, topic, dropped)
        pairs += [pair] if pair else []
    return ParsedPage("", tuple(pairs), tuple(dropped))


def _chunks(lines: Iterable[tuple[int, str]], dropped: list[DroppedText]) -> Iterator[tuple[int, str]]:
    """The questions and categories, each with its first line; they are separated by blank lines outside of braces."""
    start, chunk, depth = 0, "", 0
    for number, raw in lines:
        text = raw.rstrip("\r\n")
        if text.lstrip().startswith("//"):
            dropped.append(DroppedText(text.strip(), number, "a comment"))
            chunk += "\n" * bool(chunk)
            continue
        if not chunk and text.strip().startswith("$CATEGORY:"):
            yield number, text.strip()
            continue
        if not text.strip() and depth <= 0:
            if chunk.strip():
                yield start, chunk
            start, chunk, depth = 0, "", 0
            continue
        start = start or number
        chunk += text + "\n"
        plain = re.sub(r"\\.", "", text)
        depth += plain.count("{") - plain.count("}")
    if chunk.strip():
        yield start, chunk


def _question(text: str, line: int, topic: str, dropped: list[DroppedText]) -> QuestionAnswer | None:
    line += len(text) - len(text.lstrip("\n"))
    name = _NAME.match(text)
    body = text[name.end() :] if name else text
    markup = _FORMAT.match(body)
    body = body[markup.end() :] if markup else body
    form: Markup = "auto" if markup is None or markup["format"] == "moodle" else markup["format"]  # type: ignore[assignment]
    parts = re.split(r"(?<!\\)[{}]", body)
    if len(parts) != 3:
        why = (
            "no answer in braces"
            if len(parts) == 1
            else "not one pair of braces: write \\{ and \\} for braces in a text"
        )
        dropped.append(DroppedText(_unescaped(body).strip(), line, why))
        return None
    before, inside, after = parts
    stem = before.rstrip() + (f" _____{after.rstrip()}" if after.strip() else "")
    question = rich_text(_unescaped(stem), line, dropped, markup=form)
    answer_line = line + text.count("\n", 0, text.index(inside)) if inside else line
    answer = _answer(inside, question, answer_line, dropped, form)
    if answer is None:
        return None
    title = rich_text(_unescaped(name["name"]), line, dropped) if name else ""
    return QuestionAnswer(question, answer, topic, line, name=title)


def _answer(inside: str, question: str, line: int, dropped: list[DroppedText], form: Markup) -> str | None:
    """The reference answer; None if the question cannot be used, which is then in `dropped`."""
    inside, _, general = _cut(inside, "####")

    def text_of(text: str) -> str:
        markup = _FORMAT.match(text)
        own: Markup = markup["format"].replace("moodle", "auto") if markup else form  # type: ignore[assignment]
        return rich_text(_unescaped(text[markup.end() :] if markup else text), line, dropped, markup=own)

    explanation = text_of(general)
    inside = inside.strip()
    if not inside:
        return explanation
    truth = re.match(r"(T|TRUE|F|FALSE)\s*(?=#|$)", inside)
    if truth:
        feedback = [text_of(part) for part in re.split(r"(?<!\\)#", inside[truth.end() :])[1:]]
        answer = "True" if truth[1].startswith("T") else "False"
        return reference_of([answer], [*feedback[1:2], explanation])
    if inside.startswith("#"):
        return reference_of([_number(inside[1:])], [explanation])
    entries = [entry._replace(text=text_of(entry.text), feedback=text_of(entry.feedback)) for entry in _entries(inside)]
    if not entries:
        dropped.append(DroppedText(question, line, "an answer without = or ~"))
        return None
    if all(entry.sign == "=" and "->" in entry.text for entry in entries):
        return "\n".join(re.sub(r"\s*->\s*", ": ", entry.text) for entry in entries)
    if all(entry.sign == "=" for entry in entries):
        best = max(entries, key=lambda entry: entry.weight)
        dropped += [DroppedText(entry.text, line, ACCEPTED) for entry in entries if entry is not best]
        return reference_of([best.text], [best.feedback, explanation])
    shown = [f"{entry.text} ({entry.feedback})" if entry.feedback else entry.text for entry in entries]
    options = [
        Option(chr(65 + at % 26), text, entry.weight > 0, line)
        for at, (entry, text) in enumerate(zip(entries, shown, strict=True))
    ]
    right = [entry for entry in entries if entry.weight > 0]
    if not right:
        dropped.append(DroppedText(question, line, UNMARKED))
        return None
    dropped += [option.as_dropped() for option in options if not option.right]
    return reference_of([entry.text for entry in right], [*(entry.feedback for entry in right), explanation])


def _entries(inside: str) -> Iterator[_Entry]:
    pieces = re.split(r"(?<!\\)([=~])", inside)
    for sign, text in zip(pieces[1::2], pieces[2::2], strict=True):
        weight = _WEIGHT.match(text)
        words, _, feedback = _cut(text[weight.end() :] if weight else text, "#")
        yield _Entry(sign, float(weight[1]) if weight else 100.0 * (sign == "="), words, feedback)


def _cut(text: str, mark: str) -> tuple[str, str, str]:
    before, *after = re.split(rf"(?<!\\){mark}", text, maxsplit=1)
    return before, mark if after else "", after[0] if after else ""


def _number(text: str) -> str:
    """A numerical answer in words: `3 (± 0.5)`, `1 to 5`."""
    first = re.sub(r"^\s*=?\s*(?:%[\d.]+%)?\s*", "", re.split(r"(?<=\S)\s*[=~#]", text.strip())[0]).strip()
    value, _, tolerance = first.partition(":")
    if ".." in value:
        return " to ".join(part.strip() for part in value.split("..", 1))
    return f"{value.strip()} (± {tolerance.strip()})" if tolerance.strip() not in ("", "0") else value.strip()


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda mark: "\n" if mark[1] == "n" else mark[1], text)
