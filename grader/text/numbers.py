"""Numbers with their units, and orders of growth such as O(n log n), extracted from a text and compared by value.

Two quantities are equal, different or not comparable. Every way of writing a number (separators, words, fractions,
powers, signs, percent) is read as one value, and units of one kind are converted to a base unit.

Own code, not quantulum3 or pint (not installed): this also reads orders of growth, counted nouns, calculations and
list numbers, which a comparison needs, and needs no further package.
"""

import re
import unicodedata
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
}  # fmt: skip
_SCALES = {"hundred": 100.0, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12, "dozen": 12.0}
_MULTIPLES = {"twice": 2.0, "double": 2.0, "once": 1.0, "thrice": 3.0, "triple": 3.0, "both": 2.0}
_PARTS = {
    "half": 0.5, "halves": 0.5, "third": 1 / 3, "thirds": 1 / 3, "quarter": 0.25, "quarters": 0.25, "fifth": 0.2,
    "fifths": 0.2, "sixth": 1 / 6, "sixths": 1 / 6, "eighth": 0.125, "eighths": 0.125, "tenth": 0.1, "tenths": 0.1,
}  # fmt: skip
_ORDINALS = {
    word: float(value)
    for value, word in enumerate(
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split(), start=1
    )
}
# Nouns that are numbered before or after: "the third step" is "step 3".
_NUMBERED = frozenset(
    "step stage phase chapter section part level rule law layer line question round act article item".split()
)
# Words that are often no number ("one" as a pronoun). In the other text they may match a number, but none is required
# for them.
_VAGUE = frozenset(["one", "once", "both", "double", "half", "twice", "hundred", "thousand", "dozen"])
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
    "hour": ("time", 3600.0), "day": ("time", 86400.0), "week": ("time", 604800.0), "month": ("time", 2.628e6),
    "year": ("time", 3.1536e7), "bit": ("data", 1.0), "byte": ("data", 8.0), "kb": ("data", 8e3), "mb": ("data", 8e6),
    "gb": ("data", 8e9), "tb": ("data", 8e12), "kilobyte": ("data", 8e3), "megabyte": ("data", 8e6),
    "gigabyte": ("data", 8e9), "mm": ("length", 1e-3), "cm": ("length", 1e-2), "m": ("length", 1.0),
    "km": ("length", 1e3), "meter": ("length", 1.0), "metre": ("length", 1.0), "kilometer": ("length", 1e3),
    "kilometre": ("length", 1e3), "centimeter": ("length", 1e-2), "millimeter": ("length", 1e-3), "g": ("mass", 1e-3),
    "kg": ("mass", 1.0), "gram": ("mass", 1e-3), "kilogram": ("mass", 1.0), "mg": ("mass", 1e-6),
    "%": ("share", 0.01), "percent": ("share", 0.01), "v": ("voltage", 1.0), "volt": ("voltage", 1.0),
    "mv": ("voltage", 1e-3), "w": ("power", 1.0), "watt": ("power", 1.0), "kw": ("power", 1e3), "hz": ("rate", 1.0),
    "khz": ("rate", 1e3), "mhz": ("rate", 1e6), "ghz": ("rate", 1e9), "hr": ("time", 3600.0),
    "centimetre": ("length", 1e-2), "millimetre": ("length", 1e-3), "milligram": ("mass", 1e-6),
    "tonne": ("mass", 1e3), "l": ("volume", 1e-3), "litre": ("volume", 1e-3), "liter": ("volume", 1e-3),
    "ml": ("volume", 1e-6), "millilitre": ("volume", 1e-6), "milliliter": ("volume", 1e-6),
    "terabyte": ("data", 8e12), "kilowatt": ("power", 1e3), "dollar": ("money $", 1.0), "usd": ("money $", 1.0),
    "euro": ("money €", 1.0), "eur": ("money €", 1.0), "gbp": ("money £", 1.0), "yen": ("money ¥", 1.0),
    "pound": ("money £", 1.0),
    "$": ("money $", 1.0), "€": ("money €", 1.0), "£": ("money £", 1.0), "¥": ("money ¥", 1.0),
}  # fmt: skip
# Units of which "a day" means one; "a second" may be an ordinal.
_ONE_OF = "minute|hour|day|week|month|year|metre|meter|kilometre|kilometer|kilogram|litre|liter|tonne|million"
_GROWTH = re.compile(r"\b[OΘΩ]\s*\(([^()]*(?:\([^()]*\)[^()]*)*)\)")
# "0,5" and "12,5 %" have a decimal comma, "1,024" and "1 024" thousands separators.
_NUMBER = re.compile(
    r"""(?<![\w.])[-−]?(?:
      (?:(?P<factor>\d+(?:\.\d+)?)\s?[x×*·]\s?(?=10\s?(?:\^|\*\*|[⁰¹²³⁴-⁹⁻])))?
        (?P<base>\d+(?:\.\d+)?)(?:\s?(?:\^|\*\*)\s?[({]?(?P<power>[-−+]?\d{1,3})[)}]?|(?P<raised>⁻?[⁰¹²³⁴-⁹]+))(?![\w^])
    | (?:(?P<whole>\d+)[ ])?(?P<top>\d+)[/⁄](?P<bottom>[1-9]\d*)(?![\w/⁄])
    | (?P<mixed>\d+)?[ ]?(?P<vulgar>[¼½¾⅐-⅞])
    | (?P<comma>0,\d+|\d+,\d+(?=\s*%)|\d+,\d{1,2}(?=\s?(?:percent|per\ cent|k?m|cm|mm|kg|g|ml|litres?|hours?)\b))
    | \d{1,3}(?:[ \u00a0\u202f]\d{3})+(?![\d,]|\.\d)
    | \d+(?:,\d{3})+(?:\.\d+)?
    | \d{1,3}(?:['’]\d{3})+(?!\d)
    | \d*\.?\d+(?:e[-+]?\d+)?
    )(?P<suffix>(?-i:k|M|bn)(?!\w))?""",
    re.IGNORECASE | re.VERBOSE,
)
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻−", "0123456789--")
_SUFFIXES = {"k": 1e3, "M": 1e6, "bn": 1e9}
_ORDINAL_NUMBER = re.compile(r"(?<![\w.])(\d+)(?:st|nd|rd|th)\b", re.IGNORECASE)
_SCALE_AFTER = re.compile(r"[ -]?(hundred|thousand|million|billion|trillion|dozen)\b", re.IGNORECASE)
_PART_AFTER = re.compile(r"\s+and\s+(?:(?:a|one)\s+(half|third|quarter)|(three)[ -](quarters))\b", re.IGNORECASE)
_A_UNIT = re.compile(rf"\b(?:an?)\s+({_ONE_OF})\b(?!-)", re.IGNORECASE)
# "Chapter IV" is chapter 4.
_ROMAN = re.compile(
    r"\b((?i:chapter|part|phase|stage|section|act|article|volume|book|war|type|level|grade|law|step))"
    r"\s+(I{1,3}|IV|VI{0,3}|IX|XI{0,3}|XIV|XV)(?![\w'’])"
)
_ROMANS = {
    name: float(value)
    for value, name in enumerate("I II III IV V VI VII VIII IX X XI XII XIII XIV XV".split(), start=1)
}
# "1 in 6" and "five out of six"; "2:30 hours".
_ONE_IN = re.compile(
    rf"(?:(?:1|one)\s+in|(?P<top>\d+|{'|'.join(_WORDS)})\s+out\s+of)\s+(?:every\s+)?"
    rf"(?P<bottom>\d{{1,6}}|{'|'.join(_WORDS)})(?![\w-])(?!\s+(?:{_ONE_OF})s?\b)",
    re.IGNORECASE,
)
_FIRST_YEAR, _LAST_YEAR = 1100, 2100
_HOURS = re.compile(r"\b(\d{1,3}):([0-5]\d)\s*-?\s*(?:hours?|hrs?|h)\b", re.IGNORECASE)
# Between the parts of a duration: "two hours and thirty minutes".
_AND_PART = re.compile(r"\s*(?:,|and|,\s*and)?\s*", re.IGNORECASE)
_BINARY = (1.024, 1.024**2, 1.024**3, 1.024**4)
_RATE = re.compile(
    rf"(?:\b(?:once|twice|times|per|half|quarter of)|(?:\d|\b(?:{'|'.join(_WORDS)}))[ ]?[^\W\d_]+)\s*$", re.IGNORECASE
)
_OF_A_UNIT = re.compile(rf"\s+(?:of\s+)?an?\s+(?=(?:{_ONE_OF})\b)", re.IGNORECASE)
_UNIT = re.compile(
    r"""\s*-?\s*(?:
      (?P<degrees>°|degrees?\b)(?:\s*(?P<scale>celsius|centigrade|fahrenheit|[cf])\b)?
    | (?P<dimension>square|cubic)\s+(?P<length>[^\W\d_]+)
    | (?P<cent>per\ cent)\b
    | (?P<edge>k?m|cm|mm)(?:\^?(?P<exponent>[23²³]))(?!\w)
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_BELOW = re.compile(r"\s+below\s+(?:zero|freezing)\b", re.IGNORECASE)
_MINUS = re.compile(r"\b(?:minus|negative)\s+$", re.IGNORECASE)
_CURRENCY = re.compile(r"(?:\bUS)?([$€£¥])\s?$")
_YEAR = re.compile(r"\b(?:the\s+)?year\s+$", re.IGNORECASE)
_AT_LEAST = re.compile(
    r"(?:\bat\s+least|\bno[t]?\s+(?:less|fewer|younger|lower|smaller|shorter|earlier)\s+than|\ba\s+minimum\s+of|≥)\s*$",
    re.IGNORECASE,
)
_AT_MOST = re.compile(
    r"(?:\bat\s+most|\bno[t]?\s+(?:more|older|higher|greater|larger|longer|later)\s+than|\ba\s+maximum\s+of|≤)\s*$",
    re.IGNORECASE,
)
# Characters before a number in which its sign, currency and bound are looked for.
_REACH = 30
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
        bound: "least" or "most" where the number is a limit, or empty.

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
    bound: str = ""


def quantities(text: str) -> tuple[Quantity, ...]:
    """All quantities of a text, grouped by how they are written; list numbers ("1.") are left out."""
    found = []
    taken: list[tuple[int, int]] = []
    for match in _GROWTH.finditer(text):
        inner = re.sub(r"[\s*^·]", "", match[1]).lower().replace("²", "2").replace("³", "3")
        found.append(Quantity("growth", inner, match.start(), match.end(), match[0]))
        taken.append(match.span())
    for match in _HOURS.finditer(text):
        value = 60 * float(match[1]) + float(match[2])
        neighbours = _neighbours(text, *match.span())
        found.append(Quantity("time", 60 * value, *match.span(), match[0], False, "", neighbours, value))
        taken.append(match.span())
    for match in _ONE_IN.finditer(text):
        top, bottom = (_small(word) for word in (match["top"] or "1", match["bottom"]))
        if (
            0 < top <= bottom
            and not _FIRST_YEAR <= bottom <= _LAST_YEAR
            and not any(start <= match.start() < end for start, end in taken)
        ):
            neighbours = _neighbours(text, *match.span())
            found.append(Quantity("", top / bottom, *match.span(), match[0], False, neighbours[0], neighbours, None))
            taken.append(match.span())
    for match in _ROMAN.finditer(text):
        noun, value = stem(match[1].lower()), _ROMANS[match[2]]
        found.append(Quantity(noun, value, *match.span(), match[0], True, "", _neighbours(text, *match.span()), value))
        taken.append(match.span())
    for match in _ORDINAL_NUMBER.finditer(text):
        found.append(_ordinal(text, *match.span(), float(match[1])))
        taken.append(match.span())
    for match in _NUMBER.finditer(text):
        label = _LABEL.search(text[: match.start()]) and text[match.end() : match.end() + 1] in (".", ")", ":")
        if label or any(start <= match.start() < end for start, end in taken):
            continue
        read = _read_digits(match)
        if read is None:
            continue
        value, precision, end = *read, match.end()
        while scale := _SCALE_AFTER.match(text, end):
            size = _SCALES[scale[1].lower()]
            value, precision, end = value * size, precision * size, scale.end()
        part = _PART_AFTER.match(text, end)
        if part:
            value, end = value + _part(part), part.end()
        quantity = _with_unit(text, match.start(), end, value, precision=precision)
        found.append(quantity)
        taken.append((match.start(), quantity.end))
    for quantity in _spelled(text):
        if not any(start <= quantity.start < end for start, end in taken):
            found.append(quantity)
    for match in _A_UNIT.finditer(text):
        if not _RATE.search(text[: match.start()]) and not any(
            one.start < match.end() and match.start() < one.end for one in found
        ):
            one = match[1].lower()
            kind, size = _UNITS.get(one, ("", 1e6))
            part = _PART_AFTER.match(text, match.end())
            start, end, n_units = match.start(), part.end() if part else match.end(), 1 + (_part(part) if part else 0)
            neighbours = _neighbours(text, start, end)
            found.append(
                Quantity(
                    kind, n_units * size, start, end, text[start:end], not part, neighbours[0], neighbours, n_units
                )
            )
            if part:
                found = [one for one in found if not match.end() <= one.start < end]
    return tuple(_joined_durations(text, found))


def _small(word: str) -> float:
    """The value of a number in digits or of a small one in words."""
    return float(word) if word.isdecimal() else _WORDS[word.lower()]


def _joined_durations(text: str, found: Sequence[Quantity]) -> list[Quantity]:
    """The quantities, where "two hours and thirty minutes" is one."""
    joined: list[Quantity] = []
    order = sorted(range(len(found)), key=lambda index: found[index].start)
    for one in (found[index] for index in order):
        before = joined[-1] if joined else None
        if (
            before
            and before.kind == one.kind == "time"
            and not (one.vague or before.bound or one.bound)
            and isinstance(before.value, float)
            and isinstance(one.value, float)
            and 0 < one.value < before.value / max(before.number or 1.0, 1e-9)
            and _AND_PART.fullmatch(text, before.end, one.start)
        ):
            words = text[before.start : one.end]
            value, around = before.value + one.value, (before.neighbours[0], one.neighbours[1])
            joined[-1] = before._replace(
                value=value, end=one.end, text=words, number=None, neighbours=around, vague=False
            )
        else:
            joined.append(one)
    if len(joined) == len(found):
        return list(found)
    return joined


def _read_digits(match: re.Match[str]) -> tuple[float, float] | None:
    """Value and precision of a number in digits; `None` where it is too large."""
    sign = -1.0 if match[0][0] in "-−" else 1.0
    size = _SUFFIXES[match["suffix"]] if match["suffix"] else 1.0
    if match["base"]:
        exponent = int((match["power"] or match["raised"]).translate(_RAISED))
        try:
            value = float(match["factor"] or 1) * float(match["base"]) ** exponent
        except (OverflowError, ZeroDivisionError):
            return None
        return sign * value * size, 0.0
    if match["bottom"]:
        return sign * (float(match["whole"] or 0) + float(match["top"]) / float(match["bottom"])) * size, 0.0
    if match["vulgar"]:
        return sign * (float(match["mixed"] or 0) + unicodedata.numeric(match["vulgar"])) * size, 0.0
    written = match[0].removesuffix(match["suffix"] or "")
    plain = re.sub(r"[\s'’]", "", written.replace("−", "-"))
    plain = plain.replace(",", ".") if match["comma"] else plain.replace(",", "")
    return float(plain) * size, _precision(plain) * size


def _part(match: re.Match[str]) -> float:
    """The value of "and a half" or "and three quarters"."""
    return _PARTS[match[1].lower()] if match[1] else 0.75


def _spelled(text: str) -> list[Quantity]:
    """The quantities in words, in order."""
    found: list[Quantity] = []
    words = [(match[0].lower(), *match.span()) for match in _SPELLED.finditer(text)]
    at = 0
    while at < len(words):
        word, start, end = words[at]
        following = words[at + 1][0] if at + 1 < len(words) else ""
        if word in _ORDERS:
            found.append(
                Quantity("order", _ORDERS[word], start, end, text[start:end], neighbours=_neighbours(text, start, end))
            )
        elif word in _PARTS and (
            word in ("half", "quarter") or (following == "of" and at > 0 and words[at - 1][0] in ("a", "one"))
        ):
            found.append(_with_unit(text, start, end, _PARTS[word])._replace(vague=True))
        elif word in _MULTIPLES:
            found.append(_with_unit(text, start, end, _MULTIPLES[word])._replace(vague=word in _VAGUE))
        elif word in _ORDINALS:
            if word != "second" or (at > 0 and words[at - 1][0] == "the" and following):
                found.append(_ordinal(text, start, end, _ORDINALS[word])._replace(vague=word in ("first", "second")))
        elif word in _WORDS or word in _SCALES:
            value, after = _spelled_value(text, words, at)
            end = words[after - 1][2]
            vague = after == at + 1 and word in _VAGUE
            if word in _SCALES and at > 0 and words[at - 1][0] == "a":
                start = words[at - 1][1]  # "a dozen"
            part = _PART_AFTER.match(text, end)
            if part:
                value, end, vague = value + _part(part), part.end(), False
            found.append(_with_unit(text, start, end, value)._replace(vague=vague))
            while after < len(words) and words[after][1] < end:
                after += 1
            at = after
            continue
        at += 1
    return found


def _spelled_value(text: str, words: Sequence[tuple[str, int, int]], at: int) -> tuple[float, int]:
    """The value of the number in words that begins at an index, and the index after it."""
    total, current, after = 0.0, 0.0, at
    while after < len(words):
        word, start, _ = words[after]
        if after > at and text[words[after - 1][2] : start].strip("- \t"):
            break
        following = words[after + 1][0] if after + 1 < len(words) else ""
        if word in _WORDS and (
            after == at
            or (current % 100 == 0 and (current > 0 or total > 0))
            or (current % 100 >= 20 and current % 10 == 0 and 1 <= _WORDS[word] <= 9)
        ):
            current += _WORDS[word]
        elif word == "hundred" and current < 100:
            current = (current or 1.0) * 100
        elif word in _SCALES and word != "hundred":
            total, current = total + (current or (1.0 if after == at else 0.0)) * _SCALES[word], 0.0
        elif after > at and word in _PARTS and word not in ("half", "third") and current and not total:
            return current * _PARTS[word], after + 1
        elif after > at and word == "third" and current == 1:
            return _PARTS[word], after + 1
        elif after > at and word == "point" and following in _WORDS and _WORDS[following] < 10:
            return total + current + _WORDS[following] / 10, after + 2
        elif not (after > at and word == "and" and words[after - 1][0] in _SCALES and following in _WORDS):
            break
        after += 1
    return total + current, after


def _ordinal(text: str, start: int, end: int, value: float) -> Quantity:
    """A place in an order, with the noun that it numbers where that may be numbered afterwards."""
    neighbours = _neighbours(text, start, end)
    noun = stem(neighbours[1]) if neighbours[1] else ""
    kind = noun if noun not in FUNCTION_WORDS else ""
    if kind in _NUMBERED:
        following = _FOLLOWING.match(text, end)
        end = following.end(1) if following else end
    return Quantity(kind or "ordinal", value, start, end, text[start:end], False, "", neighbours, value)


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
    """A number with what belongs to it: sign, currency, bound, and the unit or the noun that follows it."""
    first = start
    currency = _CURRENCY.search(text, max(0, first - _REACH), first)
    first = currency.start() if currency else first
    minus = _MINUS.search(text, max(0, first - _REACH), first)
    if minus or (text[first - 1 : first] in ("-", "−") and currency and not text[first - 2 : first - 1].strip()):
        value, first = -value, minus.start() if minus else first - 1
    year = _YEAR.search(text, max(0, first - _REACH), first)
    first = year.start() if year else first
    bound = ""
    for name, pattern in (("least", _AT_LEAST), ("most", _AT_MOST)):
        limit = pattern.search(text, max(0, first - _REACH), first)
        if limit:
            bound, first = name, limit.start()
    neighbours = _neighbours(text, first, end)
    around = text[max(0, start - _LONGEST_WORD) : start]
    calculated = bool(_CALCULATED.search(around) or _CALCULATING.match(text, end) or _EXAMPLE.search(text[:start]))
    article = _OF_A_UNIT.match(text, end) if 0 < value < 1 else None
    kind, size, stop = _unit(text, article.end() if article else end)
    shift = 0.0
    if currency:
        kind, size, stop = f"money {currency[1]}", 1.0, end
    if kind == "fahrenheit":
        kind, size, shift = "degree", 5 / 9, 32.0
    below = _BELOW.match(text, stop if kind else end) if kind in ("", "degree") and value > 0 else None
    if below:
        kind, value, stop = "degree", -value, below.end()
    if kind:
        words = text[first:stop]
        measured = (value - shift) * size
        return Quantity(
            kind, measured, first, stop, words, False, "", neighbours, value, precision * size, calculated, bound
        )
    following = _FOLLOWING.match(text, end)
    name = following[1].lower() if following and following[1] else ""
    noun = "" if name in FUNCTION_WORDS else stem(name)
    named = _NAMED.search(around)
    before = _PRECEDING.search(text, max(0, first - _LONGEST_WORD), first)
    if before and stem(before[1].lower()) in _NUMBERED and not named:
        noun, first = stem(before[1].lower()), before.start(1)
    preceding = f"= {named[1].lower()}" if named else neighbours[0]
    words = text[first:end]
    return Quantity(noun, value, first, end, words, False, preceding, neighbours, value, precision, calculated, bound)


def _unit(text: str, end: int) -> tuple[str, float, int]:
    """Kind, size and end of the unit that begins at a place of a text; no kind where there is none."""
    match = _UNIT.match(text, end)
    if match and match["degrees"]:
        return "fahrenheit" if (match["scale"] or "c").lower().startswith("f") else "degree", 1.0, match.end()
    if match and match["cent"]:
        return "share", 0.01, match.end()
    if match and (match["dimension"] or match["edge"]):
        length = (match["length"] or match["edge"]).lower()
        kind, size = _UNITS.get(length) or _UNITS.get(stem(length)) or ("", 0.0)
        cubic = (match["dimension"] or "").lower() == "cubic" or match["exponent"] in ("3", "³")
        if kind == "length":
            return ("volume", size**3, match.end()) if cubic else ("area", size**2, match.end())
    following = _FOLLOWING.match(text, end)
    name = following[1] if following and following[1] else ""
    unit = _UNITS.get(name) or _UNITS.get(name.lower()) or _UNITS.get(stem(name.lower()) if name else "")
    return (*unit, following.end(1)) if unit and following else ("", 1.0, end)


def same_quantity(one: Quantity, other: Quantity) -> bool:
    """Whether two quantities have one value and one kind, however they are written.

    Bare numbers and counted nouns are of one kind; a share is one with a bare number ("50 %", "0.5").
    """
    if one.calculated or other.calculated or isinstance(one.value, str) or isinstance(other.value, str):
        return False
    shares = "share" in (one.kind, other.kind) and (_is_count(one) or _is_count(other))
    counts = _is_count(one) and _is_count(other)
    return (one.kind == other.kind or shares or counts) and one.bound == other.bound and _same(one, other)


def rewrite_quantities(text: str, found: Sequence[Quantity], wanted: Sequence[Quantity]) -> str:
    """A text with those of its quantities that another text has as well written as they are there.

    Args:
        text, found: the text and its quantities.
        wanted: the quantities of the other text.

    """
    written = {quantity.text.lower() for quantity in wanted}
    for own in sorted(found, key=lambda quantity: quantity.start, reverse=True):
        if own.text.lower() not in written:
            match = next((other for other in wanted if same_quantity(own, other)), None)
            if match is not None:
                text = text[: own.start] + match.text + text[own.end :]
    return text


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
            if _comparable_kinds(mine, theirs) and (
                mine.kind != "" or (mine.preceding and mine.preceding == theirs.preceding)
            ):
                same_place = (
                    mine.neighbours[0] == theirs.neighbours[0] or mine.neighbours[1] == theirs.neighbours[1] != ""
                )
                if same_place or not (elsewhere or _count(theirs, own)):
                    return mine, theirs
    return None


def _comparable_kinds(one: Quantity, other: Quantity) -> bool:
    return one.kind == other.kind or (one.kind.startswith("money") and other.kind.startswith("money"))


def _count(quantity: Quantity, among: Sequence[Quantity]) -> int:
    return sum(_same(quantity, other) for other in among)


def _same(one: Quantity, other: Quantity) -> bool:
    if isinstance(one.value, str) or isinstance(other.value, str):
        return one.value == other.value
    if one.bound and other.bound and one.bound != other.bound:
        return False
    precision = max(one.precision, other.precision)
    if one.kind == other.kind == "data" and any(
        _close(one.value * size, other.value, precision) or _close(one.value, other.value * size, precision)
        for size in _BINARY
    ):
        return True  # 2 KB are 2,000 or 2,048 bytes
    if one.kind == other.kind or (_is_count(one) and _is_count(other)):
        return _close(one.value, other.value, precision)
    # One text may leave the unit out.
    if (
        _is_count(one) != _is_count(other)
        and one.number is not None
        and one.number == other.number
        and "money" not in one.kind + other.kind
    ):
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


_KINDS = frozenset(kind for kind, _ in _UNITS.values()) | {"growth", "order", "degree", "area"}


def _close(one: float, other: float, precision: float) -> bool:
    """Whether two values are equal within the precision of the less precise one."""
    return abs(one - other) <= 0.5 * precision + 1e-9 * max(abs(one), abs(other), 1.0)
