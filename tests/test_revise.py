"""Deriving again never loses what a person changed."""

from pathlib import Path

import pytest

from grader.derive import derive
from grader.revise import Saved, is_edited, save_derived
from grader.rubric import read_rubric, rubric_path, write_rubric
from grader.schema import Question, Rubric

QUESTION = Question(id="q", question="What does dropout do?", reference_answer="Dropout disables random units.")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    assert save_derived(derive(QUESTION), tmp_path).outcome == "new"
    return rubric_path(tmp_path, "q")


def test_an_untouched_file_follows_the_bank(path: Path) -> None:
    assert not is_edited(read_rubric(path))
    changed = derive(QUESTION.model_copy(update={"reference_answer": "Dropout turns random units off."}))
    assert save_derived(changed, path.parent) == Saved("rewritten")
    assert save_derived(changed, path.parent) == Saved("unchanged")
    assert read_rubric(path).points[0].text == "Dropout turns random units off"


EDITS = [
    {"max_score": 5.0},
    {"question": "What is dropout for?"},
    {"points": ({"id": "p1", "text": "It disables units", "weight": 10},)},
    {"points": ({"id": "p1", "text": "Dropout disables random units", "weight": 10, "importance": "okay"},)},
]


@pytest.mark.parametrize("edit", EDITS)
def test_every_kind_of_edit_is_kept_and_shown(path: Path, edit: dict[str, object]) -> None:
    write_rubric(Rubric.model_validate({**read_rubric(path).model_dump(), **edit}), path)
    before = path.read_bytes()
    saved = save_derived(derive(QUESTION), path.parent)
    assert saved.outcome == "kept" and "(edited)" in saved.difference
    assert path.read_bytes() == before
    assert save_derived(derive(QUESTION), path.parent, force=True).outcome == "rewritten"
    assert path.read_bytes() != before


def test_a_rubric_that_a_person_wrote_is_kept(path: Path) -> None:
    path.write_text("question_id: q\npoints:\n- text: Names dropout\n")
    assert save_derived(derive(QUESTION), path.parent).outcome == "kept"
    assert "Names dropout" in path.read_text()
