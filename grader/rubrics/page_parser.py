"""Split pasted text and Markdown pages into questions and answers; report the rest.

A page is split at its marks (labels, headings, numbers), without a model.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple


@dataclass(frozen=True)
class DroppedText:
    """A piece of the source that is left out: its text, its first line, and the reason."""

    text: str
    line: int
    why: str


class QuestionAnswer(NamedTuple):
    """A question and its answer, one of which may be empty; `topic` is the heading above, `line` the first line."""

    question: str
    answer: str
    topic: str
    line: int


@dataclass(frozen=True)
class ParsedPage:
    """A split page; `dropped` holds everything that is in no pair, including the title."""

    title: str
    pairs: tuple[QuestionAnswer, ...]
    dropped: tuple[DroppedText, ...]


# --- marks -----------------------------------------------------------------------------------------

# Bullets, quotes, heading marks, emphasis marks or emoji may precede a label. (2013, 2014: dashes; ff1a: the wide
# colon.) Every repetition has a limit, so that matching a long line takes linear time.
_LEAD = r"^(?:[^\w]|_){0,12}"
_AFTER_WORD = r"\s?[-#.]?\s?\d{0,4}\s?(?:[:\uff1a.)]|[-\u2013\u2014](?=\s)|$)"
_ANSWER = re.compile(
    _LEAD + r"(?:(?i:sample|model|expected|suggested|reference|correct|ideal)\s)?"
    rf"(?:(?i:answer|ans){_AFTER_WORD}|A\s?\d{{0,4}}\s?[:\uff1a])\s*(?P<rest>.*)$"
)
_QUESTION = re.compile(
    _LEAD + rf"(?:(?i:question|ques){_AFTER_WORD}|Q\s?(?:[-#.]?\s?\d{{1,4}}\s?[:\uff1a.)-]?|[:\uff1a.)]))"
    r"\s*(?P<rest>.*)$"
)
_SOLUTION = re.compile(rf"(?P<lead>{_LEAD}(?i:sample |model |suggested )?)(?i:solution)(?={_AFTER_WORD})")
_NUMBER = re.compile(r"^ ?[>#*\s]{0,8}\(?(?P<number>\d{1,4})[.)](?:\s+|(?=[^\W\d_]))(?P<rest>\S.*)$")
_HEADING = re.compile(r"^ {0,3}(?P<marks>#{1,6})\s+(?P<rest>.*?)(?: #+)?$")
_NO_QUESTION = re.compile(
    r"\W*(in )?(conclusions?|summary|introduction|overview|(table of )?contents|references|related\b.*"
    r"|share\b.*|(further|recommended) reading|final (thoughts|words)|wrapping up|about (us|me|the author)"
    r"|comments?|faqs?)\W*$",
    re.IGNORECASE,
)
_RULE = re.compile(r"^\s*([-*_=~•·\u2013\u2014+])(?:\s*\1)*\s*$")
_DASH = re.compile(r"^\s*[-*•·\u2013\u2014]\s*$")
_LIST_MARK = re.compile(r"^\s*[-*+•·\u2013\u2014]\s+(?P<rest>.*)$", re.DOTALL)
_SIGN = re.compile(r"^\s*[^\w\s'\"`(\[{<$.¿¡|]{1,3}\s+(?P<rest>.*)$")  # a bullet or picture
_OWN_LINE = re.compile(r"^\s*(?:[-*+•·\u2013\u2014]\s|\d{1,4}[.)]\s|\|)")
_BOLD = re.compile(r"(?<![\w*])\*\*(?=\S)(.{1,300}?)(?<=\S)\*\*(?![\w*])")
_ALL_BOLD = re.compile(r"^\s*(?:[-*+•]\s+|\(?\d{1,4}[.)]\s*)?\*\*(?:(?!\*\*).)+\*\*\s*:?$")
_ASKS = re.compile(
    r"\?|^\W*(what|why|how|when|where|which|who|explain|describe|discuss|compare|contrast|define|differentiate|"
    r"distinguish|outline|illustrate|give|list|name|tell|state|can|could|do|does|is|are|have|walk)\b",
    re.IGNORECASE,
)
_INLINE_ANSWER = re.compile(r"(?<!\s)\s+(?=(?:[-\u2013\u2014] )?(?:(?i:answer|ans)|A)\s?\d{0,4}\s?[:\uff1a]\s)")

# Ends of web pages. A farewell never starts a sentence of an answer, so it also counts within a line, after a full
# stop. Page furniture (menus, share buttons) counts only at the start of a short line.
_FAREWELL = "|".join(
    [
        r"thank(s| you)( (so|very) much)? for (reading|visiting|watching|following|your (time|attention))",
        r"(we|i) hope (that )?(you (found|enjoy|like|learned)|this (article|post|guide|page|help))",
        r"stay tuned\b|happy (learning|coding|reading)\b|(good|best of) luck (with|for|in) your\b",
        r"(please )?(don['\u2019]t forget to )?subscribe (to (our|my|the|this)|for|now|below)\b",
        r"don['\u2019]t forget to (share|like|follow|bookmark)\b|follow (us|me) on\b",
        r"share this (article|post|page|blog)\b|(read also|also read|related (posts?|articles?))\b",
        r"you (may|might) also like\b|copyright (©|\(c\)|\d{4})|©|all rights reserved\b",
    ]
)
_FURNITURE = "|".join(
    [
        r"share( this| on|:)|subscribe\b|tags?:|categor(y|ies):|posted (in|by|on)\b|filed under\b",
        r"leave a (comment|reply)\b|comments?( \(\d+\))?$|related\b.{0,20}$|(recommended|further) reading\b",
        r"read more\b|(next|previous) (post|article|page)\b|about the author\b|privacy policy\b|contact us\b",
        r"terms of (use|service)\b|sign up\b|newsletter\b|advertisements?$|sponsored\b|click here\b",
        r"back to top\b|cookie\b.{0,30}$|download (our|the|this) (pdf|app|e-?book)\b|check out our\b|home \|",
    ]
)
_FAREWELL_LINE = re.compile(rf"^\W{{0,6}}(?:{_FAREWELL})", re.IGNORECASE)
_FURNITURE_LINE = re.compile(rf"^\W{{0,6}}(?:{_FURNITURE})", re.IGNORECASE)
_GLUED = re.compile(rf"(?<=[.!?…)\]\"'”\u2019])\s*(?=(?:{_FAREWELL}))", re.IGNORECASE)
_FURNITURE_LENGTH = 80  # characters; a menu entry is short, a sentence that starts with the same words is longer


class _Line(NamedTuple):
    """A line of a page without emphasis marks; `bold`: all of it was bold; `code`: inside a ``` fence."""

    number: int
    text: str
    bold: bool = False
    code: bool = False

    @property
    def is_empty(self) -> bool:
        return not self.code and (not self.text.strip() or _RULE.match(self.text) is not None)

    @property
    def is_answer(self) -> bool:
        return not self.code and _ANSWER.match(self.text) is not None

    @property
    def heading(self) -> int:
        """The level of a Markdown heading, 0 for other lines."""
        match = None if self.code else _HEADING.match(self.text)
        return len(match["marks"]) if match else 0


# --- splitting -------------------------------------------------------------------------------------


def parse_page(lines: Iterable[tuple[int, str]]) -> ParsedPage:
    """Split a page into pairs at the kind of mark that fits most of its answers or questions.

    Args:
        lines: number and text of each line, in order.

    """
    page = _page_lines(_with_answer_labels(list(lines)))
    kind, starts = _question_starts(page)
    level = int(kind.removeprefix("heading")) if kind.startswith("heading") else 7
    sections = {
        index
        for index, line in enumerate(page)
        if line.heading and not line.is_answer and (line.heading < level or _NO_QUESTION.match(line.text))
    } - starts
    title, topic = "", ""
    last = max(starts, default=None)
    pairs: list[QuestionAnswer] = []
    dropped: list[DroppedText] = []
    headings: list[DroppedText] = []
    for begin, end in pairwise(sorted({0, *starts, *sections, len(page)})):
        block = page[begin:end]
        if begin in starts:
            pair, footer = _pair(block, topic, is_last=begin == last)
            pairs.append(pair)
            dropped += footer
            continue
        for line in (line for line in block if not line.is_empty):
            text = line.text.strip("# \t")
            if not title and not pairs and not dropped:
                title = text
                dropped.append(DroppedText(text, line.number, "the title of the page"))
            elif line.heading:
                topic = text
                headings.append(DroppedText(text, line.number, "a heading without questions"))
            else:
                dropped.append(DroppedText(text, line.number, "belongs to no question"))
    topics = {pair.topic for pair in pairs}
    dropped += [heading for heading in headings if heading.text not in topics]
    return ParsedPage(title, tuple(pairs), tuple(sorted(dropped, key=lambda piece: piece.line)))


def _pair(block: list[_Line], topic: str, *, is_last: bool) -> tuple[QuestionAnswer, list[DroppedText]]:
    question, answer = _question_and_answer(block)
    kept, footer = _without_footer(answer, is_last=is_last)
    line = next((line.number for line in block if not line.is_empty), block[0].number)
    pieces = [DroppedText(rest.text.strip(), rest.number, "a footer of the page") for rest in footer]
    return QuestionAnswer(question, _answer_text(kept), topic, line), pieces


def _with_answer_labels(lines: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Replace "Solution:" by "Answer:" on pages that label answers with it.

    Pages that use the usual label are not changed, nor pages where fewer than half of the questions have a solution.
    """
    texts = [text.rstrip() for _, text in lines]
    n_solutions = sum(_SOLUTION.match(text) is not None for text in texts)
    n_questions = sum(text.endswith("?") for text in texts)
    labelled = any(_ANSWER.match(text) or _INLINE_ANSWER.search(text) for text in texts)
    if labelled or not n_solutions or 2 * n_solutions < n_questions:
        return lines
    return [(number, _SOLUTION.sub(r"\g<lead>Answer", text)) for number, text in lines]


def _page_lines(lines: Iterable[tuple[int, str]]) -> list[_Line]:
    page, code = [], False
    for number, raw in lines:
        text = raw.rstrip()
        fence = text.lstrip().startswith("```")
        if fence or code:
            code = code != fence
            page.append(_Line(number, text, code=True))
            continue
        plain, bold = _BOLD.sub(r"\1", text), _ALL_BOLD.match(text) is not None
        inline = _INLINE_ANSWER.search(plain)
        if inline and (_QUESTION.match(plain) or "?" in plain[: inline.start()]):
            page.append(_Line(number, plain[: inline.start()], bold))
            plain, bold = plain[inline.end() :], False
        page.append(_Line(number, plain, bold))
    return page


