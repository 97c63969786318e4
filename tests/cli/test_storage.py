"""Answers from object storage and grades to it; a folder stands for the storage, behind the same interface."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from grader.cli.app import app
from grader.cli.storage import is_stored, local_name, uri
from grader.files.tables import read_rows

pytest.importorskip("pyarrow", reason="pyarrow is not installed: pip install 'answer-grader[parquet]'")
ANSWERS = [
    {"answer_id": f"a{n}", "question_id": "regularization", "answer": text} for n, text in enumerate(("It drops.", ""))
]


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with answers that is not the current one."""
    for name in ("bucket", "here", "temporary"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "bucket" / "answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ANSWERS))
    return tmp_path / "bucket"


def grade(root: Path, answers: str, *more: str) -> Result:
    done = CliRunner().invoke(
        app, ["grade", answers, "--rubrics", str(root / "rubrics"), "--encoder", "static", "--no-guards", *more]
    )
    assert not list((Path.cwd().parent / "temporary").iterdir())  # no copy stays
    return done


def test_grades_of_stored_answers_are_stored_and_kept_here(root: Path, bucket: Path) -> None:
    source, target = (bucket / "answers.jsonl").as_uri(), (bucket / "grades.parquet").as_uri()
    done = grade(root, source, "-o", target, "--json")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["output"] == target
    assert [row.values["answer_id"] for row in read_rows(bucket / "grades.parquet")] == ["a0", "a1"]
    assert [path.name for path in Path.cwd().iterdir()] == ["grades.parquet.journal"]
    again = grade(root, source, "-o", target, "--json")
    assert json.loads(again.stdout)["n_reused"] == 2


def test_what_cannot_be_read_or_written_is_named_as_it_was_given(root: Path, bucket: Path) -> None:
    gone, broken = (bucket / "gone.jsonl").as_uri(), (bucket / "broken.jsonl").as_uri()
    (bucket / "broken.jsonl").write_text('{"answer_id": "a"}\n{')
    for answers, more, problem in (
        (gone, (), f"grader: {gone}: cannot be read: there is no such object"),
        (bucket.as_uri(), (), f"grader: {bucket.as_uri()}: cannot be read: there is no such object"),
        (broken, (), f"grader: {broken}:1: field 'question_id': no such column"),
        ("s3://", (), "grader: s3://: cannot be read: "),
    ):
        done = grade(root, answers, *more)
        assert (done.exit_code, done.stderr.startswith(problem)) == (1, True), done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_what_could_not_be_stored_is_kept_here(root: Path, bucket: Path) -> None:
    (bucket / "grades.jsonl").mkdir()
    target = (bucket / "grades.jsonl").as_uri()
    done = grade(root, (bucket / "answers.jsonl").as_uri(), "-o", target)
    assert done.exit_code == 1
    assert done.stderr.splitlines()[-1].startswith(f"grader: {target}: cannot be written: ")
    assert (Path.cwd() / "grades.jsonl.journal").stat().st_size > 0


def test_names() -> None:
    assert [is_stored(name) for name in ("s3://b/x", Path("s3://b/x"), "x/s3://b", "s3", None)] == [
        *(True, True, False, False, False)
    ]
    assert uri(Path("s3://b/x.csv")) == "s3://b/x.csv"
    assert uri(Path("file:///b/x.csv")) == "file:///b/x.csv"
    assert uri(Path("b/x.csv")) == "b/x.csv"
    assert local_name(Path("gs://b/x.csv")) == Path("x.csv")
    assert local_name(Path("b/x.csv")) == Path("b/x.csv")
