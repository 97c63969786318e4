import io
import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from grader.errors import InputError
from grader.evaluation.labelled_set import LabelledAnswer, read_labelled_set
from grader.files.answer_files.answers import read_answers
from grader.files.tables import write_rows
from grader.schema import Answer, RubricPoint

QUESTIONS = {
    "dough-rest": "Why does dough rest before it is shaped?",
    "loaf-done": "How do you know that a loaf is done?",
    "cpp": "What is C++?",
    "csharp": "What is C#?",
}
ROWS = [
    {
        "answer_id": "a1",
        "question_id": "dough-rest",
        "answer": "It relaxes.",
        "candidate": "Kim",
        "round": "2",
    },
    {"answer_id": "007", "question_id": "1.2", "answer": "", "candidate": "", "round": "3"},
]


def put(folder: Path, name: str, content: str) -> Path:
    path = folder / name
    path.write_bytes(content.encode())
    return path


def fault(path: Path, **options: Any) -> str:
    with pytest.raises(InputError) as raised:
        list(read_answers(path, **options))
    return str(raised.value)


@pytest.mark.parametrize("ending", ["jsonl", "csv", "tsv", "xlsx", "parquet"])
def test_tables(tmp_path: Path, ending: Any) -> None:
    path = tmp_path / f"answers.{ending}"
    write_rows(path, ROWS, format=ending)
    assert list(read_answers(path)) == [
        Answer(
            answer_id="a1",
            question_id="dough-rest",
            answer="It relaxes.",
            candidate="Kim",
            extra={"round": "2"},
        ),
        Answer(answer_id="007", question_id="1.2", answer="", candidate=None, extra={"round": "3"}),
    ]


@pytest.mark.parametrize(
    "name", ["answer", "response", "submission", "actual_output", "student_answer", "Student Answer"]
)
@pytest.mark.parametrize("id_name", ["answer_id", "id", "ID"])
def test_names_of_peers(tmp_path: Path, name: str, id_name: str) -> None:
    path = put(tmp_path, "a.csv", f"{id_name},question_id,{name}\n1,q,text\n")
    assert list(read_answers(path)) == [Answer(answer_id="1", question_id="q", answer="text")]


def test_numbers_become_text_and_further_columns_keep_their_kind(tmp_path: Path) -> None:
    row = {
        "answer_id": 7,
        "question_id": 1.0,
        "answer": 42,
        "candidate": 3,
        "id": 9,
        "meta": {"a": [1, None]},
    }
    path = put(tmp_path, "a.jsonl", json.dumps(row))
    assert list(read_answers(path)) == [
        Answer(
            answer_id="7",
            question_id="1",
            answer="42",
            candidate="3",
            extra={"id": 9, "meta": {"a": [1, None]}},
        )
    ]


def test_rows_of_jsonl_may_differ(tmp_path: Path) -> None:
    text = '{"id": 1, "question_id": "q", "response": "a"}\n'
    text += '{"answer": "b", "answer_id": 2, "question_id": "q"}\n'
    assert [answer.answer for answer in read_answers(put(tmp_path, "a.jsonl", text))] == ["a", "b"]


def test_the_answer_is_kept_to_the_letter(tmp_path: Path) -> None:
    text = "  spaces \t and\r\nlines\u200b e\u0301 "
    path = put(tmp_path, "a.jsonl", json.dumps({"id": "a", "question_id": "q", "answer": text}))
    assert next(read_answers(path)).answer == text


