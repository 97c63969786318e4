"""Prose keeps its place; tables speak; code, images and links are named and left out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.text.grammar.markup import read_markup


def left_out(text: str) -> list[tuple[str, str]]:
    return [(part.kind, text[slice(*part.span)]) for part in read_markup(text).left_out]


@pytest.mark.parametrize(
    ("text", "prose"),
    [
        ("**Bold** and __loud__ `code`", "Bold and loud code"),
        ("A [label](https://a.org/b_(c) 'title') in a line", "A label in a line"),
        ("An <b>old</b> page<br/>with <span class='x'>tags</span> </p></details>", "An old page with tags"),
        ("The <em> tag is closed.", "The <em> tag is closed."),
        ("2 ** 3 and a**b**c", "2 ** 3 and a**b**c"),
        ("$a__b__c$ and \\(x<b>y\\)", "$a__b__c$ and \\(x<b>y\\)"),
        ("Call `f(a, b)` once", "Call `f(a, b)` once"),
        ("a list<int> of vector<T>", "a list<int> of vector<T>"),
        ("text <!-- hidden --> text", "text text"),
    ],
)
def test_signs_become_blanks(text: str, prose: str) -> None:
    found = read_markup(text).prose
    assert " ".join(found.split()) == prose
    assert len(found) == len(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A.\n```sql\nSELECT 1;\n```\nB.", [("code", "```sql\nSELECT 1;\n```")]),
        ("A.\n~~~\nx\n~~~", [("code", "~~~\nx\n~~~")]),
        ("- A.\n\n  ```\n  x = 1\n  ```\n- B.", [("code", "  ```\n  x = 1\n  ```")]),
        ("A.<pre>x = 1</pre>", [("code", "<pre>x = 1</pre>")]),
        ("![plot](p.png) shows <img src='q.png'>", [("image", "![plot](p.png)"), ("image", "<img src='q.png'>")]),
        ("A.\nSee also: https://a.org, [more](b)", [("link", "See also: https://a.org, [more](b)")]),
        ("[1]: https://a.org\nA [label][1] here", [("link", "[1]: https://a.org")]),
        ("See [the rule](a) for more", []),
    ],
)
def test_what_is_left_out(text: str, expected: list[tuple[str, str]]) -> None:
    assert left_out(text) == expected


class TestTables:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            (
                "| | Stack | Queue |\n|---|:-:|--:|\n| Order | last first | **first** first |\n| Use | undo | |",
                ["Stack, Order: last first", "Queue, Order: first first", "Stack, Use: undo"],
            ),
            ("Term | Meaning\n--- | ---\n`a \\| b` | either of both", ["`a | b`: either of both"]),
            ("| Rule |\n|---|\n| Names are short |", ["Rule: Names are short"]),
            (
                "<table><tr><th>Gas<th>Share</tr><tr><td>Oxygen</td><td>21 %</td></tr></table>",
                ["Share, Oxygen: 21 %"],
            ),
            ("<table><tr><td>Oxygen</td><td>21 %</td></tr><tr><td>Argon</td></tr></table>", ["Oxygen: 21 %", "Argon"]),
            ("| Term | Meaning |\n|---|---|", []),
        ],
    )
    def test_each_cell_says_one_thing(self, text: str, expected: list[str]) -> None:
        found = read_markup(text)
        assert [cell.text for cell in found.cells] == expected
        assert not found.prose.strip()

    def test_cells_are_where_they_say(self) -> None:
        text = "Before.\n\n| A | B |\n|---|---|\n| one | two |\n| one | one |\n\nAfter."
        found = read_markup(text)
        assert [text[slice(*cell.span)] for cell in found.cells] == ["two", "one"]
        assert found.cells[1].span.start == text.rindex("one")
        assert found.prose.split() == ["Before.", "After."]

    def test_a_line_with_a_bar_is_no_table(self) -> None:
        assert read_markup("P(A | B) is a share\nof P(B).").cells == ()


class TestListsWithinALine:
    @pytest.mark.parametrize(
        ("text", "lines"),
        [
            ("It (1) reads, (2) sorts and (3) prints.", ["It", "(1) reads,", "(2) sorts", "and (3) prints."]),
            ("Steps: a) mix; b) heat; or c) cool", ["Steps:", "a) mix;", "b) heat;", "or c) cool"]),
            ("Parts: i) head ii) tail", ["Parts:", "i) head", "ii) tail"]),
            ("First: 1. open it. 2. read it.", ["First:", "1. open it.", "2. read it."]),
            ("Set k = 1. Then add 2. Stop.", ["Set k = 1. Then add 2. Stop."]),
            ("Both (a) and (b) hold.", ["Both (a) and (b) hold."]),
            ("See f (a) and g (c).", ["See f (a) and g (c)."]),
        ],
    )
    def test_each_item_starts_a_line(self, text: str, lines: list[str]) -> None:
        assert [line.strip() for line in read_markup(text).prose.split("\n")] == lines


PIECES = st.sampled_from(
    "| |---| \n ``` ~~~ ` ** __ <b> </b> <table> <tr> <td> </table> <pre> <!-- --> ![a](b) [a](b) http://a.b $ \\( \\) "
    "$$ (1) (2) a) b) 1. 2. and or word - # : . ; \r \\| ![ ]( <".split(" ")
)


@given(st.lists(PIECES, max_size=40).map(" ".join) | st.lists(PIECES, max_size=40).map("".join))
def test_everything_stays_at_its_place(text: str) -> None:
    text = text.replace("\r", " ")
    found = read_markup(text)
    assert len(found.prose) == len(text)
    assert all(mine in (theirs, " ", "\n") for mine, theirs in zip(found.prose, text, strict=True))
    spans = [cell.span for cell in found.cells] + [part.span for part in found.left_out]
    assert all(0 <= start <= end <= len(text) for start, end in spans)


@given(st.lists(st.lists(st.text("abcxyz 019", min_size=1, max_size=9).map(str.strip), min_size=2, max_size=2)))
def test_a_table_is_read_back(rows: list[list[str]]) -> None:
    rows = [[label or "label", cell or "cell"] for label, cell in rows]
    lines = ["| Term | Meaning |", "|---|---|", *(f"| {label} | {cell} |" for label, cell in rows)]
    found = read_markup("\n".join(lines))
    assert [cell.text for cell in found.cells] == [f"{' '.join(a.split())}: {' '.join(b.split())}" for a, b in rows]
