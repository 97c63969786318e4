"""Pages as people have them, read from files to the end."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.files import html_lines, looks_like_markdown, markdown_lines, plain_lines
from grader.rubrics.bank_import import ImportResult, import_questions
from grader.rubrics.page_parser import parse_page


def read(folder: Path, name: str, text: str) -> ImportResult:
    path = folder / name
    path.write_text(text)
    return import_questions(path)


def pairs(result: ImportResult) -> list[tuple[str, str]]:
    return [(one.question, one.reference_answer) for one in result.bank.questions]


def reported(result: ImportResult) -> list[tuple[int, str, str]]:
    return [(piece.line, piece.text, piece.why) for piece in result.dropped]


def test_details_with_summaries(tmp_path: Path) -> None:
    text = """\
# Bees

### Hive

<details>
<summary>What is <code>wax</code>?</summary><br><b>

A fat that workers make. It melts at 63 degrees.
</b></details>

<details>
<summary>How is honey stored?</summary><br><b>
</b></details>

### Field

<details>
<summary>Bees come home late. Why could that be?</summary><br><b>

The flowers are far.

  1. Count the flights
  2. Move the hive
</b></details>

Written by hand.
"""
    result = read(tmp_path, "bees.md", text)
    assert [(one.question, one.reference_answer, one.topic) for one in result.bank.questions] == [
        ("What is wax?", "A fat that workers make. It melts at 63 degrees.", "Hive"),
        (
            "Bees come home late. Why could that be?",
            "The flowers are far.\n\n1. Count the flights\n2. Move the hive",
            "Field",
        ),
    ]
    assert reported(result) == [
        (1, "Bees", "the title of the page"),
        (12, "How is honey stored?", "no answer"),
        (26, "Written by hand.", "belongs to no question"),
    ]


def test_numbered_headings_with_a_table_of_contents(tmp_path: Path) -> None:
    text = """\
# Bees

### Table of Contents

