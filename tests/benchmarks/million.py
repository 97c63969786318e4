"""Memory and time over many short answers: python -m tests.benchmarks.million [N] [ENCODER] (1,000,000 and static)

Answers are made by a seeded script from parts of sentences, a tenth of them different ones, and graded by the command
itself in a process of its own, whose memory is read while it works; once half of them, once all.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from grader.rubric import read_rubrics
from grader.vector_store import LIMIT

SHARE_OF_DIFFERENT = 0.1
_WARM = 10_000  # answers after which memory should not grow
_PARTS = (
    "it ",
    "the net ",
    "training ",
    "a layer ",
    "the loss ",
    "dropout ",
    "the gradient ",
    "each weight ",
    "normalisation ",
    "an optimizer ",
    "attention ",
    "the model ",
)
_ENDS = (
    "learns from examples",
    "gets smaller with every step",
    "keeps the scale of its inputs",
    "switches units off at random",
    "is only used while training",
    "depends on the learning rate",
    "fits the noise of the data",
    "shares its weights",
)


def main() -> None:
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    encoder = sys.argv[2] if len(sys.argv) > 2 else "static"
    with tempfile.TemporaryDirectory() as folder:
        half, whole = (measure(write(Path(folder) / f"{size}.jsonl", size), encoder) for size in (n // 2, n))
    for size, (seconds, samples) in ((n // 2, half), (n, whole)):
        warm = next((rss for done, rss in samples if done >= _WARM * SHARE_OF_DIFFERENT), samples[-1][1])
        peak = max(rss for _, rss in samples)
        # From what it was then to the highest: no growth hides behind memory that is given back at the end.
        slope = (peak - warm) / max(size - _WARM, 1) * 1000
        print(
            f"{size:,} answers ({encoder}): {seconds:.0f} s, {size / seconds:.0f} a second, peak {peak / 1024:.0f} MB, "
            f"{slope:.2f} kB more per 1,000 answers after the first {_WARM:,}"
        )
    print(f"time of all over twice the time of half: {whole[0] / (2 * half[0]):.3f}")


def write(path: Path, n: int) -> Path:
    questions = [name for name, rubric in read_rubrics("rubrics").items() if rubric.kind == "knowledge"]
    draw = random.Random(n)
    different = [_text(random.Random(number)) for number in range(int(n * SHARE_OF_DIFFERENT))]
    with path.open("w") as out:
        for number in range(n):
            at = draw.randrange(len(different))
            row = {"answer_id": f"a{number}", "question_id": questions[at % len(questions)], "answer": different[at]}
            out.write(json.dumps(row) + "\n")
    return path


def _text(draw: random.Random) -> str:
    return f"In case {draw.randrange(10**6)} {draw.choice(_PARTS)}{draw.choice(_ENDS)}, and {draw.choice(_PARTS)}too."


def measure(answers: Path, encoder: str) -> tuple[float, list[tuple[int, int]]]:
    """Seconds of the whole process, and (different answers in the journal, kB of memory) while it worked."""
    output = answers.with_suffix(".grades.jsonl")
    command = [sys.executable, "-m", "grader", "grade", str(answers), "-o", str(output), "--encoder", encoder]
    begin = time.perf_counter()
    samples: list[tuple[int, int]] = []
    seen = 0
    nothing_kept = {**os.environ, LIMIT: "0"}  # from the run before
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, env=nothing_kept) as process:
        journal = output.with_name(f"{output.name}.journal")
        while process.poll() is None:
            time.sleep(0.25)
            if journal.exists():
                with journal.open("rb") as file:
                    file.seek(seen)
                    new = file.read(1 << 24)
                    seen += len(new)
                before = samples[-1][0] if samples else 0
                samples.append((before + new.count(b"\n"), _rss(process.pid)))
    if process.returncode:
        raise SystemExit(f"grading ended with {process.returncode}")
    output.unlink()
    journal.unlink()
    return time.perf_counter() - begin, [sample for sample in samples if sample[1]]


def _rss(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:  # it has just ended
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")), 0)


if __name__ == "__main__":
    main()
