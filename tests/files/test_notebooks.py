import json
from typing import Any

import pytest

from grader.errors import InputError
from grader.files.notebooks import notebook_lines


def read(cells: list[dict[str, Any]]) -> list[tuple[int, str, str]]:
    text = json.dumps({"cells": cells, "metadata": {"kernelspec": {"name": "python3"}}, "nbformat": 4}, indent=1)
    page = notebook_lines(enumerate(text.splitlines(keepends=True), 1), "a.ipynb")
    lines = text.splitlines()
    for line in page:
        if line.text and line.role == "text" and not line.text.startswith("```"):
            assert line.text.strip("# ")[:3] in lines[line.number - 1]
    return [(line.heading, line.role, line.text) for line in page if line.text]


def test_cells_of_a_notebook() -> None:
    cells: list[dict[str, Any]] = [
        {"cell_type": "markdown", "source": ["## Sum\n", "\n", "Two *numbers*."]},
        {"cell_type": "code", "source": ["a = 1\n", "a + 1"], "outputs": [{"text": "2"}]},
        {"cell_type": "raw", "source": "plain"},
        {"cell_type": "code", "source": [], "outputs": []},
    ]
    assert read(cells) == [
        (2, "text", "Sum"),
        (0, "text", "Two numbers."),
        (0, "text", "```python"),
        (0, "text", "a = 1"),
        (0, "text", "a + 1"),
        (0, "text", "```"),
        (0, "comment", "the output of cell 2"),
        (0, "text", "plain"),
    ]


@pytest.mark.parametrize("text", ["[]", '{"worksheets": []}', '{"cells": [1]}'])
def test_what_is_no_notebook_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"a\.ipynb:1: expected a Jupyter notebook of version 4"):
        notebook_lines([(1, text)], "a.ipynb")