def test_answers_come_one_at_a_time(tmp_path: Path) -> None:
    text = '{"id": 1, "question_id": "q", "answer": "a"}\nbroken\n'
    answers = read_answers(put(tmp_path, "a.jsonl", text))
    assert next(answers).answer_id == "1"
    with pytest.raises(InputError, match=r"a\.jsonl:2: not valid JSON"):
        next(answers)


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"id,question_id,answer\n1,q,x\n")))
    assert [answer.answer for answer in read_answers("-")] == ["x"]


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        (
            "a.csv",
            "id,question_id,text\n1,q,x\n",
            "a.csv:1: field 'answer': no such column: found id, question_id, text; expected one of answer, "
            "response, submission, actual_output, student_answer",
        ),
        ("a.jsonl", '{"id": 1, "answer": "x"}', "a.jsonl:1: field 'question_id': no such column"),
        (
            "a.csv",
            "id,question_id,answer\n1,q,x\n\n1,q,y\n",
            "a.csv:4: field 'answer_id': '1' appears twice, the first time on line 2",
        ),
        (
            "a.jsonl",
            '{"id": null, "question_id": "q", "answer": "x"}',
            "a.jsonl:1: field 'answer_id': expected an id, found null",
        ),
        (
            "a.csv",
            "id,question_id,answer\n ,q,x\n",
            "a.csv:2: field 'answer_id': expected an id, found blank",
        ),
        (
            "a.jsonl",
            '{"id": true, "question_id": "q", "answer": "x"}',
            "field 'answer_id': expected an id, found bool",
        ),
        (
            "a.jsonl",
            '{"id": 1, "question_id": null, "answer": "x"}',
            "field 'question_id': expected an id, found null",
        ),
        (
            "a.jsonl",
            '{"id": 1, "question_id": "q", "answer": null}',
            'found null, expected text; write "" for an answer',
        ),
        (
            "a.jsonl",
            '{"id": 1, "question_id": "q", "answer": ["x"]}',
            "a.jsonl:1: field 'answer': expected text",
        ),
        ("a.jsonl", "", "a.jsonl: is empty"),
        ("a.doc", "x", "'.doc' is not a known table format"),
        ("a.csv", "id,question_id,answer,id\n1,q,x,2\n", "a.csv:1: field 'id': this column appears twice"),
        (
            "a.csv",
            "answer_id,question_id,answer\n1.23E+11,q,x\n",
            "a.csv:2: field 'answer_id': '1.23E+11' is an id that a",
        ),
        ("a.csv", 'answer_id,question_id,answer\n1,"2,5E+15",x\n', "a.csv:2: field 'question_id': '2,5E+15' is an id"),
    ],
)
def test_broken_tables(tmp_path: Path, name: str, text: str, problem: str) -> None:
    assert problem in fault(put(tmp_path, name, text))


# --- Markdown --------------------------------------------------------------------------------------

PAGE = """\
# My answers

## 1. why does DOUGH rest before it is shaped

It relaxes.

### A smaller heading

```
## not a question
```

## loaf-done

## What is C#? ##
One language.
## what is c++?
Another.
## dough-rest
A second try.
"""


def test_markdown_with_known_questions(tmp_path: Path) -> None:
    answers = list(read_answers(put(tmp_path, "a.md", PAGE), questions=QUESTIONS))
    assert [(answer.answer_id, answer.question_id, answer.answer) for answer in answers] == [
        ("dough-rest", "dough-rest", "It relaxes.\n\n### A smaller heading\n\n```\n## not a question\n```"),
        ("loaf-done", "loaf-done", ""),
        ("csharp", "csharp", "One language."),
        ("cpp", "cpp", "Another."),
        ("dough-rest-2", "dough-rest", "A second try."),
    ]


def test_markdown_without_questions_takes_headings_as_ids(tmp_path: Path) -> None:
    page = "## q1\none\n## q1\ntwo\n## q1-2\nthree\n"
    answers = list(read_answers(put(tmp_path, "a.md", page)))
    assert [(answer.answer_id, answer.question_id) for answer in answers] == [
        ("q1", "q1"),
        ("q1-2", "q1"),
        ("q1-2-2", "q1-2"),
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "## Why does bread rest?\nx\n",
            "a.md:1: the heading 'Why does bread rest?' is no question's id or text; the nearest is",
        ),
        ("# T\n\n## zzz\nx\n", "a.md:3: the heading 'zzz' is no question's id or text"),
        ("# T\nHello" + "!" * 99 + "\n## cpp\nx\n", "a.md:2: text above the first question: found 'Hello!!"),
        ("# T\n", "a.md: holds no answer: expected '## <question id or text>' and the answer below it"),
        ("", "a.md: holds no answer"),
    ],
)
def test_broken_markdown(tmp_path: Path, text: str, problem: str) -> None:
    assert problem in fault(put(tmp_path, "a.md", text), questions=QUESTIONS)


