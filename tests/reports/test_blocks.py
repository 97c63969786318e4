from grader.reports.blocks import Column, Heat, Lines, Picture, Section, Table, report_tables
from grader.reports.charts import Bubble, bubble_chart
from grader.reports.html_page import figure, plain_value, render_sections_page
from grader.statistics.intervals import Estimate

TABLE = Table(
    "raters",
    "Raters",
    (
        Column("rater", "Rater"),
        Column("severity", "Severity", "move", dot_plot=True),
        Column("word", "Word", "flag"),
        Column("hidden", "Hidden", in_csv_only=True),
        Column("nothing", "Nothing"),
    ),
    (
        ("<script>alert(1)</script>", Estimate(-0.5, -1.0, 0.0, 30), "strict", "secret", None),
        ("{{7*7}}", Estimate(None, None, None, 0, "too few"), None, None, None),
    ),
    "A rule.",
    row_classes=("strict", ""),
)


def page(*blocks: object) -> str:
    section = Section("one", "One", tuple(blocks))  # type: ignore[arg-type]
    return render_sections_page([section], title="A & B", lead=["Read <this>."], footer="sig")


def test_a_table_as_csv_has_the_parts_of_estimates() -> None:
    assert TABLE.csv_columns() == [
        *("rater", "severity", "severity_low", "severity_high", "severity_n", "severity_note"),
        *("word", "hidden", "nothing"),
    ]
    first, second = TABLE.csv_rows()
    assert [first[f"severity{part}"] for part in ("", "_low", "_high", "_n")] == [-0.5, -1.0, 0.0, 30]
    assert first["hidden"] == "secret"
    assert second["severity"] is None and second["severity_note"] == "too few"


def test_untrusted_text_is_shown_as_it_is() -> None:
    html = page(TABLE, Lines(("<b>bold</b>",)))
    assert "<script" not in html and "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "<bdi>{{7*7}}</bdi>" in html
    assert "Read &lt;this&gt;." in html and "&lt;b&gt;bold&lt;/b&gt;" in html
    assert "default-src 'none'" in html and "http" not in html.replace("http-equiv", "")


def test_a_page_leaves_out_what_is_empty_or_for_the_csv_alone() -> None:
    html = page(TABLE)
    assert "secret" not in html and "Nothing" not in html
    assert "−0.50" in html and "−1.00 to 0.00" in html and "A rule." in html


def test_a_long_table_says_where_the_rest_is() -> None:
    long = Table("many", "Many", (Column("n", "N", "count"),), tuple((i,) for i in range(100)), max_rows=3)
    html = page(long)
    assert "the first 3 of 100, all are in many.csv" in html
    assert len(list(long.csv_rows())) == 100


def test_heat_is_a_share_of_colour() -> None:
    assert Heat(1, 0.0, 4.0).share(1.0) == 0.25
    assert Heat(1, 0.0, 4.0, by_root=True).share(1.0) == 0.5
    assert Heat(1, 2.0, 2.0).share(2.0) == 0.0
    columns = (Column("a", "A"), Column("b", "B", "count"))
    table = Table("heat", "Heat", columns, (("x", 2), ("y", None)), heat=Heat(1, 0, 4))
    assert '<td class="on" style="--share:0.5">2</td>' in page(table)


def test_the_tables_of_a_report_are_those_of_its_pictures_too() -> None:
    picture = Picture(bubble_chart([Bubble(1, 1, 1)], "x", "y"), TABLE)
    section = Section("s", "S", (TABLE, picture, Lines(("text",))))
    assert [table.name for table in report_tables([section])] == ["raters"] * 2


def test_figures() -> None:
    assert [figure(0.256, "share"), figure(1234.4, "count"), figure(0.5, "number")] == ["26%", "1,234", "0.50"]
    assert [figure(0.5, "move"), figure(-0.5, "move"), figure(-0.001, "move")] == ["+0.50", "−0.50", "0.00"]
    assert [figure(2.0, "tenth"), figure(0.26, "tenth")] == ["2", "0.3"]
    assert (plain_value(Estimate(0.5, None, None, 1)), plain_value("x"), plain_value(None)) == (0.5, None, None)
