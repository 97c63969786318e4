import pytest

from grader.errors import InputError
from grader.files.markup import (
    PageLine,
    html_lines,
    looks_like_html,
    looks_like_markdown,
    markdown_lines,
    page_text,
    plain_lines,
    plain_text,
)


def shown(page: list[PageLine]) -> list[tuple[int, str]]:
    return [(line.number, line.text) for line in page if not line.is_blank and line.role != "end"]


def test_markdown_lines_say_what_they_were() -> None:
    text = """\
# Bees

Some *words* and
more **words**.

2. ### What is wax?

   - inner
     - deeper

~~~text
# no heading
~~~

> quoted

Setext
------

| name | use |
|------|-----|
| wax  | a \\| b |
"""
    page = markdown_lines(text)
    assert shown(page) == [
        (1, "Bees"),
        (3, "Some words and"),
        (4, "more words."),
        (6, "2. What is wax?"),
        (8, "- inner"),
        (9, "- deeper"),
        (11, "```text"),
        (12, "# no heading"),
        (13, "```"),
        (15, "quoted"),
        (17, "Setext"),
        (20, "| name | use |"),
        (20, "| --- | --- |"),
        (22, "| wax | a \\| b |"),
    ]
    assert [line.heading for line in page if line.heading] == [1, 3, 2]
    assert [line.text for line in page if line.code] == ["```text", "# no heading", "```"]
    assert [line.depth for line in page if "inner" in line.text or "deeper" in line.text] == [2, 3]
    assert [line.cells for line in page if line.role == "row"] == [("name", "use"), (), ("wax", "a | b")]


@pytest.mark.parametrize(
    "text",
    [
        "What does `__init__` do, and __init__ or a*b*c?",
        "What is the <b> tag, and a list<T> of <T>?",
        "Take $a_1 * b_2 * c$ and \\(x \\* y\\) and \\[z\\] at $5 to $6.",
        "~~not~~ 2 * 3 * 4 > 1 & x < y",
    ],
)
def test_what_only_looks_like_markup_stays(text: str) -> None:
    assert shown(markdown_lines(text)) == [(1, text)]


def test_markup_goes_and_its_text_stays() -> None:
    assert shown(
        markdown_lines("A <b>bold</b> _word_, x<sup>2</sup>, 1<sup>st</sup>, H<sub>2</sub>O &lt;p&gt; &nbsp;_x000D_")
    ) == [(1, "A bold word, x^2, 1st, H2O <p>")]
    page = markdown_lines(
        "See [the hive](http://hive.example) ![a hive](h.png) or [below](#below).\n\n[up](#top)\n\n<!-- note -->\n"
    )
    assert [(line.number, line.role, line.text) for line in page if line.text] == [
        (1, "text", "See the hive or below."),
        (1, "address", "http://hive.example"),
        (1, "image", "a hive"),
        (3, "link", "up"),
        (5, "comment", "note"),
    ]
    assert [line.text for line in markdown_lines("a\n\n[x]: http://unused.example\n") if line.role == "address"] == [
        "http://unused.example"
    ]


def test_details_have_a_summary_and_an_end() -> None:
    text = "<details>\n<summary>Why <code>x</code>?</summary><br><b>\n\nBecause.\n</b></details>\n\nAfter.\n"
    assert [
        (line.number, line.role, line.text) for line in markdown_lines(text) if line.text or line.role == "end"
    ] == [
        (2, "summary", "Why x?"),
        (4, "text", "Because."),
        (5, "end", ""),
        (7, "text", "After."),
    ]
    section = "<details><summary>Part</summary><details><summary>Why?</summary>So.</details></details>"
    assert [(line.role, line.heading) for line in html_lines(section) if line.text] == [
        ("text", 6),
        ("summary", 0),
        ("text", 0),
    ]