def test_many_equal_headings_take_linear_time(tmp_path: Path) -> None:
    text = "## q-3\nx\n" + "## q\nx\n" * 20_000
    begin = time.process_time()
    ids = [answer.answer_id for answer in read_answers(put(tmp_path, "a.md", text))]
    assert time.process_time() - begin < 5
    assert ids[:5] == ["q-3", "q", "q-2", "q-4", "q-5"]
    assert len(set(ids)) == len(ids)


# --- labelled sets ---------------------------------------------------------------------------------

LABELLED: dict[str, Any] = {
    "question_id": 3,
    "question": "Why does dough rest?",
    "reference_answers": ["The gluten relaxes."],
    "rubric": [{"id": "p1", "text": "The gluten relaxes", "weight": 2}],
    "answer_id": "a1",
    "answer": "It relaxes.",
    "human_score": 1.5,
    "max_score": 2,
    "human_scores": {"r1": 1, "r2": 2},
    "label": "correct",
    "point_labels": {"p1": 0.5},
    "source": "is ignored",
}


def labelled_fault(folder: Path, **changes: Any) -> str:
    row = {key: value for key, value in {**LABELLED, **changes}.items() if value is not ...}
    with pytest.raises(InputError) as raised:
        read_labelled_set(put(folder, "a.jsonl", "\n" + json.dumps(row)))
    return str(raised.value)


def test_a_labelled_row(tmp_path: Path) -> None:
    assert read_labelled_set(put(tmp_path, "a.jsonl", json.dumps(LABELLED))) == [
        LabelledAnswer(
            question_id="3",
            question="Why does dough rest?",
            reference_answers=("The gluten relaxes.",),
            rubric=(RubricPoint(id="p1", text="The gluten relaxes", weight=2),),
            answer_id="a1",
            answer="It relaxes.",
            human_score=1.5,
            max_score=2,
            human_scores={"r1": 1, "r2": 2},
            label="correct",
            point_labels={"p1": 0.5},
        )
    ]


def test_what_may_be_left_out(tmp_path: Path) -> None:
    fields = ("question_id", "reference_answers", "answer_id", "answer", "human_score", "max_score")
    row = read_labelled_set(put(tmp_path, "a.jsonl", json.dumps({field: LABELLED[field] for field in fields})))[0]
    assert (row.question, row.rubric, row.human_scores, row.label, row.point_labels) == (
        "",
        None,
        {},
        None,
        {},
    )


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"answer": ...}, "a.jsonl:2: field 'answer': is missing"),
        ({"human_score": "high"}, "a.jsonl:2: field 'human_score': expected a number, found \"high\""),
        ({"human_score": 3}, "a.jsonl:2: human_score: found 3.0, expected 0 to max_score 2.0"),
        ({"human_score": -1}, "human_score: found -1.0, expected 0 to max_score 2.0"),
        ({"max_score": 0}, "a.jsonl:2: field 'max_score': expected greater than 0, found 0"),
        (
            {"rubric": [], "reference_answers": [], "point_labels": {}},
            "reference_answers: empty, and there is no rubric",
        ),
        ({"rubric": ..., "point_labels": {"p1": 1}}, "point_labels: 'p1' is not a point of the rubric"),
        ({"point_labels": {"p1": 2}}, "field 'point_labels.p1': expected less than or equal to 1, found 2"),
        ({"rubric": [{"id": "p1"}]}, "field 'rubric[1].text': is missing"),
        ({"answer_id": None}, "field 'answer_id': expected text, found null"),
        ({"answer": None}, "a.jsonl:2: field 'answer': found null, expected text"),
        ({"human_scores": {"r1": 9}}, "a.jsonl:2: human_scores.r1: found 9.0, expected 0 to max_score 2.0"),
        ({"rubric": "p1"}, "a.jsonl:2: field 'rubric': expected a list of points"),
        ({"rubric": [{"id": 1, "text": "x"}] * 2}, "a.jsonl:2: field 'rubric[2].id': '1' appears twice"),
        ({"rubric": [{"id": "p1", "text": "x", "weight": -1}]}, "field 'rubric': at least one weight must be positive"),
        (
            {"rubric": [{"id": "p1", "text": "x", "group": "g"}]},
            "a.jsonl:2: field 'rubric': 'p1' belongs to group 'g', which 'groups' does not define",
        ),
        (
            {"rubric": [{"id": "p1", "text": "x", "source_span": [0, 4]}], "reference_answers": []},
            "a.jsonl:2: field 'rubric': source_span [0, 4] of 'p1' is outside the reference answer (0 characters)",
        ),
    ],
)
def test_broken_labelled_rows(tmp_path: Path, changes: dict[str, Any], problem: str) -> None:
    assert problem in labelled_fault(tmp_path, **changes)