def _question_starts(page: list[_Line]) -> tuple[str, set[int]]:
    """The kind of mark that fits most answers or questions, and the lines where questions start."""
    answers = [index for index, line in enumerate(page) if line.is_answer]
    gaps = list(pairwise([-1, *answers]))
    marks = _marks(page)
    fit: dict[str, tuple[int, int]]
    if answers:
        marks.pop("question mark", None)
        fit = {kind: (sum(_any_between(found, *gap) for gap in gaps), 0) for kind, found in marks.items()}
    else:
        fit = {kind: (sum(_asks(page, i) for i in found), len(found)) for kind, found in marks.items()}
    kind = max(fit, key=lambda kind: fit[kind], default="")
    if answers and kind and fit[kind][0] * 2 < len(answers):
        kind = ""  # most answers have none of the marks before them
    starts = sorted(_true_starts(page, kind, marks.get(kind, []), answers))
    unmarked = [_start_before(page, *gap) for gap in gaps if not _any_between(starts, *gap)]
    return kind, {*starts, *(start for start in unmarked if start is not None)}


def _any_between(ordered: list[int], low: int, high: int) -> bool:
    return bisect_right(ordered, low) < bisect_left(ordered, high)


def _marks(page: list[_Line]) -> dict[str, list[int]]:
    """The lines that may start a question, by kind of mark; the most reliable kind first."""
    headings = [f"heading{level}" for level in range(6, 0, -1)]
    order = ["label", *headings, "bold", "number", "dash", "question mark"]
    marks: dict[str, list[int]] = {kind: [] for kind in order}
    for index, line in enumerate(page):
        if line.code or line.is_answer:
            continue
        if _QUESTION.match(line.text):
            marks["label"].append(index)
        if line.heading:
            if not _NO_QUESTION.match(line.text):
                marks[f"heading{line.heading}"].append(index)
        elif line.bold:
            marks["bold"].append(index)
        elif _NUMBER.match(line.text):
            marks["number"].append(index)
        elif _DASH.match(line.text):
            marks["dash"].append(index)
        is_item = line.text[:1].strip() and _LIST_MARK.match(line.text)
        if line.text.endswith("?") and (is_item or index == 0 or page[index - 1].is_empty):
            marks["question mark"].append(index)
    return {kind: found for kind, found in marks.items() if found}


