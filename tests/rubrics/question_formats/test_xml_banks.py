import html
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.errors import InputError
from grader.rubrics.bank_import import import_questions
from grader.rubrics.multiple_choice import NOT_CHOSEN, UNMARKED
from grader.rubrics.question_formats.gift import ACCEPTED
from grader.rubrics.question_formats.xml_banks import parse_xml

MOODLE = """<?xml version="1.0" encoding="UTF-8"?>
<quiz>
<!-- question: 0 -->
<question type="category"><category><text>$course$/top/Bees/Wax</text></category></question>
<question type="essay"><name><text>Wax</text></name>
<questiontext format="html"><text><![CDATA[<p>What is <b>wax</b>? <img src="w.png" alt="wax"></p>]]></text>
<file name="w.png" encoding="base64">AAAA</file></questiontext>
<defaultgrade>4.0000000</defaultgrade>
<graderinfo format="html"><text><![CDATA[<p>Fat &amp; esters.</p>]]></text></graderinfo></question>
<question type="multichoice"><name><text>Makers</text></name><questiontext format="html"><text>Who makes it?</text>
</questiontext><generalfeedback format="html"><text>They have glands.</text></generalfeedback>
<answer fraction="0"><text>drones</text><feedback><text>no</text></feedback></answer>
<answer fraction="100"><text>workers</text><feedback><text>Well done!</text></feedback></answer></question>
<question type="multichoice"><name><text>Bad</text></name><questiontext><text>Which?</text></questiontext>
<answer fraction="0"><text>one</text></answer></question>
<question type="shortanswer"><name><text>King</text></name><questiontext><text>Who rules?</text></questiontext>
<answer fraction="50"><text>a queen</text></answer><answer fraction="100"><text>the queen</text></answer></question>
<question type="numerical"><name><text>Legs</text></name><questiontext><text>How many legs?</text></questiontext>
<answer fraction="100"><text>6</text><tolerance>0.5</tolerance></answer></question>
<question type="truefalse"><name><text>Fly</text></name><questiontext><text>Bees fly.</text></questiontext>
<answer fraction="100"><text>true</text></answer><answer fraction="0"><text>false</text></answer></question>
<question type="matching"><name><text>Pairs</text></name><questiontext><text>Match.</text></questiontext>
<subquestion><text>hive</text><answer><text>box</text></answer></subquestion></question>
<question type="cloze"><name><text>Gaps</text></name><questiontext><text>{1:SA:=x}</text></questiontext></question>
</quiz>
"""


def item(body: str, declarations: str = "", after: str = "", version: str = "p1") -> str:
    return (
        f'<assessmentItem xmlns="http://www.imsglobal.org/xsd/imsqti_v2{version}" identifier="wax-1" title="Wax">\n'
        f"{declarations}\n<itemBody>{body}</itemBody>{after}</assessmentItem>"
    )


def right(*values: str) -> str:
    inside = "".join(f"<value>{value}</value>" for value in values)
    return f'<responseDeclaration identifier="R"><correctResponse>{inside}</correctResponse></responseDeclaration>'


def test_moodle_xml(tmp_path: Path) -> None:
    path = tmp_path / "bank.xml"
    path.write_text(MOODLE)
    result = import_questions(path)
    assert [(one.id, one.question, one.reference_answer, one.max_score) for one in result.bank.questions] == [
        ("wax", "What is wax?", "Fat & esters.", 4),
        ("makers", "Who makes it?", "workers\n\nThey have glands.", 10),
        ("king", "Who rules?", "the queen", 10),
        ("legs", "How many legs?", "6 (± 0.5)", 10),
        ("fly", "Bees fly.", "true", 10),
        ("pairs", "Match.", "hive: box", 10),
    ]
    assert {one.topic for one in result.bank.questions} == {"Wax"}
    assert [(piece.text, piece.line, piece.why) for piece in result.dropped] == [
        ("w.png", 6, "an attached file"),
        ("wax", 6, "an image"),
        ("drones (no)", 12, NOT_CHOSEN),
        ("Which?", 14, UNMARKED),
        ("a queen", 17, ACCEPTED),
        ("false", 21, NOT_CHOSEN),
        ("{1:SA:=x}", 24, "a question of the type 'cloze', which has no reference answer in words"),
    ]


@pytest.mark.parametrize("version", ["p0", "p1", "p2"])
def test_qti(version: str) -> None:
    essay = item(
        '<p>Read <img src="a.png" alt="a hive"/></p><extendedTextInteraction responseIdentifier="R"><prompt>What is '
        '<em>wax</em>?</prompt></extendedTextInteraction><rubricBlock view="scorer"><p>Fat.</p></rubricBlock>'
        '<rubricBlock view="candidate">Write much.</rubricBlock>',
        '<outcomeDeclaration identifier="MAXSCORE"><defaultValue><value>5</value></defaultValue></outcomeDeclaration>',
        version=version,
    )
    page = parse_xml(essay.encode(), "a.xml")
    assert page.pairs == (page.pairs[0]._replace(question="Read\n\nWhat is wax?", answer="Fat.", max_score="5"),)
    assert {(piece.text, piece.why) for piece in page.dropped} == {
        ("a hive", "an image"),
        ("Write much.", "instructions for candidates"),
    }


