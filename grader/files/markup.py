"""Turn Markdown, HTML and plain text into numbered lines without markup, which say what they were.

Markdown is rendered to HTML whose lines are those of the source, so that one walk over an HTML tree reads both. What a
text cannot hold (images, addresses of links, comments) becomes lines of its own, so that a caller can report it.
"""

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import yaml

from grader.errors import InputError
from grader.phrases import one_line

Role = Literal["text", "summary", "end", "term", "row", "link", "image", "address", "comment", "menu", "front matter"]


# What a line without markup cannot hold.
NOT_SHOWN = ("image", "address", "comment", "front matter", "end")


@dataclass(frozen=True, slots=True)
class PageLine:
    """One line of a page, without its markup.

    Attributes:
        number: the line of the source, from 1.
        text: the visible text. An item keeps its bullet (`- `) or number (`3. `), code its fence and indentation, a
            row of a table its bars; a paragraph ends with a line without text.
        heading: the level of a heading, 1 to 6; 0 for other lines.
        bold: whether all of the line is bold.
        code: whether it belongs to a block of code.
        depth: how many lists it is inside.
        role: `summary` is what a closed `details` shows, `end` is where it ends; `term` is the first part of a
            definition; `row` belongs to a table; `link` leads elsewhere on the page and says nothing else; `menu` is
            navigation; `image`, `address`, `comment` and `front matter` are what the text above does not hold.
        cells: the cells of a row; empty for the line below the names of the columns.
    """

    number: int
    text: str
    heading: int = 0
    bold: bool = False
    code: bool = False
    depth: int = 0
    role: Role = "text"
    cells: tuple[str, ...] = ()

    @property
    def is_blank(self) -> bool:
        """Whether it only ends a paragraph."""
        return not self.code and self.role == "text" and not self.text.strip()


# --- plain text ------------------------------------------------------------------------------------

_FENCE = re.compile(r"\s*(?:[-*+]\s+|\d{1,4}[.)]\s+)?(?P<mark>`{3,}|~{3,})(?P<info>[^`]*)$")
_BOLD = re.compile(r"(?<![\w*])\*\*(?=\S)(.{1,300}?)(?<=\S)\*\*(?![\w*])")
_ALL_BOLD = re.compile(r"^\s*(?:[-*+•]\s+|\(?\d{1,4}[.)]\s*)?\*\*(?:(?!\*\*).)+\*\*\s*:?$")
_ENTITY = re.compile(r"&(?:[A-Za-z]{2,8}|#\d{1,7}|#[xX][0-9A-Fa-f]{1,6});")
_CODE_SPAN = re.compile(r"(`+[^`]*`+)")
_OFFICE_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")  # how Office files write control characters: _x000D_
_MARKDOWN = re.compile(
    r"^ {0,3}(?:(?:\d{1,4}[.)][ \t]+)?#{2,6}[ \t]+\S|#[ \t]+\S[^\n]*\n[ \t]*\n|`{3,}|~{3,}|\|?[ \t]*:?-{3,}:?[ \t]*\|)"
    r"|</?(?:details|summary)\b|\]\([^)\s]+\)|(?<![\w*])\*\*[^\s*]",
    re.MULTILINE | re.IGNORECASE,
)


