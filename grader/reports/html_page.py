"""Sections of a report as one self-contained HTML page, and the templates that all pages share.

A page has no scripts and loads nothing. Numbers are rounded here and nowhere before.
"""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from markupsafe import Markup

from grader.flags import plain_flags, review_reasons, sure
from grader.phrases import count, number, percent, shorten
from grader.reports.blocks import Cell, Column, Discussion, Facts, Kind, Lines, Picture, Section
from grader.reports.charts import Axis, Interval, dot_plot_axis, dot_plot_row
from grader.reports.untrusted_text import plain_text, shown_text
from grader.statistics import Estimate

if TYPE_CHECKING:
    from jinja2 import Environment


@cache
def page_templates() -> "Environment":
    """The templates of all pages, with the filters that make untrusted text safe and format numbers."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("grader.reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(shown=shown_text, plain=plain_text, number=number, percent=percent, sure=sure)
    environment.filters.update(reasons=review_reasons, plain_flags=plain_flags)
    environment.globals.update(count=count)
    return environment


def render_sections_page(sections: Sequence[Section], *, title: str, lead: Sequence[str], footer: str) -> str:
    """One HTML page; equal sections give equal bytes.

    Args:
        sections: any text in them is untrusted.
        title: untrusted text.
        lead: sentences at the top.
        footer: the signature that reproduces the numbers.
    """
    template = _section_templates().get_template("blocks.html.jinja")
    return template.render(sections=sections, title=title, lead=lead, footer=footer)


@cache
def _section_templates() -> "Environment":
    environment = page_templates().overlay()
    environment.filters = {
        **environment.filters,
        "figure": figure,
        "plain_value": plain_value,
        "dot_plot_row": _dot_plot_row,
        "dot_plot_axis": dot_plot_axis,
        "short": shorten,
    }
    kinds = {"lines": Lines, "facts": Facts, "picture": Picture, "discussion": Discussion, "estimate": Estimate}
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


def _dot_plot_row(cell: Cell, span: Axis, column: Column, css_class: str) -> Markup:
    if isinstance(cell, Estimate):
        return dot_plot_row(Interval(cell.value, cell.low, cell.high), span, zero=column.zero, css_class=css_class)
    return dot_plot_row(Interval(plain_value(cell), None, None), span, zero=column.zero, css_class=css_class)
