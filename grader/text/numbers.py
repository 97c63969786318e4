"""Numbers with their units, and orders of growth such as O(n log n), extracted from a text and compared.

Two quantities are equal, different or not comparable. Units of one kind are converted to a base unit.

Own code, not quantulum3 or pint (not installed): this also reads orders of growth, counted nouns, calculations and
list numbers, which a comparison needs, and needs no further package.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from grader.text.grammar.lexicon import FUNCTION_WORDS, stem

_WORDS = {
    word: float(value)
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen twenty".split()
    )
} | {
    "thirty": 30.0, "forty": 40.0, "fifty": 50.0, "sixty": 60.0, "seventy": 70.0, "eighty": 80.0, "ninety": 90.0,
    "hundred": 100.0, "thousand": 1e3, "million": 1e6, "billion": 1e9, "half": 0.5, "twice": 2.0, "double": 2.0,
    "once": 1.0, "thrice": 3.0, "triple": 3.0, "both": 2.0,
}  # fmt: skip
# Words that are often no number ("one" as a pronoun). In the other text they may match a number, but none is required
# for them.
_VAGUE = frozenset(["one", "once", "both", "double", "half", "twice", "hundred", "thousand"])
# Words for orders of growth; each order excludes the others.
_ORDERS = {
    word: order
    for order, forms in {
        "logarithmic": "logarithmic logarithmically", "linear": "linear linearly",
        "square": "quadratic quadratically square squared", "cube": "cubic cubically cube cubed",
        "polynomial": "polynomially", "exponential": "exponential exponentially",
    }.items()
    for word in forms.split()
}  # fmt: skip
# A unit's kind and its size in the kind's base unit.
_UNITS = {
    "ns": ("time", 1e-9), "us": ("time", 1e-6), "μs": ("time", 1e-6), "ms": ("time", 1e-3), "s": ("time", 1.0),
    "sec": ("time", 1.0), "second": ("time", 1.0), "millisecond": ("time", 1e-3), "microsecond": ("time", 1e-6),
    "nanosecond": ("time", 1e-9), "min": ("time", 60.0), "minute": ("time", 60.0), "h": ("time", 3600.0),
    "hour": ("time", 3600.0), "day": ("time", 86400.0), "week": ("time", 604800.0), "month": ("time", 2.6e6),
    "year": ("time", 3.156e7), "bit": ("data", 1.0), "byte": ("data", 8.0), "kb": ("data", 8e3), "mb": ("data", 8e6),
    "gb": ("data", 8e9), "tb": ("data", 8e12), "kilobyte": ("data", 8e3), "megabyte": ("data", 8e6),
    "gigabyte": ("data", 8e9), "mm": ("length", 1e-3), "cm": ("length", 1e-2), "m": ("length", 1.0),
    "km": ("length", 1e3), "meter": ("length", 1.0), "metre": ("length", 1.0), "kilometer": ("length", 1e3),
    "kilometre": ("length", 1e3), "centimeter": ("length", 1e-2), "millimeter": ("length", 1e-3), "g": ("mass", 1e-3),
    "kg": ("mass", 1.0), "gram": ("mass", 1e-3), "kilogram": ("mass", 1.0), "mg": ("mass", 1e-6),
    "%": ("share", 0.01), "percent": ("share", 0.01), "v": ("voltage", 1.0), "volt": ("voltage", 1.0),
    "mv": ("voltage", 1e-3), "w": ("power", 1.0), "watt": ("power", 1.0), "kw": ("power", 1e3), "hz": ("rate", 1.0),
    "khz": ("rate", 1e3), "mhz": ("rate", 1e6), "ghz": ("rate", 1e9),
}  # fmt: skip
_GROWTH = re.compile(r"\b[OΘΩ]\s*\(([^()]*(?:\([^()]*\)[^()]*)*)\)")
# "0,5" and "12,5 %" have a decimal comma, "1,024" a thousands separator.
_NUMBER = re.compile(
    r"(?<![\w.])[-−]?(?:(?P<comma>0,\d+|\d+,\d+(?=\s*%))|\d+(?:,\d{3})+(?:\.\d+)?|\d*\.?\d+(?:e[-+]?\d+)?)",
    re.IGNORECASE,
)
# A number beside such signs is part of a calculation, not a claim; at the start of a line they are bullets.
_CALCULATED = re.compile(r"[^\s*+·][ \t]*[*×+^/·][ \t]*[(]?$|[(]\s*[^\W\d_]*\s*=\s*$")
_CALCULATING = re.compile(r"[ \t]*(?:[*×^+/·!]|[-−][ \t]*[\w(]*\d|[)]\s*\^)")
_EXAMPLE = re.compile(r"\b(?:e\.?g|for (?:example|instance)|such as)\b\.?[^.;)]*$", re.IGNORECASE)
_NAMED = re.compile(r"([^\W_]+)\W*[=≈]\s*$")
_FOLLOWING = re.compile(r"\s*[-]?\s*(%|[^\W\d_]+)?")
_PRECEDING = re.compile(r"([^\W\d_]+|=)\W*$")
_LONGEST_WORD = 30
# A text with more numbers is a table or a calculation, in which the same number may occur in several places.
_MANY = 4
_SPELLED = re.compile(r"[^\W\d_]+")
_LABEL = re.compile(r"(?:^|\n)\s*\(?$")


class Quantity(NamedTuple):
    """One quantity of a text.

    Attributes:
        kind: "growth" for O(...), "order" for words such as "linear", the kind of the unit, the stem of the counted
            noun, or empty for a bare number.
        value: in the kind's base unit; for "growth" the text within the brackets.
        start, end, text: its words and their span.
        vague: whether its word is often no number.
        preceding: the word before a number without a unit; with the sign in "x = 3".
        neighbours: the words before and after it.
        number: as written, without the unit.
        precision: one unit of its last digit, in the kind's base unit; 0 where it is exact.
        calculated: whether it is part of a calculation or an example.

    """

    kind: str
    value: float | str
    start: int
    end: int
    text: str
    vague: bool = False
    preceding: str = ""
    neighbours: tuple[str, str] = ("", "")
    number: float | None = None
    precision: float = 0.0
    calculated: bool = False


def quantities(text: str) -> tuple[Quantity, ...]:
    """All quantities of a text, grouped by how they are written; list numbers ("1.") are left out."""
    found = []
    taken: list[tuple[int, int]] = []
    for match in _GROWTH.finditer(text):
        inner = re.sub(r"[\s*^·]", "", match[1]).lower().replace("²", "2").replace("³", "3")
        found.append(Quantity("growth", inner, match.start(), match.end(), match[0]))
        taken.append(match.span())
    for match in _NUMBER.finditer(text):
        label = _LABEL.search(text[: match.start()]) and text[match.end() : match.end() + 1] in (".", ")", ":")
        if label or any(start <= match.start() < end for start, end in taken):
            continue
        plain = match[0].replace("−", "-")
        plain = plain.replace(",", ".") if match["comma"] else plain.replace(",", "")
        found.append(_with_unit(text, match.start(), match.end(), float(plain), precision=_precision(plain)))
    for match in _SPELLED.finditer(text):
        word = match[0].lower()
        if word in _ORDERS:
            neighbours = _neighbours(text, *match.span())
            found.append(Quantity("order", _ORDERS[word], *match.span(), match[0], neighbours=neighbours))
        if word in _WORDS and not any(start <= match.start() < end for start, end in taken):
            found.append(_with_unit(text, *match.span(), _WORDS[word])._replace(vague=word in _VAGUE))
    return tuple(found)


def _precision(plain: str) -> float:
    """One unit of the last digit of a number with decimals; 0 for others, which may be counts."""
    digits, _, exponent = plain.lower().partition("e")
    decimals = len(digits.partition(".")[2])
    return 0.0 if exponent or not decimals else 10.0**-decimals


def _neighbours(text: str, start: int, end: int) -> tuple[str, str]:
    """The words before and after a span."""
    before = _PRECEDING.search(text, max(0, start - _LONGEST_WORD), start)
    after = _FOLLOWING.match(text, end)
    return before[1].lower() if before else "", (after[1] or "").lower() if after else ""


def _with_unit(text: str, start: int, end: int, value: float, *, precision: float = 0.0) -> Quantity:
    """A number with the unit or the noun that follows it."""
    neighbours = _neighbours(text, start, end)
    around = text[max(0, start - _LONGEST_WORD) : start]
    calculated = bool(_CALCULATED.search(around) or _CALCULATING.match(text, end) or _EXAMPLE.search(text[:start]))
    following = _FOLLOWING.match(text, end)
    name = following[1] if following and following[1] else ""
    unit = _UNITS.get(name) or _UNITS.get(name.lower()) or _UNITS.get(stem(name.lower()) if name else "")
    if unit is None:
        kind = "" if name.lower() in FUNCTION_WORDS else stem(name.lower())
        named = _NAMED.search(around)
        preceding = f"= {named[1].lower()}" if named else neighbours[0]
        return Quantity(
            kind,
            value,
            start,
            end,
            text[start:end],
            False,
            preceding,
            neighbours,
            value,
            precision,
            calculated=calculated,
        )
    kind, size = unit
    stop = following.end(1) if following else end
    words = text[start:stop]
    return Quantity(kind, value * size, start, stop, words, False, "", neighbours, value, precision * size, calculated)


def differing_quantities(own: Sequence[Quantity], other: Sequence[Quantity]) -> tuple[Quantity, Quantity] | None:
    """A quantity of the first text and a different one in its place in the second, or `None`.

    The second text must lack the first's value and have one that the first lacks, of the same kind: the same unit, the
    same counted noun, or, for bare numbers, the same preceding word. A value that both texts have elsewhere must have
    the same neighbours. Parts of calculations are not compared.
    """
    for mine in own:
        lacks = _count(mine, own) - _count(mine, other)
        if mine.vague or mine.calculated or lacks <= 0:
            continue
        elsewhere = _count(mine, other) > 0
        if elsewhere and max(len(own), len(other)) > _MANY:
            continue
        for theirs in other:
            if theirs.calculated or _count(theirs, own) >= _count(theirs, other):
                continue
            if theirs.kind == mine.kind and (
                mine.kind != "" or (mine.preceding and mine.preceding == theirs.preceding)
            ):
                same_place = (
                    mine.neighbours[0] == theirs.neighbours[0] or mine.neighbours[1] == theirs.neighbours[1] != ""
                )
                if same_place or not (elsewhere or _count(theirs, own)):
                    return mine, theirs
    return None


def _count(quantity: Quantity, among: Sequence[Quantity]) -> int:
    return sum(_same(quantity, other) for other in among)


def _same(one: Quantity, other: Quantity) -> bool:
    if isinstance(one.value, str) or isinstance(other.value, str):
        return one.value == other.value
    precision = max(one.precision, other.precision)
    if one.kind == other.kind or (_is_count(one) and _is_count(other)):
        return _close(one.value, other.value, precision)
    # One text may leave the unit out.
    if _is_count(one) != _is_count(other) and one.number is not None and one.number == other.number:
        return True
    shares = {one.kind, other.kind} & {"share"} and (_is_count(one) or _is_count(other))
    # "50 %" equals "0.5" and, without the sign, "50".
    return bool(shares) and (
        _close(one.value, other.value, precision)
        or _close(100 * one.value, other.value, 100 * precision)
        or _close(one.value, 100 * other.value, 100 * precision)
    )


def _is_count(quantity: Quantity) -> bool:
    return quantity.kind not in _KINDS


_KINDS = frozenset(kind for kind, _ in _UNITS.values()) | {"growth", "order"}


def _close(one: float, other: float, precision: float) -> bool:
    """Whether two values are equal within the precision of the less precise one."""
    return abs(one - other) <= 0.5 * precision + 1e-9 * max(abs(one), abs(other), 1.0)