_HTML = re.compile(
    r"<br\s*/?>|</(?:p|div|span|ul|ol|li|b|i|u|em|strong|h[1-6]|table|pre|code|sub|sup|font|a)>|&nbsp;", re.IGNORECASE
)
_HTML_PAGE = re.compile(r"\s*(?:<!--.*?-->\s*)?<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL)


def looks_like_html(text: str, *, is_page: bool = False) -> bool:
    """Whether a text has an element with its end, or begins as a whole page. "The <b> tag" alone is text."""
    return (_HTML_PAGE.match(text) if is_page else _HTML.search(text)) is not None


def looks_like_markdown(text: str) -> bool:
    """Whether a text has a sign of Markdown that plain text hardly has: headings, fences, links, bold, tables."""
    return _MARKDOWN.search(text) is not None


def plain_text(text: str) -> str:
    """A text with entities (`&amp;`) and escapes of Office files (`_x000D_`) decoded, outside of `code`."""
    text = _without_office_escapes(text)
    if "&" not in text:
        return text
    pieces = _CODE_SPAN.split(text)
    pieces[::2] = [_ENTITY.sub(_decoded, piece) for piece in pieces[::2]]
    return "".join(pieces)


def _without_office_escapes(text: str) -> str:
    return _OFFICE_ESCAPE.sub(lambda found: _control(int(found[1], 16), found[0]), text)


def _decoded(entity: re.Match[str]) -> str:
    return html.unescape(entity[0]).replace("\xa0", " ")


def _control(code: int, written: str) -> str:
    return "" if code == 13 else chr(code) if code in (9, 10) else written


def plain_lines(lines: Iterable[tuple[int, str]]) -> list[PageLine]:
    """The lines of a text that is not Markdown: nothing but fences, **bold** and entities is markup."""
    page, fence = [], ""
    for number, raw in lines:
        text = raw.rstrip()
        mark = _FENCE.match(text)
        if fence:
            page.append(PageLine(number, text, code=True))
            if mark and mark["mark"].startswith(fence) and not mark["info"].strip():
                fence = ""
        elif mark:
            fence = mark["mark"]
            page.append(PageLine(number, text, code=True))
        else:
            bold = _ALL_BOLD.match(text) is not None
            page.append(PageLine(number, _BOLD.sub(r"\1", plain_text(text)), bold=bold))
    return page


# --- Markdown --------------------------------------------------------------------------------------

_FORMULA = re.compile(r"\$\$.+?\$\$|\$(?=[^\s$])[^$\n]*?(?<=\S)\$(?!\d)|\\\(.+?\\\)|\\\[.+?\\\]", re.DOTALL)
_TAG_NAME = re.compile(r"<(?P<end>/?)(?P<name>[A-Za-z][\w.:-]*)")
_VOID = {"br", "hr", "img", "input", "wbr"}
_HTML_5 = {"picture", "aside", "main", "nav", "section", "article", "annotation", "semantics"}
_FRONT_MATTER_LINES = 60


def markdown_lines(text: str, source: str | None = None) -> list[PageLine]:
    """The lines of a Markdown page (CommonMark with tables and HTML).

    Text that only looks like markup stays: formulas, `__init__`, a*b*c, and `<T>` or a lone <b>, which are no elements.

    Raises:
        InputError: it is nested too deeply; `source` names the file.

    """
    front, text = _front_matter(_without_office_escapes(text))
    rendered, references = _rendered(text)
    page = html_lines(rendered, source)
    known = {line.text for line in page if line.role == "address"}
    unused = [PageLine(line, href, role="address") for line, href in references if href not in known]
    return [*front, *page, *unused]


def _front_matter(text: str) -> tuple[list[PageLine], str]:
    """The fields above a page, and the page with blank lines in their place."""
    lines = text.splitlines()
    if not lines or lines[0].rstrip() != "---":
        return [], text
    end = next((at for at, line in enumerate(lines[1:_FRONT_MATTER_LINES], 1) if line.rstrip() in ("---", "...")), 0)
    inside = lines[1:end]
    named = [re.match(r"[a-z][\w-]*:(\s|$)|\s|- |#", line) for line in inside]
    if not end or not inside or not all(named):
        return [], text
    try:
        fields = yaml.safe_load("\n".join(inside))
    except yaml.YAMLError:
        return [], text
    if not isinstance(fields, dict):
        return [], text
    title = fields.pop("title", None)
    found = [PageLine(1, str(title), heading=1)] if title else []
    found += [PageLine(at, line, role="front matter") for at, line in enumerate(inside, 2) if line.strip()]
    if title:
        found = [line for line in found if line.heading or not line.text.startswith("title:")]
    return found, "\n" * (end + 1) + "\n".join(lines[end + 1 :])


def _rendered(text: str) -> tuple[str, list[tuple[int, str]]]:
    """HTML with every block on the line that it has in the Markdown, and the line and address of each reference."""
    from markdown_it import MarkdownIt

    markdown = MarkdownIt("commonmark").enable("table")
    markdown.inline.ruler.before("escape", "formula", _keep_formula)
    if re.search(r"^ {0,3}(?:--?|==?)[ \t]*$", text, re.MULTILINE):
        markdown.disable("lheading")  # a dash between pasted questions does not make a heading of the line above
    environment: dict[str, Any] = {}
    tokens = markdown.parse(text, environment)
    sources = text.split("\n")
    out: list[str] = []
    line, row = 1, 0
    for at, token in enumerate(tokens):
        piece = _block_html(tokens, at)
        if token.type == "tr_open":
            row = at
        elif token.type == "tr_close":
            n_cells = sum(one.type in ("td_open", "th_open") for one in tokens[row:at])
            more = _row_cells(sources[(tokens[row].map or [0])[0]])[n_cells:]  # a row may be longer than its table
            piece = "".join(f"<td>{html.escape(cell)}</td>" for cell in more) + piece
        if token.map and token.nesting >= 0 and token.map[0] + 1 > line:
            out.append("\n" * (token.map[0] + 1 - line))
            line = token.map[0] + 1
        out.append(piece)
        line += piece.count("\n")
    references = environment.get("references", {}).values()
    return "".join(out), [(reference["map"][0] + 1, reference["href"]) for reference in references]


def _row_cells(line: str) -> list[str]:
    from markdown_it.rules_block.table import escapedSplit

    cells = escapedSplit(line.lstrip("> \t-*+").strip())
    return [cell.strip() for cell in cells[cells[:1] == [""] : len(cells) - (cells[-1:] == [""])]]


def _keep_formula(state: Any, silent: bool) -> bool:
    formula = _FORMULA.match(state.src, state.pos) if state.src[state.pos] in "$\\" else None
    if formula is None:
        return False
    if not silent:
        state.push("formula", "", 0).content = formula[0]
    state.pos = formula.end()
    return True


def _block_html(tokens: Sequence[Any], at: int) -> str:
    token = tokens[at]
    if token.hidden:
        return ""
    if token.type == "inline":
        piece = _inline_html(token.children)
        wrapped = tokens[at - 1].markup in ("-", "=") and "\n" in piece  # a rule below a paragraph, not a heading
        return f"<p>{piece}</p><hr>" if wrapped else piece
    if token.type in ("fence", "code_block"):
        info = html.escape(token.info.strip())
        return f'<pre data-fence="{int(token.type == "fence")}" data-info="{info}">\n{html.escape(token.content)}</pre>'
    if token.type == "html_block":
        return _known_tags(token.content)
    if token.nesting < 0:
        return f"</{token.tag}>"
    if token.type == "list_item_open" and token.info:
        return f'<li value="{_item_number(tokens, at)}">'
    return f"<{token.tag}>" if token.tag else ""


def _item_number(tokens: Sequence[Any], at: int) -> int:
    """The number that is written; the position in a list whose items all say 1."""
    level, opened, siblings = tokens[at].level, at, []
    while tokens[opened].type != "ordered_list_open" or tokens[opened].level != level - 1:
        opened -= 1
    for position in range(opened + 1, len(tokens)):
        if tokens[position].type == "ordered_list_close" and tokens[position].level == level - 1:
            break
        if tokens[position].type == "list_item_open" and tokens[position].level == level:
            siblings.append(position)
    if {tokens[position].info for position in siblings} == {"1"}:
        return siblings.index(at) + 1
    return int(tokens[at].info)


def _known_tags(text: str) -> str:
    """Text of HTML in which `<` is escaped where no element of HTML begins."""
    return _TAG_NAME.sub(lambda tag: tag[0] if _is_element(tag["name"]) else "&lt;" + tag[0][1:], text)


def _is_element(name: str) -> bool:
    from lxml.html.defs import tags

    return name.lower() in tags or name.lower() in _HTML_5


def _inline_html(children: Sequence[Any]) -> str:
    paired = _paired_tags(children)
    literal = _literal_marks(children)
    out = []
    for at, child in enumerate(children):
        if child.type in ("softbreak", "hardbreak"):
            out.append("<br>\n")
        elif child.type == "code_inline":
            out.append(html.escape(f"{child.markup}{child.content}{child.markup}"))
        elif child.type == "html_inline":
            is_tag = at in paired or child.content.startswith("<!--")
            out.append(child.content if is_tag else html.escape(child.content))
        elif child.type == "image":
            address, words = html.escape(str(child.attrs.get("src", ""))), html.escape(child.content)
            out.append(f'<img src="{address}" alt="{words}">')
        elif child.type == "link_open":
            out.append(f'<a href="{html.escape(str(child.attrs.get("href", "")))}">')
        elif child.tag and child.nesting:
            end = "/" if child.nesting < 0 else ""
            out.append(child.markup if at in literal else f"<{end}{child.tag}>")
        else:
            out.append(html.escape(child.content))
    return "".join(out)


def _paired_tags(children: Sequence[Any]) -> set[int]:
    """The positions of tags of known elements that have both ends in this text, need none, or fill their line."""
    paired = _tags_on_their_own_line(children)
    opened: list[tuple[str, int]] = []
    for at, child in enumerate(children):
        tag = _TAG_NAME.match(child.content) if child.type == "html_inline" else None
        if tag is None or not _is_element(tag["name"]):
            continue
        name = tag["name"].lower()
        if name in _VOID or child.content.endswith("/>"):
            paired.add(at)
        elif not tag["end"]:
            opened.append((name, at))
        elif any(name == earlier for earlier, _ in opened):
            while opened:
                earlier, start = opened.pop()
                if earlier == name:
                    paired |= {start, at}
                    break
    return paired


def _tags_on_their_own_line(children: Sequence[Any]) -> set[int]:
    alone: set[int] = set()
    line: list[int] | None = []
    for at, child in enumerate([*children, None]):
        if child is None or child.type in ("softbreak", "hardbreak"):
            alone |= {*(line or ())}
            line = []
        elif line is not None and child.type == "html_inline":
            tag = _TAG_NAME.match(child.content)
            line = [*line, at] if tag and _is_element(tag["name"]) else None
        elif child.type != "text" or child.content.strip():
            line = None
    return alone


def _literal_marks(children: Sequence[Any]) -> set[int]:
    """The positions of * and _ that are no emphasis to a reader: a*b*c, `__init__`."""
    literal: set[int] = set()
    opened: list[int] = []
    for at, child in enumerate(children):
        if child.type in ("em_open", "strong_open"):
            opened.append(at)
        elif child.type in ("em_close", "strong_close"):
            start = opened.pop()
            before = children[start - 1].content[-1:] if start else ""
            after = children[at + 1].content[:1] if at + 1 < len(children) else ""
            inside = children[start + 1].content if at == start + 2 else ""
            if before.isalnum() or after.isalnum() or (child.markup == "__" and re.fullmatch(r"[a-z]\w*", inside)):
                literal |= {start, at}
    return literal


# --- HTML ------------------------------------------------------------------------------------------

_BLOCKS = set(
    "address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption figure "
    "footer form h1 h2 h3 h4 h5 h6 head header hgroup html legend li main menu nav ol option p pre section select "
    "summary table tbody td tfoot th thead title tr ul".split()
)
_UNSEEN = {
    "script",
    "style",
    "template",
    "meta",
    "link",
    "base",
    "svg",
    "noscript",
    "iframe",
    "object",
    "video",
    "audio",
}
_MENUS = {"nav", "footer", "aside", "form", "button", "menu"}
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_SUPERSCRIPT = re.compile(r"[\w+\-\u2212]+")
_ORDINAL = re.compile(r"st|nd|rd|th|er|re|e|o|a|TM|\W*", re.IGNORECASE)
_LAST_LINE = 65_535  # libxml2 counts no further


def html_lines(text: str, source: str | None = None) -> list[PageLine]:
    """The lines of an HTML page or fragment; block elements and `br` end a line.

    Raises:
        InputError: it is nested too deeply; `source` names the file.

    """
    root = _parsed_html(_without_office_escapes(text), source)
    if root is None:
        return []
    walker = _Walker()
    walker.walk(root)
    walker.flush()
    return walker.page


def page_text(page: Iterable[PageLine]) -> str:
    """The visible text of some lines; paragraphs stay apart, and items of inner lists are indented.

    >>> page_text(html_lines("<p>A tree<br>in an array.</p><ul><li>fast</li></ul>"))
    'A tree\\nin an array.\\n\\n- fast'
    """
    shown = [line for line in page if line.role not in NOT_SHOWN]
    lines = ["  " * (max(line.depth - 1, 0) * (not line.code)) + line.text for line in shown]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def _parsed_html(text: str, source: str | None) -> Any:
    from lxml import etree

    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True)
    data = text.encode("utf-8", "replace")
    root = etree.fromstring(data, parser) if data.strip() else None
    fatal = next((error for error in parser.error_log if "Excessive depth" in error.message), None)
    if fatal is not None:
        raise InputError("elements are nested too deeply (more than 2,000 levels)", source=source, line=fatal.line)
    return root


