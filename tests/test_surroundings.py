"""What a run meets around it: closed streams, signals, and that the runtime tells nobody of it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

RUBRIC = {"question_id": "q", "question": "What?", "points": [{"id": "p1", "text": "It stores some data."}]}
GRADE = [sys.executable, "-m", "grader", "grade", "answers.jsonl", "--rubrics", "q.yaml", "--encoder", "static"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "q.yaml").write_text(json.dumps(RUBRIC))
    write(tmp_path, 3)
    return tmp_path


def write(folder: Path, n: int, *, unknown: int = 0) -> None:
    questions = ["q"] * (n - unknown) + ["unknown"] * unknown
    rows = [
        {"answer_id": str(i), "question_id": name, "answer": f"It stores {i} data."} for i, name in enumerate(questions)
    ]
    (folder / "answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.mark.parametrize("closed", ["2>&-", "2>/dev/full", ">&- 2>&-", "<&- >&- 2>&-"])
def test_where_nobody_listens_the_work_is_done_all_the_same(folder: Path, closed: str) -> None:
    write(folder, 3, unknown=1)
    command = " ".join([*GRADE, "-o", "out.jsonl", closed])
    assert subprocess.run(["/bin/sh", "-c", command], cwd=folder, timeout=120).returncode == 3
    assert (folder / "out.jsonl").read_bytes().count(b"\n") == 3


def test_a_closed_input_is_one_line(folder: Path) -> None:
    command = " ".join([*GRADE, "<&-"]).replace("answers.jsonl", "-")
    done = subprocess.run(["/bin/sh", "-c", command], cwd=folder, timeout=120, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "grader: <stdin>: is closed: nothing can be read from it\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_run_that_is_told_to_stop_leaves_its_journal_and_nothing_else(folder: Path, number: signal.Signals) -> None:
    write(folder, 20_000)
    scratch = folder / "scratch"
    scratch.mkdir()
    kept = folder / "out.jsonl.journal"
    with subprocess.Popen(
        [*GRADE, "-o", "out.jsonl"], cwd=folder, env={**os.environ, "TMPDIR": str(scratch)}, stderr=subprocess.PIPE
    ) as process:
        while not kept.exists() or kept.read_bytes().count(b"\n") < 1 + 256:
            time.sleep(0.01)
        process.send_signal(number)
        assert process.stderr is not None
        said = process.stderr.read().decode()
    assert process.returncode == 128 + number
    assert "run the same command again to go on" in said
    assert list(scratch.iterdir()) == []
    assert not (folder / "out.jsonl").exists()


def test_a_killed_run_leaves_nothing_in_the_temporary_folder(folder: Path) -> None:
    write(folder, 20_000)
    scratch = folder / "scratch"
    scratch.mkdir()
    kept = folder / "out.jsonl.journal"
    with subprocess.Popen([*GRADE, "-o", "out.jsonl"], cwd=folder, env={**os.environ, "TMPDIR": str(scratch)}) as run:
        while not kept.exists() or kept.read_bytes().count(b"\n") < 1 + 256:
            time.sleep(0.01)
        run.kill()
    assert list(scratch.iterdir()) == []


def test_too_many_failures_stop_every_run(folder: Path) -> None:
    write(folder, 600, unknown=3)
    for _ in range(3):
        command = [*GRADE, "-o", "out.jsonl", "--max-errors", "2"]
        done = subprocess.run(command, cwd=folder, timeout=120, capture_output=True, text=True)
        assert done.returncode == 1
        assert "stopped: 3 answers failed, --max-errors is 2" in done.stderr
        assert not (folder / "out.jsonl").exists()


def test_the_runtime_of_the_encoder_tells_nobody(folder: Path) -> None:
    home, scratch = folder / "home", folder / "scratch"
    home.mkdir()
    scratch.mkdir()
    own = {name: value for name, value in os.environ.items() if not name.startswith(("ORT_", "XDG_"))}
    own |= {"HOME": str(home), "TMPDIR": str(scratch), "GRADER_CACHE": str(folder / "cache"), "GRADER_VECTORS_MB": "0"}
    subprocess.run(GRADE[:-2], cwd=folder, env=own, timeout=120, check=True, capture_output=True)
    assert (folder / "cache" / "models").is_dir()  # it did run
    assert list(scratch.iterdir()) == []
    assert list(home.rglob("*")) == []
