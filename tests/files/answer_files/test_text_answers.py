"""Answers in texts: each way to mark questions, and what must not be taken for one."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.errors import InputError, InputWarning
from grader.files.answer_files.answers import open_answers, read_answers
from grader.files.answer_files.question_matching import QuestionMatcher
from grader.files.answer_files.table_answers import Reading
from grader.files.answer_files.text_answers import text_answers
from tests.support.exports import QUESTIONS

TIDES, LAVA, WAVES = QUESTIONS.values()


def read(text: str, *, known: bool = True) -> dict[str, str]:
    lines = enumerate(text.splitlines(keepends=True), 1)
    matcher = QuestionMatcher(QUESTIONS if known else None, "a.txt")
    return {answer.answer_id: answer.answer for _, answer in text_answers(lines, matcher, "a.txt", Reading())}


def fault(text: str, *, known: bool = True) -> str:
    with pytest.raises(InputError) as raised:
        read(text, known=known)
    return str(raised.value)


WAYS = {
    "headings": "## {}\n\n{}\n\n",
    "deep headings": "#### Question 3: {}\n{}\n",
    "bold heading": "# **{}** #\n{}\n",
    "labels": "Q: {}\nA: {}\n\n",
    "bold labels": "**Q:** {}\n\n**A:** {}\n\n",
    "long labels": "Question 4: {}\n- Answer: {}\n",
    "labels alone": "Question 4\n{}\nAnswer:\n{}\n",
    "German": "Frage 1: {}\nAntwort: {}\n",
    "French": "Question : {}\nRéponse : {}\n",
    "Spanish": "Pregunta: {}\nRespuesta: {}\n",
    "bold": "**{}**\n\n{}\n\n",
    "numbered": "1. {}\n{}\n\n",
    "numbered in bold": "**2) {}**\n{}\n\n",
    "lines": "{}\n{}\n\n",
}
ANSWERS = {
    "tides": "The moon pulls.\n\n1. near\n2. far\n\n**Both** bulges.",
    "lava-types": "Aa is rough:\n\n```\n## not a question\n```",
    "seismic-waves": "",
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_every_way(way: str) -> None:
    assert read("".join(way.format(QUESTIONS[name], text) for name, text in ANSWERS.items())) == ANSWERS


@pytest.mark.parametrize("way", [way for name, way in WAYS.items() if name != "numbered"])
def test_without_known_questions(way: str) -> None:
    text = "".join(way.format(question, "It is so.") for question in (TIDES, WAVES))
    assert read(text, known=False) == {TIDES: "It is so.", WAVES: "It is so."}


def test_numbers_without_known_questions() -> None:
    text = f"1. {TIDES}\nThe moon.\n\n2. {LAVA}\nAa is rough.\n1. one\n2. two\n\n3) {WAVES}\n"
    assert read(text, known=False) == {TIDES: "The moon.", LAVA: "Aa is rough.\n1. one\n2. two", WAVES: ""}


WORDS = st.text(st.sampled_from("bcd e.,:-"), max_size=30).map(lambda text: " ".join(text.split()))


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@settings(derandomize=True, deadline=None)
@given(answers=st.fixed_dictionaries(dict.fromkeys(QUESTIONS, WORDS)))
def test_what_is_written_is_read_back(way: str, answers: dict[str, str]) -> None:
    assert read("".join(way.format(QUESTIONS[name], text) for name, text in answers.items())) == answers


def test_a_sheet_with_title_student_and_sections() -> None:
    text = f"# Geology\n\nName: Ann Doe\n\n## Part A\n\n### {TIDES}\nThe moon.\n\n"
    text += "## Part B\n### lava-types\nAa.\n#### More\nYes.\n"
    assert read(text) == {"Ann Doe/tides": "The moon.", "Ann Doe/lava-types": "Aa.\n#### More\nYes."}
    with pytest.warns(InputWarning, match=r"a.txt:1: left out above the first question: 'Geology, spring term'"):
        assert read(f"Geology, spring term\n\n1. {TIDES}\nThe moon.\n") == {"tides": "The moon."}


def test_an_answer_may_repeat_its_question_and_hold_lists() -> None:
    text = f"## {TIDES}\n\n{TIDES}\n1. tides\n2. lava-types\nThe moon.\n## {LAVA}\nAa.\n"
    assert read(text) == {"tides": f"{TIDES}\n1. tides\n2. lava-types\nThe moon.", "lava-types": "Aa."}


def test_a_question_that_is_marked_otherwise_is_a_question() -> None:
    assert read(f"## {TIDES}\nThe moon.\n\n{LAVA}\nAa.\n") == {"tides": "The moon.", "lava-types": "Aa."}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f"Q: {TIDES}\nA: x\nQ: Why does ice float?\nA: y\n", "a.txt:3: the question 'Why does ice float?' is no"),
        (
            f"1. {TIDES}\nx\n\n2. Why does ice float?\ny\n",
            "a.txt:4: the question 'Why does ice float?' is no question's",
        ),
        (f"**{TIDES}**\nx\n**Why does ice float?**\ny\n", "a.txt:3: the question 'Why does ice float?' is no"),
        (f"## {TIDES}\nx\n## Why does ice float?\ny\n", "a.txt:3: the heading 'Why does ice float?' is no question's"),
        (f"## {TIDES}\nx\n# Ice\ny\n", "a.txt:3: the heading 'Ice' is no question's id or text"),
        (
            f"Why does ice float?\nIt is light.\n\n{TIDES}\nx\n",
            "a.txt:1: text above the first question: found 'Why does",
        ),
        ("Some words.\n", "a.txt: holds no answer: expected '## <question id or text>'"),
    ],
)
def test_what_is_refused(text: str, problem: str) -> None:
    assert problem in fault(text)


def test_near_texts_of_marked_lines_are_told() -> None:
    with pytest.warns(InputWarning, match=r"a.txt:1: 'Why are there two high tides\?' is read as 'tides'"):
        assert read("Q: Why are there two high tides?\nA: The moon.\n") == {"tides": "The moon."}


def test_files(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(f"Q: {TIDES}\nA: The moon.\n")
    found = open_answers(tmp_path / "a.txt", questions=QUESTIONS)
    assert found.layout == "text"
    assert [(line, answer.answer) for line, answer in found.answers] == [(1, "The moon.")]
    (tmp_path / "b.txt").write_text(f"Question\tAnswer\n{TIDES}\tThe moon.\n")
    assert open_answers(tmp_path / "b.txt", questions=QUESTIONS).layout == "question-answer"
    (tmp_path / "c.csv").write_text(f"Q: {TIDES}\nA: The moon.\n")
    assert [answer.answer for answer in read_answers(tmp_path / "c.csv", questions=QUESTIONS, layout="text")] == [
        "The moon."
    ]


CELLS = {
    "diffusion": "What is diffusion?",
    "meiosis": "Describe meiosis.",
    "ribosomes": "List the tasks of ribosomes.",
}


def _cells(tmp_path: Path, text: str, questions: dict[str, str] | None = CELLS) -> dict[str, str]:
    path = tmp_path / "answers.txt"
    path.write_text(text)
    return {answer.answer_id: answer.answer for answer in read_answers(path, questions=questions)}


def test_a_line_with_a_student_begins_the_answers_of_another_one(tmp_path: Path) -> None:
    one = "Q: What is diffusion?\nA: {}\n\nQ: Describe meiosis.\nA: {}\n\n"
    text = f"Student: Ada\nStudent ID: 7\n\n{one.format('Spreading', 'Four cells')}"
    text += "Student: Ben\nStudent ID: 8\n\n" + one.format("Mixing", "Name: Ben said\nhalf")
    assert _cells(tmp_path, text) == {
        "Ada/diffusion": "Spreading",
        "Ada/meiosis": "Four cells",
        "Ben/diffusion": "Mixing",
        "Ben/meiosis": "Name: Ben said\nhalf",
    }
    with pytest.raises(InputError, match=r"answers\.txt:8: 'Student: Ben' names a student, but the answers above"):
        _cells(tmp_path, f"{one.format('a', 'b')}\nStudent: Ben\n{one.format('c', 'd')}")
    with pytest.raises(InputError, match="but no question follows"):
        _cells(tmp_path, "Student: Ada\nQ: What is diffusion?\nA: x\nStudent: Ben\nMixing")


def test_a_label_below_a_heading_says_its_question(tmp_path: Path) -> None:
    text = "## diffusion\n\n**Q:** What is diffusion?\n\n**A:** Spreading\n\n"
    text += "## ribosomes\n\nQ: Their job?\nA: Proteins\n"
    assert _cells(tmp_path, text) == {"diffusion": "Spreading", "ribosomes": "Proteins"}
    assert _cells(tmp_path, text, None) == {"diffusion": "Spreading", "ribosomes": "Proteins"}
    with pytest.raises(InputError, match=r":3: asks 'meiosis' below the heading of 'diffusion': remove one"):
        _cells(tmp_path, "## diffusion\n\n**Q:** Describe meiosis.\n\n**A:** Four cells\n")
    sections = "# Week 1\n\nQ: What is a?\nA: x\n\nQ: What is b?\nA: y\n"
    assert _cells(tmp_path, sections, None) == {"What is a?": "x", "What is b?": "y"}


def test_a_list_that_reaches_the_number_of_the_next_question(tmp_path: Path) -> None:
    above = "1. What is diffusion?\nSpreading\n2. Describe meiosis.\n1. first\n2. second\n"
    with pytest.warns(InputWarning, match="'List the task of ribosomes.' is read as 'ribosomes'"):
        found = _cells(tmp_path, f"{above}3. List the task of ribosomes.\nProteins\n")
    assert found["meiosis"] == "1. first\n2. second"
    assert found["ribosomes"] == "Proteins"
    assert _cells(tmp_path, f"{above}3. third\n")["meiosis"] == "1. first\n2. second\n3. third"
    with pytest.raises(InputError, match=r":3: 'They make proteins' may be question 2 or an item of the list above"):
        _cells(tmp_path, "1. List the tasks of ribosomes.\n\n2. They make proteins\n", None)


def test_labels_in_other_languages(tmp_path: Path) -> None:
    text = "Fråga 1: What is diffusion?\nSvar: Spreading\n\nFråga 2: Describe meiosis.\nSvar: Four cells\n"
    assert _cells(tmp_path, text) == {"diffusion": "Spreading", "meiosis": "Four cells"}
