"""How long every output of `grader calibrate` takes on 100,000 ratings by 200 raters, and how much memory.

Three designs, made by a seeded generator: two raters an answer, twenty an answer, and everybody rates everything.
Run as `python -m tests.benchmarks.calibrate_scale`; part of `make bench`.
"""

import csv
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

RATERS, RATINGS, QUESTIONS = 200, 100_000, 40
DESIGNS = {"two an answer": 2, "twenty an answer": 20, "everybody everything": RATERS}
SECONDS, MEGABYTES = 60, 2000


def write_ratings(path: Path, per_answer: int, *, with_system: bool) -> None:
    """Scores 0 to 10 with raters of different strictness, questions, groups, times and a few gold rows."""
    rng = np.random.default_rng(1)
    severity = rng.normal(0, 0.7, RATERS)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow("answer_id question_id rater score max_score time group gold".split())
        for answer in range(RATINGS // per_answer):
            quality = rng.normal(6, 2)
            base = [f"a{answer}", f"q{answer % QUESTIONS}"]
            rest = [10, answer, f"g{answer % 3}"]
            raters = rng.choice(RATERS, per_answer, replace=False)
            for rater in raters:
                score = int(np.clip(round(quality + severity[rater] + rng.normal(0, 1)), 0, 10))
                writer.writerow([*base, f"rater-{rater:03}", score, *rest, ""])
            if with_system:
                score = int(np.clip(round(quality + rng.normal(0, 1)), 0, 10))
                writer.writerow([*base, "system:grader", score, *rest, ""])
            if answer % 100 == 0:
                writer.writerow([*base, "chief", int(np.clip(round(quality), 0, 10)), *rest, "yes"])


def measured(folder: Path, ratings: Path) -> tuple[float, float, float]:
    """Seconds on the clock and of processors, and megabytes, of one run with every output."""
    outputs = ["--json", "--cut", "6", "--report", folder / "page.html", "--tables", folder / "tables"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    with (folder / "out.json").open("w") as out:
        command = [sys.executable, "-m", "grader", "calibrate", str(ratings), *map(str, outputs)]
        subprocess.run(command, stdout=out, check=True)
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processors = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, processors, after.ru_maxrss / 1024


def main() -> None:
    """Print a row a design."""
    print("| raters | ratings | design | seconds | processor seconds | peak MB so far |\n" + "| --- " * 6 + "|")
    slow = []
    for name, per_answer in DESIGNS.items():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "ratings.csv"
            write_ratings(path, per_answer, with_system=True)
            seconds, processors, megabytes = measured(Path(folder), path)
        print(f"| {RATERS} | {RATINGS:,} | {name} | {seconds:.0f} | {processors:.0f} | {megabytes:.0f} |", flush=True)
        if seconds > SECONDS or megabytes > MEGABYTES:
            slow.append(name)
    if slow:
        sys.exit(f"above {SECONDS} s or {MEGABYTES} MB: {', '.join(slow)}")


if __name__ == "__main__":
    main()
