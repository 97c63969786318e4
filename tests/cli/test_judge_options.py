"""Judges on the command line: the mock, dry runs, limits, and what is said about them."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from grader.cli.app import app

RUBRIC = """question_id: dropout
question: What does dropout do?
reference_answer: Dropout disables random units. It is active only during training.
points:
- {id: p1, text: Dropout disables random units., weight: 6}
- {id: p2, text: It is active only during training., weight: 4}
"""
OPEN = """question_id: you
question: Tell us about a project.
kind: open
points:
- {id: p1, text: Names a concrete project, weight: 1}
"""
ROWS = [
    {"answer_id": "1", "question_id": "dropout", "answer": "It switches some random units off."},
    {"answer_id": "2", "question_id": "dropout", "answer": ""},
    {"answer_id": "3", "question_id": "you", "answer": "It names a concrete project about cats."},
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rubrics").mkdir()
    (tmp_path / "rubrics" / "dropout.yaml").write_text(RUBRIC)
    (tmp_path / "rubrics" / "you.yaml").write_text(OPEN)
    (tmp_path / "answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return tmp_path


def run(folder: Path, *arguments: object, **env: str) -> Result:
    given = {"GRADER_CACHE": str(folder / "cache"), "OPENAI_API_KEY": "", "OPENAI_BASE_URL": "", **env}
    return CliRunner().invoke(app, [str(argument) for argument in arguments], env=given)


def grade(folder: Path, *arguments: object, **env: str) -> Result:
    return run(folder, "grade", folder / "answers.jsonl", "--rubrics", folder / "rubrics", *arguments, **env)


def test_the_mock_grades_open_questions_and_says_what_it_is(folder: Path) -> None:
    done = grade(folder, "--judge", "mock", "-o", folder / "grades.jsonl", "--json")
    assert done.exit_code == 0, done.stderr
    assert "it counts shared words and asks no model" in done.stderr
    totals = json.loads(done.stdout)
    assert totals["n_ungraded"] == 0
    assert totals["judge"].keys() == {"calls", "cached", "failed", "input_tokens", "output_tokens", "cost"}
    assert "|judge:mock@1,prompt@" in totals["signature"]
    rows = [json.loads(line) for line in (folder / "grades.jsonl").read_text().splitlines()]
    opened = rows[2]["points"][0]
    assert opened["decided_by"] == "judge" and "mock judge, no model was asked" in opened["rationale"]
    assert opened["verdicts"][0]["verdict"] == "covered"
    again = json.loads(grade(folder, "--judge", "mock", "--json").stdout)["judge"]
    assert again["cached"] > 0


def test_without_a_judge_nothing_changes_and_open_questions_say_why(folder: Path) -> None:
    done = grade(folder, "--json")
    assert done.exit_code == 3
    assert "only a judge can grade it" in done.stderr and "judge" not in json.loads(done.stdout)
    assert not (folder / "cache" / "grader.sqlite").exists()


def test_a_dry_run_counts_and_sends_and_writes_nothing(folder: Path) -> None:
    (folder / "prices.yaml").write_text("some-model: {input: 1, output: 2}\n")
    arguments = ("--judge", "some-model", "--judge-when", "all", "--dry-run", "-o", folder / "grades.jsonl")
    done = grade(folder, *arguments, "--prices", folder / "prices.yaml", "--json")
    assert done.exit_code == 0, done.stderr
    plan = json.loads(done.stdout)["judge"]
    assert plan["calls"] == 2 and plan["input_tokens"] > 500 and plan["cost"] > 0
    assert "would go to api.openai.com" in done.stderr and "no names of candidates" in done.stderr
    assert "nothing was sent or written" in done.stderr
    assert not (folder / "grades.jsonl").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--judge", "m"), "there is no key for api.openai.com; set it in the environment: export OPENAI_API_KEY"),
        (("--judge", "m", "--judge", "m"), "named twice: to ask it several times use --judge-votes"),
        (("--judge", "m", "--judge-url", "http://example.com/v1"), "open line: use https://"),
        (("--judge", "m", "--judge-url", "https://me:pass@example.com/v1"), "holds a password"),
        (("--judge", "m", "--judge-url", "ftp://example.com"), "is no address of a server"),
        (("--judge", "m", "--judge-url", "http://127.0.0.1:9/v1", "--prices", "none.yaml"), "there is no such file"),
        (("--dry-run",), "--dry-run is about a judge: name one with --judge MODEL"),
        (("--max-calls", "3"), "--max-calls is about a judge"),
    ],
)
def test_what_cannot_be_is_one_line(folder: Path, arguments: tuple[str, ...], message: str) -> None:
    done = grade(folder, *arguments)
    assert done.exit_code == 1
    [line] = [line for line in done.stderr.splitlines() if line.startswith("grader: ")]
    assert message in line and "pass@" not in line


def test_a_limit_on_money_needs_a_price(folder: Path) -> None:
    done = grade(folder, "--judge", "m", "--max-cost", "1", OPENAI_API_KEY="sk-x")
    assert done.exit_code == 1 and "'m: {input: .., output: ..}'" in done.stderr


def test_evaluate_compares_and_writes_what_the_judge_is_worth(folder: Path) -> None:
    scored = {
        "It disables random units.": 0.6,
        "It switches units off at random while training.": 1,
        "Active only during training.": 0.4,
        "No idea at all about this one.": 0,
        "Dropout disables random units; it is active only during training.": 1,
    }
    row = {
        "question": "What does dropout do?",
        "reference_answers": ["Dropout disables random units. It is active only during training."],
        "max_score": 1,
    }
    rows = [
        {**row, "question_id": f"q{number % 2}", "answer_id": str(number), "answer": text, "human_score": human}
        for number, (text, human) in enumerate(scored.items())
    ]
    (folder / "scored.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    weight = folder / "weight.yaml"
    done = run(
        folder, "evaluate", folder / "scored.jsonl", "--judge", "mock", "--judge-weight", weight, "--resamples", 100
    )
    assert done.exit_code == 0, done.stderr
    assert done.stdout.startswith("mock ") and "judge on unclear points" in done.stdout
    assert "name: unproven" in weight.read_text()
    used = grade(folder, "--judge", "mock", "--judge-weight", weight, "--json")
    assert used.exit_code == 0 and json.loads(used.stdout)["signature"].count(",unproven,policy.") == 1
    data = json.loads(
        run(folder, "evaluate", folder / "scored.jsonl", "--judge", "mock", "--resamples", 100, "--json").stdout
    )
    assert set(data["judge"]["ways"]) == {"embedding", "judge", "unclear", "settled", "weighted"}
