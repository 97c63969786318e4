"""Read HTML in the cells of exports as text: learning platforms keep what an editor made of an answer."""

import re
from html.parser import HTMLParser
from itertools import pairwise

_BLOCKS = frozenset("p div li ul ol tr table h1 h2 h3 h4 h5 h6 pre blockquote section article dl dt dd hr".split())
_INLINE = frozenset("a b big br code em font i img s small span strong strike sub sup td th tbody thead u".split())
_SILENT = frozenset(("script", "style", "head", "title"))
_TAG = re.compile(r"</?([a-z][a-z0-9]*)(?:\s[^<>]*)?/?>", re.IGNORECASE)
_ENTITY = re.compile(
    r"&(?:nbsp|amp|lt|gt|quot|apos|#\d{1,5}|#x[0-9a-f]{1,4}|[a-z]?[aeiou](?:uml|acute|grave|circ));", re.I
)
_BREAK = re.compile(r"\S<br\s*/?>|<br\s*/?>(?:\S|\s*$)", re.IGNORECASE)


def cell_text(text: str) -> str:
    """The text of a cell: of HTML what a browser shows, a line a paragraph; anything else as it is.

    It is HTML when it begins and ends with tags, has a pair of them around words ("a <b>thin</b> wall"), a line break
    in running text, or entities. A tag that is only talked about ("the <p> tag", `List<String>`, a < b) is text.
    """
    if "_x000D_" in text:  # how Excel writes a carriage return
        text = text.replace("_x000D_\n", "\n").replace("_x000D_", "\n")
    if "<" in text and _is_html(text):
        return _shown(text)
    if "&" in text and _ENTITY.search(text):
        return _shown(text.replace("<", "&lt;"))
    return text


def _is_html(text: str) -> bool:
    known = [tag for tag in _TAG.finditer(text) if tag[1].lower() in _BLOCKS | _INLINE]
    if not known:
        return False
    stripped = text.strip()
    around = stripped.startswith(known[0][0]) and stripped.endswith(known[-1][0]) and known[-1][0][:2] in ("</", "<b")
    pairs = any(
        one[1].lower() == other[1].lower() and one[0][1] != "/" and other[0][1] == "/" and one.end() < other.start()
        for one, other in pairwise(known)
    )
    return around or pairs or bool(_BREAK.search(text))


def _shown(html: str) -> str:
    parser = _Shown()
    parser.feed(html)
    parser.close()
    lines = [" ".join(line.split(" ")).strip() for line in "".join(parser.parts).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


class _Shown(HTMLParser):
    """Collects the text; blocks begin on a line of their own, items with a hyphen."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in _SILENT:
            self._silent += 1
        elif tag in _BLOCKS or tag == "br":
            self._break()
            if tag == "li":
                self.parts.append("- ")
        elif tag in ("td", "th") and self.parts and not self.parts[-1].endswith("\n"):
            self.parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in _BLOCKS:
            self._break()

    def handle_data(self, data: str) -> None:
        begins = not self.parts or self.parts[-1].endswith("\n")
        if not self._silent and (data.strip() or not begins):
            self.parts.append(re.sub(r"[ \t\r\n\xa0]+", " ", data))

    def _break(self) -> None:
        if self.parts and not self.parts[-1].endswith("\n"):
            self.parts.append("\n")
