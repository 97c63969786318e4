"""What `grader` offers from Python, and that the examples of it run."""

import doctest
import re
from pathlib import Path
from typing import Any

import pytest

import grader
from grader import Answer, Grader, Question, QuestionBank, Rubric, Settings
from grader.calibration import Ratings

ROOT = Path(__file__).parent.parent
RUBRIC = Rubric.model_validate({"question_id": 1, "points": [{"criterion": "It disables random units."}]})


@pytest.mark.parametrize("name", dir(grader))
def test_every_name_is_there(name: str) -> None:
    assert getattr(grader, name).__doc__


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with the project's own sample files."""
    for folder in ("rubrics", "data"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_page_runs(project: Path) -> None:
    names: dict[str, Any] = {}
    for example in re.findall(r"(?s)```python\n(.*?)```", (ROOT / "docs" / "python.md").read_text()):
        exec(example, names)  # noqa: S102  # the page's own examples
    assert (project / "report.html").exists()


def test_wrong_types_say_how_to_write_it() -> None:
    made = Grader([RUBRIC], settings=Settings(encoder="static"))
    with pytest.raises(TypeError, match=r"found a Rubric, .* write Grader\(\[rubric\]\)"):
        Grader(RUBRIC)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="found the text 'x', expected an Answer"):
        made.grade("x")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="read_answers"):
        made.grade_many("x")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"answers\[1\]: found a dict"):
        list(made.grade_many([Answer(answer_id="a", question_id="1", answer=""), {}]))  # type: ignore[list-item]


def frame() -> object:
    """A stand-in: a DataFrame is known by its name, for pandas need not be there."""
    return type("DataFrame", (), {})()


QUESTION = Question(id="q1", question="?", reference_answer="It disables random units.")
WRONG_PATHS: list[tuple[object, str]] = [
    (None, "found None"),
    (7, "found an int"),
    (b"x", "found a bytes"),
    ({"a": 1}, "found a dict"),
    (["a.csv", "b.csv"], r"found a list, .* for path in paths\]"),
    ("answer_id,score\n1,2\n", "found the text 'answer_id,score.*, expected the path .* write the text to a file"),
    (frame(), "found a DataFrame"),
]


@pytest.mark.parametrize("name", [name for name in dir(grader) if name.startswith("read_")])
@pytest.mark.parametrize(("path", "message"), WRONG_PATHS, ids=lambda value: repr(value)[:15])
def test_readers_want_a_path(name: str, path: object, message: str) -> None:
    with pytest.raises(TypeError, match=f"path: {message}"):
        getattr(grader, name)(path)


WRONG: list[tuple[str, list[object], dict[str, object], str]] = [
    (
        "derive",
        ["What does dropout do?"],
        {},
        r"question: found the text .* a Question; write derive\(Question",
    ),
    ("derive", [{"id": "q1"}], {}, r"question: found a dict, .* derive\(Question\(\*\*fields\)\)"),
    ("derive", [QuestionBank(questions=(QUESTION,))], {}, "question: found a QuestionBank, .* in bank.questions"),
    ("derive", [[QUESTION]], {}, "question: found a list, .* in questions"),
    ("derive", [frame()], {}, "question: found a DataFrame"),
    ("derive", [Path("bank.yaml")], {}, "question: found a PosixPath|WindowsPath, .* read_bank"),
    ("evaluate", ["a.jsonl"], {}, r"rows: found the text 'a.jsonl', .* evaluate\(read_labelled_set"),
    ("evaluate", [{"a": 1}], {}, "rows: found a dict"),
    ("evaluate", [frame()], {}, "rows: found a DataFrame"),
    ("evaluate", [iter(())], {}, r"rows: found a tuple_iterator, .* evaluate\(list\(rows\)\)"),
    ("evaluate", [[{"a": 1}]], {}, r"rows\[0\]: found a dict, expected a LabelledAnswer"),
    ("evaluate", [[]], {"settings": "static"}, r'settings: found the text .*Settings\(encoder="static"\)'),
    ("calibrate", ["a.csv"], {}, r"ratings: found the text 'a.csv', .* calibrate\(read_ratings"),
    ("calibrate", [[1, 2]], {}, "ratings: found a list"),
    ("calibrate", [frame()], {}, "ratings: found a DataFrame"),
    ("calibrate", [Ratings("r.csv", ())], {"choices": {"cut": 6}}, r"choices: found a dict, .* CalibrationOptions\("),
    ("calibrate", [Ratings("r.csv", ())], {"earlier": "old.csv"}, "earlier: found the text 'old.csv'"),
    ("read_ratings", ["a.csv"], {"raters": "Kim"}, r'raters: found the text \'Kim\', .* raters=\["Kim", "Lee"\]'),
    ("read_answers", ["a.md"], {"questions": [QUESTION]}, "questions: found a list, .* in bank.questions"),
    ("write_report", [[{"a": 1}], "r.html"], {}, r"grades\[0\]: found a dict, expected a Grade"),
    ("write_report", [frame(), "r.html"], {}, "grades: found a DataFrame"),
    ("Grader", [[RUBRIC]], {"settings": {"encoder": "static"}}, r"settings: found a dict, .* Settings\(\*\*fields\)"),
    ("Grader", [[RUBRIC]], {"encoder": "static"}, "encoder: found the text 'static', expected an Encoder"),
]