@dataclass(frozen=True, slots=True)
class _Style:
    """What the elements around a text make of it."""

    bold: bool = False
    link: bool = False
    depth: int = 0
    menu: bool = False


class _Walker:
    """Collects the lines of a tree; the text of the current line waits in `_runs`."""

    def __init__(self) -> None:
        self.page: list[PageLine] = []
        self._runs: list[tuple[str, _Style]] = []
        self._extras: list[PageLine] = []
        self._line = self._start = 1
        self._mark = ""
        self._form: dict[str, Any] = {}

    def walk(self, element: Any, style: _Style = _Style()) -> None:
        """Read an element and everything in it."""
        if element.sourceline and self._line <= element.sourceline < _LAST_LINE:
            self._line = element.sourceline
        if not isinstance(element.tag, str):
            self._add_comment(element)
            return
        name = element.tag
        if (
            name in _UNSEEN
            or element.get("aria-hidden") == "true"
            or (name == "title" and element.getparent().tag != "head")
        ):
            return
        if name in _BLOCKS:
            self._block(element, style)
        else:
            self._inline(element, style)

    def _children(self, element: Any, style: _Style) -> None:
        self._text(element.text, style)
        for child in element:
            self.walk(child, style)
            self._text(child.tail, style)

    def _text(self, text: str | None, style: _Style) -> None:
        if not text:
            return
        if text.strip():
            if not any(piece.strip() for piece, _ in self._runs):
                begin = len(text) - len(text.lstrip())
                self._start = self._line + text.count("\n", 0, begin)
            self._runs.append((text, style))
        elif self._runs:
            self._runs.append((" ", style))
        self._line += text.count("\n")

    def _inline(self, element: Any, style: _Style) -> None:
        name = element.tag
        if name == "br":
            self.flush()
        elif name == "hr":
            self._gap()
        elif name == "img":
            self._extras.append(PageLine(self._line, element.get("alt") or element.get("src") or "?", role="image"))
        elif name == "input":
            if element.get("type") == "checkbox":
                self._text("[x] " if element.get("checked") is not None else "[ ] ", style)
        elif name == "math":
            self._formula(element, style)
        elif name == "sup":
            self._superscript(element, style)
        elif name == "a":
            self._anchor(element, style)
        else:
            is_bold = name in ("b", "strong")
            menu = style.menu or name in _MENUS
            self._children(element, replace(style, bold=style.bold or is_bold, menu=menu))

    def _anchor(self, element: Any, style: _Style) -> None:
        address = (element.get("href") or "").strip()
        words = one_line("".join(element.itertext()))
        if address and not address.startswith("#") and address.removeprefix("mailto:") != words:
            self._extras.append(PageLine(self._line, address, role="address"))
        self._children(element, replace(style, link=address.startswith("#")))

    def _superscript(self, element: Any, style: _Style) -> None:
        words = "".join(element.itertext())
        if _ORDINAL.fullmatch(words) or element.find(".//a") is not None:
            self._children(element, style)
        else:
            self._text("^" + (words if _SUPERSCRIPT.fullmatch(words) else f"({words})"), style)

    def _formula(self, element: Any, style: _Style) -> None:
        source = [note.text for note in element.iter("annotation") if "tex" in (note.get("encoding") or "")]
        self._text(f"${source[0]}$" if source and source[0] else "".join(element.itertext()), style)

    def _add_comment(self, element: Any) -> None:
        if isinstance(element.text, str) and element.text.strip() and "comment" in str(element.tag).lower():
            self._extras.append(PageLine(self._line, one_line(element.text), role="comment"))

    def _block(self, element: Any, style: _Style) -> None:
        name = element.tag
        self.flush()
        style = replace(style, bold=False, link=False, menu=style.menu or name in _MENUS)
        if name == "pre":
            self._code(element, style)
        elif name == "table" and not _is_layout(element):
            self._table(element, style)
        elif name in ("ul", "ol", "dir", "menu"):
            self._children(element, replace(style, depth=style.depth + 1))
            self.flush()
        elif name == "li":
            self._mark = _item_mark(element)
            self._children(element, style)
            self.flush()
            self._mark = ""
        else:
            self._form = _form_of(element)
            self._children(element, style)
            self.flush()
            self._form = {}
            if name == "details" and element.find("summary") is not None and not _is_section(element):
                self.page.append(PageLine(self._line, "", role="end"))
        if name not in ("li", "summary", "dt", "dd", "tr", "td", "option") and not (
            name in ("ul", "ol") and style.depth
        ):
            self._gap()

    def _gap(self) -> None:
        self.flush()
        if self.page and not self.page[-1].is_blank:
            self.page.append(PageLine(self._line, ""))

    def flush(self) -> None:
        """End the current line."""
        runs = [(text, style) for text, style in self._runs if text]
        asked = next((at for at, (_, style) in enumerate(runs) if not style.bold), 0)
        if asked and runs[asked - 1][0].rstrip().endswith("?") and "".join(text for text, _ in runs[asked:]).strip():
            self._runs, rest = runs[:asked], runs[asked:]  # "**What is wax?** A fat." has a question and an answer
            self.flush()
            self._runs, self._start = rest, self._line
            self.flush()
            return
        text = one_line("".join(text for text, _ in runs))
        self._runs = []
        if text:
            seen = [style for piece, style in runs if re.search(r"\w", piece)]
            form = dict(self._form)
            if seen and all(style.link for style in seen) and not form:
                form = {"role": "link"}
            if seen and all(style.menu for style in seen):
                form = {"role": "menu"}
            bold = bool(seen) and all(style.bold for style in seen)
            depth = runs[0][1].depth
            self.page.append(PageLine(self._start, self._mark + text, bold=bold, depth=depth, **form))
            self._mark = ""
        self.page += self._extras
        self._extras = []

    def _code(self, element: Any, style: _Style) -> None:
        for line_end in element.iter("br"):
            line_end.tail = "\n" + (line_end.tail or "")
        content = "".join(element.itertext())
        is_markdown = element.get("data-fence") is not None
        info = element.get("data-info") if is_markdown else _language(element)
        first = self._line if not is_markdown else self._line + int(element.get("data-fence"))
        if content.startswith("\n"):
            content, first = content[1:], first + (not is_markdown)
        content = content.rstrip("\n")
        if not content.strip():
            return
        fence = "`" * max(3, 1 + max(map(len, re.findall("`+", content)), default=0))
        if self._mark.strip() not in ("", "-"):
            self.page.append(PageLine(self._line, self._mark.strip(), depth=style.depth))
        self._mark = ""
        lines = content.split("\n")
        self.page.append(PageLine(self._line, fence + (info or ""), code=True, depth=style.depth))
        self.page += [PageLine(first + at, text, code=True, depth=style.depth) for at, text in enumerate(lines)]
        self.page.append(PageLine(first + len(lines), fence, code=True, depth=style.depth))
        self._line = first + len(lines) - (not is_markdown)

    def _table(self, table: Any, style: _Style) -> None:
        self._gap()
        first = True
        for line, cells, extras, leads_elsewhere in _table_rows(table):
            role: Role = "menu" if style.menu else "link" if leads_elsewhere else "row"
            text = "| " + " | ".join(one_line(cell).replace("|", "\\|") for cell in cells) + " |"
            self.page.append(PageLine(line, text, depth=style.depth, role=role, cells=cells if role == "row" else ()))
            if first and role == "row":
                self.page.append(PageLine(line, "|" + " --- |" * len(cells), depth=style.depth, role="row"))
            self.page += extras
            self._line, first = max(line, self._line), False


