import re
import time

import pytest

from grader.files import looks_like_markdown, markdown_lines, plain_lines
from grader.rubrics.page_parser import parse_page
from grader.rubrics.parsed_page import DroppedText, ParsedPage, QuestionAnswer

HEAP = ("What is a heap?", "A tree in an array.")
TRIE = ("What is a trie?", "A tree of prefixes.")
TWO = [HEAP, TRIE]
_PATTERNS = {
    "labels": "Q: <H>\nA: <h>\nQ: <T>\nA: <t>\n",
    "long labels": "Question: <H>\nAnswer: <h>\n\nQuestion: <T>\n\nAnswer: <t>\n",
    "one line each": "Q: <H> A: <h>\nQ: <T> A: <t>\n",
    "numbered labels": "Q1. <H>\nAns. <h>\nQ2. <T>\nAns. <t>\n",
    "numbered both": "Question 1: <H>\nAnswer 1: <h>\nQuestion 2: <T>\nAnswer 2: <t>\n",
    "number and label": "1. Q: <H>\nA: <h>\n2. Q: <T>\nA: <t>\n",
    "label alone": "Question 1\n<H>\nAnswer\n<h>\n\nQuestion 2\n<T>\nAnswer\n<t>\n",
    "numbers": "1. <H>\n<h>\n\n2. <T>\n<t>\n",
    "numbers and labels": "1. <H>\nAnswer: <h>\n2. <T>\nAnswer: <t>\n",
    "brackets": "12) <H>\n\nAnswer: <h>\n\n13) <T>\n\nAnswer: <t>\n",
    "nothing but answer labels": "<H>\nAnswer: <h>\n<T>\nAnswer: <t>\n",
    "question marks": "<H>\n<h>\n\n<T>\n<t>\n",
    "headings": "## <H>\n\n<h>\n\n## <T>\n\n<t>\n",
    "numbered headings": "### 1. <H> ###\n<h>\n### 2. <T>\n<t>\n",
    "headings and labels": "## <H>\n**Answer:** <h>\n## <T>\n**Answer:** <t>\n",
    "headings for both": "## Question 1\n<H>\n### Answer\n<h>\n## Question 2\n<T>\n### Answer\n<t>\n",
    "bold": "**<H>**\n\n<h>\n\n**<T>**\n\n<t>\n",
    "bold labels": "**Q: <H>**\n**A:** <h>\n\n**Q: <T>**\n**A:** <t>\n",
    "bold numbers": "1. **<H>**\n   <h>\n2. **<T>**\n   <t>\n",
    "bullets": "- <H>\n  - <h>\n- <T>\n  - <t>\n",
    "dashes": "-\n<H>\n- Answer: <h>\n-\n<T>\n- Answer: <t>\n",
    "dashes without labels": "-\n<H>\n- <h>\n-\n<T>\n- <t>\n",
    "solutions": "<H>\n- Solution: <h>\n<T>\n- Solution: <t>\n",
    "solutions under headings": "## <H>\n**Solution 1:** <h>\n## <T>\n**Solution 2:** <t>\n",
    "pictures": "❓ <H>\n✅ Answer: <h>\n\n❓ <T>\n✅ Answer: <t>\n",
    "windows": "Q: <H>\r\nA: <h>\r\nQ: <T>\r\nA: <t>\r\n",
}
_WORDS = {"<H>": HEAP[0], "<h>": "A tree in\nan array.", "<T>": TRIE[0], "<t>": TRIE[1]}
FORMS = {name: re.sub("<.>", lambda mark: _WORDS[mark[0]], text) for name, text in _PATTERNS.items()}


def cut(text: str) -> ParsedPage:
    plain = plain_lines(enumerate(text.splitlines(keepends=True), 1))
    return parse_page(markdown_lines(text) if looks_like_markdown(text) else plain)


def found(page: ParsedPage) -> list[tuple[str, str]]:
    return [(pair.question, pair.answer) for pair in page.pairs]


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_a_page(form: str) -> None:
    page = cut(FORMS[form])
    assert found(page) == TWO
    assert page.dropped == ()
    titled = cut("Trees\n\n" + FORMS[form])
    assert found(titled) == TWO
    assert titled.dropped == (DroppedText("Trees", 1, "the title of the page"),)
    assert titled.title == "Trees"


