"""Deriving again never loses what a person changed."""

from pathlib import Path
from typing import Any

import pytest

from grader.errors import InputError
from grader.rubrics.derivation import derive
from grader.rubrics.rubric_files import read_rubric, rubric_path, write_rubric
from grader.rubrics.saving import SaveResult, is_edited, is_proposed, outline_difference, save_derived, save_proposed
from grader.schema import PointGroup, Question, Rubric

QUESTION = Question(id="q", question="What does dropout do?", reference_answer="Dropout disables random units.")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    assert save_derived(derive(QUESTION), tmp_path).outcome == "new"
    return rubric_path(tmp_path, "q")


def test_an_untouched_file_follows_the_bank(path: Path) -> None:
    assert not is_edited(read_rubric(path))
    changed = derive(QUESTION.model_copy(update={"reference_answer": "Dropout turns random units off."}))
    assert save_derived(changed, path.parent) == SaveResult("rewritten")
    assert save_derived(changed, path.parent) == SaveResult("unchanged")
    assert read_rubric(path).points[0].text == "Dropout turns random units off"


EDITS = [
    {"max_score": 5.0},
    {"question": "What is dropout for?"},
    {"points": ({"id": "p1", "text": "It disables units", "weight": 10},)},
    {"points": ({"id": "p1", "text": "Dropout disables random units", "weight": 10, "importance": "okay"},)},
]


@pytest.mark.parametrize("edit", EDITS)
def test_every_kind_of_edit_is_kept_and_shown(path: Path, edit: dict[str, Any]) -> None:
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


PROPOSED = derive(QUESTION).model_copy(update={"derived_by": "grader 1 clauses + gpt-x@1a2b3c4d,prompt@5e6f7a8b"})
BETTER = PROPOSED.model_copy(
    update={"points": (PROPOSED.points[0].model_copy(update={"text": "Dropout turns random units off"}),)}
)


def test_a_proposal_never_overwrites_a_file_unasked(path: Path) -> None:
    before = path.read_bytes()
    saved = save_proposed(BETTER, path.parent)
    assert saved.outcome == "kept" and path.read_bytes() == before
    assert saved.difference.startswith(f"--- {path} (derived)\n+++ proposed now\n")
    assert '+   "text": "Dropout turns random units off",' in saved.difference
    assert save_proposed(PROPOSED, path.parent) == SaveResult("unchanged")
    assert save_proposed(BETTER, path.parent, force=True) == SaveResult("rewritten")
    assert save_proposed(BETTER, path.parent) == SaveResult("unchanged")


def test_deriving_again_keeps_a_proposal(tmp_path: Path) -> None:
    assert save_proposed(BETTER, tmp_path) == SaveResult("new")
    path = rubric_path(tmp_path, "q")
    present = read_rubric(path)
    assert is_proposed(present) and not is_edited(present)
    saved = save_derived(derive(QUESTION), tmp_path)
    assert saved.outcome == "kept" and saved.difference.startswith(f"--- {path} (proposed)\n+++ derived now\n")
    assert read_rubric(path) == present
    write_rubric(present.model_copy(update={"max_score": 5.0}), path)
    assert save_derived(derive(QUESTION), tmp_path).difference.startswith(f"--- {path} (edited)\n")
    assert save_derived(derive(QUESTION), tmp_path, force=True) == SaveResult("rewritten")
    assert not is_proposed(read_rubric(path))


def test_a_file_that_cannot_be_read_is_overwritten_when_asked_to(path: Path) -> None:
    path.write_text("[")
    with pytest.raises(InputError):
        save_proposed(BETTER, path.parent)
    assert save_proposed(BETTER, path.parent, force=True) == SaveResult("rewritten")


def test_a_judge_may_be_called_anything(tmp_path: Path) -> None:
    odd = PROPOSED.model_copy(update={"derived_by": "grader 1 clauses + a #b #0123456789ab@1"})
    save_proposed(odd, tmp_path)
    assert not is_edited(read_rubric(rubric_path(tmp_path, "q")))


def test_the_outline_shows_what_points_say() -> None:
    alike = PROPOSED.model_copy(update={"points": (PROPOSED.points[0].model_copy(update={"weight": 3.0}),)})
    assert outline_difference(PROPOSED, alike, "derived", "proposed") == ""
    more = BETTER.model_copy(
        update={
            "points": (
                BETTER.points[0].model_copy(update={"group": "g", "aliases": ("Dropout silences units",)}),
                BETTER.points[0].model_copy(update={"id": "p2", "group": "g", "source_span": None}),
            ),
            "groups": {"g": PointGroup(need=1)},
        }
    )
    assert outline_difference(PROPOSED, more, "derived", "proposed").split("\n") == [
        "--- derived",
        "+++ proposed",
        "@@ -1,2 +1,6 @@",
        "-Dropout disables random units",
        "+Dropout turns random units off",
        "+  or: Dropout silences units",
        "+  any 1 of g",
        "   from [0, 29]",
        "+Dropout turns random units off",
        "+  any 1 of g",
    ]
