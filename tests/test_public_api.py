"""What `grader` offers from Python, and that the examples of it run."""

import doctest
import re
from pathlib import Path

import pytest

import grader
from grader import Answer, Grader, Rubric, Settings

ROOT = Path(__file__).parent.parent
RUBRIC = Rubric.model_validate({"question_id": 1, "points": [{"criterion": "It disables random units."}]})


@pytest.mark.parametrize("name", grader.__all__)
def test_every_name_is_there(name: str) -> None:
    assert getattr(grader, name).__doc__


def test_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("rubrics", "data"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for example in re.findall(r"(?s)```python\n(.*?)```", (ROOT / "docs" / "python.md").read_text()):
        exec(example, names)  # noqa: S102  # the page's own examples
    assert (tmp_path / "report.html").exists()


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


def test_a_frame_goes_in_and_out() -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    made = Grader([RUBRIC], settings=Settings(encoder="static"))
    rows = {"answer_id": [7.0, 8.0], "question_id": 1, "answer": ["Random units are disabled.", ""], "x": [None, 2]}
    frame = pandas.DataFrame(rows, index=["a", "b"])
    graded = grader.grade_frame(made, frame)
    assert list(graded.index) == ["a", "b"] and list(graded["answer_id"]) == ["7", "8"]
    assert graded["score"]["a"] > 0 == graded["score"]["b"]
    with pytest.raises(grader.InputError, match=r"DataFrame:2: field 'answer': found null"):
        grader.grade_frame(made, frame.assign(answer=["text", float("nan")]))
    with pytest.raises(grader.InputError, match="appears twice"):
        grader.grade_frame(made, frame.assign(answer_id=7))
    with pytest.raises(TypeError, match=r"write grade_frame\(grader, frame\)"):
        made.grade_many(frame)
    with pytest.raises(TypeError, match="expected a DataFrame of pandas"):
        grader.grade_frame(made, rows)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["Answer", "Grader", "Rubric", "grade_frame", "write_report"])
def test_the_examples_of_docstrings_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if name == "grade_frame":
        pytest.importorskip("pandas", reason="pandas is not installed")
    monkeypatch.chdir(tmp_path)
    thing = getattr(grader, name)
    finder = doctest.DocTestFinder(recurse=False)
    [example] = finder.find(thing, name, globs={**vars(grader), name: thing})
    assert example.examples and doctest.DocTestRunner().run(example).failed == 0
