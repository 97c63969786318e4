from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.errors import InputError
from grader.rubrics.bank_import import ImportResult, import_questions
from grader.rubrics.multiple_choice import NOT_CHOSEN, Option, choose, reference_of

OPTIONS = [Option("A", "milk", False, 1), Option("B", "wax", False, 2), Option("C", "bee wax", False, 3)]


def page(folder: Path, text: str, name: str = "page.txt") -> ImportResult:
    path = folder / name
    path.write_text(text)
    return import_questions(path)


@pytest.mark.parametrize(
    ("answer", "reference"),
    [
        ("B", "wax"),
        ("(b)", "wax"),
        ("Option C", "bee wax"),
        ("The correct answer is B.", "wax"),
        ("B) wax", "wax"),
        ("B. wax. It is a fat.", "wax\n\nIt is a fat."),
        ("B\n\nIt is a fat.", "wax\n\nIt is a fat."),
        ("B because it is a fat", "wax\n\nbecause it is a fat"),
        ("B - Explanation: it is a fat.", "wax\n\nit is a fat."),
        ("A, C", "milk\nbee wax"),
        ("A and B", "milk\nwax"),
        ("bee wax", "bee wax"),
        ("A fat that workers make", "A fat that workers make"),
        ("E", ""),
        ("3", ""),
        ("E\n\nIt is a fat.", ""),
    ],
)
def test_the_answer_names_an_option(answer: str, reference: str) -> None:
    assert choose(OPTIONS, answer, is_labelled=True).reference == reference


def test_without_a_label_only_marks_and_plain_words_count() -> None:
    assert choose(OPTIONS, "A fat that bees make.", is_labelled=False).reference == ""
    assert (
        choose(OPTIONS, "The correct answer is C. Bees make it.", is_labelled=False).reference
        == "bee wax\n\nBees make it."
    )
    marked = [OPTIONS[0], OPTIONS[1]._replace(right=True)]
    choice = choose(marked, "It is a fat.", is_labelled=False)
    assert choice.reference == "wax\n\nIt is a fat."
    assert [(piece.text, piece.line, piece.why) for piece in choice.others] == [("A. milk", 1, NOT_CHOSEN)]
    assert reference_of(["wax"], ["Well done!", "", "It is a fat."]) == "wax\n\nIt is a fat."


