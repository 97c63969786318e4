"""Split the lines of a page into questions and answers; report the rest.

A page is split at its marks (labels, headings, summaries, numbers), without a model.
"""

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

from grader.files import INTERROGATIVE, PROMPT, TASK, PageLine, Row, asks, ends_as_question, english_label, states
from grader.phrases import shorten
from grader.rubrics import page_marks as marks
from grader.rubrics.multiple_choice import UNMARKED, Option, choose, mark_options, option_text, with_own_lines
from grader.rubrics.page_marks import Line
from grader.rubrics.parsed_page import Doubt, DroppedText, ParsedPage, QuestionAnswer
from grader.rubrics.rich_text import LEFT_OUT

# "What is a tack? A turn of the bow." on one line
_ANSWERED_AT_ONCE = re.compile(r"(?P<question>[^?\n]{1,300}\?)\s{1,9}(?P<answer>[^\W\d_][^?]*)$")


def parse_page(
    page: Sequence[PageLine], *, is_question_table: Callable[[Sequence[str]], bool] = lambda names: False
) -> ParsedPage:
    """Split a page into pairs at the kind of mark that fits most of its answers or questions.

    Args:
        page: the lines, in order.
        is_question_table: says by the names of its columns whether a table holds questions and answers.

    """
    dropped = [DroppedText(line.text, line.number, LEFT_OUT[line.role]) for line in page if line.role in LEFT_OUT]
    tables, rest = _without_tables([line for line in page if line.role not in LEFT_OUT], is_question_table, dropped)
    lines, ends = _without_ends(_prepared(rest))
    parsed = _split(lines, ends, bool(tables))
    everything = tuple(sorted([*dropped, *parsed.dropped], key=lambda piece: piece.line))
    return ParsedPage(parsed.title, parsed.pairs, everything, parsed.doubts, tuple(tables))


def _split(page: list[Line], ends: dict[int, int], has_tables: bool) -> ParsedPage:
    kind, starts = _question_starts(page)
    if has_tables and not any(line.is_answer for line in page) and not any(_asks(page, start) for start in starts):
        starts = set()  # all questions are in tables, the rest is text around them
    level = int(kind.removeprefix("heading")) if kind.startswith("heading") else 7
    sections = {
        index
        for index, line in enumerate(page)
        if line.heading and not line.is_answer and (line.heading < level or marks.NO_QUESTION.match(line.text))
    } - starts
    sections |= {end for end, summary in ends.items() if summary in starts or page[summary].is_answer}
    n_headings = Counter(page[index].heading for index in sections)
    title, topic = "", ""
    last = max(starts, default=None)
    pairs: list[QuestionAnswer] = []
    dropped: list[DroppedText] = []
    doubts: list[Doubt] = []
    headings: list[DroppedText] = []
    numbers: list[tuple[int, int, int]] = []  # number, line, and how many sections are above
    for begin, end in pairwise(sorted({0, *starts, *sections, len(page)})):
        block = page[begin:end]
        if begin in starts:
            pair, pieces = _pair(block, topic, is_last=begin == last)
            pairs += [pair] if pair else []
            dropped += pieces
            number = _number(block)
            numbers += [(number, block[0].number, len(headings))] if number is not None else []
            doubts += _unmarked_questions(block[1:], pair) if pair else []
            continue
        for line in (line for line in block if not line.is_empty):
            text = line.text.strip("# \t")
            is_section = line.heading > 1 and n_headings.get(line.heading, 0) > 1
            if not (title or pairs or dropped or is_section or marks.NO_QUESTION.match(text)) and line.role == "text":
                title = text
                dropped.append(DroppedText(text, line.number, "the title of the page"))
            elif line.heading:
                topic = "" if marks.NO_QUESTION.match(text) else text
                headings.append(DroppedText(text, line.number, "a heading without questions"))
            else:
                dropped.append(DroppedText(text, line.number, "belongs to no question"))
    topics = {pair.topic for pair in pairs}
    dropped += [heading for heading in headings if heading.text not in topics]
    return ParsedPage(title, tuple(pairs), tuple(dropped), (*_gaps(numbers), *doubts))