def test_front_matter_gives_the_title() -> None:
    page = markdown_lines("---\ntitle: Bees\ntags: [a]\n---\n\ntext\n")
    assert [(line.number, line.role, line.text) for line in page if line.text] == [
        (1, "text", "Bees"),
        (3, "front matter", "tags: [a]"),
        (6, "text", "text"),
    ]
    for text in ("---\nQ: why?\n---\n", "---\nno end\n"):
        assert all(line.role == "text" for line in markdown_lines(text))


def test_a_row_that_is_longer_than_its_table_keeps_its_cells() -> None:
    rows = [line.cells for line in markdown_lines("| a | b |\n|---|---|\n| 1 | 2 | 3 |\n| 4 |\n") if line.cells]
    assert rows == [("a", "b"), ("1", "2", "3"), ("4", "")]


def test_html_pages() -> None:
    page = html_lines(
        """<!doctype html><html><head><title>Bees</title><style>p {}</style></head>
<body><nav><a href="/">Home</a></nav>
<h2>What is
 wax?</h2><div>It is &quot;fat&quot;.<br>Yes.</div>
<ol start="3"><li>one<ul><li>two</li></ul><li><input type="checkbox" checked>three</ol>
<dl><dt>hive<dd>a box</dl><pre><code class="language-js">x
  y</code></pre><script>z</script>
<table><tr><td rowspan="2">a<td>b<tr><td>c<br>d</table>
<math><annotation encoding="application/x-tex">x^2</annotation></math></body></html>"""
    )
    assert [(line.role, line.text) for line in page if line.text] == [
        ("text", "Bees"),
        ("menu", "Home"),
        ("address", "/"),
        ("text", "What is wax?"),
        ("text", 'It is "fat".'),
        ("text", "Yes."),
        ("text", "3. one"),
        ("text", "- two"),
        ("text", "4. [x] three"),
        ("term", "hive"),
        ("text", "a box"),
        ("text", "```js"),
        ("text", "x"),
        ("text", "  y"),
        ("text", "```"),
        ("row", "| a | b |"),
        ("row", "| --- | --- |"),
        ("row", "| a | c d |"),
        ("text", "$x^2$"),
    ]
    assert [line.cells for line in page if line.cells] == [("a", "b"), ("a", "c\nd")]
    numbers = [line.number for line in page if line.text]
    assert numbers == sorted(numbers) and numbers[-1] == 9


def test_pages_that_are_nested_too_deeply_are_refused() -> None:
    with pytest.raises(InputError, match=r"page\.html:1: elements are nested too deeply"):
        html_lines("<div>" * 3000 + "lost" + "</div>" * 3000, "page.html")


def test_plain_text_keeps_all_but_fences_bold_and_entities() -> None:
    page = plain_lines(enumerate(["# no heading", "**all bold**", "a `&amp;` &amp; _x_", "```", "**code**", "```"], 1))
    assert [(line.text, line.bold, line.code) for line in page] == [
        ("# no heading", False, False),
        ("all bold", True, False),
        ("a `&amp;` & _x_", False, False),
        ("```", False, True),
        ("**code**", False, True),
        ("```", False, True),
    ]
    assert plain_text("one_x000D_\n_x0041_ &nbsp;&#39;") == "one\n_x0041_  '"


def test_formats_are_told_apart() -> None:
    for text in ("## a", "```\n", "[a](b)", "**a**", "<details>", "a | b\n--- | ---\n"):
        assert looks_like_markdown(text), text
    for text in ("# comment\ncode", "2 ** 3", "a - b", "-\nWhat?\n- Answer: x\n"):
        assert not looks_like_markdown(text), text
    assert looks_like_html("a<br>b") and not looks_like_html("the <b> tag") and looks_like_html("<html>", is_page=True)


def test_text_of_html() -> None:
    assert page_text(html_lines("<p>A tree<br>in an array.</p><ul><li>fast<ul><li>very</li></ul></li></ul>")) == (
        "A tree\nin an array.\n\n- fast\n  - very"
    )
    assert html_lines("") == []
