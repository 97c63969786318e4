import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.rubrics.bank_import import import_questions
from grader.rubrics.multiple_choice import NOT_CHOSEN, UNMARKED
from grader.rubrics.parsed_page import ParsedPage
from grader.rubrics.question_formats.gift import ACCEPTED, looks_like_gift, parse_gift


def read(text: str) -> ParsedPage:
    return parse_gift(enumerate(text.splitlines(keepends=True), 1))


@pytest.mark.parametrize(
    ("text", "question", "answer"),
    [
        ("Why?{####Because it is.}", "Why?", "Because it is."),
        ("::Name:: [html]<p>Why &amp; how?</p>{\n\t####<p>So\\: it is.</p>\n}", "Why & how?", "So: it is."),
        ("Bees make {~milk =wax#It is fat. ~oil}, they say.", "Bees make _____, they say.", "wax\n\nIt is fat."),
        ("Who?{=Ann}", "Who?", "Ann"),
        ("Wax is fat. {T#wrong#It is.}", "Wax is fat.", "True\n\nIt is."),
        ("Wax is wet. {FALSE}", "Wax is wet.", "False"),
        ("How many?{#6:1}", "How many?", "6 (± 1)"),
        ("How many?{#1..5}", "How many?", "1 to 5"),
        ("Which?{~%50%a ~%50%b ~%-100%c ####Both.}", "Which?", "a\nb\n\nBoth."),
        ("Match.{=a -> 1 =b -> 2}", "Match.", "a: 1\nb: 2"),
        ("Set \\{1\\} \\= \\~x\\# a\\\\b?{=yes#Well done!}", "Set {1} = ~x# a\\b?", "yes"),
        ("[markdown]Is *this* it?{####**Yes.**}", "Is this it?", "Yes."),
        ("One\n\ntwo?{\n\n####three\n\nfour}", "two?", "three\n\nfour"),
    ],
)
def test_kinds_of_questions(text: str, question: str, answer: str) -> None:
    page = read(text)
    assert [(pair.question, pair.answer) for pair in page.pairs] == [(question, answer)]


def test_what_is_left_out_is_reported_with_its_line() -> None:
    page = read(
        "// made by hand\n$CATEGORY: $course$/top/Bees\n\n::Wax:: What is wax?{\n=fat\n=%50%grease\n}\n\n"
        "Which?{~a#no =b}\n\nWhich then?{~a ~b}\n\nA description.\n\nBroken {one} {two}\n"
    )
    assert [(pair.question, pair.topic, pair.line, pair.name) for pair in page.pairs] == [
        ("What is wax?", "Bees", 4, "Wax"),
        ("Which?", "Bees", 9, ""),
    ]
    assert [(piece.text, piece.line, piece.why) for piece in page.dropped] == [
        ("// made by hand", 1, "a comment"),
        ("grease", 4, ACCEPTED),
        ("A. a (no)", 9, NOT_CHOSEN),
        ("Which then?", 11, UNMARKED),
        ("A description.", 13, "no answer in braces"),
        ("Broken {one} {two}", 15, "not one pair of braces: write \\{ and \\} for braces in a text"),
    ]


@pytest.mark.parametrize("name", ["a.gift", "a.gift.txt", "a.txt"])
def test_files(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("::Wax::What is wax?{####It is fat.}\n\n::::How is it made?{####By bees.}\n")
    questions = import_questions(path).bank.questions
    assert [(one.id, one.reference_answer) for one in questions] == [("wax", "It is fat."), ("made", "By bees.")]


def test_pages_with_braces_are_no_gift() -> None:
    assert not looks_like_gift("What is {x}?\nA set {1, 2}.\n\n```\nfunction f() {}\n```\n")
    assert not looks_like_gift("What is a::b::c?\nA path.\n")


TEXTS = st.text(st.sampled_from("ab ~=#{}:\\<>&*_.é1"), min_size=1, max_size=20).map(lambda text: f"x{text.strip()}y")


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=4))
def test_a_random_bank_comes_back(bank: list[tuple[str, str]]) -> None:
    def escaped(text: str) -> str:
        return re.sub(r"([~=#{}:\\])", r"\\\1", text)

    text = "\n\n".join(f"[plain]{escaped(question)}{{####{escaped(answer)}}}" for question, answer in bank)
    page = read(text)
    assert [(pair.question, pair.answer) for pair in page.pairs] == bank
    assert page.dropped == ()
