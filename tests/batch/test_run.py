"""A batch can be broken off, repeated and changed: the file is that of one clean run, and nothing is graded twice."""

import json
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from grader import InputError
from grader.files.grades import read_grades
from tests.support.batch_run import CHUNK, run

N = 60


def answer(number: int) -> dict[str, Any]:
    text = f"Answer {number} says that dropout disables random units in a net, as far as I know, and that it helps."
    return {"answer_id": f"a{number}", "question_id": f"q{number % 3 + 1}", "answer": text, "candidate": f"c{number}"}


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    """60 answers: 20 to each of two questions, and 20 to one that nobody knows."""
    return write(tmp_path / "answers.jsonl", [answer(number) for number in range(N)])


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "grades.jsonl"


@pytest.fixture
def clean(answers: Path, tmp_path: Path) -> bytes:
    """What a run without any accident writes."""
    (tmp_path / "clean").mkdir()
    run(answers, tmp_path / "clean" / "grades.jsonl")
    return (tmp_path / "clean" / "grades.jsonl").read_bytes()


def journal(output: Path) -> Path:
    return output.with_name("grades.jsonl.journal")


def test_every_answer_comes_out_once_and_in_order(answers: Path, output: Path) -> None:
    run(answers, output)
    grades = list(read_grades(output))
    assert [grade.answer_id for grade in grades] == [f"a{number}" for number in range(N)]
    assert [grade.candidate for grade in grades] == [f"c{number}" for number in range(N)]
    assert all((grade.score is None) == (grade.question_id == "q3") for grade in grades)


def test_a_second_run_grades_nothing_and_writes_the_same_bytes(answers: Path, output: Path, clean: bytes) -> None:
    first, second = run(answers, output), run(answers, output)
    assert (first.n_reused, len(first.graded)) == (0, 40)
    assert (second.n_reused, second.graded) == (N, [])
    assert output.read_bytes() == clean


def test_only_what_is_new_or_changed_is_graded(answers: Path, output: Path) -> None:
    rows = [answer(number) for number in range(N)]
    run(answers, output)
    random.Random(1).shuffle(rows)
    assert run(write(answers, rows), output).graded == []
    more = [{**answer(number), "question_id": "q1"} for number in range(N, N + 10)]
    assert len(run(write(answers, rows + more), output).graded) == 10
    assert run(write(answers, rows[5:]), output).graded == []
    changed = next(row for row in rows if row["question_id"] == "q1")
    edited = [{**row, "answer": "It is new"} if row is changed else row for row in rows]
    assert run(write(answers, edited), output).graded == ["It is new"]
    assert [grade.answer_id for grade in read_grades(output)] == [row["answer_id"] for row in rows]


def test_other_columns_and_candidates_follow_the_answers_and_cost_nothing(answers: Path, output: Path) -> None:
    run(answers, output)
    rows = [{**answer(number), "answer_id": f"b{number}", "candidate": None, "level": number} for number in range(N)]
    assert run(write(answers, rows), output).graded == []
    grades = list(read_grades(output))
    assert [(grade.answer_id, grade.candidate, grade.extra) for grade in grades[:2]] == [
        ("b0", None, {"level": 0}),
        ("b1", None, {"level": 1}),
    ]


def test_a_changed_rubric_concerns_its_own_question_alone(answers: Path, output: Path) -> None:
    run(answers, output)
    again = run(answers, output, first="Dropout helps")
    assert len(again.graded) == 20
    assert again.n_reused == N - 20
    signatures = {grade.question_id: grade.signature for grade in read_grades(output)}
    run(answers, output)
    back = {grade.question_id: grade.signature for grade in read_grades(output)}
    assert {name for name in back if back[name] != signatures[name]} == {"q1"}


