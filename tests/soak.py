"""The commands themselves, killed, without room on the disk, and with damaged files: python -m tests.soak [ROUNDS] (20)

Each round grades some hundred answers and is killed (SIGKILL) or interrupted (SIGINT) at seeded random times until it
ends by itself. The file must then be that of a run that nothing had stopped, to the byte, every answer once. A round
also kills every other command that writes, ten times in all, runs each of them once with a disk that is full after some
bytes, and damages every kind of file nine times (`tests.support.damage`): 20 rounds make 200 kills and 2,160 damages.
"""

import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from pathlib import Path

from grader.files.grades import read_grades
from tests.benchmarks.million import SHARE_OF_DIFFERENT, write
from tests.support import damage

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
    with tempfile.TemporaryDirectory() as folder:
        whole = {name: written(name, Path(folder) / f"clean-{name}") for name in WRITERS}
        for seed in range(rounds):
            for number in range(KILLS):
                name = list(WRITERS)[(seed * KILLS + number) % len(WRITERS)]
                killed(name, Path(folder) / f"{name}-{seed}-{number}", whole[name], random.Random(f"{seed} {number}"))
            for name in WRITERS:
                without_room(name, Path(folder) / f"{name}-{seed}-full", whole[name], random.Random(f"{name} {seed}"))
    tried = f"{KILLS * rounds} kills and {len(WRITERS) * rounds} full disks"
    print(f"{tried} over {', '.join(WRITERS)}: nothing half, nothing lost")
    outcomes: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for name in damage.TARGETS:
            outcomes += damage.run(name, Path(folder) / name, DAMAGES * rounds)
    print(f"{outcomes.total()} damages, {outcomes['refused']} refused with a line: no number changed")


KILLS = 10  # a round
DAMAGES = 9  # a round and kind of file
ROOT = Path(__file__).parents[1]
# Every other command that writes, in the folder where it runs; the outputs are named out.*.
WRITERS: dict[str, list[str]] = {
    "import": ["import", "bank.yaml", "-o", "out.yaml"],
    "derive": ["derive", "bank.yaml", "-o", "out.rubrics"],
    "xlsx": ["grade", "answers.jsonl", "--rubrics", "rubrics", "--encoder", "static", "-o", "out.xlsx"],
    "report": ["grade", "answers.jsonl", "--rubrics", "rubrics", "--encoder", "static", "--report", "out.html"],
    "calibrate": ["calibrate", "ratings.csv", "--report", "out.html"],
}


def prepared(folder: Path) -> Path:
    """A folder with what the commands read."""
    folder.mkdir()
    shutil.copy(ROOT / "data" / "ratings.csv", folder)
    shutil.copy(ROOT / "data" / "deep_learning.yaml", folder / "bank.yaml")
    shutil.copytree(ROOT / "rubrics", folder / "rubrics")
    shutil.copy(ROOT / "data" / "practice_answers.jsonl", folder / "answers.jsonl")
    return folder


def outputs(folder: Path) -> dict[str, bytes]:
    """What a command has written: each file whose name begins with `out.`, without its journal."""
    files = [
        path for path in folder.rglob("*") if path.is_file() and path.relative_to(folder).parts[0].startswith("out.")
    ]
    return {str(path.relative_to(folder)): comparable(path) for path in files if path.suffix != ".journal"}


def comparable(path: Path) -> bytes:
    """The bytes of a file; of a workbook its sheets, for it also holds the time at which it was written."""
    if path.suffix != ".xlsx":
        return path.read_bytes()
    with zipfile.ZipFile(path) as book:
        return b"".join(book.read(name) for name in sorted(book.namelist()) if name != "docProps/core.xml")


def start(name: str, folder: Path, limit: int | None = None) -> "subprocess.Popen[str]":
    """Start a command; `limit`: no file may become longer, as on a disk that is full."""

    def fill_disk() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit or 0, limit or 0))

    call = [sys.executable, "-m", "grader", *WRITERS[name]]
    prepare = fill_disk if limit is not None else None
    return subprocess.Popen(
        call, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, preexec_fn=prepare
    )


def finish(name: str, folder: Path) -> dict[str, bytes]:
    """Run a command to its end; returns what it has written."""
    with start(name, folder) as process:
        said = process.communicate()[1]
    if process.returncode not in ENDED:
        raise SystemExit(f"{name} in {folder.name} ended with {process.returncode}: {said}")
    return outputs(folder)


def written(name: str, folder: Path) -> dict[str, bytes]:
    """What a command writes when nothing stops it."""
    begin = time.perf_counter()
    found = finish(name, prepared(folder))
    SECONDS[name] = time.perf_counter() - begin
    return found


SECONDS: dict[str, float] = {}  # of each command, when nothing stops it


def killed(name: str, folder: Path, whole: dict[str, bytes], draw: random.Random) -> None:
    """Kill a command at a random moment: each file is whole or not there, and the next run completes them."""
    with start(name, prepared(folder)) as process:
        try:
            process.wait(draw.uniform(0, SECONDS[name]))
        except subprocess.TimeoutExpired:
            process.kill()
    check(name, folder, whole)


def without_room(name: str, folder: Path, whole: dict[str, bytes], draw: random.Random) -> None:
    """Run a command where no file can grow beyond a random size: one line, nothing half, and the next run completes."""
    limit = draw.randrange(2 * max(map(len, whole.values())))
    with start(name, prepared(folder), limit) as process:
        said = process.communicate()[1]
    if process.returncode not in (1, *ENDED) or "Traceback" in said:
        raise SystemExit(f"{name} with files of at most {limit} bytes ended with {process.returncode}: {said}")
    check(name, folder, whole)


def check(name: str, folder: Path, whole: dict[str, bytes]) -> None:
    """Every file is that of the clean run or not there; after one more run all of them are there."""
    for path, content in outputs(folder).items():
        if whole.get(path) != content:
            raise SystemExit(f"{name} in {folder.name}: {path} is not that of the clean run")
    if finish(name, folder) != whole:
        raise SystemExit(f"{name} in {folder.name}: the next run wrote other files")
    shutil.rmtree(folder)


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
