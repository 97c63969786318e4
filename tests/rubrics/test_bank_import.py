import io
import json
import sys
import time
from pathlib import Path
from typing import Literal

import pytest

from grader.errors import InputError
from grader.files.tables import write_rows
from grader.rubrics.bank import read_bank, write_bank
from grader.rubrics.bank_import import ImportResult, import_questions, question_id
from grader.rubrics.parsed_page import DroppedText

# What a page looks like when it is copied out of a browser.
PASTED = """\
Bread Baking Questions and Answers for apprentices
-
Why does dough rest before it is shaped?
- Answer: The gluten relaxes, so that the dough
stretches without tearing.
It also takes up the last of the water.
-
What are three signs of a ripe dough? (e.g., smell, touch)
- Answer: It doubles in volume, smells slightly sour and springs back slowly.
-
Describe your own experience with sourdough.
- Answer: [This requires a personalized answer. Name the flours you have used.]
-
How do you know that a loaf is done?
- Answer: It sounds hollow when it is tapped underneath, or its core has 96 degrees.Thank you for reading \
our post on 'Bread Baking'.We hope you liked it.Stay tuned!
Related posts
Ten cakes
"""
RESTS = "The gluten relaxes, so that the dough stretches without tearing. It also takes up the last of the water."
HEAP = ("What is a heap?", "A tree in an array.")
TRIE = ("What is a trie?", "A tree of prefixes.")
TWO = [HEAP, TRIE]
LABELS = "Q: What is a heap?\nA: A tree in\nan array.\nQ: What is a trie?\nA: A tree of prefixes.\n"


def put(folder: Path, name: str, content: str) -> Path:
    path = folder / name
    path.write_bytes(content.encode())
    return path


def found(result: ImportResult) -> list[tuple[str, str]]:
    return [(question.question, question.reference_answer) for question in result.bank.questions]


def fault(path: str | Path) -> str:
    with pytest.raises(InputError) as raised:
        import_questions(path)
    return str(raised.value)


def test_a_pasted_page(tmp_path: Path) -> None:
    result = import_questions(put(tmp_path, "page.txt", PASTED))
    assert len(result.bank.questions) == 4
    assert result.bank.title == "Bread Baking Questions and Answers for apprentices"
    assert [question.id for question in result.bank.questions] == [
        "dough-rest-before-shaped",
        "three-signs-ripe-dough",
        "own-experience-sourdough",
        "know-loaf-done",
    ]
    assert [question.kind for question in result.bank.questions] == [
        "knowledge",
        "knowledge",
        "open",
        "knowledge",
    ]
    assert {question.max_score for question in result.bank.questions} == {10}
    assert found(result) == [
        ("Why does dough rest before it is shaped?", RESTS),
        (
            "What are three signs of a ripe dough? (e.g., smell, touch)",
            "It doubles in volume, smells slightly sour and springs back slowly.",
        ),
        (
            "Describe your own experience with sourdough.",
            "This requires a personalized answer. Name the flours you have used.",
        ),
        (
            "How do you know that a loaf is done?",
            "It sounds hollow when it is tapped underneath, or its core has 96 degrees.",
        ),
    ]
    assert result.dropped == (
        DroppedText("Bread Baking Questions and Answers for apprentices", 1, "the title of the page"),
        DroppedText(
            "Thank you for reading our post on 'Bread Baking'.We hope you liked it.Stay tuned!",
            15,
            "a footer of the page",
        ),
        DroppedText("Related posts", 16, "a footer of the page"),
        DroppedText("Ten cakes", 17, "a footer of the page"),
    )


@pytest.mark.parametrize("ending", [".txt", ".md", ""])
def test_endings_of_a_page(tmp_path: Path, ending: str) -> None:
    result = import_questions(put(tmp_path, "page" + ending, "Trees\n\n" + LABELS))
    assert found(result) == TWO
    assert result.dropped == (DroppedText("Trees", 1, "the title of the page"),)
    assert result.bank.title == "Trees"


@pytest.mark.parametrize("ending", [".yaml", ".json"])
def test_what_import_wrote_is_imported_unchanged(tmp_path: Path, ending: str) -> None:
    bank = import_questions(put(tmp_path, "page.txt", PASTED)).bank
    first, second = tmp_path / f"a{ending}", tmp_path / f"b{ending}"
    write_bank(bank, first)
    again = import_questions(first)
    assert (again.bank, again.dropped) == (bank, ())
    assert read_bank(first) == bank
    write_bank(again.bank, second)
    assert first.read_bytes() == second.read_bytes()


