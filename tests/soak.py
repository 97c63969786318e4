"""The command itself, killed again and again at random moments: python -m tests.soak [ROUNDS] (20)

Each round grades some hundred answers and is killed (SIGKILL) or interrupted (SIGINT) at seeded random times until it
ends by itself. The file must then be that of a run that nothing had stopped, to the byte, every answer once.
"""

import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from grader.files.grades import read_grades
from tests.benchmarks.million import SHARE_OF_DIFFERENT, write

N_ANSWERS = 6_000  # a tenth of them different
ENDED = (0, 3)


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    with tempfile.TemporaryDirectory() as folder:
        answers = write(Path(folder) / "answers.jsonl", N_ANSWERS, SHARE_OF_DIFFERENT)
        clean, seconds = _clean(answers)
        print(f"a clean run: {seconds:.1f} s")
        stops = [one_round(seed, answers, clean, seconds) for seed in range(rounds)]
    print(f"{rounds} rounds, {sum(stops)} stops: every file is that of the clean run")


def command(answers: Path, output: Path) -> list[str]:
    return [sys.executable, "-m", "grader", "grade", str(answers), "-o", str(output), "--encoder", "static"]


def _clean(answers: Path) -> tuple[bytes, float]:
    output = answers.with_name("clean.jsonl")
    begin = time.perf_counter()
    done = subprocess.run(command(answers, output), capture_output=True, text=True)
    if done.returncode not in ENDED:
        raise SystemExit(f"the clean run failed: {done.stderr}")
    if [grade.answer_id for grade in read_grades(output)] != [f"a{number}" for number in range(N_ANSWERS)]:
        raise SystemExit("the clean run lost or doubled an answer")
    return output.read_bytes(), time.perf_counter() - begin


def one_round(seed: int, answers: Path, clean: bytes, seconds: float) -> int:
    """How often the run was stopped before it ended by itself."""
    draw = random.Random(seed)
    output = answers.with_name(f"round-{seed}.jsonl")
    stops = 0
    while True:
        with subprocess.Popen(command(answers, output), stderr=subprocess.PIPE, text=True) as process:
            try:
                # Later and later, so that every round comes to an end.
                process.wait(draw.uniform(0, seconds * (0.8 + stops / 4)))
            except subprocess.TimeoutExpired:
                process.send_signal(draw.choice([signal.SIGKILL, signal.SIGINT]))
            said = process.stderr.read() if process.stderr is not None else ""
        if output.exists() and output.read_bytes() != clean:
            raise SystemExit(f"seed {seed}: after {stops} stops the file is not that of the clean run")
        if process.returncode in ENDED:
            return stops
        if process.returncode not in (-signal.SIGKILL, -signal.SIGINT, 130):
            raise SystemExit(f"seed {seed}: ended with {process.returncode}: {said}")
        stops += 1


if __name__ == "__main__":
    main()
