import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from grader.reports.charts import (
    Axis,
    Bubble,
    Interval,
    Step,
    axis,
    bubble_chart,
    dot_plot_axis,
    dot_plot_row,
    line_chart,
)


def parsed(markup: Markup) -> ET.Element:
    return ET.fromstring(str(markup))  # noqa: S314  # our own markup


def places(markup: Markup, tag: str, look: str, name: str) -> list[float]:
    found = [element for element in parsed(markup).iter(tag) if look in (element.get("class") or "").split()]
    return [float(element.get(name) or "nan") for element in found]


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ([-0.3, 0.45], (-0.4, -0.2, 0.0, 0.2, 0.4, 0.6)),
        ([0.0, 1.0], (0.0, 0.25, 0.5, 0.75, 1.0)),
        ([1, 40], (0.0, 10.0, 20.0, 30.0, 40.0)),
        ([None, 0.0], (-0.5, -0.25, 0.0, 0.25, 0.5)),
    ],
)
def test_an_axis_has_round_marks(values: list[float | None], ticks: tuple[float, ...]) -> None:
    assert axis(values).ticks == ticks


@given(st.lists(st.floats(-1e6, 1e6, allow_subnormal=False), min_size=1, max_size=5))
def test_an_axis_spans_its_values(values: list[float]) -> None:
    span = axis(values)
    slack = 1e-6 * (span.high - span.low)
    assert all(span.low - slack <= value <= span.high + slack for value in (*values, 0.0))
    assert 2 <= len(span.ticks) <= 12


def test_a_strip_shows_value_interval_and_zero() -> None:
    span = Axis(-1.0, 1.0, (-1.0, 0.0, 1.0))
    shown = dot_plot_row(Interval(0.5, 0.0, 2.0), span, css_class="lenient")
    assert places(shown, "circle", "lenient", "cx") == [177]
    assert places(shown, "line", "zero", "x1") == [120]
    reach = parsed(shown).findall(".//{*}line[@class='reach lenient']")
    assert [(line.get("x1"), line.get("x2")) for line in reach] == [("120", "234"), ("120", "120")]


def test_a_strip_without_a_value_is_empty() -> None:
    shown = dot_plot_row(Interval(None, None, None), axis([0.0, 1.0]))
    assert places(shown, "circle", "dot", "cx") == []
    assert [element.text for element in parsed(dot_plot_axis(axis([0.0, 1.0])))] == ["0", "0.25", "0.5", "0.75", "1"]


def test_the_area_of_a_bubble_is_the_number_of_answers() -> None:
    shown = bubble_chart([Bubble(1, 1, 9), Bubble(2, 1, 36)], "people", "grader")
    assert places(shown, "circle", "bubble", "r") == [16, 8]
    assert parsed(shown).get("aria-label") == "people against grader; the numbers stand in the table"


def test_a_curve_leaves_out_what_is_undefined() -> None:
    steps = [
        Step(0.0, Interval(0.5, 0.4, 0.6)),
        Step(0.1, Interval(None, None, None)),
        Step(0.2, Interval(0.7, None, None)),
    ]
    shown = line_chart(steps, "share sent to people", "agreement of the rest", level=0.5)
    assert len(places(shown, "circle", "dot", "cx")) == 2
    [path] = parsed(shown).findall(".//{*}polyline")
    assert len((path.get("points") or "").split()) == 2
    [band] = parsed(shown).findall(".//{*}polygon")
    assert len((band.get("points") or "").split()) == 2