def test_equal_answers_are_graded_once(answers: Path, output: Path) -> None:
    rows = [{**answer(number % 4), "answer_id": f"a{number}", "candidate": f"c{number}"} for number in range(N)]
    assert len(run(write(answers, rows), output).graded) == 3  # one of the four is to the unknown question
    grades = list(read_grades(output))
    assert len(grades) == N
    assert all(("duplicate" in grade.flags) for grade in grades)
    assert len({(grade.question_id, grade.answer, grade.score) for grade in grades}) == 4


def test_one_candidate_who_says_the_same_twice_is_not_flagged(answers: Path, output: Path) -> None:
    run(write(answers, [{**answer(0), "answer_id": name} for name in "ab"]), output)
    assert [grade.flags for grade in read_grades(output)] == [(), ()]
    rows = [{**answer(0), "answer_id": name, "candidate": None} for name in "ab"]
    run(write(answers, rows), output)
    assert [grade.flags for grade in read_grades(output)] == [("duplicate",), ("duplicate",)]


def test_the_journal_keeps_what_is_needed_when_most_is_not(answers: Path, output: Path) -> None:
    run(answers, output)
    before = journal(output).stat().st_size
    for number in range(1, 5):
        run(write(answers, [{**answer(i), "answer": f"Text {number} of {i}"} for i in range(N)]), output)
        assert journal(output).stat().st_size < 3 * before
    assert run(answers, output).graded == []


def test_the_same_id_twice_is_an_error_with_both_lines(answers: Path, output: Path) -> None:
    write(answers, [answer(0), answer(1), answer(0)])
    with pytest.raises(InputError, match=r"answers.jsonl:3: field 'answer_id': 'a0' appears twice, .* line 1"):
        run(answers, output)
    assert not output.exists()
    assert not journal(output).exists()


def test_half_a_surrogate_pair_passes(answers: Path, output: Path) -> None:
    write(answers, [{**answer(0), "answer": "Dropout \ud800 helps", "answer_id": "a"}])
    run(answers, output)
    assert [grade.answer_id for grade in read_grades(output)] == ["a"]
    assert run(answers, output).graded == []


def start(answers: Path, output: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-m", "tests.support.batch_run", str(answers), str(output)])


def lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


@pytest.mark.parametrize("kept", [1, N // 4, N // 2, N - 1])
def test_killed_at_any_moment_the_next_run_ends_as_if_nothing_had_been(
    kept: int, answers: Path, output: Path, clean: bytes
) -> None:
    with start(answers, output) as process:
        while process.poll() is None and lines(journal(output)) - 1 < kept:
            time.sleep(0.001)
        process.kill()
    assert not output.exists() or output.read_bytes() == clean  # nothing or everything
    n_whole = max(0, lines(journal(output)) - 1) // CHUNK * CHUNK
    assert run(answers, output).n_reused >= n_whole
    assert output.read_bytes() == clean
    assert not list(output.parent.glob(".grader-*"))


def test_a_run_from_a_journal_that_was_cut_anywhere_ends_with_the_same_bytes(
    answers: Path, output: Path, clean: bytes
) -> None:
    run(answers, output)
    whole = journal(output).read_bytes()
    for size in random.Random(5).sample(range(len(whole)), 12):
        journal(output).write_bytes(whole[:size])
        output.unlink()
        run(answers, output)
        assert output.read_bytes() == clean
        assert journal(output).read_bytes() == whole


def test_two_runs_on_one_output_do_not_hurt_each_other(answers: Path, output: Path, clean: bytes) -> None:
    with start(answers, output) as first, start(answers, output) as second:
        codes = {first.wait(), second.wait()}
    assert codes <= {0, 1}
    assert 0 in codes
    assert output.read_bytes() == clean
    assert run(answers, output).graded == []


def test_a_reader_sees_the_whole_file_or_none(answers: Path, output: Path, clean: bytes) -> None:
    with start(answers, output) as process:
        while process.poll() is None:
            if output.exists():
                assert output.read_bytes() == clean
    assert output.read_bytes() == clean
