"""What `grader` offers from Python, and that the examples of it run."""

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
