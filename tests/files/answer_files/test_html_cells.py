import html

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.files.answer_files.html_cells import cell_text


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("<p>Lava&nbsp;<strong>flows</strong> down.</p>", "Lava flows down."),
        ('<div dir="ltr"><p>One</p><p>Two &amp; three</p></div>', "One\nTwo & three"),
        ("One<br>two<br />three", "One\ntwo\nthree"),
        ("<ul><li>one</li>\n<li>two</li></ul>", "- one\n- two"),
        ("H<sub>2</sub>O and CO<sub>2</sub>", "H2O and CO2"),
        ("a <b>thin</b> crust", "a thin crust"),
        ("5 &lt; 6 &amp;&amp; x<y", "5 < 6 && x<y"),
        ("<p>x &lt; 5</p>", "x < 5"),
        ("<script>run()</script><p>text</p>", "text"),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "a b"),
        ("one_x000D_\ntwo", "one\ntwo"),
        ("<p></p>", ""),
    ],
)
def test_html_is_read_as_text(cell: str, text: str) -> None:
    assert cell_text(cell) == text


@pytest.mark.parametrize(
    "cell",
    [
        "a < b and c > d",
        "p<0.05 and q>0.1",
        "List<String> x = new List<>();",
        "The <p> tag makes a paragraph, <br> a new line.",
        "if (a<b && c>d) return;",
        "R&D at AT&T; x & y",
        "x <- 5; y <- 6",
        "<Unanswered>",
        "<p is no tag",
        "  two\n\nlines  ",
        "<3 tides",
    ],
)
def test_other_text_stays(cell: str) -> None:
    assert cell_text(cell) == cell


@settings(derandomize=True, deadline=None)
@given(st.text(st.sampled_from("ab <>&;é\"'"), max_size=20))
def test_escaped_text_comes_back(text: str) -> None:
    words = " ".join(text.split())
    assert cell_text(f"<p>{html.escape(words)}</p>") == words