BOXES = "#### Q1. What do bees make?\n\n- [ ] milk\n- [x] wax\n- [ ] oil\n\n[Source](http://a.b)\n\n"
DETAILS = """\
###### 1. What do bees make?

- A: `milk`
- B: wax

<details><summary><b>Answer</b></summary>
<p>

#### Answer: B

</p>
</details>

---

"""
FORMS = {
    "letters": "1. What do bees make?\na) milk\nb) wax\nc) oil\nAnswer: b) wax. A fat.\n\n"
    "2. Who?\na) drones\nb) workers\nAnswer: (b)\n",
    "aiken": "What do bees make?\nA. milk\nB. wax\nC. oil\nANSWER: B\n\nWho?\nA) drones\nB) workers\nANSWER: B\n",
    "one line": "Q1: What do bees make? A) milk B) wax C) oil\nAnswer: B\n"
    "Q2: Who? A) drones B) workers C) both\nAnswer: B\n",
    "stars": "1. What do bees make?\nA. milk\n*B. wax\nC. oil\n\n2. Who?\nA. drones\nB. workers (correct)\n",
    "ticks": "1. What do bees make?\nA. milk\nB. wax ✓\nC. oil\n\n2. Who?\nA. drones\n✅ B. workers\n",
    "bold": "## What do bees make?\n\n- A. milk\n- **B. wax**\n- C. oil\n\n## Who?\n\n- A. drones\n- **B. workers**\n",
    "boxes": BOXES + "#### Q2. Who?\n\n- [ ] drones\n- [x] workers\n",
    "details": DETAILS + DETAILS.replace("1. What do bees make", "2. Who").replace("wax", "workers"),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_marked_option_is_the_reference(tmp_path: Path, form: str) -> None:
    result = page(tmp_path, FORMS[form])
    assert [(one.question, one.reference_answer.split("\n\n")[0]) for one in result.bank.questions] == [
        ("What do bees make?", "wax"),
        ("Who?", "workers"),
    ]
    assert next(piece.text for piece in result.dropped if piece.why == NOT_CHOSEN).strip("`A. ") == "milk"


def test_code_belongs_to_the_question(tmp_path: Path) -> None:
    text = "## 1. What is shown?\n\n```py\nprint({0})\n```\n\n- A: `0`\n- B: `1`\n\n**Answer: B**\n\nIt counts.\n\n"
    result = page(
        tmp_path, text.replace("{0}", "1") + text.replace("{0}", "1 + 0").replace("1. What", "2. What"), "a.md"
    )
    assert [(one.question, one.reference_answer) for one in result.bank.questions] == [
        ("What is shown?\n\n```py\nprint(1)\n```", "`1`\n\nIt counts."),
        ("What is shown?\n\n```py\nprint(1 + 0)\n```", "`1`\n\nIt counts."),
    ]


def test_unmarked_options_are_refused(tmp_path: Path) -> None:
    text = "1. What do bees make?\nA) milk\nB) wax\n\n2. Who?\nA) drones\nB) workers\n"
    for more in ("", "\nAnswers: 1-B 2-B\n"):
        with pytest.raises(InputError, match=r"page\.txt:1: 'What do bees make\?' is multiple choice without a marked"):
            page(tmp_path, text + more)
    result = page(tmp_path, text + "Answer: B\n")
    assert [one.reference_answer for one in result.bank.questions] == ["workers"]
    assert ("What do bees make?", 1) in [(piece.text, piece.line) for piece in result.dropped]


def test_letters_below_the_label_are_the_answer(tmp_path: Path) -> None:
    result = page(tmp_path, "Q: How is wax made?\nAnswer:\nA. Workers eat.\nB. Glands work.\n")
    assert result.bank.questions[0].reference_answer == "A. Workers eat.\nB. Glands work."


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "Question,Option A,Option B,Correct Answer,Explanation\nWhat?,milk,wax,B,It is a fat.\n"),
        ("a.csv", "question,option 1,option 2,answer,explanation\nWhat?,milk,wax,2,It is a fat.\n"),
        ("a.csv", "question,a,b,answer,rationale\nWhat?,milk,wax,wax,It is a fat.\n"),
        ("a.csv", "question,answer\nWhat? A) milk B) wax C) oil,B. It is a fat.\n"),
        (
            "a.jsonl",
            '{"question": "What?", "options": ["milk", "wax"], "answer": "B", "explanation": "It is a fat."}\n',
        ),
        ("a.csv", "question,options,answer,explanation\nWhat?,milk; wax,B,It is a fat.\n"),
    ],
)
def test_options_in_tables(tmp_path: Path, name: str, text: str) -> None:
    result = page(tmp_path, text, name)
    assert [(one.question, one.reference_answer) for one in result.bank.questions] == [("What?", "wax\n\nIt is a fat.")]
    assert "A. milk" in [piece.text for piece in result.dropped]


WORDS = st.text(st.sampled_from("abcdeft "), min_size=3, max_size=12).map(lambda text: f"q{' '.join(text.split())}z")


@given(st.lists(WORDS, min_size=2, max_size=6, unique=True), st.data())
def test_a_random_marked_option_comes_back(options: list[str], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(options) - 1))
    listed = [Option("ABCDEF"[number], text, False, number) for number, text in enumerate(options)]
    for answer in (listed[at].letter, listed[at].text, f"{listed[at].letter}) {listed[at].text}"):
        assert choose(listed, answer, is_labelled=True).reference == listed[at].text
    marked = [option._replace(right=option.letter == listed[at].letter) for option in listed]
    assert choose(marked, "", is_labelled=False).reference == listed[at].text
