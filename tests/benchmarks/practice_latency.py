"""How long a person waits for a result of `grader practice` after the answer is sent: models warm, pseudo terminal.

The models have loaded while the first answer was typed; the person answers one question after the other.
"""

import argparse
import os
import statistics
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pexpect

from grader.practice.exercises import read_exercises
from grader.settings import Settings

PAGE = Path(__file__).parents[2] / "docs" / "practice.md"
BEGIN, END = "<!-- latency -->\n", "<!-- latency end -->"
TYPING = 12.0  # seconds before the first answer is sent
PAUSE = 2.0  # before the others


def measure(n_answers: int, folder: str) -> list[float]:
    """Seconds from the line that ends an answer to the first point of its result, for each answer."""
    env = {**os.environ, "GRADER_HISTORY": f"{folder}/practice.sqlite", "TERM": "dumb"}
    command = ["-m", "grader", "practice"]
    terminal = pexpect.spawn(sys.executable, command, cwd=folder, env=env, encoding="utf-8", timeout=120)
    terminal.setecho(False)
    waited: list[float] = []
    for exercise in list(read_exercises().values())[:n_answers]:
        terminal.expect_exact("> ")
        time.sleep(PAUSE if waited else TYPING)
        points = exercise.rubric.points
        terminal.sendline(". ".join(point.text for point in points[1::2]))
        terminal.expect_exact("> ")
        begin = time.perf_counter()
        terminal.sendline(".")
        terminal.expect_exact(f"{exercise.question_id}/")
        waited.append(time.perf_counter() - begin)
        terminal.expect_exact("quit > ")
        terminal.sendline("n")
    terminal.sendline(":q")
    terminal.expect(pexpect.EOF)
    terminal.close()
    return waited


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int, default=8)
    parser.add_argument("--write", action="store_true", help="replace the sentence in docs/practice.md")
    arguments = parser.parse_args()
    with TemporaryDirectory() as folder:
        waited = measure(arguments.answers, folder)
    print(" ".join(f"{seconds:.2f}" for seconds in waited))
    load = f"{len(os.sched_getaffinity(0))} processors, {os.getloadavg()[0]:.0f} programs running"
    found = (
        f"From the end of an answer to its result, models warm: {statistics.median(waited):.2f} s "
        f"(median of {len(waited)} answers, longest {max(waited):.2f} s; {load}; {Settings().encoder}).\n"
    )
    print(found)
    if arguments.write:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        PAGE.write_text(before + BEGIN + found + END + rest.partition(END)[2], encoding="utf-8")


if __name__ == "__main__":
    main()
