"""Normalises untrusted text with offsets into the original, and splits it into segments and words.

Nothing here uses questions or scores. Every span is `(start, end)` in characters, end exclusive.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from grader.text.abbreviations import ends_abbreviation
from grader.text.confusables import fold_lookalikes
from grader.text.formulas import ATOM

KEPT_CONTROLS = "\n\t"
# Soft hyphen and the joiners of emoji and of some scripts: invisible, but harmless.
_HARMLESS = "\u00ad\u200c\u200d"


class Span(NamedTuple):
    """A half-open range of characters."""

    start: int
    end: int


@dataclass(frozen=True)
class NormalisedText:
    """Normalised text with offsets into the original.

    Attributes:
        text: NFKC-normalised, without invisible and control characters (line feed and tab stay), without stacked
            combining marks, and with look-alike letters of other scripts replaced by Latin ones.
        starts, ends: for each character of `text`, the span of its source in the original, shape `(len(text),)`;
            `None` when the offsets are the same.
        n_hidden: number of removed invisible or control characters, without joiners and soft hyphens, plus the number
            of letters with stacked marks.
        n_disguised: number of words with look-alike letters of another script.

    """

    text: str
    starts: NDArray[np.int64] | None = None
    ends: NDArray[np.int64] | None = None
    n_hidden: int = 0
    n_disguised: int = 0

    def original_span(self, start: int, end: int) -> Span:
        """The original's span that `text[start:end]` came from.

        Raises:
            ValueError: when the span is empty or outside the text.

        """
        if not 0 <= start < end <= len(self.text):
            raise ValueError(f"span [{start}, {end}] is not inside a text of {len(self.text)} characters")
        if self.starts is None or self.ends is None:
            return Span(start, end)
        return Span(int(self.starts[start]), int(self.ends[end - 1]))


def is_hidden(char: str) -> bool:
    """Whether a character is invisible: control, format (zero-width, bidi, tag), surrogate, unassigned."""
    return char not in KEPT_CONTROLS and unicodedata.category(char) in ("Cc", "Cf", "Cs", "Cn", "Co")


def normalise(raw: str) -> NormalisedText:
    """Fold compatibility forms (NFKC) and look-alikes, drop invisible characters, and keep the offsets.

    Carriage returns become line feeds, so that answers from any system are the same.

    Source: Unicode Standard Annex 15 (normalisation forms), Technical Standard 39 (confusables).
    """
    if raw.isascii() and raw.replace("\n", " ").replace("\t", " ").isprintable():
        return NormalisedText(raw)
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    n_hidden = 0
    raised = False
    for start, end in _clusters(raw):
        if raw[start:end].isascii() and not is_hidden(raw[start]):
            pieces.append(raw[start:end])
            raised = False
            starts.extend(range(start, end))
            ends.extend(range(start + 1, end + 1))
            continue
        piece = raw[start:end].replace("\r\n", "\n").replace("\r", "\n")
        # Vertical tabs, form feeds and the like are invisible but still separate words and lines.
        piece = "".join("\n" if is_hidden(char) and char.isspace() else char for char in piece)
        visible = "".join(char for char in piece if not is_hidden(char))
        n_hidden += sum(is_hidden(char) and char not in _HARMLESS for char in piece)
        folded = unicodedata.normalize("NFKC", visible)
        bare = _LOOSE_MARKS.sub("", folded)
        if len(bare) < len(folded) and len(_LOOSE_MARKS.findall(visible)) >= _MIN_STACKED:
            bare = _LOOSE_MARKS.sub("", unicodedata.normalize("NFKD", folded))
            n_hidden += 1
        folded = bare
        # After a digit a vulgar fraction or a superscript would become more of its digits: 1½ is not 11/2, 2³ not 23.
        if pieces and pieces[-1][-1:].isdigit() and visible:
            if "⁄" in folded:
                folded = f" {folded}"
            elif folded.isdigit() and not raised and unicodedata.decomposition(visible[:1]).startswith("<super>"):
                folded = f"^{folded}"
        raised = unicodedata.decomposition(visible[:1]).startswith("<super>") if visible else False
        pieces.append(folded)
        starts.extend([start] * len(folded))
        ends.extend([end] * len(folded))
    text, n_disguised = fold_lookalikes("".join(pieces))
    return NormalisedText(text, np.array(starts, np.int64), np.array(ends, np.int64), n_hidden, n_disguised)


# Combining marks that NFKC may leave unmerged, and variation selectors.
_MARKS = r"\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f"
_LOOSE_MARKS = re.compile(f"[{_MARKS}]")
# From this many marks on one letter, all its marks are removed if NFKC could not merge some of them.
_MIN_STACKED = 2
# A run of visible ASCII (which never changes), or a character with the marks and jamo that NFKC may merge into it; CR
# LF counts as one character.
_JOINING = rf"[{_MARKS}\u1160-\u11ff\u3099\u309a]"
_CLUSTER = re.compile(rf"[ -~\n\t]+(?!{_JOINING})|\r\n|.{_JOINING}*", re.DOTALL)


def _clusters(raw: str) -> list[Span]:
    """Split the text where normalisation never merges characters across the border."""
    return [Span(*match.span()) for match in _CLUSTER.finditer(raw)]


_WORD = re.compile(r"\w+(?:['’-]\w+)*")

_BREAK = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+|\n|;\s+|(?<=[。！？])")
_NUMBERING = re.compile(r"\s*\(?(?:\d{1,2}|[a-z])[.)]\s*")
_BULLET = re.compile(r"(?:[-*•‣▪◦–—>#|]+|\(?(?:\d{1,2}|[a-z])[.)])\s+|\s+")


def words(text: str) -> list[str]:
    """The words of a text, in order, as written."""
    return _WORD.findall(text)


_ASCII_DIGIT = re.compile("[0-9]")


def has_digit(text: str) -> bool:
    """Whether a text holds a digit of any script."""
    return _ASCII_DIGIT.search(text) is not None or (not text.isascii() and any(map(str.isdigit, text)))


def segments(text: str) -> list[Span]:
    """Split a text into sentences, list items and lines: the units of evidence.

    A break is a sentence end, a line feed or a semicolon, none of them inside a formula or `code`; bullets and
    numbering are left out. Abbreviations such as "e.g." and decimals do not break. A text without any letter or digit
    has no segment.
    """
    spans: list[Span] = []
    start = 0
    atoms = [match.span() for match in ATOM.finditer(text)]
    atom = 0
    for match in _BREAK.finditer(text):
        while atom < len(atoms) and atoms[atom][1] <= match.start():
            atom += 1
        inside = atom < len(atoms) and atoms[atom][0] < match.start()
        if inside or _is_abbreviation(text, start, match.start()):
            continue
        spans.append(Span(start, match.end()))
        start = match.end()
    spans.append(Span(start, len(text)))
    trimmed = (_trim(text, span) for span in spans)
    return [span for span in trimmed if any(char.isalnum() for char in text[span.start : span.end])]


def _is_abbreviation(text: str, start: int, end: int) -> bool:
    """Whether the full stop at `end` ends an abbreviation, an initial or a list number and not the sentence."""
    if text[end : end + 1] == "\n" or not text.endswith(".", start, end):
        return False
    return _NUMBERING.fullmatch(text, start, end) is not None or ends_abbreviation(text, start, end)


def _trim(text: str, span: Span) -> Span:
    """The span without surrounding white space and a leading bullet or number."""
    start, end = span
    while (match := _BULLET.match(text, start, end)) and match.end() < end:
        start = match.end()
    while end > start and text[end - 1].isspace():
        end -= 1
    while start < end and text[start].isspace():
        start += 1
    return Span(start, end)


# Words without a topic: articles, pronouns, auxiliaries, prepositions, conjunctions.
STOP_WORDS = frozenset(
    """a about after all also am an and any are as at be because been before being between both but
    by can could did do does doing done during each for from had has have having he her here hers
    him his how i if in into is it its just may me might more most much must my no nor not of on one
    only or other our out over own same shall she should so some such than that the their them then
    there these they this those through to too under until up us very was we were what when where
    which while who whom whose why will with would you your""".split()
)


def content_words(text: str) -> list[str]:
    """The words that are not stop words, in lower case, in order, with repetitions."""
    return [word for word in map(str.lower, words(text)) if word not in STOP_WORDS]
