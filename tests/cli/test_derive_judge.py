"""`grader derive --judge` as a user meets it: shown, never written over anything, with a judge that asks no model."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from grader.cli.app import app
from grader.rubrics.rubric_files import read_rubric, rubric_path

BANK = """questions:
- id: dropout
  question: What does dropout do?
  reference_answer: Dropout disables random units. It reduces overfitting.
- id: tools
  question: Which tools do you use?
  reference_answer: Name the tools.
  kind: open
"""


@pytest.fixture
def bank(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GRADER_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "bank.yaml"
    path.write_text(BANK)
    return path


def run(*arguments: object, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(app, ["derive", *map(str, arguments)], env=env)


def test_points_and_difference_are_shown(bank: Path) -> None:
    done = run(bank, "--judge", "mock")
    assert done.exit_code == 0
    assert "  p1    5.51  Dropout disables random units\n" in done.stdout
    assert "--- dropout (derived)\n+++ dropout (proposed by mock@1,prompt@" in done.stdout
    assert "+  or: mock wording: Dropout reduces overfitting\n" in done.stdout
    assert "points proposed for 2 of 2 questions: 0 calls, 0 failed, 0 + 0 tokens" in done.stderr


def test_json_has_the_contract_and_the_proposal(bank: Path) -> None:
    data = json.loads(run(bank, "--judge", "mock", "--json").stdout)
    first, second = data["rubrics"]
    assert {"question_id", "n_points", "findings", "proposed_by", "difference"} <= first.keys()
    assert first["n_points"] == 2 and first["proposed_by"].startswith("mock@1,prompt@")
    assert "+  or: mock wording: Names the tools" in second["difference"]


def test_a_new_folder_is_written_and_then_kept(bank: Path, tmp_path: Path) -> None:
    folder = tmp_path / "rubrics"
    new = run(bank, "--judge", "mock", "-o", folder)
    assert "+  or: mock wording: Dropout reduces overfitting" in new.stderr
    assert f"2 rubrics in {folder}: 2 new" in new.stderr
    path = rubric_path(folder, "dropout")
    assert read_rubric(path).derived_by.startswith("grader 2 clauses + mock@1,prompt@")
    edited = path.read_text().replace("Dropout disables", "Dropout silences")
    path.write_text(edited)
    for arguments in (("--judge", "mock"), ()):
        kept = run(bank, "-o", folder, *arguments)
        assert kept.exit_code == 0 and path.read_text() == edited
        assert '-   "text": "Dropout silences random units",' in kept.stderr and "--force" in kept.stderr
    assert f"2 rubrics in {folder}: 2 rewritten" in run(bank, "-o", folder, "--force").stderr
    assert read_rubric(path).derived_by.startswith("grader 2 clauses #")


def test_derived_files_are_kept_as_well(bank: Path, tmp_path: Path) -> None:
    folder = tmp_path / "rubrics"
    run(bank, "-o", folder)
    before = {path: path.read_bytes() for path in folder.iterdir()}
    kept = run(bank, "--judge", "mock", "-o", folder)
    assert "2 kept" in kept.stderr and "kept are those that were there; --force" in kept.stderr
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    assert "2 rewritten" in run(bank, "--judge", "mock", "-o", folder, "--force").stderr


def test_checking_asks_nobody(bank: Path) -> None:
    assert run(bank, "--check", "--judge", "mock").exit_code == 2
    checked = run(bank, "--check", env={"GRADER_JUDGE": "mock"})
    assert checked.exit_code == 0 and "mock" not in checked.stderr


def test_a_dry_run_writes_nothing(bank: Path, tmp_path: Path) -> None:
    done = run(bank, "--judge", "mock", "--dry-run", "-o", tmp_path / "rubrics", "--json")
    assert done.exit_code == 0 and not (tmp_path / "rubrics").exists()
    assert json.loads(done.stdout)["judge"]["calls"] == 2
    assert "dry run: 2 calls" in done.stderr and "stand" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--judge", "mock", "--judge", "other"), "one judge proposes points, found 2"),
        (("--max-calls", 3), "--max-calls is about a judge"),
    ],
)
def test_wrong_options_are_told_in_one_line(bank: Path, arguments: tuple[object, ...], problem: str) -> None:
    done = run(bank, *arguments)
    assert done.exit_code != 0 and problem in done.stderr