def _pair(block: list[Line], topic: str, *, is_last: bool) -> tuple[QuestionAnswer | None, list[DroppedText]]:
    """The question of a block, and what is left out; no question where an option would have to be marked."""
    line = next((line.number for line in block if not line.is_empty), block[0].number)
    max_score = ""
    for at, found in [(at, marks.POINTS.match(line.text)) for at, line in enumerate(block) if not line.code]:
        if found and at and not max_score:
            max_score = found["points"]
            block = [*block[:at], *block[at + 1 :]]
    question, options, answer, is_labelled = _parts(block)
    kept, footer = _without_footer(answer, is_last=is_last)
    pieces = [DroppedText(rest.text.strip(), rest.number, "a footer of the page") for rest in footer]
    text, reference = _question_text(question), answer_text(kept)
    one_line = None if reference or options else _ANSWERED_AT_ONCE.match(text)
    if one_line and not asks(one_line["answer"]):
        text, reference = one_line["question"], one_line["answer"]
    in_brackets = marks.POINTS_AT_END.search(text)
    max_score = max_score or (in_brackets["points"] if in_brackets else "")
    if options:
        choice = choose(options, reference, is_labelled=is_labelled)
        if not choice.reference:
            return None, [*pieces, DroppedText(text or options[0].text, line, UNMARKED)]
        reference = choice.reference
        pieces += choice.others
    return QuestionAnswer(text, reference, topic, line, max_score), pieces


# --- before the split ------------------------------------------------------------------------------


def _without_tables(
    page: list[PageLine], is_question_table: Callable[[Sequence[str]], bool], dropped: list[DroppedText]
) -> tuple[list[tuple[Row, ...]], list[PageLine]]:
    """The tables of questions, and the page without them; cells beyond the columns are added to `dropped`."""
    tables: list[tuple[Row, ...]] = []
    rest: list[PageLine] = []
    names: tuple[str, ...] = ()
    header = 0
    for line, after in pairwise([*page, PageLine(0, "")]):
        starts_table = line.role == "row" and line.cells and after.role == "row" and not after.cells
        if starts_table and is_question_table(line.cells):
            names, header = line.cells, line.number
            tables.append(())
            rest.append(PageLine(line.number, ""))
        elif line.role != "row" or starts_table:
            names = ()
            rest.append(line)
        elif not names:
            rest.append(line)
        elif line.cells:
            tables[-1] = (*tables[-1], _row(line, names, header))
            more = " | ".join(filter(None, line.cells[len(names) :]))
            dropped += (
                [DroppedText(more, line.number, "beyond the columns: write \\| for a bar in a cell")] if more else []
            )
    return tables, rest


def _row(line: PageLine, names: Sequence[str], header: int) -> Row:
    cells = [*line.cells, *[""] * (len(names) - len(line.cells))]
    named = enumerate(zip(names, cells, strict=False), 1)
    return Row(line.number, {name or f"column {at}": cell for at, (name, cell) in named}, header)


def _prepared(page: Iterable[PageLine]) -> list[Line]:
    """The lines with English labels, options and labels of answers on lines of their own."""
    lines: list[Line] = []
    for line in page:
        text = line.text
        if line.role == "summary" and marks.SHOWS_ANSWER.fullmatch(text):
            text = "Answer:"
        if not line.code and line.role != "row":
            text = english_label(text)
        lines.append(Line(line.number, text, line.heading, line.bold, line.code, line.depth, line.role))
    lines = _with_answer_labels(_with_english_letters(lines))
    return _without_repeated_labels(mark_options(list(with_own_lines(_inline_answers(lines)))))


def _with_english_letters(lines: list[Line]) -> list[Line]:
    """Replace one-letter labels such as F: and A:, or P: and R:, by Q: and A:, if they alternate on the page."""
    texts = [line.text for line in lines if not line.code]
    counts = {}
    for pair in marks.LETTER_PAIRS:
        n_questions, n_answers = (
            sum(bool(marks.letter_label(letter).match(text)) for text in texts) for letter in pair
        )
        counts[pair] = min(n_questions, n_answers)
    pair = max(counts, key=lambda pair: counts[pair])
    if pair == "QA" or not counts[pair]:
        return lines
    for letter, english in zip(pair, "QA", strict=True):
        label = marks.letter_label(letter)
        lines = [
            line if line.code else line._replace(text=label.sub(rf"\g<lead>{english}\g<end>", line.text))
            for line in lines
        ]
    return lines