def test_questions_without_answer_and_repeated_ones_are_reported(tmp_path: Path) -> None:
    page = "Q: What is C++?\nA: One.\nQ: What is C#?\nA: Two.\nQ: what is  C++\nA: One.\n"
    page += "Q: What is C#?\nA: Three.\nQ: And?\n"
    result = import_questions(put(tmp_path, "page.txt", page))
    assert [question.id for question in result.bank.questions] == ["c", "c-2"]
    assert [(piece.text, piece.line, piece.why) for piece in result.dropped] == [
        ("what is  C++", 5, "the same question as on line 1"),
        ("What is C#?", 7, "the same question as on line 3, with another answer"),
        ("And?", 9, "no answer"),
    ]


@pytest.mark.parametrize(
    ("answer", "kind", "kept"),
    [
        (
            "[This requires a personalized answer. Name tools.]",
            "open",
            "This requires a personalized answer. Name tools.",
        ),
        ("(Depends on your experience)", "open", "Depends on your experience"),
        ("[Answers will vary.].", "open", "Answers will vary."),
        ("(open)", "open", "open"),
        ("[Open-ended question]", "open", "Open-ended question"),
        ("(open the file first)", "knowledge", None),
        ("This question requires a personal answer: name tools.", "open", None),
        ("[1, 2, 3]", "knowledge", None),
        ("[a] and [your b]", "knowledge", None),
        ("Your data decide.", "knowledge", None),
    ],
)
def test_placeholders_become_open_questions(tmp_path: Path, answer: str, kind: str, kept: str | None) -> None:
    result = import_questions(put(tmp_path, "page.txt", f"Q: Why?\nA: {answer}\n"))
    question = result.bank.questions[0]
    assert (question.kind, question.reference_answer) == (kind, kept or answer)


def test_nothing_found_says_what_is_understood(tmp_path: Path) -> None:
    for text in ("only prose\nand more\n", "Q: a question?\n", "\n"):
        message = fault(put(tmp_path, "page.txt", text))
        assert "page.txt: no question with an answer found; understood are 'Question: ... / Answer: ...'" in message
    assert "'.pdf' is not known: use .jsonl" in fault(tmp_path / "page.pdf")
    assert "there is no such file" in fault(tmp_path / "no.txt")
    assert ":1: not UTF-8 text" in fault(put(tmp_path, "page.txt", "a\0"))


# --- tables and documents --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "reference_answer",
        "answer",
        "reference",
        "expected_output",
        "desired_answer",
        "ideal_answer",
        "Ideal Answer",
    ],
)
def test_tables_under_many_names(tmp_path: Path, name: str) -> None:
    rows = [{"question": question, name: answer, "max_score": 5} for question, answer in TWO]
    forms: tuple[Literal["csv", "tsv", "jsonl", "xlsx"], ...] = ("csv", "tsv", "jsonl", "xlsx")
    for form in forms:
        path = tmp_path / f"a.{form}"
        write_rows(path, rows, format=form)
        result = import_questions(path)
        assert found(result) == TWO and result.dropped == ()
        assert [question.max_score for question in result.bank.questions] == [5, 5]
    result = import_questions(put(tmp_path, "a.json", json.dumps(rows)))
    assert found(result) == TWO


def test_a_table_keeps_ids_and_reports_what_it_leaves_out(tmp_path: Path) -> None:
    table = (
        "id,question,answer,reference,topic,difficulty\n"
        "007,What is a heap?,mine,A tree in an array.,trees,3\n"
        ",What is a trie?,mine,A tree of prefixes.,,\n"
        "8,What is nothing?,mine,,,\n"
        "9,,mine,A lost answer.,,\n"
    )
    result = import_questions(put(tmp_path, "a.csv", table))
    assert found(result) == TWO  # `reference` is surer than `answer`
    assert [(question.id, question.topic) for question in result.bank.questions] == [
        ("007", "trees"),
        ("trie", None),
    ]
    assert [(piece.text, piece.line, piece.why) for piece in result.dropped] == [
        ("answer", 2, "a column that a bank does not have"),
        ("difficulty", 2, "a column that a bank does not have"),
        ("What is nothing?", 4, "no answer"),
        ("A lost answer.", 5, "no question"),
    ]