PEERS = {
    "answer": ["student_answer", "response", "submission", "actual_output"],
    "reference_answers": ["reference", "reference_answer", "expected_output", "desired_answer"],
}


@pytest.mark.parametrize(("field", "name"), [(field, name) for field, names in PEERS.items() for name in names])
def test_labelled_rows_of_peers(tmp_path: Path, field: str, name: str) -> None:
    value = LABELLED[field][0] if field == "reference_answers" else LABELLED[field]
    row = {key: item for key, item in LABELLED.items() if key != field} | {name: value}
    ours = read_labelled_set(put(tmp_path, "ours.jsonl", json.dumps(LABELLED)))
    assert read_labelled_set(put(tmp_path, "peers.jsonl", json.dumps(row))) == ours


def test_points_of_labelled_rows_are_read_as_in_rubric_files(tmp_path: Path) -> None:
    points = [{"criterion": "A", "points": 2}, {"id": 2, "requirement": "B", "weight": 1, "tags": ["x"]}, {"text": "C"}]
    row = LABELLED | {"rubric": points, "point_labels": {"p1": 1, "2": 0}}
    [labelled] = read_labelled_set(put(tmp_path, "a.jsonl", json.dumps(row)))
    assert labelled.rubric == (
        RubricPoint(id="p1", text="A", weight=2),
        RubricPoint(id="2", text="B", weight=1),
        RubricPoint(id="p3", text="C"),
    )


def test_a_labelled_table(tmp_path: Path) -> None:
    header = "answer_id,question_id,response,reference,human_score,max_score,label,human_scores"
    path = put(tmp_path, "a.csv", f"{header}\n007,3,It relaxes.,The gluten relaxes.,1.5,2,,\n")
    [row] = read_labelled_set(path)
    assert (row.answer_id, row.reference_answers, row.human_score, row.label) == (
        "007",
        ("The gluten relaxes.",),
        1.5,
        None,
    )
    put(tmp_path, "a.csv", f"{header}\n1.5E+12,3,x,y,1,2,,\n")
    with pytest.raises(InputError, match=r"a\.csv:2: field 'answer_id': '1.5E\+12' is an id that a spreadsheet"):
        read_labelled_set(path)
    put(tmp_path, "a.csv", "answer_id,question_id,response,reference,max_score\na1,3,x,y,2\n")
    with pytest.raises(InputError, match=r"a\.csv:1: field 'human_score': is missing"):
        read_labelled_set(path)


def test_repeated_labelled_rows(tmp_path: Path) -> None:
    path = put(tmp_path, "a.jsonl", json.dumps(LABELLED) + "\n" + json.dumps(LABELLED))
    with pytest.raises(
        InputError, match=r"a\.jsonl:2: field 'answer_id': 'a1' appears twice, the first time on line 1"
    ):
        read_labelled_set(path)