def _with_answer_labels(lines: list[Line]) -> list[Line]:
    """Replace "Solution:" by "Answer:" on pages that label answers with it.

    Pages that use the usual label are not changed, nor pages where fewer than half of the questions have a solution.
    """
    texts = [line.text for line in lines if not line.code]
    n_solutions = sum(marks.SOLUTION.match(text) is not None for text in texts)
    n_questions = sum(ends_as_question(text) for text in texts)
    labelled = any(marks.ANSWER.match(text) or marks.INLINE_ANSWER.search(text) for text in texts)
    if labelled or not n_solutions or 2 * n_solutions < n_questions:
        return lines
    solution = marks.SOLUTION
    return [line if line.code else line._replace(text=solution.sub(r"\g<lead>Answer", line.text)) for line in lines]


def _inline_answers(lines: Iterable[Line]) -> Iterator[Line]:
    """Cut "Q: ... A: ..." into two lines."""
    for line in lines:
        inline = None if line.code else marks.INLINE_ANSWER.search(line.text)
        if inline and (marks.QUESTION.match(line.text) or "?" in line.text[: inline.start()]):
            yield line._replace(text=line.text[: inline.start()])
            yield line._replace(text=line.text[inline.end() :], bold=False, heading=0)
        else:
            yield line


def _without_repeated_labels(lines: list[Line]) -> list[Line]:
    """Leave out a label with nothing after it where another label of an answer follows."""
    kept: list[Line] = []
    waiting: int | None = None  # the position of a bare label in `kept`
    for line in lines:
        match = marks.ANSWER.match(line.text) if line.is_answer else None
        if match and waiting is not None:
            earlier = kept[waiting]
            kept[waiting] = earlier._replace(text="", role="text")
            line = line._replace(role=earlier.role, heading=0)
        if match or not (line.is_empty or line.role == "end"):
            waiting = len(kept) if match and not match["rest"].strip() else None
        kept.append(line)
    return kept


def _without_ends(lines: list[Line]) -> tuple[list[Line], dict[int, int]]:
    """The lines, with the ends of `details` as empty lines, and the position of the summary for each end."""
    ends: dict[int, int] = {}
    opened: list[int] = []
    for at, line in enumerate(lines):
        if line.role == "summary" and (at == 0 or lines[at - 1].role != "summary" or line.text):
            opened.append(at)
        elif line.role == "end" and opened:
            ends[at] = opened.pop()
    return [line._replace(role="text") if line.role == "end" else line for line in lines], ends


# --- where questions start -------------------------------------------------------------------------