@pytest.mark.parametrize(
    ("text", "question", "answer"),
    [
        (
            item('<p>Bees make <textEntryInteraction responseIdentifier="R"/>.</p>', right("wax")),
            "Bees make _____ .",
            "wax",
        ),
        (
            item(
                '<p>Who? <textEntryInteraction responseIdentifier="R"/></p>',
                '<responseDeclaration identifier="R"><mapping><mapEntry mapKey="bee" mappedValue="1"/></mapping>'
                "</responseDeclaration>",
            ),
            "Who? _____",
            "bee",
        ),
        (
            item(
                '<choiceInteraction responseIdentifier="R"><prompt>Who?</prompt><simpleChoice identifier="A">drones'
                '</simpleChoice><simpleChoice identifier="B">workers</simpleChoice></choiceInteraction>',
                right("B"),
                '<modalFeedback identifier="x">They have glands.</modalFeedback>',
            ),
            "Who?",
            "workers\n\nThey have glands.",
        ),
        (
            item(
                '<extendedTextInteraction responseIdentifier="R"><prompt>Why?</prompt></extendedTextInteraction>',
                right("So."),
            ),
            "Why?",
            "So.",
        ),
    ],
)
def test_qti_interactions(text: str, question: str, answer: str) -> None:
    assert [(pair.question, pair.answer) for pair in parse_xml(text.encode(), "a.xml").pairs] == [(question, answer)]


def test_qti_that_cannot_be_used_is_reported() -> None:
    unmarked = item(
        '<choiceInteraction responseIdentifier="R"><prompt>Who?</prompt><simpleChoice identifier="A">x</simpleChoice>'
        "</choiceInteraction>"
    )
    drawing = item('<p>Draw.</p><drawingInteraction responseIdentifier="R"/>')
    page = parse_xml(f"<all>\n{unmarked}{drawing}</all>".encode(), "a.xml")
    assert page.pairs == ()
    assert [(piece.text, piece.why) for piece in page.dropped] == [
        ("Who?", UNMARKED),
        ("Draw.", "a question of the type 'drawingInteraction', which has no reference answer in words"),
    ]


def test_a_package(tmp_path: Path) -> None:
    path = tmp_path / "package.zip"
    body = '<extendedTextInteraction responseIdentifier="R"><prompt>Why?</prompt></extendedTextInteraction>'
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("imsmanifest.xml", "<manifest/>")
        archive.writestr("b.png", "x")
        archive.writestr("items/a.xml", item(body, right("So.")))
    result = import_questions(path)
    assert [(one.id, one.reference_answer) for one in result.bank.questions] == [("wax-1", "So.")]
    assert [(piece.text, piece.why) for piece in result.dropped] == [("b.png", "a file without questions")]
    with pytest.raises(InputError, match="cannot be read: there is no such file"):
        import_questions(tmp_path / "none.zip")
    path.write_bytes(b"no archive")
    with pytest.raises(InputError, match=r"package\.zip: cannot be unpacked"):
        import_questions(path)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("<quiz>\n<question", "a.xml:2: not valid XML"),
        ("<!DOCTYPE x [<!ENTITY a 'b'>]><quiz/>", "a.xml:1: a document type (<!DOCTYPE ...>) is not accepted"),
        ("<questestinterop/>", "a.xml:1: is QTI 1.2, which is not read: export it as QTI 2.1 or 2.2"),
        ("<qti-assessment-item/>", "is QTI 3, which is not read"),
        ("<manifest/>", "is the table of contents of a package: give the whole package (.zip)"),
        ("<rss/>", "a.xml:1: begins with <rss>, expected Moodle XML (<quiz>) or QTI 2.x (<assessmentItem>)"),
    ],
)
def test_other_xml_is_refused(text: str, problem: str) -> None:
    with pytest.raises(InputError) as raised:
        parse_xml(text.encode(), "a.xml")
    assert problem in str(raised.value)


TEXTS = st.text(st.sampled_from("ab <>&\"'*_{}#.é1;"), min_size=1, max_size=20).map(
    lambda text: f"x{' '.join(text.split())}y"
)


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=4))
def test_a_random_bank_comes_back(bank: list[tuple[str, str]]) -> None:
    def written(text: str) -> str:
        return html.escape(f"<p>{html.escape(text)}</p>")

    questions = "".join(
        f'<question type="essay"><questiontext format="html"><text>{written(question)}</text></questiontext>'
        f'<graderinfo format="html"><text>{written(answer)}</text></graderinfo></question>'
        for question, answer in bank
    )
    page = parse_xml(f"<quiz>{questions}</quiz>".encode(), "a.xml")
    assert [(pair.question, pair.answer) for pair in page.pairs] == bank
    items = "".join(
        item(
            f'<extendedTextInteraction responseIdentifier="R"><prompt>{html.escape(question)}</prompt>'
            f'</extendedTextInteraction><rubricBlock view="scorer"><p>{html.escape(answer)}</p></rubricBlock>'
        )
        for question, answer in bank
    )
    page = parse_xml(f"<all>{items}</all>".encode(), "a.xml")
    assert [(pair.question, pair.answer) for pair in page.pairs] == bank