def test_a_solution_within_an_answer_is_no_label() -> None:
    text = "A tree.\n\nProblem: it is slow.\n\nSolution: sort it."
    for page in (
        f"## {HEAP[0]}\n{text}\n## {TRIE[0]}\nx\n## What is a list?\ny\n",
        f"## {HEAP[0]}\nAnswer: {text}\n## {TRIE[0]}\nAnswer: x\n",
    ):
        assert found(cut(page))[:2] == [(HEAP[0], text), (TRIE[0], "x")]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "footer",
    [
        "Thank you for reading this post!",
        "We hope you found this helpful. See you.",
        "Stay tuned for more.",
        "Subscribe to our newsletter",
        "Related posts\nTen graphs\n- Eleven graphs",
        "Share this:\nFacebook",
        "Copyright 2020 Tree House",
        "© 2020 Tree House. All rights reserved.",
        "Read also: Ten graphs",
        "Happy learning!",
        "Leave a comment",
        "Tags: trees, heaps",
        "Conclusion\nNow you know trees.",
    ],
)
def test_footers_are_dropped_and_reported(form: str, footer: str) -> None:
    page = cut(FORMS[form] + "\n" + footer + "\n")
    assert found(page) == TWO
    assert [piece.text for piece in page.dropped] == footer.split("\n")


@pytest.mark.parametrize("glue", ["", " "])
@pytest.mark.parametrize("end", [".", "!", ".)", '."', "...]"])
def test_a_footer_may_be_glued_to_the_last_answer(glue: str, end: str) -> None:
    page = cut(f"Q: Why?\nA: Because of trees{end}{glue}Thank you for reading our post.We hope you like it.\nMenu\n")
    assert found(page) == [("Why?", f"Because of trees{end}")]
    assert [(piece.text, piece.line) for piece in page.dropped] == [
        ("Thank you for reading our post.We hope you like it.", 2),
        ("Menu", 3),
    ]


def test_words_of_footers_inside_answers_stay() -> None:
    answer = (
        "Clients subscribe to a topic. Copyright protects works. Share this object between threads and "
        "follow the rules. Comments are ignored. Related tables are joined."
    )
    page = cut(f"Q: Why?\nA: {answer}\n")
    assert found(page) == [("Why?", answer)]


def test_two_pages_pasted_one_after_the_other() -> None:
    text = "Page {0}\n-\nWhat is {0}?\n- Answer: It is {0}.\nThank you for reading.\n"
    page = cut(text.format("one") + text.format("two"))
    assert found(page) == [("What is one?", "It is one."), ("What is two?", "It is two.")]
    assert [piece.text for piece in page.dropped] == [
        "Page one",
        "Thank you for reading.",
        "Page two",
        "Thank you for reading.",
    ]


def test_answers_of_several_lines_keep_their_shape() -> None:
    text = """\
# Trees

Some words before.

## Basics

### What is a heap?

A **tree** in an
array:

- the root first
- then its children
  and theirs

| kind | order |
| min | up |

### How is it built?

1. Sift down.
2. Go on.

```python
# not a heading
heapify(a)
```

## Conclusion

That was all.
"""
    page = cut(text)
    assert found(page) == [
        (
            "What is a heap?",
            "A tree in an array:\n\n- the root first\n- then its children and theirs\n\n| kind | order |\n| min | up |",
        ),
        ("How is it built?", "1. Sift down.\n2. Go on.\n\n```python\n# not a heading\nheapify(a)\n```"),
    ]
    assert {pair.topic for pair in page.pairs} == {"Basics"}
    assert [(piece.text, piece.line, piece.why) for piece in page.dropped] == [
        ("Trees", 1, "the title of the page"),
        ("Some words before.", 3, "belongs to no question"),
        ("Conclusion", 29, "a heading without questions"),
        ("That was all.", 31, "belongs to no question"),
    ]


def test_lists_inside_answers_are_no_questions() -> None:
    for label in ("", "Answer: "):
        steps = "A tree. Steps:\n1. split\n2. join"
        page = cut(f"1. What is a heap?\n{label}{steps}\n2. What is a trie?\n{label}A tree.\n")
        assert found(page) == [
            ("What is a heap?", "A tree. Steps:\n1. split\n2. join"),
            ("What is a trie?", "A tree."),
        ]


def test_headings_that_no_question_follows_are_reported() -> None:
    page = cut("# Trees\n### Basics\n### More\n## What is a heap?\nA tree.\n")
    assert page.pairs == (QuestionAnswer("What is a heap?", "A tree.", "More", 4),)
    assert page.dropped == (
        DroppedText("Trees", 1, "the title of the page"),
        DroppedText("Basics", 2, "a heading without questions"),
    )


def test_a_pair_may_lack_its_answer() -> None:
    assert cut("Q: Why?\nQ: How?\nA: So.\n").pairs == (
        QuestionAnswer("Why?", "", "", 1),
        QuestionAnswer("How?", "So.", "", 2),
    )
    assert cut("\n") == ParsedPage("", (), ())


@pytest.mark.parametrize(
    "unit",
    [" ", "a", "a ", ". ", "**", "**a ", "#", " #", "( ", "[", "Answer ", "Q ", "? A", "1. ", ".", "-"],
)
def test_long_lines_take_linear_time(unit: str) -> None:
    begin = time.process_time()
    cut(f"Q: Why?\nA: So {unit * 50_000}!\n")
    assert time.process_time() - begin < 5
