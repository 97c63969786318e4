"""`grader schema`: what the readers accept is what the schemas say."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from typer.testing import CliRunner, Result

from grader.cli.app import app
from grader.cli.schema import Name, file_schema
from grader.errors import InputError
from grader.evaluation.labelled_set import read_labelled_set
from grader.files.answer_files.answers import read_answers
from grader.files.grades import grade_row, read_grades
from grader.files.tables import read_rows
from grader.rubrics.bank import read_bank
from grader.rubrics.rubric_files import read_rubric, write_rubric
from grader.schema import PointGroup, Rubric, RubricPoint
from tests.support.sample_grades import grade, point, verdict

ROOT = Path(__file__).parents[2]
NAMES = get_args(Name)
RUBRIC = {"question_id": "q", "points": [{"text": "A thing."}]}


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def faults(name: Name, data: object) -> list[str]:
    return [error.message for error in Draft202012Validator(file_schema(name)).iter_errors(data)]


SHIPPED: list[tuple[Name, Path]] = [
    ("bank", ROOT / "data" / "deep_learning.yaml"),
    *(("rubric", path) for path in sorted((ROOT / "rubrics").iterdir())),
    ("answers", ROOT / "data" / "practice_answers.jsonl"),
    ("ratings", ROOT / "data" / "ratings.csv"),
]


@pytest.mark.parametrize("name", NAMES)
def test_each_is_a_schema_and_goes_to_stdout_or_a_file(name: Name, tmp_path: Path) -> None:
    Draft202012Validator.check_schema(file_schema(name))
    assert json.loads(run("schema", name).stdout) == file_schema(name)
    assert run("schema", name, "-o", tmp_path / "x.json").exit_code == 0
    assert json.loads((tmp_path / "x.json").read_text()) == file_schema(name)


def test_all_are_listed_and_an_unknown_one_is_wrong_usage(tmp_path: Path) -> None:
    assert [line.split()[0] for line in run("schema").stdout.splitlines()] == list(NAMES)
    assert run("schema", "nothing").exit_code == run("schema", "-o", tmp_path / "x.json").exit_code == 2


@pytest.mark.parametrize(("name", "path"), SHIPPED, ids=str)
def test_shipped_files_are_valid(name: Name, path: Path) -> None:
    found = yaml.safe_load(path.read_text()) if path.suffix == ".yaml" else [row.values for row in read_rows(path)]
    for each in found if isinstance(found, list) else [found]:
        assert not faults(name, each)


def test_the_examples_of_the_page_about_files_are_valid() -> None:
    page = (ROOT / "docs" / "formats.md").read_text()
    examples = dict(re.findall(r"(?s)<!-- (\S+) -->\n```\w+\n(.*?)```", page))
    files: dict[str, Name] = {
        "bank.yaml": "bank",
        "rubric.yaml": "rubric",
        "labelled.jsonl": "labelled",
        "grades.jsonl": "grades",
        "judged.jsonl": "grades",
    }
    for file, name in files.items():
        texts = [examples[file]] if file.endswith(".yaml") else examples[file].splitlines()
        for text in texts:
            assert not faults(name, yaml.safe_load(text)), file


def test_grades_and_learned_marks_that_the_program_writes_are_valid(tmp_path: Path) -> None:
    judged = point(1, verdicts=(verdict("mock", "covered"),), stated=0.9, contradicted=0.1)
    rows = [
        grade_row(grade("a", 0.5, judged, extra={"school": "north", "n": 7})),
        grade_row(grade("b", None, point(1, "not_judged"))),
    ]
    assert [faults("grades", row) for row in rows] == [[], []]
    assert faults("grades", {**rows[0], "score": None}) and faults("grades", {**rows[1], "score": 0.0})
    fitted = tmp_path / "marks.json"
    answers = ROOT / "data" / "practice_answers.jsonl"
    ids = [answer.answer_id for answer in read_answers(answers)][:24]
    ratings = tmp_path / "ratings.csv"
    ratings.write_text("answer_id,rater,score\n" + "".join(f"{name},Kim,{n % 10}\n" for n, name in enumerate(ids)))
    done = run(
        "calibrate", ratings, "--answers", answers, "--fit", fitted, "--encoder", "static", "--rubrics", "rubrics"
    )
    assert done.exit_code == 0, done.stderr
    assert not faults("marks", json.loads(fitted.read_text()))


# What a reader and the schema must agree on: (file, ending, what is written, whether it is accepted).
CASES: list[tuple[Name, Any, bool]] = [
    ("bank", {"questions": [{"id": "q", "question": "Why?", "reference_answer": "So."}]}, True),
    ("bank", {"questions": [{"id": 7, "question": "Why?", "expected_output": "So."}]}, True),
    ("bank", {"questions": [{"id": "q", "question": "Why?"}]}, False),
    ("bank", {"questions": [{"id": "q", "question": "Why?", "reference": "So.", "colour": "red"}]}, False),
    ("bank", {"questions": [{"id": "q", "question": "Why?", "reference": "So.", "max_score": 0}]}, False),
    ("bank", {"title": "No questions"}, False),
    ("rubric", RUBRIC, True),
    ("rubric", {"question_id": 7, "points": [{"criterion": "A thing.", "points": 2}]}, True),
    ("rubric", {"question_id": "q", "points": [{"requirement": "A thing.", "weight": -1}, {"text": "Two."}]}, True),
    ("rubric", {**RUBRIC, "points": [{"text": "A thing.", "name": "thing", "required": True}]}, True),
    ("rubric", {**RUBRIC, "points": [{"weight": 1}]}, False),
    ("rubric", {**RUBRIC, "max_scores": 5}, False),
    ("rubric", {**RUBRIC, "kind": "closed"}, False),
    ("rubric", {**RUBRIC, "groups": {"g": {"need": 0}}}, False),
    ("answers", {"answer_id": "a", "question_id": "q", "answer": ""}, True),
    ("answers", {"id": 7, "question_id": 1, "response": 42, "candidate": None, "school": "north"}, True),
    ("answers", {"answer_id": "a", "question_id": "q"}, False),
    ("answers", {"answer_id": "a", "question_id": "q", "answer": None}, False),
    (
        "labelled",
        {
            **{"answer_id": "a", "question_id": "q", "answer": "So.", "human_score": 1, "max_score": 2, "more": [1]},
            **{"expected_output": "So.", "label": None, "human_scores": None},
        },
        True,
    ),
    (
        "labelled",
        {
            **{"id": "a", "question_id": "q", "response": "So.", "human_score": 1, "max_score": 2},
            "criteria": [{"criterion": "A thing.", "points": 2, "tags": ["level:example"]}],
        },
        True,
    ),
    (
        "labelled",
        {"answer_id": "a", "question_id": "q", "answer": "So.", "max_score": 2, "reference": "So."},
        False,
    ),
]
READERS: dict[Name, Callable[[Path], Any]] = {
    "bank": read_bank,
    "rubric": read_rubric,
    "answers": lambda path: list(read_answers(path)),
    "labelled": read_labelled_set,
    "grades": lambda path: list(read_grades(path)),
}


@pytest.mark.parametrize(("name", "data", "accepted"), CASES, ids=str)
def test_schema_and_reader_agree(name: Name, data: Any, accepted: bool, tmp_path: Path) -> None:
    file = tmp_path / ("file.json" if name in ("bank", "rubric") else "file.jsonl")
    file.write_text(json.dumps(data))
    if accepted:
        READERS[name](file)
    else:
        with pytest.raises(InputError):
            READERS[name](file)
    assert (not faults(name, data)) == accepted


def test_what_yaml_takes_for_a_number_is_a_text() -> None:
    data = yaml.safe_load("questions: [{id: 7, question: Why, reference_answer: 404}]")
    assert not faults("bank", data)


@pytest.mark.parametrize(
    ("row", "valid"),
    [
        ({"answer_id": "a", "rater": "Kim", "score": "3/5"}, True),
        ({"candidate": "Ada", "interviewer": "Kim", "mark": 4}, True),
        ({"id": 7, "rater": "Kim", "score": None, "colour": "red"}, True),
        ({"answer_id": "a", "score": 3}, False),
        ({"rater": "Kim", "score": 3}, False),
        ({"answer_id": "a", "rater": "Kim", "score": [3]}, False),
    ],
)
def test_rows_of_ratings(row: dict[str, object], valid: bool) -> None:
    assert (not faults("ratings", row)) == valid


texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=20).filter(
    str.strip
)


@given(
    st.lists(
        st.tuples(texts, st.floats(0.01, 100), st.lists(texts, max_size=2), st.booleans()), min_size=1, max_size=4
    ),
    st.sampled_from([None, 0, 0.5]),
    texts,
)
@settings(max_examples=40, deadline=None)
def test_rubrics_that_are_written_are_valid(
    tmp_path_factory: pytest.TempPathFactory, points: list[Any], step: float | None, question: str
) -> None:
    made = Rubric(
        question_id="q",
        question=question,
        step=step,
        points=tuple(
            RubricPoint(id=f"p{n}", text=text, weight=weight, aliases=tuple(aliases), group="g" if grouped else None)
            for n, (text, weight, aliases, grouped) in enumerate(points)
        ),
        groups={"g": PointGroup(need=1)} if any(grouped for *_, grouped in points) else {},
    )
    file = tmp_path_factory.getbasetemp() / "rubric.yaml"
    write_rubric(made, file)
    assert read_rubric(file) == made
    assert not faults("rubric", yaml.safe_load(file.read_text()))
