"""The documentation says what the program does now."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from grader.__about__ import __version__
from grader.calibration.ratings.reading import read_ratings
from grader.calibration.ratings.scores import read_scale
from grader.encoders.protocol import Encoder
from grader.evaluation.labelled_set import LabelledAnswer, read_labelled_set
from grader.files.answer_files.answers import read_answers
from grader.files.grades import read_grades
from grader.rubrics.bank import read_bank
from grader.rubrics.linter import lint
from grader.rubrics.rubric_files import read_rubric
from grader.schema import Answer, FromMarks, Grade, NearMark, PointGrade, Question, Rated, Rubric, RubricPoint, Verdict
from grader.settings import Settings
from tests.support.generated_docs import (
    CALIBRATION_PAGE,
    HELP_PAGE,
    README,
    ROOT,
    commands,
    help_page,
    with_calibration,
    with_sample,
)

STALE = "is stale: run `make docs`"


def test_the_help_page_is_current() -> None:
    assert HELP_PAGE.read_text() == help_page(), f"{HELP_PAGE.name} {STALE}"


def test_the_sample_runs_are_current() -> None:
    assert with_sample(README.read_text()) == README.read_text(), f"README.md {STALE}"
    page = CALIBRATION_PAGE.read_text()
    assert with_calibration(page) == page, f"{CALIBRATION_PAGE.name} {STALE}"


def test_the_readme_is_short() -> None:
    assert len(README.read_text().split()) < 900


def test_the_python_example_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    [example] = re.findall(r"(?s)```python\n(.*?)```", README.read_text())
    monkeypatch.chdir(ROOT)
    names: dict[str, Any] = {}
    exec(example, names)  # noqa: S102  # the README's own example
    assert "grade" in names


def test_the_map_names_every_room() -> None:
    rooms = {path.parent.name for path in (ROOT / "grader").glob("*/__init__.pyi")}
    page = (ROOT / "docs" / "architecture.md").read_text()
    floors = re.search(r"(?s)\| floor \|.*?\n\n", page)
    assert floors is not None and rooms == set(re.findall(r"`(\w+)/`", floors[0])) - {"grader"}


FORMATS_PAGE = ROOT / "docs" / "formats.md"
READERS: dict[str, Callable[[Path], Any]] = {
    "bank.yaml": read_bank,
    "rubric.yaml": read_rubric,
    "answers.csv": lambda path: list(read_answers(path)),
    "answers.md": lambda path: list(read_answers(path, questions={"dropout": "What does dropout do?"})),
    "moodle_responses.csv": lambda path: list(read_answers(path, questions={"dropout": "What does dropout do?"})),
    "wide.csv": lambda path: list(read_answers(path, questions={"dropout": "What does dropout do?"})),
    "labelled.jsonl": read_labelled_set,
    "ratings.csv": read_ratings,
    "ratings-wide.csv": lambda path: read_ratings(path, raters=["Kim", "Lee"]),
    "scale.csv": read_scale,
    "grades.jsonl": lambda path: list(read_grades(path)),
    "judged.jsonl": lambda path: list(read_grades(path)),
}


def test_the_examples_of_files_are_read(tmp_path: Path) -> None:
    examples = dict(re.findall(r"(?s)<!-- (\S+) -->\n```\w+\n(.*?)```", FORMATS_PAGE.read_text()))
    assert examples.keys() == READERS.keys()
    read = {}
    for name, text in examples.items():
        (tmp_path / name).write_text(text)
        read[name] = READERS[name](tmp_path / name)
    rubric, [grade], [judged] = (read[name] for name in ("rubric.yaml", "grades.jsonl", "judged.jsonl"))
    assert [rubric.reference_answer[slice(*point.source_span)] for point in rubric.points[:1]] == [
        "Dropout disables random units"
    ]
    assert lint(rubric) == ()
    quotes = [verdict.quote for verdict in judged.points[0].verdicts]
    for shown in [*(point.evidence for point in (*grade.points, *judged.points)), *filter(None, quotes)]:
        assert grade.answer[shown.start : shown.end] == shown.text
    assert len(quotes) == 2 and judged.points[0].by_embedding == Rated("partial", 0.6)
    assert [answer.answer_id for answer in read["answers.csv"]] == ["007", "008"]
    assert [answer.answer_id for answer in read["moodle_responses.csv"]] == ["kim@example.edu/dropout"]
    assert [answer.answer_id for answer in read["wide.csv"]] == ["Kim/dropout"]
    assert [rating.score for rating in read["ratings.csv"].rows] == [6, 1, 4.5]
    assert read["ratings.csv"].gold == {("007", None): 5} and len(read["ratings-wide.csv"].rows) == 3


def test_the_page_of_files_names_every_field() -> None:
    page = FORMATS_PAGE.read_text()
    for noun in (
        Question,
        Rubric,
        RubricPoint,
        Answer,
        LabelledAnswer,
        Grade,
        PointGrade,
        Verdict,
        FromMarks,
        NearMark,
    ):
        for name in noun.model_fields.keys() - {"extra", "derived_by"}:
            assert name in page, f"{noun.__name__}.{name}"
    assert f"`[{', '.join(Rated._fields)}]`" in page


def test_every_command_is_in_the_readme() -> None:
    for name in commands():
        assert f"grader {name}" in README.read_text()


@pytest.mark.parametrize("page", ["README.md", "docs/accuracy.md"])
def test_measured_tables_belong_to_this_version(page: str, encoder: Encoder) -> None:
    signature = f"grader:{__version__}|encoder:{encoder.name}@{encoder.revision}|coverage:{Settings().signature()}"
    assert signature in (ROOT / page).read_text(), (
        f"the figures in {page} were measured with other settings: make bench"
    )


def test_the_changelog_knows_this_version() -> None:
    assert f"## [{__version__}]" in (ROOT / "CHANGELOG.md").read_text()


def test_the_two_commands_are_in_the_readme() -> None:
    assert "make grade" in README.read_text() and "make test" in README.read_text()