def _asks(page: list[_Line], start: int) -> bool:
    text = next((text for text in (_plain_question(line) for line in page[start : start + 3]) if text), "")
    return _ASKS.search(text) is not None


def _true_starts(page: list[_Line], kind: str, marked: list[int], answers: list[int]) -> Iterator[int]:
    """Leave out numbered and bold lines inside answers, which look like questions."""
    if kind not in ("number", "bold"):
        yield from marked
        return
    asking = {index for index in marked if _asks(page, index)}
    before = 0
    for index, following in pairwise([*marked, len(page)]):
        number = int(match["number"]) if (match := _NUMBER.match(page[index].text)) else before + 1
        if answers:
            is_question = _any_between(answers, index, following)
        else:
            is_question = number == before + 1 and (index in asking or not asking)
        if is_question or "?" in page[index].text:
            before = number
            yield index


def _start_before(page: list[_Line], low: int, high: int) -> int | None:
    """First line of the paragraph before the answer at `high`; its last line if the paragraph reaches up to `low`."""
    last = high - 1
    while last > low and page[last].is_empty:
        last -= 1
    top = last
    while top > low and not page[top].is_empty:
        top -= 1
    start = last if top == low else top + 1
    return None if start == low else start


def _plain_question(line: _Line) -> str:
    """A line without its bullet, heading, label and number."""
    text = "" if line.is_empty else line.text
    for mark in (_HEADING, _SIGN, _NUMBER, _QUESTION, _NUMBER):
        match = mark.match(text)
        text = match["rest"] if match else text
    return text.strip()