def test_ids_in_tables(tmp_path: Path) -> None:
    rows = '{"id": 7, "question": "Why?", "answer": "So."}\n{"id": 8, "question": "Why?", "answer": "Thus."}\n'
    result = import_questions(put(tmp_path, "a.jsonl", rows))
    assert [question.id for question in result.bank.questions] == ["7", "8"]  # two ids: two questions
    clash = rows.replace('"id": 8, "question": "Why?"', '"id": 7, "question": "How?"')
    assert "a.jsonl:2: field 'id': '7' appears twice, the first time on line 1" in fault(
        put(tmp_path, "a.jsonl", clash)
    )
    taken = '{"question": "Heap?", "answer": "a"}\n{"id": "heap", "question": "What?", "answer": "b"}\n'
    result = import_questions(put(tmp_path, "a.jsonl", taken))
    assert [question.id for question in result.bank.questions] == ["heap-2", "heap"]


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        (
            "a.csv",
            "text,answer\na,b\n",
            "a.csv:1: field 'question': no such column: found text, answer; expected one of question",
        ),
        (
            "a.csv",
            "question,note\na,b\n",
            "field 'reference_answer': no such column: found question, note; expected one of",
        ),
        (
            "a.csv",
            "question,answer,max_score\na,b,ten\n",
            "a.csv:2: field 'max_score': expected a number",
        ),
        (
            "a.csv",
            "question,answer,kind\na,b,hard\n",
            "a.csv:2: field 'kind': expected 'knowledge' or 'open', found \"hard\"",
        ),
        (
            "a.jsonl",
            '{"question": ["a"], "answer": "b"}\n',
            "a.jsonl:1: field 'question': expected text",
        ),
        (
            "a.yaml",
            "questions:\n- question: a\n  answer: b\n  max_score: -1\n",
            "a.yaml:4: field 'max_score': expected greater",
        ),
        (
            "a.yaml",
            "questions: x\n",
            "a.yaml:1: expected a bank ('questions:' with a list) or a list of questions",
        ),
        (
            "a.yaml",
            "questions:\n- x\n",
            "a.yaml:2: expected an object with 'question' and 'reference_answer'",
        ),
        ("a.json", "{}", "a.json:1: expected a bank"),
    ],
)
def test_broken_tables_and_documents(tmp_path: Path, name: str, text: str, problem: str) -> None:
    assert problem in fault(put(tmp_path, name, text))


def test_standard_input(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bank = tmp_path / "bank.yaml"
    write_bank(import_questions(put(tmp_path, "a.txt", LABELS)).bank, bank)
    records = [{"question": question, "answer": answer} for question, answer in TWO]
    for text in (
        LABELS,
        "## What is a heap?\n\nA tree in\nan array.\n\n## What is a trie?\n\nA tree of prefixes.\n",
        bank.read_text(),
        json.dumps(records),
        json.dumps({"questions": records}, indent=1),
        json.dumps({"questions": records}),
        "\n".join(map(json.dumps, records)),
        "question,answer\n" + "\n".join(map(",".join, TWO)),
        "".join(f"- question: {question}\n  answer: {answer}\n" for question, answer in TWO),
        "---\ntitle: Trees\n---\n\n" + "".join(f"## {question}\n\n{answer}\n\n" for question, answer in TWO),
        "<html>" + "".join(f"<h2>{question}</h2><p>{answer}</p>" for question, answer in TWO) + "</html>",
        "".join(f"::a::{question}{{####{answer}}}\n\n" for question, answer in TWO),
        "".join(f"{question}\t{answer}\n" for question, answer in TWO),
        "<quiz>"
        + "".join(
            f'<question type="essay"><questiontext><text>{question}</text></questiontext><graderinfo><text>{answer}'
            "</text></graderinfo></question>"
            for question, answer in TWO
        )
        + "</quiz>",
        json.dumps(
            {
                "cells": [
                    {"cell_type": "markdown", "source": f"## {question}\n\n{answer}"} for question, answer in TWO
                ],
                "nbformat": 4,
            }
        ),
    ):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        assert found(import_questions("-")) == TWO
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'\n{"question": "a" "answer": "b"}\n')))
    assert "<stdin>:2: not valid JSON" in fault("-")


# --- banks and ids ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("What is the difference between a stack and a queue?", "difference-stack-queue"),
        ("Explain the concept of Dijkstra's algorithm (e.g., on maps).", "dijkstra-algorithm"),
        ("What is it?", "what-is-it"),
        ("Où est la crème brûlée ?", "ou-est-la-creme-brulee"),
        ("supercalifragilistic " * 5, "supercalifragilistic-supercalifragilistic"),
        ("x" * 99, "x" * 60),
    ],
)
def test_ids_are_made_of_the_main_words(question: str, name: str) -> None:
    assert question_id(question) == name


def test_ids_of_other_scripts_differ() -> None:
    first, second = question_id("什么是堆"), question_id("什么是树")
    assert first != second and first.startswith("question-") and len(first) == len("question-") + 8
    assert question_id("Что такое CNN на практике?").startswith("cnn-")


def test_ids_stay_when_questions_are_added(tmp_path: Path) -> None:
    before = import_questions(put(tmp_path, "a.txt", LABELS)).bank
    after = import_questions(put(tmp_path, "b.txt", "Q: What is new?\nA: This.\n" + LABELS)).bank
    assert [question.id for question in after.questions][1:] == [question.id for question in before.questions]


@pytest.mark.parametrize("unit", [" ", "a ", "[", "( ", "[a] ", "(a)."])
def test_long_placeholders_take_linear_time(tmp_path: Path, unit: str) -> None:
    path = put(tmp_path, "page.txt", f"Q: Why?\nA: [{unit * 50_000}!\n")
    begin = time.process_time()
    import_questions(path)
    assert time.process_time() - begin < 2
