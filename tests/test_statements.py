"""The labelled statements have the form that their README says, and its table is true."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "data" / "statements"
FILES = sorted(FOLDER.glob("*.jsonl"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_answer_has_a_label_for_each_point(path: Path) -> None:
    n_answers, words, labels = 0, 0, Counter[float]()
    questions = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for question in questions:
        assert all(question[field].strip() for field in ("domain", "question", "reference_answer"))
        assert question["points"] and question["answers"]
        for answer in question["answers"]:
            assert len(answer["labels"]) == len(question["points"])
            assert answer["text"].strip()
            n_answers += 1
            words += len(answer["text"].split())
            labels.update(answer["labels"])
    assert labels.keys() <= {1, 0.5, 0, -1}
    n = labels.total()
    shares = [round(100 * labels[label] / n) for label in (1, 0.5, 0, -1)]
    row = " | ".join(map(str, [f"`{path.name}`", len(questions), n_answers, n, *shares, round(words / n_answers)]))
    assert f"| {row} |" in (FOLDER / "README.md").read_text(encoding="utf-8")


def test_the_readme_adds_up() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    rows = [row.split(" | ") for row in re.findall(r"^\| (`\w+\.jsonl` \| .*) \|$", text, re.MULTILINE)]
    assert len(rows) == len(FILES)
    totals = [f"{sum(int(row[column]) for row in rows):,}" for column in (1, 2, 3)]
    assert text.find("{} questions with {} answers and {} labelled pairs".format(*totals)) > 0