def _question_starts(page: list[Line]) -> tuple[str, set[int]]:
    """The kind of mark that fits most answers or questions, and the lines where questions start."""
    answers = [index for index, line in enumerate(page) if line.is_answer]
    gaps = list(pairwise([-1, *answers]))
    found = _marks(page)
    fit: dict[str, tuple[int, int]]
    if answers:
        found.pop("question line", None)
        fit = {kind: (sum(_any_between(lines, *gap) for gap in gaps), 0) for kind, lines in found.items()}
    else:
        fit = {kind: (sum(_asks(page, i) for i in lines), len(lines)) for kind, lines in found.items()}
        if "question line" in fit:  # these are found among the lines with marks, too
            fit["question line"] = (2 * fit["question line"][0] // 3, 0)
    kind = max(fit, key=lambda kind: fit[kind], default="")
    if answers and kind and fit[kind][0] * 2 < len(answers):
        kind = ""  # most answers have none of the marks before them
    starts = sorted(_true_starts(page, kind, found.get(kind, []), answers))
    unmarked = [_start_before(page, *gap) for gap in gaps if not _any_between(starts, *gap)]
    return kind, {*starts, *(start for start in unmarked if start is not None)}


def _any_between(ordered: list[int], low: int, high: int) -> bool:
    return bisect_right(ordered, low) < bisect_left(ordered, high)


def _marks(page: list[Line]) -> dict[str, list[int]]:
    """The lines that may start a question, by kind of mark; the most reliable kind first."""
    headings = [f"heading{level}" for level in range(6, 0, -1)]
    order = ["label", "summary", "term", *headings, "bold", "number", "dash", "question line"]
    found: dict[str, list[int]] = {kind: [] for kind in order}
    for index, line in enumerate(page):
        if line.code or line.is_answer or line.option or line.role == "row":
            continue
        if marks.QUESTION.match(line.text):
            found["label"].append(index)
        if line.role in ("summary", "term"):
            if index == 0 or page[index - 1].role != line.role or page[index - 1].number != line.number:
                found[line.role].append(index)
        elif line.heading:
            if not marks.NO_QUESTION.match(line.text):
                found[f"heading{line.heading}"].append(index)
        elif line.bold:
            found["bold"].append(index)
        elif marks.NUMBER.match(line.text):
            found["number"].append(index)
        elif marks.DASH.match(line.text):
            found["dash"].append(index)
        if not line.heading and line.role == "text" and _is_question_line(page, index):
            found["question line"].append(index)
    for kind in ("bold", "number", "question line"):  # what is deeper in lists belongs to the questions above it
        asking = [page[index].depth for index in found[kind] if _asks(page, index)]
        found[kind] = [index for index in found[kind] if not asking or page[index].depth <= min(asking)]
    return {kind: lines for kind, lines in found.items() if lines}


def _is_question_line(page: list[Line], index: int) -> bool:
    """Whether a line without any mark is a question or a task, by its words and the line above."""
    text = _plain_question(page[index])
    if marks.FAREWELL_LINE.match(text) or marks.FURNITURE_LINE.match(text):
        return False
    after_gap = index == 0 or page[index - 1].is_empty
    above = "" if after_gap else page[index - 1].text.rstrip()
    new_sentence = after_gap or above[-1:] in ".!?:;)}]。" or page[index - 1].code
    is_item = page[index].text[:1].strip() and marks.LIST_MARK.match(page[index].text)
    if ends_as_question(text):
        if page[index].depth and not is_item and not after_gap:
            return False
        wrapped = not after_gap and text[:1].islower()
        return bool(is_item or after_gap or (not wrapped and (new_sentence or INTERROGATIVE.match(text))))
    if not (new_sentence or is_item) or len(text.split()) > 40:
        return False
    below = page[index + 1] if index + 1 < len(page) else None
    if INTERROGATIVE.match(text) and below and not below.is_empty and not marks.OWN_LINE.match(below.text):
        return ends_as_question(below.text) and "?" not in text and text[-1:] not in ".!:"  # it wraps
    is_task = PROMPT.match(text) or (after_gap and TASK.match(text) and text[-1:] != ":")
    if states(text):
        return False
    one_sentence = not re.search(r"[.!?]\s+[A-Z]", text.rstrip(".!?"))
    followed = any(not line.is_empty for line in page[index + 1 : index + 3])
    return bool(is_task and one_sentence and followed and not is_item)


def _asks(page: list[Line], start: int) -> bool:
    text = next((text for text in (_plain_question(line) for line in page[start : start + 3]) if text), "")
    return asks(text)


def _true_starts(page: list[Line], kind: str, marked: list[int], answers: list[int]) -> Iterator[int]:
    """Leave out numbered and bold lines inside answers, which look like questions."""
    if kind not in ("number", "bold"):
        yield from marked
        return
    asking = {index for index in marked if _asks(page, index)}
    before = 0  # the number of the last question
    inner = 0  # the last number of a list inside its answer
    inner_is_tight = True
    earlier = 0
    for index, following in pairwise([*marked, len(page)]):
        match = marks.NUMBER.match(page[index].text)
        number = int(match["number"]) if match else before + 1
        text = _plain_question(page[index])
        after_gap = index == 0 or page[index - 1].is_empty
        if any(line.heading for line in page[earlier:index]):
            before, inner = number - 1, 0  # numbers begin anew under a heading
        earlier = index
        if answers:
            is_question = _any_between(answers, index, following)
        elif not asking:
            is_question = number == before + 1
        elif number == inner + 1 and inner:  # it may also be the next item of a list in the answer
            is_task = number == before + 1 and index in asking
            is_prompt = number > before and PROMPT.match(text) is not None
            is_question = is_prompt or (is_task and after_gap and inner_is_tight)
        elif number == before + 1:
            is_question = index in asking or after_gap
        else:
            is_question = number > before + 1 and index in asking and (after_gap or bool(PROMPT.match(text)))
        if is_question or "?" in page[index].text:
            before, inner, inner_is_tight = number, 0, True
            yield index
        else:
            inner_is_tight = inner_is_tight and (inner == 0 or not after_gap)
            inner = number


def _start_before(page: list[Line], low: int, high: int) -> int | None:
    """First line of the paragraph before the answer at `high`; its last line if the paragraph reaches up to `low`.

    Options of a multiple-choice question are passed over.
    """
    last = high - 1
    while last > low and (page[last].is_empty or page[last].option):
        last -= 1
    top = last
    while top > low and not page[top].is_empty:
        top -= 1
    start = last if top == low else top + 1
    return None if start == low else start


# --- questions -------------------------------------------------------------------------------------


def _plain_question(line: Line) -> str:
    """A line without its bullet, label and number."""
    text = "" if line.is_empty else line.text
    for mark in (marks.SIGN, marks.NUMBER, marks.QUESTION, marks.NUMBER):
        match = mark.match(text)
        text = match["rest"] if match else text
    return text.strip()


def _question_text(lines: list[Line]) -> str:
    """The question without its mark; code and lists below it stay as they are."""
    first = next((at for at, line in enumerate(lines) if line.code or _plain_question(line)), len(lines))
    if first == len(lines) or lines[first].code:
        return answer_text(lines[first:])
    return answer_text([lines[first]._replace(text=_plain_question(lines[first]), heading=0), *lines[first + 1 :]])


def _parts(block: list[Line]) -> tuple[list[Line], list[Option], list[Line], bool]:
    """Question, options to choose from, answer, and whether the answer has a label."""
    label = next((at for at, line in enumerate(block) if line.is_answer), None)
    first = next((at for at, line in enumerate(block[:label]) if line.option and at), None)
    if label is not None:
        match = marks.ANSWER.match(block[label].text)
        rest = block[label]._replace(text=match["rest"] if match else "", heading=0)
        answer = [rest, *block[label + 1 :]]
        return (
            (block[:label], [], answer, True)
            if first is None
            else (block[:first], _options(block, first)[0], answer, True)
        )
    if first is None:
        cut = _end_of_question(block)
        return block[:cut], [], block[cut:], False
    options, end = _options(block, first)
    return block[:first], options, block[end:], False


def _options(block: list[Line], first: int) -> tuple[list[Option], int]:
    """The options from `first` on, and where they end."""
    starts = [at for at in range(first, len(block)) if block[at].option]
    end = starts[-1] + 1
    while end < len(block) and not block[end].is_empty and (block[end].depth > 0 or block[end].code):
        if block[end].is_answer or marks.EXPLANATION.match(block[end].text):
            break
        end += 1
    options = []
    for at, following in pairwise([*starts, end]):
        text = answer_text(
            [
                block[at]._replace(text=option_text(block[at]), option=""),
                *(line for line in block[at + 1 : following] if not line.is_answer),
            ]
        )
        options.append(Option(block[at].option, text, block[at].right, block[at].number))
    return options, end


def _end_of_question(block: list[Line]) -> int:
    first = next((index for index, line in enumerate(block) if _plain_question(line)), 0)
    role = block[first].role
    if role in ("summary", "term"):
        return next((at for at in range(first + 1, len(block)) if block[at].role != role), len(block))
    if "?" not in block[first].text and not block[first].heading:
        for index in range(first + 1, min(first + 3, len(block))):  # a question that wraps
            if block[index].is_empty or block[index].code or marks.OWN_LINE.match(block[index].text):
                break
            if block[index].text.endswith("?") and block[index - 1].text.rstrip()[-1:] not in ".!:":
                return index + 1
    return first + 1


# --- answers ---------------------------------------------------------------------------------------


def _without_footer(lines: list[Line], *, is_last: bool) -> tuple[list[Line], list[Line]]:
    """The lines of an answer, and the page footer after it."""
    kept: list[Line] = []
    footer: list[Line] = []
    for index, line in enumerate(lines):
        text = "" if line.code else line.text.strip()
        is_furniture = bool(marks.FURNITURE_LINE.match(text) or marks.NO_QUESTION.match(text))
        furniture = len(text) <= marks.FURNITURE_LENGTH and is_furniture
        glued = marks.GLUED.search(text)
        if index and ((furniture and not is_last) or marks.SOURCE_LINE.fullmatch(text) or marks.FOOTNOTE.match(text)):
            footer.append(line)
        elif index and (furniture or marks.FAREWELL_LINE.match(text)):
            return kept, footer + [rest for rest in lines[index:] if not rest.is_empty]
        elif glued:
            kept.append(line._replace(text=text[: glued.start()]))
            rest = [line._replace(text=text[glued.end() :]), *lines[index + 1 :]]
            return kept, footer + [line for line in rest if not line.is_empty]
        else:
            kept.append(line)
    return kept, footer


def answer_text(lines: Sequence[Line]) -> str:
    """Join wrapped lines; paragraphs, items, rows and code keep their line ends, items of inner lists their depth."""
    own_lines = [line for line in lines if not line.code and marks.OWN_LINE.match(line.text)]
    items = [line.depth for line in own_lines if not line.text.startswith("|")]
    outermost = min(items, default=0)
    text, gap = "", ""
    in_code = False  # code without a fence
    for line in lines:
        if line.is_empty:
            gap = "\n\n" if text else ""
            in_code = False
            continue
        is_code = not line.code and marks.CODE_LINE.search(line.text.rstrip()) is not None
        if is_code or (in_code and line.text[:1].isspace()):
            text += (gap or "\n" * bool(text)) + (line.text.rstrip() if in_code else line.text.strip())
            gap, in_code = "\n", True
            continue
        in_code = False
        own_line = line.code or line.heading or line.role == "term" or line.option or marks.OWN_LINE.match(line.text)
        if text:
            text += gap or ("\n" if own_line else " ")
        indent = "  " * max(line.depth - outermost, 0) if own_line and not line.code else ""
        text += line.text if line.code else indent + line.text.strip()
        gap = "\n" if line.code or line.heading else ""
    single = marks.LIST_MARK.match(text)
    return single["rest"] if single and "\n" not in text else text


# --- doubts ----------------------------------------------------------------------------------------


def _number(block: list[Line]) -> int | None:
    """The number that a question bears."""
    text = block[0].text
    match = marks.NUMBER.match(text) or marks.LABEL_NUMBER.match(text)
    return int(match["number"]) if match else None


def _gaps(numbers: list[tuple[int, int, int]]) -> Iterator[Doubt]:
    """Where the numbers of questions leave one out, or go back other than to 1 or at a heading."""
    for (before, above, section), (number, line, own_section) in pairwise(numbers):
        if number > before + 1 and (section == own_section or before > 0):
            missing = str(before + 1) if number == before + 2 else f"{before + 1} to {number - 1}"
            yield Doubt(f"no question {missing} was found between {before} (line {above}) and {number}", line)
        elif number <= before and number != 1 and section == own_section:
            yield Doubt(f"question {number} comes after {before} (line {above})", line)


def _unmarked_questions(lines: Sequence[Line], pair: QuestionAnswer) -> Iterator[Doubt]:
    """Lines of an answer that look like the next question."""
    for above, line in pairwise([Line(0, ""), *lines]):
        text = _plain_question(line)
        if line.code or line.option or line.is_answer or not (above.is_empty or line.heading or line.bold):
            continue
        if ends_as_question(text) and INTERROGATIVE.match(text) and text in pair.answer:
            found = f"'{shorten(text, 60)}' looks like a question, but stays in the answer to"
            yield Doubt(f"{found} '{shorten(pair.question, 60)}'", line.number)
