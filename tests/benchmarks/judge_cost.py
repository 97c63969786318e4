"""What a judge costs when nobody has to be asked: start-up, and the speed of answers whose replies are in the cache.

python -m tests.benchmarks.judge_cost [N]      N answers, 1,000 by default, each graded five times
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from grader.files.answer_files.answers import read_answers
from grader.grading.grader import Grader
from grader.judges.mock import MockJudge
from grader.judges.panel import Panel
from grader.provider.reply_cache import ReplyCache
from grader.rubrics.rubric_files import read_rubrics
from grader.schema import Answer
from tests.support.openai_server import OpenAIServer


def main() -> None:
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    print(*speed(n), sep="\n")
    print(*start_up(), sep="\n")


def speed(n: int) -> list[str]:
    """Answers a second without a judge, and with one whose replies are all in the cache; the same run, in turn."""
    rubrics = read_rubrics("rubrics")
    samples = [a for a in read_answers("data/practice_answers.jsonl") if rubrics[a.question_id].kind == "knowledge"]
    answers = [
        Answer(answer_id=str(i), question_id=(a := samples[i % len(samples)]).question_id, answer=f"{a.answer} {i}.")
        for i in range(n)
    ]
    with tempfile.TemporaryDirectory() as folder:
        cache = ReplyCache(Path(folder) / "cache.sqlite")
        alone = Grader(rubrics)
        judged = Grader(rubrics, encoder=alone.encoder, panel=Panel([MockJudge()], cache=cache))
        for grader in (alone, judged):
            grader.prepare()
        first = _seconds(judged, answers)
        pairs = [(_seconds(alone, answers), _seconds(judged, answers)) for _ in range(2)]
        cached = judged.panel.verdict_counts if judged.panel is not None else None
        cache.close()
    without, with_judge = (min(times) for times in zip(*pairs, strict=True))
    return [
        f"{n} answers: {n / without:.0f} a second without a judge, {n / with_judge:.0f} with cached replies"
        f" ({without / with_judge:.0%}), {n / first:.0f} with a mock that is asked; {cached}",
    ]


def _seconds(grader: Grader, answers: list[Answer]) -> float:
    begin = time.perf_counter()
    for _ in grader.grade_many(answers):
        pass
    return time.perf_counter() - begin


def start_up() -> list[str]:
    """Whole processes: the sample answers without a judge, and with a judge whose replies are in the cache."""
    with tempfile.TemporaryDirectory() as folder, OpenAIServer() as server:
        env = {**os.environ, "GRADER_CACHE": folder, "OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": "none"}
        command = [sys.executable, "-m", "grader", "grade", "data/practice_answers.jsonl", "--json"]
        judged = [*command, "--judge", "some-model"]
        done = subprocess.run(judged, env=env, capture_output=True, text=True)  # fills the cache
        calls = json.loads(done.stdout)["judge"]["calls"]
        times = [(_run(command, env), _run(judged, env)) for _ in range(5)]
        again = json.loads(subprocess.run(judged, env=env, capture_output=True, text=True).stdout)["judge"]["calls"]
    without, with_judge = (min(column) for column in zip(*times, strict=True))
    return [
        f"whole process, best of 5: {without:.2f} s without a judge, {with_judge:.2f} s with one whose replies are "
        f"cached ({with_judge - without:+.2f} s); calls {calls} at first, {again} then",
    ]


def _run(command: list[str], env: dict[str, str]) -> float:
    begin = time.perf_counter()
    subprocess.run(command, env=env, capture_output=True)
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
