"""Untrusted text (answers, names, ids, questions) made safe to show on an HTML page, in Markdown and in a terminal."""

import re
import unicodedata
from collections.abc import Iterator
from itertools import groupby

from markupsafe import Markup, escape

from grader.phrases import one_line
from grader.text import is_hidden

# Characters that show nothing and that `is_hidden` does not know by their category: grapheme joiner, Hangul
# fillers, Khmer vowels without a shape, variation selectors, the empty Braille cell. (Unicode property
# Default_Ignorable_Code_Point, DerivedCoreProperties.txt, and U+2800.) U+FE0E and U+FE0F are left out: they
# choose between the two looks of a common emoji.
_BLANK = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0d\uffa0\U000e0100-\U000e01ef]")


def invisible_code(char: str) -> str:
    """`U+200B` for a character that is invisible or reorders others, otherwise empty."""
    hides = is_hidden(char) or unicodedata.category(char) in ("Zl", "Zp") or _BLANK.match(char)
    return f"U+{ord(char):04X}" if hides else ""


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    """Stretches of a text: `(text, "")` as it is, `("", label)` for unseen characters, repeats counted."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    for code, chars in groupby(text, key=invisible_code):
        stretch = "".join(chars)
        if not code:
            yield stretch, ""
        else:
            yield "", code if len(stretch) == 1 else f"{code} \u00d7 {len(stretch)}"


def shown_text(text: str) -> Markup:
    """Untrusted text as HTML: escaped, with unseen characters as small tags."""
    return Markup("").join(
        Markup('<span class="unseen">{}</span>').format(label) if label else escape(stretch)
        for stretch, label in _pieces(text)
    )


def plain_text(text: str) -> str:
    """Untrusted text for a place without markup: unseen characters as `[U+200B]`."""
    return "".join(f"[{label}]" if label else stretch for stretch, label in _pieces(text))


# --- in Markdown ------------------------------------------------------------------------------------------

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|!~&$])")
_BLOCK_START = re.compile(r"^(\d*)([-+=.)])")  # lists and underlines of headings
_LINK = re.compile(r"(?<=[a-z]):(?=//)|(?<=www)\.", re.IGNORECASE)  # what is a link without markup
_MENTION = re.compile(r"(?<!\w)@(?=\w)")


def markdown_text(text: str) -> str:
    """Untrusted text on one line that Markdown shows as it is, also in a cell of a table.

    A word joiner, which shows nothing, keeps `@name` from calling a person of that name.
    """
    escaped = _BLOCK_START.sub(r"\1\\\2", _MARKUP.sub(r"\\\1", one_line(plain_text(text))))
    return _MENTION.sub("@\u2060", _LINK.sub(r"\\\g<0>", escaped))


# --- in a terminal ------------------------------------------------------------------------------------------

# ESC or its one-byte C1 form opens a string up to its terminator (OSC, DCS, APC, PM, SOS), a control sequence
# (CSI) or a short escape. Source: ECMA-48, 5th edition, sections 5.3 to 5.6.
_ESCAPES = re.compile(
    r"(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|\x1b[ -/]*[0-~]"
)


def clean_for_terminal(text: str) -> str:
    """Text that is safe to print in a terminal: without escape sequences, control, bidi or invisible characters.

    Line feeds and tabs are kept. A carriage return becomes a line feed, because it could overwrite a line.
    """
    text = _ESCAPES.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    if text.isascii() and text.replace("\n", "").replace("\t", "").isprintable():
        return text
    return "".join(char for char in text if not invisible_code(char))


def terminal_line(text: str) -> str:
    """Text that is safe to print in a terminal, on one line."""
    return one_line(clean_for_terminal(text))
