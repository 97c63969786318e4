import csv
import io
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from grader.rubrics.bank_import import import_questions
from grader.rubrics.parsed_page import ParsedPage
from grader.rubrics.question_formats.flash_cards import looks_like_cards, parse_cards


def read(text: str) -> ParsedPage:
    lines = list(enumerate(io.StringIO(text), 1))
    assert looks_like_cards(lines)
    return parse_cards(lines)


def test_an_export_of_anki() -> None:
    page = read(
        "#separator:tab\n#html:true\n#guid column:1\n#notetype column:2\n#deck column:3\n#tags column:7\n"
        'g1\tBasic\tBees::Wax\t"What is <b>wax</b>?"\t"Fat<br>&amp; ""esters"""\t\tsoft\n'
        'g2\tBasic\tBees\t"Who\nrules? <img src=""q.png"">"\tthe queen[sound:q.mp3]\tmore\t\n'
        "g3\tCloze\tBees\tIt is {{c1::wax}}.\t\t\t\n"
    )
    assert [pair[:4] for pair in page.pairs] == [
        ("What is wax?", 'Fat\n& "esters"', "Wax", 7),
        ("Who rules?", "the queen", "Bees", 8),
    ]
    assert [(piece.text, piece.line, piece.why) for piece in page.dropped] == [
        ("soft", 7, "the tags of the card"),
        ("[sound:q.mp3]", 8, "a sound"),
        ("q.png", 8, "an image"),
        ("more", 8, "a further field of the card"),
        ("It is {{c1::wax}}.", 10, "a cloze note has no question: write it as one"),
    ]


def test_an_export_of_quizlet(tmp_path: Path) -> None:
    path = tmp_path / "set.txt"
    path.write_text('wax\ta fat that\nbees make\n"queen"\tthe one who lays eggs\n\ndrone\tsay "he"\n')
    result = import_questions(path)
    assert [(one.question, one.reference_answer) for one in result.bank.questions] == [
        ("wax", "a fat that\nbees make"),
        ('"queen"', "the one who lays eggs"),
        ("drone", 'say "he"'),
    ]


def test_the_side_that_asks_is_the_question() -> None:
    page = read("wax\tWhat do bees make?\nthe queen\tWho lays eggs?\n")
    assert [(pair.question, pair.answer) for pair in page.pairs] == [
        ("What do bees make?", "wax"),
        ("Who lays eggs?", "the queen"),
    ]
    assert [doubt.text for doubt in page.doubts] == [
        "the second side of the cards asks, so it was taken as the question"
    ]


def test_a_table_with_names_and_a_page_with_tabs_are_no_cards(tmp_path: Path) -> None:
    path = tmp_path / "table.txt"
    path.write_text("Question\tAnswer\nWhat is wax?\tA fat.\n")
    assert import_questions(path).bank.questions[0].question == "What is wax?"
    assert not looks_like_cards([(1, "What is wax?\n"), (2, "\tA fat.\n"), (3, "More\tof it.\n"), (4, "x\n")])


TEXTS = st.text(st.sampled_from('ab "\t\n,;#.é1'), min_size=1, max_size=20).map(lambda text: f"x{text}y")


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=4))
def test_a_random_deck_comes_back(cards: list[tuple[str, str]]) -> None:
    out = io.StringIO("#separator:tab\n#html:false\n")
    out.seek(0, io.SEEK_END)
    csv.writer(out, delimiter="\t", lineterminator="\n").writerows(cards)
    assert [(pair.question, pair.answer) for pair in read(out.getvalue()).pairs] == cards
