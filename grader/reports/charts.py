"""Pictures as inline SVG: dots with intervals, scores against scores, a curve. Numbers in, markup out.

The pictures contain no untrusted text: names are elsewhere on the page. Colours come from the page's style sheet by
class, so that they follow light, dark and print. Nothing here computes a statistic.

Own code, not matplotlib: measured at 5 s more to import, .4 s and 11 kB a chart (ours .09 s and 2 kB), 100 MB more to
install; its colours do not follow the page, and charts of altair or plotly need scripts.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from markupsafe import Markup

_STRIP_WIDTH, _STRIP_HEIGHT = 240, 22
_MARGIN = 6  # for dots at the edge


class Interval(NamedTuple):
    """A value with the ends of its interval, any of them `None` where there is none."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Axis:
    """The range of a picture, with the values that get a mark; `low` < `high`."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def at(self, value: float) -> float:
        """The position of a value, 0 at the low end to 1 at the high end; values outside are moved to the end."""
        return min(1.0, max(0.0, (value - self.low) / (self.high - self.low)))


def axis(values: Sequence[float | None], *, include: Sequence[float] = (0.0,), n_ticks: int = 5) -> Axis:
    """An axis with round marks that spans all values.

    Args:
        values: what must be shown; `None` does not count.
        include: further values that it must span.
        n_ticks: about how many marks.

    """
    known = [value for value in (*values, *include) if value is not None] or [0.0, 1.0]
    low, high = min(known), max(known)
    if high - low < 1e-6:  # a tick has ten decimals
        low, high = low - 0.5, high + 0.5
    step = _round_step((high - low) / max(1, n_ticks - 1))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = tuple(round(number * step, 10) for number in range(first, last + 1))
    return Axis(ticks[0], ticks[-1], ticks)


def _round_step(rough: float) -> float:
    """The next of 1, 2, 2.5, 5 times a power of ten that is not smaller."""
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * (1 - 1e-9))


# --- a row of a dot plot ---------------------------------------------------------------------------


def dot_plot_row(shown: Interval, span: Axis, *, zero: float | None = 0.0, css_class: str = "") -> Markup:
    """A dot with its interval on a line, for one row of a table; empty where there is no value.

    Args:
        shown: the value.
        span: the same for all rows.
        zero: position of a line that all rows share; no line if it is outside the axis.
        css_class: a class of the style sheet for the dot, from this program and not from a file.

    """
    parts = [_line(_x(tick, span), 0, _x(tick, span), _STRIP_HEIGHT, "grid") for tick in span.ticks]
    if zero is not None and span.low <= zero <= span.high:
        parts.append(_line(_x(zero, span), 0, _x(zero, span), _STRIP_HEIGHT, "zero"))
    middle = _STRIP_HEIGHT / 2
    if shown.low is not None and shown.high is not None:
        parts.append(_line(_x(shown.low, span), middle, _x(shown.high, span), middle, f"reach {css_class}"))
        for end, inside in ((shown.low, shown.low >= span.low), (shown.high, shown.high <= span.high)):
            if inside:
                parts.append(_line(_x(end, span), middle - 4, _x(end, span), middle + 4, f"reach {css_class}"))
    if shown.value is not None:
        parts.append(_dot(_x(shown.value, span), middle, 4.5, f"dot {css_class}"))
    return _svg(_STRIP_WIDTH, _STRIP_HEIGHT, parts, "strip")


def dot_plot_axis(span: Axis) -> Markup:
    """The numbers under (or above) the rows of a dot plot."""
    parts = [_text(_x(tick, span), 12, _label(tick), "middle") for tick in span.ticks]
    return _svg(_STRIP_WIDTH, 16, parts, "strip")


def _x(value: float, span: Axis) -> float:
    return _MARGIN + span.at(value) * (_STRIP_WIDTH - 2 * _MARGIN)


# --- scores against scores -------------------------------------------------------------------------


class Bubble(NamedTuple):
    """How many answers have these two scores."""

    x: float
    y: float
    n: int


def bubble_chart(counts: Sequence[Bubble], x_name: str, y_name: str) -> Markup:
    """Scores against scores: the area of a circle is the number of answers, the diagonal is agreement.

    Args:
        counts: at least one.
        x_name, y_name: what the axes are, words of this program.

    """
    span = axis([value for one in counts for value in (one.x, one.y)], n_ticks=6)
    size, left, bottom = 320, 44, 40
    width = size - left - 12

    def x(value: float) -> float:
        return left + span.at(value) * width

    def y(value: float) -> float:
        return 12 + (1 - span.at(value)) * width

    parts = [_line(x(t), y(span.low), x(t), y(span.high), "grid") for t in span.ticks]
    parts += [_line(x(span.low), y(t), x(span.high), y(t), "grid") for t in span.ticks]
    parts.append(_line(x(span.low), y(span.low), x(span.high), y(span.high), "zero"))
    most = max(one.n for one in counts)
    places = np.unique([place for one in counts for place in (one.x, one.y)])
    apart = float(np.diff(places).min()) if places.size > 1 else span.high - span.low
    largest = min(16.0, max(4.0, 0.55 * width * apart / (span.high - span.low)))
    for one in sorted(counts, key=lambda one: -one.n):
        radius = max(1.5, largest * math.sqrt(one.n / most))
        parts.append(_dot(x(one.x), y(one.y), radius, "bubble"))
    parts += [_text(x(t), size - bottom + 14, _label(t), "middle") for t in span.ticks]
    parts += [_text(left - 8, y(t) + 4, _label(t), "end") for t in span.ticks]
    parts.append(_text(left + width / 2, size - 6, x_name, "middle"))
    parts.append(_upright(14, 12 + width / 2, y_name))
    return _svg(size, size, parts, "square", f"{x_name} against {y_name}; the numbers stand in the table")


# --- a curve ---------------------------------------------------------------------------------------


class Step(NamedTuple):
    """A place on a curve."""

    x: float
    shown: Interval


def line_chart(steps: Sequence[Step], x_name: str, y_name: str, *, level: float | None = None) -> Markup:
    """A curve with its interval as a band; places without a value are left out.

    Args:
        steps: in order of `x`, a share; at least one has a value.
        x_name, y_name: what the axes are, words of this program.
        level: position of a dashed line that the curve must beat.

    """
    known = [step for step in steps if step.shown.value is not None]
    reach = [end for step in known for end in step.shown]
    ups = axis([*reach, level], include=(), n_ticks=5)
    across = axis([step.x for step in steps], include=(0.0,), n_ticks=5)
    width, height, left, bottom = 420, 240, 52, 42

    def x(value: float) -> float:
        return left + across.at(value) * (width - left - 14)

    def y(value: float) -> float:
        return 10 + (1 - ups.at(value)) * (height - bottom - 10)

    parts = [_line(left, y(t), width - 14, y(t), "grid") for t in ups.ticks]
    if level is not None:
        parts.append(_line(left, y(level), width - 14, y(level), "zero"))
    band = [step for step in known if step.shown.low is not None and step.shown.high is not None]
    edge = [(x(step.x), y(step.shown.high or 0.0)) for step in band]
    edge += [(x(step.x), y(step.shown.low or 0.0)) for step in reversed(band)]
    parts.append(Markup('<polygon points="{}" class="band"/>').format(_points(edge)))
    path = [(x(step.x), y(step.shown.value or 0.0)) for step in known]
    parts.append(Markup('<polyline points="{}" class="path"/>').format(_points(path)))
    parts += [_dot(*place, 3.5, "dot") for place in path]
    parts += [_text(left - 8, y(t) + 4, _label(t), "end") for t in ups.ticks]
    parts += [_text(x(t), height - bottom + 16, f"{t:.0%}", "middle") for t in across.ticks]
    parts.append(_text((left + width - 14) / 2, height - 6, x_name, "middle"))
    parts.append(_upright(14, (height - bottom) / 2, y_name))
    return _svg(width, height, parts, "curve", f"{y_name} by {x_name}; the numbers stand in the table")


def _points(places: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{_n(x)},{_n(y)}" for x, y in places)


# --- pieces ----------------------------------------------------------------------------------------


def _svg(width: float, height: float, parts: Sequence[Markup], css_class: str, label: str = "") -> Markup:
    """A picture; without a label it is hidden from screen readers, because the numbers are in the table."""
    said = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
    return Markup('<svg class="{}" viewBox="0 0 {} {}" {}>{}</svg>').format(
        css_class, _n(width), _n(height), said, Markup("").join(parts)
    )


def _line(x1: float, y1: float, x2: float, y2: float, css_class: str) -> Markup:
    return Markup('<line x1="{}" y1="{}" x2="{}" y2="{}" class="{}"/>').format(*map(_n, (x1, y1, x2, y2)), css_class)


def _dot(x: float, y: float, radius: float, css_class: str) -> Markup:
    return Markup('<circle cx="{}" cy="{}" r="{}" class="{}"/>').format(_n(x), _n(y), _n(radius), css_class)


def _text(x: float, y: float, text: str, anchor: str) -> Markup:
    return Markup('<text x="{}" y="{}" text-anchor="{}">{}</text>').format(_n(x), _n(y), anchor, text)


def _upright(x: float, y: float, text: str) -> Markup:
    return Markup('<g transform="rotate(-90 {0} {1})">{2}</g>').format(_n(x), _n(y), _text(x, y, text, "middle"))


def _n(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")


def _label(value: float) -> str:
    return f"{value:g}"
