"""Memory, disk and time over many short answers: python -m tests.benchmarks.million [N] [ENCODER] [SHARE]

1,000,000 answers and `static` if left out. Answers are made by a seeded script from parts of sentences, a share of
them different ones (.1), and graded by the command itself in a process of its own, whose memory and files are looked at
while it works; once half of them, once all.
"""

import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from grader.encoders.vector_cache import LIMIT_VARIABLE
from grader.rubrics.rubric_files import read_rubrics

SHARE_OF_DIFFERENT = 0.1  # by default
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


class Run(NamedTuple):
    """What one run took.

    Attributes:
        seconds, processor: of the whole process, until it ended and of all its cores.
        samples: (lines in the journal, kB of memory) while it worked.
        input, journal, worklist, output: bytes on the disk, of the worklist the most that was seen.

    """

    seconds: float
    processor: float
    samples: list[tuple[int, int]]
    input: int
    journal: int
    worklist: int
    output: int


def main() -> None:
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    encoder = sys.argv[2] if len(sys.argv) > 2 else "static"
    share = float(sys.argv[3]) if len(sys.argv) > 3 else SHARE_OF_DIFFERENT
    with tempfile.TemporaryDirectory() as folder:
        half, whole = (measure(write(Path(folder) / f"{m}.jsonl", m, share), encoder) for m in (n // 2, n))
    for size, run in ((n // 2, half), (n, whole)):
        peak = max(rss for _, rss in run.samples)
        print(
            f"{size:,} answers, {size * share:,.0f} different ({encoder}): {run.seconds:.0f} s, "
            f"{run.processor:.0f} s of the processor, {size / run.seconds:.0f} a second, peak {peak / 1024:.0f} MB"
        )
        if size >= 10 * _WARM:
            warm = next((rss for done, rss in run.samples if done >= _WARM * share), run.samples[-1][1])
            # From what it was then to the highest: no growth hides behind memory that is given back at the end.
            slope = (peak - warm) / (size - _WARM) * 1000
            print(f"  {slope:.2f} kB more memory per 1,000 answers after the first {_WARM:,}")
        parts = ("input", "journal", "worklist", "output")
        print("  bytes an answer: " + ", ".join(f"{part} {getattr(run, part) / size:.0f}" for part in parts))
    print(f"time of all over twice the time of half: {whole.seconds / (2 * half.seconds):.3f}")
    more = max(rss for _, rss in whole.samples) - max(rss for _, rss in half.samples)
    print(f"memory at most: {1000 * more / (n - n // 2):.2f} kB more per 1,000 of the second half")
    each = [(getattr(whole, what) - getattr(half, what)) / (n - n // 2) for what in ("seconds", "processor")]
    print(f"each further answer: {1000 * each[0]:.2f} ms, {1000 * each[1]:.2f} ms of the processor")


def write(path: Path, n: int, share: float) -> Path:
    questions = [name for name, rubric in read_rubrics("rubrics").items() if rubric.kind == "knowledge"]
    draw = random.Random(n)
    different = [_text(random.Random(number)) for number in range(max(1, int(n * share)))]
    with path.open("w") as out:
        for number in range(n):
            at = number if share == 1 else draw.randrange(len(different))
            row = {"answer_id": f"a{number}", "question_id": questions[at % len(questions)], "answer": different[at]}
            out.write(json.dumps(row) + "\n")
    return path


def _text(draw: random.Random) -> str:
    return f"In case {draw.randrange(10**6)} {draw.choice(_PARTS)}{draw.choice(_ENDS)}, and {draw.choice(_PARTS)}too."


def measure(answers: Path, encoder: str) -> Run:
    """Grade the answers of a file in a process of its own."""
    output = answers.with_suffix(".grades.jsonl")
    journal = output.with_name(f"{output.name}.journal")
    command = [sys.executable, "-m", "grader", "grade", str(answers), "-o", str(output), "--encoder", encoder]
    with tempfile.TemporaryDirectory() as scratch:
        own = {**os.environ, LIMIT_VARIABLE: "0", "TMPDIR": scratch}  # nothing is kept from the run before
        begin, spent = time.perf_counter(), _spent()
        samples: list[tuple[int, int]] = []
        seen = worklist = 0
        with subprocess.Popen(command, stderr=subprocess.DEVNULL, env=own) as process:
            while process.poll() is None:
                time.sleep(0.25)
                worklist = max(worklist, _unnamed(process.pid))
                if journal.exists():
                    with journal.open("rb") as file:
                        file.seek(seen)
                        new = file.read(1 << 24)
                        seen += len(new)
                    before = samples[-1][0] if samples else 0
                    samples.append((before + new.count(b"\n"), _rss(process.pid)))
        seconds, processor = time.perf_counter() - begin, _spent() - spent
    if process.returncode:
        raise SystemExit(f"grading ended with {process.returncode}")
    kept = [sample for sample in samples if sample[1]]
    run = Run(seconds, processor, kept, _size(answers), _size(journal), worklist, _size(output))
    output.unlink()
    journal.unlink()
    return run


def _spent() -> float:
    """Processor seconds of the children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _unnamed(pid: int) -> int:
    """Bytes of the files that a process holds open and that have no name any more: its worklist."""
    try:
        held = [link for link in Path(f"/proc/{pid}/fd").iterdir() if os.readlink(link).endswith("(deleted)")]
        return sum(map(_size, held))
    except OSError:  # it has just ended
        return 0


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # it has just gone
        return 0


def _rss(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:  # it has just ended
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")), 0)


if __name__ == "__main__":
    main()
