"""A key that servers repeat in their errors is found nowhere: neither on the screen nor in any file, nor in a crash."""

import json
import os
import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

from grader.cli.app import app
from tests.support.judges import SECRET
from tests.support.openai_server import OpenAIServer

# Grades answers with a judge from the environment, writes all that a run writes, and shows more than any run would.
RUN = """
import logging, sys
logging.basicConfig(level=logging.DEBUG)  # also of what sends the requests
from pathlib import Path
from grader import Answer, Grader, Rubric
from grader.provider.reply_cache import ReplyCache
from grader.provider.retries import RequestScheduler, RequestPolicy
from grader.judges.chat import ChatJudge
from grader.provider.endpoint import find_endpoint
from grader.files.grades import grade_row
from grader.reports.grades.page import render_grades_page
from grader.judges.panel import Panel
from grader.settings import JudgeSettings, Settings
from grader.reports.grades.summary import summarise_grades
from grader.files.tables import write_rows
from tests.support.fake_encoder import WordEncoder

folder = Path(sys.argv[1])
policy = RequestPolicy(concurrency=1, attempts=2, first_wait=0)
scheduler, cache = RequestScheduler(policy), ReplyCache(folder / "cache.sqlite")
judge = ChatJudge("m", find_endpoint(), scheduler, cache=cache)
panel = Panel([judge], settings=JudgeSettings(when="all"), cache=cache, scheduler=scheduler)
rubric = Rubric(question_id="q", question="What is dropout?", points=[{"id": "p", "text": "It disables units."}])
grader = Grader([rubric], encoder=WordEncoder(), settings=Settings(guards=False), panel=panel)
answers = [Answer(answer_id=str(n), question_id="q", answer=f"It disables some units, {n}.") for n in range(8)]
grades = list(grader.grade_many(answers))
rows = [grade_row(grade) for grade in grades]
write_rows(folder / "grades.jsonl", rows, format="jsonl")
(folder / "report.html").write_text(render_grades_page(summarise_grades(grades), title="Grades"), encoding="utf-8")
print(*rows, sep="\\n")
print(panel.signature, vars(judge), vars(scheduler), vars(panel), file=sys.stderr)
raise RuntimeError(f"a crash, {judge._endpoint}")
"""


RUBRIC = """question_id: q
question: What is dropout?
reference_answer: It disables units.
points:
- {id: p, text: It disables units., weight: 1}
"""
# On the client's own log is what it sends and gets.
DEBUG = {"OPENAI_LOG": "debug", "PYTHONFAULTHANDLER": "1"}


def run(command: list[str], faults: list[str], folder: Path) -> tuple[int, str, str]:
    """Exit code and screen of a run in which these faults come, one a request; afterwards all is well."""
    with OpenAIServer(faults=faults, key=SECRET) as server:
        given = {"OPENAI_API_KEY": SECRET, "OPENAI_BASE_URL": server.url, "GRADER_CACHE": str(folder), **DEBUG}
        done = subprocess.run([sys.executable, *command], env=os.environ | given, capture_output=True, text=True)
        assert server.requests
    return done.returncode, done.stdout, done.stderr


def grade_command(folder: Path) -> list[str]:
    """The arguments of the command that grades three answers, in files of their own."""
    (folder / "rubric.yaml").write_text(RUBRIC)
    rows = [{"answer_id": str(n), "question_id": "q", "answer": f"It disables some units, {n}."} for n in range(3)]
    (folder / "answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    options = ["--judge", "m", "--judge-when", "all", "-o", str(folder / "grades.jsonl"), "--json"]
    files = [str(folder / "answers.jsonl"), "--rubrics", str(folder / "rubric.yaml")]
    return ["grade", *files, *options, "--report", str(folder / "report.html")]


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def check_no_secret(folder: Path, *shown: str) -> None:
    assert not [text for text in shown if SECRET in text]
    assert not [name for name, data in files(folder).items() if SECRET.encode() in data]


def test_the_library_shows_and_writes_no_key_even_in_a_crash(tmp_path: Path) -> None:
    faults = ["500", "500", "ok", "429", "429", "401", "403", "quota", "404 model", *["400"] * 4]
    code, out, err = run(["-c", RUN, str(tmp_path)], faults, tmp_path)
    written = files(tmp_path)
    assert code == 1
    for reason in ("the server answered 500", "the server answered 429", "refuses the key (401)", "no quota left"):
        assert reason in out and reason.encode() in written["grades.jsonl"]
    assert "a crash, Endpoint('http://127.0.0.1:" in err and "openai._base_client:HTTP Response: POST 500" in err
    assert {"grades.jsonl", "report.html", "cache.sqlite"} <= written.keys()
    assert b"verdict" in b"".join(data for name, data in written.items() if name.startswith("cache.sqlite"))
    check_no_secret(tmp_path, out, err)


def test_the_command_shows_and_writes_no_key(tmp_path: Path) -> None:
    code, out, err = run(["-m", "grader", *grade_command(tmp_path)], ["ok", "429 after 0", "500", "401"], tmp_path)
    assert code == 0, err
    assert json.loads(out)["judge"]["failed"] == 1
    assert "HTTP Response: POST 500" in err and "Traceback" not in err
    assert {"grades.jsonl", "report.html", "grader.sqlite"} <= files(tmp_path).keys()
    check_no_secret(tmp_path, out, err)


def test_a_key_that_is_refused_is_said_in_one_line_without_it(tmp_path: Path) -> None:
    with OpenAIServer(faults=["401"]) as server:
        given = {"OPENAI_API_KEY": SECRET, "OPENAI_BASE_URL": server.url, "GRADER_CACHE": str(tmp_path)}
        done = CliRunner().invoke(app, grade_command(tmp_path), env=given)
        assert len(server.chats) == 1
    assert (done.exit_code, done.stdout) == (1, "")
    [line] = [line for line in done.stderr.splitlines() if "refuses the key (401)" in line]
    assert line.startswith("grader: 127.0.0.1:") and line.endswith("check OPENAI_API_KEY and what it may be used for")
    assert not (tmp_path / "grades.jsonl").exists()
    check_no_secret(tmp_path, done.output)
