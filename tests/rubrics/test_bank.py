"""Banks are read back as they were written, and a broken one says where and why."""

from pathlib import Path

import pytest

from grader.errors import InputError
from grader.rubrics.bank import read_bank, write_bank
from grader.schema import Question, QuestionBank


def put(folder: Path, name: str, content: str) -> Path:
    path = folder / name
    path.write_bytes(content.encode())
    return path


def test_a_written_bank_is_readable(tmp_path: Path) -> None:
    bank = QuestionBank(
        title="T",
        questions=(Question(id="007", question="Why?", reference_answer="So.", topic="no", max_score=2.5),),
    )
    write_bank(bank, tmp_path / "a.yaml")
    assert (tmp_path / "a.yaml").read_text() == (
        "title: T\nquestions:\n- id: '007'\n  question: Why?\n  reference_answer: So.\n  kind: knowledge\n"
        "  topic: 'no'\n  max_score: 2.5\n"
    )
    assert read_bank(tmp_path / "a.yaml") == bank


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "questions:\n- {id: a, question: x}\n",
            "a.yaml:2: field 'questions[1].reference_answer': is missing",
        ),
        (
            "questions:\n- id: a\n  question: ' '\n  reference_answer: y\n",
            "a.yaml:3: field 'questions[1].question': must not be blank",
        ),
        (
            "questions:\n- id: a\n  question: x\n  reference_answer: y\n  score: 3\n",
            "a.yaml:5: field 'questions[1].score': is not a known field, expected one of id, question",
        ),
        (
            "questions:\n" + "- {id: a, question: x, reference_answer: y}\n" * 2,
            "a.yaml:3: field 'id': 'a' appears twice, the first time on line 2",
        ),
        ("title: x\n", "a.yaml:1: field 'questions': is missing"),
        ("- x\n", "a.yaml:1: expected an object with named fields"),
    ],
)
def test_broken_banks(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(InputError) as raised:
        read_bank(put(tmp_path, "a.yaml", text))
    assert problem in str(raised.value)


def test_a_bank_in_json_may_have_number_ids(tmp_path: Path) -> None:
    text = '{"questions": [{"id": 7, "question": "x", "reference": "y", "max_score": 3}]}'
    bank = read_bank(put(tmp_path, "a.json", text))
    assert bank.questions == (Question(id="7", question="x", reference_answer="y", max_score=3),)
