from pathlib import Path

import pytest

from grader.errors import InputError
from grader.practice.exercises import read_exercises

BANK = """
title: t
questions:
- {id: b, question: What is B?, reference_answer: It is a letter. It follows A., topic: letters}
- {id: a, question: What is A?, reference_answer: It is the first letter.}
- {id: o, question: What do you like?, reference_answer: Anything., kind: open}
"""
RUBRIC = "question_id: {0}\nquestion: What is {0}?\npoints: [{{id: own, text: My own point.}}]\n"


def test_a_bank_gives_topics_order_and_points_where_there_is_no_rubric(tmp_path: Path) -> None:
    (tmp_path / "bank.yaml").write_text(BANK)
    (tmp_path / "rubrics").mkdir()
    for name in ("a", "z"):
        (tmp_path / "rubrics" / f"{name}.yaml").write_text(RUBRIC.format(name))
    found = read_exercises(tmp_path / "rubrics", tmp_path / "bank.yaml")
    assert {name: each.topic for name, each in found.items()} == {"b": "letters", "a": None, "z": None}
    assert found["a"].rubric.points[0].id == "own" and len(found["b"].rubric.points) == 2
    assert list(read_exercises(bank=tmp_path / "bank.yaml")) == ["b", "a"]
    assert list(read_exercises(tmp_path / "rubrics")) == ["a", "z"]


def test_the_sample_needs_no_file() -> None:
    found = read_exercises()
    assert len(found) == 18 and all(each.topic for each in found.values())


def test_what_is_missing_is_said() -> None:
    with pytest.raises(InputError, match="there is no such file or folder"):
        read_exercises("nowhere")
    with pytest.raises(InputError, match="there is no such file"):
        read_exercises(None, "nowhere.yaml")