| No. | Questions |
| --- | --------- |
| 1 | [What is wax?](#what-is-wax) |
| 2 | [How do bees dance?](#how) |

1. ### What is wax?

    A *fat*. See [the hive](http://hive.example).

    - **hard:** Kept cold.

    ![cells](cells.png)

   **[⬆ Back to Top](#table-of-contents)**

2. ### How do bees dance?

    Run `dance`:

    ```python
    # 1. What is first?
    dance()
    ```

   **[⬆ Back to Top](#table-of-contents)**
"""
    result = read(tmp_path, "bees.md", text)
    assert pairs(result) == [
        ("What is wax?", "A fat. See the hive.\n\n- hard: Kept cold."),
        ("How do bees dance?", "Run `dance`:\n\n```python\n# 1. What is first?\ndance()\n```"),
    ]
    assert {one.topic for one in result.bank.questions} == {None}
    whys = {line: why for line, _, why in reported(result)}
    assert whys[7] == whys[18] == "a link within the page"
    assert whys[16] == "an image" and whys[12] == "the address of a link"


def test_headings_with_anchors(tmp_path: Path) -> None:
    text = "## Contents\n\n- [What is wax?](#wax)\n\n"
    for name in ("wax", "honey"):
        text += f'## <a name="{name}"></a>What is {name}?\n\nBees make {name}.\n\n[⬆ Back to top](#contents)\n\n'
    result = read(tmp_path, "bees.md", text)
    assert pairs(result) == [("What is wax?", "Bees make wax."), ("What is honey?", "Bees make honey.")]
    assert [line for line, *_ in reported(result)] == [1, 3, 9, 15]


@pytest.mark.parametrize("fence", ["```", "~~~", "````"])
def test_fences_hide_what_looks_like_a_question(tmp_path: Path, fence: str) -> None:
    text = f"## What is wax?\n\n{fence}md\n## What is no question?\n{fence}\n\n## What is honey?\n\nSweet.\n"
    result = read(tmp_path, "bees.md", text)
    assert pairs(result) == [("What is wax?", "```md\n## What is no question?\n```"), ("What is honey?", "Sweet.")]


def test_bare_lines(tmp_path: Path) -> None:
    text = """\
What is wax?
A fat that workers make. Is it hard? Yes.
What is the difference between a drone
and a worker?
Drones do no work.
How do bees dance
In circles.
Explain the dance.
It shows the way.

Describe your experience with bees.
Say what you did.

What is honey?

Sweet.
"""
    result = read(tmp_path, "bees.txt", text.replace("dance\nIn", "dance?\nIn"))
    assert pairs(result) == [
        ("What is wax?", "A fat that workers make. Is it hard? Yes."),
        ("What is the difference between a drone and a worker?", "Drones do no work."),
        ("How do bees dance?", "In circles."),
        ("Explain the dance.", "It shows the way."),
        ("Describe your experience with bees.", "Say what you did."),
        ("What is honey?", "Sweet."),
    ]
    assert [one.kind for one in result.bank.questions].count("open") == 1


def test_numbered_tasks(tmp_path: Path) -> None:
    text = """\
Bees (2020)

By Kim | 5 min read

1. What is wax?
A fat. It is made so:
1. Eat honey.
2. Find a warm place.
3. Sweat.
2. Design a hive for two queens.
Use a grid.

Advertisement

3. Write a rule for robbing.
Close the hive.
4. Tell me about a time you were stung.
Name the place.
6. Implement a smoker.
A can with holes.

Share this article: here
"""
    result = read(tmp_path, "bees.txt", text)
    assert [(one.question, one.kind) for one in result.bank.questions] == [
        ("What is wax?", "knowledge"),
        ("Design a hive for two queens.", "knowledge"),
        ("Write a rule for robbing.", "knowledge"),
        ("Tell me about a time you were stung.", "open"),
        ("Implement a smoker.", "knowledge"),
    ]
    assert pairs(result)[0][1] == "A fat. It is made so:\n1. Eat honey.\n2. Find a warm place.\n3. Sweat."
    assert [(doubt.line, doubt.text) for doubt in result.doubts] == [
        (19, "no question 5 was found between 4 (line 17) and 6")
    ]
    assert [line for line, *_ in reported(result)] == [1, 3, 13, 22]


def test_numbers_may_begin_anew(tmp_path: Path) -> None:
    text = "".join(f"## Part {part}\n\n1. What is {part}1?\nx\n\n2. What is {part}2?\ny\n\n" for part in "ab")
    result = read(tmp_path, "bees.md", text)
    assert [(one.question, one.topic) for one in result.bank.questions] == [
        ("What is a1?", "Part a"),
        ("What is a2?", "Part a"),
        ("What is b1?", "Part b"),
        ("What is b2?", "Part b"),
    ]
    assert result.doubts == ()


def test_gaps_and_lines_that_look_like_questions_are_doubts(tmp_path: Path) -> None:
    text = "### 1. What is a?\nx\n### 3. What is c?\ny\n\nWhy is that?\n\nz\n### 2. What is b?\nw\n"
    result = read(tmp_path, "bees.md", text)
    assert [(doubt.line, doubt.text) for doubt in result.doubts] == [
        (3, "no question 2 was found between 1 (line 1) and 3"),
        (6, "'Why is that?' looks like a question, but stays in the answer to 'What is c?'"),
        (9, "question 2 comes after 3 (line 3)"),
    ]


LABELS = [
    *[("Frage", "Antwort"), ("Pregunta", "Respuesta"), ("Question", "Réponse"), ("Domanda", "Risposta")],
    *[("Вопрос", "Ответ"), ("问题", "答案"), ("F", "A"), ("P", "R"), ("Q", "R"), ("Q:", "A:")],
]


@pytest.mark.parametrize(("question", "answer"), LABELS)
@pytest.mark.parametrize(
    "form", ["{0}: {1}\n{2}: {3}\n\n", "**{0}:** {1}\n\n**{2}:** {3}\n\n", "{0} {4}: {1}\n{2} {4}: {3}\n"]
)
def test_labels_in_other_languages(tmp_path: Path, question: str, answer: str, form: str) -> None:
    if "{4}" in form and len(question) < 3:
        return
    bank = [("Was ist Wachs?", "Ein Fett."), ("¿Qué es la miel?", "Dulce.")]
    text = "".join(form.format(question, asked, answer, told, at) for at, (asked, told) in enumerate(bank, 1))
    assert pairs(read(tmp_path, "bees.md", text)) == bank


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("Tell me about a time you failed.", "open"),
        ("Describe a situation in which you had to lead.", "open"),
        ("Describe your experience with hives.", "open"),
        ("What is your greatest weakness?", "open"),
        ("Why do you want to work here?", "open"),
        ("Give an example of a conflict you have solved.", "open"),
        ("Have you ever kept bees?", "open"),
        ("Beschreiben Sie eine Situation, in der Sie geführt haben.", "open"),
        ("Describe a project plan.", "knowledge"),
        ("Describe a situation where deadlock occurs.", "knowledge"),
        ("Explain your approach to debugging.", "knowledge"),
        ("How do you handle missing data in your sets?", "knowledge"),
        ("What is the time complexity of a heap?", "knowledge"),
        ("Tell me about heaps.", "knowledge"),
    ],
)
def test_questions_about_a_person_are_open(tmp_path: Path, question: str, kind: str) -> None:
    result = read(tmp_path, "a.txt", f"Q: {question}\nA: Some words.\n")
    assert result.bank.questions[0].kind == kind


@pytest.mark.parametrize(
    "text",
    [
        "<!doctype html><html><h2>What is wax?</h2><p>A fat &amp; more.<p>Hard.<h2>Who?</h2><div>Bees.</div>",
        "<html><dl><dt>What is wax?</dt><dd><p>A fat &amp; more.</p><p>Hard.</p></dd><dt>Who?<dd>Bees.</dl></html>",
        "<html><p><strong>1. What is wax?</strong></p><p>A fat &amp; more.</p><p>Hard.<p><b>2. Who?</b></p>Bees.",
        "<html><details><summary>What is wax?</summary><p>A fat &amp; more.</p>Hard.</details>"
        "<details><summary>Who?</summary>Bees.</details></html>",
    ],
)
def test_html_pages(tmp_path: Path, text: str) -> None:
    for name in ("bees.html", "bees.htm", "bees.txt"):
        assert pairs(read(tmp_path, name, text)) == [("What is wax?", "A fat & more.\n\nHard."), ("Who?", "Bees.")]


def test_a_notebook(tmp_path: Path) -> None:
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": ["# Sums"]},
        {"cell_type": "markdown", "metadata": {}, "source": ["#### 1. Make a vector of zeros"]},
        {"cell_type": "code", "metadata": {}, "source": ["np.zeros(3)"], "outputs": []},
        {"cell_type": "markdown", "metadata": {}, "source": ["#### 2. What is a view?\n", "\n", "No copy."]},
    ]
    text = json.dumps({"cells": cells, "metadata": {}, "nbformat": 4})
    assert pairs(read(tmp_path, "sums.ipynb", text)) == [
        ("Make a vector of zeros", "```\nnp.zeros(3)\n```"),
        ("What is a view?", "No copy."),
    ]


def test_points_and_answers_on_the_line_of_the_question(tmp_path: Path) -> None:
    result = read(
        tmp_path, "a.txt", "1. What is wax? A fat.\n2. Who makes it? [3 marks]\nBees.\n3. Why?\nPoints: 4,5\nSo.\n"
    )
    assert pairs(result) == [("What is wax?", "A fat."), ("Who makes it? [3 marks]", "Bees."), ("Why?", "So.")]
    assert [one.max_score for one in result.bank.questions] == [10, 3, 4.5]


WORD = st.text(st.sampled_from("abcdeghilnorstu"), min_size=2, max_size=8)
QUESTION = st.lists(WORD, min_size=1, max_size=5).map(lambda words: f"What is {' '.join(words)}?")
ANSWER = st.lists(WORD, min_size=1, max_size=8).map(lambda words: f"Some {' '.join(words)}.")
BANK = st.lists(st.tuples(QUESTION, ANSWER), min_size=1, max_size=6)
WRITERS = {
    "details": "<details>\n<summary>{0}</summary>\n\n{1}\n\n</details>\n\n",
    "headings": "### {2}. {0}\n\n{1}\n\n",
    "items": "{2}. ### {0}\n\n    {1}\n\n",
    "numbers": "{2}. {0}\n{1}\n",
    "bold": "**{0}**\n\n{1}\n\n",
    "bare": "{0}\n{1}\n",
    "labels": "Frage: {0}\nAntwort: {1}\n",
    "quiz": "{0}\nA. no\nB. {1}\nC. never\nANSWER: B\n\n",
    "html": "<h3>{0}</h3>\n<p>{1}</p>\n",
    "terms": "<dl><dt>{0}</dt><dd>{1}</dd></dl>",
}


@pytest.mark.parametrize("writer", WRITERS)
@settings(max_examples=25, deadline=None)
@given(bank=BANK)
def test_a_random_bank_comes_back(writer: str, bank: list[tuple[str, str]]) -> None:
    text = "".join(WRITERS[writer].format(*pair, at) for at, pair in enumerate(bank, 1))
    if writer in ("html", "terms"):
        page = html_lines(text)
    else:
        page = markdown_lines(text) if looks_like_markdown(text) else plain_lines(enumerate(text.splitlines(), 1))
    parsed = parse_page(page)
    assert [(pair.question, pair.answer) for pair in parsed.pairs] == bank
    assert parsed.doubts == ()


@settings(max_examples=25, deadline=None)
@given(bank=BANK)
def test_a_random_table_comes_back(bank: list[tuple[str, str]]) -> None:
    text = "| Question | Answer |\n|---|---|\n" + "".join(f"| {asked} | {told} |\n" for asked, told in bank)
    parsed = parse_page(markdown_lines(text), is_question_table=lambda names: "Question" in names)
    assert [(row.values["Question"], row.values["Answer"]) for table in parsed.tables for row in table] == bank


def test_code_without_a_fence_keeps_its_lines(tmp_path: Path) -> None:
    text = "1. What is a loop?\nIt repeats\nso:\nfor bee in hive:\n    feed(bee)\nThat\nis all.\n"
    text += "\n2. What is wax?\nA\nfat.\n"
    assert pairs(read(tmp_path, "a.txt", text)) == [
        ("What is a loop?", "It repeats so:\nfor bee in hive:\n    feed(bee)\nThat is all."),
        ("What is wax?", "A fat."),
    ]


def test_footnotes_do_not_join_the_last_answer(tmp_path: Path) -> None:
    result = read(tmp_path, "a.md", "## What is wax?\n\nA fat.[^1]\n\n## Who?\n\nBees.\n\n[^1]: See the book by Kim.\n")
    assert pairs(result) == [("What is wax?", "A fat.[^1]"), ("Who?", "Bees.")]
    assert reported(result) == [(9, "[^1]: See the book by Kim.", "a footer of the page")]


def test_a_bold_question_with_its_answer_on_the_line(tmp_path: Path) -> None:
    text = "1. **What is wax?** A fat.\n   It melts.\n2. **Who makes it?** Bees.\n"
    assert pairs(read(tmp_path, "a.md", text)) == [("What is wax?", "A fat. It melts."), ("Who makes it?", "Bees.")]


def test_a_question_about_a_person_needs_no_answer(tmp_path: Path) -> None:
    text = "1. What is a mortar?\nA bowl.\n\n2. Tell me about a time you broke one.\n\n3. What is a pestle?\nA club.\n"
    result = read(tmp_path, "page.txt", text)
    assert [one.kind for one in result.bank.questions] == ["knowledge", "open", "knowledge"]
    assert [(doubt.line, "so it is open" in doubt.text) for doubt in result.doubts] == [(4, True)]
    assert result.dropped == ()


def test_sentences_that_begin_like_tasks_stay_in_answers(tmp_path: Path) -> None:
    text = """\
What is a mould?
A hollow form.

Design rules for moulds are older than the trade. They say how it opens.

Explain why moulds have vents
Air has to leave.

Given heat, they expand a little.

Compare sand moulds and steel moulds.
Sand is used once.
"""
    assert pairs(read(tmp_path, "page.txt", text)) == [
        (
            "What is a mould?",
            "A hollow form.\n\nDesign rules for moulds are older than the trade. They say how it opens.",
        ),
        ("Explain why moulds have vents", "Air has to leave.\n\nGiven heat, they expand a little."),
        ("Compare sand moulds and steel moulds.", "Sand is used once."),
    ]


def test_word_documents(tmp_path: Path) -> None:
    from docx import Document

    document = Document()
    document.add_heading("Glass", 1)
    document.add_heading("What is a kiln?", 2)
    document.add_paragraph("A hot oven.")
    document.add_paragraph("Clay is burnt in it.")
    table = document.add_table(rows=2, cols=2)
    for cell, said in zip(
        [*table.rows[0].cells, *table.rows[1].cells],
        ["Question", "Model answer", "What is slip?", "Wet clay."],
        strict=True,
    ):
        cell.text = said
    document.save(str(tmp_path / "page.docx"))
    result = import_questions(tmp_path / "page.docx")
    assert pairs(result) == [("What is a kiln?", "A hot oven.\n\nClay is burnt in it."), ("What is slip?", "Wet clay.")]
    assert [why for _, _, why in reported(result)] == ["the title of the page"]
