"""Sections of a report as one self-contained HTML page, without scripts or anything from elsewhere.

Nothing here knows what is reported; numbers are rounded here and nowhere before.
"""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from markupsafe import Markup

from grader.phrases import shorten
from grader.reports.blocks import Cell, Column, Facts, Kind, Lines, Picture, Section, Talk
from grader.reports.charts import Axis, Interval, strip, strip_axis
from grader.reports.grades.page import page_templates, percent
from grader.statistics import Estimate

if TYPE_CHECKING:
    from jinja2 import Environment


def render_sections_page(sections: Sequence[Section], *, title: str, lead: Sequence[str], footer: str) -> str:
    """One page; the same sections, the same page.

    Args:
        sections: any texts in them are shown as they are.
        title: likewise.
        lead: what must be read first.
        footer: what reproduces the numbers.
    """
    template = _environment().get_template("blocks.html.jinja")
    return template.render(sections=sections, title=title, lead=lead, footer=footer)


@cache
def _environment() -> "Environment":
    environment = page_templates().overlay()
    environment.filters = {
        **environment.filters,
        "figure": figure,
        "plain_value": plain_value,
        "strip": _strip,
        "strip_axis": strip_axis,
        "short": shorten,
    }
    kinds = {"lines": Lines, "facts": Facts, "picture": Picture, "talk": Talk, "estimate": Estimate}
    tests = {name: (lambda value, kind=kind: isinstance(value, kind)) for name, kind in kinds.items()}
    environment.tests = {**environment.tests, **tests}
    return environment


def figure(value: float, kind: Kind) -> str:
    """A number as people read it: a share in percent, a move with its sign, most others with two decimals."""
    if kind == "share":
        return percent(value)
    if kind == "count":
        return f"{value:,.0f}"
    if kind == "tenth":
        return f"{value:.1f}".removesuffix(".0")
    text = f"{value:+.2f}" if kind == "move" else f"{value:.2f}"
    return "0.00" if text in ("-0.00", "+0.00") else text.replace("-", "\u2212")


def plain_value(cell: Cell) -> float | None:
    """The number of a cell, of an estimate its value."""
    value = cell.value if isinstance(cell, Estimate) else cell
    return float(value) if isinstance(value, int | float) else None


def _strip(cell: Cell, span: Axis, column: Column, look: str) -> Markup:
    if isinstance(cell, Estimate):
        return strip(Interval(cell.value, cell.low, cell.high), span, zero=column.zero, look=look)
    return strip(Interval(plain_value(cell), None, None), span, zero=column.zero, look=look)
