"""Numbers with their units, and orders of growth such as O(n log n), as they stand in a text.

Only what a comparison needs: two quantities are the same, differ, or cannot be compared. Nothing is converted between
units of different kinds.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from grader.grammar.lexicon import FUNCTION_WORDS, stem

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
# "One" and "once" are mostly pronoun and conjunction, "both" and "double" seldom a count: they answer for a number but
# never ask for one.
_VAGUE = frozenset(["one", "once", "both", "double", "half", "twice", "hundred", "thousand"])
# Words for how something grows with another; each excludes the others.
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
_NUMBER = re.compile(r"(?<![\w.])[-−]?\d+(?:,\d{3})+(?:\.\d+)?|(?<![\w.])[-−]?\d*\.?\d+(?:e[-+]?\d+)?", re.IGNORECASE)
_FOLLOWING = re.compile(r"\s*[-]?\s*(%|[^\W\d_]+)?")
_PRECEDING = re.compile(r"([^\W\d_]+|=)\W*$")
_LONGEST_WORD = 30
_SPELLED = re.compile(r"[^\W\d_]+")
_LABEL = re.compile(r"(?:^|\n)\s*\(?$")


class Quantity(NamedTuple):
    """One quantity of a text: its kind, its value in the kind's base unit, and its words.

    Kinds are "growth" (the value is the text within the brackets), "order" ("linear", "quadratic"), the units' kinds,
    what is counted, or nothing for a bare number, which has the word before it in `after`.
    """

    kind: str
    value: float | str
    start: int
    end: int
    text: str
    vague: bool = False
    after: str = ""


def quantities(text: str) -> tuple[Quantity, ...]:
    """All quantities of a text, in the order of their kinds; numbers of lists ("1.") are left out."""
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
        value = float(match[0].replace(",", "").replace("−", "-"))
        found.append(_measured(text, match.start(), match.end(), value))
    for match in _SPELLED.finditer(text):
        word = match[0].lower()
        if word in _ORDERS:
            found.append(Quantity("order", _ORDERS[word], *match.span(), match[0]))
        if word in _WORDS and not any(start <= match.start() < end for start, end in taken):
            found.append(_measured(text, *match.span(), _WORDS[word])._replace(vague=word in _VAGUE))
    return tuple(found)


def _measured(text: str, start: int, end: int, value: float) -> Quantity:
    """A number with the unit or the noun that follows it."""
    following = _FOLLOWING.match(text, end)
    name = following[1] if following and following[1] else ""
    unit = _UNITS.get(name) or _UNITS.get(name.lower()) or _UNITS.get(stem(name.lower()) if name else "")
    if unit is None:
        kind = "" if name.lower() in FUNCTION_WORDS else stem(name.lower())
        before = _PRECEDING.search(text, max(0, start - _LONGEST_WORD), start)
        return Quantity(kind, value, start, end, text[start:end], after=before[1].lower() if before else "")
    kind, size = unit
    stop = following.end(1) if following else end
    return Quantity(kind, value * size, start, stop, text[start:stop])


def differs(own: Sequence[Quantity], other: Sequence[Quantity]) -> tuple[Quantity, Quantity] | None:
    """A quantity of the first text and the one that the second has in its place, or `None`.

    The second text must lack the first's value and bring one that the first lacks, of the same kind: the same unit, the
    same counted noun, or, for bare numbers, after the same word.
    """
    for mine in own:
        if mine.vague or any(_same(mine, theirs) for theirs in other):
            continue
        new = [theirs for theirs in other if not any(_same(theirs, one) for one in own)]
        for theirs in new:
            if theirs.kind == mine.kind and (mine.kind != "" or mine.after == theirs.after):
                return mine, theirs
    return None


def _same(one: Quantity, other: Quantity) -> bool:
    if isinstance(one.value, str) or isinstance(other.value, str):
        return one.value == other.value
    if one.kind == other.kind or (_is_count(one) and _is_count(other)):
        return _close(one.value, other.value)
    shares = {one.kind, other.kind} & {"share"} and (_is_count(one) or _is_count(other))
    # "50 %" is "0.5", and some write "50" alone.
    return bool(shares) and (
        _close(one.value, other.value) or _close(100 * one.value, other.value) or _close(one.value, 100 * other.value)
    )


def _is_count(quantity: Quantity) -> bool:
    return quantity.kind not in _KINDS


_KINDS = frozenset(kind for kind, _ in _UNITS.values()) | {"growth", "order"}


def _close(one: float, other: float) -> bool:
    return abs(one - other) <= 1e-9 * max(abs(one), abs(other), 1.0)