def _form_of(element: Any) -> dict[str, Any]:
    """The fields of the lines of a heading, a summary or a term."""
    if element.tag in _HEADINGS:
        return {"heading": _HEADINGS[element.tag]}
    if element.tag == "title":
        return {"heading": 1}
    if element.tag == "summary":
        return {"heading": 6} if _is_section(element.getparent()) else {"role": "summary"}
    return {"role": "term"} if element.tag == "dt" else {}


def _is_section(details: Any) -> bool:
    """Whether a `details` folds a part of the page: others are inside it, and its summary asks nothing."""
    summary = details.find("summary")
    asks = summary is not None and "".join(summary.itertext()).rstrip().endswith("?")
    return details.find(".//details") is not None and not asks


def _item_mark(element: Any) -> str:
    parent = element.getparent()
    if parent is None or parent.tag != "ol":
        return "- "
    before = sum(1 for sibling in element.itersiblings("li", preceding=True))
    for text in (
        element.get("value"),
        str(int(parent.get("start")) + before) if _is_number(parent.get("start")) else None,
    ):
        if _is_number(text):
            return f"{text}. "
    return f"{before + 1}. "


def _is_number(text: str | None) -> bool:
    return text is not None and re.fullmatch(r"\d{1,6}", text) is not None


def _language(element: Any) -> str:
    names = " ".join(filter(None, [element.get("class"), *(code.get("class") for code in element.iter("code"))]))
    found = re.search(r"\blang(?:uage)?-([\w+#-]+)", names)
    return found[1] if found else ""


