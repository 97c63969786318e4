"""Progress where there is no terminal: a line now and then, and none for short runs."""

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.cli.console import progress, progress_of
from grader.phrases import duration
from tests.support.clocks import VirtualClock


def after(clock: VirtualClock, steps: list[tuple[float, int]]) -> Iterator[int]:
    """Counts, each when so many seconds have passed."""
    for seconds, n in steps:
        clock.wait(seconds)
        yield n


def test_a_long_run_says_every_30_seconds_how_far_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    clock = VirtualClock()
    steps = [(1.0, 210)] * 400
    assert sum(progress_of(after(clock, steps), "grading", 100_000, now=clock.now)) == 84_000
    out, err = capsys.readouterr()
    assert out == ""
    lines = err.splitlines()
    assert len(lines) == 400 // 30
    assert lines[0] == "grading: 6,300 of 100,000 (6 %), 210 a second, about 7 min left"
    assert lines[-1] == "grading: 81,900 of 100,000 (81 %), 210 a second, about 1 min left"


def test_what_an_earlier_run_has_done_does_not_make_this_one_fast(capsys: pytest.CaptureFixture[str]) -> None:
    clock = VirtualClock()
    list(progress_of(after(clock, [(10, 50_010), (10, 10), (10, 10)]), "grading", 51_230, now=clock.now))
    assert capsys.readouterr().err == "grading: 50,030 of 51,230 (97 %), 60 a minute, about 20 min left\n"


def test_the_first_and_the_last_line_of_slow_work(capsys: pytest.CaptureFixture[str]) -> None:
    clock = VirtualClock()
    list(progress_of(after(clock, [(40, 256), (40, 256)]), "grading", 512, now=clock.now))
    assert capsys.readouterr().err == "grading: 256 of 512 (50 %)\n"  # no rate yet; the end speaks for itself
    assert list(progress(after(clock, [(40, 1), (40, 2)]), "reading", now=clock.now)) == [1, 2]
    assert capsys.readouterr().err == "reading: 1\nreading: 2, 2 a minute\n"


def test_short_runs_say_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    clock = VirtualClock()
    assert list(progress(after(clock, [(1, 1)] * 29), "grading", 1000, now=clock.now)) == [1] * 29
    assert list(progress_of([], "grading", 0, now=clock.now)) == []
    assert capsys.readouterr() == ("", "")


def test_a_terminal_gets_a_bar(root: Path) -> None:
    read, write = pty.openpty()
    code = "from grader.cli.console import progress; print(*progress([1, 2], 'grading', 2))"
    done = subprocess.run([sys.executable, "-c", code], cwd=root, stderr=write, stdout=subprocess.PIPE, check=True)
    os.close(write)
    assert done.stdout == b"1 2\n"
    assert b"grading" in os.read(read, 10_000)
    os.close(read)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "0 s"), (59.4, "59 s"), (59.6, "1 min"), (3569, "59 min"), (3571, "1 h 0 min"), (100_000, "27 h 47 min")],
)
def test_durations_are_said_as_people_say_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text
