"""`grader practice` and `grader demo` without a terminal: standard input, files, the history, and scripts."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from grader.cli.app import app
from grader.files.grades import read_grades
from grader.practice.history import History
from tests.support.cookbook import with_outputs
from tests.support.generated_docs import PRACTICE_PAGE

FIRST = "Gradients go backwards."
SECOND = "The backward pass applies the chain rule layer by layer from the loss to the input. It is done by autograd."


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRADER_HISTORY", "data/practice.sqlite")
    monkeypatch.setenv("GRADER_ENCODER", "static")
    monkeypatch.setenv("NO_COLOR", "1")
    return tmp_path


def run(*arguments: str, text: str | bytes = "", code: int = 0) -> Any:
    result: Result = CliRunner().invoke(app, ["practice", *arguments], input=text)
    assert result.exit_code == code, result.output
    return result


def as_json(*arguments: str, text: str = "", code: int = 0) -> Any:
    return json.loads(run(*arguments, "--json", text=text, code=code).stdout)


def test_the_page_is_current(tmp_path: Path) -> None:
    page = PRACTICE_PAGE.read_text()
    assert with_outputs(page, tmp_path) == page, "docs/practice.md is stale: run `make docs`"


def test_a_script_practises_one_question(folder: Path) -> None:
    first = as_json("backpropagation", text=FIRST)
    assert first["question_id"] == "backpropagation" and first["topic"] == "training" and first["previous"] is None
    assert first["aid"] == "none" and first["hint"] is None and first["change"] is None and first["due"] > first["at"]
    assert len(first["missing"]) >= 6 and first["reference_answer"].startswith("Backpropagation")
    second = as_json("backpropagation", "--hints", text=SECOND)
    assert second["change"]["word"] == "better" and second["previous"]["attempt_id"] == first["attempt_id"]
    assert second["change"]["score_change"] == pytest.approx(second["score"] - first["score"])
    assert second["hint"].startswith("still missing: ")
    assert all(
        second["answer"][point["evidence"]["start"] : point["evidence"]["end"]] == point["evidence"]["text"]
        for point in second["points"]
        if point["evidence"]
    )


def test_what_was_said_wrongly_is_told(folder: Path) -> None:
    wrong = "The stored activations do not make training need more memory than inference."
    found = as_json("backpropagation", text=wrong)
    assert [entry["evidence"] for entry in found["contradicted"]] == [wrong]
    assert as_json("backpropagation", "--hints", text=wrong)["hint"] == f"this is not right, think again: “{wrong}”"
    assert "! The stored activations" in run("backpropagation", text=wrong).stdout


def test_questions_are_found_by_text_and_picked(folder: Path) -> None:
    assert (
        as_json("What is transfer learning, and how do you apply it?", text="x y")["question_id"] == "transfer-learning"
    )
    assert as_json(text="x y")["question_id"] == "learning-paradigms"
    assert as_json("--topic", "DATA", text="x y")["topic"] == "data"
    assert as_json("--pick", "weakness", text="x y")["question_id"] == "learning-paradigms"
    said = run("--topic", "law", text="x", code=1).stderr
    assert "no question has the topic 'law'; there are: foundations, training" in said
    said = run("what?", text="x", code=1).stderr
    assert "what?: there is no such file, and 'what?' is no question's id or text" in said
    assert run("--pick", "easy", text="x", code=2).stderr


def test_with_hints_the_missing_points_are_not_told(folder: Path) -> None:
    said = run("backpropagation", "--hints", text=SECOND).stdout
    assert "hint: still missing: " in said and "reference answer" not in said and "more memory than" not in said
    said = run("backpropagation", text=SECOND).stdout
    assert "reference answer: " in said and "more memory than" in said and "same score as last time" in said


def test_blank_and_binary_input(folder: Path) -> None:
    assert "<stdin>: the answer is blank" in run("backpropagation", text=" \n", code=1).stderr
    run("backpropagation", text=b"\x00\x01\x02", code=1)
    assert as_json("--stats")["n_attempts"] == 0


def test_what_cannot_be_graded_is_kept_and_changes_no_progress(folder: Path) -> None:
    text = (
        "Die Gradienten fließen mit der Kettenregel rückwärts durch das Netz, und der Optimierer ändert die Gewichte."
    )
    found = as_json("backpropagation", text=text, code=3)
    assert found["score"] is None and found["ungraded_reason"] and found["due"] is None
    stats = as_json("--stats")
    assert stats["n_attempts"] == 1 and stats["questions"] == [] and "backpropagation" in stats["never_tried"]


ANSWERS = f"### backpropagation\n\n{SECOND}\n\n### optimizers\n\nAdam.\n\n### regularization\n\n"


def test_a_file_is_scored_and_remembered_once(folder: Path) -> None:
    (folder / "answers.md").write_text(ANSWERS)
    result = run("answers.md")
    assert "backpropagation/1" in result.stdout and "optimizers/2" in result.stdout
    assert "1 blank answer left out" in result.stderr and "2 answers scored and remembered;" in result.stderr
    again = as_json("answers.md")
    assert (again["n_answers"], again["n_graded"], again["n_remembered_before"]) == (2, 2, 2)
    assert [entry["attempt_id"] for entry in again["answers"]] == [1, 2]
    assert as_json("-", text=ANSWERS)["n_remembered_before"] == 2
    with History("data/practice.sqlite") as history:
        assert len(history.attempts()) == 2


def test_a_file_of_many_answers_is_a_table(folder: Path) -> None:
    CliRunner().invoke(app, ["demo", "."])
    said = run("answers.jsonl", code=1).stderr
    assert "questions from rubrics and bank.yaml" in said
    assert "answers.jsonl: has answers of 8 people, and practice remembers those of one: say --candidate NAME" in said
    assert (
        "there is no answer of 'nobody'; there are: c01, c02"
        in run("answers.jsonl", "--candidate", "nobody", code=1).stderr
    )
    assert "13 answers; mean" in run("answers.jsonl", "--candidate", "c01").stdout
    assert as_json("--stats")["n_attempts"] == 13
    (folder / "open.csv").write_text("answer_id,question_id,answer\n1,framework-experience,I like it.\n")
    assert "open.csv: has no answer to a question that can be practised" in run("open.csv", code=1).stderr


def test_statistics(folder: Path) -> None:
    assert "never tried: learning-paradigms" in run("--stats").stdout
    for text in (FIRST, SECOND):
        as_json("backpropagation", text=text)
    found = as_json("--stats")
    [question] = found["questions"]
    assert (question["question_id"], question["n_attempts"], question["word"]) == ("backpropagation", 2, "better")
    assert found["topics"][1]["topic"] == "training" and found["topics"][1]["n_tried"] == 1
    assert len(found["never_tried"]) == 17 and found["n_questions"] == 18
    assert found["study_list"][0]["points"] and found["missed_points"][0]["n_missed"] == 2
    said = run("--stats", "--topic", "training").stdout
    assert "1 of 8" in said and "better" in said and "points that keep being missed" in said
    assert re.search(r"study list, worst first:\n +\d+%  How does backpropagation", said)
    assert "foundations" not in said


def test_other_questions_in_the_history_are_named(folder: Path) -> None:
    with History("data/practice.sqlite") as history:
        history.save_answer("cooking", "Salt.")
    assert "1 question of the history are not among these: cooking" in run("--stats").stderr


def test_export_deck_and_delete(folder: Path) -> None:
    assert "no point is missed" in run("--anki", "deck.apkg", code=1).stderr
    as_json("backpropagation", text=FIRST)
    with History("data/practice.sqlite") as history:
        history.save_answer("optimizers", "Sent, not graded.")
    assert run("--anki", "deck.apkg").exit_code == 0 and (folder / "deck.apkg").stat().st_size > 1000
    run("--export", "tries.jsonl")
    graded, sent = read_grades("tries.jsonl")
    assert graded.answer == FIRST and graded.extra["topic"] == "training" and graded.extra["at"].startswith("20")
    assert sent.answer == "Sent, not graded." and sent.ungraded_reason
    assert [json.loads(line)["answer"] for line in run("--export", "-").stdout.splitlines()] == [FIRST, sent.answer]
    assert "would remove 2 tries: say --yes" in run("--delete", code=2).stderr
    assert "1 try removed" in run("backpropagation", "--delete", "--yes").stderr
    assert "1 try removed" in run("--delete", "--yes").stderr
    run("--stats", "--delete", code=2)


def test_a_damaged_history_is_one_line_and_practice_goes_on(folder: Path) -> None:
    (folder / "data").mkdir()
    (folder / "data" / "practice.sqlite").write_bytes(b"no database " * 1000)
    said = run("backpropagation", text=FIRST).stderr
    [aside] = (folder / "data").glob("*.damaged-*")
    assert f"the history was damaged: it is now {aside}, 0 tries of it were read into a new one" in said
    assert aside.read_bytes() == b"no database " * 1000
    assert "a damaged history is still there" in run("--delete", "--yes").stderr


def test_what_was_left_over_is_graded_with_the_next_answer(folder: Path) -> None:
    with History("data/practice.sqlite") as history:
        history.save_answer("optimizers", "Adam adapts the step.")
    assert "graded now: an answer to optimizers" in run("backpropagation", text=FIRST).stderr
    assert [row["question_id"] for row in as_json("--stats")["questions"]] == ["backpropagation", "optimizers"]


def test_hostile_texts_do_not_reach_the_terminal(folder: Path) -> None:
    run("backpropagation", text="\x1b]0;title\x07 The chain rule \x1b[31m [bold]x[/]")
    assert "\x1b" not in run("--stats").output and "\x1b" not in run("backpropagation", text="\x1b[2J rule").output


def test_the_sample_is_written_and_nothing_overwritten(folder: Path) -> None:
    for _ in range(2):
        assert CliRunner().invoke(app, ["demo", "sample"]).exit_code == 0
    assert len(list((folder / "sample" / "rubrics").iterdir())) == 19
    assert {path.name for path in (folder / "sample").iterdir()} == {
        *("rubrics", "bank.yaml", "answers.jsonl", "ratings.csv"),
    }
    (folder / "sample" / "bank.yaml").write_text("mine")
    (folder / "sample" / "ratings.csv").unlink()
    result = CliRunner().invoke(app, ["demo", "sample"])
    assert result.exit_code == 1 and "sample/bank.yaml: is there already and is not the sample" in result.stderr
    assert not (folder / "sample" / "ratings.csv").exists()