def _is_layout(table: Any) -> bool:
    """Whether a table only arranges the page."""
    return any(table.find(f".//{name}") is not None for name in ("table", *_HEADINGS, "details"))


def _table_rows(table: Any) -> Iterator[tuple[int, tuple[str, ...], list[PageLine], bool]]:
    """Line, cells, what the cells cannot hold, and whether a row only leads elsewhere on the page."""
    below: dict[int, tuple[int, str]] = {}  # cells that reach down, by column
    for row in table.iter("tr"):
        cells: list[str] = []
        extras: list[PageLine] = []
        linked = []
        for cell in row.iterchildren("td", "th"):
            _fill_from_above(cells, below)
            walker = _Walker()
            walker._line = cell.sourceline or 1
            walker._children(cell, _Style())
            walker.flush()
            lines = [line for line in walker.page if line.role in ("text", "link", "row", "summary", "term")]
            extras += [line for line in walker.page if line.role in ("image", "address", "comment")]
            text = "\n".join("  " * max(line.depth - 1, 0) + line.text for line in lines).strip()
            if re.search(r"[^\W\d]", text):
                linked.append(all(line.role == "link" for line in lines if not line.is_blank))
            n_rows = int(cell.get("rowspan")) if _is_number(cell.get("rowspan")) else 1
            if n_rows > 1:
                below[len(cells)] = (n_rows - 1, text)
            n_columns = min(int(cell.get("colspan")), 100) if _is_number(cell.get("colspan")) else 1
            cells += [text] + [""] * (n_columns - 1)
        _fill_from_above(cells, below)
        if any(cells):
            yield row.sourceline or 1, tuple(cells), extras, bool(linked) and all(linked)


def _fill_from_above(cells: list[str], below: dict[int, tuple[int, str]]) -> None:
    while len(cells) in below:
        n_rows, text = below.pop(len(cells))
        if n_rows > 1:
            below[len(cells)] = (n_rows - 1, text)
        cells.append(text)