@pytest.mark.parametrize(("name", "arguments", "options", "message"), WRONG)
def test_a_wrong_type_is_one_clear_error(
    name: str, arguments: list[object], options: dict[str, object], message: str, project: Path
) -> None:
    with pytest.raises(TypeError, match=message):
        getattr(grader, name)(*arguments, **options)
    assert {path.name for path in project.iterdir()} == {"rubrics", "data"}


def test_text_for_a_path_is_a_wrong_input_too() -> None:
    """So that the command line says it in one line."""
    with pytest.raises(grader.InputError):
        grader.read_bank("questions:\n- id: q1\n")


def test_a_path_may_have_two_lines(tmp_path: Path) -> None:
    path = tmp_path / "a\nb.csv"
    path.write_text("answer_id,question_id,answer\na1,q1,text\n")
    assert next(grader.read_answers(str(path))).answer_id == "a1"


def test_all_names_are_listed_and_imported() -> None:
    names: dict[str, object] = {}
    exec("from grader import *", names)  # noqa: S102  # what a notebook does
    assert set(dir(grader)) == names.keys() - {"__builtins__"}
    for name in dir(grader):
        assert f"`{name}`" in str(grader.__doc__) and name in (ROOT / "docs" / "python.md").read_text()
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = grader.no_such_name  # type: ignore[attr-defined]


def test_a_frame_goes_in_and_out() -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    made = Grader([RUBRIC], settings=Settings(encoder="static"))
    rows = {"answer_id": [7.0, 8.0], "question_id": 1, "answer": ["Random units are disabled.", ""], "x": [None, 2]}
    table = pandas.DataFrame(rows, index=["a", "b"])
    graded = grader.grade_frame(made, table)
    assert list(graded.index) == ["a", "b"] and list(graded["answer_id"]) == ["7", "8"]
    assert graded["score"]["a"] > 0 == graded["score"]["b"]
    with pytest.raises(grader.InputError, match=r"DataFrame:2: field 'answer': found null"):
        grader.grade_frame(made, table.assign(answer=["text", float("nan")]))
    with pytest.raises(grader.InputError, match="appears twice"):
        grader.grade_frame(made, table.assign(answer_id=7))
    with pytest.raises(TypeError, match=r"write grade_frame\(grader, frame\)"):
        made.grade_many(table)
    with pytest.raises(TypeError, match="expected a DataFrame of pandas"):
        grader.grade_frame(made, rows)


def examples_of(name: str) -> doctest.DocTest:
    thing = getattr(grader, name)
    [example] = doctest.DocTestFinder(recurse=False).find(thing, name, globs={name: thing})
    return example


def test_every_name_has_an_example() -> None:
    without = [name for name in dir(grader) if not examples_of(name).examples]
    assert not without, f"no example in the docstring of {', '.join(without)}"


@pytest.mark.parametrize("name", dir(grader))
def test_the_examples_of_docstrings_run(name: str, project: Path) -> None:
    if name == "grade_frame":
        pytest.importorskip("pandas", reason="pandas is not installed")
    output: list[str] = []
    failed = doctest.DocTestRunner().run(examples_of(name), out=output.append).failed
    assert not failed, "".join(output)
