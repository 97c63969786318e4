"""How texts and numbers are put into a message: one line, short, singular or plural, in an order people expect."""

import re


def one_line(text: str) -> str:
    """The text with every run of white space as one space."""
    return " ".join(text.split())


def shorten(text: str, width: int = 100) -> str:
    """The beginning of a text, on one line of at most `width` characters, in whole words where there are any."""
    flat = one_line(text)
    return flat if len(flat) <= width else flat[: width - 1].rsplit(" ", 1)[0] + "…"


def count(n: int, noun: str) -> str:
    """`1 answer`, `1,200 answers`."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def number(value: float, scale: float | None = None) -> str:
    """Two decimals, one on a scale of 10 or more, without trailing zeros."""
    text = f"{value:.1f}" if scale is not None and scale >= 10 else f"{value:.2f}"
    text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def percent(share: float | None) -> str:
    """A share in whole percent; a dash for `None`."""
    return "\u2013" if share is None else f"{share:.0%}"


def number_text(value: int | float) -> str:
    """A number as a person writes it: `7` for 7.0, `0.25` for 0.25."""
    return str(int(value)) if isinstance(value, int) or value.is_integer() else repr(value)


def duration(seconds: float) -> str:
    """`40 s`, `7 min`, `2 h 10 min`: as finely as one would say it."""
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def natural(text: str) -> tuple[list[tuple[int, str]], str]:
    """A key that sorts numbers in a text by their value: `p2` before `p10`."""
    parts = re.split(r"(\d+)", text)
    return [(int(part), "") if part.isdecimal() and len(part) < 20 else (0, part) for part in parts], text
