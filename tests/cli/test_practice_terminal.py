"""`grader practice` on a real pseudo terminal: what a person types, and what they see."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from grader.practice.history import History

GOOD = "Gradients flow backwards by the chain rule, and each layer reuses the gradient from the layer above."
MENU = "q quit > "


@pytest.fixture
def history(tmp_path: Path) -> Path:
    return tmp_path / "data" / "practice.sqlite"


class Terminal:
    """A run of the command in an empty folder, on a terminal."""

    def __init__(self, folder: Path, history: Path, *arguments: str, **environment: str) -> None:
        settings = {"GRADER_HISTORY": str(history), "GRADER_ENCODER": "static", "TERM": "dumb", "NO_COLOR": "1"}
        env = {**os.environ, **settings, **environment}
        command = ["-m", "grader", "practice", *arguments]
        self.process = pexpect.spawn(
            sys.executable, command, cwd=str(folder), env=env, encoding="utf-8", timeout=120, dimensions=(50, 100)
        )

    def sees(self, text: str) -> str:
        """Wait for a text; returns what came before it."""
        self.process.expect_exact(text)
        return str(self.process.before)

    def types(self, *lines: str) -> None:
        for line in lines:
            self.process.sendline(line)

    def ends(self) -> int | None:
        self.process.expect(pexpect.EOF)
        self.process.close()
        return self.process.exitstatus


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    empty = tmp_path / "empty"
    empty.mkdir()
    yield empty
    assert list(empty.iterdir()) == []


def answers(history: Path) -> list[tuple[str, str, str]]:
    with History(history) as opened:
        return [(each.question_id, each.answer, each.aid) for each in opened.attempts()]


def test_a_person_practises_improves_and_goes_on(folder: Path, history: Path) -> None:
    terminal = Terminal(folder, history)
    terminal.sees("bundled sample")
    terminal.sees("(foundations, learning-paradigms, never tried)")
    terminal.sees("> ")
    terminal.types(":n")
    terminal.sees("(training, backpropagation, never tried)")
    terminal.types("No idea,", "", "really.", ".")
    assert "- A forward pass stores" in terminal.sees(MENU)
    terminal.types("r")
    terminal.sees("reference answer: Backpropagation computes")
    terminal.sees(MENU)
    terminal.types("t")
    terminal.sees("> ")
    terminal.types(GOOD, ".")
    shown = terminal.sees(MENU)
    assert "better than last time: +" in shown and "gained: " in shown and "does not count" in shown
    terminal.types("n")
    terminal.sees("never tried)")
    terminal.types(":q")
    assert terminal.ends() == 0
    assert answers(history) == [
        ("backpropagation", "No idea,\n\nreally.", "none"),
        ("backpropagation", GOOD, "reference"),
    ]


def test_a_hint_comes_before_the_missing_points(folder: Path, history: Path) -> None:
    terminal = Terminal(folder, history, "backpropagation", "--hints")
    terminal.types("The backward pass applies the chain rule.", ".")
    shown = terminal.sees(MENU)
    assert "hint: still missing: " in shown and "__" in shown and "points not stated" in shown
    assert "optimizer" not in shown and "gained" not in shown
    terminal.types("t")
    terminal.sees("> ")
    terminal.types(GOOD, ".")
    assert "An optimizer such as" in terminal.sees(MENU)
    terminal.types("q")
    assert terminal.ends() == 0
    assert [aid for _, _, aid in answers(history)] == ["none", "hint"]


def test_the_editor_and_the_clock(folder: Path, history: Path, tmp_path: Path) -> None:
    editor = tmp_path / "my editor.py"
    editor.write_text(
        "import sys; path = sys.argv[1]; text = open(path).read(); open(path, 'w').write(text + ' edited')"
    )
    terminal = Terminal(
        folder, history, "optimizers", "--time", "61", EDITOR=f"'{sys.executable}' '{editor}'", VISUAL=""
    )
    terminal.sees("[1:01] > ")
    terminal.types("Adam is", ":e")
    terminal.sees(MENU)
    terminal.types("q")
    assert terminal.ends() == 0
    assert answers(history) == [("optimizers", "Adam is edited", "none")]


def test_time_that_is_up_is_said_and_ends_nothing(folder: Path, history: Path) -> None:
    terminal = Terminal(folder, history, "optimizers", "--time", "1")
    terminal.sees("time is up")
    terminal.types("Adam adapts the step of each parameter.", ".")
    terminal.sees(MENU)
    terminal.types("q")
    assert terminal.ends() == 0 and len(answers(history)) == 1


def test_a_long_pasted_line_is_kept_whole(folder: Path, history: Path) -> None:
    line = "Adam adapts the step of each parameter. " * 300
    terminal = Terminal(folder, history, "optimizers", TERM="xterm")
    terminal.sees("> ")
    for start in range(0, len(line), 500):
        terminal.process.send(line[start : start + 500])
        terminal.process.expect(r"\S")
    terminal.types("", ".")
    terminal.sees("reference answer  n next")
    terminal.types("q")
    terminal.ends()
    assert answers(history)[0][1].strip() == line.strip()


def test_the_end_of_input_and_interrupts_lose_nothing(folder: Path, history: Path) -> None:
    terminal = Terminal(folder, history, "optimizers")
    terminal.sees("> ")
    terminal.process.sendeof()
    assert terminal.ends() == 0
    terminal = Terminal(folder, history, "optimizers")
    terminal.sees("> ")
    terminal.types("half an ans")
    terminal.process.sendintr()
    terminal.sees("interrupted")
    assert terminal.ends() == 130
    assert answers(history) == []


def test_an_answer_that_was_sent_survives_a_kill_and_is_graded_later(folder: Path, history: Path) -> None:
    terminal = Terminal(folder, history, "optimizers", GRADER_ENCODER="all-MiniLM-L6-v2")
    terminal.sees("> ")
    terminal.types("Adam adapts the step of each parameter.", ".")
    while not history.exists() or not answers(history):
        pass
    terminal.process.kill(signal.SIGKILL)
    terminal.ends()
    terminal = Terminal(folder, history, "backpropagation")
    terminal.types(GOOD, ".")
    shown = terminal.sees(MENU)
    with History(history) as opened:
        first, second = opened.attempts()
    assert first.answer == "Adam adapts the step of each parameter." and second.answer == GOOD
    assert first.grade is not None and second.grade is not None
    assert "graded now: an answer to optimizers" in shown or first.grade.signature != second.grade.signature
    terminal.types("q")
    terminal.ends()


def test_delete_asks(folder: Path, history: Path) -> None:
    with History(history) as opened:
        opened.save_answer("optimizers", "Adam.")
    terminal = Terminal(folder, history, "--delete")
    terminal.sees("Remove 1 try from")
    terminal.types("n")
    assert terminal.ends() == 1 and len(answers(history)) == 1
    terminal = Terminal(folder, history, "optimizers", "--delete")
    terminal.sees("Remove 1 try from")
    terminal.types("y")
    assert terminal.ends() == 0 and answers(history) == []
