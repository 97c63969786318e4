"""Other names of fields in labelled sets; the rest is in `tests/files/answer_files/test_answers.py`."""

import json
from pathlib import Path
from typing import Any

import pytest

from grader.errors import InputError
from grader.evaluation.labelled_set import LabelledAnswer, read_labelled_set

ROW = {"answer_id": "a1", "question_id": "tea", "answer": "Leaves in hot water.", "human_score": 2, "max_score": 3}
POINTS = [
    {"criterion": "Names hot water", "points": 2, "tags": ["axis:completeness"]},
    {"criterion": "Names the leaves", "points": 1, "tags": ["axis:completeness"]},
    {"criterion": "Says that milk goes in first", "points": -2, "tags": ["axis:accuracy"]},
]


def read(folder: Path, **more: Any) -> LabelledAnswer:
    path = folder / "set.jsonl"
    path.write_text(json.dumps(ROW | more))
    [row] = read_labelled_set(path)
    return row


@pytest.mark.parametrize("name", ["rubric", "rubrics", "Criteria", "nuggets", "points"])
def test_every_name_of_points_in_rubric_files_is_one_in_labelled_rows(tmp_path: Path, name: str) -> None:
    row = read(tmp_path, **{name: POINTS})
    assert row.rubric is not None
    assert [(point.id, point.text, point.weight) for point in row.rubric] == [
        ("p1", "Names hot water", 2.0),
        ("p2", "Names the leaves", 1.0),
        ("p3", "Says that milk goes in first", -2.0),
    ]


def test_points_that_a_person_gave_are_no_rubric(tmp_path: Path) -> None:
    assert read(tmp_path, points=2, reference="Leaves are steeped in hot water.").rubric is None


def test_a_row_without_anything_to_grade_by_is_told_the_names(tmp_path: Path) -> None:
    with pytest.raises(InputError) as raised:
        read(tmp_path, rubrik=POINTS)
    said = str(raised.value).removeprefix(str(tmp_path / "set.jsonl"))
    assert said.startswith(":1: no reference answer and no rubric: found answer_id, question_id, answer, human_score, ")
    assert ", rubrik; expected one of reference_answers, " in said
    assert said.endswith(", rubric, rubrics, criteria, nuggets, points")