def _question_and_answer(block: list[_Line]) -> tuple[str, list[_Line]]:
    """Split a block at its answer label; without one, after the line or lines of the question."""
    label = next((index for index, line in enumerate(block) if line.is_answer), None)
    if label is not None:
        match = _ANSWER.match(block[label].text)
        rest = block[label]._replace(text=match["rest"] if match else "")
        question, answer = block[:label], [rest, *block[label + 1 :]]
    else:
        cut = _end_of_question(block)
        question, answer = block[:cut], block[cut:]
    return " ".join(filter(None, map(_plain_question, question))), answer


def _end_of_question(block: list[_Line]) -> int:
    first = next((index for index, line in enumerate(block) if _plain_question(line)), 0)
    if "?" not in block[first].text and not block[first].heading:
        for index in range(first + 1, min(first + 3, len(block))):  # a question that wraps
            if block[index].is_empty or _OWN_LINE.match(block[index].text):
                break
            if block[index].text.endswith("?"):
                return index + 1
    return first + 1


def _without_footer(lines: list[_Line], *, is_last: bool) -> tuple[list[_Line], list[_Line]]:
    """The lines of an answer, and the page footer after it."""
    kept: list[_Line] = []
    footer: list[_Line] = []
    for index, line in enumerate(lines):
        text = "" if line.code else line.text.strip()
        furniture = len(text) <= _FURNITURE_LENGTH and bool(_FURNITURE_LINE.match(text) or _NO_QUESTION.match(text))
        glued = _GLUED.search(text)
        if index and furniture and not is_last:
            footer.append(line)
        elif index and (furniture or _FAREWELL_LINE.match(text)):
            return kept, footer + [rest for rest in lines[index:] if not rest.is_empty]
        elif glued:
            kept.append(line._replace(text=text[: glued.start()]))
            rest = [line._replace(text=text[glued.end() :]), *lines[index + 1 :]]
            return kept, footer + [line for line in rest if not line.is_empty]
        else:
            kept.append(line)
    return kept, footer


def _answer_text(lines: list[_Line]) -> str:
    """Join wrapped lines; paragraphs, list items, table rows and code keep their line ends."""
    text, gap = "", ""
    for line in lines:
        if line.is_empty:
            gap = "\n\n" if text else ""
            continue
        own_line = line.code or line.heading or _OWN_LINE.match(line.text)
        if text:
            text += gap or ("\n" if own_line else " ")
        text += line.text if line.code else line.text.strip("# \t") if line.heading else line.text.strip()
        gap = "\n" if line.code or line.heading else ""
    single = _LIST_MARK.match(text)
    return single["rest"] if single and "\n" not in text else text
