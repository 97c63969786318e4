"""Signals end a run in time, wherever it is, with the documented exit code; the streams of the program."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

GRADE = [sys.executable, "-m", "grader", "grade", "answers.jsonl", "-o", "grades.jsonl"]
SENTENCE = "Dropout disables random units during training, and part {} of the net must do without them."


@pytest.fixture
def long_run(tmp_path: Path) -> Path:
    """A folder with a rubric and answers of 150,000 characters."""
    rubric = {"question_id": "q1", "question": "What does dropout do?", "points": [{"text": "It disables units."}]}
    (tmp_path / "rubrics").mkdir()
    (tmp_path / "rubrics" / "q1.json").write_text(json.dumps(rubric))
    rows = [
        {
            "answer_id": f"a{n}",
            "question_id": "q1",
            "answer": " ".join(SENTENCE.format(n * 9999 + i) for i in range(1600)),
        }
        for n in range(6)
    ]
    (tmp_path / "answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_a_run_with_long_answers_within_two_seconds(long_run: Path, number: signal.Signals) -> None:
    draw = random.Random(int(number))
    for _ in range(3):
        with subprocess.Popen(GRADE, cwd=long_run, stderr=subprocess.PIPE, preexec_fn=hear_interrupts) as process:
            time.sleep(draw.uniform(0.5, 6))
            assert process.poll() is None
            sent = time.monotonic()
            process.send_signal(number)
            assert process.stderr is not None
            said = process.stderr.read().decode()
        assert time.monotonic() - sent < 2
        assert process.returncode == 128 + number
        assert "Traceback" not in said
        assert "grader: interrupted" in said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_at_start_up_leaves_no_traceback(long_run: Path, number: signal.Signals) -> None:
    watching = "import os; os.write(2, b'!')"
    code = f"from grader.cli import stopping; import sys; from grader.__main__ import main; {watching}; main()"
    for wait in (0.02, 0.1, 0.3):
        command = [sys.executable, "-c", code, *GRADE[3:]]
        with subprocess.Popen(command, cwd=long_run, stderr=subprocess.PIPE, preexec_fn=hear_interrupts) as process:
            assert process.stderr is not None
            assert process.stderr.read(1) == b"!"
            time.sleep(wait)
            process.send_signal(number)
            said = process.stderr.read().decode()
        assert process.returncode == 128 + number
        assert "Traceback" not in said


def test_what_a_closed_stdout_would_have_got_is_not_lost_unseen(long_run: Path) -> None:
    (long_run / "answers.jsonl").write_text('{"answer_id": "a", "question_id": "q1", "answer": "It disables units."}\n')
    command = " ".join([*GRADE[:-2], "--format", "jsonl", ">&-"])
    done = subprocess.run(["/bin/sh", "-c", command], cwd=long_run, timeout=120, capture_output=True, text=True)
    assert done.returncode == 1
    assert "grader: <stdout>: cannot be written: Bad file descriptor" in done.stderr
    assert "Traceback" not in done.stderr
    table = " ".join([*GRADE[:-2], ">&-"])
    done = subprocess.run(["/bin/sh", "-c", table], cwd=long_run, timeout=120, capture_output=True, text=True)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)


def hear_interrupts() -> None:
    """Undo what a shell does to commands in the background: they are deaf to SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_nohup_is_heard(long_run: Path) -> None:
    (long_run / "answers.jsonl").write_text('{"answer_id": "a", "question_id": "q1", "answer": "It disables units."}\n')
    command = ["/bin/sh", "-c", "trap '' HUP; exec " + " ".join(GRADE)]
    with subprocess.Popen(command, cwd=long_run, stderr=subprocess.DEVNULL) as process:
        time.sleep(0.5)
        os.kill(process.pid, signal.SIGHUP)
    assert process.returncode == 0
