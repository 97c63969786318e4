"""Markdown and HTML of a reference answer: what is prose, what tables say, and what is left out.

The prose keeps every character at its place: markup is replaced by as many blanks.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from grader.text.formulas import FORMULA
from grader.text.grammar.lexicon import word_set
from grader.text.normalisation import Span


class Cell(NamedTuple):
    """What one cell of a table says, with its column and row ("UDP, Order: No guarantee"), and where the cell is."""

    text: str
    span: Span


class LeftOut(NamedTuple):
    """A stretch that is no prose."""

    kind: Literal["code", "image", "link"]
    span: Span


@dataclass(frozen=True)
class Markup:
    """A reference answer without its markup.

    Attributes:
        prose: the sentences and lists, as long as the text; a bullet or number within a line starts a new line.
        cells: of all tables, in reading order; without empty cells, heads and labels of rows.
        left_out: code, images and lines of links, in reading order.
    """

    prose: str
    cells: tuple[Cell, ...]
    left_out: tuple[LeftOut, ...]


def read_markup(text: str) -> Markup:
    """Tell the prose of a text from its tables, code, images, links and tags.

    **Undefined:** code without a fence is prose, and so are HTML tags that are only mentioned ("the <a> tag").
    """
    cells: list[Cell] = []
    left_out: list[LeftOut] = []
    for span, table in [*_fenced(text), *_html_blocks(text)]:
        if table:
            cells += _cells(text, table)
        else:
            left_out.append(LeftOut("code", span))
        text = _blank(text, span)
    for kind, pattern in (("image", _IMAGE), ("link", _LINK_LINE)):
        for match in pattern.finditer(text):
            left_out.append(LeftOut(kind, Span(*match.span())))  # type: ignore[arg-type]  # mypy widens the two names
            text = _blank(text, left_out[-1].span)
    return Markup(
        _itemised(_with_formulas(_without_signs(text))),
        tuple(sorted(cells, key=lambda cell: cell.span)),
        tuple(sorted(left_out, key=lambda part: part.span)),
    )


def _blank(text: str, span: Span) -> str:
    return text[: span.start] + re.sub(r"[^\n]", " ", text[span.start : span.end]) + text[span.end :]


# --- code and tables --------------------------------------------------------------------------------------

Table = list[list[Span]]  # rows of cells; the first row is the head, empty where there is none


def _fenced(text: str) -> list[tuple[Span, Table]]:
    """Blocks of code, each with an empty table, and the tables of Markdown."""
    if not any(sign in text for sign in ("```", "~~~", "|")):
        return []
    from markdown_it import MarkdownIt

    starts = [0, *(match.end() for match in re.finditer("\n", text)), len(text) + 1]
    found: list[tuple[Span, Table]] = []
    at = 0
    for token in MarkdownIt("commonmark").enable("table").disable("code").parse(text):
        if token.type in ("fence", "table_open") and token.map:
            found.append((Span(starts[token.map[0]], min(starts[token.map[1]] - 1, len(text))), []))
        elif token.type == "tr_open" and token.map:
            found[-1][1].append([])
            at = starts[token.map[0]]
        elif (
            token.type == "inline" and found and found[-1][1] and token.map and starts[token.map[0]] < found[-1][0].end
        ):
            said = re.compile(re.escape(token.content).replace(r"\|", r"\\?\|")).search(text, at)
            span = Span(at, at) if said is None else Span(*said.span())
            found[-1][1][-1].append(span)
            at = span.end
    return found


_ROW = re.compile(r"<tr\b[^>]*>(.*?)(?=</tr\s*>|<tr\b|$)", re.IGNORECASE | re.DOTALL)
_CELL = re.compile(r"<t([hd])\b[^>]*>(.*?)(?=</t[hd]\s*>|<t[hd]\b|$)", re.IGNORECASE | re.DOTALL)
_HTML_BLOCK = re.compile(r"<(table|pre|script|style)\b[^>]*>(.*?)</\1\s*>|<!--.*?-->", re.IGNORECASE | re.DOTALL)


def _html_blocks(text: str) -> list[tuple[Span, Table]]:
    found: list[tuple[Span, Table]] = []
    for match in _HTML_BLOCK.finditer(text):
        rows: Table = []
        if (match[1] or "").lower() == "table":
            for row in _ROW.finditer(match[2]):
                shift = match.start(2) + row.start(1)
                cells = list(_CELL.finditer(row[1]))
                if not rows and any(cell[1].lower() == "d" for cell in cells[1:]):
                    rows.append([])  # the first row is no head
                rows.append([Span(shift + cell.start(2), shift + cell.end(2)) for cell in cells])
        found.append((Span(*match.span()), rows))
    return found


# Heads of columns that say only that something is said there.
_EMPTY_HEADS = word_set("meaning definition description explanation detail details answer value note notes")


def _cells(text: str, table: Table) -> Iterator[Cell]:
    """What the cells say, each with the head of its column and the label of its row."""
    said = [
        [" ".join(_without_signs(_IMAGE.sub("", text[a:b])).replace("\\|", "|").split()) for a, b in row]
        for row in table
    ]
    heads = ["" if head.lower() in _EMPTY_HEADS else head for head in said[0]]
    for row, spans in zip(said[1:], table[1:], strict=True):
        labels = row[:1] if len(row) > 1 else []
        for at in range(len(labels), len(row)):
            if any(char.isalnum() for char in row[at]):
                name = ", ".join(filter(None, [*heads[at : at + 1], *labels]))
                yield Cell(f"{name}: {row[at]}" if name else row[at], spans[at])


# --- images, links, tags and emphasis -----------------------------------------------------------------------

_TARGET = r"\((?:[^()\s]|\([^()\s]*\))*(?:\s+\"[^\"]*\"|\s+'[^']*')?\)"
_LABEL = r"\[(?P<label>[^\[\]\n]*)\]"
_IMAGE = re.compile(rf"!\[[^\[\]\n]*\](?:{_TARGET}|\[[^\[\]\n]*\])|<img\b[^>]*>", re.IGNORECASE)
_ADDRESS = r"<?(?:https?://|www\.)[^\s<>]+>?"
_LINK = rf"\[[^\[\]\n]*\](?:{_TARGET}|\[[^\[\]\n]*\])|<a\b[^>]*>[^<\n]*</a>|{_ADDRESS}"
# A line or an item with nothing but links, after "See:" or "Source:" or without it; or the definition of a link.
_LINK_LINE = re.compile(
    rf"^[ \t>]*(?:(?:[-*+\u2022]|\d{{1,2}}[.)])[ \t]+)?[*_(]*"
    r"(?:(?:see(?: also)?|sources?|links?|(?:read |learn )?more|(?:further )?reading|references?|via)\b[ \t:*_]*)?"
    rf"(?:{_LINK})(?:[ \t]*(?:[,;|/&)*_.]|and\b)?[ \t]*(?:{_LINK}))*[ \t.)*_]*$|^[ \t]*\[[^\[\]\n]+\]:[ \t]*\S+.*$",
    re.IGNORECASE | re.MULTILINE,
)
_BLOCK_NAMES = (
    "(?-i:t|s)|p|li|ul|ol|dl|dt|dd|br|hr|div|section|article|table|thead|tbody|tr|td|th|h[1-6]|blockquote|pre|details|"
    "summary"
)
_INLINE_NAMES = "a|abbr|b|cite|code|del|em|font|i|ins|kbd|mark|q|samp|small|span|strong|sub|sup|tt|u|var"
_TAG = re.compile(
    rf"<(?P<end>/?)(?:(?P<block>{_BLOCK_NAMES})|(?P<inline>{_INLINE_NAMES}))(?P<more>\s[^<>\n]*)?/?>"
    r"(?!\s+(?:HTML\s+)?(?:tag|element)s?\b)",
    re.IGNORECASE,
)
_EMPHASIS = re.compile(r"(?<!\w)(\*\*|__)(?=\S)(?P<inside>[^\n]+?)(?<=\S)\1")
# Code without blanks and commas reads as a word; other code stays as it is, between its signs.
_PLAIN_CODE = re.compile(r"(?<!`)(`{1,2})(?P<inside>[^`\s,;]+)\1(?!`)")
_INLINE_LINK = re.compile(rf"{_LABEL}(?:{_TARGET})")


def _without_signs(text: str) -> str:
    """Blanks for tags, and for the signs around emphasised words, code and the labels of links; formulas stay."""
    closed = {match["inline"].lower() for match in _TAG.finditer(text) if match["inline"] and match["end"]}

    def tag(match: re.Match[str]) -> str:
        if match["block"]:
            return "\n" + " " * (len(match[0]) - 1)
        return " " * len(match[0]) if match["inline"].lower() in closed or match["more"] else match[0]

    def inside(group: str) -> Callable[[re.Match[str]], str]:
        return lambda match: (
            " " * (match.start(group) - match.start()) + match[group] + " " * (match.end() - match.end(group))
        )

    for pattern, replacement in (
        (_TAG, tag),
        (_INLINE_LINK, inside("label")),
        (_EMPHASIS, inside("inside")),
        (_EMPHASIS, inside("inside")),  # emphasis within emphasis
        (_PLAIN_CODE, inside("inside")),
    ):
        text = _outside_formulas(text, pattern, replacement)
    return text


def _outside_formulas(text: str, pattern: re.Pattern[str], replacement: Callable[[re.Match[str]], str]) -> str:
    pieces: list[str] = []
    at = 0
    for formula in FORMULA.finditer(text):
        pieces += [pattern.sub(replacement, text[at : formula.start()]), formula[0]]
        at = formula.end()
    return "".join([*pieces, pattern.sub(replacement, text[at:])])


def _with_formulas(text: str) -> str:
    """A formula on a line of its own joined to the sentence that it completes, and to what goes on after it."""
    for match in FORMULA.finditer(text):
        before, after = text[: match.start()], text[match.end() :]
        said, rest = before.rstrip(), after.lstrip()
        if said and said[-1] not in ".!?" and "\n" in before[len(said) :]:
            before = said + " " * (len(before) - len(said))
        if rest[:1].islower() or rest[:1] in (",", ";", "."):
            after = " " * (len(after) - len(rest)) + rest
        text = before + match[0] + after
    return text


# --- lists within a line ------------------------------------------------------------------------------------

# A bullet in the middle of a line: "in two ways: - Knowledge is acquired. - Links are stored."
_INLINE_BULLET = re.compile(r"(?<=[:.;,]) (?=[-*\u2022] \S)")
_STARS = re.compile(r"(?<=[^\W\d]|[,:.;)]) (?=[*\u2022] [^\W\d])")
_MARK = re.compile(
    r"(?:^|(?<=\s))(?P<joint>(?:and|or)\s+)?(?P<open>\(?)(?P<mark>\d{1,2}|[a-z]|[ivx]{1,4})(?P<close>[.)])"
    r"(?=\s+\S|[^\W\d_])"
)
_ROMAN = "i ii iii iv v vi vii viii ix x xi xii".split()
_SERIES = ([str(number) for number in range(1, 100)], _ROMAN, list("abcdefghijklmnopqrstuvwxyz"))


def _itemised(text: str) -> str:
    """A line feed before each bullet or number within a line."""
    text = _INLINE_BULLET.sub("\n", text)
    # A single star, or one beside "=", is a multiplication.
    if len(_STARS.findall(text)) >= 2 and "=" not in text:
        text = _STARS.sub("\n", text)
    for match in re.finditer(r"[^\n]+", text):
        for start in _numbers(match[0]):
            if start:
                at = match.start() + start
                text = f"{text[: at - 1]}\n{text[at:]}"
    return text


def _numbers(line: str) -> list[int]:
    """Where the items of a numbered list within a line start: (1) .., (2) ..; a) .., b) ..; empty without a list."""
    formulas = [match.span() for match in FORMULA.finditer(line)]
    marks = [
        match
        for match in _MARK.finditer(line)
        if not any(start < match.start() < end for start, end in formulas)
        # "k = 1. Then": a number with a full stop opens an item only after a sign or at the start of a line.
        and (match["close"] == ")" or match["joint"] or line[: match.start()].rstrip()[-1:] in ("", *":.;,"))
    ]
    for series in _SERIES:
        found: list[re.Match[str]] = []
        for mark in marks:
            if mark["mark"] == series[len(found)] and (not found or _style(mark) == _style(found[0])):
                found.append(mark)
        ends = [*(mark.start() for mark in found[1:]), len(line)]
        if len(found) > 1 and all(_says(line[mark.end() : end]) for mark, end in zip(found, ends, strict=True)):
            return [mark.start() for mark in found]
    return []


def _style(mark: re.Match[str]) -> tuple[str, str]:
    return (mark["open"], mark["close"])


def _says(item: str) -> bool:
    return any(char.isalnum() for char in item)


def is_first_number(mark: str) -> bool:
    """Whether the mark of an item opens a list: "1.", "(a)", "i)"."""
    return mark.strip(" \t().") in [series[0] for series in _SERIES]
